import json
import re

import pytest
from examples import examples
from hypothesis import given

from slotfill.schemas.json_schema.patterns import matches_somewhere
from slotfill.schemas.strategies.scalars import matching, numbers, strings, whole_numbers

few = examples(30)


def drawn(strategy):
    values = []

    @few
    @given(strategy)
    def collect(value):
        values.append(value)

    collect()
    return values


@pytest.mark.parametrize(
    "pattern",
    [r"^\d{3}$", r"\s", r"^[^\s]+$", r"^\p{Lu}", "a|b", r"^\u00e9+$", r"[\u{1F600}-\u{1F64F}]", r"^.$", "", r"\bno\b"],
)
def test_strings_match_their_pattern_as_ecma_262_has_it(pattern):
    assert all(matches_somewhere(pattern, text) for text in drawn(strings([{"pattern": pattern}], None)))


def test_a_pattern_that_only_regex_understands_gives_any_string():
    assert len({*drawn(matching(r"^\p{L}$"))}) > 5


@pytest.mark.parametrize(("least", "most"), [(0, 0), (3, 3), (50, 60), (5_000, 5_001)])
def test_strings_keep_to_their_length(least, most):
    assert all(least <= len(text) <= most for text in drawn(strings([{"minLength": least}, {"maxLength": most}], None)))


def test_a_pattern_and_a_length_go_together():
    texts = drawn(strings([{"pattern": "^[0-9]*$"}, {"minLength": 12}, {"maxLength": 12}], None))
    assert all(re.fullmatch("[0-9]{12}", text) for text in texts)


def test_no_string_is_both_long_and_short():
    assert strings([{"minLength": 3}, {"maxLength": 2}], None).is_empty


DOCUMENT = "Zoë  paid\r\n12 €. 日本語"


def test_quotes_stand_in_the_document_and_say_something():
    texts = drawn(strings([{"format": "verbatim", "maxLength": 6}], DOCUMENT))
    assert all(text in DOCUMENT and text.strip() and len(text) <= 6 for text in texts)
    assert any(text.split() == [text] and f" {text} " in f" {DOCUMENT} " for text in texts)


def test_without_a_document_a_quote_is_any_string():
    assert any(text not in DOCUMENT for text in drawn(strings([{"format": "verbatim"}], None)))


def test_formats_are_kept_to():
    for name, form in {
        "date": r"\d{4}-\d\d-\d\d",
        "date-time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00",
        "email": r"[^@]+@[^@]+\.[^@]+",
        "uuid": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        "duration": r"P\d+DT\d+H",
    }.items():
        assert all(re.fullmatch(form, text) for text in drawn(strings([{"format": name}], None)))


@pytest.mark.parametrize(
    ("schemas", "fits"),
    [
        ([{"minimum": 3}, {"maximum": 5}], lambda number: 3 <= number <= 5),
        ([{"exclusiveMinimum": 0}, {"exclusiveMaximum": 1}], lambda number: 0 < number < 1),
        ([{"minimum": 0, "exclusiveMinimum": True}, {"maximum": 0.5}], lambda number: 0 < number <= 0.5),
        ([{"minimum": 0}, {"exclusiveMinimum": 0}, {"maximum": 9}], lambda number: 0 < number <= 9),
        ([{"multipleOf": 0.01}, {"minimum": 0}], lambda number: float(repr(number)) == round(number, 2)),
        ([{"minimum": 10**400}], lambda number: number >= 10**400),
    ],
)
def test_numbers_keep_to_their_bounds(schemas, fits):
    assert all(fits(number) for number in drawn(numbers(schemas)))


def test_whole_numbers_are_whole_and_satisfy_all_factors():
    found_numbers = drawn(whole_numbers([{"multipleOf": 1.5}, {"multipleOf": 2}, {"minimum": 1}]))
    assert all(isinstance(number, int) and number % 6 == 0 and number >= 1 for number in found_numbers)


def test_no_whole_number_lies_between_two_of_them():
    assert whole_numbers([{"minimum": 1.2}, {"maximum": 1.8}]).is_empty
    assert numbers([{"minimum": 2}, {"maximum": 1}]).is_empty


def test_numbers_can_be_written():
    huge = drawn(numbers([])) + drawn(whole_numbers([{"minimum": 5}])) + drawn(whole_numbers([{"maximum": -5}]))
    assert all(json.loads(json.dumps(number)) == number for number in huge)


def test_numbers_are_fractions_too():
    assert any(number != int(number) for number in drawn(numbers([])))
