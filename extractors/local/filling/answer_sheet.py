"""What is known of one document's fields so far, and how many tokens are left for the rest."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING

from slotfill.extractors.local.by_field.layout import begin
from slotfill.extractors.local.candidates.text_windows import text_windows
from slotfill.extractors.local.grammar import SEPARATORS
from slotfill.extractors.local.messages import EngineReply
from slotfill.extractors.local.strategies import ABSENT, NOT_EMPTY, Doubt, Field, FieldPath, NoPassages
from slotfill.schemas.json_values.pointer import join

if TYPE_CHECKING:
    import threading

    from slotfill.extractors.local.by_field.fields import FieldDecoder
    from slotfill.schemas.json_values.json_types import JSON, JSONObject

__all__ = ["CERTAIN", "REPLY_ROOM", "AnswerSheet", "CutError", "rounded"]

REPLY_ROOM = 512
"""Tokens that a prompt leaves free for the reply, where so many were asked for: most answers take under 200."""

CERTAIN = 1.0
"""The confidence in what a grammar tells, and in the one value that there is."""

DIGITS = 4
"""Of a confidence."""


class CutError(Exception):
    """The tokens ran out while a field was answered, of whose JSON there is a beginning."""

    def __init__(self, path: FieldPath, beginning: str) -> None:
        super().__init__(path)
        self.path = path
        self.beginning = beginning


class AnswerSheet:
    """One document's answers, as they come in.

    left: so many tokens may still be written. read, wrote: so many were. is_row: the document is a row of another one.
    telling_windows: which windows of a long text tell most for its first label.
    """

    def __init__(
        self,
        decoder: FieldDecoder,
        document: str,
        max_tokens: int,
        cancelled: threading.Event,
        *,
        is_row: bool = False,
    ) -> None:
        self.decoder = decoder
        self.engine = decoder.engine
        self.document = document
        self.cancelled = cancelled
        self.is_row = is_row
        self.left = max_tokens
        self.room = min(max_tokens, REPLY_ROOM)
        self.values: dict[FieldPath, JSON] = {}
        self.confidences: dict[FieldPath, float] = {}
        self.scored: list[str] = []
        self.missing: list[FieldPath] = []
        self.telling_windows: list[int] = []
        self.read = self.wrote = 0

    def fill(self, path: FieldPath, value: JSON, confidence: float = CERTAIN) -> None:
        """Write down a field's value."""
        self.values[path], self.confidences[path] = value, confidence

    def leave_blank(self, field: Field, blank: JSON) -> None:
        """Say that the text does not hold a field."""
        if blank is NOT_EMPTY:
            self.missing.append(field.path)
        self.fill(field.path, ABSENT if blank is NOT_EMPTY else blank)

    def spend(self, tokens: int, path: FieldPath, beginning: str = "") -> None:
        """Count what was written for a field. Raises CutError where no token is left."""
        self.left -= tokens
        self.wrote += tokens
        if self.left < (tokens == 0):
            self.left, self.wrote = 0, self.wrote + self.left
            raise CutError(path, beginning)

    def prompt(self, above: str, text: str | None = None) -> str:
        """Write what comes before an answer: the examples, the text, and the answers above it."""
        shown = self.telling if text is None else text
        return self.decoder.fitted(self.decoder.shots, begin(shown), self.room) + above

    @cached_property
    def windows(self) -> list[str]:
        """What of the text labels are judged by."""
        return text_windows(self.document)

    @property
    def telling(self) -> str:
        """What of the text is shown for what is written: the windows that tell most for the first label, or all."""
        return "\n".join(self.windows[at] for at in sorted(self.telling_windows)) or self.document

    def value(self) -> JSONObject:
        """Build the object from what is known so far, in the schema's order."""
        whole: JSONObject = {}
        for field in self.decoder.fields:
            holder = whole
            for key in field.path[:-1]:
                holder = holder.setdefault(key, {})
            value = self._known(field)
            if value is not ABSENT:
                holder[field.path[-1]] = value
        return whole

    def reply(self, cut: CutError | None = None) -> EngineReply:
        """Write the reply: the whole object, or what there is of one that was cut off."""
        value = self.value()
        text = json.dumps(value, ensure_ascii=False, separators=SEPARATORS) if cut is None else _unfinished(value, cut)
        missing = tuple(map(join, self.missing))
        return EngineReply(text, self.read, self.wrote, cut is not None, tuple(self.scored), missing)

    def _known(self, field: Field) -> JSON:
        match field.strategy:
            case Doubt(of):
                return self._confidence(field, of)
            case NoPassages():
                return []
        return self.values.get(field.path, ABSENT)

    def _confidence(self, field: Field, of: FieldPath) -> JSON:
        """Return how likely the answer is right; of an object the least likely of its answers."""
        known = [chance for path, chance in self.confidences.items() if path[: len(of)] == of]
        if not known:
            return ABSENT
        self.scored.append(join(field.path))
        return rounded(min(known))


def rounded(confidence: float) -> float:
    """Return a confidence with the digits that tell something."""
    return round(confidence, DIGITS)


def _unfinished(value: JSONObject, cut: CutError) -> str:
    """Write what there is of an object that was cut off, as if it had been written in one go."""
    known = json.dumps(value, ensure_ascii=False, separators=SEPARATORS)[:-1]
    if not cut.beginning or len(cut.path) > 1:
        return known
    key = json.dumps(cut.path[0], ensure_ascii=False)
    return f"{known}{SEPARATORS[0] if value else ''}{key}{SEPARATORS[1]}{cut.beginning}"
