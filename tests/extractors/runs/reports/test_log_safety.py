"""What a log line may tell of a failure."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.runs.reports.log_safety import disclosed, place_of
from slotfill.schemas.schema import Schema


class Item(BaseModel):
    word: Literal["x", "y"]


class Things(BaseModel):
    items: list[Item]
    by_name: dict[str, Item]


SCHEMA = Schema(Things)


@pytest.mark.parametrize(
    ("kind", "message", "told"),
    [
        ("validation", "Field required (and 3 more)", "Field required (and 3 more)"),
        ("validation", "Input should be 'x' or 'y'", "Input should be 'x' or 'y'"),
        ("validation", "Input should be 'x' or 'Ada'", "Input should be 'x' or …"),
        ("validation", "Input should be less than or equal to 5", "Input should be less than or equal to 5"),
        ("validation", "Input should be less than Ada", "the value does not validate"),
        ("validation", "List should have at most 2 items after validation, not 3", "List should have at most 2 items"),
        ("validation", "Input should be a valid date, Ada", "Input should be a valid date"),
        ("validation", "Value error, no Ada (and 1 more)", "the value does not validate (and 1 more)"),
        ("validation", "'Ada' is not of type 'object'", "is not of type 'object'"),
        ("validation", "'items' is a required property", "'items' is a required property"),
        ("validation", "'Ada' is a required property", "…"),
        ("validation", "'is not of type 'object' for Ada' is too long", "is too long"),
        ("validation", "'is not of type 'object' for Ada", "the value does not validate"),
        ("validation", "Input should be 'x' for Ada", "the value does not validate"),
        ("validation", "Ada should have at most 2 items", "the value does not validate"),
        ("validation", "Input should be 1 or 2", "Input should be 1 or 2"),
        ("validation", "'Ada' is not one of ['x', 'y']", "is not one of"),
        ("validation", "5 is greater than the maximum of 3", "is greater than the maximum of 3"),
        (
            "validation",
            "does not stand in the document: copy; the nearest are: 'Ada'",
            "does not stand in the document",
        ),
        ("validation", "is no JSON: Ada", "is no JSON"),
        ("refusal", "the model refused: it is of Ada", "the model refused"),
        ("refusal", "the model refused: the model gave no reason", "the model refused: the model gave no reason"),
        ("bad_request", "Ada is not allowed (HTTP 400)", "the service does not accept the request (HTTP 400)"),
        ("too_large", "is larger than 32 MB, the most a document may hold: split it", None),
        ("too_large", "Ada is too large (HTTP 413)", "the request is too large (HTTP 413)"),
        ("timeout", "the service did not answer in time; allow more with --timeout: ReadTimeout: Ada", None),
        (
            "connection",
            "the service cannot be reached: ConnectError: Ada",
            "the service cannot be reached: ConnectError",
        ),
        ("incomplete", "1 of 2 parts could not be read: chunk 1: Ada", "1 of 2 parts could not be read"),
        ("cassette", "POST /v1/messages is not on the tape 'a'\n-Ada", "POST /v1/messages is not on the tape 'a'"),
        ("broken_row", "line 2 is no JSON: Expecting value at column 9", None),
        ("damaged", "Ada", "there is no value"),
    ],
)
def test_what_is_told(kind, message, told):
    assert disclosed(Failure(FailureKind(kind), message), SCHEMA) == (
        told or message.removesuffix(": ReadTimeout: Ada")
    )


KINDS = ("validation", "refusal", "truncated", "bad_request", "server", "incomplete", "unreadable_reply")
PREFIXES = (
    "",
    "Value error, ",
    "Input should be ",
    "the model refused: ",
    "2 of 3 parts could not be read: ",
    "'",
    "does not stand in the document: ",
)


@given(st.sampled_from(KINDS), st.sampled_from(PREFIXES), st.text(max_size=9), st.text(max_size=9))
def test_whatever_is_quoted_is_not_told(kind, prefix, before, after):
    told = disclosed(Failure(FailureKind(kind), f"{prefix}{before}CANARY{after}"), SCHEMA)
    assert "CANARY" not in told
    assert told


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("", ""),
        ("/items/0/word", "/items/0/word"),
        ("/items/9/word", "/items/9/word"),
        ("/by_name/Ada/word", "/by_name/*/word"),
        ("/by_name/5551234/word", "/by_name/*/word"),
        ("/by_name/a~1b", "/by_name/*"),
        ("/Ada", "/*"),
    ],
)
def test_a_place_holds_no_key_that_is_a_value(path, told):
    data = {"items": [{"word": "z"}], "by_name": {"Ada": {"word": "z"}, "5551234": {"word": "z"}, "a/b": 1}, "Ada": 1}
    assert place_of(path, SCHEMA, data) == told


def test_without_the_data_a_number_may_be_a_key():
    assert place_of("/items/0/word", SCHEMA, None) == "/items/*/word"
