import json

import pytest
import regex
from hypothesis import assume, example, given
from hypothesis import strategies as st

from slotfill.extractors.grounding.grounding import ground
from slotfill.extractors.record.parts import Span
from slotfill.schemas import Entities, Feedback, Sentiment
from slotfill.schemas.json_values.pointer import follow
from slotfill.schemas.passages.folding import fold
from slotfill.schemas.passages.passages import exact, normalised
from slotfill.schemas.strategies.planted_documents import documents

ABSENT = Span(None, None, "absent")
FREE = {}


def passages(data, document, json_schema=FREE):
    spans = ground(data, document, json_schema)
    return {path: None if span == ABSENT else document[span.start : span.end] for path, span in spans.items()}


def starts(data, document):
    return {path: span.start for path, span in ground(data, document, FREE).items()}


@pytest.mark.parametrize(
    ("value", "document", "span"),
    [
        ("soup", "the soup", Span(4, 8, "exact")),
        ("Soup", "the soup", Span(4, 8, "normalised")),
        ("包裹", "的包裹到了", Span(1, 3, "exact")),
        ("👩‍🚀 Sally", "Hi 👩‍🚀 Sally", Span(3, 12, "exact")),
        ("👩", "Hi 👩‍🚀", Span(3, 6, "normalised")),
        ("القاهرة", "في القاهرة.", Span(3, 10, "exact")),
        ("a b", "x a\r\nb", Span(2, 6, "normalised")),
        ("the soup was realy cold", "All the soup was really cold.", Span(4, 28, "fuzzy")),
        ("Pragve castle", "to Prague castle.", Span(3, 16, "fuzzy")),
        ("包裏星期二到了盖子裂了", "好。包裹星期二到了盖子裂了。", Span(2, 13, "fuzzy")),
        ("包裹星期三到了盖子裂了", "好。包裹星期二到了盖子裂了。", ABSENT),  # another day
        ("the soup was not cold", "the soup was now cold", ABSENT),  # the opposite
        ("ham", "hamburgers", Span(0, 10, "fuzzy")),
        ("ham", "hamburgers, ham", Span(12, 15, "exact")),
        ("able", "unable", ABSENT),
        ("12", "in 2012", ABSENT),
        ("1.5", "at 11.5", ABSENT),
        ("-5", "pages 1-5", ABSENT),
        ("5", "-5", ABSENT),
        (".", "so good.", ABSENT),
        ("The battery dies", "The bat-\ntery **dies**", Span(0, 20, "normalised")),
        ("a well-known man", "> a well-\n> known man", Span(2, 21, "normalised")),
        ("order 4472 is late", "order 4471 is late", ABSENT),  # another digit is another order
        ("the quick fox", "the quack fix", ABSENT),  # two slips in so short a text
        ("the tea was warm", "the soup was cold", ABSENT),
        ("", "soup", ABSENT),
        (" ", "so up", ABSENT),
    ],
)
def test_a_string_is_found_as_closely_as_it_stands_there(value, document, span):
    assert ground(value, document, FREE) == {"": span}
    assert ground({"a/b": [value]}, document, FREE) == {"/a~1b/0": span}


@pytest.mark.parametrize(("last", "match"), [("soup", "fuzzy"), ("soups", "absent")])
def test_a_quote_of_2000_code_points_is_sought_fuzzily_and_a_longer_one_is_a_text_of_its_own(last, match):
    rest = f"{' soup' * 398} {last}"
    assert ground(f"realy{rest}", f"really{rest}", FREE)[""].match == match


@pytest.mark.parametrize(
    ("value", "document", "passage", "match"),
    [
        (1250.0, "Total 1,250.00", "1,250.00", "normalised"),
        (4471, "order 4471", "4471", "exact"),
        ("1250.00", "Total 1.250,00", "1.250,00", "normalised"),
        ("2026-11-21", "on 2026-11-21", "2026-11-21", "exact"),
        ("2026-11-21", "on 21 November 2026", "21 November 2026", "normalised"),
        ("2026-11-21T10:00:00Z", "on Nov 21, 2026", "Nov 21, 2026", "normalised"),
        ("2026-02-30", "on 30 Feb 2026", None, "absent"),
        (1, "1️⃣ first", "1️⃣", "normalised"),
        (-1234, "a loss of (1,234) EUR", "(1,234)", "normalised"),
        (-5, "it was –5 degrees", "–5", "normalised"),
        (-5, "a loss of -$5", "-$5", "normalised"),
        (10, "5-10 days", "10", "exact"),
    ],
)
def test_numbers_and_dates_are_found_by_their_surface_forms(value, document, passage, match):
    span = ground(value, document, FREE)[""]
    assert (document[span.start : span.end] if passage else None, span.match) == (passage, match)


