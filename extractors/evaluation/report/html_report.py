"""An evaluation as one HTML file: figures at a glance, fields, slices, plots, the worst documents with their texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from slotfill.extractors.evaluation.drawing.field_table import (
    FIELD_HEADS,
    VERDICT_NAMES,
    bracketed,
    field_row,
    figure_tiles,
)
from slotfill.extractors.evaluation.drawing.figures import counted, percent
from slotfill.extractors.evaluation.drawing.plots import CostPoint, cost_plot, interval_bar, reliability_plot
from slotfill.extractors.evaluation.evaluation import Evaluation
from slotfill.extractors.evaluation.paired_comparison import Comparison
from slotfill.extractors.evaluation.report.comparison_tables import comparison_rows
from slotfill.extractors.evaluation.report.measure_tables import entity_rows, reliability_rows, span_rows
from slotfill.extractors.evaluation.report.page_style import STYLE
from slotfill.extractors.evaluation.report.worst_documents import DocumentText, mistake_blocks
from slotfill.extractors.evaluation.scores import Scores
from slotfill.extractors.evaluation.span_scores import ALL_FIELDS
from slotfill.extractors.pages.html_markup import element, shown, table_head
from slotfill.extractors.pages.html_page import html_page

__all__ = ["html_report"]

MOST_ROWS = 300
"""So many rows a table has at most: the file stays well below 5 MB, whatever the documents hold."""

_MEANINGS = (
    ("F1", "the harmonic mean of precision and recall; in brackets the interval, by drawing the documents again"),
    ("precision", "of what was extracted, the share that is right"),
    ("recall", "of what gold has, the share that was extracted right"),
    ("right", "equal to gold"),
    ("tolerated", "not equal, and the same by the field's comparison"),
    ("wrong", "another value than gold's: one too many and one too few"),
    ("omitted", "gold has a value, and nothing was extracted"),
    ("hallucinated", "something was extracted where gold has nothing"),
)

_ENTITIES_NOTE = (
    "Right by the same span and label (strict), the same span (exact), half right for one that overlaps (partial), or "
    "by one that overlaps with the same label (type)."
)
_SPANS_NOTE = "How much of the passages of gold and of the prediction is common to both, and how many are the same."


def html_report(
    evaluation: Evaluation,
    title: str,
    texts: Mapping[str, DocumentText] | None = None,
    costs: Sequence[CostPoint] = (),
    comparison: Comparison | None = None,
) -> str:
    """Write an evaluation as a page.

    Args:
        evaluation: What is shown.
        title: What it is of.
        texts: By the document's id, or its source where it has none, the text and where values stand in it; those of
            `worst_documents` are shown.
        costs: What this run costs, and what others do that it is to be seen beside.
        comparison: How it differs from another one, which is called A.
    """
    return html_page(
        title,
        _header(evaluation, title),
        figure_tiles(evaluation.scores, evaluation.reliability, evaluation.spending),
        _differences(comparison),
        _fields(evaluation),
        _slices(evaluation),
        _measured("Entities", _ENTITIES_NOTE, entity_rows(evaluation)),
        _measured("Where values stand", _SPANS_NOTE, span_rows(evaluation)),
        _plots(evaluation, costs),
        mistake_blocks(evaluation, texts or {}),
        _glossary(),
        style=STYLE,
    )


def _header(evaluation: Evaluation, title: str) -> str:
    models = ", ".join(evaluation.spending.models) if evaluation.spending else ""
    parts = [counted(evaluation.scores.documents, "document"), models]
    return element("header", element("h1", shown(title)), element("p", shown(" · ".join(filter(None, parts)))))


def _differences(comparison: Comparison | None) -> str:
    if comparison is None:
        return ""
    rows = map(_text_row, islice(comparison_rows(comparison), MOST_ROWS))
    table = element("table", table_head(("F1 of", "A", "B", "B - A", "finding")), element("tbody", *rows))
    note = f"{counted(comparison.documents, 'document')} in both, compared in pairs."
    return element("h2", "B against A") + element("p", note) + element("div", table, class_="card")


def _fields(evaluation: Evaluation) -> str:
    scores = evaluation.scores
    rows = [field_row(path or "(value)", quality) for path, quality in [*scores.fields.items()][:MOST_ROWS]]
    rows.append(field_row("all fields", scores.micro, class_="all"))
    table = element("table", table_head(FIELD_HEADS), element("tbody", *rows))
    notes = []
    if len(scores.fields) > MOST_ROWS:
        notes.append(f"{len(scores.fields) - MOST_ROWS:,} more fields are in --json.")
    if evaluation.unlabelled:
        notes.append(f"Not judged, as no gold has them: {', '.join(evaluation.unlabelled[:MOST_ROWS])}.")
    return "".join(
        (
            element("h2", "Fields"),
            element(
                "p", "Each dot is the F1, each bar the interval in which another sample of documents would put it."
            ),
            element("div", table, class_="card"),
            _legend(),
            *(element("p", shown(note), class_="soft") for note in notes),
        )
    )


def _legend() -> str:
    return element("ul", *(element("li", element("i", class_=kind), kind) for kind in VERDICT_NAMES), class_="legend")


def _slices(evaluation: Evaluation) -> str:
    if not evaluation.slices:
        return ""
    rows = [_slice_row(name or "(none)", scores) for name, scores in [*evaluation.slices.items()][:MOST_ROWS]]
    table = element(
        "table", table_head((evaluation.by or "", "F1", "", "documents right", "documents")), element("tbody", *rows)
    )
    return element("h2", shown(f"By {evaluation.by}")) + element("div", table, class_="card")


def _slice_row(name: str, scores: Scores) -> str:
    f1 = scores.micro.tolerant.f1
    return element(
        "tr",
        element("td", shown(name), class_="path"),
        element("td", f"{percent(f1.value)} {element('span', shown(bracketed(f1)), class_='soft')}"),
        element("td", interval_bar(f1), class_="plotted"),
        element("td", percent(scores.tolerated.value)),
        element("td", f"{scores.documents:,}"),
    )


def _measured(heading: str, note: str, rows: Iterable[Sequence[str]]) -> str:
    """Show what is measured beside the fields; nothing where there is none."""
    table = _text_table(rows)
    return element("h2", heading) + element("p", note) + table if table else ""


def _text_table(rows: Iterable[Sequence[str]]) -> str:
    """Write rows, a header first, as a table; nothing where there are none."""
    head, *others = [*islice(rows, MOST_ROWS + 1)] or [()]
    table = element("table", table_head(head), element("tbody", *map(_text_row, others)))
    return element("div", table, class_="card") if head else ""


def _text_row(cells: Sequence[str]) -> str:
    first, *others = cells
    cell = element("td", shown(first), class_="path")
    return element(
        "tr", cell, *(element("td", shown(one)) for one in others), class_="all" if first == "all fields" else None
    )


def _plots(evaluation: Evaluation, costs: Sequence[CostPoint]) -> str:
    cards = []
    if ALL_FIELDS in evaluation.reliability:
        reliability = evaluation.reliability[ALL_FIELDS]
        note = f"{reliability.count:,} values. On the dashed line what is said to be 80 % sure is right in 80 of 100."
        cards.append(_card("Is it as right as it is sure?", reliability_plot(reliability), note))
    if plot := cost_plot(costs):
        cards.append(_card("Cost against quality", plot, "Better is up, and to the left."))
    table = _text_table(reliability_rows(evaluation))
    return element("h2", "Confidence and cost") + element("div", *cards, class_="plots") + table if cards else ""


def _card(title: str, plot: str, note: str) -> str:
    return element("div", element("h3", shown(title)), plot, element("p", shown(note), class_="soft"), class_="card")


def _glossary() -> str:
    terms = "".join(element("dt", name) + element("dd", shown(meaning)) for name, meaning in _MEANINGS)
    return (
        element("h2", "What the words mean") + element("dl", terms) + element("footer", "Written by slotfill evaluate.")
    )
