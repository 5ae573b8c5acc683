"""An error of the service is known by its code and type, by its status, and last by its words, as recorded."""

from typing import get_args

import anthropic
import pytest
from anthropic.types.shared.error_details import ErrorDetails
from anthropic.types.shared.error_type import ErrorType
from hypothesis import given
from hypothesis import strategies as st
from scripted import refusal

from slotfill.extractors.clients.failures import failure_of
from slotfill.extractors.messages_api.service_errors import _BY_CODE, _BY_TYPE, KNOWN_ERRORS, kind_of
from slotfill.extractors.record.failure_kinds import FailureKind

OF_TEXT = [(known.kind, known.otherwise, text) for known in KNOWN_ERRORS for text in known.texts]
NAMED = {400: "invalid_request_error", 404: "not_found_error", 429: "rate_limit_error"}
STATUS = {"bad_request": (400, NAMED[400]), "rate_limit": (429, NAMED[429])}

RECORDED = [
    (
        400,
        "billing",
        "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.",
    ),
    (400, "permission", "This organization has been disabled."),
    (400, FailureKind.MODE_REFUSED, 'tool_choice: type "tool" and "any" are not supported for this model.'),
    (400, FailureKind.MODE_REFUSED, "tool_choice forces tool use is not compatible with this model"),
    (400, FailureKind.MODE_REFUSED, "Thinking may not be enabled when tool_choice forces tool use."),
    (400, FailureKind.MODE_REFUSED, "Invalid request data"),
    (400, "too_long", "prompt is too long: 3333404 tokens > 200000 maximum"),
    (
        400,
        "too_long",
        (
            "input length and `max_tokens` exceed context limit: 178959 + 64000 > 200000, decrease input length or "
            "`max_tokens` and try again"
        ),
    ),
    (429, "too_long", "Extra usage is required for long context requests."),
    (400, "refusal", "Output blocked by content filtering policy"),
    (
        400,
        FailureKind.SCHEMA_REFUSED,
        (
            "Schemas contains too many optional parameters (87), which would make grammar compilation inefficient. "
            "Reduce the number of optional parameters in your tool schemas (limit: 24)."
        ),
    ),
    (
        400,
        "bad_request",
        (
            "messages.0.content.1: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1. Each `tool_result` "
            "block must have a corresponding `tool_use` block in the previous message."
        ),
    ),
    (404, "not_found", "model: claude-sonet-4-5"),
]
"""As they were recorded, with their status and what each is; the sources stand beside `KNOWN_ERRORS`."""


def body(kind, text="no", **details):
    return {"type": "error", "error": {"type": kind, "message": text, **details}, "request_id": "req_1"}


@pytest.mark.parametrize(("kind", "otherwise", "text"), OF_TEXT)
def test_every_recorded_text_is_known(kind, otherwise, text):
    status, named = STATUS[otherwise]
    assert kind_of(status, body(named, text)) == kind
    assert kind_of(200, body(named, text)) == kind  # as an event of a stream
    assert kind_of(status, body(named)) == otherwise


@pytest.mark.parametrize(("status", "kind", "text"), RECORDED)
def test_every_error_that_was_recorded_is_told_as_the_sdk_raises_it(service, status, kind, text):
    client = service.script(refusal(NAMED[status], text, status)).client()
    with pytest.raises(anthropic.APIStatusError) as caught:
        client.messages.create(model="claude-haiku-5-5", max_tokens=1, messages=[{"role": "user", "content": "Yes?"}])
    failure = failure_of(caught.value)
    assert (failure.type, failure.message) == (kind, f"{text} (HTTP {status})")


@pytest.mark.parametrize(("kind", "_", "text"), OF_TEXT)
def test_no_word_counts_where_the_type_says_something_else(kind, _, text):
    assert kind_of(529, body("overloaded_error", text)) == "overloaded"
    assert kind_of(401, body("authentication_error", text)) == "authentication"
    assert kind_of(500, body("api_error", text)) == "server"


@pytest.mark.parametrize(
    ("status", "named", "kind"),
    [
        (200, "overloaded_error", "overloaded"),
        (200, "rate_limit_error", "rate_limit"),
        (200, "api_error", "server"),
        (200, "timeout_error", "timeout"),
        (200, None, "server"),
        (400, "billing_error", "billing"),
        (401, "invalid_request_error", "authentication"),
        (404, "not_found_error", "not_found"),
        (529, "api_error", "overloaded"),
        (500, "invalid_request_error", "bad_request"),
        (307, "invalid_request_error", FailureKind.REDIRECT),
        (409, "conflict_error", "bad_request"),
        (418, "teapot_error", "bad_request"),
        (599, "teapot_error", "server"),
    ],
)
def test_a_type_goes_before_the_status_and_a_type_of_no_kind_behind_it(status, named, kind):
    assert kind_of(status, body(named)) == kind


def test_a_code_goes_before_all():
    text = "You have reached the limit."
    told = body("invalid_request_error", text, details={"error_code": "enforced_spend_limit_reached"})
    assert kind_of(400, told) == "billing"
    assert kind_of(429, body("rate_limit_error", details={"error_code": "never_heard_of"})) == "rate_limit"


def codes(union):
    for member in get_args(union):
        if fields := getattr(member, "model_fields", None):
            yield from get_args(fields["error_code"].annotation)
        else:
            yield from codes(member)


def test_codes_and_types_are_those_of_the_sdk():
    assert set(_BY_CODE) <= {*codes(ErrorDetails)}
    assert set(_BY_TYPE) - {"request_too_large"} <= {*get_args(ErrorType)}  # that one is of the documentation


def test_a_setting_beside_the_schema_is_another_mode_and_no_other_schema():
    assert (
        kind_of(400, body("invalid_request_error", "tool_choice: the tool's input_schema")) == FailureKind.MODE_REFUSED
    )
    assert kind_of(400, body("invalid_request_error", "tools.0.input_schema: no")) == FailureKind.SCHEMA_REFUSED


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda part: (
        st.lists(part, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "type", "message", "details", "error_code"]), part)
    ),
    max_leaves=8,
)


@given(st.integers(100, 599), JSON)
def test_whatever_a_gateway_sends_has_a_kind(status, told):
    assert isinstance(kind_of(status, told), str)
