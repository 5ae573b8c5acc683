import json
from typing import Annotated

import pytest
from pydantic import BaseModel

from slotfill.schemas import Compare, FreeText, Schema, resolve
from slotfill.schemas.field_digests import digest_fields
from slotfill.schemas.marks.silent_marks import SILENT_KEYWORDS, without_silent_marks
from slotfill.schemas.wire.wire import wire_of


class Note(BaseModel):
    """Read the note."""

    text: Annotated[FreeText, Compare("ignore")]


class PlainNote(BaseModel):
    """Read the note."""

    text: str


MARKED, PLAIN = Schema(Note, name="note"), Schema(PlainNote, name="note")


def test_they_are_taken_out_of_a_copy() -> None:
    assert without_silent_marks(MARKED.json_schema)["properties"] == PLAIN.json_schema["properties"]
    assert {*SILENT_KEYWORDS} <= {*MARKED.json_schema["properties"]["text"]}
    assert without_silent_marks(PLAIN.json_schema) is PLAIN.json_schema


@pytest.mark.parametrize("keyword", SILENT_KEYWORDS)
def test_none_changes_what_is_asked(keyword: str) -> None:
    part = {"type": "string", keyword: MARKED.json_schema["properties"]["text"][keyword]}
    with_it, without = ({"type": "object", "properties": {"text": one}} for one in (part, {"type": "string"}))
    assert resolve(with_it).id == resolve(without).id
    assert digest_fields(with_it, []) == digest_fields(without, [])
    wire = wire_of(with_it, wrapped=False)
    assert keyword not in json.dumps([wire.full, wire.reduced])
    assert keyword not in {loss.keyword for loss in wire.losses}
