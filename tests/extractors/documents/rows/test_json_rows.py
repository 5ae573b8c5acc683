"""JSONL: an object a line, and what becomes of lines that are none."""

import re

import pytest
from row_inputs import kinds, rows_of, sources, texts

from slotfill.extractors.documents.rows import json_rows
from slotfill.extractors.errors import InputError


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    """Name inputs as users do: relative to the folder they are in."""
    monkeypatch.chdir(tmp_path)


def test_a_row_is_named_by_its_line():
    found = rows_of(b'\n{"text": "one"}\n   \n\t\r\n \t{"text": "two", "n": [1]} \r\n')
    assert [(document.source, document.text) for document in found] == [
        ("rows.jsonl#2", "one"),
        ("rows.jsonl#5", "two"),
    ]


@pytest.mark.parametrize(
    ("line", "kind", "said"),
    [
        (b'{"text": "one"', "broken_row", "line 2 is no JSON: .* column 1[45]"),
        (b'  {"text": one}', "broken_row", "line 2 is no JSON: .* column 12"),
        (b'{"text": "one"} {"text": "two"}', "broken_row", "line 2 is no JSON: Extra data at column 1[67]"),
        (b"[" * 100_000, "broken_row", "line 2 is no JSON"),
        (b'{"text": ' + b"9" * 5000 + b"}", "broken_row", "line 2 is no JSON"),
        (b'["one"]', "broken_row", "line 2 holds no JSON object"),
        (b"null", "broken_row", "line 2 holds no JSON object"),
        (b'{"Text": "one"}', "broken_row", "2 has no 'text'"),
        (b'{"text": null}', "broken_row", "2 has no 'text'"),
        (b'{"text": ["one"]}', "broken_row", "2 holds no string in 'text'"),
        (b'{"text": 7}', "broken_row", "2 holds no string in 'text'"),
        (b'{"text": ""}', "empty_document", "no text"),
        (b'{"text": " \\n"}', "empty_document", "no text"),
        (b'{"text": "a\\u0000b"}', "binary_document", "binary"),
        (b'{"text": "a \\ud800 b"}', "undecodable_document", "surrogate"),
    ],
)
def test_a_line_that_is_no_row_fails_alone(line, kind, said):
    before, failed, after = rows_of(b'{"text": "before"}\n' + line + b'\n{"text": "after"}\n')
    assert (before.text, after.text, after.source) == ("before", "after", "rows.jsonl#3")
    assert (failed.source, failed.text, failed.failure.type) == ("rows.jsonl#2", "", kind)
    assert re.search(said, failed.failure.message)


def test_text_and_id_are_of_the_fields_that_were_named():
    found = rows_of(
        b'{"id": "r-1", "body": "one"}\n{"id": 0, "body": "two"}\n{"id": "\\ud800\\n", "body": "three"}\n',
        text_field="body",
        id_field="id",
    )
    assert [document.source for document in found] == ["rows.jsonl#r-1", "rows.jsonl#0", "rows.jsonl#\\ud800\n"]
    assert texts(found) == ["one", "two", "three"]


@pytest.mark.parametrize("line", [b'{"text": "one"}', b'{"id": "", "text": "one"}', b'{"id": null, "text": "one"}'])
def test_a_row_without_its_id_is_named_by_its_line(line):
    found = rows_of(b"\n" + line + b'\n{"id": 3, "text": "two"}', id_field="id")
    assert (sources(found), texts(found)) == (["rows.jsonl#2", "rows.jsonl#3"], ["one", "two"])


@pytest.mark.parametrize("number", ["17", "1.5", "12345678901234567890.125", "-0.0", "true", "1e999"])
def test_an_id_that_is_no_string_names_the_row_as_it_is_written(number):
    assert sources(rows_of(f'{{"id": {number}, "text": "one"}}'.encode(), id_field="id")) == [f"rows.jsonl#{number}"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"text_field": "body"}, "has no field 'body': there is 'id', 'Text', 'text'; choose one with --text-field"),
        ({"id_field": "nr"}, "has no field 'nr': there is 'id', 'Text', 'text'; choose one with --id-field"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_a_field_that_no_row_has_is_an_error_that_names_those_there_are(options, said, encoding):
    rows = '{"id": 1, "Text": "one"}\nbroken\n\n{"id": 2, "text": "two"}\n{"text": "größer"}\n'
    with pytest.raises(InputError, match=said):
        rows_of(rows.encode(encoding), **options)


@pytest.mark.parametrize("data", [b"\n", b"[1]\nbroken\n", b'{"a": 1\n'])
def test_rows_that_are_none_tell_no_fields(data):
    assert set(kinds(rows_of(data))) <= {"broken_row"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_rows_come_in_any_unicode_and_with_any_line_ends(encoding, end):
    data = end.join(['{"text": "größer\\n 😀"}', "", '{"text": "größer\u2028\x85"}', ""])
    found = rows_of(data.encode(encoding))
    assert texts(found) == ["größer\n 😀", "größer\u2028\x85"]
    assert [document.source for document in found] == ["rows.jsonl#1", "rows.jsonl#3"]


def test_latin_1_in_one_line_of_a_unicode_file_fails_alone():
    data = '{"text": "café"}\n'.encode() + b'{"text": "caf\xe9"}\n' + '{"text": "日本"}\n'.encode()
    found = rows_of(data)
    assert (texts(found), kinds(found)) == (["café", "", "日本"], [None, "undecodable_document", None])


def test_a_line_of_broken_utf_8_fails_instead_of_turning_into_gibberish():
    before, failed, after = rows_of(
        b'{"text": "one"}\n{"text": "' + "größere Stücke".encode() + b'\xff"}\n{"text": "two"}'
    )
    assert (before.text, after.text) == ("one", "two")
    assert (failed.source, failed.failure.type) == ("rows.jsonl#2", "undecodable_document")


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_line_that_is_too_long_fails_alone(monkeypatch, end):
    monkeypatch.setattr(json_rows, "MOST_BYTES", 40)
    for length in (41, 79, 80, 81, 200):
        line = b'{"text": "' + b"x" * (length - 12) + b'"}'
        before, failed, after = rows_of(end.join([b'{"text": "before"}', line, b'{"text": "after"}']))
        assert (before.text, after.text, after.source) == ("before", "after", "rows.jsonl#3")
        assert (failed.source, failed.failure.type) == ("rows.jsonl#2", "too_large")


def test_the_last_line_may_be_too_long(monkeypatch):
    monkeypatch.setattr(json_rows, "MOST_BYTES", 40)
    assert kinds(rows_of(b'{"text": "one"}\n' + b"x" * 80)) == [None, "too_large"]
