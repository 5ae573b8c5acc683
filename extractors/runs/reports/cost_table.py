"""What runs have cost, as a table of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from slotfill.extractors.record.money import money_text
from slotfill.extractors.record.usage import count_text
from slotfill.extractors.runs.ledger.costs import By, Cost, Costs
from slotfill.extractors.runs.reports.console import printable

__all__ = ["cost_rows", "cost_table", "skipped_lines"]

_HEADERS: Mapping[By, str] = {"day": "day (UTC)", "hour": "hour (UTC)"}

_COLUMNS = ("tries", "in", "out", "of it thought", "cache read", "cache written", "cost", "of it lost")


def cost_table(costs: Costs) -> Iterator[str]:
    """Write the totals as lines of text, and a line for each ledger that could not be read."""
    lines = cost_rows(costs)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for first, *others in lines:
        aligned = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        yield "  ".join((first.ljust(widths[0]), *aligned))
    yield from skipped_lines(costs)


def skipped_lines(costs: Costs) -> Iterator[str]:
    """Write a line for each ledger that could not be read."""
    for path, reason in costs.skipped:
        yield printable(f"{path}: not counted: {reason}")


def cost_rows(costs: Costs) -> list[tuple[str, ...]]:
    """Return the cells of the totals: a header, a row for each, and the sum."""
    rows = [(printable(key), *_cells(cost)) for key, cost in costs.rows.items()]
    return [(_HEADERS.get(costs.by, costs.by), *_COLUMNS), *rows, ("total", *_cells(costs.total))]


def _cells(cost: Cost) -> tuple[str, ...]:
    usage = cost.usage
    tokens = (usage.input_tokens, usage.output_tokens, usage.thinking_tokens)
    cached = (usage.cache_read_tokens, usage.cache_write_tokens)
    return (*map(count_text, (cost.tries, *tokens, *cached)), money_text(cost.usd), money_text(cost.lost_usd))
