"""The kinds of failure, and what follows from each: one row says all that the rest of slotfill goes by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from slotfill.extractors.record.json_writer import JSONForm

__all__ = ["EMPTY", "Failure", "FailureKind"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Properties:
    retry_later: bool = False
    ends_fallbacks: bool = False
    stops_run: bool = False
    a_shorter_text_may_help: bool = False
    refuses_request: bool = False
    own_message: bool = False
    way_out: str = ""
    log_text: str = "there is no value"


class FailureKind(StrEnum):
    """Why there is no (whole) value.

    Attributes:
        retry_later: It happened on the way to the service and back: the same request may not meet it another time.
        ends_fallbacks: Another model of the same service would meet it too.
        stops_run: Every further request would meet it too, or for a long time.
        a_shorter_text_may_help: A shorter document may not meet it.
        refuses_request: The service does not take the request as it is.
        own_message: The first line of the failure's message is all slotfill's, so that a log may tell it.
        way_out: What to do about it, where the message does not say it.
        log_text: What a log tells of it where the message must not be told: it may quote a document.
    """

    retry_later: bool
    ends_fallbacks: bool
    stops_run: bool
    a_shorter_text_may_help: bool
    refuses_request: bool
    own_message: bool
    way_out: str
    log_text: str

    def __new__(cls, value: str, properties: _Properties = _Properties()) -> Self:
        """Make a member of its value and its row."""
        member = str.__new__(cls, value)
        member._value_ = value
        for name in _Properties.__slots__:
            setattr(member, name, getattr(properties, name))
        return member

    # A document that cannot be asked about.
    EMPTY_DOCUMENT = "empty_document", _Properties(own_message=True)
    BINARY_DOCUMENT = "binary_document", _Properties(own_message=True)
    UNDECODABLE_DOCUMENT = "undecodable_document", _Properties(own_message=True)
    UNREADABLE = "unreadable", _Properties(own_message=True)
    BROKEN_DOCUMENT = "broken_document", _Properties(own_message=True)
    ENCRYPTED_DOCUMENT = "encrypted_document", _Properties(own_message=True)
    SCANNED_DOCUMENT = "scanned_document", _Properties(own_message=True)
    BROKEN_ROW = "broken_row", _Properties(own_message=True)
    TOO_LARGE = "too_large", _Properties(a_shorter_text_may_help=True, log_text="the request is too large")
    TOO_LONG = "too_long", _Properties(a_shorter_text_may_help=True, log_text="the prompt is too long")

    # A reply that gives no value.
    UNSURE = "unsure", _Properties(log_text="what the schema needs is less sure than is asked for")
    VALIDATION = "validation", _Properties(log_text="the value does not validate")
    SCHEMA_CODE = (
        "schema_code",
        _Properties(ends_fallbacks=True, log_text="code of the schema's own raised"),
    )
    TRUNCATED = "truncated", _Properties(log_text="the reply was cut off")
    INCOMPLETE = "incomplete", _Properties(log_text="some parts could not be read")
    REFUSAL = "refusal", _Properties(log_text="the model refused")
    UNREADABLE_REPLY = (
        "unreadable_reply",
        _Properties(retry_later=True, log_text="the service's reply cannot be read"),
    )

    # A request that the service, or the model, does not take.
    SCHEMA_REFUSED = "schema_refused", _Properties(refuses_request=True, log_text="the service refuses the schema")
    MODE_REFUSED = "mode_refused", _Properties(refuses_request=True)
    BAD_REQUEST = (
        "bad_request",
        _Properties(ends_fallbacks=True, refuses_request=True, log_text="the service does not accept the request"),
    )
    AUTHENTICATION = (
        "authentication",
        _Properties(
            ends_fallbacks=True,
            stops_run=True,
            way_out="set another key; `slotfill doctor` tries it",
            log_text="the service does not accept the credential",
        ),
    )
    PERMISSION = (
        "permission",
        _Properties(
            ends_fallbacks=True,
            stops_run=True,
            way_out="use a key that may, or another model; `slotfill doctor` tries them",
            log_text="the credential does not permit the request",
        ),
    )
    BILLING = (
        "billing",
        _Properties(
            ends_fallbacks=True,
            stops_run=True,
            way_out="see to the account, then run it again",
            log_text="the account cannot pay for the request",
        ),
    )
    NOT_FOUND = (
        "not_found",
        _Properties(
            stops_run=True,
            way_out="`slotfill models` lists the models",
            log_text="the service does not know the model",
        ),
    )
    REDIRECT = (
        "redirect",
        _Properties(ends_fallbacks=True, stops_run=True, log_text="the service redirects to another address"),
    )

    # What asks, and is no more.
    WORKER_LOST = "worker_lost", _Properties(own_message=True, ends_fallbacks=True)

    PLUGIN = "plugin", _Properties(ends_fallbacks=True, stops_run=True, log_text="the plug-in that asks failed")

    # On the way to the service and back.
    RATE_LIMIT = "rate_limit", _Properties(retry_later=True, log_text="the rate limits allow no further request")
    OVERLOADED = "overloaded", _Properties(retry_later=True, log_text="the service is overloaded")
    SERVER = "server", _Properties(retry_later=True, log_text="the service failed")
    TIMEOUT = "timeout", _Properties(retry_later=True, log_text="the service did not answer in time")
    CONNECTION = "connection", _Properties(retry_later=True, log_text="the service cannot be reached")

    # What slotfill itself does not send, or cannot keep.
    MAX_WAIT = "max_wait", _Properties(ends_fallbacks=True, stops_run=True, own_message=True)
    BUDGET = "budget", _Properties(ends_fallbacks=True, stops_run=True, own_message=True)
    CASSETTE = "cassette", _Properties(ends_fallbacks=True, own_message=True)
    DAMAGED = "damaged"
    INTERNAL = "internal", _Properties(own_message=True)


@dataclass(frozen=True, slots=True)
class Failure(JSONForm):
    """Why there is no (whole) value.

    Attributes:
        type: Its kind; docs/python.md says of each what it means and what to do.
        message: What happened, where, and what to do, in one line; a difference follows where a tape lacks a request.
        path: JSON Pointer to the value that it is about, "" for the whole.
    """

    type: FailureKind
    message: str
    path: str = ""


EMPTY = Failure(FailureKind.EMPTY_DOCUMENT, "holds no text")
"""Why a text that says nothing is not asked about."""
