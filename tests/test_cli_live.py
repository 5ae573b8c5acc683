"""`slotfill doctor --live` on a simulated service: what is said before, the report, and how it ends."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner
from terse import service

from slotfill.cli import main
from slotfill.extractors.testing.rules.request_rules import invalid
from slotfill.extractors.testing.server import served

KEY = "sk-ant-simulated-0123456789"
PATIENCE = 120
"""Seconds that another process is waited for, however busy the machine is."""


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # no embedded model


@pytest.fixture
def serve(monkeypatch):
    """Serve a simulated service, where the command line finds it; a key is set."""
    running = []

    def start(claude):
        server = served(claude)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.__enter__())
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        running.append(server)
        return claude

    yield start
    for server in running:
        server.__exit__(None, None, None)


def run(*arguments):
    return CliRunner().invoke(main, ["doctor", *arguments], catch_exceptions=False)


def started(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "slotfill", "doctor", "--live", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Whoever started the tests may ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - it locks nothing
        **options,
    )


def asked(claude):
    return [seen for seen in claude.requests if seen.number]


class TestWhatIsSaidBefore:
    def test_is_how_many_whom_and_how_much(self, serve):
        claude = serve(service())
        result = run("--live", "--yes")
        assert "ok       service" in result.stderr
        *_, said = result.stderr.splitlines()
        sent = len(claude.requests) - 1  # doctor's own look at the model is none of them
        where = re.escape(os.environ["ANTHROPIC_BASE_URL"])
        assert re.fullmatch(rf"{sent} requests to claude-haiku-5-5 at {where}, at most \$0\.0[01]\d\d", said)

    def test_without_a_terminal_to_ask_nothing_is_sent(self, serve):
        claude = serve(service())
        result = run("--live")
        assert result.exit_code == 2
        assert result.stderr.endswith(": where there is no terminal to ask, --yes allows them\n")
        assert (result.stdout, asked(claude)) == ("", [])

    @pytest.mark.parametrize(
        ("answer", "code"),
        [(b"\n", 2), *(pytest.param(*one, marks=pytest.mark.slow) for one in ((b"n\n", 2), (b"y\n", 0), (None, 130)))],
    )
    def test_a_terminal_is_asked(self, serve, answer, code):
        claude = serve(service())
        leader, terminal = os.openpty()
        process = started(stdin=terminal)
        said = b""
        while not said.endswith(b"Send them? [y/N]: ") and (byte := process.stderr.read(1)):
            said += byte
        time.sleep(0.5)  # a signal between the prompt and the waiting is heard once a line has come
        os.write(leader, answer) if answer else process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=PATIENCE)
        os.close(leader)
        os.close(terminal)
        assert (process.returncode, bool(asked(claude)), bool(stdout)) == (code, code == 0, code == 0)
        assert re.search(rb", at most \$0\.0[01]\d\d\. Send them\? \[y/N\]: $", said)
        assert b"Traceback" not in stderr

    def test_what_goes_with_it_goes_with_nothing_else(self):
        assert run("--yes").exit_code == run("--json").exit_code == 2


class TestTheReport:
    def test_is_all_that_standard_output_holds(self, serve):
        serve(service())
        result = run("--live", "--yes")
        assert result.exit_code == 0
        assert result.stdout.startswith("# What slotfill assumes of the service\n")
        assert result.stdout.endswith(" held, 0 broken, 0 not decided\n")

    def test_says_what_is_broken(self, serve):
        serve(service("stream_order"))
        result = run("--live", "--yes")
        assert result.exit_code == 1
        assert result.stdout.count("**broken**") == 1

    def test_may_be_json(self, serve):
        serve(service())
        told = json.loads(run("--live", "--yes", "--json").stdout)
        assert {one["state"] for one in told["assumptions"]} == {"held"}

    def test_is_not_all_decided_where_the_service_is_overloaded(self, serve):
        serve(service(faults=["529@3"]))
        assert run("--live", "--yes").exit_code == 3

    @pytest.mark.parametrize("form", [(), ("--json",)])
    def test_never_holds_the_key(self, serve, form):
        def repeated(_):
            raise invalid(f"what is {KEY}?")

        serve(service(replies=repeated))
        result = run("--live", "--yes", *form)
        assert result.exit_code == 1
        assert "[credential]" in result.stdout
        assert KEY not in result.stdout + result.stderr


class TestAServiceThatIsNotAsked:
    def test_for_want_of_a_credential(self):
        result = run("--live", "--yes")
        assert (result.exit_code, result.stdout) == (4, "")
        assert "failed   model           no Anthropic credential is set" in result.stderr

    def test_as_it_refuses_the_key(self, serve):
        claude = serve(service(key="another"))
        result = run("--live", "--yes")
        assert (result.exit_code, result.stdout, asked(claude)) == (4, "", [])
        assert "failed   service         authentication: invalid x-api-key (HTTP 401)" in result.stderr

    def test_as_it_is_not_there(self, monkeypatch):
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        monkeypatch.setattr("time.sleep", lambda _: None)
        result = run("--live", "--yes")  # the discard port
        assert (result.exit_code, result.stdout) == (4, "")
        assert "failed   service         connection: " in result.stderr

    def test_as_the_embedded_model_is_none(self, monkeypatch):
        monkeypatch.setattr("slotfill.extractors.doctor.examine", lambda _: ())
        result = run("--live", "--yes", "-m", "local")
        assert result.exit_code == 4
        assert (
            result.stderr == "Error: --live asks Anthropic's service, and 'local' is not there: name a Claude model\n"
        )


def test_ctrl_c_prints_what_is_known_so_far(serve):
    claude = serve(service(faults=["slow_first_byte@3"]))
    process = started("--yes")
    until = time.monotonic() + PATIENCE
    while len(asked(claude)) < 3 and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert b"- **held** unknown_model" in stdout
    assert b"\n  it was not asked\n" in stdout
    assert stderr.endswith(b"interrupted\n")
    assert b"Traceback" not in stderr
