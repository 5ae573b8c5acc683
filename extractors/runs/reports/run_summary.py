"""The summary of a run: in short while it is at work, and in full at its end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

from slotfill.extractors.record.money import money_json, money_text
from slotfill.extractors.record.parts import Outcome
from slotfill.extractors.record.usage import Usage, count_text
from slotfill.extractors.runs.reports.totals import Totals
from slotfill.extractors.terminal.progress import Progress
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["done_text", "progress_of", "summary", "summary_json"]

SHORT = 20
"""A run of no more documents is told in one line, a longer one in a table."""


def progress_of(totals: Totals, total: int | None) -> Progress:
    """Return how far a run is, or in the end its outputs. total: the documents there are, None where not known."""
    note, trouble = _so_far(totals), _counts(totals, _BAD)
    if (writing := totals.writing) is not None:
        return Progress(
            writing.done,
            totals.documents,
            before=writing.before,
            seconds=writing.seconds,
            note=note,
            trouble=trouble,
            unit="written",
        )
    if totals.waiting:  # how fast it went says nothing of how long a batch takes
        note = f"{totals.waiting}, {note}"
        return Progress(totals.documents, total, before=totals.documents, seconds=totals.seconds, note=note)
    if total == 1 and totals.asked > 1 and not totals.documents:  # one document, in parts
        return Progress(totals.answered, totals.asked, seconds=totals.seconds, note=note, unit="parts")
    return Progress(totals.documents, total, before=totals.resumed, seconds=totals.seconds, note=note, trouble=trouble)


def done_text(documents: int, total: int | None = None) -> str:
    """Say how many documents are done. total: of how many, None where not known."""
    of_them = f"{documents:,}" if total is None else f"{documents:,} of {total:,}"
    return f"{of_them} {'document is' if (total or documents) == 1 else 'documents are'} done"


def summary(
    totals: Totals,
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
        lines += [f"stopped: {reason}", done_text(totals.documents, total)]
    lines += [_line(totals)] if totals.documents <= SHORT else _table(totals, reserved_usd)
    if command is not None:
        lines.append(f"go on with: {command}")
    return "\n".join(lines)


def summary_json(
    totals: Totals,
    *,
    total: int | None = None,
    reason: str | None = None,
    command: str | None = None,
    reserved_usd: Decimal | None = None,
) -> JSONObject:
    """Return what `summary` says as plain JSON data."""
    return {
        "message": reason or "done",
        **totals.to_json(),
        "total": total,
        "rate": round(_rate(totals), 3),
        "reserved_usd": money_json(reserved_usd),
        "go_on_with": command,
    }


def _line(totals: Totals) -> str:
    missing = totals.documents - totals.extracted
    counts = [f"{totals.extracted} extracted"]
    if missing:
        counts.append(f"{missing} not ({_counts(totals, _BAD)})")
    if totals.resumed:
        counts.append(f"{totals.resumed} of them before")
    thought = f" ({note})" if (note := _thought(totals.usage)) else ""
    tokens = f"{count_text(totals.usage.input_tokens)} tokens in, {count_text(totals.usage.output_tokens)} out{thought}"
    noun = "document" if totals.documents == 1 else "documents"
    figures = [", ".join(counts), tokens, _cost(totals), *_taken_over(totals), *_evidence(totals)]
    return f"{totals.documents} {noun}: {'; '.join(figures)}"


def _evidence(totals: Totals) -> list[str]:
    return [f"{totals.unevidenced:,} without evidence {_of_judged(totals)}"] if totals.judged else []


def _of_judged(totals: Totals) -> str:
    return f"of {totals.judged:,} judged values; evidence took about {money_text(totals.evidence_usd)} of the cost"


def _taken_over(totals: Totals) -> list[str]:
    took_over = totals.taken_whole or totals.taken_in_part
    return [f"{_taken(totals)} taken over, {_spared(totals)}"] if took_over else []


def _taken(totals: Totals) -> str:
    """Say how many documents took over an earlier record: "990 whole and 10 in part"."""
    counts = ((totals.taken_whole, "whole"), (totals.taken_in_part, "in part"))
    return " and ".join(f"{count:,} {how}" for count, how in counts if count)


def _spared(totals: Totals) -> str:
    """Say about what that saved; what was asked for before need not have been the same."""
    if totals.spared_usd is None:
        return "which saved an unknown amount"
    return f"which saved about {money_text(totals.spared_usd)} (they had cost {money_text(totals.before_usd)} before)"


def _cost(totals: Totals) -> str:
    notes = [f"{money_text(totals.surcharge_usd)} of it for long prompts"] if totals.surcharge_usd else []
    if totals.saved_usd and totals.saved_usd > 0:
        notes.append(f"{money_text(totals.saved_usd)} saved by the cache")
    if totals.spent_usd is not None and round(totals.spent_usd, 4) > round(totals.cost_usd or Decimal(0), 4):
        notes.append(f"{money_text(totals.spent_usd)} spent in all")
    cost = "cost unknown" if totals.cost_usd is None else money_text(totals.cost_usd)
    return f"{cost} ({', '.join(notes)})" if notes else cost


def _table(totals: Totals, reserved_usd: Decimal | None) -> list[str]:
    """Write a line a figure: its name, itself, and what it is made of."""
    usage, missing = totals.usage, totals.documents - totals.extracted
    saved = totals.saved_usd or Decimal(0)
    rows = [
        ("documents", f"{totals.documents:,}", ""),
        ("extracted", f"{totals.extracted:,}", _counts(totals, _GOOD)),
        *([("not extracted", f"{missing:,}", _counts(totals, _BAD))] if missing else []),
        *([("done before", f"{totals.resumed:,}", "")] if totals.resumed else []),
        *(
            [("taken over", f"{totals.taken_whole + totals.taken_in_part:,}", f"{_taken(totals)}, {_spared(totals)}")]
            if totals.taken_whole or totals.taken_in_part
            else []
        ),
        *([("asked once", f"{totals.repeated:,}", "had the text of another")] if totals.repeated else []),
        ("tokens in", count_text(usage.input_tokens), _cached(usage)),
        ("tokens out", count_text(usage.output_tokens), _thought(usage)),
        ("cost", money_text(totals.cost_usd), f"{money_text(saved)} saved by the cache" if saved > 0 else ""),
        *([("long prompts", money_text(totals.surcharge_usd), _LONG)] if totals.surcharge_usd else []),
        *(
            [("spent in all", money_text(totals.spent_usd), _held(reserved_usd))]
            if totals.spent_usd is not None
            else []
        ),
        *([("no evidence", f"{totals.unevidenced:,}", _of_judged(totals))] if totals.judged else []),
        ("time", _time(totals.seconds), _pace(totals)),
    ]
    names, figures = (max(len(row[column]) for row in rows) for column in (0, 1))
    return [f"{name:<{names}}  {figure:>{figures}}  {note}".rstrip() for name, figure, note in rows]


_LONG = "of it, more than at the rates of short ones: see --chunk-chars"

_GOOD = tuple(outcome for outcome in Outcome if outcome.ok)
_BAD = tuple(outcome for outcome in Outcome if not outcome.ok)


def _counts(totals: Totals, outcomes: Iterable[Outcome]) -> str:
    """Write how many documents had each outcome: "812 valid, 31 mended"."""
    return ", ".join(
        f"{totals.outcomes[outcome]:,} {outcome.value}" for outcome in outcomes if totals.outcomes[outcome]
    )


def _cached(usage: Usage) -> str:
    read, written = usage.cache_read_tokens, usage.cache_write_tokens
    if (read, written) == (0, 0):
        return ""
    return f"{count_text(read)} more read from the cache, {count_text(written)} written to it"


def _thought(usage: Usage) -> str:
    return "" if usage.thinking_tokens == 0 else f"{count_text(usage.thinking_tokens)} of them thinking"


def _held(reserved_usd: Decimal | None) -> str:
    return f"{money_text(reserved_usd)} of it for replies that never came" if reserved_usd else ""


def _so_far(totals: Totals) -> str:
    amount = totals.cost_usd if totals.spent_usd is None else totals.spent_usd
    return "cost unknown" if amount is None else money_text(amount)


def _time(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def _rate(totals: Totals) -> float:
    """Return the documents a second of this time: those that ended before are not counted."""
    seconds = totals.seconds
    return (totals.documents - totals.resumed) / seconds if seconds > 0 else 0.0


def _pace(totals: Totals) -> str:
    """Write the documents a second, or for what is slower the seconds a document."""
    rate = _rate(totals)
    return f"{1 / rate:,.1f} seconds a document" if 0 < rate < 1 else f"{rate:,.1f} documents a second"
