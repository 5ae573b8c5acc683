"""The command line's options as a type checker sees them: one that is renamed is an error wherever it is used.

A `type: ignore` here stands for a mistake that has to be found.
"""

from __future__ import annotations

from decimal import Decimal
from typing import assert_type

from slotfill.commands.options.asking_options import AskingOptions
from slotfill.commands.options.reading_options import ReadingOptions
from slotfill.commands.options.running_options import RunningOptions
from slotfill.extractors.extractor import Extractor


def options(asking: AskingOptions, reading: ReadingOptions, running: RunningOptions) -> None:
    """Values have the types of their fields."""
    assert_type(asking.model, tuple[str, ...])
    assert_type(reading.limit, int | None)
    assert_type(running.max_cost, Decimal | None)
    Extractor("sentiment", model=asking.model, mend=asking.mend, effort=asking.effort, thinking=asking.thinking)


def mistakes(reading: ReadingOptions, running: RunningOptions) -> None:
    """Neither another name passes, nor another type, nor a change."""
    _ = reading.textfield  # type: ignore[attr-defined]
    Extractor("sentiment", timeout=running.if_running)  # type: ignore[call-overload]
    Extractor("sentiment", time_out=running.max_wait)  # type: ignore[call-overload]
    reading.limit = 3  # type: ignore[misc]
