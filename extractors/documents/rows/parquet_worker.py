"""The process that a Parquet file is read in: the file is its standard input, its rows go out, a JSON line each.

See `parquet_rows` for what reads its lines, and `readers.worker` for what such a process may not do.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
from pathlib import Path
from typing import TextIO

from slotfill.extractors.documents.readers.worker import SILENCE, guard
from slotfill.extractors.documents.rows.row_fields import RowFields, RowMapping
from slotfill.extractors.record.failure_kinds import Failure
from slotfill.schemas.json_values.exact_json import dumps
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["send_rows"]


def send_rows(fields: str) -> None:
    """Read the rows of standard input. fields: of those, as JSON, what `RowFields` has."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no row
    nowhere = Path(os.devnull).open("w")  # noqa: SIM115 - as long as the process
    guard()
    try:
        from slotfill.extractors.documents.rows.parquet_columns import ARROW_ERRORS, ParquetColumns
    except ModuleNotFoundError:
        _tell(replies, {"missing": True})
        return
    faulthandler.dump_traceback_later(SILENCE, exit=True, file=nowhere)
    named = json.loads(fields)
    try:
        columns = ParquetColumns(sys.stdin.buffer, RowFields(**{**named, "keep": tuple(named["keep"])}))
        _tell(replies, {"example": columns.example, "count": columns.count})
        for number, row in columns:
            faulthandler.dump_traceback_later(SILENCE, exit=True, file=nowhere)
            _tell(replies, _entry(number, row))
        _tell(replies, {"end": True})
    except ARROW_ERRORS as error:
        _tell(replies, {"error": str(error).partition("\n")[0]})
    except MemoryError:
        _tell(replies, {"error": "it unpacks to more than may be held of it"})


def _entry(number: int, row: RowMapping | Failure) -> JSON:
    if isinstance(row, Failure):
        return {"number": number, "failure": [row.type, row.message]}
    failed = {name: [cell.type, cell.message] for name, cell in row.items() if isinstance(cell, Failure)}
    cells = {name: cell for name, cell in row.items() if name not in failed}
    return {"number": number, "row": cells, "failed": failed}


def _tell(replies: TextIO, entry: JSON) -> None:
    replies.write(f"{dumps(entry)}\n")
    replies.flush()
