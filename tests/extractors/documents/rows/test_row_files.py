"""Files of rows, whatever their format: one encoding a file, and rows that come back as they were written."""

import csv
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from row_inputs import REVIEWS, kinds, only, rows_in, rows_of, texts

from slotfill.extractors.documents.decoding import MOST_BYTES, flaw_of
from slotfill.extractors.documents.sources import find_sources
from slotfill.extractors.errors import InputError


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    """Name inputs as users do: relative to the folder they are in."""
    monkeypatch.chdir(tmp_path)


def test_rows_are_several_even_when_there_is_but_one():
    rows_of(b'{"text": "one"}')
    assert (find_sources(["rows.jsonl"]).several, find_sources(["rows.jsonl"]).count) == (True, None)


@pytest.mark.parametrize("suffix", [".JSONL", ".Csv", ".ndjson", ".NDJSON", ".tsv", ".Json"])
def test_the_suffix_tells_the_format_and_may_be_in_capitals(suffix):
    written = {".csv": b"text\none\n", ".tsv": b"text\none\n", ".json": b'[{"text": "one"}]'}
    assert texts(rows_of(written.get(suffix.lower(), b'{"text": "one"}'), suffix=suffix)) == ["one"]


@pytest.mark.parametrize(
    ("suffix", "data"),
    [
        (".jsonl", '{"text": "one", "nr": 17, "a": {"b": null}}\n{"text": "two"}'),
        (".json", '[{"text": "one", "nr": 17, "a": {"b": null}}, {"text": "two"}]'),
        (".csv", "text,nr,a.b\none,17,\ntwo\n"),
        (".tsv", "a.b\tnr\ttext\n\t17\tone\n\t\ttwo\n"),
    ],
)
def test_columns_are_carried_along_from_every_format(suffix, data):
    first, second = rows_of(data.encode(), suffix=suffix, keep=("nr", "a.b"))
    of_json, empty = suffix.startswith(".json"), "" if suffix == ".tsv" else None
    assert first.columns == ({"nr": 17, "a.b": None} if of_json else {"nr": "17", "a.b": ""})
    assert second.columns == {"nr": empty, "a.b": empty}


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv", ".tsv"])
@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"text_field": "title,body"}, "--text-field"),
        ({"id_field": "body"}, "--id-field"),
        ({"keep": ("title", "body")}, "--keep"),
    ],
)
def test_a_field_that_is_not_there_is_one_error_for_every_format(suffix, options, option):
    data = {
        ".jsonl": '{"text": "one", "title": null}',
        ".json": '[{"text": "one", "title": null}]',
        ".csv": "text,title\none,\n",
        ".tsv": "text\ttitle\none\t\n",
    }
    kind = "field" if suffix.startswith(".json") else "column"
    with pytest.raises(InputError, match=f"has no {kind} 'body': there is 'text', 'title'; choose one with {option}"):
        rows_of(data[suffix].encode(), suffix=suffix, **options)


def test_a_field_that_comes_after_the_first_rows_only_is_an_error():
    rows = ['{"text": "one"}'] * 99
    assert rows_of("\n".join([*rows, '{"nr": 1, "text": "two"}']).encode(), keep=("nr",))[-1].columns == {"nr": 1}
    with pytest.raises(InputError, match="has no field 'nr'"):
        rows_of("\n".join([*rows, rows[0], '{"nr": 1, "text": "two"}']).encode(), keep=("nr",))


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
@pytest.mark.parametrize("data", [b"%PDF-1.7 text", b"PK\x03\x04text", b"\x1f\x8btext"])
def test_rows_of_a_known_format_are_refused_as_one(suffix, data):
    document = only(rows_of(data, suffix=suffix))
    assert (document.source, document.failure.type) == ("rows" + suffix, "binary_document")


def test_a_file_of_rows_that_is_cut_within_utf_16_ends_in_a_failure():
    found = rows_of('{"text": "one"}\n{"text": "two"}'.encode("utf-16")[:-1])
    assert kinds(found)[-1] == "undecodable_document"


def test_no_rows_are_no_documents():
    assert rows_of(b"text\n", suffix=".csv") == rows_of(b"\n\n") == []


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".ndjson"])
def test_a_file_of_no_bytes_is_a_document_that_says_so(suffix):
    assert kinds(rows_of(b"", suffix=suffix)) == ["empty_document"]


# One encoding a file

CYRILLIC = [("cp1251", ".csv"), ("koi8-r", ".csv"), ("cp866", ".jsonl"), ("iso8859-5", ".jsonl")]


@pytest.mark.parametrize(("encoding", "suffix"), CYRILLIC)
@pytest.mark.parametrize("shown", [REVIEWS[1:], ["ok"] * 2_000 + REVIEWS[1:2]], ids=["short", "late"])
def test_a_file_in_an_encoding_that_cannot_be_told_is_refused_in_every_row(encoding, suffix, shown):
    found = rows_of(rows_in(encoding, suffix, shown), suffix=suffix)
    assert [document.source for document in found] == [f"rows{suffix}#{number}" for number in range(1, len(shown) + 1)]
    assert set(kinds(found)) == {"undecodable_document"}
    assert {document.failure.message for document in found} == {
        "is in an encoding that cannot be told: name it with --encoding, or save it as UTF-8"
    }


@pytest.mark.parametrize(("encoding", "suffix"), CYRILLIC)
def test_the_whole_file_tells_its_alphabet_and_each_row_is_read_so(encoding, suffix):
    shown = ["ok"] * 2_000 + REVIEWS
    assert texts(rows_of(rows_in(encoding, suffix, shown), suffix=suffix)) == shown


