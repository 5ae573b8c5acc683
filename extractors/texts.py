"""What is handed over to be extracted from: one text, or many of them that are read as they are needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike
from typing import Any, TypeAlias

from slotfill.extractors.documents.document import Document

__all__ = ["Text", "Texts", "as_document"]


class Texts:
    """Iterates over documents until there are no more, or reading them raises: `check` then raises that."""

    def __init__(self, texts: Iterable[Text]) -> None:
        if isinstance(texts, str | bytes | Document) or not isinstance(texts, Iterable):
            raise TypeError(
                f"many texts are wanted, in a list or another iterable, not {type(texts).__name__}: for one text call "
                "extract(text), or put it into a list"
            )
        self._texts = texts
        self._error: Exception | None = None

    def __iter__(self) -> Iterator[Document]:
        try:
            for text in self._texts:
                yield as_document(text)
        except Exception as error:  # noqa: BLE001 - it is raised by check
            self._error = error

    def check(self) -> None:
        """Raise what was raised in reading."""
        if self._error is not None:
            raise self._error


Text: TypeAlias = "str | PathLike[str] | Document"
"""What can be extracted from: a text, the path of a file to read, or a document."""


def as_document(text: Text) -> Document:
    """Make a document of a text, or read the one of a file. Raises TypeError where it is neither."""
    if isinstance(text, Document):
        return text
    if isinstance(text, str):
        return Document.of(text)
    if isinstance(text, PathLike):
        return Document.read(text)
    other: object = text  # what a caller without a type checker may pass
    hints: tuple[tuple[Any, str], ...] = (
        ((bytes, bytearray, memoryview), "decode them first, data.decode('utf-8')"),
        (Iterable, "for many texts call map(texts)"),
    )
    hint = next((f": {hint}" for kind, hint in hints if isinstance(other, kind)), "")
    raise TypeError(f"a text is wanted, a str, or a Path or a Document, not {type(other).__name__}{hint}")
