"""Runs by HTTP: many documents of one request, over the simulated Claude, from the upload to the results."""

import asyncio
import io
import json
import shutil
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import anthropic
import pytest
from waiting import wait_for

from slotfill.extractors.runs.ledger.costs import costs_of
from slotfill.extractors.runs.ledger.identity import ledgers_of
from slotfill.extractors.serving.runs.run_store import purge_runs
from slotfill.extractors.serving.runs.service_run import KEY_REVOKED, RunLimits
from slotfill.extractors.settings import Settings
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served
from slotfill.extractors.testing.simulator.clock import Clock

VALUE = {"sentiment": "negative", "key_issues": ["late"], "urgency": 3, "suggested_action": "Refund."}
PERSON = {"title": "person", "type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}


def documents(count, first=0):
    return [{"text": f"Mail {number}: it came late.", "id": f"mail-{number}"} for number in range(first, first + count)]


def begin(client, count=3, **how):
    body = {"schema": "feedback", "documents": documents(count), **how}
    answer = client.post("/v1/runs", json=body)
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def until(client, run, *statuses, seconds=60):
    """Wait until a run has one of these statuses, and give it as it is told."""
    end = time.monotonic() + seconds
    while (told := client.get(f"/v1/runs/{run}").json())["status"] not in statuses:
        assert time.monotonic() < end, told
        time.sleep(0.05)
    return told


def over(client, run):
    return until(client, run, "stopped", "cancelled", "finished", "failed")


def records(client, run):
    answer = client.get(f"/v1/runs/{run}/results")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def sources(client, run):
    return [record["document"]["source"] for record in records(client, run)]


class GatedClock(Clock):
    """Lets replies that are slow wait until it is opened."""

    def __init__(self):
        self.opened = threading.Event()

    async def asleep(self, seconds):
        if seconds:
            await asyncio.to_thread(self.opened.wait)


@pytest.fixture
def claude():
    simulated = SimulatedClaude(lambda request: VALUE, clock=GatedClock())
    yield simulated
    simulated.clock.opened.set()


def hold(claude, requests):
    """Have the replies to some requests, by their numbers, wait until what is returned is called."""
    claude.script(lambda request: VALUE, faults=[f"slow_first_byte@{requests}"])
    return claude.clock.opened.set


def at_the_model(claude, count):
    """Wait until so many requests have come."""
    wait_for(lambda: len(claude.requests) >= count)


class TestRun:
    def test_its_records_come_in_the_inputs_order(self, service_at, claude):
        with service_at.client() as client:
            body = {"schema": "feedback", "documents": [*documents(20), {"text": " "}], "labels": {"team": "a"}}
            answer = client.post("/v1/runs", json=body)
            run = answer.json()["id"]
            assert (answer.status_code, answer.headers["Location"]) == (202, f"/v1/runs/{run}")
            assert len(run) > 32
            told = over(client, run)
            (listed,) = client.get("/v1/runs").json()["runs"]
            found = records(client, run)
            head = client.get(f"/v1/runs/{run}/results").headers
        assert (told["status"], told["code"]) == ("finished", None)
        assert told["documents"] == {
            "read": 21,
            "ended": 21,
            "extracted": 20,
            "outcomes": {"valid": 20, "failed": 1},
        }
        assert Decimal(told["cost_usd"]) == sum(Decimal(record["cost_usd"]) for record in found)
        assert told["usage"]["output_tokens"] == sum(record["usage"]["output_tokens"] for record in found)
        assert listed["id"] == run
        assert [record["document"]["source"] for record in found] == [*(f"mail-{n}" for n in range(20)), None]
        assert [record["outcome"] for record in found] == ["valid"] * 20 + ["failed"]
        assert found[0]["value"] == VALUE
        assert (head["X-Run-Status"], head["X-Run-Over"]) == ("finished", "true")
        assert len(claude.requests) == 20

    def test_what_has_ended_is_there_while_it_is_at_work(self, service_at, claude):
        go_on = hold(claude, "3-1000")
        with service_at.client() as client:
            run = begin(client, 6)
            at_the_model(claude, 4)
            told = wait_for(lambda: told_of(client, run, ended=2))
            answer = client.get(f"/v1/runs/{run}/results")
            assert (told["status"], answer.headers["X-Run-Over"]) == ("running", "false")
            assert len(answer.text.splitlines()) == 2
            go_on()
            over(client, run)
            assert sources(client, run) == [f"mail-{number}" for number in range(6)]

    def test_a_schema_of_the_request(self, running, claude):
        claude.script(lambda request: {"age": 3})
        with running(allow_schemas=True) as one, one.client() as client:
            run = begin(client, 2, schema=PERSON)
            told = over(client, run)
            assert (told["status"], told["schema"]["name"]) == ("finished", "person")
            assert [record["value"] for record in records(client, run)] == [{"age": 3}] * 2

    def test_costs_are_those_of_its_key(self, service_at, tmp_path):
        secret = service_at.keys.add("billing", labels={"team": "money"})
        with service_at.client(secret) as client:
            run = begin(client, labels={"feature": "inbox"})
            told = over(client, run)
            assert client.delete(f"/v1/runs/{run}").status_code == 204
        totals = costs_of(ledgers_of(None, Settings.read()), "label").rows
        names = {"key=billing", "team=money", "feature=inbox"}
        assert names <= totals.keys()
        assert {str(totals[name].usd) for name in names} == {told["cost_usd"]}


class TestUpload:
    def upload(self, client, *files, **fields):
        sent = [("file", (name, data, "application/octet-stream")) for name, data in files]
        return client.post("/v1/runs", files=sent, data={"schema": "feedback", **fields})

    def test_rows_and_files_are_read_as_on_the_command_line(self, service_at):
        rows = "".join(json.dumps({"body": f"Row {n} came late.", "no": n, "lang": "en"}) + "\n" for n in range(3))
        mail = b"From: a@example.com\r\nSubject: Late\r\nContent-Type: text/plain\r\n\r\nIt came late.\r\n"
        with service_at.client() as client:
            answer = self.upload(
                client, ("rows.jsonl", rows), ("mail.eml", mail), text_field="body", id_field="no", keep="lang"
            )
            run = answer.json()["id"]
            assert over(client, run)["status"] == "finished"
            found = records(client, run)
        assert [record["document"]["source"] for record in found] == [
            "rows.jsonl#0",
            "rows.jsonl#1",
            "rows.jsonl#2",
            "mail.eml",
        ]
        assert found[0]["document"]["columns"] == {"lang": "en"}
        assert all(record["outcome"] == "valid" for record in found)

    def test_a_pdf_is_read_too(self, service_at, claude):
        import pypdfium2

        page = io.BytesIO()
        pdf = pypdfium2.PdfDocument.new()
        pdf.new_page(200, 200)
        pdf.save(page)
        with service_at.client() as client:
            run = self.upload(client, ("scan.pdf", page.getvalue())).json()["id"]
            assert over(client, run)["status"] == "finished"
            (record,) = records(client, run)
        assert record["document"]["source"] == "scan.pdf"

    @pytest.mark.parametrize(
        ("files", "fields", "status", "code"),
        [
            ([("rows.jsonl", '{"body": "x"}\n')], {}, 422, "bad_rows"),
            ([("a.txt", "x")], {"schema": "other"}, 404, "unknown_schema"),
            ([("a.txt", "x")], {"more": "1"}, 422, "bad_form"),
            ([("a.txt", "x")], {"schema": "{"}, 422, "bad_form"),
            ([("a.txt", "x")], {"labels": "[]"}, 422, "bad_body"),
            ([("rows.jsonl", '{"text": "x"}\n' * 6)], {}, 413, "too_many_documents"),
            ([("large.txt", "x" * 60_000)], {}, 413, "too_large"),
        ],
    )
    def test_what_cannot_be_one_is_refused(self, running, claude, files, fields, status, code):  # noqa: PLR0917
        with running(runs=RunLimits(documents=5, size=50_000), most_bytes=10_000) as one, one.client() as client:
            answer = self.upload(client, *files, **fields)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
            assert client.get("/v1/runs").json() == {"runs": []}
        assert not claude.requests

    def test_files_may_be_larger_than_other_bodies(self, running):
        with running(runs=RunLimits(size=50_000), most_bytes=10_000) as one, one.client() as client:
            assert self.upload(client, ("a.txt", "late " * 6_000)).status_code == 202
            large = {"schema": "feedback", "documents": [{"text": "late " * 6_000}]}
            assert client.post("/v1/runs", json=large).status_code == 413


class TestWhose:
    def test_another_keys_run_is_not_told_of(self, service_at):
        first, second = service_at.keys.add("first"), service_at.keys.add("second")
        with service_at.client(first) as client:
            run = begin(client, 1)
            over(client, run)
        with service_at.client(second) as client:
            for method, path in [
                ("GET", ""),
                ("GET", "/results"),
                ("POST", "/cancel"),
                ("POST", "/resume"),
                ("DELETE", ""),
            ]:
                answers = [client.request(method, f"/v1/runs/{name}{path}") for name in (run, "run_" + "0" * 32, "..")]
                assert {answer.status_code for answer in answers} == {404}
                assert answers[0].json()["code"] == answers[1].json()["code"]
            assert client.get("/v1/runs").json() == {"runs": []}
        with service_at.client("sf_nobody") as client:
            assert client.get(f"/v1/runs/{run}").status_code == 401
            assert client.post("/v1/runs", json={}).status_code == 401

    def test_its_files_are_its_owners_alone(self, service_at, tmp_path):
        with service_at.client() as client:
            run = begin(client, 1)
            over(client, run)
        folder = tmp_path / "service-runs" / run
        files = [folder, *folder.rglob("*"), tmp_path / f"service-{run}.db"]
        assert not [file for file in files if file.stat().st_mode & 0o077]


class TestPurge:
    def test_what_is_over_so_long_goes_by_key(self, service_at, tmp_path):
        secret, other = service_at.keys.add("one"), service_at.keys.add("other")
        with service_at.client(secret) as client, service_at.client(other) as beside:
            run, kept = begin(client, 1), begin(beside, 1)
            over(client, run)
            over(beside, kept)
            later, before = datetime.now(UTC) + timedelta(days=1), datetime.now(UTC) - timedelta(days=1)
            assert purge_runs(tmp_path, before, {}) == 0
            assert purge_runs(tmp_path, later, {"key": "one"}, dry_run=True) == 1
            assert client.get(f"/v1/runs/{run}").status_code == 200
            assert purge_runs(tmp_path, later, {"key": "one"}) == 1
            assert client.get(f"/v1/runs/{run}").status_code == 404
            assert beside.get(f"/v1/runs/{kept}").status_code == 200
        assert not (tmp_path / "service-runs" / run).exists()


def test_runs_go_when_they_have_been_kept_for_their_time(running, tmp_path):
    with running() as one, one.client(one.keys.add("support")) as client:
        run = begin(client)
        cost = over(client, run)["cost_usd"]
        assert client.get("/v1/schemas").json()["retention"]["runs"]["seconds"] is None
    with running(runs=RunLimits(retention=timedelta(hours=1))) as one, one.client(one.keys.add("support")) as client:
        assert client.get("/v1/schemas").json()["retention"]["runs"]["seconds"] == 3600
        assert len(records(client, run)) == 3
    with running(runs=RunLimits(retention=timedelta(0))) as one, one.client(one.keys.add("support")) as client:
        end = time.monotonic() + 60
        while client.get(f"/v1/runs/{run}").status_code != 404:
            assert time.monotonic() < end
            time.sleep(0.05)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in files if b"Refund." in path.read_bytes() or b"it came late" in path.read_bytes()] == []
    assert str(costs_of(ledgers_of(None, Settings.read()), "label").rows["key=support"].usd) == cost


