"""When another server is worth lending: time is a number here."""

from __future__ import annotations

from slotfill.extractors.local.throughput import LONG_WAIT, PATIENCE, RETRIAL, TRIAL, Throughput


def work(throughput: Throughput, start: float, documents: int, seconds: float) -> float:
    """Have documents done one after another while others wait, and return the time."""
    throughput.wait(start)
    for number in range(documents):
        throughput.finish(start + (number + 1) * seconds)
    return start + documents * seconds


def tried(seconds: float) -> tuple[Throughput, float]:
    """Try a second server where a document takes so many seconds with one."""
    throughput = Throughput(2)
    now = work(throughput, 0, 2 * TRIAL, seconds)
    assert throughput.may_grow(now)
    throughput.grow(now)
    assert throughput.lent == 2
    return throughput, now


def test_another_is_tried_once_enough_was_timed() -> None:
    throughput = Throughput(2)
    assert not throughput.may_grow(100)
    now = work(throughput, 0, TRIAL - 1, PATIENCE)
    assert not throughput.may_grow(now)
    throughput.finish(now + 1)
    assert throughput.may_grow(now + 1)
    throughput.grow(now + 1)
    assert not throughput.may_grow(now + 1000)


def test_where_documents_take_long_it_is_not_waited_for_many() -> None:
    throughput = Throughput(2)
    throughput.wait(0)
    assert not throughput.may_grow(LONG_WAIT * PATIENCE - 1)
    assert throughput.may_grow(LONG_WAIT * PATIENCE)


def test_a_server_that_is_no_gain_is_withdrawn_and_tried_again_later() -> None:
    throughput, now = tried(1.0)
    now = work(throughput, now, 2 + TRIAL, 1.1)
    assert throughput.lent == 1
    now = work(throughput, now, 2 * TRIAL, 1.0)
    assert not throughput.may_grow(now)
    assert throughput.may_grow(now + RETRIAL)


def test_one_that_is_a_gain_stays_though_it_read_its_examples_first() -> None:
    throughput, now = tried(1.0)
    now = work(throughput, now, 2, 20.0)
    work(throughput, now, 5 * TRIAL, 0.9)
    assert throughput.lent == 2


def test_what_is_done_while_none_waits_does_not_count() -> None:
    throughput, now = tried(1.0)
    throughput.rest()
    for _ in range(TRIAL):
        throughput.finish(now + 1000)
    work(throughput, now + 1000, TRIAL, 0.9)
    assert throughput.lent == 2
