"""A mailbox (`.mbox`) -> its mails, one after the other, whatever its size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from slotfill.extractors.documents.decoding import MOST_BYTES

__all__ = ["mails_of"]

_FROM = re.compile(rb"From \S.*\d{4}|From \S+\s*$|From - ")
"""`From ann@a.example Tue Mar  3 08:41:17 2026`, which comes after a blank line, or first."""

_ESCAPED = re.compile(rb">+From ")
"""What of a mail's own text began like that."""


def mails_of(file: BinaryIO) -> Iterator[bytes]:
    """Yield each mail's bytes; of one that is too large, more than a document may hold.

    Lengths that fields of mails tell are not gone by: programs that change a mail forget to change them.
    """
    mail = bytearray()
    is_first, after_blank = True, True
    while line := file.readline(MOST_BYTES):
        if after_blank and _FROM.match(line):
            if not is_first:
                yield _finished(mail)
            mail, is_first, after_blank = bytearray(), False, False
            continue
        after_blank = line in {b"\n", b"\r\n"}
        if len(mail) <= MOST_BYTES:
            mail += line[1:] if _ESCAPED.match(line) else line
        is_first = is_first and after_blank
    if mail.strip():
        yield _finished(mail)


def _finished(mail: bytearray) -> bytes:
    """Take off the blank line that is the mailbox's own."""
    data = bytes(mail)
    for end in (b"\r\n\r\n", b"\n\n"):
        if data.endswith(end):
            return data[: -len(end) // 2]
    return data
