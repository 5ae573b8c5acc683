"""Drafting: a proposal for some samples, asked of a model that can make one, else drawn by rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from slotfill.extractors.catalogue.model_ids import is_local
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.extractor import Extractor
from slotfill.extractors.record.failure_kinds import Failure
from slotfill.extractors.record.money import add_money, money_text
from slotfill.extractors.record.usage import Usage, count_text
from slotfill.extractors.suggestion.by_rule.drawn_proposal import propose_by_rule
from slotfill.extractors.suggestion.proposal import Proposal
from slotfill.extractors.suggestion.sample_sheet import SampleSheet
from slotfill.extractors.suggestion.sense_checks import Settled, settle
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["Draft", "cost_line", "draft", "nothing_proposed", "origin_lines"]

BY_RULE = "by rule: no model has read them"


@dataclass(frozen=True, slots=True)
class Draft:
    """What came of asking for a proposal.

    Attributes:
        settled: The proposal; None where there is none with a field.
        origin: How it came about: by which model, or that it was drawn by rule.
        asked: What came of asking a model; None where none was asked.
    """

    settled: Settled | None
    origin: str
    asked: Extraction[Proposal] | None = None

    @property
    def is_by_rule(self) -> bool:
        """Whether no model has read the samples for it."""
        return self.origin == BY_RULE

    @property
    def extractions(self) -> tuple[Extraction[Proposal], ...]:
        """What was paid for."""
        return (self.asked,) if self.asked else ()

    @property
    def failure(self) -> Failure | None:
        """Why the model that was asked proposed nothing."""
        return self.asked.error if self.asked else None


def origin_lines(draft: Draft, settled: Settled, samples: int, want: str | None) -> Iterator[str]:
    """Say how a proposal came about, and what was mended of it."""
    if draft.asked and draft.is_by_rule:
        yield f"{draft.asked.model} proposed nothing usable{_reason(draft)}"
    fields = _counted(len(settled.proposal.fields), "field")
    yield f"{settled.proposal.name}: {fields}, proposed from {_counted(samples, 'sample')} {draft.origin}"
    if want and draft.is_by_rule:
        yield "--want is for a Claude model: by rule nothing is made of it"
    if not draft.asked and any(one.many and one.type == "object" for one in settled.proposal.fields):
        yield "the embedded model leaves lists of objects empty: a Claude model fills them in"
    yield from (f"mended: {repair}" for repair in settled.repairs)


def nothing_proposed(draft: Draft) -> str:
    """Say why there is no proposal, and what to do."""
    by_rule = "by rule no field shows: the samples share no 'Label: value' lines, no table and no JSON"
    if draft.asked:
        return f"{draft.asked.model} proposed nothing usable{_reason(draft)}, and {by_rule}"
    return (
        f"{by_rule}, and the embedded model proposes none: name a Claude model with -m, or the fields yourself: "
        'slotfill extract "name, age int" SAMPLE'
    )


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _reason(draft: Draft) -> str:
    return f": {draft.failure.message}" if draft.failure else ""


def _proposes(extractor: Extractor[Proposal]) -> bool:
    """Whether one of the models can propose a schema: the embedded one leaves lists of objects empty."""
    return not all(map(is_local, extractor.models))


def draft(extractor: Extractor[Proposal], sheet: SampleSheet) -> Draft:
    """Ask for a proposal, and draw one by rule where there is no model to ask, or nothing usable in its answer."""
    asked = extractor.extract(sheet.as_one()) if _proposes(extractor) else None
    if asked and asked.ok and (settled := settle(asked.value, sheet.texts)).proposal.fields:
        return Draft(settled, f"by {asked.model}", asked)
    if asked and asked.error and asked.error.type.stops_run:
        return Draft(None, f"by {asked.model}", asked)
    drawn = propose_by_rule(sheet.texts)
    return Draft(settle(drawn, sheet.texts) if drawn else None, BY_RULE, asked)


def cost_line(extractions: Iterable[Extraction[Proposal] | Extraction[JSON]]) -> str:
    """Say what extractions cost together, and took in requests and tokens."""
    usage, requests = Usage(), 0
    cost: Decimal | None = Decimal(0)
    for one in extractions:
        usage, cost, requests = usage + one.usage, add_money(cost, one.cost_usd), requests + len(one.attempts)
    tokens = f"{count_text(usage.input_tokens)} tokens in, {count_text(usage.output_tokens)} out"
    return f"cost: {money_text(cost)} ({requests} requests, {tokens})"
