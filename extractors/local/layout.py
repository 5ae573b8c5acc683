"""A Messages API conversation becomes plain text for the model to continue.

Small models copy a pattern far better than they follow instructions: the worked examples and the document stand in
one layout, and where there are examples, the system text is left out: measured on sentiment, it costs accuracy
(docs/embedded.md). For a question a field, a text and its answers stand a line each:

    Text: The soup was cold.
    Sentiment: negative
    Key phrases: cold; no salt

For the whole object in one go there are two lines, `Input: …` and `Output: {…}`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from slotfill.extractors.local.candidates import candidates
from slotfill.extractors.local.grammar import SEPARATORS
from slotfill.extractors.local.strategies import ABSENT, EMPTY_LABEL, Choice, Line, MentionList, Written
from slotfill.extractors.rungs.prompt import RULES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slotfill.extractors.local.strategies import Compiled, Field, FieldPath

__all__ = [
    "STOP",
    "Conversation",
    "Shot",
    "SpokenTurn",
    "ask_mention",
    "begin",
    "introduction",
    "labelled_passages",
    "show_fields",
    "show_mentions",
    "value_at",
    "write_field",
]

STOP = ("\n\nInput:",)
"""Where a free text ends: the model begins to write the next document itself."""

FENCE = re.compile(r"\A\s*<(document-[0-9a-f]+)>\n(.*)\n</\1>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """One message: who spoke, and what, fences and all."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Shot:
    """A worked example: a text, and its value as plain JSON data."""

    text: str
    value: Any


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a request asks: examples, one document, and perhaps replies to it that were found wrong."""

    system: str
    turns: Sequence[SpokenTurn]

    @property
    def document(self) -> str:
        """The text of the last fenced turn; without a fence that of the last user turn."""
        at = self._asked
        return _unfenced(self.turns[at].text) if at is not None else ""

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
        fenced = [at for at in users if FENCE.match(self.turns[at].text)]
        return max(fenced or users, default=None)


def introduction(compiled: Compiled, instructions: str) -> str:
    """Write what a model is told where no example shows it: the instructions' first paragraph, and every field."""
    lines = [instructions.split("\n\n", maxsplit=1)[0], ""]
    for field in compiled.fields:
        if isinstance(field.strategy, Choice | Line | Written):
            labels = f" ({', '.join(field.strategy.labels)})" if isinstance(field.strategy, Choice) else ""
            lines.append(f"- {field.heading}{labels}: {_one_line(field.description)}".rstrip(": "))
    return "\n".join(lines).strip() + "\n\n"


def begin(text: str) -> str:
    """Write the line that a document stands in."""
    return f"Text: {_one_line(text)}\n"


def show_fields(fields: Sequence[Field], shot: Shot) -> str:
    """Write an example with all its answers, in the order in which the questions are asked."""
    lines = (f"{field.heading}: {write_field(field, value_at(shot.value, field.path))}\n" for field in fields)
    return begin(shot.text) + "".join(lines) + "\n"


def write_field(field: Field, value: Any) -> str:
    """Write a field's value as it stands after the heading."""
    if isinstance(field.strategy, Choice):
        for known, label in zip(field.strategy.values, field.strategy.labels, strict=True):
            if known is value or (known == value and type(known) is type(value)):
                return label
    if isinstance(field.strategy, Line) and isinstance(value, str | list) and value:
        return _one_line(value) if isinstance(value, str) else "; ".join(map(_one_line, value))
    if isinstance(field.strategy, Line):
        return EMPTY_LABEL
    return json.dumps(None if value is ABSENT else value, ensure_ascii=False, separators=SEPARATORS)


def show_mentions(mentions: MentionList, path: FieldPath, families: tuple[str, ...], shot: Shot) -> str:
    """Write an example with its mentions, and with the candidates that are none."""
    known = dict(zip(map(repr, mentions.choice.values), mentions.choice.labels, strict=True))
    lines, at = [], 0
    for passage, kind in labelled_passages(mentions, value_at(shot.value, path)):
        start = shot.text.find(passage, at) if passage in shot.text[at:] else shot.text.find(passage)
        if start >= 0 and repr(kind) in known:
            at = start + len(passage)
            lines.append((start, at, known[repr(kind)]))
    for start, end in candidates(shot.text, families):
        if not any(start < other_end and other < end for other, other_end, _ in lines):
            lines.append((start, end, mentions.choice.labels[-1]))
    return (
        begin(shot.text) + "".join(f"{ask_mention(shot.text[a:b])} {label}\n" for a, b, label in sorted(lines)) + "\n"
    )


def labelled_passages(mentions: MentionList, items: Any) -> list[tuple[str, Any]]:
    """Give the passages and labels of an example's items, as far as they hold both."""
    whole = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    pairs = [(item.get(mentions.text), item.get(mentions.label, ABSENT)) for item in whole]
    return [(passage, kind) for passage, kind in pairs if isinstance(passage, str) and passage]


def ask_mention(passage: str) -> str:
    """Write the question what a passage is."""
    return f"{_one_line(passage)} ="


def value_at(value: Any, path: FieldPath) -> Any:
    """Give what stands at a path of keys; ABSENT where nothing does."""
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return ABSENT
        value = value[key]
    return value


def _line(turn: SpokenTurn) -> str:
    if turn.role == "assistant":
        return f"\nOutput: {_spaced(turn.text)}"
    return f"\n\nInput: {_unfenced(turn.text)}"


def _unfenced(text: str) -> str:
    found = FENCE.match(text)
    return found[2] if found else text


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return ABSENT


def _spaced(text: str) -> str:
    value = _parsed(text)
    return text if value is ABSENT else json.dumps(value, ensure_ascii=False, separators=SEPARATORS)
