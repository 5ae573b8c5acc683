"""The tuner: what it finds by one part of gold, and what it asks for; who asks is a function."""

from dataclasses import replace
from decimal import Decimal

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.errors import StoppedError
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.tuning.trial_rates import MARGIN, TrialRates
from slotfill.extractors.tuning.tuner import TuningSearch, select_variant
from slotfill.extractors.tuning.variants import Mistake, Trial, Variant
from slotfill.schemas.example import Example
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.schema_sources import resolve

SCHEMA: Schema = resolve(
    {"title": "ticket", "type": "object", "required": ["topic"], "properties": {"topic": {"enum": ["bill", "parcel"]}}}
)
GOLD = [GoldDocument.of({"topic": "bill" if at % 2 else "parcel"}, text=f"ticket {at}") for at in range(60)]
EACH = Decimal("0.01")


class Model:
    """What answers in place of a model: a score by variant, a price a document that was not asked about before."""

    def __init__(self, score, most=None):
        self.asked: dict[str, set[str]] = {}
        self.spent = Decimal(0)
        self._score, self._most = score, most

    def measure(self, variant, documents):
        known = self.asked.setdefault(variant.id, set())
        new = {one.id for one in documents} - known
        if self._most is not None and self.spent + EACH * len(new) > self._most:
            raise StoppedError("the budget is spent")
        known |= new
        self.spent += EACH * len(new)
        mistakes = {one.id: (Mistake("/topic", one.value["topic"], None),) for one in documents[::2]}
        return Trial(self._score(variant), len(documents), EACH * len(documents), {}, mistakes)

    @property
    def left(self):
        return None if self._most is None else self._most - self.spent


def test_the_better_words_are_found():
    model = Model(lambda one: 0.9 if "when in doubt" in one.name else 0.5)
    choice = select_variant(SCHEMA, GOLD, TuningSearch(model.measure))
    assert "when in doubt" in choice.best.name
    assert choice.is_other
    assert choice.stopped is None


def test_where_all_are_alike_the_schema_stays():
    choice = select_variant(SCHEMA, GOLD, TuningSearch(Model(lambda _: 0.5).measure))
    assert not choice.is_other


def test_what_leads_on_few_documents_may_lose_on_more():
    model, schema_itself = Model(lambda _: 0.5), Variant.untuned(SCHEMA).id

    def measure(variant, documents):
        trial = model.measure(variant, documents)
        if variant.id != schema_itself:
            return trial
        if len(documents) > 30:
            finished.append(documents)
        if len(finished) > 1:
            raise StoppedError("the budget is spent")
        return replace(trial, score=0.9 if finished else 0.4)

    finished = []
    choice = select_variant(SCHEMA, GOLD, TuningSearch(measure))
    assert {row.score for row in choice.rows if row.variant.id == schema_itself} == {0.4, 0.9}
    assert choice.stopped
    assert not choice.is_other


def test_what_is_shown_is_never_asked_about():
    model = Model(lambda one: len(one.examples) / 10)
    choice = select_variant(SCHEMA, GOLD, TuningSearch(model.measure))
    assert choice.best.examples
    texts = {one.id: one.text for one in GOLD}
    for row in choice.rows:
        if row.part == "trials":
            shown = {one.text for one in (*row.variant.examples, *row.variant.calibration)}
            assert not shown & {texts[key] for key in model.asked[row.variant.id]}


def test_rewritten_instructions_are_tried_first_among_the_words():
    def rewrite(untuned, pool, seen):
        assert seen.mistakes
        return [Variant("rewritten 1", "Be right.")]

    model = Model(lambda one: float(one.instructions == "Be right."))
    choice = select_variant(SCHEMA, GOLD, TuningSearch(model.measure, rewrite, variants=2))
    assert choice.best.instructions == "Be right."


def test_a_model_that_reads_no_words_is_tried_with_examples_and_calibrations_alone():
    model = Model(lambda one: len(one.calibration) / 100)
    choice = select_variant(SCHEMA, GOLD, TuningSearch(model.measure, words=False, calibrates=True))
    assert {row.variant.instructions for row in choice.rows} == {SCHEMA.instructions}
    assert choice.best.calibration


@examples(40)
@given(st.decimals(0, 8, places=2), st.integers(1, 30))
def test_no_more_is_spent_than_is_left_and_there_is_always_a_choice(most, count):
    model = Model(lambda one: len(one.examples) / 10, most)
    choice = select_variant(SCHEMA, GOLD, TuningSearch(model.measure, variants=count, left=lambda: model.left))
    assert model.spent <= most
    tried = {row.variant.id for row in choice.rows} | {choice.untuned.id}
    assert choice.best.id in tried
    if choice.stopped is not None:
        assert "is left" in choice.stopped or "spent" in choice.stopped


def test_a_rung_that_would_cost_too_much_is_not_begun():
    model = Model(lambda _: 0.5, Decimal("0.30"))  # 24 documents make variants; 6 are left for the rest
    choice = select_variant(SCHEMA, GOLD, TuningSearch(model.measure, left=lambda: model.left))
    assert "would cost about" in choice.stopped
    assert {row.part for row in choice.rows} == {"pool"}
    assert model.spent == EACH * 24


def test_with_less_to_spend_fewer_variants_are_tried():
    def tried(most):
        model = Model(lambda _: 0.5, most)
        choice = select_variant(SCHEMA, GOLD, TuningSearch(model.measure, left=lambda: model.left))
        return len({row.variant.id for row in choice.rows})

    assert 2 <= tried(Decimal(2)) < tried(Decimal(4)) < tried(None)


@pytest.mark.parametrize("documents", [1, 10])
def test_rates_are_measured_or_taken_from_the_length_of_the_prompt(documents):
    short = Variant("untuned", "x" * 99)
    long = Variant("long", "x" * 99, (Example("y" * 98, 1),))
    gold = [GoldDocument.of(1, text="z" * 50)] * documents
    rates = TrialRates(short, Trial(0.5, documents, EACH * documents), gold)
    assert rates.rate(short) == EACH
    assert EACH < rates.rate(long) < 2 * EACH
    rates.learn(long, Trial(0.5, 8, 8 * 3 * EACH))
    assert rates.rate(long) == 3 * EACH
    assert rates.estimate([long], 8) == 0
    assert rates.estimate([long, short], 10) == MARGIN * (2 * 3 * EACH + 10 * EACH)
