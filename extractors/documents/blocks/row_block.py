"""A block of rows: some lines of a file, and what names all that decides which documents they give."""

from __future__ import annotations

import hashlib
import platform
from collections import Counter
from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import TypeAlias

from slotfill import __version__
from slotfill.extractors.documents.rows.row_fields import RowFields
from slotfill.extractors.record.parts import Outcome
from slotfill.schemas.json_values.exact_json import dumps

__all__ = ["BlockLookup", "RowBlock", "block_digest"]

BlockLookup: TypeAlias = Callable[[bytes, int], Counter[Outcome] | None]
"""Says, by a block's digest and the position of its first document in the input, how all of its documents had ended
before; None where that is not known of each."""


@dataclass(frozen=True, slots=True)
class RowBlock:
    """A block among documents that are read: behind its own ones, or in their place.

    Attributes:
        digest: As in `block_digest`.
        documents: How many there are in it.
        outcomes: How all of them had ended before: they are passed over. None where they have been read.
    """

    digest: bytes
    documents: int
    outcomes: Counter[Outcome] | None = None


def block_digest(data: bytes, source: str, number: int, fields: RowFields) -> bytes:
    """Name what decides a block's documents: blocks with one digest give the same ones.

    slotfill and Python are part of it, whose next version may read a row otherwise: each reads all once.

    data: its lines, in UTF-8. source: the file's name. number: that of the first line, from 1.
    """
    about = [__version__, platform.python_version(), source, number, *astuple(fields)]
    digest = hashlib.sha256(dumps(about).encode("utf-8", "surrogatepass"))  # which ends where its brackets do
    digest.update(data)
    return digest.digest()