class TestEnd:
    def test_one_that_is_cancelled_keeps_what_it_has(self, service_at, claude):
        go_on = hold(claude, "3-1000")
        with service_at.client() as client:
            run = begin(client, 40)
            at_the_model(claude, 6)  # two were answered, and four are held: so many places runs have
            assert client.delete(f"/v1/runs/{run}").status_code == 409
            assert client.post(f"/v1/runs/{run}/cancel").status_code == 202
            go_on()
            told = over(client, run)
            assert told["status"] == "cancelled"
            assert told["documents"]["ended"] == len(claude.requests) == 6
            assert client.post(f"/v1/runs/{run}/resume").status_code == 202
            assert over(client, run)["status"] == "finished"
            assert sources(client, run) == [f"mail-{number}" for number in range(40)]
            assert client.post(f"/v1/runs/{run}/resume").status_code == 409
            assert client.delete(f"/v1/runs/{run}").status_code == 204
            assert client.get(f"/v1/runs/{run}").status_code == 404
        assert len(claude.requests) == 40

    def test_one_that_waits_is_cancelled_at_once(self, running, claude):
        go_on = hold(claude, "1-1000")
        with running(runs=RunLimits(at_once=1)) as one, one.client() as client:
            first, second = begin(client), begin(client)
            at_the_model(claude, 3)
            client.post(f"/v1/runs/{second}/cancel")
            assert client.get(f"/v1/runs/{second}").json()["status"] == "cancelled"
            go_on()
            assert over(client, first)["status"] == "finished"
            assert records(client, second) == []

    def test_what_a_key_may_spend_stops_it_and_more_goes_on(self, service_at, claude):
        secret = service_at.keys.add("poor", usd_a_day=Decimal("0.0022"))
        with service_at.client(secret) as client:
            run = begin(client, 30)
            told = over(client, run)
            assert (told["status"], told["code"]) == ("stopped", "budget")
            assert Decimal(told["cost_usd"]) <= Decimal("0.0022")
            paid = len(claude.requests)
            assert 0 < told["documents"]["ended"] == paid < 30
        secret = service_at.keys.add("poor")
        with service_at.client(secret) as client:
            client.post(f"/v1/runs/{run}/resume")
            assert over(client, run)["status"] == "finished"
        assert len(claude.requests) == 30

    def test_a_revoked_keys_run_stops(self, service_at, claude):
        go_on = hold(claude, "2-1000")
        secret = service_at.keys.add("gone")
        with service_at.client(secret) as client:
            run = begin(client, 40)
            at_the_model(claude, 3)
            service_at.keys.revoke("gone")
            go_on()
            store = service_at.runs.store
            assert wait_for(lambda: store.state(run).status == "stopped")
            assert store.state(run).code == "key_revoked"
        assert len(claude.requests) < 40

    def test_it_stops_also_while_it_asks_nothing(self, service_at, claude):
        """It waits for its reply, and so looks at no key itself: the queue does, every other second."""
        go_on = hold(claude, "1-1000")
        with service_at.client(service_at.keys.add("gone")) as client:
            run = begin(client, 1)
            at_the_model(claude, 1)
        engine = service_at.runs._taken[run].run
        service_at.keys.revoke("gone")
        try:
            wait_for(lambda: engine._ending is KEY_REVOKED, seconds=20)
        finally:
            go_on()
        store = service_at.runs.store
        assert wait_for(lambda: store.state(run).status.is_over)
        assert len(claude.requests) == 1

    def test_what_the_next_server_cannot_go_on_with_says_why(self, running, claude, tmp_path):
        person = tmp_path / "person.json"
        person.write_text(json.dumps(PERSON))
        go_on = hold(claude, "1-1000")
        with running("feedback", "sentiment", str(person), grace=1, runs=RunLimits(at_once=1)) as one:
            keys, secret = one.keys, one.keys.add()
            with one.client(secret) as client:
                large = begin(client, 6)
                at_the_model(claude, 1)
                changed, unserved = begin(client, 1, schema="person"), begin(client, 1, schema="sentiment")
        go_on()
        person.write_text(json.dumps({**PERSON, "required": []}))
        with (
            running("feedback", str(person), keys=keys, runs=RunLimits(documents=5)) as one,
            one.client(secret) as client,
        ):
            codes = [(told["status"], told["code"]) for told in (over(client, large), over(client, changed))]
            told = wait_for(lambda: (told := client.get(f"/v1/runs/{unserved}").json())["code"] and told)
            assert (told["status"], told["code"]) == ("queued", "schema_not_served")
            assert "'sentiment'" in told["detail"]
        assert codes == [("failed", "too_many_documents"), ("failed", "schema_changed")]
        with running("sentiment", keys=keys) as one, one.client(secret) as client:
            told = over(client, unserved)
            assert (told["status"], told["code"]) == ("finished", None)


