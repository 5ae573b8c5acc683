"""Paths, folders, globs, addresses, standard input, rows -> Documents.

What was named and cannot be used is an error before anything is read. What turns out unreadable afterwards is a
document with a `failure`, which stops no other.
"""

from __future__ import annotations

import glob
import io
import logging
import os
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import IO, Protocol, Unpack

from slotfill.extractors.documents.blocks.block_reader import BLOCK_BYTES, BlockOutcomes, read_blocks
from slotfill.extractors.documents.blocks.row_block import BlockLookup, RowBlock
from slotfill.extractors.documents.decoding import too_large
from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.files import File, expand, is_folder, walk_files
from slotfill.extractors.documents.readability import unread_form
from slotfill.extractors.documents.readers.kinds import WORKBOOK, file_kind, most_bytes
from slotfill.extractors.documents.readers.read_file import read_file, read_mailbox
from slotfill.extractors.documents.readers.read_options import ReadKeywords, ReadOptions
from slotfill.extractors.documents.rows.row_counts import GaveUpError, count_file_rows
from slotfill.extractors.documents.rows.row_fields import RowFields
from slotfill.extractors.documents.rows.row_files import RowFormat, check_rows, is_array, read_rows
from slotfill.extractors.documents.urls import is_address, public, without_local_protocol
from slotfill.extractors.errors import InputError
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.record.parts import Outcome

__all__ = ["Sources", "find_sources"]

STDIN = "-"

_logger = logging.getLogger("slotfill")


class _Source(Protocol):
    """One file to read, here or elsewhere, as `File` is."""

    @property
    def name(self) -> str: ...
    @property
    def suffix(self) -> str: ...
    @property
    def media_type(self) -> str: ...
    @property
    def is_lasting(self) -> bool: ...
    def open(self) -> io.BufferedReader: ...
    def size(self, file: io.BufferedReader) -> int: ...


