"""The text of a file of rows, in the encoding that all of the file decides, read as it is decoded."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from slotfill.extractors.documents.decoding import bom_of, encoding_of
from slotfill.extractors.record.failure_kinds import Failure

__all__ = ["decided_text", "decoded_text", "skip_bom"]

_HEAD = 16 * 2**20
"""How many bytes decide on the encoding of what can be read but once: a pipe, a file elsewhere."""


@contextmanager
def decided_text(file: io.BufferedReader, encoding: str | None) -> Iterator[tuple[io.TextIOWrapper, Failure | None]]:
    """Yield the text of a file, and why it cannot be decoded where that is so: it is ASCII then, and escapes.

    encoding: of the file, where it is known.
    """
    chosen: str | Failure
    if encoding is not None:
        chosen = encoding
    elif file.seekable():
        chosen = encoding_of(file)
    else:
        stream = _Stream(file)
        chosen, file = encoding_of(stream.head()), io.BufferedReader(stream)
    refusal = chosen if isinstance(chosen, Failure) else None
    with decoded_text(file, "ascii" if isinstance(chosen, Failure) else chosen) as text:
        yield text, refusal


def decoded_text(file: io.BufferedReader, encoding: str) -> io.TextIOWrapper:
    """Decode as it is read; bytes that are none of the encoding wait for `unescaped`."""
    skip_bom(file, encoding)
    return io.TextIOWrapper(file, encoding, "surrogateescape", newline="")


def skip_bom(file: io.BufferedReader, encoding: str) -> None:
    """Pass over the byte order mark, where a file begins with one that is no part of its text."""
    bom = bom_of(encoding)
    if bom and file.peek(len(bom)).startswith(bom):
        file.read(len(bom))


class _Stream(io.RawIOBase):
    """What can be read but once, of which the beginning can be looked at before."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self._error: OSError | None = None
        read = bytearray()
        try:
            while len(read) < _HEAD and (block := file.read1(_HEAD - len(read))):
                read += block
        except OSError as error:  # it comes after the rows that are there
            self._error = error
        self._read = io.BytesIO(read)

    def head(self) -> IO[bytes]:
        """Return the beginning, to the last whole line where more may come."""
        read = self._read.getvalue()
        return io.BytesIO(read if len(read) < _HEAD else read[: read.rfind(b"\n") + 1])

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if length := self._read.readinto(buffer):
            return length
        if self._error:
            raise self._error
        return self._file.readinto1(buffer)
