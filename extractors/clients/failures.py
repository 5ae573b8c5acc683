"""What the SDK, the limits, the budget and a tape give up on, as a failure in one line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import anthropic
import httpx2

from slotfill.extractors.cassettes.tape import CassetteError
from slotfill.extractors.clients.metering import BudgetError
from slotfill.extractors.clients.rate_limits import WaitError
from slotfill.extractors.http.redaction import Redaction
from slotfill.extractors.messages_api.inbound import excerpt, redirect_target
from slotfill.extractors.messages_api.service_errors import kind_of
from slotfill.extractors.record.extraction import Failure
from slotfill.extractors.rungs.asks import REDIRECT, UNREADABLE

__all__ = ["FATAL", "failure_of"]

FATAL = frozenset({"authentication", "permission", "billing", "not_found", REDIRECT, "max_wait", "budget"})
"""The failures that every further request would meet too, or for a long time."""

# By exception class, the most special first; an error of the service itself is told apart by `kind_of`.
_FAILURES: tuple[tuple[type[BaseException], str], ...] = (
    (CassetteError, "cassette"),
    (WaitError, "max_wait"),
    (BudgetError, "budget"),
    (anthropic.CredentialsError, "authentication"),
    (anthropic.APITimeoutError, "timeout"),
    (anthropic.APIConnectionError, "connection"),
    (anthropic.APIResponseValidationError, UNREADABLE),
    (anthropic.AnthropicError, "server"),
    # A network, or a service, that fails while a stream is read.
    (httpx2.TimeoutException, "timeout"),
    (httpx2.DecodingError, UNREADABLE),
    (httpx2.HTTPError, "connection"),
)

_FIRST_ERROR = 400
"""The least HTTP status of an error: that of a stream was sent before its events."""

_OWN = (CassetteError, WaitError, BudgetError)
"""Those whose message is all slotfill's."""


def failure_of(error: BaseException, secrets: Iterable[str] = ()) -> Failure:
    """Say in one line what the SDK gave up on; a diff follows where a request is not on the tape.

    No `secrets` stand in it, nor what a page of HTML said. Whatever else reading a reply raises makes it unreadable: a
    body may be no UTF-8, no JSON, or nested a hundred thousand deep.
    """
    if isinstance(error, anthropic.APIStatusError):
        kind = kind_of(error.status_code, error.body)
    else:
        kind = next((kind for known, kind in _FAILURES if isinstance(error, known)), UNREADABLE)
    message = Redaction(secrets, words=True).hide(_message(error, kind))
    return Failure(kind, message if isinstance(error, _OWN) else excerpt(message))


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
        return f"{said} (HTTP {status})" if status is None or status >= _FIRST_ERROR else str(said)
    if kind in _MESSAGES:
        cause = error.__cause__ or error
        return f"{_MESSAGES[kind]}: {type(cause).__name__}" + (f": {cause}" if error.__cause__ else "")
    return f"the service answered HTTP {status}" if status else f"{type(error).__name__}: {error}"
