"""`slotfill compare`: whether one run is better than another, and what has moved between two."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slotfill.commands.gold.gold_options import ComparedOptions, check_outputs
from slotfill.commands.gold.gold_records import matched, run_cost, write_report
from slotfill.commands.inputs import resolve_schema
from slotfill.commands.options.asking_options import PromptOptions
from slotfill.commands.options.option_groups import with_options

if TYPE_CHECKING:
    from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["compare_command"]


@click.command
@click.argument("first", metavar="A", type=click.Path())
@click.argument("second", metavar="B", type=click.Path())
@with_options
def compare_command(first: str, second: str, *, options: ComparedOptions, prompt: PromptOptions) -> None:
    """Say whether the records B are better than A; without gold, what has moved.

    A and B are what `slotfill evaluate` takes as RECORDS. With --gold they are compared in pairs, document by document:
    "no difference shown" is an answer, and how many documents would show one of that size is said. Without it A and B
    may be of different documents, those of two weeks for example: fields whose values are distributed otherwise are
    named. Nothing is sent.

    \b
    slotfill compare haiku.jsonl sonnet.jsonl --gold gold.jsonl
    slotfill compare week-31.jsonl week-32.jsonl
    """
    from slotfill.extractors.gold.gold_evaluation import comparing_schema
    from slotfill.extractors.gold.stored_predictions import read_predictions

    check_outputs((options.html,), (first, second, options.gold))
    records = read_predictions(first), read_predictions(second)
    schema = None if options.schema is None else resolve_schema(options.schema, prompt)
    json_schema = comparing_schema(schema, [*records[0], *records[1]])
    if options.gold is None:
        if options.html is not None:
            raise click.UsageError("--html is of a comparison with --gold")
        _drift(*records, json_schema, as_json=options.as_json)
    else:
        _compare(first, second, *records, json_schema, options)


def _drift(first: list[JSONObject], second: list[JSONObject], json_schema: JSONObject | None, *, as_json: bool) -> None:
    from slotfill.extractors.evaluation.drifting.drift import drift
    from slotfill.extractors.evaluation.report.comparison_tables import drift_lines

    result = drift(first, second, json_schema)
    if as_json:
        click.echo(json.dumps(result.to_json(), indent=2, ensure_ascii=False))
    else:
        _print(drift_lines(result))


def _compare(  # noqa: PLR0917 - two of each
    first_name: str,
    second_name: str,
    first: list[JSONObject],
    second: list[JSONObject],
    json_schema: JSONObject | None,
    options: ComparedOptions,
) -> None:
    from slotfill.extractors.evaluation.evaluation import evaluate_pairs
    from slotfill.extractors.evaluation.paired_comparison import compare
    from slotfill.extractors.evaluation.report.comparison_tables import comparison_lines
    from slotfill.extractors.gold.gold_files import read_gold

    gold_path = options.gold or ""
    gold = read_gold(gold_path)
    sides = [matched(gold, side, f" in {name}") for side, name in ((first, first_name), (second, second_name))]
    one, other = (evaluate_pairs(side.pairs, json_schema) for side in sides)
    result = compare(one, other)
    if options.html is not None:
        costs = [*run_cost(one, f"A {Path(first_name).name}"), *run_cost(other, f"B {Path(second_name).name}")]
        title = f"{Path(second_name).name} (B) against {Path(first_name).name} (A)"
        write_report(options.html, other, sides[1], gold_path, title, costs, result)
    if options.as_json:
        click.echo(json.dumps(result.to_json(), indent=2, ensure_ascii=False))
    else:
        _print(comparison_lines(result))


def _print(lines: Iterable[str]) -> None:
    from slotfill.extractors.runs.reports.console import printable

    for line in lines:
        click.echo(printable(line))