def test_a_number_without_a_surface_form_gets_no_span():
    assert ground([5, 12, 1.5, 3, -10], "-5 in 2012, 11.5, 2026-03-03, 6-10²", FREE) == {}
    values = [7, 0.94, True, None, float("inf"), float("nan"), 10**5000, -(10**400)]
    assert ground(values, "1 soup, 93 % true", FREE) == {}


def test_what_is_chosen_and_not_read_gets_no_span():
    text = "positive, 4, 0.5 and customer data 4"
    assert ground({"sentiment": "positive", "urgency": 4}, text, Feedback.model_json_schema()) == {}
    assert passages({"sentiment": "positive", "confidence": 0.5}, text, Sentiment.model_json_schema()) == {}
    assert passages({"a": "positive"}, text, {"properties": {"a": {"const": "positive"}}}) == {}
    assert passages({"p": 4}, text, {"properties": {"p": {"x-confidence-of": "a"}}}) == {}
    union = {"anyOf": [{"enum": ["negative"]}, {"type": "string"}]}
    assert passages("positive", text, union) == {"": "positive"}
    assert passages(4, text, {"minimum": 0, "maximum": 120}) == {"": "4"}
    assert passages(4, text, {"minimum": 0}) == {"": "4"}


def test_labels_of_nested_schemas_are_found_by_reference():
    data = {"entities": [{"text": "Oslo", "type": "location"}, {"text": "Oslo", "type": "location"}]}
    spans = ground(data, "Oslo location, Oslo", Entities.model_json_schema())
    assert spans == {"/entities/0/text": Span(0, 4, "exact"), "/entities/1/text": Span(15, 19, "exact")}


def test_repeated_mentions_are_placed_one_after_the_other():
    assert starts(["Ann", "Bob", "Ann", "Bob"], "Ann Bob Ann Bob") == {"/0": 0, "/1": 4, "/2": 8, "/3": 12}
    assert starts(["Bob", "Ann"], "Ann Bob Ann") == {"/0": 4, "/1": 8}
    assert starts(["Ann"] * 3, "Ann Ann") == {"/0": 0, "/1": 4, "/2": 4}
    assert starts(["Ann", 5, 5], "5 Ann 5 5") == {"/0": 2, "/1": 6, "/2": 8}


def test_values_of_one_object_are_placed_close_together():
    people = [{"name": "Bob", "role": "engineer"}, {"name": "Ann", "role": "engineer"}]
    for document in ("Ann, engineer. Bob, engineer.", "engineer: Ann. engineer: Bob."):
        for data in (people, people[::-1]):
            spans = ground(data, document, FREE)
            for at, person in enumerate(data):
                name, role = spans[f"/{at}/name"].start, spans[f"/{at}/role"].start
                assert name // 15 == role // 15, (document, person)


def test_a_list_in_an_object_is_placed_from_the_object_on():
    document = "Ann: red, blue. Bob: red, green. Cyd: red."
    data = [{"tags": ["red", "green"], "name": "Bob"}, {"tags": ["red"], "name": "Cyd"}]
    assert starts(data, document) == {
        "/0/name": 16,
        "/0/tags/0": 21,
        "/0/tags/1": 26,
        "/1/name": 33,
        "/1/tags/0": 38,
    }


@given(documents())
def test_planted_facts_are_found_exactly(planted):
    spans = ground([fact.text for fact in planted.facts], planted.text, FREE)
    for at, fact in enumerate(planted.facts):
        span = spans[f"/{at}"]
        assert span.match == "exact"
        assert planted.text[span.start : span.end] == fact.text
    for text in {fact.text for fact in planted.facts}:
        places = [spans[f"/{at}"].start for at, fact in enumerate(planted.facts) if fact.text == text]
        assert len(set(places)) == len(places)  # each mention has a place of its own


