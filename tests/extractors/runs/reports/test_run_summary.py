"""What is told of a run."""

from collections import Counter
from decimal import Decimal
from types import SimpleNamespace

import pytest

from slotfill import Attempt, Document, Extraction, Outcome, Rung, TakenOver, Usage
from slotfill.extractors.runs.reports import totals as totals_module
from slotfill.extractors.runs.reports.run_summary import SHORT, progress_of, summary, summary_json
from slotfill.extractors.runs.reports.totals import Totals


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Give a clock that stands still until it is told otherwise."""
    clock = SimpleNamespace(time=0.0)
    monkeypatch.setattr(totals_module, "time", SimpleNamespace(monotonic=lambda: clock.time))
    return clock


def totals(*, seconds=0.0, clock=None, **outcomes):
    amounts = {name: outcomes.pop(name) for name in list(outcomes) if name.endswith("usd") or name == "usage"}
    counts = {name: outcomes.pop(name) for name in ("resumed", "repeated") if name in outcomes}
    made = Totals(
        Counter({Outcome(name): count for name, count in outcomes.items()}), **counts, **amounts, _started=0.0
    )
    if clock:
        clock.time += seconds
    return made


def test_a_short_run_is_one_line():
    made = totals(valid=3, failed=1, partial=1, usage=Usage(12_345, 678), cost_usd=Decimal("0.01"))
    assert summary(made) == "5 documents: 3 extracted, 2 not (1 partial, 1 failed); 12,345 tokens in, 678 out; $0.0100"
    assert summary(Totals(cost_usd=None)) == "0 documents: 0 extracted; 0 tokens in, 0 out; cost unknown"


def test_a_short_run_that_was_resumed():
    made = totals(valid=3, resumed=2, cost_usd=Decimal("0.01"), saved_usd=Decimal("0.002"), spent_usd=Decimal("0.03"))
    assert summary(made) == (
        "3 documents: 3 extracted, 2 of them before; 0 tokens in, 0 out; $0.0100 ($0.0020 saved by the cache, $0.0300 "
        "spent in all)"
    )


def test_what_long_prompts_cost_is_part_of_the_cost():
    made = totals(valid=1, cost_usd=Decimal("0.05"), surcharge_usd=Decimal("0.04"), saved_usd=Decimal("0.001"))
    assert summary(made).endswith("; $0.0500 ($0.0400 of it for long prompts, $0.0010 saved by the cache)")
    assert summary_json(made)["surcharge_usd"] == "0.04"


def test_no_more_is_said_of_what_was_spent_than_there_is_to_say():
    assert "spent" not in summary(totals(valid=1, cost_usd=Decimal("0.01"), spent_usd=Decimal("0.01")))


def test_a_long_run_is_a_table(clock):
    made = totals(
        clock=clock,
        seconds=754,
        valid=812,
        mended=31,
        patched=146,
        failed=9,
        partial=2,
        resumed=400,
        repeated=12,
        usage=Usage(123_456, 67_890, 12_000, 300),
        cost_usd=Decimal("1.2345"),
        saved_usd=Decimal("0.1"),
        surcharge_usd=Decimal("0.25"),
        spent_usd=Decimal(2),
    )
    assert summary(made, reserved_usd=Decimal("0.01")).splitlines() == [
        "documents        1,000",
        "extracted          989  812 valid, 31 mended, 146 patched",
        "not extracted       11  2 partial, 9 failed",
        "done before        400",
        "asked once          12  had the text of another",
        "tokens in      123,456  12,000 more read from the cache, 300 written to it",
        "tokens out      67,890",
        "cost           $1.2345  $0.1000 saved by the cache",
        "long prompts   $0.2500  of it, more than at the rates of short ones: see --chunk-chars",
        "spent in all   $2.0000  $0.0100 of it for replies that never came",
        "time           0:12:34  1.3 seconds a document",
    ]


def test_a_table_leaves_out_what_there_is_nothing_to_say_of():
    names = [line[: line.index("  ")] for line in summary(totals(valid=SHORT + 1, cost_usd=None)).splitlines()]
    assert names == ["documents", "extracted", "tokens in", "tokens out", "cost", "time"]


@pytest.mark.parametrize(
    ("done", "total", "said"),
    [
        (412, 500, "412 of 500 documents are done"),
        (412, None, "412 documents are done"),
        (1, 500, "1 of 500 documents are done"),
        (1, None, "1 document is done"),
        (1, 1, "1 of 1 document is done"),
    ],
)
def test_a_run_that_was_stopped(done, total, said):
    told = summary(totals(valid=done), total=total, reason="interrupted", command="slotfill extract a b").splitlines()
    assert told[:2] == ["stopped: interrupted", said]
    assert told[-1] == "go on with: slotfill extract a b"


def test_as_json(clock):
    made = totals(clock=clock, seconds=2, valid=30, failed=1, resumed=11, spent_usd=Decimal("0.5"))
    told = summary_json(made, total=40, reason="interrupted", command="go", reserved_usd=Decimal("0.1"))
    assert told == {
        "message": "interrupted",
        **made.to_json(),
        "total": 40,
        "rate": 10.0,
        "reserved_usd": "0.1",
        "go_on_with": "go",
    }
    assert summary_json(made)["message"] == "done"


@pytest.mark.parametrize(
    ("total", "spent", "said"),
    [
        (500, None, "412 of 500, 82%, 40.0/s, 0:02 left, $1.5000, 2 failed"),
        (None, None, "412, 40.0/s, 0:10, $1.5000, 2 failed"),
        (500, Decimal(3), "412 of 500, 82%, 40.0/s, 0:02 left, $3.0000, 2 failed"),
    ],
)
def test_how_far_a_run_is(total, spent, said, clock):
    """Those that were done before count for how far it is, not for how fast."""
    made = totals(
        clock=clock, seconds=10, valid=381, mended=29, failed=2, resumed=12, cost_usd=Decimal("1.5"), spent_usd=spent
    )
    assert progress_of(made, total).line() == said


@pytest.mark.parametrize(
    ("before", "done", "said"),
    [
        (0, 0, "0 of 412 written, 0%, 0:04, $1.5000, 2 failed"),
        (0, 103, "103 of 412 written, 25%, 25.8/s, 0:12 left, $1.5000, 2 failed"),
        (400, 406, "406 of 412 written, 98%, 1.5/s, 0:04 left, $1.5000, 2 failed"),
    ],
)
def test_how_far_its_outputs_are_in_the_end(before, done, said, clock):
    """Those that stand there already count for how far it is, not for how fast."""
    made = totals(clock=clock, seconds=10, valid=381, mended=29, failed=2, resumed=12, cost_usd=Decimal("1.5"))
    made.write(before)
    clock.time += 4
    made.write(done)
    assert progress_of(made, 500).line() == said


def test_one_document_in_parts_tells_how_many_are_read(clock):
    clock.time = 8
    made = Totals(_started=0.0, answered=2, asked=6)
    assert progress_of(made, 1).line() == "2 of 6 parts, 33%, 4.0 s each, 0:16 left, $0.0000"
    assert progress_of(made, 2).count == "0 of 2"


def test_before_the_first_document(clock):
    clock.time = 7
    assert progress_of(Totals(cost_usd=None, _started=0.0), 500).line() == "0 of 500, 0%, 0:07, cost unknown"


def taken(cost, before, *, asked=True):
    """An extraction that took over an earlier record."""
    attempts = (Attempt(Rung.ASK, "claude-haiku-5-5", "structured", ok=True),) if asked else ()
    note = TakenOver("0" * 64, "claude-haiku-5-5", ("/name",), cost_usd=before)
    document = Document.of("Ada.")
    return Extraction(document, "name", "0" * 64, "m", Outcome.VALID, attempts=attempts, cost_usd=cost, taken_over=note)


def test_what_was_taken_over_is_told_with_about_what_that_saved():
    made = Totals(_started=0.0)
    made.add(taken(Decimal("0.25"), Decimal(1)))
    made.add(taken(Decimal(0), Decimal(2), asked=False), repeated=2)
    saved = "1 in part taken over, which saved about $2.7500 (they had cost $3.0000 before)"
    assert summary(made).endswith(f"; 3 whole and {saved}")
    assert summary_json(made)["taken_over"] == {
        "whole": 3,
        "in_part": 1,
        "before_usd": "3",
        "cost_usd": "0.25",
        "saved_usd_about": "2.75",
    }
    made.outcomes[Outcome.VALID] = SHORT + 1
    assert f"taken over 4 3 whole and {saved.replace(' taken over', '')}" in " ".join(summary(made).split())


def test_no_more_is_saved_than_was_paid_and_of_an_unknown_price_it_is_not_known():
    made = Totals(_started=0.0)
    made.add(taken(Decimal(2), Decimal(1)))
    assert made.spared_usd == 0
    made.add(taken(Decimal(2), None))
    assert "which saved an unknown amount" in summary(made)
    assert "taken_over" not in Totals().to_json()


def test_while_batches_are_waited_for_that_is_told_in_place_of_a_time_left(clock):
    made = totals(clock=clock, seconds=90, valid=10, cost_usd=Decimal("0.01"))
    assert progress_of(made, 100).time.endswith("left")
    made.waiting = "wave 2, 90 requests in a batch until 2026-12-01 08:20"
    assert progress_of(made, 100).line() == (
        "10 of 100, 10%, 1:30, wave 2, 90 requests in a batch until 2026-12-01 08:20, $0.0100"
    )
