"""What each cell of a row is for: the fields of a list's entries, filled from one line with no question asked.

A field takes the cell of its kind whose column's head names it, or whose unit its name asks for, or the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from slotfill.extractors.local.candidates.rows import RowCell, TextRow
from slotfill.extractors.local.candidates.stated import COUNT_WORDS, DECIMALS, MONEY_WORDS, stated_values
from slotfill.extractors.local.strategies import Field, FieldPath, Line, Stated

if TYPE_CHECKING:
    from slotfill.schemas.json_values.json_types import JSON

__all__ = ["cell_values", "fewest_cells"]

LATE = frozenset("amount sum total".split())  # noqa: SIM905 - a list of words
"""What the last sum of a row is: it is the product of those before."""

SYNONYMS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(
        ("description", "item", "name", "product", "article", "position", "title"),
        frozenset(("description", "item", "name", "product", "article", "position", "title", "details")),
    ),
    **dict.fromkeys(
        ("quantity", "qty", "count", "number", "units"),
        frozenset(("quantity", "qty", "count", "no", "units", "pcs", "pieces", "hours")),
    ),
    **dict.fromkeys(("price", "cost", "rate"), frozenset(("price", "cost", "unit", "rate", "each"))),
    **dict.fromkeys(("total", "amount", "sum"), frozenset(("total", "amount", "sum"))),
}
"""What heads of columns are called, by a word of a field's name."""


def fewest_cells(fields: Sequence[Field]) -> int:
    """Return how many cells a row must have to hold the fields that must not be empty: two at least."""
    needed = [field for field in fields if isinstance(field.strategy, Stated | Line) and field.strategy.is_required]
    return max(2, min(len(needed), 3))


def cell_values(fields: Sequence[Field], row: TextRow, fits: Callable[[JSON, JSON], bool]) -> dict[FieldPath, JSON]:
    """Fill fields from a row's cells, each cell once; what no cell holds is left out.

    fits: whether a value is valid for a schema.
    """
    free = dict(enumerate(row.cells))
    values: dict[FieldPath, JSON] = {}
    for field in sorted(fields, key=lambda field: not isinstance(field.strategy, Stated)):
        options = [(at, value) for at, cell in free.items() for value in _readings(field, cell, fits)]
        if options:
            at, values[field.path] = max(options, key=lambda option: _rank(field, row, *option))
            del free[at]
    return values


def _readings(field: Field, cell: RowCell, fits: Callable[[JSON, JSON], bool]) -> Iterator[JSON]:
    match field.strategy:
        case Stated() as stated if cell.kind != "text" and not (_counts(field) and DECIMALS.search(cell.text)):
            wanted = "number" if stated.kind == "number" else "date"
            if cell.kind == wanted:
                found = stated_values(
                    cell.text, stated.kind, lambda value: fits(value, stated.schema), as_text=stated.as_text
                )
                yield from (one.value for one in found[:1])
        case Line() as line if cell.kind == "text" and not line.many:
            if line.shortest <= len(cell.text) <= line.longest:
                yield cell.text


def _counts(field: Field) -> bool:
    """Whether a field's name says that it is no sum: how many there are."""
    words = {*field.heading.casefold().split()}
    return bool(words & COUNT_WORDS) and not words & MONEY_WORDS


def _rank(field: Field, row: TextRow, at: int, _: JSON) -> tuple[int, int, int]:
    """Rank a cell for a field: by its column's head, by its unit, by its place."""
    words = {*field.heading.casefold().split()}
    names = words.union(*(SYNONYMS.get(word, frozenset()) for word in words))
    # A row that begins with a count has a cell more than its head.
    heads = row.heads if len(row.heads) == len(row.cells) else ()
    headed = len(names & {*heads[at].casefold().replace(".", " ").split()}) if heads else 0
    is_money = any(sign in row.cells[at].text for sign in ".,$\u20ac\u00a3") or any(
        map(str.isalpha, row.cells[at].text)
    )
    unit = int(bool(words & MONEY_WORDS) and is_money) + int(bool(words & COUNT_WORDS) and not is_money)
    if isinstance(field.strategy, Line):
        unit = 0
    return headed, unit, at if words & LATE else -at
