"""`slotfill evaluate`: how true results are."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotfill.commands.exit_codes import EXIT_INCOMPLETE
from slotfill.commands.gold.gold_options import GoldOptions, ReportOptions, check_outputs
from slotfill.commands.gold.gold_records import (
    extract_first,
    matched,
    run_cost,
    say,
    write_report,
    write_text,
)
from slotfill.commands.inputs import resolve_schema
from slotfill.commands.options.asking_options import PromptOptions
from slotfill.commands.options.option_groups import GroupedCommand, OptionGroup, option, with_options
from slotfill.commands.options.reading_options import FileOptions

if TYPE_CHECKING:
    from slotfill.extractors.evaluation.evaluation import Evaluation
    from slotfill.extractors.gold.matching import MatchedGold
    from slotfill.schemas.schema import Schema

__all__ = ["evaluate_command"]


@dataclass(frozen=True, slots=True)
class _CriteriaOptions(OptionGroup):
    title = ReportOptions.title

    fail_under: tuple[str, ...] = option(
        "--fail-under",
        multiple=True,
        metavar="F1[:PATH]=X",
        help="Exit with 1 where a figure is less: F1=0.9, precision:/total=0.95, recall=0.9, right=0.8; repeat it.",
    )


@click.command(cls=GroupedCommand)
@click.argument("gold", metavar="GOLD", type=click.Path())
@click.argument("records", metavar="[RECORDS]", required=False, type=click.Path())
@with_options
@click.pass_context
def evaluate_command(
    ctx: click.Context,
    /,
    gold: str,
    records: str | None,
    *,
    report: ReportOptions,
    criteria: _CriteriaOptions,
    first: GoldOptions,
    prompt: PromptOptions,
    files: FileOptions,
) -> None:
    """Say how true results are: hold RECORDS against GOLD.

    GOLD is a JSONL file, a document a line: {"text" or "source": …, "value": …}, or what `slotfill convert` reads.
    RECORDS is what `slotfill extract` wrote: lines of JSON, with --record or without, a folder, or an output whose
    ledger is there. They are matched by text, else by source; nothing is sent. With -s and -m in place of RECORDS the
    texts of gold are extracted first; the same command again pays nothing twice.

    \b
    slotfill evaluate gold.jsonl records.jsonl --html report.html
    slotfill evaluate gold.jsonl -s feedback -m local
    slotfill evaluate gold.jsonl records.jsonl --fail-under F1=0.9
    """
    from slotfill.extractors.evaluation.report.thresholds import Threshold

    thresholds = [Threshold.parse(text) for text in criteria.fail_under]
    evaluation = _evaluated(gold, records, first=first, prompt=prompt, files=files, report=report)
    failures = [failure for one in thresholds if (failure := one.failure(evaluation))]
    if report.as_json:
        click.echo(json.dumps(evaluation.to_json(), indent=2, ensure_ascii=False))
    else:
        _print(evaluation)
    for failure in failures:
        say(f"failed: {failure}")
    ctx.exit(EXIT_INCOMPLETE if failures else 0)


def _evaluated(
    gold_path: str,
    records: str | None,
    *,
    first: GoldOptions,
    prompt: PromptOptions,
    files: FileOptions,
    report: ReportOptions,
) -> Evaluation:
    from slotfill.extractors.evaluation.evaluation import evaluate_pairs
    from slotfill.extractors.gold.derived_labels import with_derived_label
    from slotfill.extractors.gold.gold_evaluation import comparing_schema
    from slotfill.extractors.gold.gold_files import read_gold
    from slotfill.extractors.gold.gold_texts import with_texts
    from slotfill.extractors.gold.stored_predictions import read_predictions

    schema = None if first.schema is None else resolve_schema(first.schema, prompt)
    _check_ways(records, schema, first)
    if report.calibrate is not None and schema is None:
        raise click.UsageError("--calibrate learns for one schema: name it with -s")
    check_outputs((report.html, report.calibrate, first.output), (gold_path, records))
    gold = read_gold(gold_path)
    if records is None and schema is not None:
        gold = with_texts(gold, Path(gold_path).parent, text_field=first.text_field, **files.keywords)
        predictions = extract_first(gold_path, gold, schema, first, prompt)
    else:
        predictions = read_predictions(records or "")
    pairs = matched(gold, predictions)
    labelled = with_derived_label(pairs.pairs, report.by or "")
    evaluation = evaluate_pairs(labelled, comparing_schema(schema, predictions), by=report.by)
    if report.calibrate is not None and schema is not None:
        _calibrate(report.calibrate, schema, evaluation, pairs)
    if report.html is not None:
        title = f"{schema.name if schema else Path(records or gold_path).name}, held against {Path(gold_path).name}"
        name = ", ".join(evaluation.spending.models) if evaluation.spending else "this run"
        write_report(report.html, evaluation, pairs, gold_path, title, run_cost(evaluation, name))
    return evaluation


def _calibrate(path: Path, schema: Schema[Any], evaluation: Evaluation, pairs: MatchedGold) -> None:
    """Learn from what was judged, and write it. Raises InputError where nothing has a confidence."""
    from slotfill.extractors.calibrating.field_curves import learn_curves
    from slotfill.extractors.extractions.loading import check_record
    from slotfill.extractors.record.json_text import json_text

    for _, record in pairs.pairs:
        if record is not None and "slotfill" in record:
            check_record(record)  # it may be anybody's
    judged = (
        (record, one.judged)
        for one, (_, record) in zip(evaluation.documents, pairs.pairs, strict=True)
        if record is not None and "slotfill" in record and record.get("value") is not None
    )
    write_text(f"{json_text(learn_curves(schema, judged).to_json(), indent=2)}\n", path)
    say(f"the calibration is in {path}")


def _check_ways(records: str | None, schema: Schema[Any] | None, first: GoldOptions) -> None:
    if records is None and (schema is None or not first.model):
        raise click.UsageError("name RECORDS, what `slotfill extract` wrote, or extract first with -s SCHEMA -m MODEL")
    if records is not None and first.model:
        raise click.UsageError("RECORDS and -m exclude each other: records are scored as they are")


def _print(evaluation: Evaluation) -> None:
    from slotfill.extractors.evaluation.report.text_tables import evaluation_lines
    from slotfill.extractors.runs.reports.console import printable
    from slotfill.extractors.terminal.streams import is_terminal

    if is_terminal(sys.stdout):
        _show(evaluation)
        return
    for line in evaluation_lines(evaluation):
        click.echo(printable(line))


_SPARE = ("in gold", "recall", "precision", "hallucinated", "omitted", "wrong")
"""The columns that a narrow window can do without."""


def _show(evaluation: Evaluation) -> None:
    from slotfill.extractors.evaluation.report.text_tables import evaluation_parts
    from slotfill.extractors.runs.reports.console import printable
    from slotfill.extractors.terminal.tables import show_table

    for part in evaluation_parts(evaluation):
        if isinstance(part, str):
            click.echo(printable(part))
            continue
        header, *rows = part
        emphasis = {number: "bold" for number, row in enumerate(rows) if row[0] == "all fields"}
        spare = [header.index(name) for name in _SPARE if name in header]
        show_table(rows, sys.stdout, header=header, to_right=range(1, len(header)), styles=emphasis, spare=spare)
