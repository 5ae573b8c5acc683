"""The pytest plugin: its fixtures, and the guard before the real service."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import socket

import anthropic
import pytest

from slotfill import Extractor
from slotfill.schemas import Feedback


def test_a_service_of_its_own(simulated_claude):
    simulated_claude.script(faults=["429_ms@1"])
    with Extractor(Feedback, client=simulated_claude.client()) as extractor:
        assert extractor.extract("It crashes.").ok
    assert len(simulated_claude.requests) == 2


@pytest.mark.parametrize("case", ["a/b"])
def test_a_tape_of_its_own(cassette, case):
    assert not cassette.replaying
    print(cassette.path)


def test_caught():
    anthropic.Anthropic(api_key="sk", base_url="https://api.anthropic.com").messages.create(
        model="claude-haiku-5-5", max_tokens=1, messages=[{"role": "user", "content": "x"}]
    )


def test_caught_too():
    socket.create_connection(("API.Anthropic.com.", 443))


def test_others_are_not_looked_at():
    assert socket.getaddrinfo("127.0.0.1", 80)
    assert socket.getaddrinfo(b"127.0.0.1", 80)


@pytest.mark.real_service
def test_marked():
    assert "guarded" not in socket.getaddrinfo.__qualname__
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A run of pytest in a folder of a user's, who has slotfill installed."""
    folder = tmp_path_factory.mktemp("user")
    (folder / "test_mine.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-v", "-s", "--strict-markers", "-p", "no:cacheprovider", "test_mine.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return folder, done.stdout


@pytest.mark.slow
def test_the_fixtures_are_there(run: tuple[Path, str]) -> None:
    folder, out = run
    assert "test_a_service_of_its_own PASSED" in out
    assert str(folder / "cassettes" / "test_mine" / "test_a_tape_of_its_own-a-b-.jsonl") in out


@pytest.mark.slow
def test_no_test_reaches_the_real_service(run: tuple[Path, str]) -> None:
    out = run[1]
    assert "2 failed, 4 passed" in out
    assert "test_caught FAILED" in out
    assert "test_caught_too FAILED" in out
    assert "this test tried to reach the real service (api.anthropic.com)" in out
    assert "@pytest.mark.real_service" in out


def test_the_plugin_loads_next_to_nothing() -> None:
    code = "import sys, slotfill.extractors.testing.plugin; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"anthropic", "instructor", "httpx2", "hypothesis", "starlette", "pydantic"} & {*loaded}