class TestBatches:
    def test_those_of_a_revoked_key_are_cancelled(self, running, monkeypatch):
        claude = SimulatedClaude(lambda request: VALUE, batch_seconds=3_600)
        with served(claude) as url:
            monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
            with running() as one:
                secret = one.keys.add("gone")
                with one.client(secret) as client:
                    body = {"schema": "feedback", "documents": documents(80)}
                    runs = [client.post("/v1/runs?batch=true", json=body).json()["id"] for _ in range(2)]
                    for run in runs:
                        wait_for(lambda: batched(client, run))  # noqa: B023 - it is called at once
                one.keys.revoke("gone")
                store = one.runs.store
                for run in runs:
                    wait_for(lambda: store.state(run).code == "key_revoked")  # noqa: B023 - likewise
            with anthropic.Anthropic(base_url=url, api_key="x") as client:
                states = [batch.processing_status for batch in client.messages.batches.list()]
            assert len(states) == 2
            assert set(states) <= {"canceling", "ended"}

    def test_also_where_it_was_revoked_before_the_next_start(self, running, monkeypatch):
        claude = SimulatedClaude(lambda request: VALUE, batch_seconds=3_600)
        with served(claude) as url:
            monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
            with running() as one:
                keys, secret = one.keys, one.keys.add("gone")
                with one.client(secret) as client:
                    body = {"schema": "feedback", "documents": documents(80)}
                    run = client.post("/v1/runs?batch=true", json=body).json()["id"]
                    wait_for(lambda: batched(client, run))
            keys.revoke("gone")
            with running(keys=keys) as one:
                wait_for(lambda: one.runs.store.state(run).code == "key_revoked")
            with anthropic.Anthropic(base_url=url, api_key="x") as client:
                (state,) = [batch.processing_status for batch in client.messages.batches.list()]
        assert state in {"canceling", "ended"}

    def test_its_requests_go_into_batches(self, service_at, claude):
        with service_at.client() as client:
            body = {"schema": "feedback", "documents": documents(80)}
            run = client.post("/v1/runs?batch=true", json=body).json()["id"]
            assert over(client, run)["status"] == "finished"
            assert sources(client, run) == [f"mail-{number}" for number in range(80)]
            tiers = Counter(record["attempts"][0]["usage"].get("tier") for record in records(client, run))
            assert tiers == {"batch": 79, None: 1}  # the first one is asked live: a wrong schema is told in seconds

    def test_a_restart_reads_them_and_a_cancel_ends_them(self, running, tmp_path, monkeypatch):
        claude = SimulatedClaude(lambda request: VALUE, batch_seconds=3_600)
        with served(claude) as url:
            monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
            with running() as one:
                keys, secret = one.keys, one.keys.add()
                with one.client(secret) as client:
                    body = {"schema": "feedback", "documents": documents(80)}
                    run, other = (client.post("/v1/runs?batch=true", json=body).json()["id"] for _ in range(2))
                    for name in (run, other):
                        told = wait_for(lambda: batched(client, name))  # noqa: B023 - it is called at once
                        assert (told["status"], told["batches"][0]["requests"]) == ("running", 79)
            with running(keys=keys) as one, one.client(secret) as client:
                assert wait_for(lambda: one.runs.taken == {run, other})
                client.post(f"/v1/runs/{other}/cancel")
                assert over(client, other)["status"] == "cancelled"
                claude.end_batches()
                assert over(client, run)["status"] == "finished"
                assert len(records(client, run)) == 80
                client.post(f"/v1/runs/{other}/resume")
                wait_for(lambda: batched(client, other, wave=2))
                claude.end_batches()
                assert over(client, other)["status"] == "finished"
        counts = Counter(request.usage.tier for request in claude.requests if request.document)
        assert counts["batch"] == 79 + 78  # the second time one more had been asked live before


