"""What is handed over to be extracted from: one text, or many of them, got as they are needed and mapped at once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from os import PathLike
from typing import Any, TypeAlias, TypeVar

from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.readers.read_options import ReadOptions

__all__ = ["Text", "Texts", "as_document", "check_text"]

Text: TypeAlias = "str | PathLike[str] | Document"
"""What can be extracted from: a text, the path of a file to read, or a document."""

T = TypeVar("T")

AHEAD = 4
"""How many results, as a multiple of those at work at once, may wait for a slow one before them."""


class Texts:
    """Many texts, got as they are needed, so that they may be endless.

    Iterating ends where there are no more, or getting them raises: mapping raises that after all results before it.
    """

    def __init__(self, texts: Iterable[Text]) -> None:
        if isinstance(texts, str | bytes | PathLike | Document) or not isinstance(texts, Iterable):
            raise TypeError(
                f"many texts are wanted, in a list or another iterable, not {type(texts).__name__}: for one text call "
                "extract(text), or put it into a list"
            )
        self._texts = texts
        self._error: Exception | None = None

    def __iter__(self) -> Iterator[Text]:
        try:
            for text in self._texts:
                check_text(text)
                yield text
        except Exception as error:  # noqa: BLE001 - it is raised by check
            self._error = error

    def map(self, extract: Callable[[Text], T], at_once: int) -> Iterator[T]:
        """Yield what comes of each, in their order; at its end raise what was raised in getting them.

        Args:
            extract: Is called with each text, from several threads.
            at_once: How many texts are at work at once.
        """
        waiting: deque[Future[T]] = deque()
        with ThreadPoolExecutor(at_once) as pool:
            try:
                for text in self:
                    waiting.append(pool.submit(copy_context().run, extract, text))
                    while waiting and (waiting[0].done() or len(waiting) >= at_once * AHEAD):
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()
        self._check()

    async def amap(self, extract: Callable[[Text], Awaitable[T]], at_once: int) -> AsyncGenerator[T]:
        """Do what `map` does, without blocking. Closing it before its end cancels what is in flight."""
        places = asyncio.Semaphore(at_once)
        waiting: deque[asyncio.Task[T]] = deque()

        async def one(text: Text) -> T:
            async with places:
                return await extract(text)

        try:
            for text in self:
                waiting.append(asyncio.create_task(one(text)))
                while waiting and (waiting[0].done() or len(waiting) >= at_once * AHEAD):
                    yield await waiting.popleft()
            while waiting:
                yield await waiting.popleft()
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        self._check()

    def _check(self) -> None:
        if self._error is not None:
            raise self._error


def as_document(text: Text, *, native: bool) -> Document:
    """Make a document of a text, or read the one of a file.

    native: whether pages of it may be sent as they are.

    Raises TypeError where it is no text; InputError where there is no such file, or it holds several documents.
    """
    check_text(text)
    if isinstance(text, PathLike):
        return Document.read_only(text, ReadOptions(native=native))
    return text if isinstance(text, Document) else Document.of(text)


def check_text(text: object) -> None:
    """Raise TypeError for what is no text: a caller without a type checker may pass anything."""
    if isinstance(text, str | PathLike | Document):
        return
    hints: tuple[tuple[Any, str], ...] = (
        ((bytes, bytearray, memoryview), "decode them first, data.decode('utf-8'), or give the Path of their file"),
        (Iterable, "for many texts call map(texts)"),
    )
    hint = next((f": {hint}" for kind, hint in hints if isinstance(text, kind)), "")
    raise TypeError(f"a text is wanted, a str, or a Path or a Document, not {type(text).__name__}{hint}")
