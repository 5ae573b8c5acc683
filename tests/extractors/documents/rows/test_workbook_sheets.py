"""Workbooks whose rows are documents."""

import pytest
from office_files import workbook_file

from slotfill.extractors.documents.sources import find_sources
from slotfill.extractors.errors import InputError

REVIEWS = {"B2": "id", "C2": "review", "B3": "r1", "C3": "good", "B4": 2.0, "C4": "bad", "C6": "late"}

NOTES = {"A1": "review", "A2": "too"}


@pytest.fixture
def book(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(sheets, name="book.xlsx"):
        (tmp_path / name).write_bytes(workbook_file(sheets))
        return name

    return write


def documents(name, **options):
    return [(one.source, one.failure.message if one.failure else one.text) for one in find_sources([name], **options)]


def test_rows_are_named_by_their_numbers_below_the_header(book):
    name = book({"Q1": REVIEWS, "Other": {"A1": "x", "A2": "y"}})
    expected = [("book.xlsx#1", "good"), ("book.xlsx#2", "bad"), ("book.xlsx#4", "late")]
    assert documents(name, text_field="review") == expected


def test_where_several_sheets_have_the_column_rows_are_named_by_them_too(book):
    name = book({"Q1": REVIEWS, "Q2": NOTES})
    sources = [source for source, _ in documents(name, text_field="review")]
    assert sources == ["book.xlsx#Q1!1", "book.xlsx#Q1!2", "book.xlsx#Q1!4", "book.xlsx#Q2!1"]


def test_each_text_has_its_cell(book):
    name = book({"Q1": REVIEWS})
    (first, *_, last) = find_sources([name], text_field="review")
    assert first.places.place_of(1, 2) == {"sheet": "Q1", "cell": "C3"}
    assert last.places.place_of(0, 4) == {"sheet": "Q1", "cell": "C6"}
    (both, *_) = find_sources([name], text_field="id,review")
    assert both.text == "r1\n\ngood"
    assert both.places.place_of(4, 6) == {"sheet": "Q1", "cell": "C3"}


def test_names_and_columns_come_from_the_row(book):
    name = book({"Q1": REVIEWS})
    found = [*find_sources([name], text_field="review", id_field="id", keep=("id",))]
    assert [one.source for one in found] == ["book.xlsx#r1", "book.xlsx#2", "book.xlsx#4"]
    assert [one.columns for one in found] == [{"id": "r1"}, {"id": 2}, {"id": None}]


def test_a_column_that_no_sheet_has_is_one_error_that_names_those_that_are(book):
    name = book({"Q1": REVIEWS, "Q2": NOTES})
    with pytest.raises(InputError, match=r"'book.xlsx' has no column 'text': there is 'id', 'review'; .*--text-field"):
        find_sources([name], text_field="text")
    with pytest.raises(InputError, match=r"'book.xlsx' has no column 'nr': .*--id-field"):
        find_sources([name], text_field="review", id_field="nr")


def test_without_a_field_a_sheet_is_a_document(book):
    name = book({"Q1": REVIEWS, "Q2": {"A1": "alone"}})
    assert [source for source, _ in documents(name)] == ["book.xlsx#Q1", "book.xlsx#Q2"]
    assert [source for source, _ in documents(book({"Q1": REVIEWS}, "one.xlsx"))] == ["one.xlsx"]


def test_only_a_workbook_of_one_sheet_is_one_document(book):
    several = {
        sheets: find_sources([book({name: {"A1": "x"} for name in sheets})]).several for sheets in (("A",), ("A", "B"))
    }
    assert several == {("A",): False, ("A", "B"): True}
    assert find_sources([book({"A": {"A1": "x"}})]).count is None
    assert find_sources([book({"A": NOTES})], text_field="review").several


def test_several_sheets_from_standard_input_are_not_lost_in_silence(tmp_path):
    (tmp_path / "piped").write_bytes(workbook_file({"Q1": REVIEWS, "Q2": NOTES}))
    with (tmp_path / "piped").open("rb") as file:
        (document,) = find_sources(["-"], stdin=file)
    assert document.failure.message == "holds 2 documents: save it as a file, and name that"


def test_a_workbook_that_cannot_be_read_is_one_failure(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.xlsx").write_bytes(b"no workbook")
    ((source, message),) = documents("broken.xlsx", text_field="review")
    assert source == "broken.xlsx"
    assert message.startswith("is damaged")