# ruff: noqa: RUF001 - a dotless i is no i
ODD = "abIıİß é\u0301ﬁ'“-\u00ad\u200d\ufe0f👩🚀🇳🇴\r\n각包.1,5٣"
texts = st.text(ODD, max_size=30) | st.text(max_size=30)
numbers = st.integers() | st.floats()
data = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(data, texts)
@example(["\u0301", "\r", "\n"], "\u0301\r\n")
@example([1, "1", 1.0], "1 1️⃣ 1.0")
@example({"": {"": ""}}, "")
def test_every_span_is_what_it_says(value, document):
    ends = {0, len(document), *(found.end() for found in regex.finditer(r"\X", document))}
    for path, span in ground(value, document, FREE).items():
        found = follow(path, value)
        if span.start is None:
            assert span == ABSENT
            assert isinstance(found, str)
            assert not exact(found, document)
            assert not normalised(found, document)
            continue
        assert {span.start, span.end} <= ends
        assert span.start < span.end
        assert (span.match == "exact") == (document[span.start : span.end] == str(found))
        if isinstance(found, str) and span.match == "fuzzy":
            assert not normalised(found, document)


@given(data)
def test_every_string_gets_a_span_and_nothing_else_but_numbers(value):
    document = json.dumps(value, ensure_ascii=False)
    spans = ground(value, document, FREE)
    rest, strings = [("", value)], set()
    while rest:
        path, part = rest.pop()
        if isinstance(part, str):
            strings.add(path)
        steps = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
        rest += [(f"{path}/{str(step).replace('~', '~0').replace('/', '~1')}", inner) for step, inner in steps]
    assert strings <= set(spans)
    assert all(isinstance(follow(path, value), int | float) for path in set(spans) - strings)


@given(st.lists(st.sampled_from(["ab", "b", "c d"]), min_size=1, max_size=8), st.sampled_from([" ", "\r\n", ", "]))
def test_a_list_in_the_order_of_the_text_is_found_in_that_order(items, between):
    document = between.join(items)
    spans = [*ground(items, document, FREE).values()]
    at = 0
    for item, span in zip(items, spans, strict=True):
        assert span == Span(at, at + len(item), "exact")
        at += len(item) + len(between)


@given(texts, texts)
@example("", "Straße")
@example("", "\u0301a")
@example("", "¯µ")
def test_a_value_in_other_case_and_space_is_found_where_it_stands(before, value):
    assume(any(map(str.isalnum, value)))
    document = f"{before}|\n{value}"  # a mark joins nothing at the start of a line
    changed = " \n ".join(value.upper().split(" "))
    assume(fold(changed).strip() == fold(value).strip())  # some capitals say something else
    assert ground(changed, document, FREE)[""].match in ("exact", "normalised")


def test_deep_data_and_long_texts_are_grounded():
    deep = "soup"
    for _ in range(400):
        deep = [{"a": deep}]
    assert [*ground(deep, "the soup", FREE).values()] == [Span(4, 8, "exact")]
    assert ground(["a", "a" * 9, "b" * 9], "a" * 1_000_000, FREE)["/2"] == ABSENT
    for piece in ("\u0301", "a\u0301", "1", "1 ", "a ", "包", "-\n", "*", "a1"):
        assert len(ground([piece, piece * 3, f"{piece}."], piece * (50_000 // len(piece)), FREE)) == 3


def test_a_free_text_has_a_span_where_it_was_copied_and_is_never_absent():
    text = "Great lamp, but it flickers at night. Ask Ada."
    schema = {"properties": {"summary": {"type": "string", "x-free-text": True}, "seller": {"type": "string"}}}
    assert passages({"summary": "Likes it less by night", "seller": "Bo"}, text, schema) == {"/seller": None}
    copied = {"summary": "it Flickers at night", "seller": "Ada"}
    assert passages(copied, text, schema) == {"/summary": "it flickers at night", "/seller": "Ada"}
    like = {"summary": "but it flickers at nigth", "seller": "but it flickers at nigth"}
    assert passages(like, text, schema) == {"/seller": "but it flickers at night"}  # it is no misquote
    nullable = {"properties": {"summary": {"anyOf": [schema["properties"]["summary"], {"type": "null"}]}}}
    assert passages({"summary": "Mixed"}, text, nullable) == {}
