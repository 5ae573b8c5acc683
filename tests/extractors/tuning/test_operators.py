"""What makes variants: choices of examples, orders, other instructions."""

from random import Random

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.tuning.example_choice import CHOICES, ORDERS, Shown, shown_documents
from slotfill.extractors.tuning.operators import Material, neighbours, variants_of
from slotfill.extractors.tuning.rewriting import rewriting_task, rewritten_variant
from slotfill.extractors.tuning.variants import Mistake, Trial, Variant
from slotfill.extractors.tuning.wording import wordings
from slotfill.schemas.example import Example
from slotfill.schemas.sources.schema_sources import resolve

LABEL = {"enum": ["bill", "parcel"], "description": "What the ticket is about."}
JSON_SCHEMA = {"type": "object", "required": ["topic"], "properties": {"topic": LABEL, "note": {"type": "string"}}}


def shown(label="bill", text="a text", mistakes=0, *, whole=True):
    example = Example(text, {"topic": label})
    return Shown(example, example if whole else None, label, mistakes)


POOL = tuple(shown("bill" if at % 3 else "parcel", f"text {at}", at % 5) for at in range(20))
UNTUNED = Variant("untuned", "Sort it.", (Example("mine", {"topic": "bill"}),))


@pytest.mark.parametrize("name", CHOICES)
@examples(20)
@given(st.integers(0, 25), st.integers(0, 9))
def test_each_choice_gives_so_many_and_none_twice(name, count, seed):
    chosen = CHOICES[name](POOL, count, Random(seed))
    assert len(chosen) == len({one.labelled.text for one in chosen}) == min(count, len(POOL))
    assert chosen == CHOICES[name](POOL, count, Random(seed))


def test_balanced_and_hardest_take_of_each_label_in_turn():
    for name in ("balanced", "hardest"):
        strata = [one.stratum for one in CHOICES[name](POOL, 6, Random(1))]
        assert strata.count("bill") == 3


def test_the_hardest_have_the_most_mistakes():
    pool = [shown(text=str(at), mistakes=at) for at in range(9)]
    assert [one.mistakes for one in CHOICES["hardest"](pool, 3, Random(1))] == [8, 7, 6]


def test_the_representative_ones_are_near_to_all_others():
    texts = ["the soup was cold", "the soup was warm", "the soup was good", "a train was late", "a train was full"]
    chosen = CHOICES["representative"]([shown(text=text) for text in texts], 2, Random(1))
    assert sorted(one.labelled.text.split()[1] for one in chosen) == ["soup", "train"]


@pytest.mark.parametrize("name", ORDERS)
def test_an_order_loses_nothing(name):
    given_ones = [one.labelled for one in POOL]
    assert sorted(ORDERS[name](given_ones, Random(1)), key=lambda one: one.text) == sorted(
        given_ones, key=lambda one: one.text
    )


def test_gold_of_some_fields_is_shown_with_the_rest_as_the_model_said_it():
    schema = resolve("topic [str], note str")
    pool = [GoldDocument.of({"note": "x"}, text="one"), GoldDocument.of({"note": "y"}, text="two")]
    untuned = Trial(0.5, 2, values={pool[0].id: {"topic": ["a"], "note": "z"}, pool[1].id: None})
    first, second = shown_documents(schema, pool, untuned)
    assert first.example == Example("one", {"topic": ["a"], "note": "x"})
    assert first.labelled == Example("one", {"note": "x"})
    assert second.example is None


@examples(30)
@given(st.integers(0, 80), st.integers(0, 5), st.booleans())
def test_variants_are_all_different_and_as_many_as_asked_for(count, seed, calibrates):
    material = Material(POOL, {"rules": "Sort it.\n\nRules.", "doubt": "Sort it.\n\nDoubt."}, calibrates)
    made = variants_of(UNTUNED, material, count, seed)
    assert len({one.id for one in (UNTUNED, *made)}) == len(made) + 1
    assert len(made) == min(count, len(variants_of(UNTUNED, material, 1000, seed)))
    assert made == variants_of(UNTUNED, material, count, seed)


def test_the_first_variants_have_something_of_each_kind():
    material = Material(POOL, {"rules": "Sort it.\n\nRules."}, calibrates=True)
    made = variants_of(UNTUNED, material, 6)
    assert any(one.instructions != UNTUNED.instructions for one in made)
    assert any(one.calibration for one in made)
    assert any(len(one.examples) == 8 for one in made)


def test_what_is_shown_does_not_calibrate_as_well():
    for variant in variants_of(UNTUNED, Material(POOL, {}, calibrates=True), 100):
        assert not {one.text for one in variant.examples} & {one.text for one in variant.calibration}


def test_without_whole_gold_there_are_still_other_words_and_calibrations():
    material = Material(tuple(shown(text=str(at), whole=False) for at in range(9)), {"rules": "Rules."}, True)
    made = variants_of(UNTUNED, material, 50)
    assert {"rules", "untuned; calibrated", "no examples"} <= {one.name for one in made}


def test_neighbours_keep_what_is_best_and_change_one_thing():
    best = Variant("best", "Sort it.", tuple(one.labelled for one in POOL[:4]))
    other = Variant("other", "Sort it well.")
    made = neighbours(best, [other], Material(POOL, {}), 10)
    assert made[0].instructions == "Sort it well."
    assert made[0].examples == best.examples
    assert all((one.instructions == best.instructions) != (one.examples == best.examples) for one in made)
    assert best.id not in {one.id for one in made}


def test_instructions_name_labels_and_mistakes():
    mistakes = [Mistake("/topic", "bill", "parcel")] * 3 + [Mistake("/note", "x" * 50, None)]
    made = wordings("Sort it.", JSON_SCHEMA, mistakes)
    assert made["label rules"].endswith(
        '- `topic` is one of "bill", "parcel", and exactly that. What decides: What the ticket is about.'
    )
    assert '- `topic`: "parcel" where "bill" was right (3 times).' in made["confusions"]
    assert "`note`: nothing where a value was right" in made["confusions"]
    assert all(text.startswith("Sort it.\n\n") for text in made.values())


def test_without_labels_and_mistakes_only_doubt_is_left():
    assert set(wordings("Sort it.", {"type": "object"}, [])) == {"when in doubt"}


def test_a_rewriting_is_asked_for_by_the_documents_that_were_got_wrong():
    pool = [GoldDocument.of({"topic": "bill"}, text=f"ticket {at}") for at in range(3)]
    mistakes = {pool[1].id: (Mistake("/topic", "bill", "parcel"),)}
    task = rewriting_task("Sort it.", JSON_SCHEMA, pool, mistakes, seed=1)
    assert "Instructions:\nSort it." in task.text
    assert 'ticket 1\nMistakes:\n- /topic: expected "bill", got "parcel"' in task.text
    assert "ticket 0" not in task.text
    assert rewriting_task("Sort it.", JSON_SCHEMA, pool, {}, seed=1) is None


@pytest.mark.parametrize("value", [None, {}, {"instructions": "  "}, {"instructions": "Sort it."}, {"instructions": 3}])
def test_a_rewriting_that_says_nothing_new_is_none(value):
    assert rewritten_variant(UNTUNED, value, "rewritten 1") is None
    assert rewritten_variant(UNTUNED, {"instructions": " Sort all. "}, "rewritten 1").instructions == "Sort all."


def test_a_variant_is_the_schema_with_other_words():
    schema = resolve("topic str", instructions="Sort it.")
    assert Variant.untuned(schema).apply(schema) is schema
    assert Variant("other", "Otherwise.").apply(schema).instructions == "Otherwise."
