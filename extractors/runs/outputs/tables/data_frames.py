"""Extractions as a frame of pandas or polars: a row each, with the columns of a CSV file of their records."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

from slotfill.extractors.errors import SettingsError
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.runs.outputs.tables.cells import CellValue
from slotfill.extractors.runs.outputs.tables.columns import Column
from slotfill.extractors.runs.outputs.tables.shapes import ColumnType, Scalar, shape_of, with_lists_as_cells
from slotfill.extractors.runs.outputs.tables.table_rows import Rows
from slotfill.extractors.runs.outputs.tables.typed_cells import DECIMAL_DIGITS, places_of, typed_cell
from slotfill.schemas.errors import MissingExtraError
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.schema_sources import resolve

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd
    import polars as pl

__all__ = ["FrameBackend", "to_frame"]

FrameBackend: TypeAlias = Literal["pandas", "polars"]

_BACKENDS: Sequence[FrameBackend] = ("pandas", "polars")
"""In the order of preference."""

_SchemaSource: TypeAlias = str | type[Any] | Mapping[str, Any] | Schema[Any]
"""What an extractor takes for a schema."""


@overload
def to_frame(
    extractions: Iterable[Extraction[Any]],
    schema: _SchemaSource | None = ...,
    *,
    records: bool = ...,
    keep: Sequence[str] = ...,
    backend: Literal["pandas"],
) -> pd.DataFrame: ...
@overload
def to_frame(
    extractions: Iterable[Extraction[Any]],
    schema: _SchemaSource | None = ...,
    *,
    records: bool = ...,
    keep: Sequence[str] = ...,
    backend: Literal["polars"],
) -> pl.DataFrame: ...
@overload
def to_frame(
    extractions: Iterable[Extraction[Any]],
    schema: _SchemaSource | None = ...,
    *,
    records: bool = ...,
    keep: Sequence[str] = ...,
    backend: FrameBackend | None = ...,
) -> Any: ...
def to_frame(
    extractions: Iterable[Extraction[Any]],
    schema: _SchemaSource | None = None,
    *,
    records: bool = True,
    keep: Sequence[str] = (),
    backend: FrameBackend | None = None,
) -> Any:
    """Make a frame of extractions, with the columns that `slotfill extract -o FILE.csv --record` writes.

    Lists are cells of JSON text, as there; numbers, truths, dates, instants and `Decimal`s have types. What has no
    column, or does not fit the one it has, stands in the last column, `rest`, as JSON text by JSON Pointer.

    Args:
        extractions: In the order of the rows: what `Extractor.map` gives, a list, or what `read_record` gave.
        schema: What they are of, as an extractor takes it; by default that of the first one's extractor. It is needed
            where there is no extraction at all, and for those that were stored.
        records: Whether all are rows, with outcome, model, cost, tokens, error and spans; of those that failed the
            value's columns are null. Without it the rows are the values of those that have one, as in a CSV without
            `--record`.
        keep: The columns of the input that stand behind the source, as `--keep` says.
        backend: `pandas` or `polars`; by default the one that is installed, pandas where both are.

    Returns:
        A frame of pandas or of polars.

    Raises:
        MissingExtraError: The extra `frames`, or the backend, is not installed.
        SettingsError: The schema is not known, or there is no such backend.
        TypeError: One is no extraction, or they are no list of them.
        OutputError: The schema makes more than 1,900 columns.
    """
    _check_lists(extractions, keep)
    chosen = _chosen(backend)
    rows: Rows | None = None if schema is None else _rows_of(resolve(schema), records=records, keep=keep)
    cells: list[list[CellValue | None]] = []
    for extraction in extractions:
        if not isinstance(extraction, Extraction):
            raise TypeError(f"a frame is made of extractions, not of {type(extraction).__name__}")
        rows = rows or _rows_of(_schema_of(extraction), records=records, keep=keep)
        if records or extraction.ok:
            cells.append(rows.row(extraction.to_json(), typed_cell))
    if rows is None:
        raise SettingsError("there is no extraction to know the columns by: to_frame(extractions, schema=…)")
    return _frame(rows.columns, cells, chosen)


def _check_lists(extractions: object, keep: object) -> None:
    """Raise TypeError where something stands in place of a list, which says what to write."""
    if isinstance(extractions, AsyncIterable):
        raise TypeError("a frame is not made of an async iterator: to_frame([one async for one in extractions])")
    if not isinstance(extractions, Iterable):
        kind = type(extractions).__name__
        raise TypeError(f"a frame is made of several extractions, not of one {kind}: to_frame([extraction])")
    if isinstance(keep, str):
        raise TypeError(f"keep is a list of columns: keep=[{keep!r}]")


def _rows_of(schema: Schema[Any], *, records: bool, keep: Sequence[str]) -> Rows:
    return Rows(with_lists_as_cells(shape_of(schema.output_schema)), records=records, keep=keep)


def _schema_of(extraction: Extraction[Any]) -> Schema[Any]:
    if extraction.refiner is None:
        raise SettingsError(
            f"the extractor of {extraction.document.source or 'the first extraction'} is not at hand, nor its schema "
            f"{extraction.schema_name!r}: to_frame(extractions, schema=…)"
        )
    return extraction.refiner.schema


def _chosen(backend: FrameBackend | None) -> FrameBackend:
    """Return the backend to use: the one that was asked for, or the first that is installed."""
    if find_spec("narwhals") is None:
        raise MissingExtraError("frames need the extra `frames`: pip install 'slotfill[frames]'")
    if backend is not None and backend not in _BACKENDS:
        raise SettingsError(f"no backend {backend!r}: frames are of {' or '.join(_BACKENDS)}")
    wanted = _BACKENDS if backend is None else (backend,)
    for name in wanted:
        if find_spec(name) is not None:
            return name
    raise MissingExtraError(f"frames are of {' or '.join(wanted)}, which is not installed: pip install {wanted[0]}")


def _frame(columns: Sequence[Column], rows: Sequence[Sequence[CellValue | None]], backend: FrameBackend) -> Any:
    import narwhals as nw

    make = _pandas_series if backend == "pandas" else _polars_series
    by_column = zip(*rows, strict=True) if rows else ((),) * len(columns)
    series = [make(column, [*cells]) for column, cells in zip(columns, by_column, strict=True)]
    return nw.from_dict({one.name: one for one in series}).to_native()


def _polars_series(column: Column, cells: Sequence[CellValue | None]) -> nw.Series[Any]:
    import narwhals as nw

    return nw.new_series(column.name, cells, _dtype(column, cells), backend="polars")


def _pandas_series(column: Column, cells: Sequence[CellValue | None]) -> nw.Series[Any]:
    """Make a series of pandas, whose own integers and truths know no null, and which has no dates and decimals."""
    import narwhals as nw

    kind = _kind(column)
    if kind is ColumnType.DATE:
        return nw.new_series(column.name, cells, nw.Datetime("us"), backend="pandas")
    if kind not in _OF_OBJECTS:
        return nw.new_series(column.name, cells, _dtype(column, cells), backend="pandas")
    objects = nw.new_series(column.name, cells, nw.Object(), backend="pandas")
    dtype = _OF_OBJECTS[kind]
    return nw.from_native(objects.to_native().astype(dtype), series_only=True) if dtype else objects


_OF_OBJECTS = {ColumnType.INTEGER: "Int64", ColumnType.BOOLEAN: "boolean", ColumnType.DECIMAL: None}
"""What is handed over to pandas as objects, and the type of its own that it becomes."""


def _dtype(column: Column, cells: Iterable[CellValue | None]) -> nw.dtypes.DType:
    import narwhals as nw

    kind = _kind(column)
    if kind is ColumnType.DECIMAL:
        return nw.Decimal(DECIMAL_DIGITS, _scale(column, cells))
    dtypes: Mapping[ColumnType, Callable[[], nw.dtypes.DType]] = {
        ColumnType.DATE: nw.Date,
        ColumnType.INSTANT: lambda: nw.Datetime("us", "UTC"),
        ColumnType.INTEGER: nw.Int64,
        ColumnType.NUMBER: nw.Float64,
        ColumnType.BOOLEAN: nw.Boolean,
    }
    return dtypes.get(kind, nw.String)()


def _kind(column: Column) -> ColumnType:
    return column.shape.kind if isinstance(column.shape, Scalar) else ColumnType.JSON


def _scale(column: Column, cells: Iterable[CellValue | None]) -> int:
    """Return how many digits decimal numbers have after the point: as the schema says, else as many as one of them."""
    if isinstance(column.shape, Scalar) and column.shape.places is not None:
        return places_of(column.shape)
    fractions = (format(one, "f").partition(".")[2].rstrip("0") for one in cells if isinstance(one, Decimal))
    return max(map(len, fractions), default=0)
