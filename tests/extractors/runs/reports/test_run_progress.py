"""How far a run is, where there is no terminal; tests/extractors/terminal shows the line."""

import json
from collections import Counter

import pytest

from slotfill import Outcome
from slotfill.extractors.runs.reports import run_progress as module
from slotfill.extractors.runs.reports.logs import log_to_stderr
from slotfill.extractors.runs.reports.run_progress import run_progress
from slotfill.extractors.runs.reports.totals import Totals


def logged(capsys, verbosity, log_format):
    totals = Totals(Counter({Outcome.VALID: 409, Outcome.FAILED: 3}), resumed=412)
    with log_to_stderr(verbosity, log_format), run_progress(lambda: 1_100) as tell:
        tell(totals)
        tell(totals)
    return capsys.readouterr().err


def test_a_log_says_it_now_and_then(capsys, monkeypatch):
    assert logged(capsys, 1, "text") == ""
    monkeypatch.setattr(module, "LOGGED_AFTER", 0.0)
    first, second = logged(capsys, 1, "text").splitlines()
    assert first.startswith("412 of 1,100, 37%, ")
    assert second.endswith("$0.0000, 3 failed")
    line = json.loads(logged(capsys, 1, "json").splitlines()[0])
    assert (line["documents"], line["total"], line["seconds_left"]) == (412, 1_100, None)


def test_in_the_end_how_far_the_outputs_are(capsys, monkeypatch):
    monkeypatch.setattr(module, "LOGGED_AFTER", 0.0)
    totals = Totals(Counter({Outcome.VALID: 409}), resumed=412)
    totals.write(0)
    totals.write(200)
    with log_to_stderr(1, "json"), run_progress(lambda: 1_100) as tell:
        tell(totals)
    line = json.loads(capsys.readouterr().err)
    assert line["message"].startswith("200 of 409 written, 48%, ")
    assert (line["documents"], line["written"], line["total"]) == (409, 200, 409)


def test_not_again_before_a_while_has_passed(capsys, monkeypatch):
    monkeypatch.setattr(module, "LOGGED_AFTER", 0.0)
    with log_to_stderr(1, "text"), run_progress(lambda: None) as tell:
        monkeypatch.setattr(module, "LOGGED_AFTER", 3_600.0)
        for documents in (1, 2):
            tell(Totals(Counter({Outcome.VALID: documents}), resumed=documents))
    assert capsys.readouterr().err == "1, 0:00, $0.0000\n"


@pytest.mark.parametrize("verbosity", [-1, 0])
def test_and_only_to_those_who_want_all_documents(capsys, monkeypatch, verbosity):
    monkeypatch.setattr(module, "LOGGED_AFTER", 0.0)
    assert logged(capsys, verbosity, "text") == ""
