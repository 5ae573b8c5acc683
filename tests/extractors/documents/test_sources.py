"""Documents: what inputs name, in which order, and what becomes of what cannot be read."""

import hashlib
import io
import json
import os
import threading
from pathlib import Path

import pytest
from row_inputs import REVIEWS, kinds, only, texts

from slotfill.extractors.documents.readers import kinds as kinds_of_files
from slotfill.extractors.documents.sources import find_sources
from slotfill.extractors.errors import InputError


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    """Name inputs as users do: relative to the folder they are in."""
    monkeypatch.chdir(tmp_path)


def write(*names, text=None):
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or f"text of {name}", encoding="utf-8")


def sources_of(*inputs, **options):
    return [document.source for document in find_sources(inputs, **options)]


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


# Encodings


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


# Rows among files


def test_rows_without_the_column_are_an_error_before_anything_is_read():
    write("a.txt", "in/rows.csv")
    with pytest.raises(InputError, match=r"'in/rows\.csv' has no column 'text'"):
        find_sources(["a.txt", "in"])


@pytest.mark.parametrize("name", ["source", "value"])
def test_what_each_row_of_an_output_has_itself_cannot_be_carried_along(name):
    write("a.txt")
    with pytest.raises(InputError, match=f"{name!r} cannot be carried along with --keep"):
        find_sources(["a.txt"], keep=("id", name))


def test_a_json_file_is_rows_where_it_holds_an_array_of_objects():
    Path("in").mkdir()
    Path("in/a.json").write_text('{"text": "one"}')
    Path("in/b.json").write_text('[{"text": "two"}, {"text": "three"}]')
    Path("in/c.json").write_text('["text"]')
    found = find_sources(["in"])
    assert found.count is None
    assert [(document.source, document.text) for document in found] == [
        ("in/a.json", '{"text": "one"}'),
        ("in/b.json#1", "two"),
        ("in/b.json#2", "three"),
        ("in/c.json", '["text"]'),
    ]
    assert [find_sources([f"in/{name}.json"]).several for name in "abc"] == [False, True, False]
    assert [find_sources([f"in/{name}.json"]).count for name in "abc"] == [1, None, 1]


def test_a_json_array_is_one_document_where_files_are_read_raw():
    Path("a.json").write_text('[{"text": "two"}]')
    found = find_sources(["a.json"], raw=True)
    assert (found.several, texts(found)) == (False, ['[{"text": "two"}]'])
