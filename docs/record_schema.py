"""Writes docs/record.schema.json, the JSON Schema of a record as slotfill reads it. `--check` only says if it is so."""

import json
import sys
import warnings
from pathlib import Path

from pydantic import TypeAdapter
from pydantic.json_schema import PydanticJsonSchemaWarning

from slotfill.extractors.extractions.stored_record import StoredRecord

FILE = Path(__file__).with_name("record.schema.json")


def text() -> str:
    """Write the schema, with what JSON Schema says of itself and of its reader first."""
    with warnings.catch_warnings():
        # What stands for a member that is not there is no JSON.
        warnings.simplefilter("ignore", PydanticJsonSchemaWarning)
        schema = TypeAdapter(StoredRecord).json_schema()
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A record of slotfill"}
    return json.dumps(head | {name: part for name, part in schema.items() if name not in head}, indent=2) + "\n"


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if FILE.read_text("utf-8") == text() else f"{FILE.name} is another form: run {__file__}")
    FILE.write_text(text(), "utf-8")
