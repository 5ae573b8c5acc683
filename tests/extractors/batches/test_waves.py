"""Documents in waves of batches: the same records as live, at half the price, each request sent once."""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from decimal import Decimal

import pytest
from batching import masked, rows, run
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from slotfill.extractors.batches.custom_ids import read_custom_id
from slotfill.extractors.batches.result_reader import TRIES
from slotfill.extractors.batches.waves import BatchOptions
from slotfill.extractors.catalogue import prices
from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.simulator.simulated_reply import SimulatedReply

REPLIES = ("whole", "whole", "fenced", "missing", "wrong", "cut", "refused", "too long", "bad request", "empty")


def scripted(chosen):
    """Reply to each request by what it says alone: the same live and in a batch, however often it is sent."""

    def reply(asked):
        what = chosen[int(asked.digest[:8], 16) % len(chosen)]
        value = {"note": asked.document[:10].strip(), "urgency": 3}
        if what == "refused":
            return SimulatedReply((), "refusal", {"type": "refusal", "category": None, "explanation": "No."})
        if what == "too long":
            return ApiError(400, "invalid_request_error", "prompt is too long: 300000 tokens > 200000 maximum")
        if what == "bad request":
            return ApiError(400, "invalid_request_error", "This is not to be had.")
        if what == "cut":
            return SimulatedReply(({"type": "text", "text": json.dumps(value)[:20]},), "max_tokens")
        if what == "empty":
            return SimulatedReply((), "end_turn")
        if what == "missing":
            value.pop("note")
        if what == "wrong":
            value["urgency"] = 99
        wanted = {name: part for name, part in value.items() if name in asked.schema["properties"]}
        return f"```json\n{json.dumps(wanted)}\n```" if what == "fenced" else wanted

    return reply


def batched(claude):
    """Give the requests that came in batches."""
    return [entry for entry in claude.requests if entry.http.method == "BATCH"]


def created(claude):
    """Give the requests of each batch that was created."""
    return [json.loads(body)["requests"] for body in bodies(claude)]


def bodies(claude):
    """Give the body of each request that created a batch."""
    calls = [entry.http for entry in claude.requests if entry.http.path == "/v1/messages/batches"]
    return [call.body for call in calls if call.method == "POST"]


OPTIONS = st.sampled_from(
    (
        {},
        {"chunk_chars": 100},
        {"votes": 3},
        {"votes": 3, "escalate": "claude-opus-5-5"},
        {"model": ["claude-haiku-5-5", "claude-sonnet-5-5"]},
        {"retries": 0},
        {"mend": "off"},
    )
)


@settings(max_examples=15)
@given(st.lists(st.sampled_from(REPLIES), min_size=1, max_size=6), OPTIONS)
def test_the_same_replies_give_the_same_records(tmp_path_factory, chosen, options):
    folder = tmp_path_factory.mktemp("law")
    texts = [*rows(3), "row 3: long. " * 40]  # five that are refused alike would end the run
    live = run(SimulatedClaude(scripted(chosen), thinking_tokens=0), folder / "live", texts, batch=None, **options)
    waves = run(SimulatedClaude(scripted(chosen), thinking_tokens=0), folder / "waves", texts, **options)
    assert live.reason == waves.reason
    assert [*map(masked, live.records)] == [*map(masked, waves.records)]


def test_all_but_the_first_request_have_half_prices(tmp_path):
    claude = SimulatedClaude(scripted(["whole", "missing", "fenced"]))
    ended = run(claude, tmp_path / "run", rows(40))
    assert ended.reason is None
    assert len(ended.records) == 40
    attempts = [attempt for record in ended.records for attempt in record["attempts"] if attempt["rung"] != "mend"]
    (live,) = [attempt for attempt in attempts if "batch" not in attempt]
    assert live == ended.records[0]["attempts"][0]
    assert all(attempt["usage"].get("tier") == ("batch" if "batch" in attempt else None) for attempt in attempts)
    full = [prices.cost(entry.body["model"], replace(entry.usage, tier=None), ttl="1h") for entry in batched(claude)]
    first = prices.cost(live["model"], claude.requests[0].usage, ttl="1h")
    assert sum(Decimal(record["cost_usd"]) for record in ended.records) == first + sum(full) / 2
    assert ended.end.totals.spent_usd == sum(full) / 2  # a client that is given is metered by nobody


