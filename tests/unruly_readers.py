"""Readers that do what no reader should, for the tests of the process that they run in."""

import ctypes
import os
import resource
import socket
import time
import warnings
from contextlib import suppress

from slotfill.extractors.documents.readers.read_text import NestedFile, ReadText


def read(data, options):
    """Do what the data says."""
    return globals()[data.partition(b" ")[0].decode()](data.partition(b" ")[2], options)


def echo(data, _):
    yield ReadText(data.decode())


def crash(_, __):
    yield ReadText("what came before")
    ctypes.string_at(0)


def hang(_, __):
    yield None
    ctypes.PyDLL(None).pause()  # in C, with the interpreter's lock held


def slow(_, __):
    for _ in range(4):
        time.sleep(0.5)
        yield None
    yield ReadText("late")


def swell(_, __):
    yield ReadText(str(len(bytearray(64 << 30))))


def break_off(_, __):
    yield ReadText("one")
    raise KeyError("secret")


def call(_, __):
    socket.create_connection(("127.0.0.1", 9))
    yield ReadText("reached")


def leave(data, __):
    with open(data.decode(), "w"):
        yield ReadText("written")


def chatter(_, __):
    print("what a library says on its standard output")  # noqa: T201
    os.write(1, b"and from C")
    yield ReadText("heard")


def garble(_, __):
    for descriptor in range(3, 32):
        with suppress(OSError):
            os.write(descriptor, b"no reply\n")
    yield ReadText("written")


def widen(_, __):
    limit, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit + 1_000_000, most))
    yield ReadText("widened")


def nest(data, _):
    yield NestedFile("inner.unruly", b"nest " + data, None)
    yield ReadText("outer")


def warn(_, __):
    warnings.warn("of a library", DeprecationWarning, stacklevel=1)
    yield ReadText("warned")


def busy(_, __):
    while True:
        time.sleep(0.05)
        yield None
