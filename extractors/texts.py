"""What is handed over to be extracted from: one text, or many of them that are read as they are needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike
from typing import Any, TypeAlias

from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.readers.read_options import ReadOptions

__all__ = ["Text", "Texts", "as_document", "check_text"]

Text: TypeAlias = "str | PathLike[str] | Document"
"""What can be extracted from: a text, the path of a file to read, or a document."""


class Texts:
    """Iterates over texts until there are no more, or getting them raises: `check` then raises that."""

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

    def check(self) -> None:
        """Raise what was raised in getting them."""
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
