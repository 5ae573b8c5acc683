"""Files that nobody reads as they are: told once, by name, with what to do; and texts that people read never."""

import base64
import random

import pytest
from languages import LANGUAGES

from slotfill.extractors.documents.readability import unread_form

MAIL = (
    "Return-Path: <a@example.org>\nFrom: A <a@example.org>\nSubject: hello\nMIME-Version: 1.0\n"
    "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n"
)
PAGE = "<!DOCTYPE html>\n<html><body><p>Hello</p></body></html>"
XML = '<?xml version="1.0"?>\n<rows>' + "<row><name>Ann</name><sum>5</sum></row>" * 90 + "</rows>"
BLOB = base64.encodebytes(random.Random(1).randbytes(6_000)).decode()


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("{\\rtf1\\ansi{\\b Hello}}", "RTF"),
        (MAIL + BLOB, ".eml"),
        ("From a@example.org Sat Nov 28 10:00:00 2026\n" + MAIL, ".eml"),
        (PAGE, ".html"),
        ("<!-- saved -->\n" + PAGE.lower(), ".html"),
        (XML, "markup"),
        ("Dear all,\n" + XML, "markup"),
        (BLOB, "base64"),
        ("The scan is below.\n\n" + BLOB, "base64"),
        (BLOB.replace("\n", ""), "base64"),
    ],
)
def test_what_nobody_reads_is_told_with_what_to_do(text, form):
    assert form in unread_form(text)


@pytest.mark.parametrize(
    "text",
    [
        *(whole for _, whole in LANGUAGES.values()),
        "",
        "a",
        "Subject: hello\nFrom: Ann\n\nDear Bob, the soup was cold.",
        "# Title\n\nText with <b>bold</b> and <br> and a [link](https://example.org/a/long/path/to/some/page).\n" * 9,
        "if a < b and c > d: x = y<z\n" * 50,
        "|---|---|\n| a | b |\n" * 100,
        "=" * 300 + "\n" + "-" * 300,
        "SHA-256 bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70 of the file, as it was published\n"
        * 9,
        '{"name": "Ann", "items": [{"price": 5, "currency": "EUR"}]}\n' * 50,
    ],
)
def test_what_people_read_is_not(text):
    assert unread_form(text) is None
