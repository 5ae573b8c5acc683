"""One value beside gold: which verdicts there are, by every comparison, and how lists are aligned."""

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from examples import examples
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.extractors.evaluation.judging.alignment import AlignmentMethod
from slotfill.extractors.evaluation.judging.value_judge import ValueJudge, labelled_keys
from slotfill.schemas import Entities, Schema
from slotfill.schemas.marks.comparison import COMPARE_KEYWORD

scalars = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["a", "b", "alpha beta", "alpha betas", "1"])
values = st.recursive(
    scalars,
    lambda part: st.lists(part, max_size=4) | st.dictionaries(st.sampled_from("xyz"), part, max_size=3),
    max_leaves=12,
)
methods: st.SearchStrategy[AlignmentMethod] = st.sampled_from(["assignment", "greedy"])


def verdict(schema: Any, gold: Any, got: Any) -> str:
    (one,) = ValueJudge(schema).judge(gold, got)
    return one.verdict.value


def counts(gold: Any, got: Any, schema: Any = None, method: Any = None) -> Counter[tuple[str, str]]:
    return Counter((one.path, one.verdict.value) for one in ValueJudge(schema, None, method).judge(gold, got))


def shuffled(value: Any, seed: random.Random) -> Any:
    """Give a value with its keys and its lists in another order."""
    if isinstance(value, dict):
        keys = seed.sample([*value], len(value))
        return {key: shuffled(value[key], seed) for key in keys}
    return [shuffled(item, seed) for item in seed.sample(value, len(value))] if isinstance(value, list) else value


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from leaves(part)
    elif value is not None:
        yield value


@pytest.mark.parametrize(
    ("schema", "gold", "got", "expected"),
    [
        ({}, 1, 1.0, "right"),
        ({}, 1, True, "wrong"),
        ({}, None, "", "hallucinated"),
        ({}, False, None, "omitted"),
        ({"enum": ["a", "A"]}, "a", "A", "wrong"),
        ({"anyOf": [{"const": "none"}, {"type": "null"}]}, "none", "None", "wrong"),
        ({"anyOf": [{"enum": ["none"]}, {"type": "string"}]}, "none", "None", "tolerated"),
        ({"type": "integer"}, 10**12, 10**12 + 1, "wrong"),
        ({"type": "number"}, 0.1 + 0.2, 0.3, "tolerated"),
        ({"type": "number"}, 100.0, 100.01, "wrong"),
        ({COMPARE_KEYWORD: {"as": "number", "relative": 0.01}}, 100, 101, "tolerated"),
        ({COMPARE_KEYWORD: {"as": "number", "relative": 0.01}}, 100, 102, "wrong"),
        ({COMPARE_KEYWORD: {"as": "number", "relative": 0.1}}, 100, 111, "tolerated"),  # of the larger one
        ({COMPARE_KEYWORD: {"as": "number", "absolute": 0.5}}, 1, 1.5, "tolerated"),
        ({COMPARE_KEYWORD: {"as": "number", "absolute": 0.5}}, 1, 1.51, "wrong"),
        ({COMPARE_KEYWORD: "number"}, "1,234.50", 1234.5, "tolerated"),
        ({COMPARE_KEYWORD: "number"}, "many", 3, "wrong"),
        ({COMPARE_KEYWORD: "number"}, "1e999999999", 3, "wrong"),
        ({"type": "string"}, "The  Battery died", "the battery died", "tolerated"),
        ({"type": "string"}, "the battery died", "the battery dies", "tolerated"),
        ({"type": "string"}, "the battery died", "the screen broke", "wrong"),
        ({"type": "string"}, "invoice number INV-2026-00017", "invoice number INV-2026-00018", "wrong"),
        ({COMPARE_KEYWORD: {"as": "text", "at_least": 0.2}}, "abcdef", "abcxyz", "tolerated"),
        ({COMPARE_KEYWORD: {"as": "text", "at_least": 1}}, "battery died", "battery dies", "wrong"),
        ({COMPARE_KEYWORD: "exact"}, "a", "A", "wrong"),
        ({"type": "string", "format": "verbatim"}, "The “soup”, cold", 'the "soup", **cold**.', "tolerated"),
        ({"type": "string", "format": "verbatim"}, "University", "the University", "wrong"),
        ({"type": "string", "format": "verbatim"}, "well-known", "well known", "wrong"),
        ({"type": "string", "format": "date"}, "2026-03-03", "3 March 2026", "tolerated"),
        ({"type": "string", "format": "date"}, "2026-03-04", "03/04/2026", "wrong"),
        ({"type": "string", "format": "date-time"}, "2026-03-03T10:00:00Z", "2026-03-03T11:00:00+01:00", "tolerated"),
        ({"type": "string", "format": "date-time"}, "2026-03-03T10:00:00Z", "2026-03-03T11:00:00Z", "wrong"),
        ({"type": "string", "format": "duration"}, "PT90M", "PT90M", "right"),
        ({COMPARE_KEYWORD: "date"}, "90 minutes", "1 hour 30 minutes", "tolerated"),
        ({"type": "string", "format": "email"}, "Ann@b.org", "ann@b.org", "tolerated"),
        ({"type": "string", "format": "email"}, "annabelle.smith@b.org", "annabelle.smyth@b.org", "wrong"),
        ({"type": "string", "pattern": "^[A-Z]+$"}, "ABCDEFGHIJKLMNOPQRST", "ABCDEFGHIJKLMNOPQRSX", "wrong"),
        (None, "2026-03-03", "March 3, 2026", "tolerated"),
        (None, "alpha beta gamma", "alpha beta gama", "tolerated"),
        (None, 1.0, 1.0 + 1e-12, "tolerated"),
        (None, 1, "1", "tolerated"),
    ],
)
def test_a_field_is_compared_as_its_schema_or_its_value_says(schema: Any, gold: Any, got: Any, expected: str) -> None:
    assert verdict(schema, gold, got) == expected
    turned = {"omitted": "hallucinated", "hallucinated": "omitted"}.get(expected, expected)
    assert verdict(schema, got, gold) == turned


