"""A loopback service that takes its time: it sends a byte, or an event, again and again, and gives up very late."""

import json
import socket
import threading
from contextlib import contextmanager

from scripted import message

from slotfill.extractors.messages_api.sse import events

PAUSE = 0.01
PIECES = 2_000
"""So many times something is sent, then the connection is closed: far more than anybody may wait for."""
WHOLE = json.dumps(message('{"a": 1}')).encode()
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n"
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
BEGUN = b"".join(events(message('{"a": 1}'))[:3])

# What is sent at once, and what again and again.
TRICKLES = {
    "headers": (b"HTTP/1.1 200 OK\r\nx-slow: ", b"x"),
    "body": (HEAD, b" "),
    "events": (STREAM, b" "),
    "an event": (STREAM + BEGUN, b" "),
    "pings": (STREAM + BEGUN, b'event: ping\ndata: {"type": "ping"}\n\n'),
}


class TricklingService:
    """What it sends is named by `sends`: one of `TRICKLES`, or None for a whole reply at once, which
    ends the others.

    ticks: is called before each piece; it may move a clock.
    """

    def __init__(self, listening, ticks):
        self._listening, self._ticks = listening, ticks
        self.sends = None
        self.tries, self.connections = 0, 0
        self._closed = threading.Event()

    def run(self):
        while not self._closed.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def close(self):
        self._closed.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _serve(self, connection):
        with connection:
            try:
                while self._taken(connection):
                    self.tries += 1
                    self._reply(connection)
            except OSError:
                return  # the client has had enough

    def _taken(self, connection):
        """Read one request, by its length."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += (piece := connection.recv(65_536))
            if not piece:
                return False
        head, body = data.split(b"\r\n\r\n", 1)
        (length,) = (
            int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
        )
        while len(body) < length:
            body += connection.recv(65_536)
        return True

    def _reply(self, connection):
        if self.sends is None:
            head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(WHOLE)
            connection.sendall(head + WHOLE)
            return
        first, again = TRICKLES[self.sends]
        connection.sendall(first)
        for _ in range(PIECES):
            if self._closed.wait(PAUSE) or self.sends is None:
                break
            self._ticks()
            connection.sendall(again)
        raise ConnectionError


@contextmanager
def trickling(ticks=lambda: None):
    """Give a service, and its base URL."""
    listening = socket.create_server(("127.0.0.1", 0))
    service = TricklingService(listening, ticks)
    thread = threading.Thread(target=service.run, daemon=True)
    thread.start()
    try:
        yield service, f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        service.close()
        thread.join()
