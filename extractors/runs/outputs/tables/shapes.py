"""The shape of a schema's values: objects, lists, and scalars that a cell holds. It depends on the schema alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from slotfill.extractors.errors import OutputError
from slotfill.schemas.json_schema.decimals import DECIMAL
from slotfill.schemas.json_schema.subschemas import resolve_local
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject

__all__ = ["ColumnType", "Items", "ObjectShape", "Scalar", "TableShape", "shape_of", "with_lists_as_cells"]

_MOST = 1_900
"""How many columns a schema may make: SQLite takes 2,000 a table, keys and the record's own included."""

_DEEPEST = 20
"""How many lists and objects a column may stand in: readers of Parquet refuse what is nested some 60 times."""


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
    """One cell.

    places, digits: how many digits a decimal number has after its point, and in all, where the schema says so.
    """

    kind: ColumnType
    places: int | None = None
    digits: int | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """A list whose items have one shape."""

    item: TableShape


@dataclass(frozen=True, slots=True)
class ObjectShape:
    """An object with at least one key that the schema names."""

    fields: Mapping[str, TableShape]


TableShape = Scalar | Items | ObjectShape


def shape_of(json_schema: JSONMapping) -> TableShape:
    """Read the shape of a schema's values: the types that it states, its local references followed.

    JSON text stands for unions, tuples, objects with no named key, parts without a type, parts that hold themselves,
    and what is nested more than 20 times.

    Raises OutputError where the schema makes more than 1,900 columns.
    """
    return _SchemaReader(json_schema).shape(json_schema, frozenset())


def with_lists_as_cells(shape: TableShape) -> TableShape:
    """Return the shape with each list as one cell of JSON."""
    if isinstance(shape, ObjectShape):
        return ObjectShape({key: with_lists_as_cells(part) for key, part in shape.fields.items()})
    return shape if isinstance(shape, Scalar) else Scalar(ColumnType.JSON)


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


class _SchemaReader:
    """Reads one schema, and counts what it makes of it."""

    def __init__(self, root: JSONMapping) -> None:
        self._root = root
        self._columns = 0

    def shape(self, node: JSONMapping, above: frozenset[int]) -> TableShape:
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

    def _typed(self, node: JSONMapping, within: frozenset[int], known: dict[int, JSONMapping]) -> list[JSONObject]:
        """Return the parts that state a type: references, unions and an `allOf` of one are followed, each once.

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


def _types(part: JSONMapping) -> set[str]:
    """Return the types that a part states; none for one that states none."""
    if "type" in part:
        return {part["type"]} if isinstance(part["type"], str) else set(part["type"])
    values = part["enum"] if "enum" in part else [part["const"]] if "const" in part else ()
    return {_type(value) for value in values}


def _type(value: JSON) -> str:
    names = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _scalars(part: JSONMapping) -> set[Scalar]:
    types = _types(part) - {"null"}
    if DECIMAL in part and types & {"string", "number"}:
        marked = part[DECIMAL]
        return {Scalar(ColumnType.DECIMAL, marked.get("decimal_places"), marked.get("max_digits"))}
    if types == {"string"}:
        return {Scalar(_FORMATS.get(part.get("format", ""), ColumnType.TEXT))}
    return {Scalar(_KINDS.get(name, ColumnType.JSON)) for name in types} or {_JSON}


def _united(scalars: set[Scalar]) -> Scalar:
    """Return the one cell that holds what all of these do."""
    if len(scalars) == 1:
        return next(iter(scalars))
    kinds = {scalar.kind for scalar in scalars}
    if kinds == {ColumnType.INTEGER, ColumnType.NUMBER}:
        return Scalar(ColumnType.NUMBER)
    return Scalar(ColumnType.TEXT) if kinds and kinds <= _TEXTS else _JSON
