"""Which failure an error of the service is: by its code and its type first, then its status, and by its words last.

The words are no part of the service's contract. They tell apart what it calls an invalid request, whatever is wrong
with it; each row has the real texts by which it is known, which are its tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slotfill.extractors.record.failure_kinds import FailureKind

__all__ = ["KNOWN_ERRORS", "KnownError", "kind_of"]

_BY_CODE: Mapping[str, FailureKind] = {
    "contract_spend_limit_reached": FailureKind.BILLING,
    "enforced_spend_limit_reached": FailureKind.BILLING,
    "linked_organization_billing_unavailable": FailureKind.BILLING,
    "linked_organization_spend_limit_reached": FailureKind.BILLING,
    "user_profile_billing_not_authorized": FailureKind.BILLING,
    "user_profile_not_billable": FailureKind.BILLING,
    "organization_on_hold": FailureKind.PERMISSION,
    "ramp_limit_exceeded": FailureKind.RATE_LIMIT,
}
"""By `error.details.error_code`, as the SDK's types list them; a code that is not here is as good as none."""

_BY_TYPE: Mapping[str, FailureKind] = {
    "authentication_error": FailureKind.AUTHENTICATION,
    "billing_error": FailureKind.BILLING,
    "permission_error": FailureKind.PERMISSION,
    "not_found_error": FailureKind.NOT_FOUND,
    "request_too_large": FailureKind.TOO_LARGE,
    "rate_limit_error": FailureKind.RATE_LIMIT,
    "timeout_error": FailureKind.TIMEOUT,
    "overloaded_error": FailureKind.OVERLOADED,
}
"""By `error.type`: https://platform.claude.com/docs/en/api/errors. Others say too little."""

_BY_STATUS: Mapping[int, FailureKind] = {
    401: FailureKind.AUTHENTICATION,
    402: FailureKind.BILLING,
    403: FailureKind.PERMISSION,
    404: FailureKind.NOT_FOUND,
    408: FailureKind.TIMEOUT,
    413: FailureKind.TOO_LARGE,
    429: FailureKind.RATE_LIMIT,
    431: FailureKind.TOO_LARGE,
    499: FailureKind.CONNECTION,
    504: FailureKind.TIMEOUT,
    529: FailureKind.OVERLOADED,
}

_FIRST_REDIRECT, _FIRST_ERROR, _FIRST_OF_SERVER = 300, 400, 500
"""The least HTTP statuses of a redirect, of a request that is refused, and of a service that fails."""


@dataclass(frozen=True, slots=True)
class KnownError:
    """What the service says, in small letters, of one thing that is wrong with a request.

    words: of which one stands in it. texts: as they were recorded.
    otherwise: what it would be taken for.
    """

    kind: FailureKind
    words: tuple[str, ...]
    texts: tuple[str, ...]
    otherwise: FailureKind = FailureKind.BAD_REQUEST


KNOWN_ERRORS = (
    KnownError(
        FailureKind.BILLING,
        ("usage limits", "credit balance"),
        (
            "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.",
            "Your credit balance is too low to access the Anthropic API.",
        ),
    ),
    KnownError(FailureKind.PERMISSION, ("organization has been disabled",), ("This organization has been disabled.",)),
    KnownError(
        FailureKind.TOO_LONG,
        ("prompt is too long", "exceed context limit", "pdf pages may be provided"),
        (
            "prompt is too long: 3333404 tokens > 200000 maximum",
            "input length and `max_tokens` exceed context limit: 178959 + 64000 > 200000",
            "messages.0.content.0.pdf.source.base64.data: A maximum of 100 PDF pages may be provided.",
        ),
    ),
    KnownError(
        FailureKind.TOO_LONG,
        ("for long context requests",),
        ("Extra usage is required for long context requests.",),
        otherwise=FailureKind.RATE_LIMIT,
    ),
    KnownError(FailureKind.REFUSAL, ("content filtering policy",), ("Output blocked by content filtering policy",)),
    KnownError(
        FailureKind.MODE_REFUSED,
        ("tool_choice", "invalid request data"),
        (
            'tool_choice: type "tool" and "any" are not supported for this model.',
            "tool_choice forces tool use is not compatible with this model",
            "Thinking may not be enabled when tool_choice forces tool use.",
            "Invalid request data",
        ),
    ),
    KnownError(
        FailureKind.BAD_REQUEST,
        ("output_config.effort",),
        ('Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.',),
    ),
    # The service names the part of the request that it does not take: this errs on the side of one more, cheaper mode.
    KnownError(
        FailureKind.SCHEMA_REFUSED,
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


def kind_of(status: int, body: object) -> FailureKind:
    """Return the failure that an error of the service is.

    status: of the reply; below 400 for an error among a stream's events, which come after the status was sent.
    body: of the reply, or the event, as it was read: a gateway may send anything.
    """
    if _FIRST_REDIRECT <= status < _FIRST_ERROR:
        return FailureKind.REDIRECT
    error = _part(body, "error")
    code, kind, message = _part(_part(error, "details"), "error_code"), _part(error, "type"), _part(error, "message")
    if isinstance(code, str) and code in _BY_CODE:
        return _BY_CODE[code]
    is_of_request = kind == "invalid_request_error" or _FIRST_ERROR <= status < _FIRST_OF_SERVER
    typed = _BY_TYPE.get(kind) if isinstance(kind, str) else None
    likely = typed or _BY_STATUS.get(status) or (FailureKind.BAD_REQUEST if is_of_request else FailureKind.SERVER)
    words = message.lower() if isinstance(message, str) else ""
    fitting = (one.kind for one in KNOWN_ERRORS if one.otherwise == likely and any(word in words for word in one.words))
    return next(fitting, likely)


def _part(body: object, key: str) -> object:
    return body.get(key) if isinstance(body, Mapping) else None
