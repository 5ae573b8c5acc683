"""CSV as spreadsheets save it, and what becomes of rows that are none."""

import csv
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from row_inputs import kinds, rows_of, sources, texts

from slotfill.extractors.documents.rows import csv_rows
from slotfill.extractors.documents.sources import find_sources
from slotfill.extractors.errors import InputError


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    """Name inputs as users do: relative to the folder they are in."""
    monkeypatch.chdir(tmp_path)


def test_a_csv_row_is_named_by_its_number_below_the_header():
    found = rows_of(b'id,text\n1,"one, ""quoted""\r\nover lines"\n\n2,two\n', suffix=".csv")
    assert [document.source for document in found] == ["rows.csv#1", "rows.csv#3"]
    assert texts(found) == ['one, "quoted"\r\nover lines', "two"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_csv_comes_as_spreadsheets_save_it(delimiter, encoding, end):
    lines = [["text", "id"], ["größer", "a"], ['"x, y; z\tw"', "b"]]
    data = end.join(delimiter.join(cells) for cells in lines)
    found = rows_of(data.encode(encoding), suffix=".csv", id_field="id")
    assert texts(found) == ["größer", "x, y; z\tw"]
    assert [document.source for document in found] == ["rows.csv#a", "rows.csv#b"]


@pytest.mark.parametrize(
    ("data", "there", "options"),
    [
        (b"id,body\n1,one\n", "'id', 'body'; choose one with --text-field", {}),
        (b"text,body\n1,one\n", "'text', 'body'; choose one with --id-field", {"id_field": "id"}),
        (b"\n1,one\n", "none", {}),
    ],
)
def test_a_csv_without_the_column_is_an_error_that_names_those_there_are(data, there, options):
    with pytest.raises(InputError, match=there):
        rows_of(data, suffix=".csv", **options)


def test_a_csv_whose_header_cannot_be_decoded_fails_as_a_document():
    assert kinds(rows_of("text\n".encode("utf-16")[:-1], suffix=".csv")) == ["undecodable_document"]


def test_a_cell_may_be_as_long_as_a_document_whatever_limit_others_have_set():
    long = "x" * 200_000
    for limit in (131_072, 50_000_000):
        csv.field_size_limit(limit)
        assert texts(rows_of(f"text\n{long}\nshort\n".encode(), suffix=".csv")) == [long, "short"]
        assert csv.field_size_limit() >= limit


def test_threads_that_read_long_cells_do_not_cut_each_others():
    for name in "abc":
        rows = [["text"], *[[f"{name}{number}\n" * 60_000] for number in range(6)]]
        with Path(f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows(rows)
    csv.field_size_limit(131_072)
    barrier = threading.Barrier(3)

    def read(name):
        barrier.wait()
        return [document.text[:2] for document in find_sources([f"{name}.csv"])]

    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(read, "abc"))
    assert found == [[f"{name}{number}" for number in range(6)] for name in "abc"]


def test_a_header_may_be_long():
    with pytest.raises(InputError, match="has no column 'text'"):
        rows_of(b"x" * 200_000, suffix=".csv")
    assert texts(rows_of(b"text," + b"x" * 200_000 + b"\none,two", suffix=".csv")) == ["one"]


def test_a_cell_that_is_too_long_fails_alone(monkeypatch):
    monkeypatch.setattr(csv_rows, "MOST_BYTES", 40)
    for cell in (b"x" * 50, b'"' + b"x" * 50 + b'"', b'"' + b"one line\n" * 9 + b'"'):
        before, failed, after = rows_of(b"text\nbefore\n" + cell + b"\nafter\n", suffix=".csv")
        assert (before.text, after.text, after.source) == ("before", "after", "rows.csv#3")
        assert (failed.source, failed.failure.type) == ("rows.csv#2", "too_large")


def test_a_quote_that_is_never_closed_makes_no_rows_of_what_it_holds(monkeypatch):
    monkeypatch.setattr(csv_rows, "MOST_BYTES", 40)
    assert kinds(rows_of(b'text\none\n"two\n' + b"three\n" * 30, suffix=".csv")) == [None, "too_large"]


def test_a_column_may_have_a_name_of_two_lines():
    assert texts(rows_of(b'"id\nnr",text\n1,one\n', suffix=".csv")) == ["one"]
    with pytest.raises(InputError, match="there is 'id\\\\nnr', 'body'"):
        rows_of(b'"id\nnr",body\n1,one\n', suffix=".csv")


def test_short_and_long_rows():
    found = rows_of(b"id,text\n1\n2,two\n3,three, and more\n4,\n5,five,,\n", suffix=".csv")
    assert texts(found) == ["", "two", "", "", "five"]
    assert kinds(found) == ["broken_row", None, "broken_row", "empty_document", None]
    assert "1 has no 'text'" in found[0].failure.message
    assert "3 cells where the header has 2: put quotes" in found[2].failure.message


def test_a_quote_that_is_never_closed_is_reported_and_swallows_no_row_in_silence():
    found = rows_of(b'text\none\n"two\nthree\nfour\n', suffix=".csv")
    assert (found[0].text, kinds(found)) == ("one", [None, "broken_row"])


def test_a_quote_within_a_cell_is_no_reason_to_change_the_text():
    found = rows_of(b'text\n"He said "hi" to me"\nThe 5" lid\n', suffix=".csv")
    assert (kinds(found), found[1].text) == (["broken_row", None], 'The 5" lid')


def test_a_nul_byte_makes_its_cell_binary():
    assert kinds(rows_of(b"text\none\na\0b\ntwo\n", suffix=".csv")) == [None, "binary_document", None]


def test_latin_1_in_one_cell_of_a_unicode_file_fails_alone():
    data = "größe,text\n日本,".encode() + b"caf\xe9\n" + "1,café\n".encode()
    found = rows_of(data, suffix=".csv")
    assert (texts(found), kinds(found)) == (["", "café"], ["undecodable_document", None])
    assert texts(rows_of("größe,n\n1,2\n".encode("latin-1"), suffix=".csv", text_field="größe")) == ["1"]


def test_a_cell_of_broken_utf_8_fails_instead_of_turning_into_gibberish():
    data = b"id,text\n1,one\n2," + "größere Stücke".encode() + b"\xff\n3,three\n"
    assert kinds(rows_of(data, suffix=".csv")) == [None, "undecodable_document", None]
    found = rows_of(data, suffix=".csv", text_field="id", id_field="text")
    assert [document.source for document in found] == ["rows.csv#one", "rows.csv#2", "rows.csv#three"]
    assert kinds(found) == [None, "undecodable_document", None]


# What stands between cells


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"', "sep=|"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_line_for_excel_tells_the_delimiter_and_is_no_header(line, encoding):
    mark = line.strip('"')[-1]
    data = f"{line}\r\nid,nr{mark}text\r\n1{mark}one, two\r\n"
    found = rows_of(data.encode(encoding), suffix=".csv")
    assert (texts(found), sources(found)) == (["one, two"], ["rows.csv#1"])


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_that_by_which_the_columns_are_there(mark):
    data = mark.join(["x,y;z|w\tv", "body", "title"]) + "\n" + mark.join(["1", "one", "two"])
    found = rows_of(data.replace("x,y;z|w\tv", '"x,y;z|w\tv"').encode(), suffix=".csv", text_field="title,body")
    assert texts(found) == ["two\n\none"]


def test_a_column_that_is_not_there_is_told_with_the_delimiter_of_the_rows():
    with pytest.raises(InputError, match="there is 'id, nr', 'body'"):
        rows_of(b"id, nr;body\n1;one, two\n2;three\n", suffix=".csv")
    with pytest.raises(InputError, match="there is 'id', 'body; mind'"):
        rows_of(b"id,body; mind\n1,one; two; three\n2,three\n", suffix=".csv")


def test_a_single_column_may_hold_commas_without_quotes():
    found = rows_of(b'text\nGood, cheap, fast\n"Well, well"\nfine\n', suffix=".csv")
    assert texts(found) == ["Good, cheap, fast", "Well, well", "fine"]


def test_what_was_looked_at_for_the_delimiter_is_read_again():
    lines = [f"text {number}; with more" for number in range(200)]
    found = rows_of("\n".join(["text", *lines]).encode(), suffix=".csv")
    assert texts(found) == lines
    assert sources(found)[-1] == "rows.csv#200"


def test_a_column_may_have_spaces_around_its_name_unless_one_has_none():
    assert texts(rows_of(b"id , text \n1,one\n", suffix=".csv", id_field="id")) == ["one"]
    assert texts(rows_of(b" text,text\n1,one\n", suffix=".csv")) == ["one"]
    assert texts(rows_of(b" text,text\n1,one\n", suffix=".csv", text_field=" text")) == ["1"]


def test_of_two_columns_of_one_name_the_first_is_read_and_that_is_said(caplog):
    assert texts(rows_of(b"text,id,text\none,1,two\n", suffix=".csv")) == ["one"]
    assert caplog.messages == ["rows.csv: 2 columns are called 'text': the first of them is read"]
    caplog.clear()
    assert texts(rows_of(b"text,id,id\none,1,two\n", suffix=".csv")) == ["one"]
    assert caplog.messages == []


# TSV


def test_in_tsv_tabs_alone_stand_between_cells():
    found = rows_of(b"id,nr\ttext; body\n1\tone; two, three\n", suffix=".tsv", text_field="text; body")
    assert texts(found) == ["one; two, three"]


def test_quotes_in_tsv_may_be_those_of_a_spreadsheet():
    data = b'text\tid\r\n"one ""two""\r\nthree\tfour"\t1\r\nfive\t2\r\n'
    found = rows_of(data, suffix=".tsv", id_field="id")
    assert texts(found) == ['one "two"\r\nthree\tfour', "five"]
    assert sources(found) == ["rows.tsv#1", "rows.tsv#2"]


@pytest.mark.parametrize("first", ['"Great" she said', '"unclosed', 'a "word" in it', '5" screen'])
def test_quotes_in_tsv_may_be_part_of_the_text(first):
    shown = [first, 'the "second"', "", '"third" and "last']
    data = "id\ttext\n" + "".join(f"{number}\t{text}\n" for number, text in enumerate(shown, 1))
    found = rows_of(data.encode(), suffix=".tsv", id_field="id")
    assert texts(found) == shown
    assert sources(found) == [f"rows.tsv#{number}" for number in range(1, 5)]


def test_a_line_of_tsv_that_is_too_long_fails_alone(monkeypatch):
    monkeypatch.setattr(csv_rows, "MOST_BYTES", 40)
    data = b'text\n"a" b\n' + b"x" * 100 + b'\n"' + b"y" * 100 + b"\nafter\n"
    found = rows_of(data, suffix=".tsv")
    assert (texts(found), kinds(found)) == (['"a" b', "", "", "after"], [None, "too_large", "too_large", None])
    found = rows_of(b"text\n" + b"x" * 100 + b"\nafter\n", suffix=".tsv")
    assert (texts(found), kinds(found)) == (["", "after"], ["too_large", None])
