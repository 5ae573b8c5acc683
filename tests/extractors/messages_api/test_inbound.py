"""What a service says beside its message: unknown where it cannot be what it is called, and never an exception."""

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill import Usage
from slotfill.extractors.messages_api.inbound import (
    MOST_SECONDS,
    MOST_TOKENS,
    excerpt,
    identifier,
    input_text,
    keep_input_text,
    rate_limits,
    redirect_target,
    retry_after,
    token_count,
    usage_of,
    whole_characters,
)

ODD = [None, "12", True, 12.5, 12.0, 1e30, 2**63, MOST_TOKENS + 1, -1, [], {}, math.nan]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def counted(**counts):
    return SimpleNamespace(**{"input_tokens": 10, "output_tokens": 5} | counts)


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_a_count_that_is_none_is_unknown(odd):
    assert token_count(odd) is None
    assert usage_of(counted(output_tokens=odd)) == Usage(10, None, thinking_tokens=None)
    assert usage_of(counted(input_tokens=odd)) == Usage(None, 5, None, None)
    expected = 0 if odd is None else None
    assert usage_of(counted(cache_read_input_tokens=odd)) == Usage(10, 5, expected, 0)
    assert usage_of(counted(cache_creation_input_tokens=odd)) == Usage(10, 5, 0, expected)


def test_what_was_counted_is_known():
    assert usage_of(counted()) == Usage(10, 5)
    assert usage_of(counted(cache_read_input_tokens=3, cache_creation_input_tokens=4)) == Usage(10, 5, 3, 4)
    assert usage_of(counted(output_tokens=0)).counts == (10, 0, 0, 0)
    assert usage_of(counted(output_tokens=MOST_TOKENS)).output_tokens == MOST_TOKENS


@pytest.mark.parametrize("said", ["standard", "priority", None, "Batch", True, ["batch"]], ids=repr)
def test_no_tier_but_that_of_batches_has_other_prices(said):
    assert usage_of(counted(service_tier=said)) == Usage(10, 5)
    assert usage_of(counted(service_tier="batch")) == Usage(10, 5, tier="batch")


@pytest.mark.parametrize(("thought", "known"), [(0, 0), (5, 5), (6, None), (-1, None), (2**63, None)])
def test_no_more_is_thought_than_written(thought, known):
    details = SimpleNamespace(thinking_tokens=thought)
    assert usage_of(counted(output_tokens_details=details)) == Usage(10, 5, thinking_tokens=known)


@pytest.mark.parametrize("nothing", [None, "tokens", 7, []])
def test_a_usage_that_is_none_tells_nothing(nothing):
    assert usage_of(nothing) == Usage(*[None] * 5)


def test_a_sum_with_an_unknown_count_is_unknown():
    total = Usage(1, 2, 3, 4) + Usage(10, None)
    assert total == Usage(11, None, 3, 4)
    assert total.counts is None
    assert (total + Usage(0, 5)).output_tokens is None
    assert sum([Usage(1, 2), Usage(3, 4)], Usage()).counts == (4, 6, 0, 0)


@pytest.mark.parametrize("name", ["req_011CS", "claude-haiku-5-5", "é", 'sk-"a\\b'])
def test_a_name_is_one_short_line(name):
    assert identifier(name) == name


@pytest.mark.parametrize("odd", [None, "", 5, "a\nb", "\x1b[2J", "a\x00", "\ud83d", "x" * 201, ["a"], b"a"], ids=repr)
def test_what_is_no_name_is_none(odd):
    assert identifier(odd) is None


def test_a_long_text_is_told_by_its_length():
    assert excerpt("no,\n  it\tis not") == "no, it is not"
    assert excerpt("x" * 5_000) == "(5,000 characters)"
    assert excerpt({"a": 1}) == ""


@pytest.mark.parametrize(
    ("value", "limit"),
    [("60", 60.0), ("999999999999999", 999999999999999.0)]
    + [(odd, None) for odd in ("", "0", "-5", "1.5", "1e9", "inf", "nan", "9" * 16, "9" * 5_000, "²")],
)
def test_limits_are_positive_whole_numbers(value, limit):
    headers = {"anthropic-ratelimit-requests-limit": value}
    assert rate_limits(headers, ["requests", "input-tokens"]) == ({} if limit is None else {"requests": limit})


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after-ms": "150", "retry-after": "9"}, 0.15),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after-ms": "nan", "retry-after": "9"}, 9.0),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "1e300"}, MOST_SECONDS),
        ({"retry-after": "9" * 200}, MOST_SECONDS),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, MOST_SECONDS),
        ({"retry-after": "Sat, 01 Jan 2000 00:00:00 GMT"}, 0.0),
        ({"retry-after": "Sat, 01 Jan 2000 00:00:00 -0000"}, 0.0),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 -1200"}, MOST_SECONDS),
        *(({"retry-after": odd}, None) for odd in ("inf", "-inf", "nan", "soon", "", "Fri, 99 Dec 2026", "9" * 5_000)),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_bounded(headers, seconds):
    assert retry_after(headers) == seconds


def test_a_wait_may_be_a_date():
    until = datetime.now(UTC) + timedelta(hours=1)
    assert (
        3_000 < retry_after({"retry-after": format_datetime(until, usegmt=True)}) <= 3_600
    )  # it may have been a while


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://other.example/v1/messages", "https://other.example"),
        ("http://user:secret@other.example:8080/x?key=1", "http://other.example:8080"),
        ("/v2/messages", None),
        ("https://[", None),
        ("https://other.example:99999999/", None),
        (f"https://{'x' * 300}/", None),
        ("", None),
    ],
)
def test_where_a_redirect_leads_is_told_without_what_may_be_secret(location, target):
    assert redirect_target({"location": location}) == target
    assert redirect_target({}) is None


def test_an_input_is_kept_as_it_was_written_and_cannot_be_forged():
    block = SimpleNamespace()
    assert input_text(block) is None
    keep_input_text(block, '{"a": 1.000}')
    assert input_text(block) == '{"a": 1.000}'
    (name,) = vars(block)
    assert input_text(SimpleNamespace(**{name: "{}"})) is None


def test_characters_that_came_in_two_halves_are_put_together():
    assert whole_characters("a\ud83d\ude00b\ud83d") == "a\U0001f600b\ud83d"


@given(json_values, st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms", "location"]), st.text()))
def test_nothing_raises(value, headers):
    usage_of(SimpleNamespace(input_tokens=value, output_tokens=value, cache_read_input_tokens=value))
    identifier(value)
    excerpt(value)
    rate_limits(dict.fromkeys(["anthropic-ratelimit-requests-limit"], str(value)), ["requests"])
    seconds = retry_after(headers)
    assert seconds is None or 0 <= seconds <= MOST_SECONDS
    redirect_target(headers)
