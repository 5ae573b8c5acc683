"""What real signals do to a run."""

import asyncio
import os
import signal
import subprocess
import sys
import threading

import pytest

from slotfill.extractors.runs.stopping import EXIT_CODES, SIGNALS, Stopping

pytestmark = pytest.mark.skipif(os.name != "posix", reason="another process can send no SIGINT here")


@pytest.fixture(autouse=True)
def handlers():
    """Take signals as a program in the foreground does, whatever started the tests, and see them put back."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    own = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: lambda *_: pytest.fail("a signal got through")}
    for number, handler in own.items():
        signal.signal(number, handler)
    yield own
    now = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in before.items():
        signal.signal(number, handler)
    assert now == own


def send(number):
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_one_asks_to_stop(number):
    async def run():
        told = asyncio.Event()
        with Stopping(told.set) as stopping:
            assert (stopping.requested, stopping.signal) == (False, None)
            send(number)
            await told.wait()
            return stopping

    stopping = asyncio.run(run())
    assert (stopping.requested, stopping.signal) == (True, number.name)
    assert EXIT_CODES[stopping.signal] == 128 + number


@pytest.mark.parametrize("second", SIGNALS)
def test_the_second_one_ends_the_task(second):
    finished, cancelled = [], []

    async def hanging():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async def run():
        told = asyncio.Event()
        with Stopping(told.set) as stopping:
            finished.append(stopping)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(hanging())
                send(signal.SIGINT)
                await told.wait()
                send(second)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(run())
    assert finished[0].signal == second.name
    assert cancelled == [True]


def test_it_is_told_once():
    lines = []

    async def run():
        first = asyncio.Event()
        with Stopping(lambda: (lines.append("stopping"), first.set())):
            send(signal.SIGINT)
            await first.wait()
            send(signal.SIGINT)
            await asyncio.Event().wait()

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(run())
    assert lines == ["stopping"]


def test_a_task_that_is_cancelled_by_others_is_not_interrupted():
    async def run():
        with Stopping():
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())


def test_a_signal_that_is_ignored_stays_so(handlers):
    handlers[signal.SIGINT] = signal.SIG_IGN
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    async def run():
        told = asyncio.Event()
        with Stopping(told.set) as stopping:
            send(signal.SIGINT)
            send(signal.SIGTERM)
            await told.wait()
            return stopping.signal

    assert asyncio.run(run()) == "SIGTERM"


@pytest.mark.parametrize("first", SIGNALS)
def test_while_it_finishes_the_first_one_is_noted_and_the_second_interrupts(first):
    """Outputs are being written: to leave off there would lose them."""
    steps = []

    async def run():
        with Stopping(lambda: steps.append("told")) as stopping, stopping.finishing():
            send(first)
            steps.append(stopping.signal)
            send(signal.SIGINT)
            steps.append("went on")

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(run())
    assert steps == ["told", first.name]


def test_in_another_thread_it_takes_none():
    found = []

    async def run():
        with Stopping() as stopping:
            found.append((signal.getsignal(signal.SIGINT), stopping.requested))

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    thread.join()
    assert found == [(signal.default_int_handler, False)]


PROGRAM = """
import asyncio, signal, sys
from slotfill.extractors.runs.stopping import EXIT_CODES, Stopping

signal.signal(signal.SIGINT, signal.default_int_handler)

async def run():
    global stopping
    with Stopping(lambda: print("stopping", flush=True)) as stopping:
        print("ready", flush=True)
        await asyncio.Event().wait()

try:
    asyncio.run(run())
except KeyboardInterrupt:
    sys.exit(EXIT_CODES[stopping.signal])
"""


@pytest.mark.parametrize("number", SIGNALS)
def test_a_process_ends_with_its_code_and_says_nothing_of_its_own(number):
    with subprocess.Popen(
        [sys.executable, "-X", "dev", "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        for said in ("ready\n", "stopping\n"):
            assert process.stdout.readline() == said
            process.send_signal(number)
        assert process.wait(60) == EXIT_CODES[number.name]
        assert process.stderr.read() == ""


class TestAnotherThread:
    def test_it_may_ask_before_and_meanwhile_and_when_all_is_over(self):
        asked = []

        async def run(stopping):
            with stopping:
                before = [*asked]
                done = asyncio.Event()
                await asyncio.to_thread(stopping.ask, lambda: (asked.append("meanwhile"), done.set()))
                await done.wait()
            return before

        stopping = Stopping()
        stopping.ask(lambda: asked.append("before"))
        assert asked == []
        assert asyncio.run(run(stopping)) == ["before"]
        assert asked == ["before", "meanwhile"]
        stopping.ask(lambda: asked.append("over"))
        assert asked == ["before", "meanwhile"]
