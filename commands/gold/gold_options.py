"""Options on gold and what is held against it: which schema and model, where gold stands, what is written of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import click

from slotfill.commands.gold.html_option import html_option
from slotfill.commands.options.asking_options import complete_schema
from slotfill.commands.options.option_groups import OptionGroup, option
from slotfill.commands.options.usd_amounts import UsdAmount

__all__ = ["ComparedOptions", "GoldOptions", "ReportOptions", "check_outputs"]


@dataclass(frozen=True, slots=True)
class GoldOptions(OptionGroup):
    """What is extracted before it is held against gold, and how fields are compared."""

    title = "Extracting first"

    schema: str | None = option(
        "-s",
        "--schema",
        metavar="SCHEMA",
        shell_complete=complete_schema,
        help="The schema: it says how fields are compared, and with -m what is extracted.",
    )
    model: tuple[str, ...] = option(
        "-m", "--model", multiple=True, metavar="MODEL", help="Extract from gold's texts with this model first."
    )
    output: str | None = option(
        "-o",
        "--output",
        metavar="FILE.jsonl",
        help="Write the records to this file. [default: GOLD.records.jsonl, beside gold]",
    )
    max_cost: Decimal | None = option(
        "--max-cost",
        type=UsdAmount(),
        help="Never spend more, resumed parts included; what is left can be gone on with.",
    )
    concurrency: int | None = option(
        "--concurrency", type=click.IntRange(min=1), metavar="N", help="Documents in flight at once. [default: 8]"
    )
    text_field: str | None = option(
        "--text-field", metavar="NAME", help="Field or column that holds a row's text, where gold names rows."
    )


@dataclass(frozen=True, slots=True)
class ComparedOptions(OptionGroup):
    """What two sets of records are held against, and what is told."""

    gold: str | None = option("--gold", metavar="GOLD", help="The gold that both are held against.")
    schema: str | None = option("-s", "--schema", metavar="SCHEMA", help="The schema: it says how fields are compared.")
    as_json: bool = option("--json", is_flag=True, help="Write all figures as JSON.")
    html: Path | None = html_option()


@dataclass(frozen=True, slots=True)
class ReportOptions(OptionGroup):
    """What is told."""

    title = "Telling how good it is"

    as_json: bool = option("--json", is_flag=True, help="Write all figures, and each document's mistakes, as JSON.")
    html: Path | None = html_option()
    calibrate: Path | None = option(
        "--calibrate",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Learn how likely what is so sure is right, and write that for `extract --calibration`; needs -s.",
    )
    by: str | None = option(
        "--by",
        metavar="LABEL",
        help="Tell slices apart by a label of gold, such as lang; or by source (folder or file) or length, which need "
        "no label.",
    )


def check_outputs(outputs: Iterable[str | Path | None], inputs: Iterable[str | None]) -> None:
    """Refuse outputs that are read, or of which two are one file, before anything is asked or written.

    Raises click.UsageError.
    """
    written = [Path(name) for name in outputs if name not in (None, "-")]
    if len({path.resolve() for path in written}) < len(written):
        raise click.UsageError("one file is named for two outputs: name one for each")
    for name in inputs:
        for path in written:
            if name is not None and _is_of(path.resolve(), Path(name).resolve()):
                raise click.UsageError(f"{str(path)!r} is read, and would be overwritten: name another output")


def _is_of(output: Path, read: Path) -> bool:
    """Whether an output is what is read, or stands already in the folder that is."""
    return output == read or (read in output.parents and read.is_dir() and output.exists())
