"""Options on records of an earlier run that are taken over."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from slotfill.commands.options.option_groups import OptionGroup, option

__all__ = ["UpdatingOptions"]


@dataclass(frozen=True, slots=True)
class UpdatingOptions(OptionGroup):
    """Which records are taken over, and what is known of the schema that they are of."""

    title = "Taking over an earlier run"

    earlier: str | None = option(
        "--from",
        metavar="OLD",
        type=click.Path(),
        help="Take over what an earlier run has found: ask for what SCHEMA has gained or changed since alone, and of a "
        "changed document for the chunks that changed. OLD is a file or folder of records (--record), or any output "
        "whose ledger is still there.",
    )
    earlier_schema: str | None = option(
        "--from-schema",
        metavar="SCHEMA",
        help="The schema of records that do not say what their fields were asked by: those of an earlier slotfill.",
    )
    reworded: bool = option(
        "--reworded",
        is_flag=True,
        help="Instructions that have changed only say the same in other words: they change no field.",
    )

    def check(self, *, inputs: tuple[str, ...], outputs: tuple[str | None, ...], stream: bool) -> None:
        """Refuse what does not go together. Raises click.UsageError."""
        if self.earlier is None:
            if self.earlier_schema is not None or self.reworded:
                raise click.UsageError("--from-schema and --reworded are for --from: name the earlier records with it")
            return
        if stream:
            raise click.UsageError("--stream and --from exclude each other: what is taken over comes whole")
        place = Path(self.earlier).resolve()
        if place in [Path(name).resolve() for name in inputs]:
            raise click.UsageError("--from names an INPUT: it holds records of an earlier run, and no documents")
        if place in [Path(name).resolve() for name in outputs if name]:
            raise click.UsageError("--from names what this run would write: write to another file")
