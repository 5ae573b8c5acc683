"""A row a document, as Parquet files of so many rows each, and a manifest of them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from contextlib import ExitStack

from slotfill.extractors.errors import OutputError
from slotfill.extractors.record.json_text import json_text
from slotfill.extractors.runs.outputs.named_sinks import SinkOptions
from slotfill.extractors.runs.outputs.output_files import open_folder
from slotfill.extractors.runs.outputs.sink import Record, Sink
from slotfill.extractors.runs.outputs.tables.parquet_sink import RowGroups
from slotfill.extractors.runs.outputs.tables.shapes import shape_of
from slotfill.extractors.runs.outputs.tables.table_rows import Rows
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["MANIFEST", "PartsSink"]

MANIFEST = "_manifest.json"
"""Readers of a folder of Parquet leave out what begins so."""

ROWS_A_PART = 100_000
"""Some 10 to 200 MB: what readers like to have, and what is written again where writing it was broken off."""

_PART = re.compile(r"part-\d{5,}-[0-9a-f]{16}\.parquet")
_UNFINISHED = "part.parquet"


class PartsSink(Sink):
    """Writes parts into a folder, and last of all the manifest, which says what the output is.

    A part is named by what it holds. So no part replaces another one: an older output is whole until its manifest is
    replaced, and a run that goes on finds the parts there that it has written. What the new manifest does not name is
    removed after it.
    """

    def __init__(self, output: str, options: SinkOptions) -> None:
        self._folder = folder = open_folder(output)
        self._schema, self._run = options.schema, options.run
        self._parts: list[JSONObject] = []
        self._outcomes: Counter[str] = Counter()
        with ExitStack() as undone:
            undone.callback(folder.release)
            self._rows = Rows(shape_of(self._schema.output_schema), records=options.records, keep=options.keep)
            self._there = folder.sizes()
            self._groups = self._new_part()
            undone.pop_all()

    def write(self, record: Record) -> None:
        """Take the document's row. It is written with others."""
        self._groups.add(record)
        self._outcomes[record["outcome"]] += 1
        if self._groups.count == ROWS_A_PART:
            self._end_part()
            self._groups = self._new_part()

    def commit(self, *, complete: bool) -> None:
        """Put the last part and the manifest in their places; without rows, only where the run went to its end."""
        if self._groups.count or (complete and not self._parts):
            self._end_part()
        if not self._parts:
            return
        names = {part["name"] for part in self._parts}
        self._check(names)
        self._write_manifest(complete=complete)
        for name in self._folder.sizes().keys() - names:
            if _PART.fullmatch(name):
                self._folder.remove(name)

    def discard(self) -> None:
        """Keep the parts that are there: the same run writes them as they are, and needs not write them again."""
        self._groups.discard()
        self._folder.release()

    def _new_part(self) -> RowGroups:
        return RowGroups(self._folder.open(_UNFINISHED), self._rows)

    def _end_part(self) -> None:
        self._groups.end()
        file = self._groups.file
        with file.written.open("rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()
        name, size = f"part-{len(self._parts):05}-{digest[:16]}.parquet", file.written.stat().st_size
        if self._there.get(name) == size:
            file.discard()
        else:
            file.commit(name)
        self._parts.append({"name": name, "rows": self._groups.count, "bytes": size, "sha256": digest})

    def _check(self, names: set[str]) -> None:
        if missing := sorted(names - self._folder.sizes().keys()):
            raise OutputError(f"{missing[0]} was removed from {self._folder.name!r} while the others were written")

    def _write_manifest(self, *, complete: bool) -> None:
        manifest: JSONObject = {
            "slotfill": 1,
            "run": self._run,
            "schema": {"name": self._schema.name, "id": self._schema.id},
            "complete": complete,
            "rows": self._outcomes.total(),
            "outcomes": dict(sorted(self._outcomes.items())),
            "columns": {column.name: str(column.type) for column in self._groups.schema},
            "parts": [*self._parts],
        }
        file = self._folder.open(MANIFEST)
        try:
            file.write(f"{json_text(manifest, indent=2)}\n".encode())
            file.commit()
        finally:
            file.discard()
