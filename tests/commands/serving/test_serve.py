"""`slotfill serve` as a process: how it starts, how it ends, and what it says where it cannot start."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx2
import pytest
from click.testing import CliRunner
from collecting import collector
from heard import SDK
from waiting import wait_for

from slotfill.cli import main
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

VALUE = {"sentiment": "negative", "key_issues": ["late"], "urgency": 3, "suggested_action": "Refund."}
TEXT = "Confidential: it came late."


@pytest.fixture
def claude():
    return SimulatedClaude(lambda request: VALUE)


@pytest.fixture
def environment(claude, tmp_path):
    with served(claude) as url:
        own = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "sk-ant-simulated", "SLOTFILL_STATE": str(tmp_path)}
        yield {**os.environ, **own}


def command(*arguments):
    return [sys.executable, "-m", "slotfill", *arguments]


@contextmanager
def process_of(environment, *arguments):
    """Start a service; gives its process, address and key. It is ended, if it has not ended by itself."""
    with subprocess.Popen(
        command("serve", "--schemas", "feedback", "--port", "0", *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            address = re.search(r"http://\S+", process.stderr.readline())[0]
            secret = None if "--keys" in arguments else re.search(r"sf_\S+", process.stderr.readline())[0]
            yield process, address, secret
        finally:
            process.kill()


def post(address, secret, path="/v1/extract/feedback", **headers):
    headers = {"Authorization": f"Bearer {secret}", **headers}
    return httpx2.post(address + path, json={"text": TEXT}, headers=headers, timeout=30)


@pytest.mark.slow
class TestEnd:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_what_is_at_work_is_finished(self, environment, claude, number):
        claude.script(lambda _: VALUE, faults=["slow_first_byte"])
        with process_of(environment) as (process, address, secret), ThreadPoolExecutor() as pool:
            whole = pool.submit(post, address, secret)
            stream = pool.submit(post, address, secret, "/v1/extract/feedback/stream")
            wait_for(lambda: len(claude.requests) == 2)
            process.send_signal(number)
            _, said = process.communicate(timeout=30)
            assert whole.result().json()["value"] == VALUE
            assert "event: record" in stream.result().text
        assert (process.returncode, said) == (0, "stopped\n")

    def test_streams_that_do_not_end_in_time_are_told(self, environment, claude):
        claude.script(lambda _: VALUE, faults=["timeout"])
        with process_of(environment, "--grace", "3") as (process, address, secret), ThreadPoolExecutor() as pool:
            stream = pool.submit(post, address, secret, "/v1/extract/feedback/stream")
            wait_for(lambda: claude.requests)
            process.terminate()
            _, said = process.communicate(timeout=30)
            assert '"code":"stopping"' in stream.result().text.replace(" ", "")
        assert (process.returncode, said) == (0, "stopped\n")

    def test_a_request_that_does_not_end_in_time_is_told_and_not_paid_again(self, environment, claude, tmp_path):
        keys = tmp_path / "keys.toml"
        add = command("keys", "add", "support", "--keys", keys)
        secret = subprocess.run(add, capture_output=True, text=True, env=environment, check=True).stdout.strip()
        claude.script(lambda _: VALUE, faults=["timeout"])
        options = ("--grace", "3", "--keys", str(keys))
        with process_of(environment, *options) as (process, address, _), ThreadPoolExecutor() as pool:
            cut = pool.submit(post, address, secret, **{"Idempotency-Key": "a"})
            wait_for(lambda: claude.requests)
            process.terminate()
            _, said = process.communicate(timeout=30)
            assert (cut.result().status_code, cut.result().json()["code"]) == (503, "stopping")
        assert (process.returncode, said) == (0, "stopped\n")
        claude.script(lambda _: VALUE)
        asked = len(claude.requests)
        with process_of(environment, *options) as (_, address, _):
            again = post(address, secret, **{"Idempotency-Key": "a"})
            assert (again.status_code, again.headers["Idempotency-Replayed"]) == (503, "true")
            assert len(claude.requests) == asked
            assert post(address, secret, **{"Idempotency-Key": "b"}).status_code == 200

    def test_a_second_signal_waits_for_nothing(self, environment, claude):
        claude.script(lambda _: VALUE, faults=["timeout"])
        with process_of(environment, "--grace", "600") as (process, address, secret), ThreadPoolExecutor() as pool:
            pool.submit(post, address, secret)
            wait_for(lambda: claude.requests)
            process.terminate()
            wait_for(lambda: not takes_connections(address))
            process.terminate()
            _, said = process.communicate(timeout=30)
        assert (process.returncode, said) == (0, "stopped\n")


@pytest.mark.slow
class TestKill:
    def test_a_run_goes_on_where_it_was_and_nothing_is_asked_twice(self, environment, claude, tmp_path):
        """What was answered when the server was killed is not asked again; what was in flight is, and nothing else."""
        keys = tmp_path / "keys.toml"
        add = command("keys", "add", "support", "--keys", keys)
        added = subprocess.run(add, capture_output=True, text=True, env=environment, check=True)
        headers = {"Authorization": f"Bearer {added.stdout.strip()}"}
        run, asked = "", 0
        for start in range(3):
            with process_of(environment, "--keys", str(keys), "--concurrency", "16") as (process, address, _):
                with httpx2.Client(base_url=address, headers=headers, timeout=30) as client:
                    if not run:
                        run = begin(client, 400)
                    if start < 2:
                        wait_for(lambda: len(claude.requests) >= asked + 60)  # noqa: B023 - it is called at once
                    else:
                        wait_for(lambda: client.get(f"/v1/runs/{run}").json()["status"] == "finished")  # noqa: B023
                        lines = client.get(f"/v1/runs/{run}/results").text.splitlines()
                process.kill()
                process.wait()
            asked = len(claude.requests)
        found = [json.loads(line) for line in lines]
        assert [record["document"]["source"] for record in found] == [str(number) for number in range(400)]
        assert {record["outcome"] for record in found} == {"valid"}
        places = 8  # of a run: half of 16
        assert len(claude.requests) - 400 <= 2 * places


@pytest.mark.slow
class TestLog:
    def test_it_holds_no_text_no_value_and_no_key(self, environment, claude):
        claude.script(lambda _: VALUE, faults=["html@2", "529@4"])
        with process_of(environment) as (process, address, secret):
            for _ in range(4):
                post(address, secret)
            post(address, "sf_somebody")
            process.terminate()
            _, said = process.communicate(timeout=30)
        for hidden in (TEXT, "Refund", "late", secret, "sf_somebody", "sk-ant-simulated"):
            assert hidden not in said


@pytest.mark.timeout(60)  # one that is not refused is served for ever
class TestBeginning:
    def refused(self, environment, *arguments):
        """Begin in this process, which is sooner ready: none of these is to come as far as to serve."""
        done = CliRunner().invoke(main, ["serve", *arguments], env=environment, catch_exceptions=False)
        assert not done.stdout
        return done.exit_code, done.stderr.strip()

    def test_a_port_that_is_taken(self, environment):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            code, said = self.refused(environment, "--schemas", "feedback", "--port", port)
        assert code == 2
        assert f"port {port}" in said

    def test_keys_that_cannot_be_read(self, environment, tmp_path):
        (tmp_path / "keys.toml").write_text("[keys.a\n")
        for name in ("keys.toml", "none.toml", "."):
            code, said = self.refused(environment, "--schemas", "feedback", "--keys", str(tmp_path / name))
            assert code in {2, 4}
            assert len(said.splitlines()) <= 4

    @pytest.mark.parametrize("names", ["", ",", "nothing.json", "no such schema", "feedback,feedback"])
    def test_schemas_that_there_are_not(self, environment, names):
        assert self.refused(environment, "--schemas", names)[0] in {2, 4}

    def test_a_name_that_stands_in_no_address(self, environment, tmp_path):
        path = tmp_path / "schema.json"
        path.write_text('{"title": "bills/{name}", "type": "object"}', encoding="utf-8")
        code, said = self.refused(environment, "--schemas", str(path), "--port", "0")
        assert code == 2
        assert "'bills/{name}' cannot stand in an address" in said

    def test_no_credential(self, environment):
        environment.pop("ANTHROPIC_API_KEY")
        code, said = self.refused(environment, "--schemas", "feedback", "--port", "0", "-m", "claude-haiku-5-5")
        assert code == 4
        assert "ANTHROPIC_API_KEY" in said

    def test_others_are_served_by_their_keys_alone(self, environment):
        assert self.refused(environment, "--schemas", "feedback", "--host", "0.0.0.0")[0] == 2


def begin(client, count):
    documents = [{"text": f"Mail {number}: {TEXT}", "id": str(number)} for number in range(count)]
    return client.post("/v1/runs", json={"schema": "feedback", "documents": documents}).json()["id"]


def takes_connections(address):
    host, _, port = address.removeprefix("http://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return False
    return True


@pytest.mark.slow
def test_traces_and_metrics_are_exported_beside_the_page(environment):
    with collector() as collected:
        environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = collected.url
        with process_of(environment, "--otel") as (process, address, secret):
            assert post(address, secret).json()["value"] == VALUE
            page = httpx2.get(f"{address}/metrics", headers={"Authorization": f"Bearer {secret}"}, timeout=30).text
            for path in ("/v1/extract/Confidential", "/v1/schemas?text=Confidential", f"/v1/{secret}", "/Confidential"):
                assert post(address, secret, path).status_code in (404, 405)
            assert post(address, "Confidential").status_code == 401
            process.terminate()
            _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (0, "stopped\n")
    assert 'slotfill_extractions_total{model="claude-haiku-5-5",outcome="valid",schema="feedback"} 1.0' in page
    assert collected.total("slotfill.extractions") == 1
    asked = "POST /v1/extract/feedback"
    call = f"{asked}/slotfill.extract/slotfill.attempt"
    assert collected.paths() == {asked: 1, f"{asked}/slotfill.extract": 1, call: 1, f"{call}/{SDK}": 1}
    assert all(secret.encode() not in body and b"Confidential" not in body for body in collected.bodies)
