"""What the SDK, the limits, the budget and a tape give up on, as a failure in one line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import anthropic
import httpx2

from slotfill.extractors.asks import REDIRECT, SCHEMA_REFUSED, UNREADABLE
from slotfill.extractors.inbound import excerpt, redirect_target
from slotfill.extractors.limits import WaitError
from slotfill.extractors.metering import BudgetError
from slotfill.extractors.record import Failure
from slotfill.extractors.redaction import Redaction
from slotfill.extractors.testing.cassette import CassetteError

__all__ = ["FATAL", "failure_of"]

FATAL = frozenset({"authentication", "permission", "billing", "not_found", REDIRECT, "max_wait", "budget"})
"""The failures that every further request would meet too, or for a long time."""

# By exception class, the most special first: every class the SDK exports stands under one of these.
_FAILURES: tuple[tuple[type[BaseException], str], ...] = (
    (CassetteError, "cassette"),
    (WaitError, "max_wait"),
    (BudgetError, "budget"),
    (anthropic.AuthenticationError, "authentication"),
    (anthropic.CredentialsError, "authentication"),
    (anthropic.PermissionDeniedError, "permission"),
    (anthropic.PaymentRequiredError, "billing"),
    (anthropic.NotFoundError, "not_found"),
    (anthropic.RateLimitError, "rate_limit"),
    (anthropic.OverloadedError, "overloaded"),
    (anthropic.ContentTooLargeError, "too_large"),
    (anthropic.RequestHeaderFieldsTooLargeError, "too_large"),
    (anthropic.RequestTimeoutError, "timeout"),
    (anthropic.GatewayTimeoutError, "timeout"),
    (anthropic.APITimeoutError, "timeout"),
    (anthropic.ClientClosedRequestError, "connection"),
    (anthropic.APIConnectionError, "connection"),
    (anthropic.InternalServerError, "server"),
    (anthropic.BadRequestError, "bad_request"),
    (anthropic.APIResponseValidationError, UNREADABLE),
    (anthropic.APIStatusError, "bad_request"),
    (anthropic.AnthropicError, "server"),
    # A network, or a service, that fails while a stream is read.
    (httpx2.TimeoutException, "timeout"),
    (httpx2.DecodingError, UNREADABLE),
    (httpx2.HTTPError, "connection"),
)

_OWN = (CassetteError, WaitError, BudgetError)
"""Those whose message is all slotfill's."""

_FIRST_REDIRECT, _FIRST_ERROR = 300, 400
"""The least HTTP statuses that say that a request is to be sent elsewhere, and that it failed."""

_TOO_LONG = "prompt is too long"
_NO_CREDIT = "credit balance is too low"
# The service names the part of the request that it does not take; its wording is not part of its contract, so
# this errs on the side of one more, cheaper mode.
_SCHEMA_WORDS = ("output_config", "output_format", "input_schema", "json schema", "json_schema", "grammar", "schema")


def failure_of(error: BaseException, secrets: Iterable[str] = ()) -> Failure:
    """Say in one line what the SDK gave up on; a diff follows where a request is not on the tape.

    No `secrets` stand in it, nor what a page of HTML said. Whatever else reading a reply raises makes it unreadable: a
    body may be no UTF-8, no JSON, or nested a hundred thousand deep.
    """
    kind = next((kind for known, kind in _FAILURES if isinstance(error, known)), UNREADABLE)
    if isinstance(error, anthropic.APIStatusError) and error.status_code < _FIRST_ERROR:
        # An error among a stream's events comes after the status was sent.
        kind = "server" if error.status_code < _FIRST_REDIRECT else REDIRECT
    message = Redaction(secrets, words=True).hide(_message(error, kind))
    kind = _kind_of_400(message.lower()) if kind == "bad_request" else kind
    return Failure(kind, message if isinstance(error, _OWN) else excerpt(message))


def _kind_of_400(said: str) -> str:
    """Tell apart what the service calls an invalid request, whatever is wrong with it."""
    if _TOO_LONG in said:
        return "too_long"
    if _NO_CREDIT in said:
        return "billing"
    return SCHEMA_REFUSED if any(word in said for word in _SCHEMA_WORDS) else "bad_request"


_MESSAGES = {
    "timeout": "the service did not answer in time; allow more with --timeout",
    "connection": "the service cannot be reached",
    UNREADABLE: "the service's reply cannot be read",
}


def _message(error: BaseException, kind: str) -> str:
    if isinstance(error, _OWN):
        return str(error)
    if kind == REDIRECT and (target := redirect_target(cast("anthropic.APIStatusError", error).response.headers)):
        return f"the service redirects to {target}: set ANTHROPIC_BASE_URL to it if you trust it"
    said = getattr(error, "api_message", None)
    status = getattr(error, "status_code", None)
    if said:
        return f"{said} (HTTP {status})"
    if kind in _MESSAGES:
        cause = error.__cause__ or error
        return f"{_MESSAGES[kind]}: {type(cause).__name__}" + (f": {cause}" if error.__cause__ else "")
    return f"the service answered HTTP {status}" if status else f"{type(error).__name__}: {error}"
