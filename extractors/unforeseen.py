"""What nobody foresaw: an exception that one document causes ends that document, as a failure that names it.

A user's validator or serializer, a reply that no test has thought of, a defect of slotfill's own: none of these may
end a run, or come out of `extract`.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from traceback import walk_tb
from typing import Any, TypeVar

from slotfill.extractors.record.failure_kinds import Failure, FailureKind

__all__ = ["STOPS", "internal_failure", "unexpected"]

M = TypeVar("M")

STOPS = (KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError)
"""What ends the program, a generator or a task: it is no document's fault, and passes.

All else is caught as a BaseException: what a library in Rust panics with is no Exception.
"""

_PACKAGE = Path(__file__).parent.parent

_logger = logging.getLogger("slotfill")


def internal_failure(error: BaseException, source: str | None) -> Failure:
    """Name an exception by its class and its place, and log its traceback at the level DEBUG.

    source: of the document. The exception's own message is left out, as it may quote it: "an unexpected KeyError at
    models.py:17 in check".
    """
    message = f"{unexpected(error)}: the log has its traceback at level DEBUG (`slotfill extract -vv`)"
    _logger.debug("%s: %s", source or "the text", message, exc_info=error)
    return Failure(FailureKind.INTERNAL, message)


def unexpected(error: BaseException) -> str:
    """Say what an exception is and where it came from: of its own words, which may quote a document, nothing."""
    return f"an unexpected {type(error).__qualname__}{_place(error)}"


def _place(error: BaseException) -> str:
    """Say where an exception was raised, and where in slotfill, if that is elsewhere."""
    frames = [(frame.f_code, line) for frame, line in walk_tb(error.__traceback__)]
    if not frames:
        return ""
    own = [(code, line) for code, line in frames if Path(code.co_filename).is_relative_to(_PACKAGE)]
    raised = f" at {_named(*frames[-1])}"
    return raised if not own or own[-1] == frames[-1] else f"{raised}, under {_named(*own[-1])}"


def _named(code: Any, line: int) -> str:
    return f"{Path(code.co_filename).name}:{line} in {code.co_name}"
