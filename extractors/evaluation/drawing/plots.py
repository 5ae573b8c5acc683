"""Plots as inline SVG: figures with their intervals, the reliability curve, cost against quality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

from slotfill.extractors.evaluation.drawing.figures import percent, score_text
from slotfill.extractors.evaluation.intervals import Score
from slotfill.extractors.evaluation.reliability import Reliability
from slotfill.extractors.pages.html_markup import cut, element, shown

__all__ = ["CostPoint", "cost_plot", "interval_bar", "reliability_plot"]

_SIDE, _MARGIN, _WHOLE = 320.0, 44.0, 340.0
_BAR_WIDTH, _BAR_HEIGHT = 180.0, 18.0


@dataclass(frozen=True, slots=True)
class CostPoint:
    """What one run costs, and how good it is.

    Attributes:
        name: The run or its model.
        usd: US dollars for a thousand documents.
        f1: F1 of all fields.
    """

    name: str
    usd: float
    f1: Score


def interval_bar(score: Score) -> str:
    """Draw a figure between 0 and 1 as a dot, its interval as a bar."""
    middle = _BAR_HEIGHT / 2
    parts = [_line(0, middle, _BAR_WIDTH, middle, "axis")]
    parts += [_line(_BAR_WIDTH * share, 4, _BAR_WIDTH * share, _BAR_HEIGHT - 4, "grid") for share in (0.25, 0.5, 0.75)]
    if score.low is not None and score.high is not None:
        width = max(2.0, _BAR_WIDTH * (score.high - score.low))
        parts.append(
            element("rect", class_="interval", x=_BAR_WIDTH * score.low, y=middle - 4, width=width, height=8.0, rx=4.0)
        )
    if score.value is not None:
        parts.append(element("circle", class_="dot", cx=_BAR_WIDTH * score.value, cy=middle, r=4.0))
    return _svg(_BAR_WIDTH, _BAR_HEIGHT, score_text(score), parts, class_="bar", margin=5.0)


def reliability_plot(reliability: Reliability) -> str:
    """Draw how often what is so sure is right: on the dashed line confidences are what they say."""
    most = max(one.count for one in reliability.bins)
    parts = [*_frame("how sure", "right"), _line(*_at(0, 0), *_at(1, 1), "ideal")]
    points = [(one.confidence, one.right.value or 0.0) for one in reliability.bins]
    parts.append(
        element("polyline", class_="curve", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in map(_pair, points)))
    )
    for one in reliability.bins:
        x, y = _at(one.confidence, one.right.value or 0.0)
        if one.right.low is not None and one.right.high is not None:
            parts.append(_line(x, _at(0, one.right.low)[1], x, _at(0, one.right.high)[1], "whisker"))
        title = element(
            "title", f"{one.count:,} values about {percent(one.confidence)} % sure: {percent(one.right.value)} % right"
        )
        parts.append(element("circle", title, class_="dot", cx=x, cy=y, r=3 + 5 * (one.count / most) ** 0.5))
    return _svg(_WHOLE, _WHOLE, "Reliability: how often what is so sure is right", parts)


def cost_plot(points: Sequence[CostPoint]) -> str:
    """Draw cost, on a logarithmic scale, against F1: better is up and to the left."""
    priced = [point for point in points if point.usd > 0 and point.f1.value is not None]
    if not priced:
        return ""
    low, high = min(log10(point.usd) for point in priced) - 0.4, max(log10(point.usd) for point in priced) + 0.4
    parts = [*_frame("US dollars for 1,000 documents, logarithmic", "F1", ticks=False)]
    for share in (0.25, 0.5, 0.75):
        usd = 10 ** (low + share * (high - low))
        x, y = _at(share, 0)
        parts.append(_text(x, y + 14, f"{usd:.2g}", anchor="middle"))
    for point in priced:
        share = (log10(point.usd) - low) / (high - low)
        x, y = _at(share, point.f1.value or 0.0)
        if point.f1.low is not None and point.f1.high is not None:
            parts.append(_line(x, _at(0, point.f1.low)[1], x, _at(0, point.f1.high)[1], "whisker"))
        title = element("title", shown(f"{point.name}: {score_text(point.f1)}, {point.usd:.4g} USD"))
        parts.append(element("circle", title, class_="dot", cx=x, cy=y, r=5.0))
        on_the_left = share > 0.5  # noqa: PLR2004 - the half in which a name has room on the left alone
        parts.append(
            _text(x + (-9 if on_the_left else 9), y + 4, cut(point.name, 30), anchor="end" if on_the_left else "start")
        )
    return _svg(_WHOLE, _WHOLE, "Cost against quality", parts)


def _frame(across: str, up: str, *, ticks: bool = True) -> list[str]:
    """Draw axes from 0 to 1 with a grid, and what they are called."""
    parts = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(_line(*_at(0, share), *_at(1, share), "axis" if share == 0 else "grid"))
        parts.append(_line(*_at(share, 0), *_at(share, 1), "axis" if share == 0 else "grid"))
        parts.append(_text(_MARGIN - 8, _at(0, share)[1] + 4, f"{100 * share:.0f}", anchor="end"))
        if ticks:
            parts.append(_text(_at(share, 0)[0], _at(0, 0)[1] + 14, f"{100 * share:.0f}", anchor="middle"))
    parts.append(_text(_at(0.5, 0)[0], _at(0, 0)[1] + 32, across, anchor="middle", class_="name"))
    parts.append(_text(_MARGIN, 12, f"% {up}" if ticks else f"{up}, %", anchor="start", class_="name"))
    return parts


def _at(across: float, up: float) -> tuple[float, float]:
    span = _SIDE - 40
    return _MARGIN + across * span, 20 + (1 - up) * span


def _pair(point: tuple[float, float]) -> tuple[float, float]:
    return _at(*point)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return element("line", class_=kind, x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2))


def _text(x: float, y: float, text: str, *, anchor: str, class_: str | None = None) -> str:
    return element("text", shown(text), x=float(x), y=float(y), text_anchor=anchor, class_=class_)


def _svg(
    width: float, height: float, label: str, parts: Sequence[str], *, class_: str = "plot", margin: float = 0.0
) -> str:
    box = f"{-margin:g} 0 {width + 2 * margin:g} {height:g}"
    return element("svg", *parts, class_=class_, viewBox=box, role="img", aria_label=label)
