"""A line of a batch's results: whose it is, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from anthropic.types import Message

from slotfill.extractors.batches.custom_ids import read_custom_id
from slotfill.extractors.messages_api.inbound import excerpt
from slotfill.extractors.messages_api.service_errors import kind_of
from slotfill.extractors.messages_api.tool_inputs import keep_input_texts
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.record.parts import BatchPlace
from slotfill.extractors.rungs.asks import Answer
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["RequestResult", "read_result"]

_EXPIRED = Failure(FailureKind.TIMEOUT, "the batch expired before the request was answered")
_ODD = Failure(FailureKind.UNREADABLE_REPLY, "the batch's result cannot be read")

_STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The HTTP status of each error, which a result does not tell: https://platform.claude.com/docs/en/api/errors"""

_OTHER_STATUS = 500


@dataclass(frozen=True, slots=True)
class RequestResult:
    """What came of one request: a message, a failure, or nothing where it was cancelled before it was begun."""

    intent: str
    ask: bytes
    custom_id: str
    canceled: bool = False
    failure: Failure | None = None
    message: object = None

    def answer(self, batch: str, read: Callable[[object], Answer], hide: Callable[[str], str]) -> Answer:
        """Make an answer of it.

        Args:
            batch: The service's name of the batch.
            read: Reads a message.
            hide: Hides credentials in what the service says of an error.
        """
        place = BatchPlace(batch, self.custom_id)
        if self.failure is not None:
            return Answer(failure=replace(self.failure, message=hide(self.failure.message)), batch=place)
        answer = read(self.message)
        return replace(answer, usage=replace(answer.usage, tier="batch"), batch=place)


def read_result(line: bytes) -> RequestResult | None:
    """Read a line; None for one that is of no request of ours. Raises ValueError where it is cut off."""
    entry: JSONObject = json.loads(line)
    name = entry.get("custom_id") if isinstance(entry, dict) else None
    known = read_custom_id(name)
    if known is None:
        return None
    intent, ask = known
    result: Any = entry.get("result")
    kind = result.get("type") if isinstance(result, dict) else None
    base = RequestResult(intent, ask, str(name))
    if kind == "succeeded":
        return replace(base, message=_message(result.get("message"), line))
    if kind == "canceled":
        return replace(base, canceled=True)
    if kind == "expired":
        return replace(base, failure=_EXPIRED)
    return replace(base, failure=_failure(result.get("error")) if kind == "errored" else _ODD)


def _message(fields: object, line: bytes) -> object:
    """Build the SDK's type of a message, as its own client does: without validating it."""
    if not isinstance(fields, dict):
        return None
    message = Message.construct(**fields)
    keep_input_texts(message, line, within=("result", "message"))
    return message


def _failure(body: object) -> Failure:
    detail = body.get("error") if isinstance(body, dict) else None
    kind, message = (detail.get("type"), detail.get("message")) if isinstance(detail, dict) else (None, None)
    status = _STATUS.get(kind, _OTHER_STATUS) if isinstance(kind, str) else _OTHER_STATUS
    text = excerpt(message)
    told = f"{text} (HTTP {status})" if text else f"the service answered HTTP {status}"
    return Failure(kind_of(status, body), told)
