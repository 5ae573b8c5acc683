"""What a line of a batch's results is read as: whatever stands in it, one of three things, or cut off."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.batches.custom_ids import custom_id
from slotfill.extractors.batches.result_lines import RequestResult, read_result
from slotfill.extractors.messages_api.inbound import input_text
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.extractors.record.parts import BatchPlace
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.rungs.asks import Answer

ASK = bytes(range(32))
NAME = custom_id("0123456789ab", ASK)

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)


def line(result, name=NAME):
    return json.dumps({"custom_id": name, "result": result}).encode()


def read(result):
    got = read_result(line(result))
    assert (got.intent, got.ask, got.custom_id) == ("0123456789ab", ASK, NAME)
    return got


@given(JSON_VALUES | st.fixed_dictionaries({"type": st.sampled_from(["succeeded", "errored"]), "message": JSON_VALUES}))
def test_whatever_a_result_is_it_is_a_message_a_failure_or_nothing(result):
    got = read(result)
    assert isinstance(got, RequestResult)
    assert got.canceled or got.failure is not None or got.message is not None or result["type"] == "succeeded"


@given(JSON_VALUES)
def test_a_line_of_somebody_else_is_passed_over(value):
    assert read_result(json.dumps(value).encode()) is None
    assert read_result(line({"type": "canceled"}, "request-1")) is None


@pytest.mark.parametrize("end", [1, 20, -1])
def test_a_line_that_is_cut_off_is_no_result(end):
    with pytest.raises(json.JSONDecodeError):
        read_result(line({"type": "expired"})[:end])


@pytest.mark.parametrize(
    ("kind", "message", "failure", "told"),
    [
        ("api_error", "Internal server error", FailureKind.SERVER, "Internal server error (HTTP 500)"),
        ("overloaded_error", "Overloaded", FailureKind.OVERLOADED, "Overloaded (HTTP 529)"),
        ("rate_limit_error", "Slow down", FailureKind.RATE_LIMIT, "Slow down (HTTP 429)"),
        (
            "invalid_request_error",
            "prompt is too long: 3 > 2",
            FailureKind.TOO_LONG,
            "prompt is too long: 3 > 2 (HTTP 400)",
        ),
        ("invalid_request_error", "No.", FailureKind.BAD_REQUEST, "No. (HTTP 400)"),
        ("authentication_error", "invalid x-api-key", FailureKind.AUTHENTICATION, "invalid x-api-key (HTTP 401)"),
        ("of_tomorrow", None, FailureKind.SERVER, "the service answered HTTP 500"),
    ],
)
def test_an_error_is_the_failure_that_it_is_live(kind, message, failure, told):
    got = read({"type": "errored", "error": {"type": "error", "error": {"type": kind, "message": message}}})
    assert (got.failure.type, got.failure.message) == (failure, told)


def test_an_expired_one_failed_on_the_way_and_a_cancelled_one_did_not():
    assert read({"type": "expired"}).failure.type is FailureKind.TIMEOUT
    assert read({"type": "canceled"}).failure is None
    assert read({"type": "canceled"}).canceled


def test_a_tool_s_input_is_kept_as_the_model_wrote_it():
    text = b'{"total": 0.1000000000000000055511151231257827, "a": 1, "a": 2}'
    block = b'{"type": "tool_use", "id": "t", "name": "schema", "input": %b}' % text
    data = b'{"custom_id": "%b", "result": {"type": "succeeded", "message": {"content": [%b]}}}' % (
        NAME.encode(),
        block,
    )
    (call,) = read_result(data).message.content
    assert input_text(call) == text.decode()


def test_an_answer_has_half_prices_and_its_place_and_shows_no_credential():
    expired = read({"type": "errored", "error": {"type": "error", "error": {"type": "api_error", "message": "key"}}})
    told = expired.answer("msgbatch_1", lambda _: Answer(), lambda text: text.replace("key", "[credential]"))
    assert told.failure.message == "[credential] (HTTP 500)"
    assert told.batch == BatchPlace("msgbatch_1", NAME)
    read_by = read({"type": "succeeded", "message": {"content": []}}).answer(
        "msgbatch_1", lambda message: Answer(json="1", usage=Usage(5, 6)), str
    )
    assert read_by.usage == Usage(5, 6, tier="batch")
    assert (read_by.json, read_by.batch) == ("1", BatchPlace("msgbatch_1", NAME))
