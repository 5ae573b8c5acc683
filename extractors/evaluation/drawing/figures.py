"""Figures as people read them: shares in per cent with their interval, counts, money."""

from __future__ import annotations

from collections.abc import Sequence

from slotfill.extractors.evaluation.intervals import Score

__all__ = ["align", "counted", "interval_text", "percent", "score_text"]

UNKNOWN = "-"
"""Stands for what is not defined or not known."""


def percent(share: float | None) -> str:
    """Write a share, 0.914 as `91.4`; none as a hyphen."""
    return UNKNOWN if share is None else f"{100 * share:.1f}"


def interval_text(score: Score) -> str:
    """Write the interval of a figure, `88.0 to 94.1`; nothing where there is none."""
    return "" if score.low is None or score.high is None else f"{percent(score.low)} to {percent(score.high)}"


def score_text(score: Score) -> str:
    """Write a figure with its interval, `91.4 (88.0 to 94.1)`."""
    interval = interval_text(score)
    return f"{percent(score.value)} ({interval})" if interval else percent(score.value)


def counted(count: int, noun: str) -> str:
    """Write how many there are, `1 mistake`, `1,204 mistakes`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Write rows of cells as lines: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            (first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)))
        ).rstrip()
        for first, *others in rows
    ]