def test_both_null_or_absent_is_nothing_to_judge() -> None:
    assert counts({"a": None, "b": [], "c": {}, "d": [None]}, {"e": None}) == {}
    assert counts(None, None) == {}


def test_what_is_ignored_a_confidence_and_evidence_are_not_judged() -> None:
    schema = {
        "properties": {
            "a": {"properties": {"x": {"type": "string"}}, COMPARE_KEYWORD: "ignore"},
            "b": {"type": "string"},
            "sure": {"type": "number", "x-confidence-of": "b"},
            "shown_by": {"type": "array", "items": {"type": "string", "format": "verbatim"}, "x-evidence-of": "b"},
        }
    }
    gold = {"a": {"x": "u"}, "b": "c", "sure": 1, "shown_by": ["c", "d"]}
    assert counts(gold, {"a": None, "b": "c", "sure": 0.3, "shown_by": ["e"]}, schema) == {("/b", "right"): 1}


def test_the_mark_of_a_list_or_object_holds_for_what_is_in_it() -> None:
    schema = {"properties": {"a": {"type": "array", "items": {"type": "string"}, COMPARE_KEYWORD: "exact"}}}
    assert counts({"a": ["battery"]}, {"a": ["Battery"]}, schema) == {
        ("/a/*", "omitted"): 1,
        ("/a/*", "hallucinated"): 1,
    }


def test_a_list_is_compared_in_any_order_and_each_item_as_often_as_it_stands() -> None:
    assert counts(["a", "b", "b"], ["b", "c", "a"]) == {
        ("/*", "right"): 2,
        ("/*", "omitted"): 1,
        ("/*", "hallucinated"): 1,
    }
    assert counts(["a"], ["a", "a"]) == {("/*", "right"): 1, ("/*", "hallucinated"): 1}
    for mark in ({"uniqueItems": True}, {COMPARE_KEYWORD: "set"}):
        schema = {"type": "array", "items": {"type": "string"}, **mark}
        assert counts(["b", "a"], ["a", "a", "b"], schema) == {("/*", "right"): 2}
    places = {"type": "array", "prefixItems": [{"type": "string"}, {"type": "string"}]}
    assert counts(["a", "b"], ["b", "a"], places) == {("/*", "wrong"): 2}


