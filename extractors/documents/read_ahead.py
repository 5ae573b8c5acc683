"""Reading ahead: a thread of its own reads the documents, so that a slow disk or a pipe holds up nothing else."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterable
from contextlib import suppress

from slotfill.extractors.documents.blocks.row_block import RowBlock
from slotfill.extractors.documents.document import Document

__all__ = ["ReadAhead"]

MOST_DOCUMENTS, MOST_CHARS = 8_192, 1_000_000
"""So many documents are held that nobody has taken yet, or so many code points; one may be longer."""

GATHERING = 0.005
"""So many seconds are documents waited for where there are few: a batch of one takes as much work as one of fifty."""


class ReadAhead:
    """Documents that are read before they are asked for, up to a bound; it belongs to the event loop that runs.

    The blocks among them come in their places, and count like documents without a text.

    A read that never ends holds up nothing but itself: `close` does not wait for it, nor does the process.
    """

    def __init__(self, documents: Iterable[Document | RowBlock]) -> None:
        self._ready: deque[Document | RowBlock] = deque()
        # A lock for each document would cost a fifth of all that is done to read it: so each side counts what it has
        # done, no other changes that, and the thread looks whether it is waited for after it has given a document.
        self._chars_read = self._chars_taken = 0
        self._is_awaited = False
        self._ended = self._closed = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        self._arrived, self._loop = asyncio.Event(), asyncio.get_running_loop()
        threading.Thread(target=self._read, args=(documents,), name="slotfill-reader", daemon=True).start()

    async def take(self, most: int, most_chars: int) -> list[Document | RowBlock]:
        """Wait for documents, and take up to so many in their order, or until they have so many code points.

        Returns:
            At least one; none once all are read, or it is closed.

        Raises:
            BaseException: What reading has raised, behind the documents that came before it.
        """
        await self._first()
        if len(self._ready) * 2 < most and not (self._ended or self._closed):
            await asyncio.sleep(GATHERING)
        if self._ready and not self._closed:
            return self._taken(most, most_chars)
        if self._error is not None and not self._closed:
            raise self._error
        return []

    def close(self) -> None:
        """Read no further document, and give none."""
        self._closed = True
        self._arrived.set()
        self._go_on()

    async def _first(self) -> None:
        """Wait until there is a document, or the end."""
        while True:
            self._arrived.clear()
            self._is_awaited = True  # before it is looked for one: what comes from here on wakes
            if self._ready or self._ended or self._closed:
                self._is_awaited = False
                return
            await self._arrived.wait()

    def _taken(self, most: int, most_chars: int) -> list[Document | RowBlock]:
        batch: list[Document | RowBlock] = []
        size, next_document = 0, self._ready.popleft
        for _ in range(min(most, len(self._ready))):
            document = next_document()
            batch.append(document)
            size += _chars(document)
            if size > most_chars:
                break
        self._chars_taken += size
        if not self._is_full(share=2):  # so that the thread wakes for many at once
            self._go_on()
        return batch

    def _is_full(self, share: int = 1) -> bool:
        chars = self._chars_read - self._chars_taken
        return len(self._ready) * share >= MOST_DOCUMENTS or chars * share >= MOST_CHARS

    def _go_on(self) -> None:
        with self._changed:
            self._changed.notify()

    def _read(self, documents: Iterable[Document | RowBlock]) -> None:
        try:
            for document in documents:
                if self._is_full():
                    with self._changed:
                        self._changed.wait_for(lambda: self._closed or not self._is_full())
                if self._closed:
                    return
                self._chars_read += _chars(document)
                self._ready.append(document)
                if self._is_awaited:
                    self._wake()
        except BaseException as error:  # noqa: BLE001 - it is raised where the documents are taken
            self._error = error
        finally:
            self._ended = True
            self._wake()

    def _wake(self) -> None:
        self._is_awaited = False
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._arrived.set)


def _chars(document: Document | RowBlock) -> int:
    return len(document.text) if isinstance(document, Document) else 0
