"""Terminals that are not in UTF-8."""

import io

import pytest

from slotfill import Extractor
from slotfill.extractors.terminal.shown_record import show_record
from slotfill.extractors.terminal.tables import show_heading
from slotfill.extractors.terminal.terminal_console import terminal_console
from slotfill.extractors.testing import SimulatedClaude

TEXT = "Ad\xe9 \u6f22 lives in London \U0001f600"


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "iso-8859-1"])
def test_what_an_encoding_has_not_is_written_as_an_escape(encoding, errors):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors=errors)
    claude = SimulatedClaude(lambda _: {"name": "Ad\xe9 \u6f22", "city": "London"})
    with Extractor("name, city", client=claude.client()) as extractor:
        record = extractor.extract(TEXT).to_json()
    show_record(record, TEXT, stream)
    show_heading(TEXT, stream)
    stream.flush()
    shown = stream.buffer.getvalue().decode(encoding)
    assert r"\u6f22" in shown
    assert r"\U0001f600" in shown
    assert "[London]" in shown


def test_a_stream_that_says_how_it_writes_what_it_has_not_stays_so():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="replace")
    terminal_console(stream).print("\u6f22")
    stream.flush()
    assert stream.buffer.getvalue() == b"?\n"
