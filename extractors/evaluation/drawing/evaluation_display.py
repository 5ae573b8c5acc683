"""An evaluation as a notebook shows it: tiles, and a row a field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slotfill.extractors.displaying.notebook_style import notebook_block
from slotfill.extractors.evaluation.drawing.field_table import FIELD_HEADS, field_row, figure_tiles
from slotfill.extractors.evaluation.drawing.figures import counted
from slotfill.extractors.evaluation.reliability import Reliability
from slotfill.extractors.evaluation.scores import Scores
from slotfill.extractors.evaluation.spending import Spending
from slotfill.extractors.pages.html_markup import element, shown, table_head

__all__ = ["evaluation_display"]

MOST_FIELDS = 60
"""So many fields are shown: the worst ones of more."""


def evaluation_display(
    scores: Scores, reliability: Mapping[str, Reliability], spending: Spending | None, unlabelled: Sequence[str]
) -> str:
    """Write an evaluation as markup for a notebook, of its parts.

    Args:
        scores: Of all documents.
        reliability: What confidences are worth, by field path.
        spending: What the predictions took.
        unlabelled: The fields that were not judged.
    """
    return notebook_block(
        _head(scores, spending),
        _failed(scores),
        figure_tiles(scores, reliability, spending),
        _fields(scores),
        _unjudged(unlabelled),
    )


def _head(scores: Scores, spending: Spending | None) -> str:
    models = ", ".join(spending.models) if spending else ""
    known = " \N{MIDDLE DOT} ".join(filter(None, (counted(scores.documents, "document"), models)))
    return element("div", element("b", "evaluation"), element("span", shown(known), class_="soft"), class_="head")


def _failed(scores: Scores) -> str:
    if not scores.failed:
        return ""
    count = counted(scores.failed, "document")
    return element(
        "div", element("b", f"{count} without a value"), ": all that gold has counts as omitted", class_="notice bad"
    )


def _fields(scores: Scores) -> str:
    chosen = sorted(scores.fields, key=lambda path: scores.fields[path].tolerant.f1.value or 0.0)[:MOST_FIELDS]
    rows = [field_row(path or "(value)", scores.fields[path]) for path in scores.fields if path in {*chosen}]
    more = len(scores.fields) - len(rows)
    table = element(
        "table", table_head(FIELD_HEADS), element("tbody", *rows, field_row("all fields", scores.micro, class_="all"))
    )
    note = element("p", f"and {counted(more, 'field')} that are better", class_="note") if more else ""
    return element("div", table, class_="wide figures") + note


def _unjudged(unlabelled: Sequence[str]) -> str:
    if not unlabelled:
        return ""
    names = ", ".join(unlabelled[:MOST_FIELDS])
    return element("p", shown(f"not judged, as no gold has them: {names}"), class_="note")
