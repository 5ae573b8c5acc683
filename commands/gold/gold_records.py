"""Gold with what was extracted of it: stored before, or extracted now by a run that can be gone on with."""

from __future__ import annotations

import io
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotfill.commands.exit_codes import exit_code
from slotfill.commands.gold.gold_options import GoldOptions

if TYPE_CHECKING:
    from slotfill.extractors.gold.gold_document import GoldDocument
    from slotfill.extractors.gold.matching import MatchedGold
    from slotfill.extractors.runs.session import RunEnd
    from slotfill.schemas.json_values.json_types import JSONObject
    from slotfill.schemas.schema import Schema

__all__ = ["extract_first", "matched", "say"]


def say(line: str) -> None:
    """Tell the operator something."""
    from slotfill.extractors.runs.reports.console import printable

    click.echo(printable(line), err=True)


def matched(gold: Sequence[GoldDocument], predictions: Sequence[JSONObject], name: str = "") -> MatchedGold:
    """Match gold with predictions, and say what has no partner. Raises InputError where nothing has one."""
    from slotfill.extractors.errors import InputError
    from slotfill.extractors.gold.matching import match_gold

    pairs = match_gold(gold, predictions)
    if len(pairs.missing) == len(pairs.pairs):
        raise InputError(
            f"of {len(gold):,} gold documents none has one of the {len(predictions):,} records{name}: they are matched "
            'by the text, or by "source": are both of the same documents?'
        )
    for line in pairs.messages():
        say(f"warning: {line}{name}")
    return pairs


def extract_first(
    gold_path: str, gold: Sequence[GoldDocument], schema: Schema[Any], options: GoldOptions
) -> list[JSONObject]:
    """Extract from gold's texts, and return the records. Ends the command where the run was stopped."""
    from slotfill.extractors.extractor import Extractor
    from slotfill.extractors.gold.gold_runs import gold_texts
    from slotfill.extractors.gold.stored_predictions import read_predictions
    from slotfill.extractors.runs.reports.console import progress
    from slotfill.extractors.runs.session import Start, run_once

    output = options.output or str(Path(gold_path).with_suffix(".records.jsonl"))
    texts = gold_texts(gold)
    start = Start((gold_path,), output=output, records=True, max_cost=options.max_cost, concurrency=options.concurrency)
    with Extractor(schema, model=options.model) as extractor, progress(texts.count, enabled=True) as show:
        end = run_once(extractor, texts, start, io.BytesIO(), on_progress=show, on_message=say)
    _tell(end, texts.count, output)
    return read_predictions(output)


def _tell(end: RunEnd, total: int | None, output: str) -> None:
    from slotfill.extractors.runs.reports.run_summary import summary

    arguments: tuple[str, ...] = click.get_current_context().obj
    command = None if end.stopped is None else shlex.join(["slotfill", *arguments])
    for line in summary(end.totals, total=total, reason=end.reason, command=command).splitlines():
        say(line)
    if end.stopped is not None:
        click.get_current_context().exit(exit_code(end.stopped))
    say(f"the records are in {output}")
