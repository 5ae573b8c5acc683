"""What an operator sees."""

import json
import logging
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill import Outcome, Usage
from slotfill.extractors.runs.console import closing_line, log_to_stderr, printable, progress
from slotfill.extractors.runs.engine import Tally


@given(st.text())
@example("\n\n")
def test_what_is_shown_drives_no_terminal(text):
    shown = printable(text)
    assert not any(character < " " and character not in "\t\n" for character in shown)
    assert not any("\x7f" <= character <= "\x9f" for character in shown)
    assert "\n" not in shown[:-1]


def test_plain_text_is_shown_as_it_is():
    assert printable("naïve 日本語 🎧\n") == "naïve 日本語 🎧\n"
    assert printable("a\nb") == "a\\nb"


@pytest.mark.parametrize(("verbosity", "said"), [(-1, ""), (0, "bad\n"), (1, "bad\nfine\n"), (2, "bad\nfine\nall\n")])
def test_verbosity(verbosity, said, capsys):
    logger = logging.getLogger("slotfill")
    with log_to_stderr(verbosity, "text"):
        logger.error("bad")
        logger.info("fine")
        logger.debug("all")
    logger.error("afterwards")
    assert capsys.readouterr().err == said
    assert logger.handlers == []


def test_json_lines(capsys):
    with log_to_stderr(0, "json"):
        logging.getLogger("slotfill").error("a\nb \x1b")
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["message"]) == ("error", "a\nb \x1b")


def test_the_closing_line():
    outcomes = Counter({Outcome.VALID: 3, Outcome.FAILED: 1, Outcome.PARTIAL: 1})
    tally = Tally(outcomes, Usage(12_345, 678), Decimal("0.01"))
    assert (
        closing_line(tally)
        == "5 documents: 3 extracted, 2 not (1 failed, 1 partial); 12,345 tokens in, 678 out; $0.0100"
    )
    assert closing_line(Tally(cost_usd=None)) == "0 documents: 0 extracted; 0 tokens in, 0 out; cost unknown"


def test_no_progress_where_there_is_no_terminal(capsys):
    with progress(3, wanted=True) as update:
        update(Tally())
    assert capsys.readouterr().err == ""
