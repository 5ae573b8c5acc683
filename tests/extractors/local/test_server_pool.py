"""How servers are lent, and when there are more of them."""

from __future__ import annotations

import os
import threading
from typing import cast

import pytest

from slotfill.extractors.errors import ModelError
from slotfill.extractors.local import throughput
from slotfill.extractors.local.llama_server import WAIT_POLICY, EngineOptions, Server, _sleeping_threads
from slotfill.extractors.local.server_pool import ServerPool


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput, "PATIENCE", 0.01)


def make() -> Server:
    return cast("Server", object())


def leased_elsewhere(pool: ServerPool) -> Server:
    """Have another thread lease a server, and give it back."""
    lent: list[Server] = []

    def work() -> None:
        with pool.lease() as server:
            lent.append(server)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    return lent[0]


def test_a_thread_keeps_its_server_and_gives_it_back() -> None:
    pool = ServerPool(make, 1)
    with pool.lease() as first, pool.lease() as second:
        assert first is second
    assert leased_elsewhere(pool) is first


@pytest.mark.usefixtures("impatient")
def test_another_is_loaded_once_documents_have_waited() -> None:
    pool = ServerPool(make, 2)
    with pool.lease() as first:
        assert leased_elsewhere(pool) is not first
    assert pool.loaded == 2


def test_none_is_loaded_for_a_short_wait() -> None:
    pool = ServerPool(make, 2)
    waiting = threading.Thread(target=leased_elsewhere, args=(pool,))
    with pool.lease():
        waiting.start()
        waiting.join(0.05)
        assert waiting.is_alive()
    waiting.join(10)
    assert pool.loaded == 1


def test_one_that_is_withdrawn_is_not_lent() -> None:
    pool = ServerPool(make, 2)
    pool._loaded, pool._throughput.lent = 2, 1
    pool._idle.append(make())
    waiting = threading.Thread(target=leased_elsewhere, args=(pool,))
    with pool.lease():
        waiting.start()
        waiting.join(0.05)
        assert waiting.is_alive()
    waiting.join(10)
    assert not waiting.is_alive()


@pytest.mark.usefixtures("impatient")
def test_where_there_is_no_room_for_another_one_goes_on() -> None:
    loads = iter([make()])

    def load() -> Server:
        try:
            return next(loads)
        except StopIteration:
            raise ModelError("too little memory") from None

    pool = ServerPool(load, 2)
    waiting = threading.Thread(target=leased_elsewhere, args=(pool,))
    with pool.lease():
        waiting.start()
        waiting.join(0.1)
        assert waiting.is_alive()
    waiting.join(10)
    assert not waiting.is_alive()
    assert pool.loaded == 1


def test_threads_are_told_to_sleep_while_the_library_loads_and_nobody_else_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(WAIT_POLICY, raising=False)
    with _sleeping_threads():
        assert os.environ[WAIT_POLICY] == "passive"
    assert WAIT_POLICY not in os.environ
    monkeypatch.setenv(WAIT_POLICY, "active")
    with _sleeping_threads():
        assert os.environ[WAIT_POLICY] == "active"
    assert os.environ[WAIT_POLICY] == "active"


def test_by_default_there_are_as_many_as_cores_at_most() -> None:
    assert 1 <= EngineOptions().most_slots <= 4
    assert EngineOptions(slots=7).most_slots == 7
