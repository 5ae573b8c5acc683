"""What the service adds to an extraction, and whether those it refuses slow down those it serves.

python benchmarks/service.py [ROUNDS]

`slotfill serve` and `slotfill simulate` each run as a process of their own, and so do the clients that are refused. Two
simulated models are asked: one that answers at once, as none does, so that nothing but work is measured; and one that
takes two seconds to its first byte. Ways are taken in turn, and each round's ratio is of that round alone; the middle
of the rounds counts.

Streams: 64 at once, from the request to the first event, against 64 calls of `Extractor.astream` in this process.
Target: 1.2 times. Refused: 1,000 requests a second of wrong keys (401), too large bodies (413) and a key that has used
its requests (429), beside clients that are served one request after the other. Target: at most 10 % slower.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import multiprocessing
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, aclosing, contextmanager
from http import HTTPStatus
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from overhead import MODEL, TEXT, VALUE

from slotfill import Extractor
from slotfill.schemas import Feedback

STREAMS = 64
ROUNDS = 9
CLIENTS = 4
SECONDS = 4.0
"""So long accepted requests are timed in each round, with those that are refused and without."""

REFUSED = 1_000
"""Requests a second that are to be refused."""

REFUSED_CLIENTS = 16

FIRST_EVENT, SLOWER = 1.2, 1.1
"""The targets, as ratios."""

KEY = "sk-ant-simulated"

Times = list[float]


@contextmanager
def running(pattern: str, *arguments: str, error: bool = False, **environment: str) -> Iterator[str]:
    """Start a command of slotfill, and give what matches in the first line that it says."""
    command = [sys.executable, "-m", "slotfill", *arguments]
    stream = "stderr" if error else "stdout"
    with subprocess.Popen(command, env=os.environ | environment, text=True, **{stream: subprocess.PIPE}) as process:  # type: ignore[call-overload]
        try:
            line = getattr(process, stream).readline()
            match = re.search(pattern, line)
            if match is None:
                raise SystemExit(line)
            yield match[0]
        finally:
            process.terminate()


def new_key(keys: Path, name: str, *limits: str) -> str:
    """Add a key to a file, and return it."""
    command = [sys.executable, "-m", "slotfill", "keys", "add", name, "--keys", str(keys), *limits]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def request(path: str, key: str, text: str, *, length: int | None = None) -> bytes:
    """Write a request. length: what it says of its body, where that is not so."""
    body = json.dumps({"text": text}).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {length or len(body)}\r\n\r\n".encode() + (b"" if length else body)


async def answered(reader: asyncio.StreamReader) -> int:
    """Read an answer whose length is told, and return its status."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))
    return int(head.split(b" ", 2)[1])


