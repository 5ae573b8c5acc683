"""Problems: what a request is refused or fails for, as HTTP says it (RFC 9457)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError

from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.schemas.errors import SlotfillError
from slotfill.schemas.json_values.json_types import JSONObject
from slotfill.schemas.json_values.pointer import join

__all__ = ["MOST_PATH", "PROBLEM_TYPE", "ProblemError", "problem_of_form", "status_of_failure"]

PROBLEM_TYPE = "application/problem+json"

MOST_PATH = 200
"""Characters of a path that a problem tells: its keys are the client's own."""

_OF_THE_SERVICE = {
    FailureKind.BUDGET: HTTPStatus.TOO_MANY_REQUESTS,
    FailureKind.TIMEOUT: HTTPStatus.GATEWAY_TIMEOUT,
    FailureKind.SERVER: HTTPStatus.BAD_GATEWAY,
    FailureKind.UNREADABLE_REPLY: HTTPStatus.BAD_GATEWAY,
    FailureKind.SCHEMA_CODE: HTTPStatus.INTERNAL_SERVER_ERROR,
    FailureKind.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""How HTTP says failures that are no matter of the document, where it is not that the model cannot be had now."""


class ProblemError(SlotfillError):
    """A request that gets no record. What is told of it never holds a text, a value or a key.

    Args:
        status: Of the response.
        code: Names the kind of problem for programs, for good: `unknown_schema`.
        detail: Says what is wrong and what to do, for people.
        retry_after: The seconds after which to ask again; None where that does not help.
        is_paid: Whether something was paid for it, or may have been.
        more: What else the problem says.
    """

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        retry_after: float | None = None,
        is_paid: bool = False,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.more = status, code, detail, dict(more or {})
        self.is_paid = is_paid
        self.retry_after = None if retry_after is None else max(1, math.ceil(retry_after))

    @property
    def headers(self) -> dict[str, str]:
        """What a response's head says of it."""
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        if self.status is HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = "Bearer"
        return headers

    def to_json(self, request_id: str) -> JSONObject:
        """Return it as plain JSON data."""
        return {
            **self.more,
            "type": "about:blank",
            "title": self.status.phrase,
            "status": self.status.value,
            "code": self.code,
            "detail": self.detail,
            "request_id": request_id,
        }


def problem_of_form(error: ValidationError, code: str, *, below: tuple[str, ...] = ()) -> ProblemError:
    """Say that what was sent is of another form: what is said of it names places, never what stands there.

    Args:
        error: What is wrong.
        code: As for `ProblemError`.
        below: Where in the request it stands.
    """
    errors = error.errors(include_url=False, include_input=False, include_context=False)
    places = [{"path": join((*below, *one["loc"]))[:MOST_PATH], "message": one["msg"]} for one in errors[:20]]
    first = places[0]
    detail = f"{first['path'] or 'the body'}: {first['message']}"
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, code, detail, more={"errors": places})


def status_of_failure(kind: FailureKind) -> HTTPStatus | None:
    """Return how HTTP says why there is no value; None where that is a matter of the document: there is a record."""
    if status := _OF_THE_SERVICE.get(kind):
        return status
    return HTTPStatus.SERVICE_UNAVAILABLE if kind.retry_later or kind.stops_run else None
