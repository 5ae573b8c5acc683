"""A port is had before anything is served there, or an error says why not."""

import socket

import pytest

from slotfill.extractors.errors import OutputError
from slotfill.extractors.http.bound_port import bound_port


def test_a_port_is_had_once_and_given_back():
    with bound_port("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=10):
            pass
        with pytest.raises(OutputError, match=rf"port {port} of 127\.0\.0\.1 cannot be had: .*; 0 takes a free one"):
            bound_port("127.0.0.1", port).__enter__()
    with bound_port("127.0.0.1", port):
        pass
