"""Documents: what inputs name, in which order, and what becomes of what cannot be read."""

import codecs
import csv
import hashlib
import io
import json
import os
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.extractors.documents.decoding import MOST_BYTES, flaw_of
from slotfill.extractors.documents.readers import kinds as kinds_of_files
from slotfill.extractors.documents.rows import rows
from slotfill.extractors.documents.sources import find_sources
from slotfill.extractors.errors import InputError

BOM = codecs.BOM_UTF8


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    """Name inputs as users do: relative to the folder they are in."""
    monkeypatch.chdir(tmp_path)


def write(*names, text=None):
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or f"text of {name}", encoding="utf-8")


def rows_of(data, *, suffix=".jsonl", **options):
    path = Path("rows" + suffix)
    path.write_bytes(data)
    return list(find_sources([path], **options))


def sources_of(*inputs, **options):
    return [document.source for document in find_sources(inputs, **options)]


def texts(found):
    return [document.text for document in found]


def kinds(found):
    return [document.failure and document.failure.type for document in found]


def only(found):
    (document,) = found
    return document


# Files, folders, globs


def test_a_file_is_one_document():
    write("notes/a.txt")
    found = find_sources(["notes/a.txt"])
    assert [(document.source, document.text) for document in found] == [("notes/a.txt", "text of notes/a.txt")]
    assert (found.several, found.count) == (False, 1)


def test_inputs_keep_their_order_and_a_repeated_one_is_read_again():
    write("a.txt", "b.txt")
    assert sources_of("b.txt", Path("a.txt"), "b.txt") == ["b.txt", "a.txt", "b.txt"]


def test_a_folder_is_walked_sorted_without_what_is_hidden():
    write("in/b.txt", "in/a.html", "in/sub/z.eml", "in/sub/deep/y", "in/Z/x.md", "in/.hidden", "in/.git/config")
    assert sources_of("in") == ["in/a.html", "in/b.txt", "in/Z/x.md", "in/sub/z.eml", "in/sub/deep/y"]
    assert sources_of("in/.hidden", "in/.git") == ["in/.hidden", "in/.git/config"]


def test_a_folder_of_many_is_sorted_by_name():
    names = [f"in/{number:02}.txt" for number in range(40)]
    write(*reversed(names))
    assert sources_of("in") == names


@pytest.mark.parametrize("name", ["in", "in/", "./in", "in/../in/."])
def test_a_folder_of_one_file_still_gives_several(name):
    write("in/a.txt")
    found = find_sources([name])
    assert (found.several, found.count, len(list(found))) == (True, 1, 1)


def test_the_outputs_of_the_run_are_no_input():
    write("in/a.txt", "in/out.jsonl", "in/out/b.txt.json", "in/out/deep/c.json")
    Path("in/alias.txt").symlink_to("out.jsonl")
    assert sources_of("in", skip=[Path("in/out.jsonl"), Path("in/sub/../out"), Path("nowhere")]) == ["in/a.txt"]


def test_an_output_that_a_shell_names_is_no_input():
    write("a.txt", "out.txt")
    assert sources_of("a.txt", "out.txt", skip=[Path("out.txt")]) == ["a.txt"]


def test_an_output_that_is_all_there_is_is_refused():
    write("out.txt")
    with pytest.raises(InputError, match="what the run itself writes"):
        sources_of("out.txt", skip=[Path("out.txt")])


def test_standard_input_is_no_output_of_the_run():
    write("a.txt", "-")
    assert sources_of("a.txt", "-", skip=[Path("-")], stdin=io.BytesIO(b"piped")) == ["a.txt", "-"]


def test_a_folder_that_the_outputs_go_to_is_read_all_the_same():
    write("in/a.txt", "b.txt")
    assert sources_of("in", "b.txt", skip=[Path("in")]) == ["in/a.txt", "b.txt"]


def test_a_text_in_place_of_a_name_is_an_input_error():
    with pytest.raises(InputError, match="no file or folder"):
        find_sources(["I love this thing. " * 40])


def test_a_path_that_is_not_there_is_an_error():
    with pytest.raises(InputError, match=r"no file or folder 'nowhere\.txt'"):
        find_sources(["nowhere.txt"])


def test_an_empty_name_is_an_error_and_not_the_current_folder():
    write("a.txt")
    with pytest.raises(InputError, match="empty"):
        find_sources([""])