def test_each_request_is_sent_once_and_named_by_its_intent_and_digest(tmp_path):
    claude = SimulatedClaude(scripted(["whole", "missing"]))
    ended = run(claude, tmp_path / "run", rows(40))
    assert ended.reason is None
    names = [request["custom_id"] for batch in created(claude) for request in batch]
    assert len(set(names)) == len(names)
    for batch in created(claude):
        intents = {read_custom_id(request["custom_id"])[0] for request in batch}
        assert len(intents) == 1
    bodies = Counter(json.dumps(request["params"], sort_keys=True) for batch in created(claude) for request in batch)
    assert set(bodies.values()) == {1}
    places = {
        attempt["batch"]["custom_id"]: attempt["batch"]["id"]
        for record in ended.records
        for attempt in record["attempts"]
        if "batch" in attempt
    }
    assert sorted(places) == sorted(names)
    assert len(set(places.values())) == len(created(claude)) > 1


def test_equal_asks_are_sent_once_and_paid_once(tmp_path):
    claude = SimulatedClaude(scripted(["whole"]))
    texts = [*rows(1), *["the same text"] * 5, "another one"]
    ended = run(claude, tmp_path / "run", texts)
    assert len(ended.records) == 7
    assert len(batched(claude)) == 2


def test_what_fails_at_the_service_goes_with_the_next_wave_and_its_plan_is_not_told(tmp_path):
    claude = SimulatedClaude(scripted(["whole"]), faults=["batch_expired:0.1", "batch_errored:0.1"])
    ended = run(claude, tmp_path / "run", rows(60))
    assert ended.reason is None
    assert {record["outcome"] for record in ended.records} == {"valid"}
    assert all(len(record["attempts"]) == 1 for record in ended.records)
    failed = sum(bool(entry.faults) for entry in batched(claude)[:59])
    assert [len(batch) for batch in created(claude)][:2] == [59, failed]


def test_a_plan_is_told_after_five_waves(tmp_path):
    claude = SimulatedClaude(scripted(["whole"]), faults=["batch_errored"])
    ended = run(claude, tmp_path / "run", rows(3))
    assert [len(batch) for batch in created(claude)] == [2] * TRIES == [2] * 5
    assert [record["outcome"] for record in ended.records] == ["valid", "failed", "failed"]
    assert [record["error"]["type"] for record in ended.records[1:]] == ["server", "server"]
    claude.script(scripted(["whole"]))
    again = run(claude, tmp_path / "run", rows(3))  # another start asks them again
    assert [record["outcome"] for record in again.records] == ["valid"] * 3


def test_a_few_repairs_go_live(tmp_path):
    claude = SimulatedClaude(scripted(["whole", "missing"]))
    ended = run(claude, tmp_path / "run", rows(40), batch=BatchOptions(tail=50))
    assert ended.reason is None
    assert len(created(claude)) == 1
    assert sum(record["outcome"] == "patched" for record in ended.records) > 5
    assert all("batch" not in record["attempts"][-1] for record in ended.records if record["outcome"] == "patched")


def test_a_wrong_key_is_told_before_a_batch_is_created(tmp_path):
    claude = SimulatedClaude(key="another")
    ended = run(claude, tmp_path / "run", rows(40))
    assert "invalid x-api-key" in ended.reason
    assert not created(claude)


def test_a_schema_that_is_refused_in_one_mode_is_asked_in_the_next_one_in_all_of_the_batch(tmp_path):
    def reply(asked):
        if asked.tool is None:
            return ApiError(400, "invalid_request_error", "The compiled grammar is too large")
        return {"note": "a", "urgency": 1}

    claude = SimulatedClaude(reply)
    ended = run(claude, tmp_path / "run", rows(30))
    assert {record["outcome"] for record in ended.records} == {"valid"}
    assert len(batched(claude)) == 29
    assert all("tools" in entry.body for entry in batched(claude))


