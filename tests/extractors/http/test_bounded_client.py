"""The client on aiohttp does what the SDK's own does: errors, proxies, keep-alive, and no word at the end."""

import asyncio
import contextlib
import gc
import socket
import subprocess
import sys
from importlib.util import find_spec

import httpx2
import pytest

from slotfill.extractors.http.bounded_client import BoundedAsyncClient


@contextlib.asynccontextmanager
async def served(answer):
    """Serve connections by `answer(request line, writer)`; give the address."""

    async def serve(reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            await answer(head.decode().splitlines()[0], writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def fine(line, writer):
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(line), line.encode()))
    await writer.drain()


async def hang_up(line, writer):
    pass


async def reset(line, writer):
    number = writer.get_extra_info("socket")
    number.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


async def cut(line, writer):
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
    await writer.drain()


async def cut_chunks(line, writer):
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n")
    await writer.drain()
    await reset(line, writer)


async def answer_of(answer):
    async with served(answer) as address, BoundedAsyncClient() as client:
        return await client.post(f"{address}/v1/messages", json={})


async def test_it_answers():
    reply = await answer_of(fine)
    assert (reply.status_code, reply.text) == (200, "POST /v1/messages HTTP/1.1")


@pytest.mark.parametrize("answer", [hang_up, reset, cut, cut_chunks])
async def test_a_connection_that_breaks_off_is_none_that_could_not_be_made(answer):
    """What was sent may have been answered, and billed; of what was not even connected nothing was."""
    with pytest.raises(httpx2.TransportError) as caught:
        await answer_of(answer)
    assert not isinstance(caught.value, httpx2.ConnectError | httpx2.TimeoutException)


async def test_a_connection_that_cannot_be_made_says_so():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with BoundedAsyncClient() as client:
        with pytest.raises(httpx2.ConnectError):
            await client.get(f"http://127.0.0.1:{port}")


async def test_a_proxy_of_the_environment_is_asked(monkeypatch):
    async with served(fine) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        async with BoundedAsyncClient() as client, served(fine) as address:
            by_proxy = await client.get("http://service.example/v1/models")
            beside = await client.get(f"{address}/v1/models")
    assert (by_proxy.text, beside.text) == (
        "GET http://service.example/v1/models HTTP/1.1",
        "GET /v1/models HTTP/1.1",
    )


@pytest.mark.skipif(find_spec("socksio") is not None, reason="httpx2 has what it speaks SOCKS with")
def test_a_socks_proxy_is_left_to_httpx2_as_aiohttp_knows_none(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    with pytest.raises(ImportError, match="socksio"):
        BoundedAsyncClient()


async def test_its_connections_are_kept_alive_and_reused():
    seen = []

    async def noted(line, writer):
        seen.append(writer.get_extra_info("peername"))
        await fine(line, writer)

    async with BoundedAsyncClient() as client, served(noted) as address:
        await client.get(address)
        (connections,) = client._transport._inner.client.connector._conns.values()
        (protocol, _), *_ = connections
        kept = protocol.transport.get_extra_info("socket")
        assert kept.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert kept.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
    assert len(seen) == 1


SILENT = """
import asyncio, gc, sys
from slotfill.extractors.http.bounded_client import BoundedAsyncClient

async def asked():
    client = BoundedAsyncClient()
    assert (await client.get(sys.argv[1])).status_code == 200
    return client

if sys.argv[2] == "run":
    asyncio.run(asked())
elif sys.argv[2] == "kept":
    client = asyncio.run(asked())
else:
    loop = asyncio.new_event_loop()
    client = loop.run_until_complete(asked())
    del client
    gc.collect()
    loop.close()
"""


@pytest.mark.parametrize("end", ["run", "kept", "own loop"])
async def test_one_that_nobody_closes_says_nothing(end):
    async with served(fine) as address:
        ended = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", SILENT, address, end],
            capture_output=True,
            text=True,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (0, "")


async def test_one_that_is_dropped_closes_its_connections():
    ended = asyncio.Event()

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        await fine("here", writer)
        assert await reader.read() == b""
        ended.set()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        client = BoundedAsyncClient()
        await client.get(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        assert not ended.is_set()
        del client
        gc.collect()
        await asyncio.wait_for(ended.wait(), 60)


@pytest.mark.parametrize(
    "headers",
    [
        httpx2.Headers({"ACCEPT": "application/json", "x-own": "1", "User-Agent": "me", "authorization": "Bearer x"}),
        httpx2.Headers([("x-own", "1"), ("X-Own", "2"), ("connection", "close"), ("host", "elsewhere")]),
        httpx2.Headers(),
        {"accept": "text/plain"},
        None,
    ],
)
def test_the_headers_of_a_request_are_those_that_httpx2_would_send(headers):
    url = "http://127.0.0.1/v1/messages"
    sent, plain = (
        client.build_request("POST", url, content=b"{}", headers=headers).headers
        for client in (BoundedAsyncClient(headers={"x-client": "1"}), httpx2.AsyncClient(headers={"x-client": "1"}))
    )
    assert [(name.lower(), value) for name, value in sent.raw] == [(name.lower(), value) for name, value in plain.raw]
