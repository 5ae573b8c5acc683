"""Rows of `.parquet` files, each file in a process of its own: one that crashes Arrow costs its document alone.

Unlike other readers' files it may be larger than the memory, so that its rows come as they are read.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import IO

from slotfill.extractors.documents.readers.isolation import SWITCHES, crash_of
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.documents.rows.row_fields import NumberedRow, RowFields, RowMapping
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.schemas.json_values.exact_json import loads
from slotfill.schemas.json_values.json_types import JSONMapping

__all__ = ["ParquetRows", "parquet_rows"]

_WORKER = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    "from slotfill.extractors.documents.rows.parquet_worker import send_rows; send_rows(sys.argv[2])"
)


class ParquetRows:
    """The rows of a file that is being read. Iterating raises ReadError where it goes no further.

    Attributes:
        example: A row that has all fields, and nothing in them.
        count: How many rows there are, by what the file says of itself.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        first = self._next()
        self.example: RowMapping = first["example"]
        self.count: int = first["count"]

    def __iter__(self) -> Iterator[NumberedRow]:
        while "end" not in (entry := self._next()):
            yield entry["number"], _row(entry)

    def _next(self) -> JSONMapping:
        assert self._process.stdout  # noqa: S101 - for the type checker: it is a pipe
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise crash_of(self._process.wait())
        entry: JSONMapping = loads(line.decode())
        if "missing" in entry:
            reason = "is a Parquet file: its reader needs an extra: pip install 'slotfill[tables]'"
            raise ReadError(FailureKind.BINARY_DOCUMENT, reason)
        if "error" in entry:
            raise ReadError(FailureKind.BROKEN_DOCUMENT, f"is no Parquet file that can be read: {entry['error']}")
        return entry


@contextmanager
def parquet_rows(file: IO[bytes], fields: RowFields) -> Iterator[ParquetRows]:
    """Begin to read a file that can be read at any place; leaving ends its process. Raises ReadError, OSError."""
    arguments = (json.dumps(sys.path), json.dumps(asdict(fields)))
    with subprocess.Popen(  # noqa: S603 - this very program
        [sys.executable, *SWITCHES, "-c", _WORKER, *arguments],
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # a Ctrl-C is for this process, which then ends it
    ) as process:
        try:
            yield ParquetRows(process)
        finally:
            process.kill()


def _row(entry: JSONMapping) -> RowMapping | Failure:
    if "failure" in entry:
        return _failure(*entry["failure"])
    return {**entry["row"], **{name: _failure(*failure) for name, failure in entry["failed"].items()}}


def _failure(kind: str, message: str) -> Failure:
    return Failure(FailureKind(kind), message)
