"""`Extractor.map(progress=True)`: a line where somebody looks, nothing elsewhere."""

import threading
from contextlib import aclosing, redirect_stderr, redirect_stdout
from decimal import Decimal

import pytest
from terminals import FakeTerminal, wait_for

from slotfill import Extractor
from slotfill.extractors.terminal.mapping_progress import mapping_progress
from slotfill.extractors.testing import SimulatedClaude

ANSWER = {"sentiment": "negative", "key_issues": [], "urgency": 2, "suggested_action": "-"}


@pytest.fixture
def extractor():
    with Extractor("feedback", client=SimulatedClaude([ANSWER]).client()) as made:
        yield made


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    return FakeTerminal()


def test_a_terminal_shows_how_many_of_how_many(extractor, terminal):
    with redirect_stdout(terminal), redirect_stderr(terminal):
        mapped = extractor.map(["slow", "crashes"], progress=True)
        assert next(mapped).ok
        assert next(mapped).ok
        wait_for("2 of 2", terminal)
        assert next(mapped, None) is None
    assert "100%" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[2K")


def test_of_what_has_no_length_it_shows_how_many(extractor, terminal):
    with redirect_stdout(terminal), redirect_stderr(terminal):
        mapped = extractor.map(iter(["slow", "crashes"]), progress=True)
        assert next(mapped).ok
        assert next(mapped).ok
        wait_for("2  0:0", terminal)
        mapped.close()
    assert "%" not in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[2K")


async def test_without_blocking_it_is_the_same(terminal):
    claude = SimulatedClaude([ANSWER])
    async with Extractor("feedback", client=claude.async_client()) as extractor:
        with redirect_stdout(terminal), redirect_stderr(terminal):
            async with aclosing(extractor.amap(["slow", "crashes"], progress=True)) as mapped:
                async for extraction in mapped:
                    assert extraction.ok
                    wait_for("of 2", terminal)
    assert terminal.getvalue().endswith("\r\x1b[2K")


@pytest.mark.parametrize("progress", [True, False])
def test_unasked_a_terminal_shows_nothing(extractor, terminal, progress):
    with redirect_stdout(terminal), redirect_stderr(terminal):
        mapped = extractor.map(["slow", "crashes"], progress=progress)
        assert next(mapped).ok
        assert any(thread.name == "slotfill-progress" for thread in threading.enumerate()) == progress
        mapped.close()
    assert not any(thread.name == "slotfill-progress" for thread in threading.enumerate())


def test_where_nobody_looks_nothing_is_written(extractor, capsys):
    assert len([*extractor.map(["slow", "crashes"], progress=True)]) == 2
    assert capsys.readouterr() == ("", "")


def test_cost_and_failures_are_counted(terminal):
    claude = SimulatedClaude([ANSWER], faults=["refusal@2"])
    with redirect_stdout(terminal), redirect_stderr(terminal), Extractor("feedback", client=claude.client()) as made:
        mapped = made.map(["slow", "crashes", "loud"], concurrency=1, progress=True)
        assert [next(mapped).ok for _ in range(3)] == [True, False, True]
        wait_for("1 without a value", terminal)
        mapped.close()
    assert "$0.00" in terminal.getvalue()


def test_an_unknown_cost_is_not_told_as_none(extractor, terminal):
    extraction = extractor.extract("slow")
    unpriced = type(extraction)(extraction.document, "s", "0", "m", extraction.outcome, cost_usd=None)
    assert extraction.cost_usd > Decimal(0)
    with redirect_stdout(terminal), redirect_stderr(terminal), mapping_progress([1, 2], enabled=True) as tell:
        tell(unpriced)
        tell(extraction)
        wait_for("2 of 2", terminal)
    assert "$" not in terminal.getvalue()
    assert "unknown" not in terminal.getvalue()
