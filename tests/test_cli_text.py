"""`slotfill text`: what would be sent, with its places, and nothing else."""

import json
import os
import pty
import subprocess
import sys

import pytest
from click.testing import CliRunner
from drawn_pages import Drawing, picture_of

from slotfill.cli import main


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(*arguments, stdin=None):
    return CliRunner().invoke(main, ["text", *arguments], input=stdin)


def write(name, text):
    with open(name, "w", encoding="utf-8", newline="") as file:
        file.write(text)


def write_pdf(name, kinds):
    """Draw a page a letter: t has a text, s is a scan."""
    drawing = Drawing()
    for number, kind in enumerate(kinds, 1):
        if number > 1:
            drawing.next_page()
        if kind == "t":
            drawing.line((72, 700), f"page {number}", size=12)
        else:
            drawing.canvas.drawImage(picture_of("Order 4711"), 0, 0, 595, 842)
    with open(name, "wb") as file:
        file.write(drawing.done())


def test_the_text_of_one_document_is_all_that_is_printed():
    write("a.txt", "Größe\r\n\x1b[31mrot\x1b[0m \U0001f600")
    result = run("a.txt")
    assert result.stdout_bytes == "Größe\r\n\x1b[31mrot\x1b[0m \U0001f600\n".encode()
    assert (result.exit_code, result.stderr) == (0, "")


def test_several_documents_come_each_below_its_name():
    write("a.txt", "one\n")
    write("b.txt", "two")
    assert run("a.txt", "b.txt").stdout == "==> a.txt <==\none\n\n==> b.txt <==\ntwo\n"


def test_no_name_is_more_than_a_line():
    for name in ("a <==\nforged.txt", "b.txt\n"):
        write(name, "one\n")
    assert run("a <==\nforged.txt", "b.txt\n").stdout == (
        "==> a <==\\nforged.txt <==\none\n\n==> b.txt\\n <==\none\n\n"
    )


def test_rows_are_documents():
    write("rows.csv", "text,n\none,1\ntwo,2\n")
    assert run("rows.csv", "--limit", "1").stdout == "==> rows.csv#1 <==\none\n"
    assert run("rows.csv", "--text-field", "n").stdout == "==> rows.csv#1 <==\n1\n==> rows.csv#2 <==\n2\n"


def test_standard_input_is_a_document():
    assert run("-", stdin="piped").stdout == "piped\n"


def test_stretches_are_all_of_the_text():
    write("a.txt", "one\n\ntwo")
    lines = [json.loads(line) for line in run("a.txt", "--places").stdout.splitlines()]
    assert lines == [{"source": "a.txt", "start": 0, "end": 8, "place": None, "text": "one\n\ntwo"}]


def test_what_cannot_be_read_is_said_and_the_rest_is_printed():
    write("a.txt", "one")
    write("b\x1b.txt", " ")
    result = run("b\x1b.txt", "a.txt")
    assert result.stdout == "==> a.txt <==\none\n"
    assert (result.exit_code, result.stderr) == (1, "b\\x1b.txt: holds no text\n")


def test_an_input_that_is_not_there_is_a_usage_error():
    result = run("nowhere.txt")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "there is no file or folder 'nowhere.txt'" in result.stderr


def test_pages_that_are_none_are_a_usage_error():
    write("a.txt", "one")
    result = run("a.txt", "--pages", "3-1")
    assert result.exit_code == 2
    assert "'3-1' names no pages: write them as 1-3,7 or 5-" in result.stderr


def test_no_text_drives_a_terminal():
    write("a.txt", "\x1b]0;title\x07one\rtwo\n\u202ethree")
    controller, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "slotfill", "text", "a.txt"], stdout=terminal, stdin=subprocess.DEVNULL
    ) as process:
        os.close(terminal)
        shown = b""
        try:
            while block := os.read(controller, 1000):
                shown += block
        except OSError:
            pass  # the terminal is closed
    os.close(controller)
    assert process.returncode == 0
    assert shown == b"\\x1b]0;title\\x07one\r\ntwo\r\n\\u202ethree\r\n"


def test_what_is_looked_at_is_not_printed_but_told():
    write_pdf("scan.pdf", "ts")
    result = run("scan.pdf")
    assert result.stdout.strip() == "page 1"
    assert result.stderr == "scan.pdf: a Claude model would look at page 2 itself\n"
    native = run("scan.pdf", "--pdf", "native")
    assert native.stdout.strip() == ""
    assert native.stderr == "scan.pdf: a Claude model would look at pages 1 to 2 itself\n"
    lines = [json.loads(line) for line in run("scan.pdf", "--places").stdout.splitlines()]
    assert [(line["place"] and line["place"]["page"], line.get("sent")) for line in lines if line["place"]] == [
        (1, None),
        (2, "as a page"),
    ]


def test_what_no_model_looks_at_is_a_usage_error():
    write_pdf("scan.pdf", "ts")
    result = run("scan.pdf", "--pdf", "native", "-m", "local")
    assert result.exit_code == 2
    assert "--pdf native is for Claude models" in result.stderr
