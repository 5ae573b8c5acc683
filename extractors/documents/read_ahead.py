"""Reading ahead: a thread of its own reads the documents, so that a slow disk or a pipe holds up nothing else."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterable
from contextlib import suppress

from slotfill.extractors.documents.document import Document

__all__ = ["ReadAhead"]

MOST_DOCUMENTS, MOST_CHARS = 1_024, 1_000_000
"""So many documents are held that nobody has taken yet, or so many code points; one may be longer."""


class ReadAhead:
    """Documents that are read before they are asked for, up to a bound; it belongs to the event loop that runs.

    A read that never ends holds up nothing but itself: `close` does not wait for it, nor does the process.
    """

    def __init__(self, documents: Iterable[Document]) -> None:
        self._ready: deque[Document] = deque()
        self._chars = 0
        self._ended = self._closed = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        self._arrived, self._loop = asyncio.Event(), asyncio.get_running_loop()
        threading.Thread(target=self._read, args=(documents,), name="slotfill-reader", daemon=True).start()

    async def take(self, most: int, most_chars: int) -> list[Document]:
        """Wait for documents, and take up to so many in their order, or until they have so many code points.

        Returns:
            At least one; none once all are read, or it is closed.

        Raises:
            BaseException: What reading has raised, behind the documents that came before it.
        """
        while not self._closed:
            with self._changed:
                if self._ready:
                    return self._taken(most, most_chars)
                if self._ended:
                    break
                self._arrived.clear()
            await self._arrived.wait()
        if self._error is not None and not self._closed:
            raise self._error
        return []

    def close(self) -> None:
        """Read no further document, and give none."""
        self._closed = True
        self._arrived.set()
        with self._changed:
            self._changed.notify()

    def _taken(self, most: int, most_chars: int) -> list[Document]:
        batch: list[Document] = []
        size = 0
        while self._ready and len(batch) < most and size <= most_chars:
            batch.append(self._ready.popleft())
            size += len(batch[-1].text)
        self._chars -= size
        if not self._is_full(share=2):  # so that the thread wakes for many at once
            self._changed.notify()
        return batch

    def _is_full(self, share: int = 1) -> bool:
        return len(self._ready) * share >= MOST_DOCUMENTS or self._chars * share >= MOST_CHARS

    def _read(self, documents: Iterable[Document]) -> None:
        try:
            for document in documents:
                with self._changed:
                    self._changed.wait_for(lambda: self._closed or not self._is_full())
                    if self._closed:
                        return
                    self._ready.append(document)
                    self._chars += len(document.text)
                    if len(self._ready) == 1:
                        self._wake()
        except BaseException as error:  # noqa: BLE001 - it is raised where the documents are taken
            self._error = error
        finally:
            self._ended = True
            self._wake()

    def _wake(self) -> None:
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._arrived.set)
