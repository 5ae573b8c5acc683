"""Batches of a service where calls go wrong: each is created once, found again, waited for, read whole."""

import asyncio
import os
import signal
import time
from collections import Counter
from decimal import Decimal

import pytest
from batching import rows, run

from slotfill.extractors.batches import batch_runner, orphans
from slotfill.extractors.batches.waves import BatchOptions
from slotfill.extractors.testing.batching.batch_calls import BatchLimits
from slotfill.extractors.testing.claude import SimulatedClaude

VALUE = {"note": "camera", "urgency": 3}
KEY = "sk-ant-nobody-is-to-find-it"


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch):
    """Let waits be short: what is waited for here has happened already."""
    monkeypatch.setattr(batch_runner, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(batch_runner, "LONGEST_PAUSE", 0.02)
    monkeypatch.setattr(batch_runner, "HALT_SECONDS", 0.01)
    monkeypatch.setattr(batch_runner, "GRACE", 0.5)


def claude(*faults, replies=VALUE, **options):
    return SimulatedClaude(lambda _: replies, faults=faults, **options)


def seen(service):
    """Count how often each request was answered, live or in a batch."""
    return Counter(entry.http.body for entry in service.requests if entry.document is not None)


def assert_once(service, ended, documents=20):
    assert ended.reason is None
    assert [record["outcome"] for record in ended.records] == ["valid"] * documents
    assert set(seen(service).values()) == {1}
    assert seen(service).total() == documents


@pytest.mark.parametrize(
    "fault",
    [
        *("create_429@1", "create_529@1", "create_500@1", "create_refused@1", "create_lost@1", "create_lost@1-2"),
        *("create_502@1", "create_504@1", "retrieve_502@1", "retrieve_504@1", "results_502@1", "results_504@1"),
        *("retrieve_429@1", "retrieve_500@1", "retrieve_529@1", "retrieve_lost@1", "retrieve_refused@1"),
        *("results_429@1", "results_500@1", "results_lost@1", "results_cut@1", "results_short@1"),
    ],
)
def test_each_request_is_answered_once_whatever_call_goes_wrong(fault, tmp_path):
    service = claude(fault)
    assert_once(service, run(service, tmp_path / "run", rows(20)))


@pytest.mark.parametrize("fault", ["list_429@1", "list_500@1", "list_lost@1", "list_502@1"])
def test_a_batch_whose_reply_was_lost_is_found_though_the_list_fails(fault, tmp_path):
    service = claude("create_lost@1", fault)
    ended = run(service, tmp_path / "run", rows(20))
    assert_once(service, ended)
    assert any("is the one whose reply was lost" in message for message in ended.messages)


def test_a_lost_batch_that_is_worked_on_is_waited_for_and_told_from_another_s(tmp_path):
    service = claude("create_lost@1", batch_seconds=1.5)
    for number in range(3):  # as large, by somebody else
        service.add_foreign_batch([f"theirs-{number}-{name}" for name in range(19)], seconds=number)
    assert_once(service, run(service, tmp_path / "run", rows(20)))


def test_a_batch_of_another_run_of_ours_is_not_taken_for_it(tmp_path):
    service = claude("create_lost@1-2")
    first = run(service, tmp_path / "first", rows(20))
    texts = [f"another {text}" for text in rows(20)]
    second = run(service, tmp_path / "second", texts)
    assert first.reason is second.reason is None
    assert set(seen(service).values()) == {1}
    assert {record["value"]["note"] for record in second.records} == {"camera"}


def test_nor_is_a_later_one_by_which_somebody_else_has_gone_on(tmp_path):
    service, batch = claude("create_lost@1", batch_seconds=0.5), BatchOptions(tail=0, waits=False)
    run(service, tmp_path / "first", rows(20), batch=batch)
    run(service, tmp_path / "second", [f"another {text}" for text in rows(20)])
    again = run(service, tmp_path / "first", rows(20))
    assert [record["outcome"] for record in again.records] == ["valid"] * 20
    assert set(seen(service).values()) == {1}


def test_what_was_surely_not_sent_is_not_looked_for(tmp_path):
    ended = run(claude("create_refused@1"), tmp_path / "run", rows(20))
    assert ended.reason is None
    assert not any("looked for" in message for message in ended.messages)


def test_a_batch_that_was_never_created_is_sent_after_a_while(tmp_path):
    service = claude("create_500@1")
    begun = time.monotonic()
    assert_once(service, run(service, tmp_path / "run", rows(20)))
    assert time.monotonic() - begun >= batch_runner.GRACE
    assert orphans.GRACE == 30
    again = run(service, tmp_path / "run", rows(20))
    assert again.end.totals.spent_usd == cost_of_batches(again)


def cost_of_batches(ended):
    """Add up what the batches of a run have cost: what the run's own client asks live, nobody counts."""
    return sum(Decimal(one["cost_usd"]) for one in ended.records if "batch" in one["attempts"][0])


def test_results_that_always_lack_some_have_these_asked_again(tmp_path):
    service = claude("results_short@1-3")
    ended = run(service, tmp_path / "run", rows(20))
    assert ended.reason is None
    assert [record["outcome"] for record in ended.records] == ["valid"] * 20
    assert any("to be asked again" in message for message in ended.messages)


def test_results_that_are_archived_are_asked_for_again_with_a_warning(tmp_path):
    service = claude("create_archived@1")
    ended = run(service, tmp_path / "run", rows(20))
    assert [record["outcome"] for record in ended.records] == ["valid"] * 20
    assert any(message.startswith("warning: batch") and "archived" in message for message in ended.messages)


@pytest.mark.parametrize(
    ("fault", "told"), [("create_400@1", "the service takes no batch"), ("create_403@1", "use a key that may")]
)
def test_a_batch_that_is_refused_ends_the_run_and_nothing_is_held_for_it(fault, told, tmp_path):
    service = claude(fault)
    ended = run(service, tmp_path / "run", rows(20))
    assert told in ended.reason
    assert ended.end.totals.spent_usd == 0
    again = run(service, tmp_path / "run", rows(20))
    assert_once(service, again)
    assert not any("going on with a batch" in message for message in again.messages)  # it is known not to be there


@pytest.mark.parametrize("call", ["retrieve", "results"])
def test_a_batch_that_the_key_may_not_see_ends_the_run_and_the_next_start_reads_it(call, tmp_path):
    service = claude(f"{call}_403@1")
    ended = run(service, tmp_path / "run", rows(20))
    assert "use a key that may" in ended.reason
    assert [one.faults for one in service.requests if one.faults] == [(f"{call}_403",)]
    assert_once(service, run(service, tmp_path / "run", rows(20)))


def test_a_refusal_that_passes_is_waited_out_but_not_for_ever(tmp_path, monkeypatch):
    monkeypatch.setenv("SLOTFILL_MAX_WAIT", "0.2")
    service = claude("create_529")
    ended = run(service, tmp_path / "run", rows(20))
    assert "the service takes no batch" in ended.reason
    assert 3 < [entry.http.path for entry in service.requests].count("/v1/messages/batches") < 50


def test_as_long_as_the_service_asks_for(tmp_path, monkeypatch):
    paused = []

    async def pause(_, seconds):
        paused.append(seconds)
        await asyncio.sleep(0)

    monkeypatch.setattr(batch_runner.BatchRunner, "_pause", pause)
    assert_once(service := claude("create_429@1"), run(service, tmp_path / "run", rows(20)))
    assert paused[0] == 1


def test_a_signal_while_that_is_waited_for_sends_no_batch(tmp_path, monkeypatch):
    service = claude("create_429@1")
    monkeypatch.setattr(batch_runner.BatchRunner, "_pause", interrupting)
    ended = run(service, tmp_path / "run", rows(20))
    assert ended.reason == "interrupted"
    assert [entry.http.path for entry in service.requests].count("/v1/messages/batches") == 1


def test_what_an_earlier_start_has_reserved_is_not_counted_twice(tmp_path):
    service = claude(batch_seconds=1)
    run(service, tmp_path / "run", rows(20), batch=BatchOptions(tail=0, waits=False))
    ended = run(service, tmp_path / "run", rows(20))
    assert ended.end.totals.spent_usd == cost_of_batches(ended) > 0


def test_a_gateway_that_takes_less_gets_it_in_parts(tmp_path):
    service = claude(batch_limits=BatchLimits(body_bytes=12_000))
    ended = run(service, tmp_path / "run", rows(20))
    assert_once(service, ended)
    sizes = [len(entry.http.body) for entry in service.requests if entry.http.path == "/v1/messages/batches"]
    assert max(sizes) > 12_000 >= sizes[-1]


def test_and_one_that_takes_not_even_one_ends_the_run(tmp_path):
    service = claude(batch_limits=BatchLimits(body_bytes=500))
    ended = run(service, tmp_path / "run", rows(4))
    assert "the service takes no batch" in ended.reason
    assert [entry.http.path for entry in service.requests].count("/v1/messages/batches") == 2  # of three, then of one


def test_a_service_that_goes_away_ends_the_run_and_the_same_command_goes_on(tmp_path, monkeypatch):
    monkeypatch.setenv("SLOTFILL_MAX_WAIT", "0.2")
    service = claude("retrieve_500")
    ended = run(service, tmp_path / "run", rows(20))
    assert "has not told of its batches" in ended.reason
    assert any("which works on: 19 requests in a batch" in message for message in ended.messages)
    service.script(lambda _: VALUE)
    again = run(service, tmp_path / "run", rows(20))
    assert_once(service, again)
    assert any("going on with a batch" in message for message in again.messages)


def test_failures_with_replies_between_them_are_no_outage(tmp_path, monkeypatch):
    monkeypatch.setenv("SLOTFILL_MAX_WAIT", "0.2")
    service = claude("retrieve_500@1-3", "retrieve_500@20-22", batch_seconds=2)
    assert_once(service, run(service, tmp_path / "run", rows(20)))


def test_a_batch_of_another_workspace_is_asked_for_with_its_key_and_nothing_is_sent_again(tmp_path):
    service, other = claude(batch_seconds=3_600), claude()
    left = run(service, tmp_path / "run", rows(20), batch=BatchOptions(tail=0, waits=False))
    assert "the same command reads" in left.reason
    ended = run(other, tmp_path / "run", rows(20))
    assert "use the key of the workspace" in ended.reason
    assert not other.usage.output_tokens


def test_what_was_cancelled_stays_pending_and_the_next_start_asks_it(tmp_path):
    service = claude("batch_canceled@1-5")
    ended = run(service, tmp_path / "run", rows(20))
    assert "5 requests were cancelled" in ended.reason
    assert len(ended.records) == 15
    service.script(lambda _: VALUE)
    assert_once_each = run(service, tmp_path / "run", rows(20))
    assert [record["outcome"] for record in assert_once_each.records] == ["valid"] * 20
    assert max(seen(service).values()) <= 2  # a cancelled one came twice, and was not billed


@pytest.mark.parametrize(
    "fault", ["batch_overloaded@1-4", "batch_limited@1-4", "batch_errored@1-4", "batch_expired@1-4"]
)
def test_what_fails_at_the_service_is_held_and_paid_for_by_nobody(fault, tmp_path):
    service = claude(fault)
    ended = run(service, tmp_path / "run", rows(6))
    assert [record["outcome"] for record in ended.records] == ["valid", *["failed"] * 4, "valid"]
    assert all(len(record["attempts"]) == 1 for record in ended.records)
    assert all(Decimal(record["cost_usd"]) == 0 for record in ended.records if record["error"])


def test_an_invalid_request_is_an_answer(tmp_path):
    service = claude("batch_invalid@2")
    ended = run(service, tmp_path / "run", rows(9))
    assert Counter(record["outcome"] for record in ended.records) == {"valid": 8, "failed": 1}
    assert [entry.http.path for entry in service.requests].count("/v1/messages/batches") == 1


def test_no_credential_that_a_result_says_again_is_kept(tmp_path):
    service = claude(replies={"note": f"it was {KEY}", "urgency": 3}, key=KEY)
    ended = run(service, tmp_path / "run", rows(9), client=service.async_client(api_key=KEY))
    assert ended.reason is None
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


async def interrupting(*_):
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.sleep(0.05)


def test_a_signal_leaves_the_batches_with_the_service(tmp_path, monkeypatch):
    service = claude(batch_seconds=3_600)
    monkeypatch.setattr(batch_runner.BatchRunner, "_pause", interrupting)
    ended = run(service, tmp_path / "run", rows(20))
    assert ended.reason == "interrupted"
    assert any(
        "which works on: 19 requests in a batch: the same command goes on" in message for message in ended.messages
    )
