"""Evaluations of values that nobody expects end in figures: whatever JSON there is on either side."""

import json
from typing import Any

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.evaluation.drifting.drift import drift
from slotfill.extractors.evaluation.evaluation import evaluate_pairs
from slotfill.extractors.evaluation.paired_comparison import compare
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.schemas import Entities, Feedback, Schema

odd_texts = st.text(max_size=12) | st.sampled_from(
    ["", " ", "\x00", "\u202e1", "\ud800", "٣", "²", "1e999", "-0", "2026-13-45", "**", "NaN", "1,2.3,4", "٪"]
)
odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | odd_texts,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(odd_texts, part, max_size=3),
    max_leaves=8,
)
SCHEMAS = [
    None,
    Schema(Feedback).output_schema,
    Schema(Entities).output_schema,
    {"items": {"$ref": "#"}, "properties": {"a": {"$ref": "#/nowhere"}, "": {"$ref": "#"}}, "uniqueItems": True},
    {"x-slotfill-compare": "date", "prefixItems": [{"x-slotfill-compare": "number"}, True]},
]


def nested(depth: int, *, lists: bool) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value] if lists else {"a": value}
    return value


@examples(50)
@given(odd, odd, st.sampled_from(SCHEMAS))
def test_any_json_on_either_side(gold: Any, got: Any, schema: Any) -> None:
    golds = [GoldDocument.of(one, text="the text") for one in (gold, got, gold)]
    predictions = [{"value": got}, {"slotfill": 1, "value": got, "spans": got, "agreement": got}, None]
    evaluation = evaluate_pairs(zip(golds, predictions, strict=True), schema, resamples=3, by="x")
    json.dumps(evaluation.to_json())
    json.dumps(compare(evaluation, evaluation, resamples=3).to_json(), allow_nan=False)
    assert evaluation.scores.micro.counts.in_gold >= evaluation.scores.micro.counts.right
    drift([{"value": gold}, {"value": got}], [{"value": got}] * 3, schema)


@pytest.mark.parametrize(("lists", "depth"), [(True, 300), (False, 2000)])
def test_what_is_nested_deeply_is_judged_all_the_same(lists: bool, depth: int) -> None:
    deep, deeper = nested(depth, lists=lists), nested(depth + 200, lists=lists)
    for gold, got in ((deep, deep), (deep, deeper), ([deep, 2], [deeper, 3]), ([{"b": deep}], [{"b": deeper}])):
        evaluation = evaluate_pairs([(GoldDocument.of(gold, source="s"), {"value": got})], resamples=0)
        assert evaluation.scores.micro.counts.in_gold > 0
        drift([{"value": gold}], [{"value": got}])


def test_numbers_that_no_double_holds() -> None:
    for gold, got in ((10**400, 10**400 + 1), (10**400, 1.5), (float("inf"), 1e308), (float("nan"), float("nan"))):
        evaluation = evaluate_pairs([(GoldDocument.of({"a": gold}, source="s"), {"value": {"a": got}})], resamples=0)
        assert evaluation.scores.micro.counts.wrong == 1
