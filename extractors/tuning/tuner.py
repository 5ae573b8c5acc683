"""The tuner: finds the best variant of a schema's words by one part of gold. It never has the other part.

The part is divided once more: by some documents variants are made (as examples, as mistakes to be told of), by the
others they are tried. No I/O: who asks the model is handed over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from slotfill.extractors.errors import StoppedError
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.record.money import money_text
from slotfill.extractors.tuning.example_choice import shown_documents
from slotfill.extractors.tuning.gold_parts import gold_parts
from slotfill.extractors.tuning.halving import TuningRung, halving, ranked
from slotfill.extractors.tuning.operators import Material, neighbours, variants_of
from slotfill.extractors.tuning.trial_rates import TrialRates
from slotfill.extractors.tuning.variants import Measure, Mistake, Trial, Variant
from slotfill.extractors.tuning.wording import wordings
from slotfill.schemas.schema import Schema

__all__ = ["Selection", "TrialRow", "TuningSearch", "select_variant"]

POOL_SHARE = 0.4
"""Of the part that is chosen by: so much makes variants, the rest tries them."""

NEIGHBOURS = 4
"""So many variants of the best one are tried in the end."""

Rewrite = Callable[[Variant, Sequence[GoldDocument], Trial], Sequence[Variant]]
"""Has instructions rewritten, by documents that were got wrong. Raises StoppedError where nothing more can be asked."""


@dataclass(frozen=True, slots=True)
class TuningSearch:
    """How the tuner goes about it.

    measure: asks and scores. rewrite: None for a model that does not write instructions. words: whether the model reads
    them. calibrates: as in `Material`. variants: how many are tried at first.
    left: what may still be spent on the search, in USD; None for any amount.
    on_rung: is told of each rung before it starts, with its estimated cost, and of each that has ended.
    """

    measure: Measure
    rewrite: Rewrite | None = None
    calibrates: bool = False
    words: bool = True
    variants: int = 16
    seed: int = 0
    left: Callable[[], Decimal | None] = lambda: None
    on_rung: Callable[[TuningRung, Sequence[float] | None], None] = lambda _, __: None


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One variant on one rung. part: which documents it was asked about: `pool`, or `trials`, of these the first."""

    variant: Variant
    part: Literal["pool", "trials"]
    documents: int
    score: float
    cost_usd: Decimal | None


@dataclass(slots=True)
class Selection:
    """What the tuner found. best: the untuned variant where none was better. stopped: why it ended early, if so."""

    untuned: Variant
    best: Variant
    rows: list[TrialRow] = field(default_factory=list)
    stopped: str | None = None

    @property
    def is_other(self) -> bool:
        """Whether anything was better than the schema's own words, on the documents that it was chosen by."""
        return self.best.id != self.untuned.id


def select_variant(schema: Schema[Any], documents: Sequence[GoldDocument], search: TuningSearch) -> Selection:
    """Find the best variant of a schema's words.

    Args:
        schema: What is extracted.
        documents: The part of gold to choose by.
        search: How to go about it.

    Returns:
        The choice. Stopped by its budget it is the best of what was tried till then.
    """
    pool, trials = gold_parts(documents, (POOL_SHARE, 1 - POOL_SHARE), search.seed)
    untuned = Variant.untuned(schema)
    choice = Selection(untuned, untuned)
    try:
        _search(schema, pool, trials, search, choice)
    except StoppedError as reason:
        choice.stopped = str(reason)
    return choice


def _search(
    schema: Schema[Any],
    pool: Sequence[GoldDocument],
    trials: Sequence[GoldDocument],
    search: TuningSearch,
    choice: Selection,
) -> None:
    untuned = choice.untuned
    seen = search.measure(untuned, pool)
    choice.rows.append(TrialRow(untuned, "pool", len(pool), seen.score, seen.cost_usd))
    rates = TrialRates(untuned, seen, pool)
    material = _material(schema, pool, seen, untuned, search)
    tried = (untuned, *variants_of(untuned, material, search.variants, search.seed))
    halves = _Halving(trials, search, choice, rates)
    ranking = halves.run(tried[: max(2, rates.most(tried, len(trials), search.left()))])
    near = neighbours(ranking[0], ranking[1:], material, NEIGHBOURS, search.seed)
    halves.run((ranking[0], *near)[: max(1, rates.most((ranking[0], *near), len(trials), search.left()))])


def _material(
    schema: Schema[Any], pool: Sequence[GoldDocument], seen: Trial, untuned: Variant, search: TuningSearch
) -> Material:
    words: dict[str, str] = {}
    if search.words:
        mistakes: list[Mistake] = [one for ones in seen.mistakes.values() for one in ones]
        rewritten = search.rewrite(untuned, pool, seen) if search.rewrite else ()
        words = {one.name: one.instructions for one in rewritten}
        words |= wordings(untuned.instructions, schema.json_schema, mistakes)
    return Material(shown_documents(schema, pool, seen), words, search.calibrates)


@dataclass(frozen=True, slots=True)
class _Halving:
    """Has the rungs of halvings asked, and notes what comes of them."""

    trials: Sequence[GoldDocument]
    search: TuningSearch
    choice: Selection
    rates: TrialRates

    def run(self, variants: Sequence[Variant]) -> tuple[Variant, ...]:
        """Return the last rung's variants, the best first. Raises StoppedError; the choice is then the best so far."""
        steps = halving(variants, len(self.trials), always=self.choice.untuned)
        rung = next(steps)
        while True:
            scores = self._ask(rung)
            self.choice.best = ranked(rung.variants, scores)[0]
            try:
                rung = steps.send(scores)
            except StopIteration as end:
                ranking: tuple[Variant, ...] = end.value
                return ranking

    def _ask(self, rung: TuningRung) -> list[float]:
        self._check(rung)
        self.search.on_rung(rung, None)
        scores = []
        for variant in rung.variants:
            trial = self.search.measure(variant, self.trials[: rung.documents])
            self.rates.learn(variant, trial)
            self.choice.rows.append(TrialRow(variant, "trials", rung.documents, trial.score, trial.cost_usd))
            scores.append(trial.score)
        self.search.on_rung(rung, scores)
        return scores

    def _check(self, rung: TuningRung) -> None:
        """Raise StoppedError where a rung would surely cost too much: half of one tells nothing."""
        cost, left = self.rates.estimate(rung.variants, rung.documents), self.search.left()
        if left is not None and cost > left:
            raise StoppedError(
                f"the next {len(rung.variants)} variants on {rung.documents} documents would cost about "
                f"{money_text(cost)}, and {money_text(max(left, Decimal(0)))} of --max-cost is left for them"
            )
