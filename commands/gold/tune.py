"""`slotfill tune`: better instructions and examples for a schema, chosen by gold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from slotfill.commands.exit_codes import exit_code
from slotfill.commands.gold.gold_options import check_outputs
from slotfill.commands.options.asking_options import formats_option, schema_argument
from slotfill.commands.options.option_groups import GroupedCommand, OptionGroup, named_values, option, with_options
from slotfill.commands.options.reading_options import FileOptions
from slotfill.commands.options.usd_amounts import UsdAmount

if TYPE_CHECKING:
    from slotfill.extractors.evaluation.intervals import Score
    from slotfill.extractors.tuning.halving import TuningRung
    from slotfill.extractors.tuning.tuning_session import Tuning

__all__ = ["tune_command"]

_MOST_TOLD = 3
"""So many variants of a rung are shown on a terminal; the file has all."""


@dataclass(frozen=True, slots=True)
class TuneOptions(OptionGroup):
    """What is asked, and how far the search goes."""

    title = "Tuning"

    output: str = option(
        "-o", "--output", most_used=True, required=True, metavar="FILE.json", help="Where the tuned file goes."
    )
    model: str | None = option(
        "-m", "--model", most_used=True, metavar="MODEL", help="The model to tune for. [default: as of `extract`]"
    )
    max_cost: Decimal | None = option(
        "--max-cost",
        most_used=True,
        type=UsdAmount(),
        help="Never spend more, an earlier start included; what the report takes is held back.",
    )
    candidates: int = option(
        "--candidates",
        type=click.IntRange(min=1, max=200),
        default=16,
        show_default=True,
        metavar="N",
        help="How many other instructions and examples to try at first.",
    )
    seed: int = option("--seed", type=int, default=0, show_default=True, metavar="N", help="Of all that is drawn.")
    concurrency: int | None = option(
        "--concurrency", type=click.IntRange(min=1), metavar="N", help="Requests in flight at once. [default: 8]"
    )
    parameters: dict[str, str] = option(
        "-P",
        multiple=True,
        metavar="NAME=VALUE",
        callback=named_values,
        help="A parameter of the schema; `extract --tuned` takes the same.",
    )
    formats: Literal["check", "annotate"] | None = formats_option()
    text_field: str | None = option(
        "--text-field", metavar="NAME", help="Field or column that holds a row's text, where gold names rows."
    )
    quiet: bool = option("-q", "--quiet", is_flag=True, help="Say nothing but the result.")


@click.command(cls=GroupedCommand)
@schema_argument
@click.argument("gold", metavar="GOLD", type=click.Path())
@with_options
@click.pass_context
def tune_command(ctx: click.Context, /, schema: str, gold: str, *, tuning: TuneOptions, files: FileOptions) -> None:
    """Find better instructions and examples for SCHEMA, by GOLD.

    GOLD is divided in two. By the one part other examples (from it) and other instructions (by rules, and rewritten by
    the model, told of its mistakes) are tried, many on few documents, the better ones on more. On the other part, which
    nothing was chosen by, the best is held against SCHEMA as it is. The file that is written holds the best where it is
    shown to be better, else SCHEMA's own, with the account of all that was tried. Called again it asks nothing twice.

    \b
    slotfill tune feedback gold.jsonl --max-cost 2 -o tuned.json
    slotfill extract feedback mails/ --tuned tuned.json -o feedback.jsonl
    """
    from slotfill.extractors.runs.reports.logs import log_to_stderr

    with log_to_stderr(-1 if tuning.quiet else 0, "text"):
        ctx.exit(_tune(schema, gold, tuning, files))


def _tune(schema: str, gold: str, options: TuneOptions, files: FileOptions) -> int:
    """Tune, say what came of it, and return the exit code."""
    from slotfill.extractors.budgets.run_budgets import run_budgets
    from slotfill.extractors.errors import LedgerError, ModelError, StoppedError
    from slotfill.extractors.extractor import Extractor
    from slotfill.extractors.gold.gold_files import read_gold
    from slotfill.extractors.gold.gold_texts import with_texts
    from slotfill.extractors.settings import Settings
    from slotfill.extractors.tuning.tuning_session import tune
    from slotfill.extractors.tuning.variant_runs import VariantRuns
    from slotfill.schemas.sources.schema_sources import resolve

    resolved = resolve(schema, trusted=True, parameters=options.parameters, formats=options.formats)
    _check_output(options.output, gold)
    documents = with_texts(read_gold(gold), Path(gold).parent, text_field=options.text_field, **files.keywords)
    with Extractor(resolved, model=options.model) as extractor:
        model = extractor.model.id
    with run_budgets(
        (), {"command": "tune"}, Settings.read(), webhook=None, ledger=Path(options.output).absolute(), lasting=True
    ) as account:
        runs = VariantRuns(
            options.output,
            {"model": model},
            max_cost=options.max_cost,
            concurrency=options.concurrency,
            account=account,
            on_interrupt=lambda in_flight: _say(
                options, f"stopping: {in_flight} requests in flight will be finished first"
            ),
        )
        try:
            session = tune(
                resolved,
                documents,
                runs,
                model=model,
                variants=options.candidates,
                seed=options.seed,
                on_rung=_teller(options),
            )
        except (KeyboardInterrupt, ModelError, StoppedError, LedgerError) as error:
            reason = "interrupted" if isinstance(error, KeyboardInterrupt) else str(error)
            again = "The same command goes on: what is answered is not asked again"
            _echo(f"stopped: {reason}; {_spent(runs.spent)}. {again}")
            return exit_code(error)
    _write(session.tuned.write(), options.output)
    for line in _result(session, options.output):
        _echo(line)
    return exit_code(StoppedError(session.stopped)) if session.stopped else 0


def _check_output(output: str, gold: str) -> None:
    """Refuse an output before anything is asked that could not be written, or is what is read."""
    if Path(output).suffix.lower() != ".json":
        raise click.UsageError(f"--output {output!r} must end in .json: a tuned file is one JSON object")
    check_outputs((output,), (gold,))
    if Path(output).is_dir():
        raise click.UsageError(f"--output {output!r} is a folder")


def _teller(options: TuneOptions) -> Callable[[TuningRung, Sequence[float] | None], None]:
    """Return what tells of rungs as they start and end."""

    def tell(rung: TuningRung, scores: Sequence[float] | None) -> None:
        if scores is None:
            _say(options, f"{len(rung.variants)} candidates on {rung.documents} documents …")
            return
        best = sorted(zip(scores, rung.variants, strict=True), key=lambda pair: -pair[0])
        for score, variant in best[:_MOST_TOLD]:
            _say(options, f"  {score:.3f}  {variant.name}")

    return tell


def _result(session: Tuning, output: str) -> list[str]:
    """Say in a few lines what came of a session."""
    lines = [f"stopped: {session.stopped}"] if session.stopped else []
    if session.comparison is None:
        return [*lines, f"nothing could be reported: {output} holds the schema's own words; {_spent(session.spent)}"]
    result, best = session.comparison, session.choice.best
    on = f"on {result.documents} documents never looked at"
    if result.tuned is None or result.difference is None:
        lines.append(f"untuned {_scored(result.untuned)} {on}; nothing better was found among what was tried")
    else:
        difference = f"difference {_scored(result.difference, '+.2f')}"
        lines += [
            f"untuned {_scored(result.untuned)}, tuned {_scored(result.tuned)} {on}; {difference}: {result.verdict}",
            f"tuned: {best.name}",
        ]
    kept = "it" if session.tuned.better else "the schema's own words, and the account"
    return [*lines, f"{output} holds {kept}; {_spent(session.spent)}"]


def _scored(score: Score, form: str = ".2f") -> str:
    if score.value is None:
        return "undefined"
    ends = "" if score.low is None or score.high is None else f" [{score.low:{form}}, {score.high:{form}}]"
    return f"{score.value:{form}}{ends}"


def _spent(amount: Decimal | None) -> str:
    from slotfill.extractors.record.money import money_text

    return f"spent in all: {money_text(amount)}"


def _say(options: TuneOptions, line: str) -> None:
    if not options.quiet:
        _echo(line)


def _echo(line: str) -> None:
    from slotfill.extractors.runs.reports.console import printable

    click.echo(printable(line), err=True)


def _write(data: bytes, output: str) -> None:
    from slotfill.extractors.runs.outputs.atomic_files import AtomicFile

    file = AtomicFile(Path(output))
    try:
        file.write(data)
        file.commit()
    finally:
        file.discard()
