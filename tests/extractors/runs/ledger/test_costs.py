"""What runs have cost: totals over ledgers that are only read, of which some may be in use, damaged, or newer."""

import json
import os
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from slotfill import Usage
from slotfill.extractors.catalogue.prices import cost
from slotfill.extractors.runs.ledger import migrations
from slotfill.extractors.runs.ledger.costs import WITHOUT_LABEL, Cost, costs_of
from slotfill.extractors.runs.ledger.migrations import MIGRATIONS, WITH_THINKING
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.extractors.runs.reports.cost_table import cost_table

MODEL, OTHER = "claude-haiku-5-5", "claude-opus-5"
WORST = Decimal("0.01")
TAKEN = Usage(1_000, 100, 10, 20)
PAID = cost(MODEL, TAKEN)


def run(path, *tries, schema="sentiment", **labels):
    """Leave a ledger behind: each try is a model, and what it took; None where its reply was lost."""
    with Ledger(path, about={"schema": schema}, labels=labels) as ledger:
        for model, usage in tries:
            number = ledger.account.reserve(model, WORST)
            ledger.account.settle(number, usage, None if usage is None else cost(model, usage))
    return path


def settled(tries, usage=TAKEN, model=MODEL):
    return Cost(tries, sum([usage] * tries, Usage()), tries * cost(model, usage))


def at(path, *times):
    """Say when each try was sent."""
    database = sqlite3.connect(path)
    for number, told in enumerate(times, 1):
        database.execute("UPDATE tries SET at = ? WHERE number = ?", (told, number))
    database.commit()
    database.close()
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a b#?.db"


def test_a_try_in_a_batch_is_settled_at_its_price(path):
    batched = replace(TAKEN, tier="batch")
    run(path, (MODEL, TAKEN), (MODEL, batched))
    assert costs_of([path], "model").rows == {MODEL: Cost(2, TAKEN + TAKEN, cost(MODEL, TAKEN) * 3 / 2)}


def test_what_was_lost_stays_reserved_and_is_shown(path):
    run(path, (MODEL, TAKEN), (MODEL, None), (MODEL, Usage()))
    (found,) = costs_of([path], "model").rows.values()
    assert found == Cost(3, TAKEN, PAID + WORST, 1, WORST)


def test_by_model_and_by_schema(tmp_path):
    paths = [
        run(tmp_path / "1.db", (MODEL, TAKEN), (OTHER, TAKEN), (MODEL, TAKEN)),
        run(tmp_path / "2.db", (OTHER, TAKEN), schema="feedback"),
    ]
    assert costs_of(paths, "model").rows == {MODEL: settled(2), OTHER: settled(2, model=OTHER)}
    by_schema = costs_of(paths, "schema")
    assert by_schema.rows == {"sentiment": settled(2) + settled(1, model=OTHER), "feedback": settled(1, model=OTHER)}
    assert list(by_schema.rows) == ["feedback", "sentiment"]
    assert by_schema.total == settled(2) + settled(2, model=OTHER)


def test_a_label_is_of_its_start_and_no_try_counts_twice_in_all(path):
    run(path, (MODEL, TAKEN))
    run(path, (MODEL, TAKEN), (MODEL, TAKEN), team="blue", month="5")
    run(path, (MODEL, TAKEN), team="red")
    costs = costs_of([path], "label")
    assert costs.rows == {
        WITHOUT_LABEL: settled(1),
        "month=5": settled(2),
        "team=blue": settled(2),
        "team=red": settled(1),
    }
    assert costs.total == settled(4)


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland"])
def test_days_and_hours_are_of_utc(path, monkeypatch, zone):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    run(path, *[(MODEL, TAKEN)] * 4)
    moments = [datetime(2026, 11, day, hour, minute, tzinfo=UTC) for day, hour, minute in
               ((21, 23, 59), (20, 0, 0), (21, 23, 0), (20, 1, 0))]  # fmt: skip
    at(path, *(moment.timestamp() for moment in moments))
    assert costs_of([path], "day").rows == {"2026-11-20": settled(2), "2026-11-21": settled(2)}
    hours = costs_of([path], "hour").rows
    assert [(hour, found.tries) for hour, found in hours.items()] == [
        ("2026-11-20 00:00", 1),
        ("2026-11-20 01:00", 1),
        ("2026-11-21 23:00", 2),
    ]
    monkeypatch.undo()
    time.tzset()


