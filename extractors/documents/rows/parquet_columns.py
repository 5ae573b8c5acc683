"""The columns of a `.parquet` file that are asked for, a few rows at a time, as plain JSON data."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from types import NoneType
from typing import IO, Any

import pyarrow as pa
from pyarrow import parquet

from slotfill.extractors.documents.decoding import MOST_BYTES, TOO_LARGE
from slotfill.extractors.documents.rows.row_fields import NumberedRow, RowFields, RowMapping
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.schemas.json_values.exact_json import exact_float
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["ARROW_ERRORS", "ParquetColumns"]

ARROW_ERRORS = (pa.ArrowException, ValueError, NotImplementedError, OSError)
"""What pyarrow raises for a file that is no Parquet, or is damaged."""

_ROWS = 64
"""So many rows are held at once."""

_BUFFER = 2**20
"""So many bytes of a column are read at once."""


class ParquetColumns:
    """The rows of a file. Raises ARROW_ERRORS, as iterating does."""

    def __init__(self, file: IO[bytes], fields: RowFields) -> None:
        self._schema = parquet.read_schema(file)
        asked = {name for whole in fields.names for name in (whole, whole.partition(".")[0])}
        self._columns = [name for name in dict.fromkeys(self._schema.names) if name in asked]
        # A dictionary's texts are held once: a small file may hold one long text in each of a billion rows.
        texts = [name for name in self._columns if _is_text(self._schema.field(name).type)]
        self._file = parquet.ParquetFile(file, read_dictionary=texts, buffer_size=_BUFFER, pre_buffer=False)

    @property
    def count(self) -> int:
        """How many rows there are, by what the file says of itself."""
        return int(self._file.metadata.num_rows)

    @property
    def example(self) -> RowMapping:
        """A row that has all fields, and nothing in them."""
        return {field.name: _example(field.type) for field in self._schema}

    def __iter__(self) -> Iterator[NumberedRow]:
        number = 0
        for batch in self._file.iter_batches(_ROWS, columns=self._columns):
            columns = dict(zip(batch.schema.names, map(_readable, batch.columns), strict=True))
            for at in range(batch.num_rows):
                number += 1
                row = {name: _cell(column, at, f"row {number} holds in {name!r}") for name, column in columns.items()}
                yield number, TOO_LARGE if any(map(_is_too_large, row.values())) else row


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_too_large(value: JSON) -> bool:
    return isinstance(value, str) and len(value) >= MOST_BYTES


def _example(kind: Any) -> JSON:
    if pa.types.is_struct(kind):
        return {kind.field(at).name: _example(kind.field(at).type) for at in range(kind.num_fields)}
    return [_example(kind.value_type)] if pa.types.is_list(kind) or pa.types.is_large_list(kind) else None


def _readable(column: Any) -> Any:
    """Return times in nanoseconds, of which Python has none, as texts."""
    if (pa.types.is_timestamp(column.type) or pa.types.is_time64(column.type)) and column.type.unit == "ns":
        return pa.array([None if text is None else _iso(text) for text in column.cast(pa.string()).to_pylist()])
    return column


def _iso(text: str) -> str:
    """Write what Arrow writes as `2024-01-31 12:00:00.000000000` as ISO 8601 does, without zeros that say nothing."""
    zone = "Z" if text.endswith("Z") else ""
    whole, dot, digits = text.removesuffix("Z").replace(" ", "T").partition(".")
    return whole + (dot + digits).rstrip(".0") + zone


def _cell(column: Any, at: int, where: str) -> JSON:
    try:
        return _plain(column[at].as_py())
    except UnicodeDecodeError:
        return Failure(FailureKind.UNDECODABLE_DOCUMENT, f"{where} bytes that are no UTF-8")
    except (ValueError, OverflowError) as error:
        return Failure(FailureKind.BROKEN_ROW, f"{where} what cannot be read: {error}")


def _plain(value: Any) -> JSON:
    """Return a value as plain JSON data: instants as ISO 8601, decimal numbers with all digits, NaN as null."""
    for kinds, plain in _FORMS:
        if isinstance(value, kinds):
            return plain(value)
    return str(value)


def _float(value: float) -> JSON:
    if math.isfinite(value):
        return value
    return None if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _decimal(value: Decimal) -> JSON:
    digits = format(value, "f")
    return exact_float(digits) if "." in digits else int(digits)


def _list(value: Sequence[Any]) -> JSON:
    """Return a list; where it is a map, which Arrow gives as pairs, an object."""
    if value and all(isinstance(part, tuple) for part in value):
        return {name if isinstance(name, str) else str(_plain(name)): _plain(part) for name, part in value}
    return [*map(_plain, value)]


_FORMS: tuple[tuple[tuple[type, ...], Callable[[Any], JSON]], ...] = (
    ((str, int, NoneType), lambda value: value),
    ((float,), _float),
    ((bytes,), bytes.decode),
    ((Decimal,), _decimal),
    ((date, time), lambda value: value.isoformat()),
    ((timedelta,), timedelta.total_seconds),
    ((dict,), lambda value: {name: _plain(part) for name, part in value.items()}),
    ((list, tuple), _list),
)
