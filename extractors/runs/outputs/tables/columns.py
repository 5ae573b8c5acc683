"""The columns of a shape: their names, and what of a value stands in each. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from slotfill.extractors.record.json_text import escaped
from slotfill.extractors.runs.outputs.tables.shapes import ObjectShape, TableShape
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.json_values.wrapper import WRAPPER

__all__ = ["Column", "Names", "columns_of", "standing_in"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, the keys that lead to it, and what stands in it (no `ObjectShape`)."""

    name: str
    path: tuple[str, ...]
    shape: TableShape


class Names:
    """Gives each column a name of its own, whatever the case: databases tell no `Name` from a `name`."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {name.casefold() for name in taken}

    def give(self, name: str) -> str:
        """Return the name, with a number where it is taken: `name_2`. Controls are escaped, and no name is empty."""
        name = free = escaped(name) or "_"
        number = 2
        while free.casefold() in self._taken:
            free, number = f"{name}_{number}", number + 1
        self._taken.add(free.casefold())
        return free


def columns_of(shape: TableShape, names: Names, path: tuple[str, ...] = ()) -> tuple[Column, ...]:
    """Return the columns of a shape in the schema's order, keys joined by dots; what is no object is `value`."""
    if isinstance(shape, ObjectShape):
        return tuple(column for key, part in shape.fields.items() for column in columns_of(part, names, (*path, key)))
    return (Column(names.give(".".join(path) if path else WRAPPER), path, shape),)


def standing_in(column: Column, fitted: JSON) -> JSON:
    """Return what stands in a column of a value that `fit` gave."""
    for key in column.path:
        fitted = None if fitted is None else fitted[key]
    return fitted