def test_an_unknown_price_is_never_nothing(tmp_path):
    run(tmp_path / "1.db", ("claude-of-tomorrow", TAKEN), (MODEL, TAKEN))
    with Ledger(tmp_path / "2.db", about={"schema": "feedback"}) as ledger:
        ledger.account.reserve("claude-of-tomorrow", None)
    costs = costs_of([tmp_path / "1.db", tmp_path / "2.db"], "model")
    assert costs.rows["claude-of-tomorrow"] == Cost(2, TAKEN, None, 1, None)
    assert costs.rows[MODEL] == settled(1)
    assert costs.total.usd is None
    assert [line.split()[-2:] for line in cost_table(costs)][1:] == [
        [f"${PAID:.4f}", "$0.0000"],
        ["unknown", "unknown"],
        ["unknown", "unknown"],
    ]


def test_a_ledger_in_use_is_read(path):
    with Ledger(path, about={"schema": "sentiment"}) as ledger:
        number = ledger.account.reserve(MODEL, WORST)
        assert costs_of([path], "model").total == Cost(1, Usage(), WORST, 1, WORST)
        ledger.account.settle(number, TAKEN, PAID)
        ledger.account.reserve(MODEL, WORST)  # what was settled is stored with what comes next
        assert costs_of([path], "model").total == settled(1) + Cost(1, Usage(), WORST, 1, WORST)


def test_reading_changes_nothing(path):
    run(path, (MODEL, TAKEN))
    path.chmod(0o400)
    before = path.read_bytes()
    costs_of([path], "label")
    assert path.read_bytes() == before


def test_what_cannot_be_read_is_named_and_skipped(tmp_path):
    good = run(tmp_path / "good.db", (MODEL, TAKEN))
    newer = run(tmp_path / "newer.db", (MODEL, TAKEN))
    torn = run(tmp_path / "torn.db", (MODEL, TAKEN))
    torn.write_bytes(torn.read_bytes()[:5_000])
    (tmp_path / "empty.db").touch()
    (tmp_path / "text.db").write_text("no database" * 1_000, "utf-8")
    for name, statement in ((newer, f"PRAGMA user_version = {len(MIGRATIONS) + 1}"), (tmp_path / "other.db", "VACUUM")):
        database = sqlite3.connect(name)
        database.execute(statement)
        database.close()
    names = ("gone", "empty", "text", "torn", "newer", "other")
    costs = costs_of([*(tmp_path / f"{name}.db" for name in names), good], "label")
    assert costs.total == settled(1)
    assert [ledger.stem for ledger, _ in costs.skipped] == [*names]
    assert not (tmp_path / "gone.db").exists()
    lines = list(cost_table(costs))
    assert len(lines) == 3 + len(names)
    assert any("newer.db: not counted: it is of version" in line for line in lines)
    assert json.loads(json.dumps(costs.to_json()))["skipped"][1]["reason"] == "it is no ledger of slotfill"


def test_the_table_is_aligned_and_drives_no_terminal(path):
    run(path, (MODEL, Usage(1_234_567, 8, thinking_tokens=3)), (MODEL, None), **{"te\x1b[31mam": "a\nb"})
    head, row, total = cost_table(costs_of([path], "label"))
    assert row.startswith(r"te\x1b[31mam=a\nb")
    assert len({len(head), len(row), len(total)}) == 1
    assert row.split()[-8:] == [
        "2",
        "1,234,567",
        "8",
        "3",
        "0",
        "0",
        f"${cost(MODEL, Usage(1_234_567, 8)) + WORST:.4f}",
        "$0.0100",
    ]
    assert next(cost_table(costs_of([path], "hour"))).startswith("hour (UTC)")


