"""A table of what a proposed schema gave of the samples: a row a field, a column a sample."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from slotfill.extractors.runs.reports.console import printable
from slotfill.extractors.suggestion.proposal import Proposal, ProposedField, ProposedPart
from slotfill.extractors.suggestion.trial import SampleResult
from slotfill.schemas.json_values.exact_json import dumps
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["sample_table"]

MOST_SHOWN = 4
"""How many samples have a column."""

WIDEST_CELL = 24
"""Columns of a terminal that a cell may take."""

ABSENT_CELL, NO_VALUE = "-", "failed"


def sample_table(proposal: Proposal, results: Sequence[SampleResult]) -> Iterator[str]:
    """Write the table as lines of text, and below it what is not in it: further samples, and why some failed."""
    shown = results[:MOST_SHOWN]
    head = ("field", "type", "in", *(_source(result.source) for result in shown))
    rows = [head, *_rows(proposal.fields, [result.value for result in results])]
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
    if len(results) > len(shown):
        yield f"and {len(results) - len(shown)} more samples, which `in` counts too"
    for result in results:
        if result.problem:
            yield printable(f"{result.source}: {NO_VALUE}: {result.problem}".replace("\n", " "))


def _rows(fields: Sequence[ProposedField], values: Sequence[JSON]) -> Iterator[tuple[str, ...]]:
    for one in fields:
        yield _row(_clipped(one.name), one, [[value] if isinstance(value, dict) else None for value in values])
        for part in one.fields:
            inner = [_objects(value.get(one.name)) if isinstance(value, dict) else None for value in values]
            yield _row(f"  {_clipped(part.name)}", part, inner)


def _objects(value: JSON) -> list[JSON]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]


def _row(name: str, field: ProposedField | ProposedPart, samples: Sequence[list[JSON] | None]) -> tuple[str, ...]:
    """Write a row. samples: the objects of each that may hold the field, None where the sample has no value at all."""
    held = [None if objects is None else [*_present(objects, field.name)] for objects in samples]
    kind = f"{field.type}, several" if field.many else field.type
    cells = (NO_VALUE if values is None else _cell(values) for values in held[:MOST_SHOWN])
    return (name, kind, f"{sum(map(bool, held))}/{len(held)}", *cells)


def _present(objects: Sequence[JSON], name: str) -> Iterator[JSON]:
    yield from (one[name] for one in objects if one.get(name) not in (None, "", []))


def _cell(values: Sequence[JSON]) -> str:
    return _clipped("; ".join(map(_text, values))) if values else ABSENT_CELL


def _text(value: JSON) -> str:
    if isinstance(value, list):
        return f"{len(value)} of them" if isinstance(value[0], dict) else "; ".join(map(_text, value))
    if isinstance(value, dict):
        return "one"
    return value if isinstance(value, str) else dumps(value)


def _source(name: str) -> str:
    """Write the end of a name: what stands before it, samples of a folder share."""
    plain = printable(name)
    return plain if len(plain) <= WIDEST_CELL else f"…{plain[1 - WIDEST_CELL :]}"


def _clipped(text: str) -> str:
    line = printable(" ".join(text[: 10 * WIDEST_CELL].split()))
    if _width(line) <= WIDEST_CELL:
        return line
    while _width(line) > WIDEST_CELL - 1:
        line = line[:-1]
    return f"{line}…"


def _width(text: str) -> int:
    """Return how many columns a terminal gives a text: letters of East Asia take two, what goes on a letter none."""
    return sum(_columns(letter) for letter in text)


def _columns(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
