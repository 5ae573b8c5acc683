"""A file -> its texts: by the reader of its kind, and so the files within it."""

from __future__ import annotations

import hashlib
import io
import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from slotfill.extractors.documents.decoding import decode_text, too_large
from slotfill.extractors.documents.readers.isolation import read_apart
from slotfill.extractors.documents.readers.kinds import TABLES, Kind, file_kind, known_suffix, most_bytes
from slotfill.extractors.documents.readers.mails.mbox import mails_of
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.documents.readers.read_options import ReadOptions
from slotfill.extractors.documents.readers.read_text import NestedFile, ReadText
from slotfill.extractors.errors import InputError
from slotfill.extractors.record.failure_kinds import EMPTY, Failure, FailureKind

__all__ = ["read_file", "read_mailbox", "read_path"]

_logger = logging.getLogger("slotfill")

_DEEPEST = 8
"""Files within files within files: people forward a mail a few times, not more often."""


def read_path(path: str | os.PathLike[str], options: ReadOptions) -> tuple[str, Iterator[ReadText]]:
    """Read a file by its path; return its name, with slashes, too.

    Raises InputError where it is not there, or holds rows.
    """
    name = os.fsdecode(path).replace(os.sep, "/")
    suffix = known_suffix(name)
    if suffix in TABLES and not options.raw:
        raise InputError(
            f"{name!r} holds a document a row: `slotfill extract` reads them; in Python take the texts from it and "
            "call map(texts), or read it as one text with raw=True"
        )
    is_streamed = suffix == ".mbox" and not options.raw
    try:
        with Path(os.fsdecode(path)).open("rb") as file:
            data = b"" if is_streamed else file.read(most_bytes(name) + 1)
    except OSError as error:
        raise InputError(f"{name!r} cannot be read: {error.strerror or error}") from None
    return name, _read_mails(Path(os.fsdecode(path)), options) if is_streamed else read_file(data, name, options)


def _read_mails(path: Path, options: ReadOptions) -> Iterator[ReadText]:
    with path.open("rb") as file:
        yield from read_mailbox(file, options)


def read_mailbox(file: BinaryIO, options: ReadOptions, *, depth: int = 0) -> Iterator[ReadText]:
    """Yield the texts of each mail of a mailbox, one mail in the memory at a time.

    They are named by its number, `12`, and what is attached to it `12#offer.pdf`.
    """
    number = 0
    for number, mail in enumerate(mails_of(file), 1):
        for part in read_file(mail, "mail.eml", options, depth=depth):
            yield replace(part, name=f"{number}#{part.name}" if part.name else str(number))
    if not number:
        yield _failed(EMPTY, b"")


def read_file(
    data: bytes, name: str, options: ReadOptions, *, media_type: str = "", depth: int = 0
) -> Iterator[ReadText]:
    """Yield the texts of a file, and of the files within it as far as they are asked for; at least one.

    data: what the file holds; of one that is too large, more than it may hold. media_type: what its sender says that it
    is.
    """
    if known_suffix(name, media_type) == ".mbox" and not options.raw:
        yield from read_mailbox(io.BytesIO(data), options, depth=depth)
        return
    kind = None if options.raw else file_kind(name, data, media_type)
    most = kind.most_bytes if kind else most_bytes("")
    if len(data) > most:
        yield _failed(too_large(most), data)
    elif kind is None:
        text = decode_text(data, options.encoding)
        yield _failed(text, data) if isinstance(text, Failure) else ReadText(text)
    else:
        yield from _read(kind, data, name, options, depth)


def _read(kind: Kind, data: bytes, name: str, options: ReadOptions, depth: int) -> Iterator[ReadText]:
    try:
        for part in read_apart(kind, data, options):
            if isinstance(part, NestedFile):  # readers give none that were not asked for
                yield from _read_nested(part, options, depth + 1)
            else:
                if part.warning:
                    _logger.warning("%s: %s", name, part.warning)
                yield part
    except ReadError as error:
        yield _failed(error.failure, data)


def _read_nested(file: NestedFile, options: ReadOptions, depth: int) -> Iterator[ReadText]:
    if depth > _DEEPEST:
        reason = f"stands within {depth} other files, and only {_DEEPEST} are opened: save it on its own"
        yield replace(_failed(Failure(FailureKind.UNREADABLE, reason), file.data), name=file.name)
        return
    options = replace(options, encoding=file.encoding)
    for part in read_file(file.data, file.name, options, media_type=file.media_type, depth=depth):
        yield replace(part, name=f"{file.name}#{part.name}" if part.name else file.name)


def _failed(failure: Failure, data: bytes) -> ReadText:
    return ReadText(failure=failure, digest=hashlib.sha256(data).hexdigest())
