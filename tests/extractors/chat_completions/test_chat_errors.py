"""Errors of servers as the service would word them: what follows from each is the same."""

from __future__ import annotations

from typing import Any

import pytest

from slotfill.extractors.chat_completions.chat_errors import read_error, refusal_of
from slotfill.extractors.messages_api.service_errors import kind_of
from slotfill.extractors.record.failure_kinds import FailureKind as Kind


def openai(message: str, **names: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None, **names}}


# Words as the servers write them: openai/openai-python, vllm-project/vllm, ggml-org/llama.cpp, ollama/ollama,
# OpenRouterTeam/docs, deepseek-ai.
CASES = [
    (401, openai("Incorrect API key provided.", code="invalid_api_key"), Kind.AUTHENTICATION),
    (401, {"error": {"message": "Invalid API Key", "type": "authentication_error", "code": 401}}, Kind.AUTHENTICATION),
    (403, openai("Country, region, or territory not supported"), Kind.PERMISSION),
    (404, openai("The model `gpt-9` does not exist", code="model_not_found"), Kind.NOT_FOUND),
    (404, {"object": "error", "message": "The model `x` does not exist.", "type": "NotFoundError"}, Kind.NOT_FOUND),
    (429, openai("Rate limit reached for gpt-5", code="rate_limit_exceeded", type="requests"), Kind.RATE_LIMIT),
    (429, openai("You exceeded your current quota", code="insufficient_quota"), Kind.BILLING),
    (402, {"error": {"message": "Insufficient Balance", "type": "unknown_error"}}, Kind.BILLING),
    (
        429,
        openai("Request too large for gpt-5 on tokens per min (TPM): Limit 30000, Requested 51000", type="tokens"),
        Kind.TOO_LARGE,
    ),
    (
        400,
        openai("This model's maximum context length is 8192 tokens.", code="context_length_exceeded"),
        Kind.TOO_LONG,
    ),
    (
        400,
        {
            "error": {
                "code": 400,
                "message": "request (2342 tokens) exceeds the available context size (2048 tokens)",
                "type": "exceed_context_size_error",
            }
        },
        Kind.TOO_LONG,
    ),
    (400, openai("Invalid schema for response_format 'x'", param="response_format"), Kind.SCHEMA_REFUSED),
    (400, {"error": {"message": "Failed to parse grammar", "type": "invalid_request_error"}}, Kind.SCHEMA_REFUSED),
    (400, {"error": "json_schema is not supported"}, Kind.SCHEMA_REFUSED),
    (
        400,
        {"object": "error", "message": '"auto" tool choice requires --enable-auto-tool-choice', "code": 400},
        Kind.MODE_REFUSED,
    ),
    (404, openai("No endpoints found that support tool use"), Kind.SCHEMA_REFUSED),
    (400, openai("registry.ollama.ai/library/gemma does not support tools"), Kind.SCHEMA_REFUSED),
    (400, openai("Unsupported value: 'xhigh'", param="reasoning_effort"), Kind.BAD_REQUEST),
    (400, openai("The response was filtered", code="content_filter"), Kind.REFUSAL),
    (400, openai("Invalid 'temperature'"), Kind.BAD_REQUEST),
    (422, {"detail": [{"loc": ["body", "n"], "msg": "Extra inputs are not permitted"}]}, Kind.BAD_REQUEST),
    (503, {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}, Kind.OVERLOADED),
    (500, openai("The server had an error", type="server_error"), Kind.SERVER),
    (200, {"error": {"message": "Provider returned error", "code": 502}}, Kind.SERVER),
    (200, {"error": {"message": "slow down", "code": 429}}, Kind.RATE_LIMIT),
    (200, {"error": {"message": "what", "code": "odd"}}, Kind.SERVER),
]


@pytest.mark.parametrize(("status", "body", "kind"), CASES)
def test_each_is_the_failure_that_it_is(status: int, body: dict[str, Any], kind: Kind) -> None:
    error = read_error(body)
    assert error is not None
    refusal = refusal_of(status, error, {"retry-after": "3"})
    assert kind_of(refusal.status, refusal.to_json()) is kind
    assert str(refusal).endswith(error.message)
    assert 400 <= refusal.status <= 599
    assert refusal.headers == {"retry-after": "3"}


@pytest.mark.parametrize("body", [None, [], "busy", {}, {"choices": []}, {"error": None}, {"error": {"code": 3}}])
def test_what_is_no_error_of_a_server_is_none(body: Any) -> None:
    assert read_error(body) is None
