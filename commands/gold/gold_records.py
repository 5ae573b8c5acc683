"""Gold with what was extracted of it: stored before, or extracted now by a run that can be gone on with."""

from __future__ import annotations

import io
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotfill.commands.exit_codes import exit_code
from slotfill.commands.gold.gold_options import GoldOptions
from slotfill.commands.inputs import warn_of_other_model

if TYPE_CHECKING:
    from slotfill.commands.options.asking_options import PromptOptions
    from slotfill.extractors.evaluation.drawing.plots import CostPoint
    from slotfill.extractors.evaluation.evaluation import Evaluation
    from slotfill.extractors.evaluation.paired_comparison import Comparison
    from slotfill.extractors.evaluation.report.worst_documents import DocumentText
    from slotfill.extractors.gold.gold_document import GoldDocument
    from slotfill.extractors.gold.matching import MatchedGold
    from slotfill.extractors.runs.session import RunEnd
    from slotfill.schemas.json_values.json_types import JSONMapping, JSONObject
    from slotfill.schemas.schema import Schema

__all__ = ["extract_first", "matched", "run_cost", "say", "write_report", "write_text"]


def say(line: str) -> None:
    """Tell the operator something."""
    from slotfill.extractors.runs.reports.console import printable

    click.echo(printable(line), err=True)


def matched(gold: Sequence[GoldDocument], predictions: Sequence[JSONObject], name: str = "") -> MatchedGold:
    """Match gold with predictions, and say what has no partner. Raises InputError where nothing has one."""
    from slotfill.extractors.gold.matching import match_gold

    pairs = match_gold(gold, predictions)
    pairs.check(name)
    for line in pairs.messages():
        say(f"warning: {line}{name}")
    return pairs


def run_cost(evaluation: Evaluation, name: str) -> list[CostPoint]:
    """Return what a run costs and how good it is, nothing where that is not known."""
    from slotfill.extractors.evaluation.drawing.plots import CostPoint

    spending = evaluation.spending
    if spending is None or spending.cost_usd is None:
        return []
    return [CostPoint(name, float(1000 * spending.cost_usd / spending.records), evaluation.scores.micro.tolerant.f1)]


def write_report(  # noqa: PLR0917 - what a report is of
    path: Path,
    evaluation: Evaluation,
    pairs: MatchedGold,
    gold_path: str,
    title: str,
    costs: Sequence[CostPoint] = (),
    comparison: Comparison | None = None,
) -> None:
    """Write the report of an evaluation to a file, with the texts of the worst documents as far as they can be read."""
    from slotfill.extractors.evaluation.report.html_report import html_report
    from slotfill.extractors.evaluation.report.worst_documents import worst_documents

    by_name = {one.id or one.source or "": pair for one, pair in zip(evaluation.documents, pairs.pairs, strict=True)}
    names = [one.id or one.source or "" for one in worst_documents(evaluation)]
    shown = [name for name in names if name in by_name]
    golds = _with_texts([by_name[name][0] for name in shown], Path(gold_path).parent)
    texts = {name: _text_of(gold, by_name[name][1]) for name, gold in zip(shown, golds, strict=True)}
    write_text(html_report(evaluation, title, texts, costs, comparison), path)
    say(f"the report is in {path}")


def _with_texts(golds: list[GoldDocument], folder: Path) -> list[GoldDocument]:
    """Read what texts can be read: each file once, unless one of them is not as gold has it."""
    from slotfill.extractors.errors import InputError
    from slotfill.extractors.gold.gold_texts import with_texts

    try:
        return with_texts(golds, folder)
    except InputError:
        return golds if len(golds) <= 1 else [one for gold in golds for one in _with_texts([gold], folder)]


def _text_of(gold: GoldDocument, record: JSONMapping | None) -> DocumentText:
    """Return a document's text, if it is known, and where values stand in it."""
    from slotfill.extractors.evaluation.report.worst_documents import DocumentText

    spans = record.get("spans") if record else None
    return DocumentText(gold.text, gold.spans, dict(_passages(spans if isinstance(spans, dict) else {})))


def _passages(spans: JSONMapping) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield those spans of a record that are some: it may be anybody's."""
    for pointer, span in spans.items():
        start, end = (span.get("start"), span.get("end")) if isinstance(span, dict) else (None, None)
        if type(start) is int and type(end) is int and 0 <= start < end:
            yield pointer, (start, end)


def write_text(text: str, path: Path) -> None:
    """Write a file that appears whole. Raises OutputError."""
    from slotfill.extractors.runs.outputs.atomic_files import AtomicFile

    file = AtomicFile(path)
    try:
        file.write(text.encode())
        file.commit()
    finally:
        file.discard()


def extract_first(
    gold_path: str, gold: Sequence[GoldDocument], schema: Schema[Any], options: GoldOptions, prompt: PromptOptions
) -> list[JSONObject]:
    """Extract from gold's texts, and return the records. Ends the command where the run was stopped."""
    from slotfill.extractors.extractor import Extractor
    from slotfill.extractors.gold.gold_runs import gold_texts
    from slotfill.extractors.gold.stored_predictions import read_predictions
    from slotfill.extractors.runs.reports.run_progress import run_progress
    from slotfill.extractors.runs.session import Start, run_once

    output = options.output or str(Path(gold_path).with_suffix(".records.jsonl"))
    texts = gold_texts(gold)
    start = Start((gold_path,), output=output, records=True, max_cost=options.max_cost, concurrency=options.concurrency)
    with Extractor(schema, model=options.model) as extractor, run_progress(lambda: texts.count) as show:
        warn_of_other_model(prompt, extractor.model.id)
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
