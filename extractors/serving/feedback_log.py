"""What users say of values: a record's field is wrong, and what should stand there, as flags in the log of a review."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, NoReturn

from slotfill.extractors.documents.document import Document
from slotfill.extractors.errors import InputError, OutputError
from slotfill.extractors.extractions.loading import check_record
from slotfill.extractors.keys.api_key import ApiKey
from slotfill.extractors.record.json_text import json_text
from slotfill.extractors.record.json_writer import NO_MEMBER
from slotfill.extractors.review.decision_log import DecisionLog
from slotfill.extractors.review.decisions import Decision, ReviewAction
from slotfill.extractors.review.review_documents import ReviewDocument
from slotfill.extractors.review.review_fields import review_fields
from slotfill.extractors.review.review_fold import ReviewView
from slotfill.extractors.review.review_rules import UnknownFieldError
from slotfill.extractors.review.reviewed_value import ReviewedValue
from slotfill.extractors.serving.problem import ProblemError
from slotfill.extractors.serving.served_schemas import with_params
from slotfill.schemas.errors import SchemaError
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.schema import Schema

__all__ = ["FeedbackLog", "FieldFeedback"]

MOST_BYTES = 64_000
"""Of a row of the log: one value, what stood there, and a note."""

LOG_AGAIN = 10.0
"""Seconds after which to send it again where the log cannot be written now."""

_logger = logging.getLogger("slotfill")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFeedback:
    """What somebody says of one field.

    Attributes:
        record: The record, as it was answered.
        field: JSON Pointer to the field in its value.
        value: What should stand there; NO_MEMBER where that is not said.
        text: The document's text, for validators that look at it; None where it is not sent.
        note: What else is said.
    """

    record: Mapping[str, Any]
    field: str
    value: JSON = NO_MEMBER
    text: str | None = None
    note: str | None = None


class FeedbackLog:
    """Writes feedback into a log that `slotfill review` reads. Safe for threads, and for others who write there.

    Args:
        path: The log: `gold.log.jsonl` for a review whose gold is `gold.jsonl`.

    Raises:
        InputError: It cannot be read, or is none.
    """

    def __init__(self, path: Path) -> None:
        self._log = DecisionLog(path, lambda message: _logger.warning("%s", message))
        self._turn = threading.Lock()

    def add(self, key: ApiKey, schemas: Mapping[str, Schema[Any]], feedback: FieldFeedback) -> None:
        """Write down what somebody says; when this returns, it is on the disk.

        Args:
            key: Whose feedback it is: its name stands for the reviewer's.
            schemas: What the key may use, by name.
            feedback: What is said.

        Raises:
            ProblemError: It is of no such record or field, or no value of that (404, 413, 422); the log cannot be
                written (503).
        """
        row = _row(key, schemas, feedback)
        try:
            with self._turn, self._log.locked():
                self._log.append(row)
        except ValueError as error:
            _refuse("bad_body", f"it cannot be kept: {error}")
        except (InputError, OutputError) as error:
            _logger.error("%s", error)  # noqa: TRY400 - all is said
            detail = "feedback cannot be written now: the log says why"
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE, "no_feedback_log", detail, retry_after=LOG_AGAIN
            ) from None


def _row(key: ApiKey, schemas: Mapping[str, Schema[Any]], feedback: FieldFeedback) -> Decision:
    document = _document(schemas, feedback)
    value = ReviewedValue(document.base)
    _check_field(document, value, feedback)
    identity, source = document.key
    try:
        row = Decision(
            who=key.name,
            document=identity,
            source=source,
            path=feedback.field,
            action=ReviewAction.FLAG,
            before=value.get(feedback.field),
            after=feedback.value,
            note=feedback.note,
        )
        size = len(json_text(row.to_json()).encode())
    except ValueError as error:
        _refuse("bad_body", f"it cannot be kept: {error}")
    if size > MOST_BYTES:
        detail = f"a value with what stood there and a note may have {MOST_BYTES:,} bytes: name a smaller field"
        raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", detail)
    return row


def _document(schemas: Mapping[str, Schema[Any]], feedback: FieldFeedback) -> ReviewDocument:
    """Check what the feedback is of."""
    try:
        record = check_record(feedback.record)
    except InputError:
        _refuse("bad_record", "that is no record: send it as it was answered")
    schema = schemas.get(record.schema.name)
    if schema is None:
        detail = "there is no schema of the record's name: GET /v1/schemas lists those of this key"
        raise ProblemError(HTTPStatus.NOT_FOUND, "unknown_schema", detail)
    try:
        schema = with_params(schema, record.schema.parameters)
    except SchemaError:
        _refuse("other_schema", "the record was made with parameters that the schema does not take")
    if record.schema.id != schema.id:
        _refuse("other_schema", "the record was made by another version of the schema than the one that is served")
    if feedback.text is not None and Document.of(feedback.text).id != record.document.id:
        _refuse("other_text", "the text is not the one that the record is of: send that one, or none")
    return ReviewDocument(0, feedback.record, feedback.text, schema)


def _check_field(document: ReviewDocument, value: ReviewedValue, feedback: FieldFeedback) -> None:
    rules, path = document.rules, feedback.field
    try:
        rules.steps(value, path)
    except UnknownFieldError:
        _refuse_field()
    fields = review_fields(value, document.schema.json_schema)
    if value.get(path) is NO_MEMBER and all(field.path != path for field in fields):
        _refuse_field()
    if feedback.value is NO_MEMBER:
        return
    if errors := rules.errors_at(ReviewView(value), path, feedback.value):
        said = [{"path": error.path, "message": "the schema refuses it"} for error in errors[:20]]
        _refuse("wrong_value", "the schema refuses the value", errors=said)


def _refuse_field() -> NoReturn:
    _refuse("unknown_field", 'the field is a JSON Pointer to a part of the record\'s value: "/key_issues/0"')


def _refuse(code: str, detail: str, **more: Any) -> NoReturn:
    raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, code, detail, more=more) from None
