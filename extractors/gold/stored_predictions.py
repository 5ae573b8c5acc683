"""Predictions that were stored: records and lines of output, from files, folders and ledgers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from slotfill.extractors.errors import InputError
from slotfill.extractors.gold.json_lines import at_line, read_json_array, read_json_lines
from slotfill.extractors.runs.ledger.identity import STATE, ledgers_of
from slotfill.extractors.runs.ledger.ledger_records import is_ledger, records_of
from slotfill.extractors.settings import Settings
from slotfill.schemas.json_values.exact_json import loads
from slotfill.schemas.json_values.json_types import JSON, JSONObject

__all__ = ["checked_prediction", "read_predictions"]


def read_predictions(name: str) -> list[JSONObject]:
    """Read what was extracted, as plain JSON data: records, or `{"source": …, "value": …}`.

    Args:
        name: A file of JSON lines or a JSON array; a folder that a run wrote, a file a document; a ledger; or a run's
            output that holds no records itself (a table, or one that is gone), whose ledger stands beside it.

    Raises:
        InputError: There is nothing of the kind, or something in it is no prediction: file and line.
        LedgerError: A ledger cannot be read.
    """
    path = Path(name)
    if path.is_dir():
        return [*_of_folder(path)]
    if path.suffix in (".csv", ".tsv", ".xlsx", ".parquet", ".db") or not path.exists():
        return _of_ledger(path)
    lines = read_json_array(path) if _begins(path, b"[") else _of_lines(path)
    return [_prediction(number, data, path) for number, data in lines]


def _of_lines(path: Path) -> Iterator[tuple[int, JSON]]:
    """Yield the lines of a file, or its one value, which may stand in several lines."""
    if path.suffix == ".json":
        try:
            yield 1, loads(path.read_text("utf-8-sig"))
        except (OSError, ValueError) as error:
            raise InputError(f"{str(path)!r} is no JSON: {error}") from None
    else:
        yield from read_json_lines(path)


def _begins(path: Path, start: bytes) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(start)
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror or error}") from None


def _prediction(number: int, data: JSON, path: Path) -> JSONObject:
    try:
        return checked_prediction(data)
    except ValueError as error:
        raise at_line(path, number, error) from None


def checked_prediction(data: JSON) -> JSONObject:
    """Return plain JSON data that is a record, or `{"source": …, "value": …}`. Raises ValueError for any other."""
    if not isinstance(data, dict) or "value" not in data:
        raise ValueError('it is neither a record nor {"source": …, "value": …}')
    if "slotfill" in data and not _is_record(data):
        raise ValueError("it is a damaged record: `slotfill extract --record` writes them")
    if "slotfill" not in data and not isinstance(data.get("source"), str):
        raise ValueError('it has no "source", by which gold is found: write a folder, JSON lines or --record')
    return data


def _is_record(data: JSONObject) -> bool:
    document = data.get("document")
    if not isinstance(document, dict) or not isinstance(document.get("id"), str):
        return False
    return isinstance(document.get("source"), str | None) and isinstance(data.get("attempts", []), list)


def _of_folder(folder: Path) -> Iterator[JSONObject]:
    """Yield what the files of a folder hold: records, or values whose documents the files are named after."""
    paths = sorted(path for path in folder.rglob("*.json") if STATE not in path.parts)
    if not paths:
        raise InputError(f"{str(folder)!r} holds no .json file: name what `slotfill extract -o` wrote")
    for path in paths:
        try:
            data = loads(path.read_text("utf-8-sig"))
        except (OSError, ValueError) as error:
            raise InputError(f"{str(path)!r} is no JSON: {error}") from None
        if isinstance(data, dict) and "slotfill" in data and "outcome" in data:
            yield _prediction(1, data, path)
        else:
            source = path.relative_to(folder).as_posix().removesuffix(".json")
            yield {"source": source, "value": data}


def _of_ledger(path: Path) -> list[JSONObject]:
    if path.is_file() and is_ledger(path):
        return [*records_of(path)]
    ledgers = [one for one in ledgers_of(os.fspath(path), Settings.read()) if one != path]
    if len(ledgers) == 1:
        return [*records_of(ledgers[0])]
    if not ledgers:
        raise InputError(f"there is no {str(path)!r}, nor a ledger of it that holds records: name records or an output")
    names = ", ".join(map(str, ledgers))
    raise InputError(f"{str(path)!r} was written by {len(ledgers)} runs: name the ledger of one, {names}")