@pytest.mark.parametrize("hidden", [[], ["in/.keep", "in/.git/config"]])
def test_a_folder_without_files_is_an_error(hidden):
    Path("in").mkdir()
    write(*hidden)
    with pytest.raises(InputError, match="folder 'in' holds no files"):
        find_sources(["in"])


def test_a_glob_gives_its_matches_sorted():
    write("b.txt", "a.txt", "c.md", "sub/d.txt", "sub/deep/e.txt")
    assert sources_of("*.txt") == ["a.txt", "b.txt"]
    assert sources_of("**/*.txt") == ["a.txt", "b.txt", "sub/d.txt", "sub/deep/e.txt"]
    assert sources_of("s*/*") == ["sub/d.txt"]
    assert sources_of(str(Path.cwd() / "[bc].*")) == [f"{Path.cwd()}/b.txt", f"{Path.cwd()}/c.md"]


def test_a_glob_of_one_match_is_one_document():
    write("a.txt")
    assert (find_sources(["*.txt"]).several, find_sources(["*.txt"]).count) == (False, 1)


def test_a_glob_passes_over_the_outputs_of_the_run():
    write("a.txt", "out.txt")
    assert sources_of("*.txt", skip=[Path("out.txt")]) == ["a.txt"]


@pytest.mark.parametrize("pattern", ["*.txt", "sub*"])
def test_a_glob_without_files_is_an_error(pattern):
    Path("sub").mkdir()
    with pytest.raises(InputError, match="nothing matches"):
        find_sources([pattern])


def test_a_file_is_found_by_its_own_name_before_that_is_a_glob():
    write("a[1].txt", "a1.txt", "what?.txt")
    assert sources_of("a[1].txt", "what?.txt") == ["a[1].txt", "what?.txt"]


# Names


@pytest.mark.parametrize("name", ["two words.txt", "line\nbreak.txt", " ", "-m.txt", "#1.txt", "日本.txt", "~"])
def test_a_name_may_hold_anything(name):
    write(name, "in/" + name)
    assert sources_of(name) == [name]
    assert sources_of("in") == ["in/" + name]


@pytest.mark.parametrize("suffix", [".txt", ".jsonl"])
def test_a_name_that_is_no_utf_8_becomes_one_that_json_holds(suffix):
    folder = Path(os.fsdecode(b"in\xff"))
    folder.mkdir()
    (folder / os.fsdecode(b"caf\xe9" + suffix.encode())).write_bytes(b'{"text": "hello"}')
    document = only(find_sources([folder]))
    assert document.failure is None
    assert document.source.startswith(f"in\\xff/caf\\xe9{suffix}")
    assert json.loads(json.dumps(document.source).encode()) == document.source.encode().decode()


# Standard input


def test_a_dash_is_standard_input():
    found = find_sources(["-"], stdin=io.BytesIO(b"\xef\xbb\xbffrom a pipe\r\n"))
    assert (found.several, found.count) == (False, 1)
    document = only(found)
    assert (document.source, document.text) == ("-", "from a pipe\r\n")


def test_standard_input_stands_among_other_inputs():
    write("a.txt")
    found = find_sources(["a.txt", "-"], stdin=io.BytesIO(b"piped"))
    assert (found.several, found.count, texts(found)) == (True, 2, ["text of a.txt", "piped"])


def test_standard_input_is_the_process_own_by_default(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"typed")))
    assert texts(find_sources(["-"])) == ["typed"]


def test_standard_input_is_kept_to_be_read_again():
    found = find_sources(["-"], stdin=io.BytesIO(b"piped"))
    assert texts(found) == texts(found) == ["piped"]


def test_standard_input_that_is_empty_or_binary_fails_as_a_document():
    assert kinds(find_sources(["-"], stdin=io.BytesIO())) == ["empty_document"]
    assert kinds(find_sources(["-"], stdin=io.BytesIO(b"\x89PNG\r\n\x1a\n"))) == ["binary_document"]


def test_standard_input_that_is_too_large_fails_as_a_document(monkeypatch):
    monkeypatch.setattr(kinds_of_files, "MOST_BYTES", 10)
    assert kinds(find_sources(["-"], stdin=io.BytesIO(b"0123456789"))) == [None]
    document = only(find_sources(["-"], stdin=io.BytesIO(b"01234567890")))
    assert (document.failure.type, document.id) == ("too_large", hashlib.sha256(b"01234567890").hexdigest())


