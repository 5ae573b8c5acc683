"""Failures by kind: the first of each are told in full, the others counted, so that a thousand are a few lines."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator

__all__ = ["FailureDigest", "failure_extra"]

TOLD_IN_FULL = 3
"""So many failures of a kind."""

_KIND = "slotfill_failure_kind"


def failure_extra(kind: str) -> dict[str, str]:
    """Return what a log record takes as `extra` that tells of a failure of a kind."""
    return {_KIND: str(kind)}


class FailureDigest:
    """What of the lines on failures is written, and what in place of the others.

    Args:
        whereabouts: Where the others can be found.
        counts_up: Whether a line tells of the tenth, the hundredth and so on: not where a progress line counts them.
    """

    def __init__(self, whereabouts: str, *, counts_up: bool) -> None:
        self._whereabouts, self._counts_up = whereabouts, counts_up
        self._counts: Counter[str] = Counter()

    def replaced(self, record: logging.LogRecord) -> logging.LogRecord | None:
        """Return what is written of a line: itself, a count in its place, or nothing."""
        kind = getattr(record, _KIND, None)
        if kind is None:
            return record
        self._counts[kind] += 1
        count = self._counts[kind]
        if count <= TOLD_IN_FULL:
            return record
        is_step = set(str(count)[1:]) == {"0"} and str(count)[0] == "1"
        return _line(kind, count, f"{count:,} documents so far") if self._counts_up and is_step else None

    def end(self) -> Iterator[logging.LogRecord]:
        """Yield a line for each kind of which some were not told in full."""
        for kind, count in self._counts.items():
            if count > TOLD_IN_FULL:
                rest = count - TOLD_IN_FULL
                more = f"{rest:,} more {'document' if rest == 1 else 'documents'}, {count:,} in all"
                yield _line(kind, count, f"{more}{self._whereabouts and f': {self._whereabouts}'}")


def _line(kind: str, count: int, message: str) -> logging.LogRecord:
    data = {"data": {"error": {"type": kind}, "count": count}}
    return logging.getLogger("slotfill").makeRecord(
        "slotfill", logging.ERROR, "", 0, "%s: %s", (kind, message), None, extra=data
    )
