"""Which failure an error of the service is: by its code and its type first, then its status, and by its words last.

The words are no part of the service's contract. They tell apart what it calls an invalid request, whatever is wrong
with it; each row has the real texts by which it is known, which are its tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slotfill.extractors.rungs.asks import MODE_REFUSED, REDIRECT, SCHEMA_REFUSED

__all__ = ["KNOWN_ERRORS", "KnownError", "kind_of"]

_BY_CODE: Mapping[str, str] = {
    "contract_spend_limit_reached": "billing",
    "enforced_spend_limit_reached": "billing",
    "linked_organization_billing_unavailable": "billing",
    "linked_organization_spend_limit_reached": "billing",
    "user_profile_billing_not_authorized": "billing",
    "user_profile_not_billable": "billing",
    "organization_on_hold": "permission",
    "ramp_limit_exceeded": "rate_limit",
}
"""By `error.details.error_code`, as the SDK's types list them; a code that is not here is as good as none."""

_BY_TYPE: Mapping[str, str] = {
    "authentication_error": "authentication",
    "billing_error": "billing",
    "permission_error": "permission",
    "not_found_error": "not_found",
    "request_too_large": "too_large",
    "rate_limit_error": "rate_limit",
    "timeout_error": "timeout",
    "overloaded_error": "overloaded",
}
"""By `error.type`: https://platform.claude.com/docs/en/api/errors. Others say too little."""

_BY_STATUS: Mapping[int, str] = {
    401: "authentication",
    402: "billing",
    403: "permission",
    404: "not_found",
    408: "timeout",
    413: "too_large",
    429: "rate_limit",
    431: "too_large",
    499: "connection",
    504: "timeout",
    529: "overloaded",
}

_FIRST_REDIRECT, _FIRST_ERROR, _FIRST_OF_SERVER = 300, 400, 500
"""The least HTTP statuses of a redirect, of a request that is refused, and of a service that fails."""


@dataclass(frozen=True, slots=True)
class KnownError:
    """What the service says, in small letters, of one thing that is wrong with a request.

    words: of which one stands in it. texts: as they were recorded.
    otherwise: what it would be taken for.
    """

    kind: str
    words: tuple[str, ...]
    texts: tuple[str, ...]
    otherwise: str = "bad_request"


KNOWN_ERRORS = (
    KnownError(
        "billing",
        ("usage limits", "credit balance"),
        (
            "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.",
            "Your credit balance is too low to access the Anthropic API.",
        ),
    ),
    KnownError("permission", ("organization has been disabled",), ("This organization has been disabled.",)),
    KnownError(
        "too_long",
        ("prompt is too long", "exceed context limit"),
        (
            "prompt is too long: 3333404 tokens > 200000 maximum",
            "input length and `max_tokens` exceed context limit: 178959 + 64000 > 200000",
        ),
    ),
    KnownError(
        "too_long",
        ("for long context requests",),
        ("Extra usage is required for long context requests.",),
        otherwise="rate_limit",
    ),
    KnownError("refusal", ("content filtering policy",), ("Output blocked by content filtering policy",)),
    KnownError(
        MODE_REFUSED,
        ("tool_choice", "invalid request data"),
        (
            'tool_choice: type "tool" and "any" are not supported for this model.',
            "tool_choice forces tool use is not compatible with this model",
            "Thinking may not be enabled when tool_choice forces tool use.",
            "Invalid request data",
        ),
    ),
    KnownError(
        "bad_request",
        ("output_config.effort",),
        ('Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.',),
    ),
    # The service names the part of the request that it does not take: this errs on the side of one more, cheaper mode.
    KnownError(
        SCHEMA_REFUSED,
        ("output_config", "output_format", "input_schema", "json schema", "json_schema", "grammar", "schema"),
        (
            "Schemas contains too many optional parameters (87)",
            "The compiled grammar is too large",
        ),
    ),
)
"""What is wrong with a request, by the words of its error: the first row that fits.

Sources: anthropics/claude-code issues 2127, 38035, 44863, 58367 and 72457, anthropics/claude-cookbooks 854,
browserbase/stagehand 2221, docker/docker-agent 569, anthropics/anthropic-sdk-python 1889, elie222/inbox-zero 2323,
NousResearch/hermes-agent 11137, and the recordings of crmne/ruby_llm.
"""


def kind_of(status: int, body: object) -> str:
    """Give the failure that an error of the service is.

    status: of the reply; below 400 for an error among a stream's events, which come after the status was sent.
    body: of the reply, or the event, as it was read: a gateway may send anything.
    """
    if _FIRST_REDIRECT <= status < _FIRST_ERROR:
        return REDIRECT
    error = _part(body, "error")
    code, kind, said = _part(_part(error, "details"), "error_code"), _part(error, "type"), _part(error, "message")
    if isinstance(code, str) and code in _BY_CODE:
        return _BY_CODE[code]
    is_of_request = kind == "invalid_request_error" or _FIRST_ERROR <= status < _FIRST_OF_SERVER
    typed = _BY_TYPE.get(kind) if isinstance(kind, str) else None
    found = typed or _BY_STATUS.get(status) or ("bad_request" if is_of_request else "server")
    words = said.lower() if isinstance(said, str) else ""
    fitting = (one.kind for one in KNOWN_ERRORS if one.otherwise == found and any(word in words for word in one.words))
    return next(fitting, found)


def _part(body: object, key: str) -> object:
    return body.get(key) if isinstance(body, Mapping) else None
