"""What needs a look, and why; the more reasons, the more."""

from hypothesis import given
from hypothesis import strategies as st
from reviewing import INVOICE, record

from slotfill.extractors.review.neediness import FieldNeed, document_score, field_needs
from slotfill.schemas.sources.schema_sources import resolve


def needs(**others):
    return field_needs(record(**others), INVOICE.json_schema)


def test_each_reason_is_told_and_counts():
    found = needs(
        spans={
            "/number": {"start": 8, "end": 10, "match": "exact"},
            "/status": {"start": None, "end": None, "match": "absent", "reason": "its key is no word"},
            "/items/0/name": {"start": 0, "end": 5, "match": "fuzzy"},
        },
        edits=[
            {"path": "/total", "kind": "number", "before": "1.250,50", "after": 1250.5, "risk": "high"},
            {"path": "/urgent", "kind": "boolean", "before": "yes", "after": True, "risk": "low"},
            {"path": "/tags", "kind": "unwrapped", "before": 1, "after": [], "risk": "none"},
        ],
        conflicts=[{"path": "/due", "policy": "first", "kept": None, "others": [{"value": "2026-01-01", "chunk": 1}]}],
    )
    assert {path: one.reasons for path, one in found.items()} == {
        "/status": ("stands nowhere in the text: its key is no word",),
        "/items/0/name": ("stands in the text only nearly so",),
        "/total": ("changed by a repair (number, high risk)",),
        "/urgent": ("changed by a repair (boolean, low risk)",),
        "/due": ("another value was read elsewhere (first)",),
    }
    assert found["/urgent"].score < found["/items/0/name"].score < found["/due"].score < found["/status"].score


def test_what_is_measured_counts_as_it_was_measured():
    votes = needs(agreement={"/number": 0.4, "/status": 1.0})
    assert votes["/number"].score == 0.6
    assert votes["/number"].reasons == ("40% of the readings say so",)
    assert "/status" not in votes
    likely = needs(agreement={"/number": 0.4}, probability={"/number": 0.9})
    assert round(likely["/number"].score, 3) == 0.1


def test_a_stated_confidence_is_about_its_subject_and_all_parts_of_it():
    schema = resolve(
        {
            "title": "sure",
            "type": "object",
            "properties": {
                "names": {"type": "array", "items": {"type": "string"}},
                "confidence": {"type": "number", "x-confidence-of": "names"},
            },
            "required": ["names", "confidence"],
        }
    )
    made = record({"names": ["a", "b"], "confidence": 0.25}, schema=schema, confidence={"/confidence": "stated"})
    found = field_needs(made, schema.json_schema)
    of_parts = {path: FieldNeed(0.75, ("a confidence of 25%",)) for path in ("/names/0", "/names/1")}
    assert found == of_parts
    # What a model has made of the reply may hold no confidence any more.
    assert field_needs({**made, "reply": made["value"], "value": {"other": []}}, schema.json_schema) == of_parts


def test_flags_and_failures_come_first():
    error = {"type": "validation", "message": "too few", "path": ""}
    found = field_needs(record(error=error, outcome="partial"), INVOICE.json_schema, [("/due", "a user")])
    assert found[""].reasons == ("partial: too few",)
    assert found["/due"].score > found[""].score > 0.7


@given(st.lists(st.floats(0, 1), max_size=8), st.floats(0, 1))
def test_a_document_needs_a_look_as_much_as_its_neediest_field_and_more_with_each(scores, another):
    score = document_score(FieldNeed(one, ()) for one in scores)
    assert max(scores, default=0) - 1e-9 <= score <= 1
    assert document_score(FieldNeed(one, ()) for one in [*scores, another]) >= score - 1e-9
