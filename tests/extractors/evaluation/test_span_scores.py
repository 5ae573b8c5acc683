"""Spans: how much of where gold's values stand the prediction's spans hold; and which lists hold entities."""

from typing import Any

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.evaluation.evaluation import evaluate_pairs
from slotfill.extractors.evaluation.span_scores import overlap_share
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.schemas import Entities, Schema

SCHEMA = Schema(Entities).output_schema
TEXT = "Ada met Bob in Paris."

wheres = st.tuples(st.integers(0, 20), st.integers(1, 9)).map(lambda one: (one[0], one[0] + one[1]))


def record(value: Any, **spans: tuple[int, int]) -> dict[str, Any]:
    placed = {key: {"start": start, "end": end, "match": "exact"} for key, (start, end) in spans.items()}
    return {"slotfill": 1, "outcome": "valid", "value": value, "error": None, "spans": placed}


@examples(100)
@given(wheres, wheres)
def test_an_overlap_is_intersection_over_union(one: tuple[int, int], other: tuple[int, int]) -> None:
    mine, its = set(range(*one)), set(range(*other))
    assert overlap_share(one, other) == pytest.approx(len(mine & its) / len(mine | its))
    assert overlap_share(one, other) == overlap_share(other, one)
    assert overlap_share(one, one) == 1


def test_spans_are_compared_value_by_value_as_these_were_paired() -> None:
    gold = GoldDocument.of(
        {"a": ["x", "y"], "b": "z"}, source="s", spans={"/a/0": (0, 4), "/a/1": (10, 14), "/b": (20, 22)}
    )
    spans = {"/a/1": (0, 4), "/a/0": (11, 14)}
    evaluation = evaluate_pairs([(gold, record({"a": ["y", "x"], "b": None}, **spans))], resamples=0)
    scores = evaluation.spans["/a/*"]
    assert (scores.spans, scores.overlap.value, scores.equal.value) == (2, pytest.approx((1 + 3 / 4) / 2), 0.5)
    assert evaluation.spans["/b"].overlap.value == 0
    assert (evaluation.spans["*"].spans, evaluation.spans["*"].equal.value) == (3, pytest.approx(1 / 3))


def test_gold_without_spans_says_nothing_of_them() -> None:
    gold = GoldDocument.of({"b": "z"}, source="s")
    assert evaluate_pairs([(gold, record({"b": "z"}, **{"/b": (0, 1)}))], resamples=0).spans == {}


def entities(*pairs: tuple[str, str]) -> dict[str, Any]:
    return {"entities": [{"text": text, "type": kind} for text, kind in pairs]}


def counts(gold: GoldDocument, prediction: Any, schema: Any = SCHEMA) -> dict[str, tuple[int, ...]]:
    scores = evaluate_pairs([(gold, prediction)], schema, resamples=0).entities["/entities"]
    return {scheme: one.counts.summands for scheme, one in scores.schemes.items()}


def test_entities_are_found_by_the_schema_and_placed_by_the_record() -> None:
    gold = GoldDocument.of(
        entities(("Ada", "person"), ("Bob", "person"), ("Paris", "location")),
        text=TEXT,
        spans={"/entities/0/text": (0, 3), "/entities/1/text": (8, 11), "/entities/2/text": (15, 20)},
    )
    got = entities(("Paris", "event"), ("Ada", "person"), ("Ann", "person"))
    prediction = record(got, **{"/entities/0/text": (15, 20), "/entities/1/text": (0, 3)})
    assert counts(gold, prediction) == {
        "strict": (1, 1, 0, 1, 1),
        "exact": (2, 0, 0, 1, 1),
        "partial": (2, 0, 0, 1, 1),
        "type": (1, 1, 0, 1, 1),
    }
    assert counts(gold, prediction, None) == counts(gold, prediction)  # gold's spans show where its entities are


def test_entities_without_spans_are_looked_for_in_the_text() -> None:
    gold = GoldDocument.of(entities(("Ada", "person"), ("Paris", "location")), text=TEXT)
    line = {"source": "s", "value": entities(("Ada met", "person"), ("Berlin", "location"))}
    assert counts(gold, line)["type"] == (1, 0, 0, 1, 1)
    assert counts(gold, line)["partial"] == (0, 0, 1, 1, 1)


def test_bare_lines_are_looked_for_in_the_text_without_a_schema_too() -> None:
    value = entities(("Ada", "person"), ("Paris", "location"))
    spans = {"/entities/0/text": (0, 3), "/entities/1/text": (TEXT.index("Paris"), TEXT.index("Paris") + 5)}
    gold = GoldDocument.of(value, text=TEXT, spans=spans)
    result = evaluate_pairs([(gold, {"source": "s", "value": value})], resamples=0)
    assert result.entities["/entities"].schemes["strict"].f1.value == 1.0
    assert result.spans["*"].overlap.value == 1.0


def test_a_value_without_entities_has_no_scores_of_them() -> None:
    gold = GoldDocument.of({"a": 1}, text=TEXT)
    assert evaluate_pairs([(gold, record({"a": 1}))], {"properties": {"a": {}}}, resamples=0).entities == {}
    nested = {"properties": {"parts": {"type": "array", "items": SCHEMA}}, "$defs": SCHEMA["$defs"]}
    gold = GoldDocument.of({"parts": [entities(("Ada", "person"))]}, text=TEXT)
    assert [*evaluate_pairs([(gold, {"value": {"parts": []}})], nested, resamples=0).entities] == ["/parts/*/entities"]