@pytest.mark.parametrize("method", ["assignment", "greedy"])
def test_objects_are_paired_by_what_they_are_about(method: AlignmentMethod) -> None:
    gold = [{"name": "London", "kind": "city"}, {"name": "Ada Lovelace", "kind": "person"}]
    got = [{"name": "Ada Lovelaces", "kind": "person"}, {"name": "Rome", "kind": "city"}]
    schema = {"items": {"properties": {"name": {"type": "string"}, "kind": {"enum": ["city", "person"]}}}}
    assert counts(gold, got, schema, method) == {
        ("/*/name", "tolerated"): 1,
        ("/*/kind", "right"): 1,
        ("/*/name", "omitted"): 1,
        ("/*/name", "hallucinated"): 1,
        ("/*/kind", "omitted"): 1,
        ("/*/kind", "hallucinated"): 1,
    }


def test_an_entity_of_another_text_is_another_entity_whatever_its_type() -> None:
    schema = Schema(Entities).output_schema
    gold = {"entities": [{"text": "Ada", "type": "person"}]}
    got = {"entities": [{"text": "Bob", "type": "person"}]}
    assert counts(gold, got, schema)["/entities/*/type", "right"] == 0
    got = {"entities": [{"text": "Ada", "type": "location"}]}
    assert counts(gold, got, schema) == {("/entities/*/text", "right"): 1, ("/entities/*/type", "wrong"): 1}


def test_a_merge_key_tells_items_apart() -> None:
    item = {"properties": {"sku": {"type": "string"}, "name": {"type": "string"}, "n": {"type": "integer"}}}
    schema = {"type": "array", "items": item, "x-merge": {"key": ["sku"]}}
    gold = [{"sku": "A1", "name": "red lamp", "n": 1}]
    same_key = [{"sku": "a1", "name": "something else", "n": 2}]
    other_key = [{"sku": "B2", "name": "red lamp", "n": 1}]
    assert counts(gold, same_key, schema)["/*/sku", "tolerated"] == 1
    assert counts(gold, other_key, schema)["/*/name", "right"] == 0
    del schema["x-merge"]
    assert counts(gold, other_key, schema)["/*/name", "right"] == 1


def test_the_assignment_is_better_than_the_likest_pair_first() -> None:
    """The likest pair takes what the other item needs; all together are paired better."""
    gold = [{"a": "aaaa", "b": "bbbb", "c": "cccc"}, {"a": "aaaa", "b": "bbbb", "c": "zzzz"}]
    got = [{"a": "aaaa", "b": "bbbb", "c": "cccc", "d": "dddd"}, {"a": "xxxx", "b": "yyyy", "c": "cccc"}]
    best, greedy = counts(gold, got, method="assignment"), counts(gold, got, method="greedy")
    assert sum(best[key] for key in best if key[1] == "right") == 3
    assert sum(greedy[key] for key in greedy if key[1] == "right") == 3
    assert best != greedy


def test_values_of_different_kinds_have_nothing_in_common() -> None:
    assert counts({"a": "x"}, {"a": ["x", "y"]}) == {("/a", "omitted"): 1, ("/a/*", "hallucinated"): 2}
    assert counts({"a": {"b": 1}}, {"a": [{"b": 1}]}) == {("/a/b", "omitted"): 1, ("/a/*/b", "hallucinated"): 1}


def test_pointers_lead_to_both_sides() -> None:
    gold, got = {"a": ["one thing", "another"]}, {"a": ["another", "two things", "one thing"]}
    pairs = {(one.gold_pointer, one.pointer) for one in ValueJudge().judge(gold, got)}
    assert pairs == {("/a/0", "/a/2"), ("/a/1", "/a/0"), (None, "/a/1")}


