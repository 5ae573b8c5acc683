"""The order in which a page is read: its segments in rows, columns and tables.

A page whose lines are drawn from top to bottom stays as it is drawn. Any other is swept from top to bottom for
*regions*: rows one below the other that all leave the same stretch of the page's width free, a gutter.

    A heading over the whole page          crosses the gutter: a region by itself
    the left column     and the right      leave a gutter free: a region
    goes on here        one beside it
    A line over the whole page             ends the region

What stands on both sides of a gutter are columns, read one after the other, if the text of each flows (lines as long as
the column is wide) or each is drawn as a whole, as addresses side by side are. Otherwise it is a table, or labels with
their values, and is read row by row: short cells, drawn row by row.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from statistics import median, median_low

from slotfill.extractors.documents.readers.pdf.gutters import (
    OUTER,
    SAME_LINE,
    Interval,
    PageLine,
    Region,
    common_gutters,
    divided_at,
    free_of,
    lines_of,
    regions_of,
)
from slotfill.extractors.documents.readers.pdf.segments import Segment

__all__ = ["PageBlock", "PageRow", "page_blocks"]

PageRow = list[list[Segment]]
"""The cells of a line, each of which has segments, or none."""

_NEXT_LINE = 0.6
"""One that stands lower by so much is below another."""

_FLOWING_WIDTH = 9
"""A column of text is as wide as this, in heights of a line: some 20 letters. Cells of tables are seldom wider."""

_FLOWING_SHARE = 0.7
"""Half of the lines of a flowing text reach as far as this share of its longest."""

_FEW_GAPS = 0.25
"""Of so many lines of running text at most has one a wide gap, where it is spread to the column's width."""

_NEW_PARAGRAPH = 1.4
"""So much more than the usual distance between two lines tells paragraphs apart."""

_APART = 2.2
"""Lines so far apart, in heights of a line, need not belong to the same columns."""

_NUMERIC = re.compile(r"[^A-Za-z]*\d[^A-Za-z]*(?:[A-Z]{3}|%)?")

_DEEPEST = 8
"""Columns within columns within columns."""


@dataclass(frozen=True, slots=True)
class PageBlock:
    """Rows that follow each other, as a paragraph, a column or a table.

    Attributes:
        rows: The rows.
        is_table: Whether each row has a cell for each column, empty ones too.
        is_closed: Whether it stands apart from what comes before and after it, as columns and tables do.
    """

    rows: list[PageRow]
    is_table: bool = False
    is_closed: bool = False


def page_blocks(text: str, segments: Sequence[Segment]) -> Iterator[PageBlock]:
    """Yield what is written on a page in reading order: first what most of it is written like, then what is turned."""
    directions: dict[int | None, list[Segment]] = {}
    for segment in segments:
        directions.setdefault(segment.quarters, []).append(segment)
    for group in sorted(directions.values(), key=lambda group: -sum(one.end - one.start for one in group)):
        is_askew = group[0].quarters is None
        blocks = [_as_drawn(group)] if is_askew else _blocks(text, group)
        for block in blocks:
            yield from [block] if block.is_table or is_askew else _paragraphs(block)


def _blocks(text: str, segments: Sequence[Segment], depth: int = 0) -> list[PageBlock]:
    """Return segments, which come as they are drawn, as blocks in reading order."""
    if depth > _DEEPEST or _falls(segments):
        return [_as_drawn(segments)]
    blocks: list[PageBlock] = []
    for region in regions_of(lines_of(segments)):
        for block in _region_blocks(text, region, depth):
            if blocks and not (block.is_closed or blocks[-1].is_closed):
                blocks[-1].rows.extend(block.rows)
            else:
                blocks.append(block)
    return blocks


def _as_drawn(segments: Sequence[Segment]) -> PageBlock:
    return PageBlock([[[segment]] for segment in segments])


def _falls(segments: Sequence[Segment]) -> bool:
    """Whether each segment is drawn on a line of its own, below the one before."""
    return all(after.base - one.base >= _NEXT_LINE * min(one.size, after.size) for one, after in pairwise(segments))


def _region_blocks(text: str, region: Region, depth: int) -> Iterator[PageBlock]:
    for gutters in _choices(region.gutters):
        columns = divided_at(region.segments, gutters)
        if _are_columns(text, columns):
            leftward = _is_leftward(region.segments)
            for column in reversed(columns) if leftward else columns:
                yield from (replace(block, is_closed=True) for block in _blocks(text, column, depth + 1))
            return
    stacks = [*_stacks(region.lines)]
    if len(stacks) == 1:
        yield from _row_blocks(region.lines)
    else:
        for part in chain.from_iterable(map(regions_of, stacks)):
            yield from _region_blocks(text, part, depth)


def _choices(gutters: list[Interval]) -> Iterator[list[Interval]]:
    """Yield which gutters may part columns: all, or one alone, the widest first."""
    if gutters:
        yield gutters
    if len(gutters) > 1:
        yield from ([gutter] for gutter in sorted(gutters, key=lambda one: one[0] - one[1]))


def _stacks(lines: Sequence[PageLine]) -> Iterator[list[PageLine]]:
    """Divide lines where much room is between two."""
    stack: list[PageLine] = []
    for line in lines:
        if stack and line[0].base - stack[-1][0].base > _APART * line[0].size:
            yield stack
            stack = []
        stack.append(line)
    yield stack


