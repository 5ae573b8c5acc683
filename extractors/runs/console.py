"""What an operator sees on standard error: log lines, a progress bar on a terminal, a closing line."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from slotfill.extractors.runs.engine import Tally

__all__ = ["LogFormat", "closing_line", "log_to_stderr", "printable", "progress", "transfer"]

LogFormat = Literal["text", "json"]

_LEVELS = {-1: logging.CRITICAL, 0: logging.ERROR, 1: logging.INFO, 2: logging.DEBUG}
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]|\n(?!\Z)")


def printable(text: str) -> str:
    """Show control characters as escapes, so that no file name or document drives a terminal."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        detail = getattr(record, "data", {}).get("detail", "").splitlines()
        # Indented, so that no text can pass for a line of the program's own.
        return "\n    ".join(map(printable, [record.getMessage(), *detail]))


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"time": self.formatTime(record), "level": record.levelname.lower(), "message": record.getMessage()}
        return json.dumps(line | getattr(record, "data", {}), ensure_ascii=True)


class _Stderr(logging.StreamHandler[Any]):
    """Writes to what standard error is at the time, so that a progress bar can redirect it."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


@contextmanager
def log_to_stderr(verbosity: int, log_format: LogFormat) -> Iterator[logging.Logger]:
    """Log slotfill's lines to standard error: at -1 what stops a run, at 0 failures too, at 1 all documents.

    At 2 come values, and what the SDK says of its requests, the documents' texts included.
    """
    handler = _Stderr()
    handler.setFormatter(_Json() if log_format == "json" else _Text())
    names = ("slotfill", "anthropic") if verbosity > 1 else ("slotfill",)
    loggers = [logging.getLogger(name) for name in names]
    before = [(logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.setLevel(_LEVELS[min(verbosity, 2)])
        logger.addHandler(handler)
        logger.propagate = False
    try:
        yield loggers[0]
    finally:
        for logger, (level, propagate) in zip(loggers, before, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
            logger.propagate = propagate


@contextmanager
def progress(total: int | None, *, wanted: bool) -> Iterator[Callable[[Tally], None]]:
    """Show how far a run is, on a terminal; give what to call after each document."""
    if not (wanted and sys.stderr.isatty()):
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[cost]}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total, cost="")
        yield lambda tally: bar.update(task, completed=tally.documents, cost=_cost(tally))


@contextmanager
def transfer() -> Iterator[Callable[[int, int], None]]:
    """Show how far a download is, on a terminal; give what to call with the bytes done and in all."""
    if not sys.stderr.isatty():
        yield lambda _, __: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def closing_line(tally: Tally) -> str:
    """Say in one line what a run has done."""
    missing = tally.documents - tally.extracted
    counts = [f"{tally.extracted} extracted"]
    if missing:
        bad = [f"{count} {outcome.value}" for outcome, count in sorted(tally.outcomes.items()) if not outcome.ok]
        counts.append(f"{missing} not ({', '.join(bad)})")
    tokens = f"{tally.usage.input_tokens:,} tokens in, {tally.usage.output_tokens:,} out"
    noun = "document" if tally.documents == 1 else "documents"
    return f"{tally.documents} {noun}: {', '.join(counts)}; {tokens}; {_cost(tally)}"


def _cost(tally: Tally) -> str:
    if tally.cost_usd is None:
        return "cost unknown"
    saved = f" (${tally.saved_usd:.4f} saved by the cache)" if tally.saved_usd and tally.saved_usd > 0 else ""
    return f"${tally.cost_usd:.4f}{saved}"