@pytest.mark.parametrize("name", ["./-", ".", "*", "?"])
def test_a_file_called_dash_is_no_standard_input(name):
    write("-", text="from the file")
    assert texts(find_sources([name], stdin=io.BytesIO(b"piped"))) == ["from the file"]


# Links, pipes, what cannot be read


def test_a_folder_that_links_to_itself_or_above_is_walked_once():
    write("in/a.txt", "in/sub/b.txt")
    Path("in/self").symlink_to(".")
    Path("in/sub/up").symlink_to("..")
    Path("in/sub/top").symlink_to(Path.cwd())
    write("c.txt")
    assert sources_of("in") == ["in/a.txt", "in/sub/b.txt", "in/sub/top/c.txt"]
    assert sources_of("in/self") == ["in/self/a.txt", "in/self/sub/b.txt", "in/self/sub/top/c.txt"]


def test_two_folders_that_link_to_each_other_are_walked_once_on_each_way():
    write("in/a/a.txt", "in/b/b.txt")
    Path("in/a/to_b").symlink_to("../b")
    Path("in/b/to_a").symlink_to("../a")
    assert sources_of("in") == ["in/a/a.txt", "in/a/to_b/b.txt", "in/b/b.txt", "in/b/to_a/a.txt"]


def test_a_file_that_two_links_reach_is_read_under_both_names():
    write("far/a.txt", "in/b.txt")
    for link in ("one", "two"):
        Path("in", link).symlink_to("../far")
    Path("in/c.txt").symlink_to("b.txt")
    found = list(find_sources(["in"]))
    assert [document.source for document in found] == ["in/b.txt", "in/c.txt", "in/one/a.txt", "in/two/a.txt"]
    assert texts(found) == ["text of in/b.txt"] * 2 + ["text of far/a.txt"] * 2


@pytest.mark.parametrize("target", ["nowhere", "link.txt"], ids=["dangling", "itself"])
@pytest.mark.parametrize("name", ["in", "in/link.txt", "in/l*"])
def test_a_link_that_leads_nowhere_fails_as_a_document(target, name):
    Path("in").mkdir()
    Path("in/link.txt").symlink_to(target)
    document = only(find_sources([name]))
    assert (document.source, document.text, document.failure.type) == ("in/link.txt", "", "unreadable")


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_link_that_leads_nowhere_is_no_row(suffix):
    Path("rows" + suffix).symlink_to("nowhere")
    assert kinds(find_sources(["rows" + suffix])) == ["unreadable"]


def test_two_circles_below_a_glob_are_walked_once():
    write("in/a.txt", "in/sub/b.txt")
    for link in ("x", "y", "sub/z"):
        Path("in", link).symlink_to(Path("in").absolute())
    assert sources_of("in/**/*.txt") == ["in/a.txt", "in/sub/b.txt"]
    assert sources_of("**/b.*", "in/**") == ["in/sub/b.txt", "in/a.txt", "in/sub/b.txt"]


def test_folders_may_be_deeper_than_the_stack(monkeypatch):
    Path("in").mkdir()
    depth = 1100
    with monkeypatch.context() as inside:
        inside.chdir("in")
        for _ in range(depth):
            Path("d").mkdir()
            os.chdir("d")
        Path("a.txt").write_text("deep down")
    try:
        assert texts(find_sources(["in"])) == ["deep down"]
    finally:  # shutil, and so pytest, cannot remove it
        for level in range(depth, 0, -1):
            folder = Path("in", *["d"] * level)
            (folder / "a.txt").unlink(missing_ok=True)
            folder.rmdir()


def test_a_pipe_in_a_folder_is_passed_over():
    write("in/a.txt")
    os.mkfifo("in/pipe")
    Path("in/link").symlink_to("pipe")
    assert sources_of("in") == ["in/a.txt"]


@pytest.mark.parametrize(
    ("name", "data", "source"),
    [
        ("pipe", b"through the pipe", "pipe"),
        ("pipe.jsonl", b'{"text": "through the pipe"}', "pipe.jsonl#1"),
        ("pipe.csv", b"text\nthrough the pipe\n", "pipe.csv#1"),
    ],
)
def test_a_pipe_that_is_named_is_read(name, data, source):
    os.mkfifo(name)
    writer = threading.Thread(target=lambda: Path(name).write_bytes(data), daemon=True)
    writer.start()
    document = only(find_sources([name]))
    writer.join()
    assert (document.source, document.text) == (source, "through the pipe")


