"""Files of lines, read block by block: a block that is known is passed over, and none of its rows parsed.

To name a block takes a twentieth of the time of reading its rows.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TypeAlias

from slotfill.extractors.documents.blocks.row_block import RowBlock, block_digest
from slotfill.extractors.documents.decoding import MOST_BYTES, encoding_of, foreign_format
from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.rows.json_rows import decoder_for, json_rows
from slotfill.extractors.documents.rows.row_documents import row_document
from slotfill.extractors.documents.rows.row_fields import RowFields
from slotfill.extractors.documents.rows.row_files import RowFormat, read_rows
from slotfill.extractors.documents.rows.row_text import skip_bom
from slotfill.extractors.record.parts import Outcome

__all__ = ["BLOCK_BYTES", "BlockOutcomes", "read_blocks"]

BLOCK_BYTES = 2**18
"""How large a block is, up to the end of its last line: what is changed has so much of its file read again."""

BlockOutcomes: TypeAlias = Callable[[bytes], Counter[Outcome] | None]
"""Says, by its digest, how all documents of the next block had ended before; None where that is not known of each."""

_UTF_8 = "utf-8"
"""The encoding of what is cut into blocks: a byte that ends a line there is part of no other character."""


def read_blocks(
    file: io.BufferedReader,
    source: str,
    fields: RowFields,
    outcomes_of: BlockOutcomes,
    *,
    encoding: str | None = None,
    size: int = BLOCK_BYTES,
) -> Iterator[Document | RowBlock]:
    """Yield what `read_rows` does of a file of lines, and each block behind its documents or in their place.

    There are blocks in UTF-8, in what can be read at any place, and up to a line that is too large for a document.

    outcomes_of: is asked of each block. size: of a block, in bytes.

    Raises what `read_rows` does.
    """
    start = file.peek(1)
    if start and file.seekable() and not foreign_format(start):
        chosen = encoding or encoding_of(file)
        encoding = chosen if isinstance(chosen, str) else None
        if encoding == _UTF_8:
            skip_bom(file, encoding)
            yield from _blocks(file, source, fields, outcomes_of, size)
            return
    yield from read_rows(file, source, RowFormat.LINES, fields, encoding=encoding)


def _blocks(
    file: io.BufferedReader, source: str, fields: RowFields, outcomes_of: BlockOutcomes, size: int
) -> Iterator[Document | RowBlock]:
    number = 1
    while data := file.read(size):
        if not data.endswith(b"\n"):
            data += file.readline(MOST_BYTES)
        if len(data) >= MOST_BYTES:
            file.seek(-len(data), io.SEEK_CUR)
            yield from _documents(file, source, number, fields)
            return
        digest = block_digest(data, source, number, fields)
        if (outcomes := outcomes_of(digest)) is not None:
            yield RowBlock(digest, outcomes.total(), outcomes)
        else:
            documents = 0
            for document in _documents(io.BytesIO(data), source, number, fields):
                yield document
                documents += 1
            yield RowBlock(digest, documents)
        number += _line_ends(data)


def _documents(
    lines: io.BufferedReader | io.BytesIO, source: str, number: int, fields: RowFields
) -> Iterator[Document]:
    text = io.TextIOWrapper(lines, _UTF_8, "surrogateescape", newline="")
    for at, row in json_rows(text, decoder_for(fields), number):
        yield row_document(source, at, row, fields)


def _line_ends(data: bytes) -> int:
    r"""Count the ends of lines as text files have them: `\n`, `\r\n`, and `\r` alone."""
    count = data.count(b"\n")
    return count + data.count(b"\r") - data.count(b"\r\n") if b"\r" in data else count