@dataclass(frozen=True)
class Sources:
    """Files to read. Iterating reads them, one document at a time, in a stable order; each time anew.

    several: whether more than one document may come. count: how many will, where that is known without reading.
    fields: which fields of rows are read, and carried along. options: how files are read.
    """

    sources: tuple[_Source, ...]
    several: bool
    fields: RowFields = field(default_factory=RowFields)
    stdin: IO[bytes] | None = None
    options: ReadOptions = ReadOptions()
    _judged_names: set[str] = field(default_factory=set, repr=False, compare=False)

    @property
    def is_joined(self) -> bool:
        """Whether all that is read is one document."""
        return False

    @cached_property
    def count(self) -> int | None:
        """The number of documents, None while rows, or files within files, have not been read."""
        return (
            None
            if any(_holds_several(source, self.fields, self.options) for source in self.sources)
            else len(self.sources)
        )

    def check(self) -> None:
        """Refuse rows without the fields while nothing has been paid for. Raises InputError, as `find_sources` does."""
        for source in self.sources:
            _check_rows(source, self.fields, self.options)

    def count_rows(self, gave_up: Callable[[], bool]) -> int | None:
        """Count the documents where `count` is not known, by going through files of rows; None where that cannot tell.

        Nothing is read that can be read but once, or that is elsewhere. gave_up: says whether nobody waits any more.
        """
        try:
            counts = [self._count_of(source, gave_up) for source in self.sources]
        except (OSError, UnicodeError, GaveUpError):
            return None
        return None if None in counts else sum(filter(None, counts))

    def _count_of(self, source: _Source, gave_up: Callable[[], bool]) -> int | None:
        if not _holds_several(source, self.fields, self.options):
            return 1
        kind = _row_format(source, self.fields, self.options)
        if kind is None or not (isinstance(source, File) and source.is_lasting):
            return None
        with source.open() as file:
            return count_file_rows(file, kind, self.options.encoding, gave_up)

    @cached_property
    def piped(self) -> Document:
        """Standard input, which can be read but once."""
        data = (self.stdin or sys.stdin.buffer).read(most_bytes(STDIN) + 1)
        part, *others = read_file(data, STDIN, self.options)
        if others:
            reason = f"holds {len(others) + 1} documents: save it as a file, and name that"
            return Document.unreadable(STDIN, Failure(FailureKind.UNREADABLE, reason), data)
        return self._judged(Document.of_file(part, STDIN), data)

    def for_model(self, *, takes_pages: bool) -> Sources:
        """Return them as they are read for a model.

        takes_pages: whether it looks at pages of a PDF as they are.

        Raises InputError where pages are to be sent as they are, and it does not.
        """
        if self.options.pdf == "native" and not takes_pages:
            raise InputError("--pdf native is for Claude models, which look at pages: use --pdf ocr, or -m with one")
        return replace(self, options=replace(self.options, native=takes_pages))

    def __iter__(self) -> Iterator[Document]:
        for source in self.sources:
            yield from self._documents(source)

    def read(
        self, lookup: BlockLookup | None = None, *, limit: int | None = None, block_bytes: int = BLOCK_BYTES
    ) -> Iterator[Document | RowBlock]:
        """Yield the documents, of files of lines in blocks: one that is known to `lookup` is passed over.

        limit: of documents, passed over or read; of a block that goes beyond it they are read. block_bytes: the size of
        a block.
        """
        if lookup is None or not any(RowFormat.of(source.suffix) is RowFormat.LINES for source in self.sources):
            yield from islice(self, limit)
            return
        position = 0

        def outcomes_of(digest: bytes) -> Counter[Outcome] | None:
            outcomes = lookup(digest, position)
            is_beyond = outcomes is not None and limit is not None and position + outcomes.total() > limit
            return None if is_beyond else outcomes

        items = self._in_blocks(outcomes_of, block_bytes)
        while limit is None or position < limit:
            item = next(items, None)
            if item is None:
                return
            if isinstance(item, Document):
                position += 1
            elif item.outcomes is not None:
                position += item.documents
            yield item

    def _in_blocks(self, outcomes_of: BlockOutcomes, size: int) -> Iterator[Document | RowBlock]:
        for source in self.sources:
            if RowFormat.of(source.suffix) is not RowFormat.LINES:
                yield from self._documents(source)
                continue
            try:
                with source.open() as file:
                    yield from read_blocks(
                        file, source.name, self.fields, outcomes_of, encoding=self.options.encoding, size=size
                    )
            except (OSError, UnicodeError) as error:
                yield Document.unreadable(source.name, _unreadable(error))

    def _documents(self, source: _Source) -> Iterator[Document]:
        if source.name == STDIN:
            yield self.piped
        elif kind := _row_format(source, self.fields, self.options):
            yield from self._rows(source, kind)
        elif _is_mailbox(source, self.options):
            yield from self._mails(source)
        else:
            yield from self._read(source)

    def _rows(self, source: _Source, kind: RowFormat) -> Iterator[Document]:
        try:
            with source.open() as file:
                yield from read_rows(file, source.name, kind, self.fields, encoding=self.options.encoding)
        except (OSError, UnicodeError) as error:
            yield Document.unreadable(source.name, _unreadable(error))

    def _mails(self, source: _Source) -> Iterator[Document]:
        try:
            with source.open() as file:
                for part in read_mailbox(file, self.options):
                    yield Document.of_file(part, source.name)
        except OSError as error:
            yield Document.unreadable(source.name, _unreadable(error))

    def _read(self, source: _Source) -> Iterator[Document]:
        most = most_bytes(source.name, source.media_type)
        try:
            with source.open() as file:
                if source.size(file) > most:
                    yield Document.unreadable(source.name, too_large(most))
                    return
                data = file.read(most + 1)
        except OSError as error:
            yield Document.unreadable(source.name, _unreadable(error))
        else:
            for part in read_file(data, source.name, self.options, media_type=source.media_type):
                yield self._judged(Document.of_file(part, source.name), data, source.media_type)

    def _judged(self, document: Document, data: bytes, media_type: str = "") -> Document:
        """Warn of a text that people do not read so, and that had no reader: once, and never with `raw`."""
        name = document.source or STDIN
        if self.options.raw or name in self._judged_names or file_kind(name, data, media_type):
            return document
        self._judged_names.add(name)
        if form := unread_form(document.text):
            shown = "standard input" if name == STDIN else repr(name)
            _logger.warning("%s %s (--raw, if it is to be sent as it is)", shown, form)
        return document


def find_sources(
    inputs: Iterable[str | os.PathLike[str]],
    *,
    text_field: str | None = None,
    id_field: str | None = None,
    keep: tuple[str, ...] = (),
    skip: Collection[str | os.PathLike[str]] = (),
    stdin: IO[bytes] | None = None,
    **reading: Unpack[ReadKeywords],
) -> Sources:
    """Find what the inputs name: files, folders, globs, the same by an address, and `-` for standard input.

    Folders are walked, sorted, without dot files and dot folders. What is in `skip`, files or folders, is no input
    beside other inputs. A glob is one where no file has that very name. An address is what fsspec opens:
    `s3://bucket/mails`, `https://…/*.txt`, `zip://*.txt::mails.zip`; its password is in no document's name.

    `.jsonl`, `.ndjson`, `.csv`, `.tsv` and `.parquet` files, and a `.json` that is an array of objects, hold rows:
    `text_field` is its text (`review.body`, within another, or `title,body`, several), `id_field`, or else its number,
    its name. So do the sheets of a workbook that have the column, where `text_field` is given; each is a document where
    not. keep: fields or columns to carry along. reading: as in `ReadKeywords`.

    Raises InputError for what is not there or cannot be reached, a folder or glob that holds nothing, rows without the
    fields, a field that an output has itself, an encoding that is none of text; MissingExtraError for an address where
    fsspec is not installed.
    """
    options, fields = ReadOptions.of(**reading), RowFields.of(text_field, id_field, keep)
    hidden = {_whereabouts(os.fspath(name)) for name in skip}
    sources: list[_Source] = []
    folder = False
    for name in _others(inputs, hidden):
        files, folder = _find(name, hidden)
        sources += files
    Sources(tuple(sources), several=True, fields=fields, options=options).check()
    if stdin is None and sys.stdin is None and any(source.name == STDIN for source in sources):
        raise InputError("standard input is closed: name files or folders")
    several = len(sources) != 1 or folder or not _holds_one(sources[0], fields, options)
    return Sources(tuple(sources), several, fields, stdin, options)


