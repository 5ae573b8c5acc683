"""The turns of a request, as the embedded model takes them: worked examples, one document, corrections of its answer.

For the whole object in one go they become plain text to continue, two lines a pair of turns:

    Input: The soup was cold.
    Output: {"sentiment": "negative"}

Where there are examples, the system text is left out: measured on sentiment, it costs accuracy (docs/embedded.md).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from slotfill.extractors.local.grammar import SEPARATORS
from slotfill.extractors.local.strategies import ABSENT
from slotfill.extractors.rungs.prompt import RULES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slotfill.extractors.messages_api.request import RequestTurn
    from slotfill.schemas.json_values.json_types import JSON

__all__ = ["STOP", "Conversation", "Shot"]

STOP = ("\n\nInput:",)
"""Where a free text ends: the model begins to write the next document itself."""

FENCE = re.compile(r"\A\s*<(document-[0-9a-f]+)>\n(.*)\n</\1>", re.DOTALL)
"""What `rungs.prompt` puts around a document."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A worked example: a text, and its value as plain JSON data."""

    text: str
    value: JSON


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a request asks: examples, one document, and perhaps replies to it that were found wrong."""

    system: str
    turns: Sequence[RequestTurn]

    @property
    def document(self) -> str:
        """The text of the last fenced turn; without a fence that of the last user turn."""
        at = self._asked
        return _unfenced(self.turns[at].text) if at is not None else ""

    @property
    def is_fenced(self) -> bool:
        """Whether the document, or a part of it, stands there as a text."""
        at = self._asked
        return at is not None and FENCE.match(self.turns[at].text) is not None

    @property
    def instructions(self) -> str:
        """What the system text says of the schema itself."""
        return self.system.replace(RULES, "").strip()

    @property
    def shots(self) -> tuple[Shot, ...]:
        """The worked examples before the document, as far as they are texts with a JSON value."""
        earlier = self.turns[: self._asked or 0]
        pairs = zip(earlier[::2], earlier[1::2], strict=False)
        read = ((_unfenced(text.text), _parsed(answer.text)) for text, answer in pairs)
        return tuple(Shot(text, value) for text, value in read if value is not ABSENT)

    def shorter(self) -> Conversation | None:
        """Drop the oldest example; None when there is none."""
        asked = self._asked
        if not asked:
            return None
        later = (at for at in range(1, asked + 1) if self.turns[at].role == "user")
        return replace(self, turns=self.turns[next(later) :])

    def write(self) -> str:
        """Write the text that the model continues with its answer."""
        system = "" if self._asked else self.system
        return (system + "".join(map(_line, self.turns)) + "\nOutput:").lstrip("\n")

    @property
    def _asked(self) -> int | None:
        users = [at for at, turn in enumerate(self.turns) if turn.role == "user"]
        # A document that is all attached has no fence. The embedded model refuses it; who stands in for a service reads
        # on.
        fenced = [at for at in users if FENCE.match(self.turns[at].text) or "document" in self.turns[at].unread]
        return max(fenced or users, default=None)


def _line(turn: RequestTurn) -> str:
    if turn.role == "assistant":
        return f"\nOutput: {_spaced(turn.text)}"
    return f"\n\nInput: {_unfenced(turn.text)}"


def _unfenced(text: str) -> str:
    found = FENCE.match(text)
    return found[2] if found else text


def _parsed(text: str) -> JSON:
    try:
        return json.loads(text)
    except ValueError:
        return ABSENT


def _spaced(text: str) -> str:
    value = _parsed(text)
    return text if value is ABSENT else json.dumps(value, ensure_ascii=False, separators=SEPARATORS)
