"""The figures of an evaluation at a glance: tiles, and a row a field with its interval and its verdicts drawn."""

from __future__ import annotations

from collections.abc import Mapping

from slotfill.extractors.evaluation.drawing.figures import interval_text, percent
from slotfill.extractors.evaluation.drawing.plots import interval_bar
from slotfill.extractors.evaluation.intervals import Score
from slotfill.extractors.evaluation.judging.verdicts import VerdictCounts
from slotfill.extractors.evaluation.reliability import Reliability
from slotfill.extractors.evaluation.scores import Quality, Scores
from slotfill.extractors.evaluation.span_scores import ALL_FIELDS
from slotfill.extractors.evaluation.spending import Spending
from slotfill.extractors.pages.html_markup import element, shown

__all__ = ["FIELD_HEADS", "VERDICT_NAMES", "bracketed", "field_row", "figure_tiles"]

FIELD_HEADS = ("field", "F1", "", "precision", "recall", "verdicts", "wrong", "omitted", "hallucinated", "in gold")
"""The columns of `field_row`."""

VERDICT_NAMES = ("right", "tolerated", "wrong", "omitted", "hallucinated")
"""The kinds of verdict, in the order that they are drawn in; each has a class of its name."""


def figure_tiles(scores: Scores, reliability: Mapping[str, Reliability], spending: Spending | None) -> str:
    """Show what counts most: F1, precision and recall of all fields, documents that are right, calibration, cost."""
    tiles = [
        _tile("F1 of all fields", _percents(scores.micro.tolerant.f1), interval_text(scores.micro.tolerant.f1)),
        _tile("documents right", _percents(scores.tolerated), interval_text(scores.tolerated)),
        _tile("precision", _percents(scores.micro.tolerant.precision), interval_text(scores.micro.tolerant.precision)),
        _tile("recall", _percents(scores.micro.tolerant.recall), interval_text(scores.micro.tolerant.recall)),
    ]
    if ALL_FIELDS in reliability:
        one = reliability[ALL_FIELDS]
        tiles.append(_tile("calibration error", f"{percent(one.error)} %", f"Brier {one.brier.value or 0:.3f}"))
    if spending and spending.cost_usd is not None:
        each = 1000 * spending.cost_usd / spending.records
        tiles.append(_tile("1,000 documents", f"${each:.2f}", f"{spending.ms['p50'] / 1000:.1f} s each (median)"))
    return element("div", *tiles, class_="tiles")


def field_row(name: str, quality: Quality, class_: str | None = None) -> str:
    """Write the row of a field, or of all of them, with what is tolerated."""
    rates, counts = quality.tolerant, quality.counts
    figure = f"{percent(rates.f1.value)} {element('span', shown(bracketed(rates.f1)), class_='soft')}"
    numbers = (f"{count:,}" for count in (counts.wrong, counts.omitted, counts.hallucinated, counts.in_gold))
    return element(
        "tr",
        element("td", shown(name), class_="path"),
        element("td", figure),
        element("td", interval_bar(rates.f1), class_="plotted"),
        element("td", percent(rates.precision.value)),
        element("td", percent(rates.recall.value)),
        element("td", _stack(counts), class_="plotted"),
        *(element("td", number) for number in numbers),
        class_=class_,
    )


def bracketed(score: Score) -> str:
    """Write the interval of a figure in brackets; nothing where there is none."""
    interval = interval_text(score)
    return f"({interval})" if interval else ""


def _tile(name: str, figure: str, note: str) -> str:
    return element(
        "div", element("span", shown(name)), element("b", shown(figure)), element("small", shown(note)), class_="tile"
    )


def _percents(score: Score) -> str:
    return percent(score.value) if score.value is None else f"{percent(score.value)} %"


def _stack(counts: VerdictCounts) -> str:
    """Draw the verdicts side by side, each as wide as its share."""
    total = sum(counts.row) or 1
    parts, at = [], 0.0
    for kind, count in zip(VERDICT_NAMES, counts.row, strict=True):
        width = 180 * count / total
        if count:
            title = element("title", f"{kind}: {count:,}")
            parts.append(element("rect", title, class_=kind, x=at, y=5.0, width=max(width, 0.5), height=8.0))
        at += width
    return element("svg", *parts, class_="stack", viewBox="0 0 180 18", role="img", aria_label="verdicts")