class TestSharing:
    def test_a_request_does_not_wait_for_runs(self, running, claude):
        """Runs leave places, also to a request of their own key."""
        go_on = hold(claude, "1-2")
        with running(concurrency=4, runs=RunLimits(at_once=2)) as one:
            first, second = one.keys.add("first"), one.keys.add("second")
            with one.client(first) as client, one.client(second) as other:
                runs = [begin(client, 30), begin(other, 30)]
                at_the_model(claude, 2)
                for secret in (first, second):
                    assert one.post(secret=secret, text="A person waits.").status_code == 200
                assert len(claude.requests) == 4
                go_on()
                assert over(client, runs[0])["status"] == over(other, runs[1])["status"] == "finished"

    def test_a_run_waits_for_what_its_key_may_ask_a_minute(self, service_at, claude):
        secret = service_at.keys.add("slow", rpm=8)
        with service_at.client(secret) as client:
            run = begin(client, 30)
            wait_for(lambda: told_of(client, run, ended=5))
            assert client.get(f"/v1/runs/{run}").json()["status"] == "running"
            assert service_at.post(secret=secret, text="A person waits.").status_code == 200
            assert len(claude.requests) <= 8
            client.post(f"/v1/runs/{run}/cancel")
            assert over(client, run)["status"] == "cancelled"

    def test_so_many_are_queued_a_key(self, running, claude):
        go_on = hold(claude, "1-1000")
        with running(runs=RunLimits(at_once=1, queued=2)) as one, one.client() as client:
            runs = [begin(client), begin(client)]
            answer = client.post("/v1/runs", json={"schema": "feedback", "documents": documents(1)})
            assert (answer.status_code, answer.json()["code"]) == (429, "too_many_runs")
            go_on()
            assert [over(client, run)["status"] for run in runs] == ["finished"] * 2


