"""Which fields of a row are its text and its name, and which are carried along.

A field is named as it stands in the row: `text`, `review.body` where a key or a column is called so, or else by a path
into what is nested, `review.body` or `items.0.text`. A text may be of several fields, `title,body`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias

from slotfill.extractors.errors import InputError
from slotfill.extractors.record.failure_kinds import Failure
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.json_values.pointer import list_index

__all__ = ["NO_FIELD", "NumberedRow", "RowFields", "RowMapping", "check_fields", "field_of"]

RowMapping: TypeAlias = JSONMapping
"""A row's fields. A cell that cannot be decoded is the Failure that says why."""

NumberedRow: TypeAlias = tuple[int, RowMapping | Failure]
"""A row's number in its file, and the row, or why there is none."""

NO_FIELD: Final = object()
"""What a row holds in a field that it does not have, where null would be a value."""

_OUTPUT_NAMES = ("source", "value")
"""What each row of an output holds of its own."""

_MOST_NAMES = 50
"""So many fields an error names: an object may have a key for each of its members."""

_LONGEST_NAME = 60
"""So much of a name an error shows: a file that is no CSV has but one, which is all of it."""

_DEEPEST_NAME = 3
"""So many keys a path has that an error names."""


@dataclass(frozen=True, slots=True)
class RowFields:
    """The fields of a row that are read.

    Attributes:
        text: The field of its text, or several with commas between them, unless one is called so.
        id: That of its name; None where its number is its name.
        keep: Those that are carried along.
        is_named: Whether that of the text was named: a workbook is rows only then.
    """

    text: str = "text"
    id: str | None = None
    keep: tuple[str, ...] = ()
    is_named: bool = False

    @classmethod
    def of(cls, text: str | None, id_field: str | None, keep: Iterable[str]) -> RowFields:
        """Check what options say. Raises InputError for names that the rows of an output have of their own."""
        names = tuple(dict.fromkeys(keep))
        for name in names:
            if name in _OUTPUT_NAMES:
                raise InputError(
                    f"{name!r} cannot be carried along with --keep: each row of an output has a {name!r} of its own; "
                    "rename the field in the input"
                )
        return cls("text" if text is None else text, id_field, names, text is not None)

    @property
    def text_parts(self) -> tuple[str, ...]:
        """The fields of the text, where none is called as it is written: `title,body`."""
        return tuple(filter(None, (part.strip() for part in self.text.split(","))))

    @property
    def names(self) -> frozenset[str]:
        """All names by which a field may be asked for."""
        return frozenset(filter(None, (self.text, self.id, *self.text_parts, *self.keep)))

    def texts(self, row: RowMapping) -> list[tuple[str, JSON]]:
        """Return the fields of a row's text, each with its name, in order."""
        whole = field_of(row, self.text)
        parts = self.text_parts
        if whole is not NO_FIELD or len(parts) < 2:  # noqa: PLR2004 - one is no list
            return [(self.text, whole)]
        return [(part, field_of(row, part)) for part in parts]

    def missing(self, rows: Iterable[RowMapping]) -> Iterator[tuple[str, str]]:
        """Yield the fields that none of some rows has, each with the option that names it."""
        known = tuple(rows)

        def is_there(name: str) -> bool:
            return any(field_of(row, name) is not NO_FIELD for row in known)

        parts = (self.text,) if is_there(self.text) else self.text_parts or (self.text,)
        named = [*(("--text-field", part) for part in parts), *(("--keep", name) for name in self.keep)]
        if self.id is not None:
            named.insert(len(parts), ("--id-field", self.id))
        yield from ((option, name) for option, name in named if not is_there(name))


def field_of(row: JSON, name: str) -> JSON:
    """Return what an object holds in a field, NO_FIELD where it has none of that name and nothing at that path."""
    if isinstance(row, Mapping):
        if name in row:
            return row[name]
        head, dot, rest = name.partition(".")
        return field_of(row[head], rest) if dot and head in row else NO_FIELD
    if isinstance(row, list):
        head, dot, rest = name.partition(".")
        if (index := list_index(head)) is not None and index < len(row):
            return field_of(row[index], rest) if dot else row[index]
    return NO_FIELD


def check_fields(fields: RowFields, rows: Iterable[RowMapping], source: str, kind: str = "field") -> None:
    """Refuse fields that none of the first rows of a file has. kind: what errors call a field.

    Raises InputError, which names those that there are.
    """
    known = tuple(rows)
    for option, name in fields.missing(known):
        raise InputError(f"{source!r} has no {kind} {name!r}: there is {_listed(known)}; choose one with {option}")


def _listed(rows: Iterable[RowMapping]) -> str:
    names = dict.fromkeys(name for row in rows for name in _paths(row, _DEEPEST_NAME))
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(repr(_shortened(name)) for name in islice(names, _MOST_NAMES)) + more or "none"


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _paths(row: RowMapping, depth: int) -> Iterator[str]:
    """Yield the names of fields, of those that are nested their paths."""
    for name, value in row.items():
        if depth > 1 and isinstance(value, Mapping) and value:
            yield from (f"{name}.{path}" for path in _paths(value, depth - 1))
        else:
            yield name