@pytest.mark.parametrize(("encoding", "suffix"), [*CYRILLIC, ("utf-16-le", ".csv"), ("utf-8", ".csv")])
def test_a_file_in_an_encoding_that_was_named_is_read(encoding, suffix):
    assert texts(rows_of(rows_in(encoding, suffix), suffix=suffix, encoding=encoding)) == REVIEWS
    signed = "\ufeff".encode("utf-8" if not encoding.startswith("utf") else encoding)
    if encoding.startswith("utf"):
        assert texts(rows_of(signed + rows_in(encoding, suffix), suffix=suffix, encoding=encoding)) == REVIEWS


def test_the_whole_file_tells_that_it_is_western_and_each_row_is_read_so():
    shown = ["größer", "\N{EURO SIGN} 5", "naïve", "5 m\xb3", "ok"]
    assert texts(rows_of(rows_in("cp1252", ".csv", shown * 60), suffix=".csv")) == shown * 60


def test_a_column_that_only_the_encoding_tells_is_found_where_it_is_named():
    data = rows_in("cp1251", ".csv", REVIEWS[1:], name="отзыв")
    assert texts(rows_of(data, suffix=".csv", text_field="отзыв", encoding="cp1251")) == REVIEWS[1:]
    assert set(kinds(find_sources(["rows.csv"], text_field="отзыв"))) == {"undecodable_document"}
    with pytest.raises(InputError, match="has no column 'text': there is 'отзыв'"):
        find_sources(["rows.csv"], encoding="cp1251")


def test_a_row_of_a_refused_file_keeps_its_name():
    data = "id,text\na-1,быстрый\nя,быстрый\n".encode("cp1251")
    found = rows_of(data, suffix=".csv", id_field="id")
    assert [document.source for document in found] == ["rows.csv#a-1", "rows.csv#2"]


@pytest.mark.parametrize("named", [None, "cp1251"])
def test_a_pipe_of_rows_is_decided_as_a_file_is(named):
    os.mkfifo("pipe.csv")
    shown = ["ok"] * 60_000 + REVIEWS[not named :]  # more than a pipe holds
    data = rows_in("cp1251", ".csv", shown)
    writer = threading.Thread(target=lambda: Path("pipe.csv").write_bytes(data), daemon=True)
    writer.start()
    found = list(find_sources(["pipe.csv"], encoding=named))
    writer.join()
    assert len(found) == len(shown)
    assert set(kinds(found)) == {None if named else "undecodable_document"}
    assert not named or texts(found)[-4:] == REVIEWS


def test_a_pipe_in_a_named_encoding_is_read_as_it_comes():
    os.mkfifo("pipe.jsonl")
    with ThreadPoolExecutor(1) as threads:
        found = iter(find_sources(["pipe.jsonl"], encoding="utf-8"))
        first = threads.submit(next, found)
        with Path("pipe.jsonl").open("wb") as pipe:
            pipe.write(rows_in("utf-8", ".jsonl", ["one"]) + b"\n")
            pipe.flush()
            assert first.result(timeout=60).text == "one"  # while the pipe is open


# Any rows whatever

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1)


def check_round_trip(found, written):
    assert len(found) == len(written)
    for document, text in zip(found, written, strict=True):
        if flaw := flaw_of(text):
            assert (document.text, document.failure) == ("", flaw)
        else:
            assert (document.text, document.failure) == (text, None)


@given(st.lists(TEXTS, min_size=1), st.booleans())
@example(["\u2028\x85\x0b", "\ufeffa", "a\rb"], False)
def test_rows_written_as_json_come_back(tmp_path_factory, written, ascii_only):
    path = tmp_path_factory.mktemp("json") / "rows.jsonl"
    lines = [json.dumps({"n": number, "text": text}, ensure_ascii=ascii_only) for number, text in enumerate(written)]
    path.write_bytes("\n".join(lines).encode())
    check_round_trip(list(find_sources([path])), written)


@given(st.lists(TEXTS), st.sampled_from([",", ";", "\t"]), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
@example(["a\rb", "\r", "a\r\nb", '"', "''", " a "], ",", csv.QUOTE_MINIMAL)
@example(["\x1cone", "two\x1e"], ";", csv.QUOTE_ALL)
def test_rows_written_as_csv_come_back(tmp_path_factory, written, delimiter, quoting):
    path = tmp_path_factory.mktemp("csv") / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=quoting)
        writer.writerows([["n", "text"], *enumerate(written)])
    found = list(find_sources([path]))
    check_round_trip(found, written)
    assert [document.source for document in found] == [f"{path}#{number}" for number in range(1, len(written) + 1)]


@given(st.binary(), st.sampled_from(["jsonl", "csv"]))
@example(b'{"text": "\x81"}', "jsonl")
def test_any_bytes_give_documents_or_an_input_error(tmp_path_factory, data, suffix):
    path = tmp_path_factory.mktemp("any") / f"rows.{suffix}"
    path.write_bytes(b"text,x\n" + data if suffix == "csv" else data)
    for document in find_sources([path]):
        assert document.failure or document.text
        assert document.source.encode()
        assert len(document.text.encode()) < MOST_BYTES


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_a_file_of_nothing_fails_alone_and_costs_no_other(suffix):
    Path(f"z{suffix}").write_bytes(bytes(100))
    Path("a.csv").write_text("text\none\n")
    assert [document.failure and document.failure.type for document in find_sources([f"z{suffix}", "a.csv"])] == [
        "binary_document",
        None,
    ]


def test_an_error_shows_no_more_of_a_name_than_tells_it():
    Path("long.csv").write_text("x" * 100_000 + "\n1\n")
    with pytest.raises(InputError) as caught:
        find_sources(["long.csv"])
    assert len(str(caught.value)) < 300