async def streamed(port: int, key: str, number: int) -> float:
    """Take the time from a request to the first event of its stream, and read that to its end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    started = time.perf_counter()
    writer.write(request("/v1/extract/feedback/stream", key, TEXT.format(number)))
    await reader.readuntil(b"event: partial")
    taken = time.perf_counter() - started
    rest = await reader.readuntil(b"\r\n0\r\n\r\n")
    if b"event: record" not in rest:
        raise SystemExit(rest.decode()[-1_000:])
    writer.close()
    return taken


async def at_once(way: Callable[[int], Awaitable[float]]) -> Times:
    """Take a way so many times at once."""
    gc.collect()
    return await asyncio.gather(*(way(number) for number in range(STREAMS)))


async def first_events(name: str, claude: str, port: int, key: str, rounds: int) -> None:
    """Print how long first events take, in this process and by the service."""
    os.environ |= {"ANTHROPIC_BASE_URL": claude, "ANTHROPIC_API_KEY": KEY}
    async with Extractor(Feedback, model=MODEL) as extractor:

        async def in_process(number: int) -> float:
            started = time.perf_counter()
            async with aclosing(extractor.astream(TEXT.format(number))) as events:
                await anext(events)
                taken = time.perf_counter() - started
                async for _ in events:
                    pass
            return taken

        async def by_service(number: int) -> float:
            return await streamed(port, key, number)

        ways: dict[str, Callable[[int], Awaitable[float]]] = {"in process": in_process, "by service": by_service}
        taken: dict[str, list[Times]] = {way: [] for way in ways}
        for number in range(rounds + 1):
            for way, take in ways.items():
                times = sorted(await at_once(take))
                if number:  # the first one opens connections
                    taken[way].append(times)
    print(f"{name}: {STREAMS} streams at once, to the first event")
    for label, share in (("p50", 0.5), ("p95", 0.95)):
        per = {way: [quantile(times, share) for times in all_times] for way, all_times in taken.items()}
        ratio = statistics.median(b / a for a, b in zip(*per.values(), strict=True))
        told = "   ".join(f"{way} {1000 * statistics.median(times):7.1f} ms" for way, times in per.items())
        print(f"  {label}   {told}   {ratio:.2f} times ({verdict(ratio, FIRST_EVENT)})")


def quantile(times: Times, share: float) -> float:
    return sorted(times)[min(len(times) - 1, round(share * len(times)))]


def verdict(ratio: float, target: float) -> str:
    return f"target {target}: {'met' if ratio <= target else 'missed'}"


def refuse(port: int, keys: dict[str, str], on: Event, off: Event, told: Any) -> None:
    """Send what is refused while that is on, in a process of its own; tells the statuses and the seconds."""
    asyncio.run(_refuse(port, keys, on, off, told))


async def _refuse(port: int, keys: dict[str, str], on: Event, off: Event, told: Any) -> None:
    kinds = (
        request("/v1/extract/feedback", "sf_wrong", "Short."),
        request("/v1/extract/feedback", keys["served"], "", length=50_000_000),
        request("/v1/extract/feedback", keys["spent"], "Short."),
    )
    told.put("ready")
    while True:
        await asyncio.to_thread(on.wait)
        if off.is_set():
            return
        statuses: Counter[int] = Counter()
        started = time.perf_counter()
        due = (started + number / REFUSED for number in itertools.count())
        clients = (_refused_client(port, kinds, due, on, statuses) for _ in range(REFUSED_CLIENTS))
        await asyncio.gather(*clients)
        told.put((dict(statuses), time.perf_counter() - started))


async def _refused_client(
    port: int, kinds: Sequence[bytes], due: Iterator[float], on: Event, statuses: Counter[int]
) -> None:
    """Send requests when their time has come, and never more than one at once."""
    writer: asyncio.StreamWriter | None = None
    number = 0
    while on.is_set():
        await asyncio.sleep(max(0.0, next(due) - time.perf_counter()))
        if writer is None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(kinds[number % len(kinds)])
        status = await answered(reader)
        statuses[status] += 1
        number += 1
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:  # its body never comes, so that nothing can follow it
            writer.close()
            writer = None
    if writer is not None:
        writer.close()


async def served(port: int, key: str, seconds: float) -> Times:
    """Take the time of accepted requests, by clients that send one after the other."""
    times: Times = []

    async def client(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        until = time.perf_counter() + seconds
        while (started := time.perf_counter()) < until:
            writer.write(request("/v1/extract/feedback", key, TEXT.format(number)))
            status = await answered(reader)
            times.append(time.perf_counter() - started)
            if status != HTTPStatus.OK:
                raise SystemExit(f"a request that should be accepted got {status}")
        writer.close()

    await asyncio.gather(*(client(number) for number in range(CLIENTS)))
    return times


def beside_refused(name: str, port: int, keys: dict[str, str], rounds: int) -> None:
    """Print how long accepted requests take, with and without those that are refused."""
    context = multiprocessing.get_context("spawn")
    on, off, told = context.Event(), context.Event(), context.Queue()
    process = context.Process(target=refuse, args=(port, keys, on, off, told))
    process.start()
    told.get()
    asyncio.run(streamed(port, keys["spent"], 0))  # its one request a minute
    asyncio.run(served(port, keys["served"], 0.5))
    alone, beside, rates, statuses = [], [], [], Counter[int]()
    for _ in range(rounds):
        alone.append(asyncio.run(served(port, keys["served"], SECONDS)))
        on.set()
        beside.append(asyncio.run(served(port, keys["served"], SECONDS)))
        on.clear()
        counted, seconds = told.get()
        statuses.update(counted)
        rates.append(sum(counted.values()) / seconds)
    off.set()
    on.set()
    process.join()
    print(
        f"{name}: {CLIENTS} clients that are served, beside {statistics.median(rates):,.0f} refused requests a second"
    )
    print(f"  refused with {', '.join(f'{status}: {count:,}' for status, count in sorted(statuses.items()))}")
    for label, value in (("mean", statistics.mean), ("p95", lambda times: quantile(times, 0.95))):
        pairs = [(value(one), value(other)) for one, other in zip(alone, beside, strict=True)]
        ratio = statistics.median(other / one for one, other in pairs)
        first, second = (1000 * statistics.median(column) for column in zip(*pairs, strict=True))
        print(f"  {label:<4} alone {first:7.1f} ms   beside {second:7.1f} ms   "
              f"{ratio:.2f} times ({verdict(ratio, SLOWER)})")  # fmt: skip


def main(rounds: int = ROUNDS) -> None:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        replies = folder / "replies.jsonl"
        lines = ({"text": TEXT.format(number), "value": VALUE} for number in range(STREAMS))
        replies.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
        for label, faults in (("a model that answers at once", ()), ("one that takes 2 s", ("slow_first_byte",))):
            chosen = [part for fault in faults for part in ("--fault", fault)]
            claude = stack.enter_context(running(r"http://\S+", "simulate", "--replies", str(replies), *chosen))
            keys_file = folder / f"keys-{len(faults)}.toml"
            keys = {"served": new_key(keys_file, "served"), "spent": new_key(keys_file, "spent", "--rpm", "1")}
            state = str(folder / f"state-{len(faults)}")
            options = ("--schemas", "feedback", "--keys", str(keys_file), "--port", "0", "-m", MODEL)
            environment = {"ANTHROPIC_BASE_URL": claude, "ANTHROPIC_API_KEY": KEY, "SLOTFILL_STATE": state}
            address = stack.enter_context(running(r"http://\S+", "serve", *options, error=True, **environment))
            port = int(address.rpartition(":")[2])
            asyncio.run(first_events(label, claude, port, keys["served"], rounds))
            beside_refused(label, port, keys, rounds)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