@pytest.mark.parametrize("suffix", [".txt", ".csv", ".jsonl"])
def test_a_file_that_vanishes_fails_as_a_document_and_stops_no_other(suffix):
    write("a" + suffix, text="text\nhello\n")
    write("b.txt")
    found = find_sources(["a" + suffix, "b.txt"])
    Path("a" + suffix).unlink()
    assert [(document.source, document.failure and document.failure.type) for document in found] == [
        ("a" + suffix, "unreadable"),
        ("b.txt", None),
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("name", ["in", "in/closed"])
def test_a_folder_that_is_closed_fails_as_a_document(name):
    write("in/closed/a.txt", "in/b.txt")
    closed = Path("in/closed")
    closed.chmod(0)
    try:
        failed = [document.source for document in find_sources([name]) if document.failure]
    finally:
        closed.chmod(0o700)
    assert failed == ["in/closed"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("suffix", [".txt", ".csv", ".jsonl"])
def test_a_file_that_is_closed_fails_as_a_document(suffix):
    write("closed" + suffix)
    Path("closed" + suffix).chmod(0)
    assert kinds(find_sources(["closed" + suffix])) == ["unreadable"]


def test_a_huge_file_is_refused_unread():
    with Path("huge.txt").open("wb") as file:
        file.truncate(500_000_000)
    document = only(find_sources(["huge.txt"]))
    assert document.failure.type == "too_large"
    assert "32 MB" in document.failure.message
    assert document.id == hashlib.sha256(b"").hexdigest()


def test_a_file_of_the_largest_size_is_read(monkeypatch):
    monkeypatch.setattr(kinds_of_files, "MOST_BYTES", 10)
    write("a.txt", text="0123456789")
    write("b.txt", text="01234567890")
    assert kinds(find_sources(["a.txt", "b.txt"])) == [None, "too_large"]


def test_a_device_without_end_is_too_large(monkeypatch):
    monkeypatch.setattr(kinds_of_files, "MOST_BYTES", 1000)
    assert kinds(find_sources(["/dev/zero"])) == ["too_large"]


def test_what_was_found_can_be_read_again():
    write("a.txt")
    Path("b.jsonl").write_text('{"text": "one"}\nbroken\n')
    Path("c.csv").write_text('text\n"two\nlines"\n')
    found = find_sources(["a.txt", "b.jsonl", "c.csv"])
    assert (found.several, found.count) == (True, None)
    assert list(found) == list(found)
    assert len(list(found)) == 4


# JSONL


def test_a_row_is_named_by_its_line():
    found = rows_of(b'\n{"text": "one"}\n   \n\t\r\n \t{"text": "two", "n": [1]} \r\n')
    assert [(document.source, document.text) for document in found] == [
        ("rows.jsonl#2", "one"),
        ("rows.jsonl#5", "two"),
    ]


def test_rows_are_several_even_when_there_is_but_one():
    rows_of(b'{"text": "one"}')
    assert (find_sources(["rows.jsonl"]).several, find_sources(["rows.jsonl"]).count) == (True, None)


@pytest.mark.parametrize("suffix", [".JSONL", ".Csv"])
def test_the_suffix_may_be_in_capitals(suffix):
    data = b'{"text": "one"}' if suffix == ".JSONL" else b"text\none\n"
    assert texts(rows_of(data, suffix=suffix)) == ["one"]


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
def test_a_row_without_its_id_fails_by_its_line(line):
    document, _ = rows_of(b"\n" + line + b'\n{"id": 3, "text": "two"}', id_field="id")
    assert (document.source, document.failure.type) == ("rows.jsonl#2", "broken_row")
    assert "2 has no 'id'" in document.failure.message


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


@pytest.mark.parametrize("data", [b"", b"\n", b"[1]\nbroken\n", b'{"a": 1\n'])
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
    monkeypatch.setattr(rows, "MOST_BYTES", 40)
    for length in (41, 79, 80, 81, 200):
        line = b'{"text": "' + b"x" * (length - 12) + b'"}'
        before, failed, after = rows_of(end.join([b'{"text": "before"}', line, b'{"text": "after"}']))
        assert (before.text, after.text, after.source) == ("before", "after", "rows.jsonl#3")
        assert (failed.source, failed.failure.type) == ("rows.jsonl#2", "too_large")


def test_the_last_line_may_be_too_long(monkeypatch):
    monkeypatch.setattr(rows, "MOST_BYTES", 40)
    assert kinds(rows_of(b'{"text": "one"}\n' + b"x" * 80)) == [None, "too_large"]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
@pytest.mark.parametrize("data", [b"%PDF-1.7 text", b"PK\x03\x04text", b"\x1f\x8btext"])
def test_rows_of_a_known_format_are_refused_as_one(suffix, data):
    document = only(rows_of(data, suffix=suffix))
    assert (document.source, document.failure.type) == ("rows" + suffix, "binary_document")


def test_a_file_of_rows_that_is_cut_within_utf_16_ends_in_a_failure():
    found = rows_of('{"text": "one"}\n{"text": "two"}'.encode("utf-16")[:-1])
    assert kinds(found)[-1] == "undecodable_document"


def test_no_rows_are_no_documents():
    assert rows_of(b"") == rows_of(b"\n\n") == rows_of(b"text\n", suffix=".csv") == []


# CSV


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
        (b"", "none", {}),
        (b"\n1,one\n", "none", {}),
    ],
)
def test_a_csv_without_the_column_is_an_error_that_names_those_there_are(data, there, options):
    with pytest.raises(InputError, match=there):
        rows_of(data, suffix=".csv", **options)


