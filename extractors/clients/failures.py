"""What the SDK, the limits, the budget and a tape give up on, as a failure in one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

import anthropic
import httpx2

from slotfill.extractors.cassettes.tape import CassetteError
from slotfill.extractors.clients.admission import WaitError
from slotfill.extractors.clients.metering import BudgetError
from slotfill.extractors.http.redaction import Redaction
from slotfill.extractors.messages_api.inbound import excerpt, redirect_target
from slotfill.extractors.messages_api.service_errors import kind_of
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.schemas.entry_points.installed_plugins import PluginError

__all__ = ["failure_of"]

# By exception class, the most special first; an error of the service itself is told apart by `kind_of`.
_FAILURES: tuple[tuple[type[BaseException], FailureKind], ...] = (
    (CassetteError, FailureKind.CASSETTE),
    (WaitError, FailureKind.MAX_WAIT),
    (BudgetError, FailureKind.BUDGET),
    (anthropic.CredentialsError, FailureKind.AUTHENTICATION),
    (anthropic.APITimeoutError, FailureKind.TIMEOUT),
    (anthropic.APIConnectionError, FailureKind.CONNECTION),
    (anthropic.APIResponseValidationError, FailureKind.UNREADABLE_REPLY),
    (anthropic.AnthropicError, FailureKind.SERVER),
    # A network, or a service, that fails while a stream is read.
    (httpx2.TimeoutException, FailureKind.TIMEOUT),
    (httpx2.DecodingError, FailureKind.UNREADABLE_REPLY),
    (httpx2.HTTPError, FailureKind.CONNECTION),
)

_FIRST_ERROR, _FIRST_OF_SERVER = 400, 500
"""The least HTTP statuses of an error, as that of a stream was sent before its events, and of what is no refusal."""

_OWN = (CassetteError, WaitError, BudgetError)
"""Those whose message is all slotfill's."""


def failure_of(error: BaseException, secrets: Iterable[str] = ()) -> Failure:
    """Say in one line what the SDK gave up on; a diff follows where a request is not on the tape.

    No `secrets` stand in it, nor what a page of HTML said. Whatever else reading a reply raises makes it unreadable: a
    body may be no UTF-8, no JSON, or nested a hundred thousand deep.
    """
    # The SDK wraps what a request raises, and passes on what reading a stream does.
    if plugged := next((one for one in (error, error.__cause__) if isinstance(one, PluginError)), None):
        error, kind = plugged, FailureKind.PLUGIN
    elif isinstance(error, anthropic.APIStatusError):
        kind = kind_of(error.status_code, error.body)
    else:
        kind = next((kind for known, kind in _FAILURES if isinstance(error, known)), FailureKind.UNREADABLE_REPLY)
    message = Redaction(secrets, words=True).hide(_message(error, kind))
    return Failure(kind, message if isinstance(error, _OWN) else excerpt(message))


_MESSAGES = {
    FailureKind.TIMEOUT: "the service did not answer in time; allow more with --timeout",
    FailureKind.CONNECTION: "the service cannot be reached",
    FailureKind.UNREADABLE_REPLY: "the service's reply cannot be read",
}


def _message(error: BaseException, kind: FailureKind) -> str:
    if isinstance(error, (*_OWN, PluginError)):
        return str(error)
    if kind is FailureKind.REDIRECT and (
        target := redirect_target(cast("anthropic.APIStatusError", error).response.headers)
    ):
        return f"the service redirects to {target}: set ANTHROPIC_BASE_URL to it if you trust it"
    message = getattr(error, "api_message", None)
    status = getattr(error, "status_code", None)
    if message:
        return f"{message} (HTTP {status})" if status is None or status >= _FIRST_ERROR else str(message)
    if status is not None and status >= _FIRST_OF_SERVER and not isinstance(getattr(error, "body", None), Mapping):
        # A page, or nothing: so answers a proxy or a load balancer. No time-out of ours would have been long enough.
        return f"a gateway answered HTTP {status} in the service's place"
    if kind in _MESSAGES:
        cause = error.__cause__ or error
        return f"{_MESSAGES[kind]}: {type(cause).__name__}" + (f": {cause}" if error.__cause__ else "")
    return f"the service answered HTTP {status}" if status else f"{type(error).__name__}: {error}"