def test_what_gold_never_says_is_not_judged_and_named() -> None:
    golds = [{"a": 1, "rows": []}, {"a": 2, "rows": [{"x": 1}]}]
    judge = ValueJudge(None, labelled_keys(golds))
    verdicts = judge.judge(golds[0], {"a": 1, "b": 2, "rows": [{"x": 1, "y": 2}]})
    assert [(one.path, one.verdict) for one in verdicts] == [("/a", "right"), ("/rows/*/x", "hallucinated")]
    assert judge.unlabelled == {"/b", "/rows/*/y"}


def test_items_of_lists_that_gold_leaves_empty_are_hallucinated() -> None:
    judge = ValueJudge(None, labelled_keys([{"rows": []}]))
    assert [one.path for one in judge.judge({"rows": []}, {"rows": [{"x": 1}]})] == ["/rows/*/x"]


def test_keys_that_are_data_are_judged() -> None:
    schema = {"properties": {"prices": {"type": "object", "additionalProperties": {"type": "number"}}}}
    judge = ValueJudge(schema, labelled_keys([{"prices": {"apple": 1}}]))
    verdicts = judge.judge({"prices": {"apple": 1}}, {"prices": {"apple": 1, "pear": 2}})
    assert [(one.path, one.verdict) for one in verdicts] == [
        ("/prices/apple", "right"),
        ("/prices/pear", "hallucinated"),
    ]


def row(letters: str) -> dict[str, str]:
    return dict(zip("abc", letters, strict=True))


TIED = [row("rqr"), row("qrr")], [row("qpr"), row("prr")]
"""Lists of which several pairings are as good: a may be right, or b."""


@example([row("pqz"), row("rsz")], [row("psy")], "assignment", random.Random(0))
@example([row("pqz"), row("rsz")], [row("psy")], "greedy", random.Random(0))
@examples(60)
@given(values, values, methods, st.randoms(use_true_random=False))
def test_the_order_of_keys_and_lists_changes_nothing(
    gold: Any, got: Any, method: AlignmentMethod, seed: random.Random
) -> None:
    assert counts(gold, got, method=method) == counts(shuffled(gold, seed), shuffled(got, seed), method=method)


@example(*TIED, "assignment")
@examples(60)
@given(values, values, methods)
def test_gold_and_prediction_may_change_places(gold: Any, got: Any, method: AlignmentMethod) -> None:
    turned = {"omitted": "hallucinated", "hallucinated": "omitted"}
    there, back = counts(gold, got, method=method), counts(got, gold, method=method)
    assert {(path, turned.get(name, name)): count for (path, name), count in there.items()} == back


@examples(60)
@given(values, values, methods)
def test_every_value_of_both_is_judged_once(gold: Any, got: Any, method: AlignmentMethod) -> None:
    by_verdict: Counter[str] = Counter()
    for (_, name), count in counts(gold, got, method=method).items():
        by_verdict[name] += count
    both = by_verdict["right"] + by_verdict["tolerated"] + by_verdict["wrong"]
    assert both + by_verdict["omitted"] == len([*leaves(gold)])
    assert both + by_verdict["hallucinated"] == len([*leaves(got)])


@examples(40)
@given(values)
def test_gold_is_right_and_nothing_else(gold: Any) -> None:
    assert {name for _, name in counts(gold, gold)} <= {"right"}


def test_long_lists_and_deep_values_end() -> None:
    gold = [{"name": f"item {at}", "n": at} for at in range(1500)]
    got = [{"name": f"item {at}", "n": at + 1} for at in reversed(range(1500))]
    assert counts(gold, got)["/*/name", "right"] == 1500
    deep: Any = 1
    for _ in range(5000):
        deep = {"a": deep}
    assert counts(deep, deep) == {("/a" * 5000, "right"): 1}


def test_the_defaults_of_a_built_in_schema() -> None:
    judge = ValueJudge(Schema(Entities).output_schema)
    value = {"entities": [{"text": "Ada", "type": "person"}]}
    judge.judge(value, value)
    assert judge.compared_as == {"/entities/*/text": "verbatim", "/entities/*/type": "exact"}
