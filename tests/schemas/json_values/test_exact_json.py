import copy
import json
import math
import pickle
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill.schemas.json_values.exact_json import (
    DuplicateKeyError,
    ExactFloat,
    decode_at,
    dumps,
    has_exact_floats,
    is_same,
    loads,
)

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text(), parts, max_size=3),
    max_leaves=8,
)


@given(PLAIN)
def test_what_doubles_hold_is_read_as_the_standard_library_reads_it(value):
    try:
        text = json.dumps(value, ensure_ascii=False)
        text.encode()
    except UnicodeEncodeError:
        return
    assert loads(text) == json.loads(text)
    assert not has_exact_floats(loads(text))
    assert dumps(value) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
def test_no_digit_of_a_number_is_lost(number):
    digits = format(number, "f")
    digits = digits if "." in digits else f"{digits}.0"
    value = loads(f'{{"n": [{digits}]}}')
    written = json.loads(dumps(value), parse_float=Decimal)
    assert written == {"n": [number]}


@pytest.mark.parametrize("digits", ["12345678901234567890.12", "9007199254740993.0", "0.1000000000000000055", "1e-400"])
def test_a_number_that_no_double_holds_compares_by_its_digits(digits):
    number = loads(digits)
    assert isinstance(number, ExactFloat)
    assert number == Decimal(digits)
    assert number != float(digits)
    for other in (float(digits), int(float(digits))):  # as they are written: 0.1 is not 0.1000000000000000055
        written = Decimal(repr(other))
        assert (number < other, number <= other) == (Decimal(digits) < written, Decimal(digits) <= written)
        assert (number > other, number >= other) == (Decimal(digits) > written, Decimal(digits) >= written)
    assert number.is_integer() is (Decimal(digits) % 1 == 0)
    assert dumps([number, "x"]) == f'[{digits}, "x"]'


def test_exact_numbers_survive_copies():
    number = loads("9007199254740993.0")
    assert int(number) == 9007199254740993
    assert (repr(number), str([number])) == ("9007199254740993.0", "[9007199254740993.0]")
    for other in (copy.deepcopy([number])[0], copy.copy(number), pickle.loads(pickle.dumps(number))):
        assert other.digits == number.digits


def test_texts_that_look_like_numbers_stay_texts():
    value = {"id": "1234567890123456789", "n": loads("1234567890.1234567890123")}
    assert dumps(value) == '{"id": "1234567890123456789", "n": 1234567890.1234567890123}'


def test_a_key_that_stands_twice_is_named():
    with pytest.raises(DuplicateKeyError, match="'b'") as caught:
        loads('[{"a": 1, "b": {"c": 1}, "b": 2}]')
    assert caught.value.key == "b"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "NaN",
        "[Infinity]",
        "1e999",
        '"\\ud800"',
        '"\ud800"',
        "1 2",
        "[" * 300 + "]" * 300,
        "[" * 100_000,
        "9" * 5_000,
    ],
)
def test_what_json_cannot_carry_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - each parser has messages of its own
        loads(text)


def test_a_value_within_a_text_is_read_up_to_its_end():
    text = 'so: {"a": 1} is it'
    assert decode_at(text, 4) == ({"a": 1}, 12)


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_what_json_has_not_is_not_written(number):
    with pytest.raises(ValueError):  # noqa: PT011 - each parser has messages of its own
        dumps([number])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1", "1.0", True),
        ("1", "true", False),
        ("0", "null", False),
        ('{"a": 1, "b": [2]}', '{"b": [2.0], "a": 1}', True),
        ('{"a": 1}', '{"a": 1, "b": null}', False),
        ("[1, 2]", "[2, 1]", False),
        ("12345678901234567890.12", "12345678901234567890.120", True),
        ("12345678901234567890.12", "12345678901234567890.13", False),
        ("9007199254740993", "9007199254740992.0", False),
    ],
)
def test_values_are_compared_as_json_does(one, other, same):
    assert is_same(loads(one), loads(other)) is same
    assert is_same(loads(other), loads(one)) is same
