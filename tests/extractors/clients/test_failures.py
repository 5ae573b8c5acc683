"""Every error of the SDK, as a failure; tests/extractors/clients/test_clients.py has them by what a service answers."""

import anthropic
import httpx2

from slotfill.extractors.clients.failures import _FAILURES, failure_of
from slotfill.extractors.record.failure_kinds import FailureKind


def test_every_error_of_the_sdk_is_known():
    """A class that the SDK adds must not fall through to the last resort unseen."""
    known = (*(kind for kind, _ in _FAILURES if kind is not anthropic.AnthropicError), anthropic.APIStatusError)
    odd = {"AnthropicError", "APIError", "RetryableError", "APIWebhookValidationError"}
    exported = {name: getattr(anthropic, name) for name in anthropic.__all__ if name.endswith("Error")}
    assert {name for name, kind in exported.items() if not issubclass(kind, known)} == odd
    assert {"authentication", "permission", "billing", "not_found", "redirect", "max_wait", "budget", "plugin"} == {
        kind for kind in FailureKind if kind.stops_run
    }


def test_a_page_of_html_is_not_repeated():
    response = httpx2.Response(502, content=b"<html>" * 999, request=httpx2.Request("POST", "http://x"))
    error = anthropic.InternalServerError("<html>" * 999, response=response, body=None)
    assert failure_of(error).message == "a gateway answered HTTP 502 in the service's place"
