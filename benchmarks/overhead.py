"""What slotfill adds to the SDK, in CPU: one document through `Extractor.aextract`, many at once.

python benchmarks/overhead.py [BATCHES]

The same documents are put to the same loopback server, which runs in a process of its own, in four ways: by slotfill;
by the bare SDK's `AsyncAnthropic.messages.create` with the very request that slotfill sends, on its default transport
and on its aiohttp one; and by bare Instructor with the model as `response_model`. The batches are short, and taken in
turn. CPU is this process's own, and the least counts: all else is what other work on the machine costs its caches.
Target: at most 0.8 times the bare SDK on its default transport.
"""

from __future__ import annotations

import asyncio
import gc
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from typing import Any

import instructor
from anthropic import AsyncAnthropic, DefaultAioHttpClient

from slotfill import Extractor
from slotfill.schemas import Feedback

AT_ONCE = 64
DOCUMENTS = 128
BATCHES = 24
TARGET = 0.8

MODEL = "claude-haiku-5-5"
KEY = "sk-benchmark"
TEXT = "The app logs me out every hour, and support has not answered for a week. I am about to cancel. Ticket {}."
VALUE = {
    "sentiment": "negative",
    "key_issues": ["The app logs me out every hour", "support has not answered for a week"],
    "urgency": 4,
    "suggested_action": "Fix the session timeout, and answer the open ticket today.",
}

Way = Callable[[str], Awaitable[Any]]


def serve(port: Connection) -> None:
    """Answer every request with one message: by a tool call where a tool is forced, else as text."""
    asyncio.run(_serve(port))


async def _serve(port: Connection) -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0, backlog=AT_ONCE)
    port.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
            request = json.loads(await reader.readexactly(length))
            body = json.dumps(_message(request)).encode()
            writer.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nrequest-id: req_1\r\n"
                b"content-length: %d\r\n\r\n%s" % (len(body), body)
            )
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def _message(request: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {"type": "text", "text": json.dumps(VALUE)}
    if "tool_choice" in request:
        content = {"type": "tool_use", "id": "toolu_1", "name": request["tools"][0]["name"], "input": VALUE}
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": request["model"],
        "content": [content],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1000, "output_tokens": 100},
    }


async def cpu_ms(way: Way) -> float:
    """Put the documents to one way, and give the milliseconds of CPU that one took."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(text: str) -> None:
        async with slots:
            await way(text)

    started = time.process_time()
    await asyncio.gather(*(one(TEXT.format(number)) for number in range(DOCUMENTS)))
    return 1000 * (time.process_time() - started) / DOCUMENTS


async def measure(base_url: str, batches: int) -> dict[str, list[float]]:
    connection: dict[str, Any] = {"base_url": base_url, "api_key": KEY, "max_retries": 0}
    os.environ |= {"ANTHROPIC_BASE_URL": base_url, "ANTHROPIC_API_KEY": KEY}
    async with (
        AsyncAnthropic(**connection) as bare,
        AsyncAnthropic(**connection, http_client=DefaultAioHttpClient()) as by_aiohttp,
        AsyncAnthropic(**connection) as sdk,
        Extractor(Feedback, model=MODEL) as extractor,
    ):
        patched: Any = instructor.from_anthropic(sdk)
        (request,) = extractor.requests(TEXT.format(0))
        # Not built for each document, as an app would not: what differs is the text, which is as long.
        asked = {key: request[key] for key in ("model", "max_tokens", "messages")}

        async def by_slotfill(text: str) -> None:
            _ = (await extractor.aextract(text)).value  # raises where there is none

        async def by_sdk(_: str) -> None:
            await bare.messages.create(**request)

        async def by_sdk_on_aiohttp(_: str) -> None:
            await by_aiohttp.messages.create(**request)

        async def by_instructor(_: str) -> None:
            await patched.create(response_model=Feedback, max_retries=0, **asked)

        ways: dict[str, Way] = {
            "slotfill": by_slotfill,
            "bare SDK": by_sdk,
            "SDK on aiohttp": by_sdk_on_aiohttp,
            "bare Instructor": by_instructor,
        }
        for way in ways.values():
            await cpu_ms(way)  # connections, caches
        # A full collection walks all that was imported, and would fall to whichever way it happens in.
        gc.collect()
        gc.freeze()
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(batches):
            for name, way in ways.items():
                taken[name].append(await cpu_ms(way))
        return taken


def main(batches: int = BATCHES) -> None:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    server = context.Process(target=serve, args=(there,), daemon=True)
    server.start()
    try:
        taken = asyncio.run(measure(f"http://127.0.0.1:{here.recv()}", batches))
    finally:
        server.terminate()
    print(f"CPU a document, {AT_ONCE} at once, the least of {batches} batches of {DOCUMENTS}")
    least = {name: min(values) for name, values in taken.items()}
    for name, value in least.items():
        print(f"  {name:<16}{value:6.2f} ms")
    for name in ("slotfill", "SDK on aiohttp", "bare Instructor"):
        ratio = least[name] / least["bare SDK"]
        target = f"    (target {TARGET}: {'met' if ratio <= TARGET else 'missed'})" if name == "slotfill" else ""
        print(f"  {name:<16}{ratio:6.2f} times the bare SDK{target}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
