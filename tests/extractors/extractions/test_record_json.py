"""A record's JSON: what is written is pinned letter for letter, and what is damaged is refused with its place."""

from decimal import Decimal

import pytest
from checkout import FIXTURES

from slotfill import (
    Attempt,
    BatchPlace,
    ChunkRecord,
    Conflict,
    ConflictValue,
    Document,
    Edit,
    Extraction,
    Failure,
    FailureKind,
    FieldError,
    InputError,
    Outcome,
    Rung,
    Schema,
    Span,
    Turn,
    Usage,
    load_record,
)
from slotfill.extractors.record.json_text import json_text
from slotfill.schemas import Feedback
from slotfill.schemas.json_values.exact_json import loads

VALUE = {"sentiment": "negative", "key_issues": ["crashes", "größer"], "urgency": 3, "suggested_action": "Fix it."}
DOCUMENT = Document.of("The app crashes. größer \U0001f600", "mail.txt")
FEEDBACK = {"document": DOCUMENT, "schema_name": "feedback", "schema_id": "f" * 64, "model": "claude-haiku-5-5"}
PRICES = {"cost_usd": Decimal("0.00012"), "saved_usd": Decimal("-1E-7"), "surcharge_usd": Decimal(0)}

RECORDS = {
    "valid": Extraction(
        **FEEDBACK,
        **PRICES,
        outcome=Outcome.VALID,
        has_value=True,
        data=VALUE,
        reply=VALUE,
        spans={"/key_issues/0": Span(8, 15, "exact"), "/key_issues/1": Span(None, None, "absent")},
        attempts=(Attempt(Rung.ASK, "claude-haiku-5-5", "structured", True, "end_turn", (), Usage(7, 5), 812, "r1"),),
    ),
    "partial": Extraction(
        **FEEDBACK,
        outcome=Outcome.PARTIAL,
        has_value=True,
        data=loads('{"a": 9007199254740993.0}'),
        reply=None,
        confidence={"/x": "stated", "/a~1b": "scored"},
        edits=(
            Edit("/a", "number", loads("[9007199254740993.0]"), 9007199254740993, "none"),
            Edit("/b", "trimmed", {"b": " x"}, "x", "low", chunk=1),
        ),
        attempts=(
            Attempt(
                rung=Rung.FALLBACK,
                model="claude-3-haiku-20240307",
                mode="tool",
                ok=False,
                errors=(FieldError("/a", "is missing"), FieldError("", "half a pair: \ud800")),
                usage=Usage(7, None, 1, 2, None),
                chunk=0,
            ),
        ),
        error=Failure(FailureKind.INCOMPLETE, "2 of 3 parts", "/x"),
        chunks=(
            ChunkRecord(0, 0, 10, Outcome.VALID, number=2, fields=("a", "b")),
            ChunkRecord(1, 10, 20, Outcome.FAILED, error=Failure(FailureKind.TIMEOUT, "too late"), invalid={"a": [1]}),
        ),
        found_in={"/a": (0, 1), "/b": ()},
        conflicts=(Conflict("/u", "most", {"n": 3}, (ConflictValue([4], 2), ConflictValue(None, 0))),),
        history=(Turn({"a": None}, "no"),),
    ),
    "batched": Extraction(
        **FEEDBACK,
        **PRICES,
        outcome=Outcome.VALID,
        has_value=True,
        data=VALUE,
        reply=VALUE,
        attempts=(
            Attempt(
                rung=Rung.ASK,
                model="claude-haiku-5-5",
                mode="structured",
                ok=True,
                stop_reason="end_turn",
                usage=Usage(7, 5, tier="batch"),
                batch=BatchPlace("msgbatch_1", "sf-1-a"),
            ),
        ),
    ),
    "failed": Extraction(
        **FEEDBACK, outcome=Outcome.FAILED, invalid="no JSON", error=Failure(FailureKind.VALIDATION, "none")
    ),
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_is_written_as_ever(name):
    written = (FIXTURES / "records" / f"{name}.json").read_text(encoding="utf-8")
    assert json_text(RECORDS[name].to_json(), indent=1) + "\n" == written


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda record: record.update(ms="x"), r"damaged: /ms: Input should be a valid integer"),
        (
            lambda record: record["attempts"][0].update(ms="812"),
            r"damaged: /attempts/0/ms: Input should be a valid int",
        ),
        (lambda record: record["attempts"][0]["usage"].update(output_tokens=-1), r"/attempts/0/usage/output_tokens: "),
        (lambda record: record["spans"]["/key_issues/0"].pop("match"), r"damaged: /spans/…/match: "),
        (lambda record: record.pop("history"), r"damaged: /history: "),
        (lambda record: record.update(more=1), r"damaged: /more: "),
        (lambda record: record.update(cost_usd="cheap"), r"damaged: /cost_usd: "),
    ],
)
def test_a_damaged_record_is_refused_with_the_place(change, message):
    record = RECORDS["valid"].to_json()
    change(record)
    with pytest.raises(InputError, match=message):
        load_record(record, Schema(Feedback))
