"""A port that is bound before anything is served there, so that it is had or not, and its number known."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from slotfill.extractors.errors import OutputError

__all__ = ["bound_port"]


@contextmanager
def bound_port(host: str, port: int, *, backlog: int | None = None) -> Iterator[socket.socket]:
    """Bind a port, and free it in the end.

    Args:
        host: The address to listen at.
        port: 0 takes a free one.
        backlog: How many connections wait to be taken; None for what the system thinks right.

    Raises:
        OutputError: It cannot be had.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=backlog)
        # The loop does so for sockets that name their protocol; without it each answer waits for the 40 ms of a delayed
        # acknowledgement, as head and body are written apart.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"port {port} of {host} cannot be had: {reason}; 0 takes a free one") from None
    with listener:
        yield listener