def _others(inputs: Iterable[str | os.PathLike[str]], hidden: Collection[str]) -> list[str]:
    """Return the names of what the run does not write itself: a shell's `*` names its output, too."""
    names = [without_local_protocol(os.fspath(name)) for name in inputs]
    others = [name for name in names if not _is_own(name, hidden)]
    if names and not others:
        raise InputError(f"{names[0]!r} is what the run itself writes: name another output")
    return others


def _is_own(name: str, hidden: Collection[str]) -> bool:
    is_file = is_address(name) or (name != STDIN and os.path.lexists(name) and not is_folder(name))
    return is_file and _whereabouts(name) in hidden


def _whereabouts(name: str) -> str:
    return public(name).rstrip("/") if is_address(name) else os.path.realpath(name)


def _find(name: str, hidden: Collection[str]) -> tuple[Sequence[_Source], bool]:
    """Return the files that a name leads to, and whether it is a folder's."""
    if not name:
        raise InputError("an input has an empty name: name a file or folder, or - for standard input")
    if name == STDIN:
        return [File(STDIN)], False
    if is_address(name):
        from slotfill.extractors.documents.remote import find_remote

        files, is_several = find_remote(name)
        others = [file for file in files if not _is_below(file.name, hidden)]
        if not others:
            raise InputError(f"{public(name)!r} holds no files to read but what the run itself writes")
        return others, is_several
    if is_folder(name):
        return _some(walk_files(str(Path(name)), hidden), f"folder {name!r} holds no files to read"), True
    if os.path.lexists(name):
        return [_file(str(Path(name)))], False
    if glob.has_magic(name):
        return _some(expand(name, hidden), f"nothing matches {name!r}"), False
    raise InputError(f"there is no file or folder {name!r}")


def _is_below(name: str, hidden: Collection[str]) -> bool:
    return any(name == own or name.startswith(f"{own}/") for own in hidden)


def _some(paths: Iterable[str], otherwise: str) -> list[File]:
    files = [_file(path) for path in paths]
    if not files:
        raise InputError(otherwise)
    return files


def _file(path: str) -> File:
    """Name a file not like standard input."""
    return File(f"./{path}" if path == STDIN else path)


def _has_sheets(source: _Source, fields: RowFields, options: ReadOptions) -> bool:
    """Whether a file is a workbook, of which each sheet is a document."""
    return source.suffix in WORKBOOK.suffixes and not options.raw and not fields.is_named


def _holds_one(source: _Source, fields: RowFields, options: ReadOptions) -> bool:
    """Whether a file holds but one document, so that what becomes of it is one value; a workbook is looked into."""
    if _has_sheets(source, fields, options) and source.is_lasting:
        return len([*islice(Sources((source,), several=True, options=options), 2)]) == 1
    return not _holds_several(source, fields, options)


def _row_format(source: _Source, fields: RowFields, options: ReadOptions) -> RowFormat | None:
    """Tell how the rows of a file are written, None of one that is a document by itself.

    A `.json` file is opened for that, unless it can be read but once, or is to be read as it stands.
    """
    kind = RowFormat.of(source.suffix)
    if kind is RowFormat.WORKBOOK:
        return kind if fields.is_named and not options.raw else None
    if kind is not RowFormat.ARRAY:
        return kind
    if options.raw or not source.is_lasting:
        return None
    with suppress(OSError, UnicodeError), source.open() as file:
        return kind if is_array(file, options.encoding) else None
    return None


def _is_mailbox(source: _Source, options: ReadOptions) -> bool:
    return source.suffix == ".mbox" and not options.raw


def _holds_several(source: _Source, fields: RowFields, options: ReadOptions) -> bool:
    """Whether a file may hold more documents than one."""
    if source.name == STDIN:
        return False
    # What has no suffix may begin as a mail.
    has_attachments = source.suffix in {".eml", ""} and options.attachments and not options.raw
    if has_attachments or _is_mailbox(source, options) or _has_sheets(source, fields, options):
        return True
    return _row_format(source, fields, options) is not None


def _check_rows(source: _Source, fields: RowFields, options: ReadOptions) -> None:
    """Refuse rows without the fields while nothing has been paid for; what cannot be read fails later."""
    kind = _row_format(source, fields, options)
    if kind is None or not source.is_lasting:
        return
    with suppress(OSError, UnicodeError), source.open() as file:
        check_rows(file, source.name, kind, fields, encoding=options.encoding)


def _unreadable(error: OSError | UnicodeError) -> Failure:
    if isinstance(error, UnicodeError):
        return Failure(FailureKind.UNDECODABLE_DOCUMENT, f"cannot be decoded: {error}")
    return Failure(FailureKind.UNREADABLE, f"cannot be read: {error.strerror or error}")
