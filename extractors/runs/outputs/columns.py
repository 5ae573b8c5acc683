"""Values as rows: a JSON Schema says which columns there are, a value what stands in them. Pure.

The columns depend on the schema alone. What of a value has no column, or does not fit the one it has, is the row's
rest: a mapping from JSON Pointers to plain JSON, so that a row never loses anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from slotfill.extractors.errors import OutputError
from slotfill.extractors.record.json_text import escaped, json_text
from slotfill.schemas.json_schema.decimals import DECIMAL
from slotfill.schemas.json_schema.subschemas import resolve_local
from slotfill.schemas.json_values.pointer import join
from slotfill.schemas.json_values.wrapper import WRAPPER

__all__ = [
    "CellWriter",
    "Column",
    "ColumnType",
    "Items",
    "MisfitError",
    "Names",
    "ObjectShape",
    "Scalar",
    "TableShape",
    "cell",
    "columns_of",
    "fit",
    "shape_of",
    "standing_in",
    "with_lists_as_cells",
]

_MOST = 1_900
"""How many columns a schema may make: SQLite takes 2,000 a table, keys and the record's own included."""

_DEEPEST = 20
"""How many lists and objects a column may stand in: readers of Parquet refuse what is nested some 60 times."""

_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?", re.ASCII)

_BEYOND = 2**63
"""The first integer that 64 bits do not hold."""


class ColumnType(StrEnum):
    """What one cell holds. JSON stands for whatever has no single type: its JSON text."""

    TEXT = "text"
    DATE = "date"
    INSTANT = "instant"
    INTEGER = "integer"
    NUMBER = "number"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Scalar:
    """One cell. places: how many digits a decimal number has after its point, where the schema says so."""

    kind: ColumnType
    places: int | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """A list whose items have one shape."""

    item: TableShape


@dataclass(frozen=True, slots=True)
class ObjectShape:
    """An object with at least one key that the schema names."""

    fields: Mapping[str, TableShape]


TableShape = Scalar | Items | ObjectShape


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, the keys that lead to it, and what stands in it (no `ObjectShape`)."""

    name: str
    path: tuple[str, ...]
    shape: TableShape


class MisfitError(ValueError):
    """A value that a cell of this kind cannot hold."""


CellWriter = Callable[[Scalar, Any], Any]
"""Gives a value, which is not null, as a cell holds it. Raises MisfitError."""


class Names:
    """Gives each column a name of its own, whatever the case: databases tell no `Name` from a `name`."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {name.casefold() for name in taken}

    def give(self, name: str) -> str:
        """Give the name, with a number where it is taken: `name_2`. Controls are escaped, and no name is empty."""
        name = free = escaped(name) or "_"
        number = 2
        while free.casefold() in self._taken:
            free, number = f"{name}_{number}", number + 1
        self._taken.add(free.casefold())
        return free


def shape_of(json_schema: Mapping[str, Any]) -> TableShape:
    """Read the shape of a schema's values: the types that it states, its local references followed.

    JSON text stands for unions, tuples, objects with no named key, parts without a type, parts that hold themselves,
    and what is nested more than 20 times.

    Raises OutputError where the schema makes more than 1,900 columns.
    """
    return _Reading(json_schema).shape(json_schema, frozenset())


def with_lists_as_cells(shape: TableShape) -> TableShape:
    """Give the shape with each list as one cell of JSON."""
    if isinstance(shape, ObjectShape):
        return ObjectShape({key: with_lists_as_cells(part) for key, part in shape.fields.items()})
    return shape if isinstance(shape, Scalar) else Scalar(ColumnType.JSON)


def columns_of(shape: TableShape, names: Names, path: tuple[str, ...] = ()) -> tuple[Column, ...]:
    """Give the columns of a shape in the schema's order, keys joined by dots; what is no object is `value`."""
    if isinstance(shape, ObjectShape):
        return tuple(column for key, part in shape.fields.items() for column in columns_of(part, names, (*path, key)))
    return (Column(names.give(".".join(path) if path else WRAPPER), path, shape),)


def fit(shape: TableShape, value: Any, cell: CellWriter) -> tuple[Any, dict[str, Any]]:
    """Give the value with all keys of its shape and no others, null where there is nothing; and its rest."""
    rest: dict[str, Any] = {}
    return _fitted(shape, value, cell, (), rest), rest


def standing_in(column: Column, fitted: Any) -> Any:
    """Give what stands in a column of a value that `fit` gave."""
    for key in column.path:
        fitted = None if fitted is None else fitted[key]
    return fitted


def cell(shape: Scalar, value: Any) -> Any:
    """Give a value as text, a 64-bit integer, a number that is no other as a float, a Decimal, a bool, or JSON text.

    Raises MisfitError. Dates and instants stay the texts that they are.
    """
    if shape.kind is ColumnType.JSON:
        return json_text(value)
    given = _TAKEN[shape.kind](value)
    if given is None:
        raise MisfitError
    return given


def _text(value: Any) -> str | None:
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else None


def _integer(value: Any) -> int | None:
    held = _is_number(value) and -_BEYOND <= value < _BEYOND and int(value) == value
    return int(value) if held else None  # 3.0 is an integer to JSON Schema


