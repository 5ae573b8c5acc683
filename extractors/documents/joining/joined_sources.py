"""Everything that is named to be read, as the one document of a run."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import islice

from slotfill.extractors.documents.blocks.block_reader import BLOCK_BYTES
from slotfill.extractors.documents.blocks.row_block import BlockLookup, RowBlock
from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.joining.document_joining import join_documents
from slotfill.extractors.documents.sources import Sources
from slotfill.extractors.record.joined_inputs import unread_inputs

__all__ = ["JoinedSources", "join_sources"]

_logger = logging.getLogger("slotfill")

_NAMED = 3
"""So many inputs are named in the name of them all."""


@dataclass(frozen=True)
class JoinedSources(Sources):
    """Files to read, all of them as one document.

    name: what that is called. most: how many of the documents in the files are read; None for all.
    """

    name: str = ""
    most: int | None = None

    @property
    def is_joined(self) -> bool:
        """Whether all that is read is one document."""
        return True

    @cached_property
    def count(self) -> int | None:
        """The number of documents."""
        return 1

    def __iter__(self) -> Iterator[Document]:
        joined = join_documents(islice(super().__iter__(), self.most), self.name)
        if unread := unread_inputs(joined.inputs):
            _logger.warning("%s", unread.message)
        yield joined

    def read(
        self,
        lookup: BlockLookup | None = None,  # noqa: ARG002 - as `Sources` has it
        *,
        limit: int | None = None,
        block_bytes: int = BLOCK_BYTES,  # noqa: ARG002 - likewise
    ) -> Iterator[Document | RowBlock]:
        """Yield the document: what files hold of it is not passed over row by row."""
        yield from islice(self, limit)


def join_sources(sources: Sources, names: tuple[str, ...], *, most: int | None = None) -> JoinedSources:
    """Make one document of all that is read.

    names: the inputs as they were named. most: as in `JoinedSources`.
    """
    shown = ", ".join(name.rstrip("/") or name for name in names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    parts = {one.name: getattr(sources, one.name) for one in fields(Sources)}
    return JoinedSources(**{**parts, "several": False}, name=shown + more, most=most)
