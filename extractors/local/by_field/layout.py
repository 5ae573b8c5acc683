"""Questions, and worked examples of them, as plain text for the model to continue.

Small models copy a pattern far better than they follow instructions: the worked examples and the document stand in
one layout, a text and its answers a line each:

    Text: The soup was cold.
    Sentiment: negative
    Key phrases: cold; no salt
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from slotfill.extractors.local.candidates.candidates import candidates
from slotfill.extractors.local.candidates.stated import stated_values
from slotfill.extractors.local.grammar import SEPARATORS
from slotfill.extractors.local.strategies import ABSENT, EMPTY_LABEL, Choice, Line, MentionList, Stated, Written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slotfill.extractors.local.conversation import Shot
    from slotfill.extractors.local.strategies import Compiled, Field, FieldPath
    from slotfill.schemas.json_values.json_types import JSON

__all__ = [
    "ask_mention",
    "begin",
    "introduction",
    "labelled_passages",
    "show_fields",
    "show_mentions",
    "stated_form",
    "value_at",
    "write_field",
]


def introduction(compiled: Compiled, instructions: str) -> str:
    """Write what a model is told where no example shows it: the instructions' first paragraph, and every field."""
    lines = [instructions.split("\n\n", maxsplit=1)[0], ""]
    for field in compiled.fields:
        if isinstance(field.strategy, Choice | Line | Stated | Written):
            labels = f" ({', '.join(field.strategy.labels)})" if isinstance(field.strategy, Choice) else ""
            lines.append(f"- {field.heading}{labels}: {_one_line(field.description)}".rstrip(": "))
    return "\n".join(lines).strip() + "\n\n"


def begin(text: str) -> str:
    """Write the line that a document stands in."""
    return f"Text: {_one_line(text)}\n"


def show_fields(fields: Sequence[Field], shot: Shot) -> str:
    """Write an example with all its answers, in the order in which the questions are asked."""
    values = ((field, value_at(shot.value, field.path)) for field in fields)
    lines = (f"{field.heading}: {write_field(field, value, shot.text)}\n" for field, value in values)
    return begin(shot.text) + "".join(lines) + "\n"


def write_field(field: Field, value: JSON, text: str = "") -> str:
    """Write a field's value as it stands after the heading: what a text states, in the text's own form."""
    if isinstance(field.strategy, Stated):
        return EMPTY_LABEL if value is None or value is ABSENT else stated_form(field.strategy, value, text)
    if isinstance(field.strategy, Choice):
        for known, label in zip(field.strategy.values, field.strategy.labels, strict=True):
            if known is value or (known == value and type(known) is type(value)):
                return label
    if isinstance(field.strategy, Line) and isinstance(value, str | list) and value:
        return _one_line(value) if isinstance(value, str) else "; ".join(map(_one_line, value))
    if isinstance(field.strategy, Line):
        return EMPTY_LABEL
    return json.dumps(None if value is ABSENT else value, ensure_ascii=False, separators=SEPARATORS)


def stated_form(stated: Stated, value: JSON, text: str) -> str:
    """Return a value as a text states it; as JSON where it does not."""
    same = stated_values(text, stated.kind, lambda other: other == value, as_text=stated.as_text)
    if same:
        return _one_line(text[same[0].start : same[0].end])
    return value if isinstance(value, str) else json.dumps(value)


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


def labelled_passages(mentions: MentionList, items: JSON) -> list[tuple[str, JSON]]:
    """Return the passages and labels of an example's items, as far as they hold both."""
    whole = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    pairs = [(item.get(mentions.text), item.get(mentions.label, ABSENT)) for item in whole]
    return [(passage, kind) for passage, kind in pairs if isinstance(passage, str) and passage]


def ask_mention(passage: str) -> str:
    """Write the question what a passage is."""
    return f"{_one_line(passage)} ="


def value_at(value: JSON, path: FieldPath) -> JSON:
    """Return what stands at a path of keys; ABSENT where nothing does."""
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return ABSENT
        value = value[key]
    return value


def _one_line(text: str) -> str:
    return " ".join(text.split())