def test_a_csv_whose_header_cannot_be_decoded_fails_as_a_document():
    assert kinds(rows_of("text\n".encode("utf-16")[:-1], suffix=".csv")) == ["undecodable_document"]


def test_a_csv_without_the_column_is_an_error_before_anything_is_read():
    write("a.txt", "in/rows.csv")
    with pytest.raises(InputError, match=r"'in/rows\.csv' has no column 'text'"):
        find_sources(["a.txt", "in"])


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
    monkeypatch.setattr(rows, "MOST_BYTES", 40)
    for cell in (b"x" * 50, b'"' + b"x" * 50 + b'"', b'"' + b"one line\n" * 9 + b'"'):
        before, failed, after = rows_of(b"text\nbefore\n" + cell + b"\nafter\n", suffix=".csv")
        assert (before.text, after.text, after.source) == ("before", "after", "rows.csv#3")
        assert (failed.source, failed.failure.type) == ("rows.csv#2", "too_large")


def test_a_quote_that_is_never_closed_makes_no_rows_of_what_it_holds(monkeypatch):
    monkeypatch.setattr(rows, "MOST_BYTES", 40)
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


# One encoding a file

REVIEWS = ["Доставка заняла три недели, коробка пришла мятая.", "быстрый", "ok", "iPhone 5 б/у"]  # noqa: RUF001 - other letters
CYRILLIC = [("cp1251", ".csv"), ("koi8-r", ".csv"), ("cp866", ".jsonl"), ("iso8859-5", ".jsonl")]


def rows_in(encoding, suffix, texts=REVIEWS, name="text"):
    """Write texts as rows, in an encoding."""
    lines = [json.dumps({name: text}, ensure_ascii=False) for text in texts]
    return "\n".join(lines if suffix == ".jsonl" else [name, *(f'"{text}"' for text in texts)]).encode(encoding)


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


def test_whole_files_and_standard_input_are_in_the_encoding_that_was_named():
    Path("a.txt").write_bytes(REVIEWS[1].encode("koi8-r"))
    found = find_sources(["a.txt", "-"], stdin=io.BytesIO(REVIEWS[0].encode("koi8-r")), encoding="KOI8-R")
    assert texts(found) == [REVIEWS[1], REVIEWS[0]]
    found = list(find_sources(["a.txt"], encoding="ascii"))
    assert kinds(found) == ["undecodable_document"]
    assert "is no valid ascii at byte 0" in found[0].failure.message


@pytest.mark.parametrize(
    "name", ["rot13", "hex", "idna", "Unicode_Escape", "punycode", "no-such", "", "a\0b", "ü", "../x"]
)
def test_what_is_no_text_encoding_is_an_error(name):
    write("a.txt")
    with pytest.raises(InputError, match="is no text encoding"):
        find_sources(["a.txt"], encoding=name)


# Any rows whatever

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1)


def check_round_trip(found, written):
    assert len(found) == len(written)
    for document, text in zip(found, written, strict=True):
        if flaw := flaw_of(text):
            assert (document.text, document.failure) == ("", flaw)
        else:
            assert (document.text, document.failure) == (text, None)


@given(st.lists(TEXTS), st.booleans())
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