class TestAskingTwice:
    def test_a_request_of_one_name_is_one_run(self, service_at, claude):
        secret = service_at.keys.add(rpm=60)
        body = {"schema": "feedback", "documents": documents(2)}
        with service_at.client(secret) as client:
            answers = [client.post("/v1/runs", json=body, headers={"Idempotency-Key": "a"}) for _ in range(2)]
            other = client.post("/v1/runs", json={**body, "labels": {"a": "b"}}, headers={"Idempotency-Key": "a"})
            runs = {answer.json()["id"] for answer in answers}
            assert len(runs) == len(client.get("/v1/runs").json()["runs"]) == 1
            assert {answer.headers["Location"] for answer in answers} == {f"/v1/runs/{next(iter(runs))}"}
            assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
            over(client, next(iter(runs)))
        assert len(claude.requests) == 2

    def test_also_where_a_server_was_killed_before_it_had_answered(self, service_at, tmp_path):
        secret = service_at.keys.add()
        body = {"schema": "feedback", "documents": documents(2)}
        with service_at.client(secret) as client:
            first = client.post("/v1/runs", json=body, headers={"Idempotency-Key": "a"}).json()["id"]
            with closing(sqlite3.connect(tmp_path / "service-replies" / "replies.db")) as replies, replies:
                replies.execute("DELETE FROM replies")
            second = client.post("/v1/runs", json=body, headers={"Idempotency-Key": "a"}).json()["id"]
        assert second == first


