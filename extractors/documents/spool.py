"""A spool: what is put aside, to be taken up again in its order, without being held in memory."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Generic, Self, TypeVar

__all__ = ["Spool"]

T = TypeVar("T")

IN_MEMORY = 1_000_000
"""So many bytes are held in memory; more go to a file."""


class Spool(Generic[T]):
    """Holds things in the order in which they came, and yields each once.

    The ledger keeps no texts, and the input may be a pipe: so documents that are to be asked about again are in memory
    while they are few, else in a file that has no name and ends with the process, whatever ends that.
    """

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - it is closed on leaving
        self._left, self._reading = 0, False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.close()

    def __len__(self) -> int:
        return self._left

    def add(self, item: T) -> None:
        """Put one aside, before the first is yielded."""
        pickle.dump(item, self._file)
        self._left += 1

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def __iter__(self) -> Iterator[T]:
        if not self._reading:
            self._file.seek(0)
            self._reading = True
        while self._left:
            self._left -= 1
            item: T = pickle.load(self._file)  # noqa: S301 - nobody else can write into it
            yield item
