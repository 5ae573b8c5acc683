"""What a ledger says of a run while it is at work, and of one that anybody may have written."""

import io
import sqlite3
from contextlib import closing
from decimal import Decimal

import pytest
from batching import Texts
from killing import SCHEMA, reply

from slotfill import Extractor
from slotfill.extractors.runs.ledger.costs import costs_of
from slotfill.extractors.runs.ledger.identity import ledgers_of
from slotfill.extractors.runs.session import Start, run_once
from slotfill.extractors.runs.watching.activity_table import ActivityTable
from slotfill.extractors.runs.watching.ledger_activity import Activity, activities_of, activity_of
from slotfill.extractors.settings import Settings
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served


@pytest.fixture
def output(tmp_path, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-any")
    return tmp_path / "out.jsonl"


def ledger_of(output):
    (ledger,) = ledgers_of(str(output), Settings.read())
    return ledger


def run(output, look=reply, count=12):
    with served(SimulatedClaude(look)) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANTHROPIC_BASE_URL", url)
        with Extractor(SCHEMA) as extractor:
            texts = Texts([f"Row {number} says: it came late." for number in range(count)])
            return run_once(extractor, texts, Start(("in",), str(output), concurrency=1), io.BytesIO())


def test_it_is_what_the_run_says_of_itself(output):
    end = run(output)
    activity = activity_of(ledger_of(output))
    assert activity.ended == {outcome.value: count for outcome, count in end.totals.outcomes.items() if count}
    assert activity.failures == {"refusal": 1}
    assert (activity.read, activity.documents) == (12, 12)
    costs = costs_of([ledger_of(output)], "model").total
    assert (activity.usd, activity.usd_a_minute, activity.requests) == (costs.usd, costs.usd, costs.tries)
    assert len(activity.latencies) == costs.tries
    assert not activity.is_idle
    later = activity_of(ledger_of(output), activity.at + 61)
    assert (later.requests, later.usd_a_minute, later.usd) == (0, 0, activity.usd)
    assert later.is_idle


def test_a_run_is_seen_while_it_is_at_work(output):
    seen = []

    def look(request):
        seen.append(activity_of(ledger_of(output)))
        return reply(request)

    run(output, look)
    ended = [one.documents for one in seen]
    assert ended == sorted(ended)
    assert 0 < ended[-1] < 12
    assert seen[-1].requests > seen[0].requests


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE tries SET picodollars = 'much'",
        "UPDATE tries SET picodollars = -1",
        "DELETE FROM run",
        'UPDATE answers SET answer = \'{"ms": "long"}\'',
    ],
)
def test_what_slotfill_did_not_write_is_said_to_be_damaged(output, damage):
    run(output, count=2)
    with closing(sqlite3.connect(ledger_of(output))) as database, database:
        database.execute(damage)
    activities, (line,) = activities_of([ledger_of(output)])
    assert activities == []
    assert "not counted: it is damaged" in line


def test_no_ledger_is_told_of(tmp_path):
    (tmp_path / "x.db").write_text("nothing of the kind", encoding="utf-8")
    activities, (line,) = activities_of([tmp_path / "x.db"])
    assert activities == []
    assert "x.db: not counted" in line


def test_a_rate_is_of_what_was_seen_within_a_minute(tmp_path):
    table, rates = ActivityTable(), []
    for at, documents in ((0, 100), (30, 130), (60, 160), (90, 160), (120, 160), (150, 160)):
        activity = Activity(tmp_path, "mails", at, 200, {"valid": documents - 5, "failed": 5}, {"timeout": 5})
        rates.append(table.cells(activity)[2])
    assert rates == ["0", "60", "60", "30", "0", "0"]
    cells = table.cells(activity)
    assert cells[1] == "160 of 200"
    assert cells[3:5] == ("5", "5 timeout")


def test_figures_of_a_ledger():
    latencies = tuple(range(100, 1_100, 100))
    activity = Activity("x", "mails", 0, 1, latencies=latencies, usd_a_minute=Decimal("0.5"), usd=None)
    assert (activity.latency(0.5), activity.latency(0.95)) == (0.6, 1.0)
    assert ActivityTable().cells(activity)[6:] == ("0.6 s", "1.0 s", "unknown", "$30.00")
    assert Activity("x", "mails", 0, 1).latency(0.5) is None