def test_a_batch_holds_no_more_than_it_may(tmp_path):
    claude = SimulatedClaude(scripted(["whole"]))
    ended = run(claude, tmp_path / "run", rows(31), batch=BatchOptions(tail=0, most_requests=7))
    assert [len(batch) for batch in created(claude)] == [7, 7, 7, 7, 2]
    assert len(ended.records) == 31


def test_a_batch_holds_no_more_bytes_than_it_may(tmp_path):
    claude = SimulatedClaude(scripted(["whole"]))
    run(claude, tmp_path / "run", rows(31), batch=BatchOptions(tail=0, most_bytes=10_000))
    sizes = [len(body) for body in bodies(claude)]
    assert len(sizes) > 2
    assert max(sizes) <= 10_000 < min(sizes[:-1]) + 2_500


class TestBudget:
    def test_what_is_spent_and_reserved_never_passes_it_and_the_same_command_goes_on(self, tmp_path):
        claude = SimulatedClaude(lambda asked: {"note": "camera" * 300, "urgency": 3})
        limit = Decimal("0.002")
        short = run(claude, tmp_path / "run", rows(60), start={"max_cost": limit})
        assert "of --max-cost" in short.reason
        assert 1 < len(short.records) < 60
        assert short.end.totals.spent_usd <= limit
        whole = run(claude, tmp_path / "run", rows(60))
        assert whole.reason is None
        assert len(whole.records) == 60
        asked = [entry for entry in claude.requests if entry.document is not None]
        assert Counter(entry.document for entry in asked).most_common(1)[0][1] == 1

    def test_the_worst_case_of_each_request_is_reserved_at_the_prices_of_batches(self, tmp_path):
        claude = SimulatedClaude(scripted(["whole"]), batch_seconds=3_600)
        run(claude, tmp_path / "run", rows(9), batch=BatchOptions(tail=0, waits=False))
        (requests,) = created(claude)
        worst = [
            prices.worst(params["model"], len(to_json(params)), params["max_tokens"], ttl="5m", tier="batch")
            for params in (request["params"] for request in requests)
        ]
        (ledger,) = (tmp_path / "run" / ".slotfill").glob("*.db")
        with closing(sqlite3.connect(ledger)) as database:
            held = database.execute("SELECT picodollars FROM tries JOIN batch_requests ON number = try").fetchall()
        assert sorted(Decimal(amount) / 10**12 for (amount,) in held) == sorted(worst)

    def test_batches_are_as_large_as_what_is_left_allows(self, tmp_path):
        claude = SimulatedClaude(scripted(["whole"]))
        ended = run(claude, tmp_path / "run", rows(60), start={"max_cost": Decimal("0.02")})
        assert ended.reason is None
        assert len(created(claude)) > 1
        assert len(ended.records) == 60


def test_a_run_that_has_left_batches_is_not_asked_live(tmp_path):
    claude = SimulatedClaude(scripted(["whole"]), batch_seconds=3_600)
    left = run(claude, tmp_path / "run", rows(9), batch=BatchOptions(waits=False))
    assert "the same command reads" in left.reason
    assert any("left with the service" in message for message in left.messages)
    with pytest.raises(Exception, match="not read yet: go on with --batch"):
        run(claude, tmp_path / "run", rows(9), batch=None)
    fresh = run(claude, tmp_path / "run", rows(9), batch=None, start={"fresh": True})
    assert len(fresh.records) == 9
    assert any("a batch of an earlier start may be with the service" in message for message in fresh.messages)


def test_a_schema_with_an_unknown_model_price_runs_without_a_budget(tmp_path):
    claude = SimulatedClaude(scripted(["whole"]), models=["claude-unheard-of"])
    ended = run(claude, tmp_path / "run", rows(5), model="claude-unheard-of")
    assert ended.reason is None
    assert {record["cost_usd"] for record in ended.records} == {None}
