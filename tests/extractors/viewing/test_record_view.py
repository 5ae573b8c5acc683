"""The data of one document: rows of fields, and where each value stands."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from viewed_records import ORDER_TEXT as TEXT
from viewed_records import ORDER_VALUE, record_of

from slotfill.extractors.extractions.loading import check_record
from slotfill.extractors.viewing.record_view import document_entry, record_view
from slotfill.schemas.json_values.exact_json import ExactFloat


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return record_of(TEXT, ORDER_VALUE, source="order.txt")


@pytest.fixture
def record(made: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(made)


def rows(view: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["path"]: row for row in view["fields"]}


def test_each_leaf_and_each_list_is_a_row_and_what_stands_nowhere_comes_first(record: dict[str, Any]) -> None:
    view = record_view(record, TEXT)
    assert [row["path"] for row in view["fields"]] == [
        *("/lines/1/what", "/order", "/lines", "/lines/0/what", "/lines/0/count", "/lines/1/count", "/notes"),
    ]
    assert rows(view)["/lines"] == {"path": "/lines", "items": 2, "flags": []}
    assert rows(view)["/lines/1/what"] == {
        "path": "/lines/1/what",
        "value": "lamp",
        "match": "absent",
        "flags": ["absent"],
    }
    assert view["flags"] == {"absent": 1}


def test_spans_count_as_scripts_do_and_as_records_do(record: dict[str, Any]) -> None:
    row = rows(record_view(record, TEXT))["/lines/0/what"]
    assert TEXT[slice(*row["points"])] == "chairs"
    assert TEXT.encode("utf-16-le")[2 * row["span"][0] : 2 * row["span"][1]].decode("utf-16-le") == "chairs"
    assert row["span"][0] == row["points"][0] + 1  # behind an emoji


@given(st.text(st.characters(exclude_categories=["Cs"])), st.data())
@examples(30)
def test_any_span_of_any_text_is_the_same_passage(made: dict[str, Any], text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    record = {**made, "spans": {"/order": {"start": start, "end": end, "match": "exact"}}}
    first, last = rows(record_view(record, text))["/order"]["span"]
    assert text.encode("utf-16-le")[2 * first : 2 * last].decode("utf-16-le") == text[start:end]


def test_without_a_text_spans_are_known_by_their_code_points_alone(record: dict[str, Any]) -> None:
    view = record_view(record, text_note="it is not there")
    assert (view["text"], view["text_note"]) == (None, "it is not there")
    row = rows(view)["/lines/0/what"]
    assert "span" not in row
    assert TEXT[slice(*row["points"])] == "chairs"


def test_a_span_outside_of_the_text_is_none(record: dict[str, Any]) -> None:
    record["spans"]["/order"] = {"start": 3, "end": 10**9, "match": "exact"}
    row = rows(record_view(record, TEXT))["/order"]
    assert (row["match"], row["points"]) == ("exact", [3, 10**9])
    assert "span" not in row
    for start, end in ((5, 3), (-1, 3), (3, None), (None, 3)):
        damaged = {"start": start, "end": end, "match": "exact", "reason": "as somebody says"}
        record["spans"]["/order"] = damaged
        row = rows(record_view(record, TEXT))["/order"]
        assert (row["reason"], "points" in row, "span" in row) == ("as somebody says", False, False)


def test_edits_and_conflicts_stand_at_their_field_or_else_at_the_document(record: dict[str, Any]) -> None:
    edit = {"kind": "number", "before": "2 pcs", "after": 2, "risk": "high"}
    record["edits"] = [
        {"path": "/lines/0/count", **edit},
        {"path": "/lines/0", **edit, "risk": "low"},
        {"path": "/lines/1/count", **edit, "risk": "low", "chunk": 1},
        {"path": "", **edit},
        {"path": "/no~1where", **edit, "risk": "none"},
        {"path": "/gone", **edit, "risk": "low"},
    ]
    conflict = {"policy": "first", "kept": "7", "others": [{"value": "8", "chunk": 1}]}
    record["conflicts"] = [{"path": path, **conflict} for path in ("/order", "/gone")]
    check_record(record)
    view = record_view(record, TEXT)
    by_path = rows(view)
    assert [one["path"] for one in by_path["/lines/0/count"]["edits"]] == ["/lines/0/count"]
    # What is within a list of a chunk's own value stands elsewhere in the whole one's.
    assert [one["path"] for one in by_path["/lines"]["edits"]] == ["/lines/0", "/lines/1/count"]
    assert [one["path"] for one in view["edits"]] == ["", "/no~1where", "/gone"]
    assert [one["path"] for one in view["conflicts"]] == ["/gone"]
    assert by_path["/order"]["flags"] == ["conflict"]
    assert by_path["/lines/0/count"]["flags"] == ["risky", "edited"]
    assert (view["flags"], view["repairs"]) == ({"absent": 1, "risky": 2, "edited": 2, "conflict": 2}, 6)


def test_what_is_not_sure_is_flagged(record: dict[str, Any]) -> None:
    record["agreement"] = {"/order": 1.0, "/lines/0/what": 0.6667}
    record["probability"] = {"/order": 0.5}
    record["found_in"] = {"/lines/0": [1, 3], "/order": [2]}
    record["spans"]["/lines/0/count"] = {"start": 1, "end": 2, "match": "fuzzy"}
    record["confidence"] = {"/lines/1/what": "stated"}  # of what is no number: somebody's record
    by_path = rows(record_view(record, TEXT))
    assert by_path["/order"]["flags"] == ["unsure"]
    assert by_path["/lines/0/what"]["flags"] == ["unsure"]
    assert by_path["/lines/0/count"]["flags"] == ["fuzzy"]
    assert by_path["/lines/1/what"]["flags"] == ["absent"]
    assert (by_path["/order"]["readings"], by_path["/lines/0/count"]["readings"]) == ([2], [1, 3])


def test_evidence_stands_at_its_field_with_its_place(record: dict[str, Any]) -> None:
    passage = {"text": "2 chairs", "start": 20, "end": 28, "match": "exact", "place": {"page": 2}}
    record["evidence"] = {"/order": [passage], "/gone": [{**passage, "start": None, "end": None, "match": "absent"}]}
    record["evidence_usd"] = None
    check_record(record)
    view = record_view(record, TEXT)
    (shown,) = rows(view)["/order"]["evidence"]
    assert shown == {"text": "2 chairs", "match": "exact", "place": {"page": 2}, "span": [21, 29], "points": [20, 28]}
    assert view["evidence"] == [{"path": "/gone", "text": "2 chairs", "match": "absent", "place": {"page": 2}}]


def test_what_is_told_of_the_reply_stands_at_no_value_that_was_made_of_something_else(record: dict[str, Any]) -> None:
    passage = {"text": "2 chairs", "start": 20, "end": 28, "match": "exact"}
    record["reply"] = {**record["value"], "order": 7}  # a model has made "7" of it
    record["evidence"] = {"/order": [passage], "/lines/0/what": [passage]}
    record["agreement"] = record["probability"] = {"/order": 0.5, "/lines/0/what": 0.5}
    view = record_view(record, TEXT)
    by_path = rows(view)
    assert not {"evidence", "agreement", "probability"} & {*by_path["/order"]}
    assert (by_path["/order"]["flags"], [one["path"] for one in view["evidence"]]) == ([], ["/order"])
    assert (by_path["/lines/0/what"]["agreement"], len(by_path["/lines/0/what"]["evidence"])) == (0.5, 1)


def test_numbers_that_a_script_would_round_bring_their_digits(record: dict[str, Any]) -> None:
    record["value"] = {
        "large": 2**53 + 1,
        "small": 2**53 - 1,
        "empty": {},
        "exact": ExactFloat("0.10000000000000000001"),
    }
    by_path = rows(record_view(record))
    assert by_path["/large"]["digits"] == "9007199254740993"
    assert "digits" not in by_path["/small"]
    assert by_path["/empty"]["value"] == {}
    assert (round(by_path["/exact"]["value"], 3), by_path["/exact"]["digits"]) == (0.1, "0.10000000000000000001")


def test_a_document_with_no_value_has_no_rows(record: dict[str, Any]) -> None:
    failed = {
        "value": None,
        "outcome": "failed",
        "error": {"type": "empty_document", "message": "is empty"},
        "invalid": 0,
    }
    view = record_view({**record, **failed, "spans": {}}, "")
    assert (view["fields"], view["ok"], view["invalid"]) == ([], False, 0)
    assert view["flags"] == {"failed": 1}
    assert [row["value"] for row in record_view({**record, "value": None, "spans": {}}, "")["fields"]] == [None]
    assert record_view({**record, "outcome": "failed"}, TEXT)["fields"]


def test_chunks_have_their_spans_and_no_value_of_their_own(record: dict[str, Any]) -> None:
    record["chunks"] = [
        {
            "chunk": 0,
            "start": 1,
            "end": 5,
            "number": 1,
            "fields": None,
            "outcome": "valid",
            "error": None,
            "invalid": None,
        }
        | {"value": {"order": "7"}}
    ]
    check_record(record)
    (chunk,) = record_view(record, TEXT)["chunks"]
    assert chunk["span"] == [2, 6]
    assert "value" not in chunk
    assert "span" not in record_view(record)["chunks"][0]


def test_the_list_of_documents_needs_little_of_it(record: dict[str, Any]) -> None:
    entry = document_entry(record_view(record, TEXT))
    assert entry["source"] == "order.txt"
    assert len(json.dumps(entry)) < 400


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ({"page": 1, "box": [1, 2.5, 3, 4]}, {"page": 1, "box": [1, 2.5, 3, 4]}),
        (
            {"page": 1, "box": [1, 2, 3, 4], "boxes": [[1, 2, 3, 4]]},
            {"page": 1, "box": [1, 2, 3, 4], "boxes": [[1, 2, 3, 4]]},
        ),
        ({"page": 1, "box": [1, 2, 3, 4], "boxes": [None]}, {"page": 1, "box": [1, 2, 3, 4]}),
        ({"page": 1, "box": [1, 2, 3, 4], "boxes": {"a": 1}}, {"page": 1, "box": [1, 2, 3, 4]}),
        ({"page": 1, "box": [1, 2, 3, 4], "boxes": []}, {"page": 1, "box": [1, 2, 3, 4]}),
        ({"page": 1, "box": [1, 2, 3, None]}, {"page": 1}),
        ({"page": 1, "box": "left"}, {"page": 1}),
        ({"box": [1, 2, 3]}, None),
        ({}, None),
    ],
)
def test_of_a_place_only_boxes_that_can_be_drawn_are_boxes(record: dict[str, Any], place: Any, shown: Any) -> None:
    record["spans"]["/order"] = {"start": 0, "end": 1, "match": "exact", "place": place}
    check_record(record)
    assert rows(record_view(record, TEXT))["/order"].get("place") == shown
