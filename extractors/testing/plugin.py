"""The pytest plugin: fixtures for those who test what they build on an extractor, and a guard.

It loads wherever slotfill and pytest are installed, so it imports next to nothing until a fixture is used.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from slotfill.extractors.cassettes.cassette import Cassette
    from slotfill.extractors.testing.claude import SimulatedClaude

__all__ = ["cassette", "simulated_claude"]

MARKER = "real_service"
SERVICE = ("anthropic.com", "claude.com")
"""The domains of the real service."""


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", f"{MARKER}: may reach the real service, which costs money")


@pytest.fixture
def simulated_claude() -> SimulatedClaude:
    """Return the test's own simulated service; `simulated_claude.script(replies, faults=[…])` says what it does."""
    from slotfill.extractors.testing.claude import SimulatedClaude

    return SimulatedClaude()


@pytest.fixture
def cassette(request: pytest.FixtureRequest) -> Cassette:
    """Return the test's own tape, `cassettes/MODULE/TEST.jsonl` beside it: `Extractor(cassette=cassette)`.

    It is recorded while there is none, which a test must be marked `real_service` for.
    """
    from slotfill.extractors.cassettes.cassette import Cassette

    name = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in request.node.name)
    return Cassette(request.path.parent / "cassettes" / request.path.stem / f"{name}.jsonl")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool, bool]:
    """Let no test look up the real service's address, unless it is marked `real_service`."""
    with pytest.MonkeyPatch.context() as patch:
        if item.get_closest_marker(MARKER) is None:
            patch.setattr(socket, "getaddrinfo", _guarded(socket.getaddrinfo))
        return (yield)


def _guarded(look_up: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
        if name.rstrip(".").lower().endswith(tuple(f".{domain}" for domain in SERVICE)):
            pytest.fail(
                f"this test tried to reach the real service ({name}). Use the fixture simulated_claude or cassette, "
                f"or mark the test with @pytest.mark.{MARKER}"
            )
        return look_up(host, *args, **kwargs)

    return guarded
