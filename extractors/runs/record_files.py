"""Records of an earlier run, wherever they stand: in lines, in a folder of files, in the ledger of an output."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from slotfill.extractors.errors import InputError, LedgerError
from slotfill.extractors.runs.ledger.identity import ledgers_of
from slotfill.extractors.runs.ledger.ledger_records import is_ledger, records_of
from slotfill.extractors.settings import Settings
from slotfill.schemas.json_values.exact_json import loads
from slotfill.schemas.json_values.json_types import JSON, JSONObject

__all__ = ["PlacedRecord", "records_at"]

PlacedRecord = tuple[str, JSONObject]
"""Where a record stands, for errors, and the record as plain JSON data, which may be anybody's."""

_LINES = (".jsonl", ".ndjson")


def records_at(path: str, settings: Settings) -> Iterator[PlacedRecord]:
    """Yield the records of an earlier run.

    path: a file of records, a line each or a single one; a folder with a file each; or any output of a run whose
    ledger is still there, or that ledger itself.

    Raises InputError for what holds none.
    """
    place = Path(path)
    if not (place.is_file() or place.is_dir()):  # a pipe or a device cannot be read twice, as going on with a run does
        what = "is no regular file" if os.path.lexists(path) else "is not there"
        raise InputError(f"{path!r} {what}: name a file of records, a folder of them, or an output with a ledger")
    if _is_ledger(place):
        yield from _in_ledger(place)
        return
    records = _in_files(place)
    first = next(records, None)
    if first is not None and _is_record(first[1]):
        yield first
        for where, data in records:
            if not _is_record(data):
                raise InputError(f"{where}: it holds no record: `slotfill extract --record` writes them")
            yield where, data
        return
    yield from _in_ledger(_ledger_of(path, settings))


def _is_record(data: JSON) -> bool:
    return isinstance(data, dict) and data.keys() >= {"slotfill", "document", "schema", "outcome"}


def _is_ledger(path: Path) -> bool:
    try:
        return not path.is_dir() and is_ledger(path)
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror}") from None


def _in_files(path: Path) -> Iterator[tuple[str, JSON]]:
    """Yield what files hold, value by value."""
    for file in _files(path):
        try:
            if file.suffix in _LINES or not path.is_dir():
                yield from _in_lines(file)
            else:
                yield str(file), loads(file.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError, RecursionError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"cannot read {str(file)!r}: {error}") from None


def _files(path: Path) -> list[Path]:
    """Return a folder's files in their order, those of the run's own folders left out."""
    if not path.is_dir():
        return [path]
    names = (Path(folder) / name for folder, _, files in os.walk(path) for name in files)
    found = (file for file in names if file.suffix in (".json", *_LINES))
    return sorted(file for file in found if not any(part.startswith(".") for part in file.relative_to(path).parts))


def _in_lines(path: Path) -> Iterator[tuple[str, JSON]]:
    """Yield the values of a file, a line each; a single one may take several lines."""
    if path.suffix == ".json":
        yield str(path), loads(path.read_text(encoding="utf-8-sig"))
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield f"{str(path)!r}, line {number}", _value(path, number, line)


def _value(path: Path, number: int, line: bytes) -> JSON:
    try:
        return loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        if path.suffix in _LINES:
            raise InputError(f"{str(path)!r}, line {number}: it is no JSON") from None
        return None  # a table, or whatever else a run may have written


def _ledger_of(path: str, settings: Settings) -> Path:
    """Return the ledger of an output."""
    ledgers = [ledger for ledger in ledgers_of(path, settings) if ledger != Path(path)]
    if not ledgers:
        raise InputError(
            f"{path!r} holds no records, and no ledger of it is there: `slotfill extract --record` writes records; "
            "values by themselves do not say what they were asked by"
        )
    if len(ledgers) > 1:
        raise InputError(f"several runs have written {path!r}: name the ledger of one, {', '.join(map(str, ledgers))}")
    return ledgers[0]


def _in_ledger(path: Path) -> Iterator[PlacedRecord]:
    try:
        for record in records_of(path):
            yield str(path), record
    except LedgerError as error:
        raise InputError(str(error)) from None