def _number(value: Any) -> float | None:
    with suppress(OverflowError):
        if _is_number(value) and float(value) == value:
            return value  # type: ignore[no-any-return]  # a number as it was written, 3 or 3.0
    return None


def _decimal(value: Any) -> Decimal | None:
    """Read a decimal number, which JSON holds as a string; NaN and infinity are none."""
    return Decimal(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else None


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TAKEN: Mapping[ColumnType, Callable[[Any], Any]] = {
    ColumnType.TEXT: _text,
    ColumnType.DATE: _text,
    ColumnType.INSTANT: _text,
    ColumnType.INTEGER: _integer,
    ColumnType.NUMBER: _number,
    ColumnType.DECIMAL: _decimal,
    ColumnType.BOOLEAN: _boolean,
}


def _fitted(shape: TableShape, value: Any, cell: CellWriter, path: tuple[str | int, ...], rest: dict[str, Any]) -> Any:
    if value is None:
        return None
    if isinstance(shape, Items) and isinstance(value, list):
        return [_fitted(shape.item, item, cell, (*path, at), rest) for at, item in enumerate(value)]
    if isinstance(shape, ObjectShape) and isinstance(value, dict):
        rest.update((join((*path, key)), free) for key, free in value.items() if key not in shape.fields)
        return {key: _fitted(part, value.get(key), cell, (*path, key), rest) for key, part in shape.fields.items()}
    if isinstance(shape, Scalar):
        with suppress(MisfitError):
            return cell(shape, value)
    rest[join(path)] = value
    return None


_JSON = Scalar(ColumnType.JSON)
_KINDS = {
    "string": ColumnType.TEXT,
    "integer": ColumnType.INTEGER,
    "number": ColumnType.NUMBER,
    "boolean": ColumnType.BOOLEAN,
}
_FORMATS = {"date": ColumnType.DATE, "date-time": ColumnType.INSTANT}
_TEXTS = {ColumnType.TEXT, ColumnType.DATE, ColumnType.INSTANT, ColumnType.DECIMAL}
_UNIONS = ("anyOf", "oneOf", "allOf")


class _Reading:
    """Reads one schema, and counts what it makes of it."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._columns = 0

    def shape(self, node: Any, above: frozenset[int]) -> TableShape:
        """Read a part. above: the parts that it stands in, by identity."""
        self._columns += 1
        if self._columns > _MOST:
            raise OutputError(f"the schema makes more than {_MOST:,} columns: write .jsonl, or a folder")
        typed = [part for part in self._typed(node, frozenset(), {}) if _types(part) != {"null"}]
        if len(typed) == 1 and id(typed[0]) not in above and len(above) < _DEEPEST:
            part, types = typed[0], _types(typed[0]) - {"null"}
            if types == {"object"} and part.get("properties"):
                inside = above | {id(part)}
                return ObjectShape({key: self.shape(inner, inside) for key, inner in part["properties"].items()})
            if types == {"array"} and isinstance(part.get("items"), dict) and "prefixItems" not in part:
                return Items(self.shape(part["items"], above | {id(part)}))
        return _united({scalar for part in typed for scalar in _scalars(part)})

    def _typed(self, node: Any, within: frozenset[int], known: dict[int, Any]) -> list[dict[str, Any]]:
        """Give the parts that state a type: references, unions and an `allOf` of one are followed, each once.

        within: the unions that the part stands in. known: those that were followed, by identity.
        """
        part = resolve_local(node, self._root)
        if id(part) not in within and not part.keys() & {"type", "enum", "const"}:
            for union in filter(part.__contains__, _UNIONS):
                if union != "allOf" or len(part[union]) == 1:
                    if id(part) in known:
                        return []
                    known[id(part)] = part
                    inside = within | {id(part)}
                    return [typed for branch in part[union] for typed in self._typed(branch, inside, known)]
        return [part]


def _types(part: Mapping[str, Any]) -> set[str]:
    """Give the types that a part states; none for one that states none."""
    if "type" in part:
        return {part["type"]} if isinstance(part["type"], str) else set(part["type"])
    values = part["enum"] if "enum" in part else [part["const"]] if "const" in part else ()
    return {_type(value) for value in values}


def _type(value: Any) -> str:
    names = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _scalars(part: Mapping[str, Any]) -> set[Scalar]:
    types = _types(part) - {"null"}
    if types == {"string"}:
        return {_of_string(part)}
    return {Scalar(_KINDS.get(name, ColumnType.JSON)) for name in types} or {_JSON}


def _of_string(part: Mapping[str, Any]) -> Scalar:
    if DECIMAL in part:
        return Scalar(ColumnType.DECIMAL, part[DECIMAL].get("decimal_places"))
    return Scalar(_FORMATS.get(part.get("format", ""), ColumnType.TEXT))


def _united(scalars: set[Scalar]) -> Scalar:
    """Give the one cell that holds what all of these do."""
    if len(scalars) == 1:
        return next(iter(scalars))
    kinds = {scalar.kind for scalar in scalars}
    if kinds == {ColumnType.INTEGER, ColumnType.NUMBER}:
        return Scalar(ColumnType.NUMBER)
    return Scalar(ColumnType.TEXT) if kinds and kinds <= _TEXTS else _JSON