def test_a_ledger_that_did_not_count_thoughts_is_read_and_gone_on_with(path, monkeypatch):
    with sqlite3.connect(path) as database, monkeypatch.context() as earlier:
        earlier.setattr(migrations, "MIGRATIONS", MIGRATIONS[: WITH_THINKING - 1])
        migrations.migrate(database, "it")
        database.execute("INSERT INTO starts VALUES (1, 0, 1, '{}', 0)")
        database.execute("INSERT INTO tries VALUES (1, 1, 0, ?, 5, 1000, 100, 0, 0)", (MODEL,))
    database.close()
    assert costs_of([path], "model").total.usage == Usage(1_000, 100)
    run(path, (MODEL, Usage(1_000, 100, thinking_tokens=30)))
    assert costs_of([path], "model").total.usage == Usage(2_000, 200, thinking_tokens=30)


def test_the_same_as_json(path):
    run(path, (MODEL, TAKEN), (MODEL, None), team="blue")
    figures = {
        "tries": 2,
        "usage": {
            "input_tokens": 1_000,
            "output_tokens": 100,
            "cache_read_tokens": 10,
            "cache_write_tokens": 20,
            "thinking_tokens": 0,
        },
        "cost_usd": f"{PAID + WORST:f}",
        "lost": 1,
        "lost_usd": "0.01",
    }
    assert costs_of([path], "label").to_json() == {
        "by": "label",
        "costs": [{"label": "team=blue", **figures}],
        "total": figures,
        "skipped": [],
    }


def test_of_nothing_there_is_a_table_too():
    costs = costs_of([], "day")
    assert (costs.rows, costs.total) == ({}, Cost())
    assert len(list(cost_table(costs))) == 2


TRIES = st.lists(st.tuples(st.sampled_from([MODEL, OTHER]), st.none() | st.builds(Usage, *[st.integers(0, 10**6)] * 4)))


@examples(30)
@given(st.lists(TRIES, max_size=3))
def test_every_way_to_total_comes_to_the_same(tmp_path_factory, runs):
    folder = tmp_path_factory.mktemp("ledgers")
    paths = [run(folder / f"{number}.db", *tries) for number, tries in enumerate(runs)]
    for by in ("label", "schema", "model", "day", "hour"):
        costs = costs_of(paths, by)
        assert sum(costs.rows.values(), Cost()) == costs.total
        assert costs.total.usd == sum(
            (WORST if u is None else cost(m, u) for tries in runs for m, u in tries), Decimal(0)
        )
        assert costs.total.usage == sum((u for tries in runs for _, u in tries if u), Usage())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tries SET input_tokens = 9e999",
        "UPDATE tries SET input_tokens = -1",
        "UPDATE tries SET picodollars = -1",
        "UPDATE tries SET picodollars = 'much'",
        "UPDATE starts SET labels = '[1]'",
        "UPDATE starts SET labels = 'none'",
        "UPDATE starts SET labels = x'ff00'",
        'UPDATE starts SET labels = \'{"team": {"a": 1}}\'',
    ],
)
def test_what_slotfill_never_writes_is_not_counted(path, statement):
    run(path, (MODEL, TAKEN), team="support")
    with closing(sqlite3.connect(path)) as database:
        database.execute(statement)
        database.commit()
    costs = costs_of([path], "label")
    assert costs.total == Cost()
    ((skipped, reason),) = costs.skipped
    assert skipped == path
    assert "\n" not in reason


def test_a_pipe_is_no_ledger_and_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "x.db")
    ((_, reason),) = costs_of([tmp_path / "x.db"], "model").skipped
    assert "no regular file" in reason
