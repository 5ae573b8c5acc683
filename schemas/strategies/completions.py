"""What a language model really says when it is asked for a value, with the truth beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal, get_args

from hypothesis import reject
from hypothesis import strategies as st

from slotfill.schemas.errors import InvalidError
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.schema import Schema
from slotfill.schemas.strategies.instances import SchemaSource, accepts, as_schema, instances
from slotfill.schemas.strategies.mutations import Mutation, mutations
from slotfill.schemas.strategies.type_slips import loosely, type_slips

__all__ = ["Completion", "CompletionKind", "StopReason", "completions"]

CompletionKind = Literal["valid", "fenced", "chatty", "truncated", "mistyped", "half_right"]
"""What is the matter with a message, if anything."""

StopReason = Literal["end_turn", "max_tokens"]

_TRIES = 10
"""How many changes are made, at most, until a value is wrong."""

_BEFORE = (
    "Here is the JSON you asked for:\n\n",
    "Sure! I read {the document} twice.\n",
    'The schema wants {"type": "object"}, so:\n',
    "Voici le résultat :\n",
    "<thinking>a {b} c</thinking>\n\n",
    "[1] ",
)
_AFTER = (
    "\n\nLet me know if you need anything else!",
    "\n\nNote: fields in {braces} were guessed.",
    "\n// [end]",
    "\n以上です。",
)
_FENCES = ("```json\n{}\n```", "```\n{}\n```", "```JSON\n{}\n```\n", "~~~json\n{}\n~~~", "```json{}```")


@dataclass(frozen=True, slots=True)
class Completion:
    """One message of a model.

    Attributes:
        text: All that it says, the value in the form in which it travels.
        truth: The valid value behind it, unwrapped.
        kind: What is the matter with it, if anything.
        stop_reason: Why the message ends.
    """

    text: str
    truth: JSON
    kind: CompletionKind
    stop_reason: StopReason


def completions(source: SchemaSource, *, document: str | None = None) -> st.SearchStrategy[Completion]:
    """Make messages of every kind.

    - valid: the value as JSON, and nothing else.
    - fenced: the same in a fence of Markdown, maybe between prose.
    - chatty: the same between prose, which may hold braces and brackets.
    - truncated: the start of a valid message, never all of it; its stop reason is "max_tokens".
    - mistyped: JSON of the wrong types or letter case, or what is nearly JSON; the schema refuses it as it stands.
    - half_right: some parts wrong, missing or too much; the schema refuses it.

    Args:
        source: What is asked for.
        document: Where one is given, `Verbatim` strings of the truth quote it.

    Returns:
        A strategy.

    Raises:
        SchemaError: At once or on drawing: the schema has no instance to be found.
    """
    schema = as_schema(source)
    values = instances(schema, document=document)

    @st.composite
    def messages(draw: st.DrawFn) -> Completion:
        kind: CompletionKind = draw(st.sampled_from(get_args(CompletionKind)))
        truth = draw(values)
        plain = draw(_written(schema.wrap(truth)))
        match kind:
            case "valid":
                text = plain
            case "fenced":
                text = draw(_fenced(plain))
            case "chatty":
                text = draw(_among_prose(plain))
            case "truncated":
                text = plain[: draw(st.integers(0, len(plain) - 1))]
            case "mistyped":
                text = draw(_mistyped(schema, truth, document))
            case "half_right":
                text = draw(_half_right(schema, truth, document))
        return Completion(text, truth, kind, "max_tokens" if kind == "truncated" else "end_turn")

    return messages()


@st.composite
def _written(draw: st.DrawFn, value: object) -> str:
    return json.dumps(value, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from((None, 2))))


@st.composite
def _fenced(draw: st.DrawFn, text: str) -> str:
    fence = draw(st.sampled_from(_FENCES))
    before, after = draw(st.sampled_from(("", *_BEFORE))), draw(st.sampled_from(("", *_AFTER)))
    return f"{before}{fence.replace('{}', text)}{after}"


@st.composite
def _among_prose(draw: st.DrawFn, text: str) -> str:
    before, after = draw(st.sampled_from(_BEFORE)), draw(st.sampled_from(_AFTER))
    return draw(st.sampled_from((f"{before}{text}", f"{text}{after}", f"{before}{text}{after}")))


@st.composite
def _mistyped(draw: st.DrawFn, schema: Schema[Any], truth: object, document: str | None) -> str:
    value = truth
    for _ in range(draw(st.integers(0, 3))):
        if possible := [*type_slips(value, schema.json_schema)]:
            value = draw(st.sampled_from(possible)).of(value)
    loose = accepts(schema, value, document) or draw(st.booleans())
    text = draw(loosely(schema.wrap(value)) if loose else _written(schema.wrap(value)))
    return f"{text}," if _is_accepted(schema, text, document) else text


def _is_accepted(schema: Schema[Any], text: str, document: str | None) -> bool:
    try:
        schema.validate(text, document=document)
    except InvalidError:
        return False
    return True


@st.composite
def _half_right(draw: st.DrawFn, schema: Schema[Any], truth: object, document: str | None) -> str:
    value, wrong = truth, draw(st.integers(1, 3))
    for _ in range(_TRIES):
        value = draw(st.sampled_from(_part_mutations(value, schema))).of(value)
        wrong -= 1
        if wrong <= 0 and not accepts(schema, value, document):
            return draw(_written(schema.wrap(value)))
    return reject()  # it may accept all there is


def _part_mutations(value: object, schema: Schema[Any]) -> list[Mutation]:
    """Return changes of parts of a value, of the whole only where it has none."""
    possible = [*mutations(value, schema.json_schema)]
    return [change for change in possible if change.path] or possible