class TestRestart:
    def test_the_next_start_goes_on(self, running, claude):
        go_on = hold(claude, "4-1000")
        with running(grace=20) as one:
            keys, secret = one.keys, one.keys.add()
            with one.client(secret) as client:
                run, waiting = begin(client, 40), begin(client, 4, documents=documents(4, first=100))
            at_the_model(claude, 5)
            one.stop()
            go_on()
        asked = len(claude.requests)
        assert asked < 44
        with running(keys=keys) as one, one.client(secret) as client:
            assert [over(client, name)["status"] for name in (run, waiting)] == ["finished"] * 2
            assert sources(client, run) == [f"mail-{number}" for number in range(40)]
        assert len(claude.requests) == 44
        assert set(Counter(map(len, claude.by_document.values()))) == {1}

    def test_also_after_one_that_was_killed(self, running, claude, tmp_path, monkeypatch):
        """What is on the disk amid the work is what a kill leaves there: the next server goes on from a copy of it."""
        go_on = hold(claude, "4-1000")
        with running(grace=1) as one:
            keys, secret = one.keys, one.keys.add()
            with one.client(secret) as client:
                run = begin(client, 20)
                at_the_model(claude, 5)
                wait_for(lambda: told_of(client, run, ended=3))
            left = shutil.copytree(tmp_path, tmp_path.with_name(f"{tmp_path.name}-left"))
        asked = {document for document, requests in claude.by_document.items() if requests}
        first = len(claude.requests)
        go_on()
        monkeypatch.setenv("SLOTFILL_STATE", str(left))
        with running(keys=keys) as one, one.client(secret) as client:
            assert over(client, run)["status"] == "finished"
            assert sources(client, run) == [f"mail-{number}" for number in range(20)]
            assert one.runs.store.state(run).started is not None
        counts = Counter(map(len, claude.by_document.values()))
        assert first == len(asked)
        assert counts == {1: 20 - (first - 3), 2: first - 3}  # what was answered is not asked again

    def test_what_is_in_flight_longer_than_the_grace_is_left(self, running, claude):
        go_on = hold(claude, "1-1000")
        with running(grace=1) as one:
            keys, secret = one.keys, one.keys.add()
            with one.client(secret) as client:
                run = begin(client, 3)
            at_the_model(claude, 2)
        go_on()
        with running(keys=keys) as one, one.client(secret) as client:
            assert over(client, run)["status"] == "finished"
            assert len(records(client, run)) == 3

    def test_two_servers_do_not_share_a_run(self, running, claude):
        go_on = hold(claude, "3-1000")
        with running() as one, running(keys=one.keys) as other:
            secret = one.keys.add()
            with one.client(secret) as client, other.client(secret) as beside:
                run = begin(client, 20)
                at_the_model(claude, 4)
                assert not other.runs.taken
                assert beside.get(f"/v1/runs/{run}").json()["status"] == "running"
                beside.post(f"/v1/runs/{run}/cancel")
                wait_for(lambda: one.runs._taken[run].run._ending)
                go_on()
                assert over(client, run)["status"] == "cancelled"
                beside.post(f"/v1/runs/{run}/resume")
                assert over(client, run)["status"] == "finished"
        assert len(claude.requests) == 20


def told_of(client, run, *, ended):
    told = client.get(f"/v1/runs/{run}").json()
    return told if told["documents"]["ended"] >= ended else None


def batched(client, run, wave=1):
    told = client.get(f"/v1/runs/{run}").json()
    return told if any(batch["id"] and batch["wave"] == wave for batch in told["batches"]) else None