def _is_leftward(segments: Sequence[Segment]) -> bool:
    return 2 * sum(one.leftward for one in segments) > len(segments)


def _are_columns(text: str, columns: list[list[Segment]]) -> bool:
    """Whether the sides of gutters are read one after the other."""
    if not _are_beside_each_other(columns):
        return False
    if all(map(_flows, columns)):
        return True
    order = sorted((segment.order, number) for number, column in enumerate(columns) for segment in column)
    visits = 1 + sum(one[1] != next_one[1] for one, next_one in pairwise(order))
    return visits == len(columns) and not any(_is_part_of_rows(text, column) for column in columns)


_FEWEST_LINES = 2


def _are_beside_each_other(columns: list[list[Segment]]) -> bool:
    """Whether each column has two lines or more at a height at which the others have some, too."""
    if not columns:
        return False
    top = max(min(one.base - one.size for one in column) for column in columns)
    bottom = min(max(one.base + SAME_LINE * one.size for one in column) for column in columns)
    return all(len(lines_of([one for one in column if top < one.base < bottom])) >= _FEWEST_LINES for column in columns)


def _flows(column: list[Segment]) -> bool:
    """Whether a column is running text: its lines are long, most nearly as long as the longest, and have few gaps."""
    lines = lines_of(column)
    widths = [line[-1].right - line[0].left for line in lines]
    enough = max(_FLOWING_WIDTH * column[0].size, _FLOWING_SHARE * max(widths))
    gaps = len(column) - len(lines)
    return len(lines) > _FEWEST_LINES and median(widths) >= enough and gaps <= _FEW_GAPS * len(lines)


def _is_part_of_rows(text: str, column: list[Segment]) -> bool:
    """Whether a column has labels alone, `Total:`, or figures: what belongs to them stands beside them."""
    lines = [" ".join(text[one.start : one.end] for one in line).strip() for line in lines_of(column)]
    return 2 * sum(line.endswith(":") or bool(_NUMERIC.fullmatch(line)) for line in lines) > len(lines)


# What is read row by row.


def _row_blocks(lines: Sequence[PageLine]) -> Iterator[PageBlock]:
    """Divide lines into tables, where three columns or more tell, and other lines.

    A table grows, up and down, from the line that has most cells, as long as no line closes a gutter.
    """
    tables: dict[int, Region] = {}
    free_lines = set(range(len(lines)))
    for seed in sorted(free_lines, key=lambda number: -len(free_of(lines[number]))):
        if len(lines[seed]) < _TABLE_COLUMNS:
            break
        if seed in free_lines:
            first, region = _grown(lines, seed, free_lines)
            if _is_table(region):
                tables[first] = region
                free_lines -= {*range(first, first + len(region.lines))}
    at = 0
    for first, table in sorted(tables.items()):
        yield from _plain(lines[at:first])
        yield PageBlock([_read(divided_at(line, table.gutters)) for line in table.lines], is_table=True, is_closed=True)
        at = first + len(table.lines)
    yield from _plain(lines[at:])


def _plain(lines: Sequence[PageLine]) -> Iterator[PageBlock]:
    if lines:
        yield PageBlock([_read([[one] for one in line]) for line in lines])


def _grown(lines: Sequence[PageLine], seed: int, takes: Container[int]) -> tuple[int, Region]:
    """Return the lines around a line that leave its gutters free, and the number of the first."""
    first = last = seed
    free = free_of(lines[seed])
    for step in (1, -1):
        at = seed + step
        while at in takes:
            line, neighbour = lines[at][0], lines[at - step][0]
            common = common_gutters(free, free_of(lines[at]), _TABLE_GAP * line.size)
            loses = len(common) < len(free) and (first < last or len(common) < OUTER + _TABLE_COLUMNS - 1)
            if loses or abs(line.base - neighbour.base) > _FAR * line.size:
                break
            free, first, last = common, min(first, at), max(last, at)
            at += step
    return first, Region([*lines[first : last + 1]], free[1:-1])


def _is_table(region: Region) -> bool:
    cells = (sum(map(bool, divided_at(line, region.gutters))) for line in region.lines)
    return sum(count >= _TABLE_COLUMNS for count in cells) >= _FEWEST_LINES


_TABLE_COLUMNS = 3

_TABLE_GAP = 0.3
"""What is free between the cells of two lines may be this narrow, in heights of a line; within a line it is wide."""

_FAR = 3.0
"""The rows of a table are no further apart, in heights of a line."""


def _read(row: PageRow) -> PageRow:
    """Turn a row around that is read from right to left."""
    leftward = _is_leftward([one for cell in row for one in cell])
    return [cell[::-1] for cell in row[::-1]] if leftward else row


def _paragraphs(block: PageBlock) -> Iterator[PageBlock]:
    """Divide a block where its lines stand further apart than they do as a rule."""
    bases = [_first(row).base for row in block.rows]
    steps = [after - before for before, after in pairwise(bases)]
    usual = median_low(steps) if steps else 0.0
    rows = block.rows[:1]
    for row, step in zip(block.rows[1:], steps, strict=True):
        if step > _NEW_PARAGRAPH * max(usual, _first(row).size) or step < 0:
            yield PageBlock(rows)
            rows = []
        rows.append(row)
    yield PageBlock(rows)


def _first(row: PageRow) -> Segment:
    return next(one for cell in row for one in cell)
