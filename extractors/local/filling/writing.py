"""What the model writes itself, under a grammar: a string, a list of strings, and the JSON of whatever else."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, cast

from slotfill.extractors.local.candidates.candidates import FUNCTION_WORDS
from slotfill.extractors.local.candidates.whole_statements import whole_statements
from slotfill.extractors.local.filling.answer_sheet import CutError
from slotfill.extractors.local.filling.choices import values_stated
from slotfill.extractors.local.filling.unwritten_strings import answer_unwritten
from slotfill.extractors.local.grammar import write_grammar, write_line
from slotfill.extractors.local.strategies import ABSENT, EMPTY_LABEL, NOT_EMPTY, Field, Line, Stated, Written
from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.schemas.json_values.pointer import join
from slotfill.schemas.passages.passages import stands_in

if TYPE_CHECKING:
    from slotfill.extractors.local.filling.answer_sheet import AnswerSheet
    from slotfill.extractors.local.llama import GeneratedText
    from slotfill.schemas.json_values.json_types import JSON

__all__ = ["answer_line", "write_json"]

TEXT_TOKENS = 64
"""The most tokens of a string, or of a list of strings that need not be long: the model tends to go on for ever."""

LOOP = re.compile(r"(\S.{2,}?)(?:[\s,.;]*\1){2,}", re.DOTALL)
"""The same words three times over."""


def answer_line(sheet: AnswerSheet, field: Field, above: str) -> int:
    """Answer a string or a list of strings, and return the tokens that were read."""
    line = cast("Line", field.strategy)
    read = answer_unwritten(sheet, field, line, above)
    return _write_line(sheet, field, line, above) if read is None else read


def write_json(sheet: AnswerSheet, field: Field, above: str) -> int:
    """Have the model write a field's JSON, and return the tokens that were read."""
    written = cast("Written", field.strategy)
    schema, root = _asked(sheet, written), sheet.decoder.schema
    grammar = write_grammar(schema, sheet.document, readable=sheet.engine.reads, root=root)
    completion = _complete(sheet, field, sheet.prompt(above), grammar, sheet.left, fresh=True)
    if completion.cut:
        raise CutError(field.path, completion.text)
    value = json.loads(completion.text)
    sheet.values[field.path] = ABSENT if value is None and written.optional else value
    return completion.prompt_tokens


def _write_line(sheet: AnswerSheet, field: Field, line: Line, above: str) -> int:
    quoted = line.verbatim or line.many or field.path in sheet.decoder.copied
    for verbatim in dict.fromkeys((quoted, line.verbatim)):
        grammar = write_line(line, sheet.telling, verbatim=verbatim)
        room = TEXT_TOKENS * max(1, line.fewest)
        completion = _complete(sheet, field, sheet.prompt(above), grammar, room, fresh=not verbatim)
        if "\n" not in completion.text[:-1]:  # else the grammar was ignored: no passage is as long as it must be
            break
    else:
        raise ApiError(500, "api_error", f"no passage of the document fits {join(field.path)}")
    value = _read_line(line, completion.text, verbatim=verbatim, cut=completion.cut)
    if line.many and isinstance(value, list):
        statements = whole_statements(sheet.document, value, longest=line.longest)
        value = statements if len(statements) >= line.fewest else value
    sheet.values[field.path] = value
    return completion.prompt_tokens


def _complete(sheet: AnswerSheet, field: Field, prompt: str, grammar: str, room: int, *, fresh: bool) -> GeneratedText:
    sheet.spend(0, field.path)
    completion = sheet.engine.complete(
        prompt,
        max_tokens=min(sheet.left, room),
        grammar=grammar,
        fresh=fresh,
        likelihood=field.path in sheet.decoder.doubted,
        cancelled=sheet.cancelled,
    )
    sheet.spend(completion.completion_tokens, field.path, _begun(field, completion.text))
    if sheet.cancelled.is_set() or (completion.cut and not sheet.left):
        raise CutError(field.path, _begun(field, completion.text))
    sheet.confidences[field.path] = completion.likelihood or 0.0
    return completion


def _asked(sheet: AnswerSheet, written: Written) -> JSON:
    """Return the schema to write by: the numbers of a list are the document's."""
    schema = written.schema
    item = schema.get("items") if isinstance(schema, dict) else None
    if isinstance(item, dict) and item.get("type") in ("integer", "number"):
        numbers = [*dict.fromkeys(one.value for one in values_stated(sheet, Stated("number", item, ABSENT)))]
        schema = schema | ({"items": {"enum": numbers}} if numbers else {"maxItems": 0})
    return {"anyOf": [schema, {"type": "null"}]} if written.optional else schema


def _begun(field: Field, text: str) -> str:
    """Write the JSON that a cut answer has begun."""
    if isinstance(field.strategy, Line):
        return ("[" if field.strategy.many else "") + json.dumps(text.strip(), ensure_ascii=False)[:-1]
    return text.strip()


def _read_line(line: Line, text: str, *, verbatim: bool, cut: bool) -> JSON:
    """Read a string or a list of strings, without what loops, and without passages that say nothing."""
    text = text.strip()
    if text == EMPTY_LABEL and line.blank is not NOT_EMPTY:
        return line.blank
    if not line.many:
        return _shortened(text, line, verbatim=verbatim, cut=cut)
    entries = text.split("; ")
    whole = entries[:-1] if cut and len(entries) > max(1, line.fewest) else entries
    read = [_shortened(entry, line, verbatim=verbatim, cut=cut) for entry in whole]
    distinct = {entry.casefold().strip(" .,;:!?"): entry for entry in reversed(read)}
    telling = [entry for key, entry in reversed(distinct.items()) if key and not set(key.split()) <= FUNCTION_WORDS]
    return telling if len(telling) >= line.fewest else read


def _shortened(text: str, line: Line, *, verbatim: bool, cut: bool) -> str:
    """Cut what loops, and half a word at the end of a text that was cut off."""
    shorter = LOOP.sub(r"\1", text).strip()
    if cut and " " in shorter:
        ended = max(shorter.rfind(mark) for mark in (". ", "! ", "? "))
        shorter = shorter[: ended + 1] if ended > 0 else shorter.rpartition(" ")[0]
    return shorter if len(shorter) >= line.shortest and not (verbatim and not stands_in(shorter, text)) else text
