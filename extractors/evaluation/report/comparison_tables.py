"""A comparison, and a drift, as tables of text: what is better or worse, or is not shown to be, what has moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from slotfill.extractors.evaluation.drawing.figures import align, percent
from slotfill.extractors.evaluation.drifting.drift import AspectDrift, Drift
from slotfill.extractors.evaluation.intervals import Score
from slotfill.extractors.evaluation.paired_comparison import Comparison, Difference

__all__ = ["comparison_lines", "comparison_rows", "drift_lines"]

_HEADER = ("F1 of", "A", "B", "B - A (95 %)", "finding")
_MOST_CATEGORIES = 3
_MOST_ASPECTS = 20


def comparison_lines(comparison: Comparison) -> Iterator[str]:
    """Write a comparison as lines of text; paths stand in them as they are."""
    header = tuple(name.replace("95 %", f"{100 * comparison.level:.0f} %") for name in _HEADER)
    yield from align([header, *comparison_rows(comparison)])
    yield ""
    whole = comparison.whole_tolerated
    yield (
        f"right as a whole in A alone: {whole.first_only:,}, in B alone: {whole.second_only:,} of "
        f"{comparison.documents:,} documents (McNemar, p = {whole.p_value:.3g})"
    )
    for count, which in ((comparison.first_only, "A"), (comparison.second_only, "B")):
        if count:
            yield f"{count:,} documents are in {which} alone: they are not compared"


def comparison_rows(comparison: Comparison) -> Iterator[tuple[str, ...]]:
    """Yield the cells of each row: fields, all fields, documents."""
    for path, quality in comparison.fields.items():
        yield _row(path or "(value)", quality.tolerant.f1)
    yield _row("all fields", comparison.micro.tolerant.f1)
    yield _row("documents right", comparison.tolerated)


def _row(name: str, one: Difference) -> tuple[str, ...]:
    return (name, percent(one.first), percent(one.second), _signed(one.difference), _finding(one))


def _signed(score: Score) -> str:
    if score.value is None:
        return percent(None)
    interval = (
        "" if score.low is None or score.high is None else f" ({100 * score.low:+.1f} to {100 * score.high:+.1f})"
    )
    return f"{100 * score.value:+.1f}{interval}"


def _finding(one: Difference) -> str:
    needed = "" if one.documents_needed is None else f"; {one.documents_needed:,} documents would show it"
    return f"{one.finding}{needed}"


def drift_lines(drift: Drift) -> Iterator[str]:
    """Write what has moved between two sets of records as lines of text; what a field holds stands in them as it is."""
    moved = [one for one in drift.aspects if one.moved]
    yield f"A: {drift.first:,} documents, B: {drift.second:,}"
    if not moved:
        yield "no field is shown to have moved"
        return
    yield ""
    rows = [(one.path or "(value)", one.aspect, f"{percent(one.distance)} %", f"{one.adjusted:.2g}") for one in moved]
    yield from align([("moved", "what of it", "by", "p"), *rows[:_MOST_ASPECTS]])
    yield ""
    for one in moved[:_MOST_ASPECTS]:
        yield f"{one.path or '(value)'}, {one.aspect}: {_changes(one)}"
    if len(moved) > _MOST_ASPECTS:
        yield f"and {len(moved) - _MOST_ASPECTS:,} more"


def _changes(one: AspectDrift) -> str:
    """Name the categories whose share has changed most."""
    names = sorted({*one.first, *one.second}, key=lambda name: (-abs(_change(one, name)), name))[:_MOST_CATEGORIES]
    return ", ".join(
        f"{name} {percent(one.first.get(name, 0.0))} -> {percent(one.second.get(name, 0.0))} %" for name in names
    )


def _change(one: AspectDrift, name: str) -> float:
    first: Mapping[str, float] = one.first
    return one.second.get(name, 0.0) - first.get(name, 0.0)
