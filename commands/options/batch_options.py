"""Options on the service's message batches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from slotfill.commands.options.option_groups import OptionGroup, option

if TYPE_CHECKING:
    from slotfill.extractors.batches.waves import BatchOptions

__all__ = ["BatchingOptions"]


@dataclass(frozen=True, slots=True)
class BatchingOptions(OptionGroup):
    """Whether a run goes through batches, and how."""

    title = "At half price, in batches"

    batch: bool = option(
        "--batch",
        is_flag=True,
        help="Ask by the service's message batches: at half price, within 24 hours, mostly far sooner. The same "
        "command goes on with them, whatever has ended it.",
    )
    tail: int | None = option(
        "--batch-tail",
        type=click.IntRange(min=0),
        metavar="N",
        help="Ask live what earlier batches have left, where that is N requests at most. [default: 50]",
    )
    no_wait: bool = option(
        "--no-wait", is_flag=True, help="Send the batches and leave: the same command reads them when they have ended."
    )

    @property
    def options(self) -> BatchOptions | None:
        """How the run goes through batches; None where it is asked live."""
        from slotfill.extractors.batches.waves import BatchOptions

        if not self.batch:
            return None
        options = BatchOptions(waits=not self.no_wait)
        return options if self.tail is None else replace(options, tail=self.tail)

    def check(self, *, stream: bool, cassette: bool) -> None:
        """Raise UsageError where it does not go with other options."""
        for name, is_set in (("--batch-tail", self.tail is not None), ("--no-wait", self.no_wait)):
            if is_set and not self.batch:
                raise click.UsageError(f"{name} is about batches: add --batch, or leave it out")
        for name, is_set in (("--stream", stream), ("--cassette", cassette)):
            if is_set and self.batch:
                raise click.UsageError(f"{name} is about requests that are answered at once: leave it or --batch out")
