"""A thousand failures are a few lines."""

import json
import logging

import pytest

from slotfill.extractors.runs.reports.failure_digest import failure_extra
from slotfill.extractors.runs.reports.logs import log_to_stderr


def fail(count, kind="refusal", start=1):
    for number in range(start, start + count):
        logging.getLogger("slotfill").error("%d.txt: refused", number, extra=failure_extra(kind))


def test_the_first_are_told_in_full_and_the_others_counted(capsys):
    with log_to_stderr(0, "text", whereabouts="their records are in r.jsonl"):
        fail(1_000)
        fail(2, "validation")
        logging.getLogger("slotfill").error("the disk is nearly full")
    assert capsys.readouterr().err.splitlines() == [
        "1.txt: refused",
        "2.txt: refused",
        "3.txt: refused",
        "refusal: 10 documents so far",
        "refusal: 100 documents so far",
        "refusal: 1,000 documents so far",
        "1.txt: refused",
        "2.txt: refused",
        "the disk is nearly full",
        "refusal: 997 more documents, 1,000 in all: their records are in r.jsonl",
    ]


def test_as_json(capsys):
    with log_to_stderr(0, "json"):
        fail(4)
    *_, last = map(json.loads, capsys.readouterr().err.splitlines())
    assert (last["error"], last["count"], last["level"]) == ({"type": "refusal"}, 4, "error")
    assert last["message"] == "refusal: 1 more document, 4 in all"


@pytest.mark.parametrize("verbosity", [1, 2])
def test_those_who_want_all_documents_are_told_of_all(capsys, verbosity):
    with log_to_stderr(verbosity, "text"):
        fail(12)
    assert capsys.readouterr().err.count("\n") == 12


def test_quiet_is_quiet(capsys):
    with log_to_stderr(-1, "text"):
        fail(12)
    assert capsys.readouterr().err == ""


def test_on_a_terminal_the_progress_line_counts(capsys, monkeypatch):
    monkeypatch.setattr("slotfill.extractors.runs.reports.logs.is_terminal", lambda _: True)
    with log_to_stderr(0, "text"):
        fail(12)
    assert capsys.readouterr().err.splitlines()[3:] == ["refusal: 9 more documents, 12 in all"]
