"""Closing: what is told of a run: in short while it is at work, and in full at its end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from slotfill.extractors.record.money import money_json, money_text
from slotfill.extractors.record.parts import Outcome
from slotfill.extractors.record.usage import Usage, count_text
from slotfill.extractors.runs.reports.totals import Tally

__all__ = ["closing", "closing_json", "status"]

SHORT = 20
"""A run of no more documents is told in one line, a longer one in a table."""


def status(tally: Tally, total: int | None) -> tuple[str, str]:
    """Say in two lines how far a run is: documents, rate, cost and time left; outcomes."""
    left = _seconds_left(tally, total)
    parts = [
        _done(tally, total),
        f"{_rate(tally):,.1f}/s",
        _so_far(tally),
        *([] if left is None else [f"{_time(left)} left"]),
    ]
    return ", ".join(parts), _counts(tally, Outcome)


def closing(
    tally: Tally,
    *,
    total: int | None = None,
    reason: str | None = None,
    command: str | None = None,
    reserved_usd: Decimal | None = None,
) -> str:
    """Say what a run has done, in plain text.

    total: the documents there are, None where not known. reason: why it was stopped. command: what goes on.
    reserved_usd: what of the amount spent is held for replies that never came.
    """
    lines = []
    if reason is not None:
        lines += [f"stopped: {reason}", f"{_done(tally, total)} documents are done"]
    lines += [_line(tally)] if tally.documents <= SHORT else _table(tally, reserved_usd)
    if command is not None:
        lines.append(f"go on with: {command}")
    return "\n".join(lines)


def closing_json(
    tally: Tally,
    *,
    total: int | None = None,
    reason: str | None = None,
    command: str | None = None,
    reserved_usd: Decimal | None = None,
) -> dict[str, Any]:
    """Give what `closing` says as plain JSON data."""
    return {
        "message": reason or "done",
        **tally.to_json(),
        "total": total,
        "rate": round(_rate(tally), 3),
        "reserved_usd": money_json(reserved_usd),
        "go_on_with": command,
    }


def _line(tally: Tally) -> str:
    missing = tally.documents - tally.extracted
    counts = [f"{tally.extracted} extracted"]
    if missing:
        counts.append(f"{missing} not ({_counts(tally, _BAD)})")
    if tally.resumed:
        counts.append(f"{tally.resumed} of them before")
    thought = f" ({note})" if (note := _thought(tally.usage)) else ""
    tokens = f"{count_text(tally.usage.input_tokens)} tokens in, {count_text(tally.usage.output_tokens)} out{thought}"
    noun = "document" if tally.documents == 1 else "documents"
    return f"{tally.documents} {noun}: {', '.join(counts)}; {tokens}; {_cost(tally)}"


def _cost(tally: Tally) -> str:
    notes = [f"{money_text(tally.surcharge_usd)} of it for long prompts"] if tally.surcharge_usd else []
    if tally.saved_usd and tally.saved_usd > 0:
        notes.append(f"{money_text(tally.saved_usd)} saved by the cache")
    if tally.spent_usd is not None and round(tally.spent_usd, 4) > round(tally.cost_usd or Decimal(0), 4):
        notes.append(f"{money_text(tally.spent_usd)} spent in all")
    cost = "cost unknown" if tally.cost_usd is None else money_text(tally.cost_usd)
    return f"{cost} ({', '.join(notes)})" if notes else cost


def _table(tally: Tally, reserved_usd: Decimal | None) -> list[str]:
    """Write a line a figure: its name, itself, and what it is made of."""
    usage, missing = tally.usage, tally.documents - tally.extracted
    saved = tally.saved_usd is not None and tally.saved_usd > 0
    rows = [
        ("documents", f"{tally.documents:,}", ""),
        ("extracted", f"{tally.extracted:,}", _counts(tally, _GOOD)),
        *([("not extracted", f"{missing:,}", _counts(tally, _BAD))] if missing else []),
        *([("done before", f"{tally.resumed:,}", "")] if tally.resumed else []),
        *([("asked once", f"{tally.repeated:,}", "had the text of another")] if tally.repeated else []),
        ("tokens in", count_text(usage.input_tokens), _cached(usage)),
        ("tokens out", count_text(usage.output_tokens), _thought(usage)),
        ("cost", money_text(tally.cost_usd), f"{money_text(tally.saved_usd)} saved by the cache" if saved else ""),
        *([("long prompts", money_text(tally.surcharge_usd), _LONG)] if tally.surcharge_usd else []),
        *([("spent in all", money_text(tally.spent_usd), _held(reserved_usd))] if tally.spent_usd is not None else []),
        ("time", _time(tally.seconds), f"{_rate(tally):,.1f} documents a second"),
    ]
    names, figures = (max(len(row[column]) for row in rows) for column in (0, 1))
    return [f"{name:<{names}}  {figure:>{figures}}  {note}".rstrip() for name, figure, note in rows]


_LONG = "of it, more than at the rates of short ones: see --chunk-chars"

_GOOD = tuple(outcome for outcome in Outcome if outcome.ok)
_BAD = tuple(outcome for outcome in Outcome if not outcome.ok)


def _counts(tally: Tally, outcomes: Iterable[Outcome]) -> str:
    """Write how many documents had each outcome: "812 valid, 31 mended"."""
    return ", ".join(f"{tally.outcomes[outcome]:,} {outcome.value}" for outcome in outcomes if tally.outcomes[outcome])


def _cached(usage: Usage) -> str:
    read, written = usage.cache_read_tokens, usage.cache_write_tokens
    if (read, written) == (0, 0):
        return ""
    return f"{count_text(read)} more read from the cache, {count_text(written)} written to it"


def _thought(usage: Usage) -> str:
    return "" if usage.thinking_tokens == 0 else f"{count_text(usage.thinking_tokens)} of them thinking"


def _held(reserved_usd: Decimal | None) -> str:
    return f"{money_text(reserved_usd)} of it for replies that never came" if reserved_usd else ""


def _done(tally: Tally, total: int | None) -> str:
    return f"{tally.documents:,}" if total is None else f"{tally.documents:,} of {total:,}"


def _so_far(tally: Tally) -> str:
    amount = tally.cost_usd if tally.spent_usd is None else tally.spent_usd
    return "cost unknown" if amount is None else money_text(amount)


def _time(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def _rate(tally: Tally) -> float:
    """Give the documents a second of this time: those that ended before are not counted."""
    seconds = tally.seconds
    return (tally.documents - tally.resumed) / seconds if seconds > 0 else 0.0


def _seconds_left(tally: Tally, total: int | None) -> float | None:
    rate = _rate(tally)
    return (total - tally.documents) / rate if total is not None and rate > 0 else None
