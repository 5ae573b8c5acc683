"""Rows of a JSON array, read item by item: what is broken fails alone, and nothing is lost in silence."""

import io
import json

import pytest
from examples import examples
from hypothesis import example, given
from hypothesis import strategies as st
from row_inputs import kinds, rows_of, sources, texts

from slotfill.extractors.documents.rows import json_arrays
from slotfill.extractors.documents.rows.json_arrays import array_rows, is_array_of_objects
from slotfill.extractors.documents.rows.json_rows import decoder_for
from slotfill.extractors.documents.rows.row_fields import RowFields
from slotfill.extractors.errors import InputError
from slotfill.extractors.record.failure_kinds import Failure

DECODE = decoder_for(RowFields())


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def arrays_of(text, **options):
    return rows_of(text.encode(), suffix=".json", **options)


def items_of(text):
    return [item for _, item in array_rows(io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8"), DECODE)]


def test_a_row_is_named_by_its_number_in_the_array():
    found = arrays_of('\ufeff \n[ {"text": "one"}\r\n,\t{"text": "two", "n": [1, {}]} ]\n ')
    assert (sources(found), texts(found)) == (["rows.json#1", "rows.json#2"], ["one", "two"])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_an_array_comes_in_any_encoding(encoding):
    assert texts(rows_of('[{"text": "größer"}]'.encode(encoding), suffix=".json")) == ["größer"]


@pytest.mark.parametrize("start", [b"", b"[]", b"[1, {}]", b'{"a": []}', b'"[{"', b"[[{", b"\xff\xfe[\0"])
def test_other_json_is_no_file_of_rows(start):
    assert not is_array_of_objects(start)


def test_a_file_that_begins_so_is_one_of_rows():
    assert is_array_of_objects("\ufeff[{".encode("utf-16"))
    assert is_array_of_objects("[{".encode("utf-16-le"), "utf-16-le")


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ('{"text": one}', "row 2 is no JSON: Expecting value at column 10"),
        ('{"text": "one" "two"}', "row 2 is no JSON"),
        ('{"text": [1, "}", {"a": 2}}', "row 2 is no JSON"),
        ('{"text": "a]\\"},{" x}', "row 2 is no JSON"),
        ('{"text": "one"]}', "row 2 is no JSON"),
        ("", "row 2 is no JSON"),
        ("}", "row 2 is no JSON"),
        ('"text"', "row 2 holds no JSON object"),
        ("[1, [2], {}]", "row 2 holds no JSON object"),
        ("null", "row 2 holds no JSON object"),
        ("12", "row 2 holds no JSON object"),
        ("[" * 5_000 + "]" * 5_000, "row 2 is no JSON that can be read"),
    ],
)
@pytest.mark.parametrize("block", [3, 2**20])
def test_an_item_that_is_no_row_fails_alone(item, said, block, monkeypatch):
    monkeypatch.setattr(json_arrays, "_BLOCK", block)
    before, failed, after = arrays_of(f'[{{"text": "before"}}, {item}, {{"text": "after"}}]')
    assert (before.text, after.text, after.source) == ("before", "after", "rows.json#3")
    assert (failed.source, failed.failure.type) == ("rows.json#2", "broken_row")
    assert said in failed.failure.message


def test_bytes_that_are_none_of_the_encoding_fail_their_row_alone():
    data = '[{"text": "größer"}, {"text": "'.encode() + b'\xff"}, {"text": "after"}]'
    found = rows_of(data, suffix=".json")
    assert (texts(found), kinds(found)) == (["größer", "", "after"], [None, "undecodable_document", None])


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("", "does not end behind row 1: the file is cut off"),
        (",", "does not end behind row 1: the file is cut off"),
        (', {"text": "two', "a row does not end"),
        (', {"text": "two\\', "a row does not end"),
        (', {"a": {"text": "two"}, {"text": "three"}]', "a row does not end"),
        ('] {"text": "two"}', "more stands behind the end of the array"),
        ("][1]", "more stands behind the end of the array"),
    ],
)
@pytest.mark.parametrize("block", [1, 4, 2**20])
def test_an_array_that_cannot_be_gone_on_with_says_so(end, said, block, monkeypatch):
    monkeypatch.setattr(json_arrays, "_BLOCK", block)
    first, failed, *rest = arrays_of('[{"text": "one"}' + end)
    assert first.text == "one"
    assert (failed.source, failed.failure.type) == ("rows.json#2", "broken_row")
    assert said in failed.failure.message
    assert [document.failure.message for document in rest] in (
        [],
        ["the array does not end behind row 2: the file is cut off"],
    )


def test_commas_that_are_missing_or_too_many_lose_nothing():
    assert texts(arrays_of('[{"text": "one"} {"text": "two"},]')) == ["one", "two"]
    assert kinds(arrays_of('[{"text": "one"}, , {"text": "two"}]')) == [None, "broken_row", None]


@pytest.mark.parametrize("block", [7, 64, 2**20])
def test_an_item_that_is_too_large_fails_alone(block, monkeypatch):
    monkeypatch.setattr(json_arrays, "_BLOCK", block)
    monkeypatch.setattr(json_arrays, "MOST_BYTES", 100)
    large = json.dumps({"text": 'x"\\]}' * 40})
    found = arrays_of(f'[{{"text": "before"}}, {large}, {{"text": "after"}}]')
    expected = ["before", "" if block < 2**20 else json.loads(large)["text"], "after"]
    assert texts(found) == expected
    assert kinds(found)[1] == ("too_large" if block < 2**20 else None)


def test_a_field_that_no_row_has_is_an_error():
    with pytest.raises(InputError, match=r"'rows\.json' has no field 'body': there is 'text', 'n.x'; choose one with"):
        arrays_of('[{"text": "one"}, {"n": {"x": 1}}]', text_field="body")


KEYS = st.text(max_size=5)
VALUES = st.recursive(
    st.none() | st.integers() | KEYS, lambda one: st.lists(one) | st.dictionaries(KEYS, one), max_leaves=5
)


@examples(50)
@given(
    st.lists(st.dictionaries(KEYS, VALUES, max_size=3), min_size=1, max_size=5),
    st.sampled_from([None, 1]),
    st.integers(1, 40),
)
@example([{"\\": '"\\"'}, {"a": "\\\\"}], None, 1)
def test_rows_written_as_an_array_come_back(rows, indent, block):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_arrays, "_BLOCK", block)
        assert items_of(json.dumps(rows, indent=indent)) == rows


@given(st.text(st.sampled_from('{}[],:"\\a1 \n'), max_size=40), st.integers(1, 8))
def test_any_text_whatever_comes_to_its_end_and_blocks_change_nothing(text, block):
    whole = items_of(f"[{{{text}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_arrays, "_BLOCK", block)
        assert items_of(f"[{{{text}") == whole
    assert all(isinstance(item, dict | Failure) for item in whole)
