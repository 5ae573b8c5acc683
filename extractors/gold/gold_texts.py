"""The texts of gold documents that are known by their source: read from there, as the command line reads inputs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.readers.read_options import ReadKeywords
from slotfill.extractors.documents.sources import find_sources
from slotfill.extractors.errors import InputError
from slotfill.extractors.extractions.stored import own_file
from slotfill.extractors.gold.gold_document import GoldDocument

__all__ = ["with_texts"]


def with_texts(
    documents: Sequence[GoldDocument],
    folder: Path,
    *,
    text_field: str | None = None,
    **reading: Unpack[ReadKeywords],
) -> list[GoldDocument]:
    """Read the texts that gold names by their source alone.

    Args:
        documents: The gold documents; those whose text is known stay as they are.
        folder: Where the gold stands. A source counts only where it is a regular file below it, or below the working
            folder: gold of somebody else's leads nowhere else.
        text_field: The field or column that holds a row's text.
        reading: How files are read: as in `Document.read`.

    Returns:
        The same documents, in their order, each with its text and id.

    Raises:
        InputError: A source is not there, or holds another text than the one whose id the gold has.
    """
    wanted: defaultdict[str, list[GoldDocument]] = defaultdict(list)
    for one in documents:
        if one.text is None:
            wanted[_file_of(one, folder)].append(one)
    texts: dict[int, GoldDocument] = {}
    for path, inside in wanted.items():
        options: ReadKeywords = (
            {**reading, "attachments": True} if any("#" in (one.source or "") for one in inside) else reading
        )
        texts |= dict(_read(path, inside, [*find_sources((path,), text_field=text_field, **options)]))
    return [texts.get(id(one), one) for one in documents]


def _read(path: str, inside: list[GoldDocument], contents: list[Document]) -> Iterator[tuple[int, GoldDocument]]:
    by_name = {(document.source or "").removeprefix(path): document for document in contents}
    by_id = {document.id: document for document in contents}
    for one in inside:
        document = by_id.get(one.id or "") or by_name.get(_suffix(one, path))
        if document is None or document.failure:
            reason = f": {document.failure.message}" if document and document.failure else ""
            raise InputError(f"the gold document {one.source!r} cannot be read from {path!r}{reason}")
        if one.id not in (None, document.id):
            raise InputError(
                f"{one.source!r} is not the text that the gold is of: it has changed since, or was read with other "
                "options (--text-field, --raw, --encoding, --pages, --pdf): name them here, too"
            )
        yield id(one), replace(one, id=document.id, text=document.text)


def _suffix(document: GoldDocument, path: str) -> str:
    """Return what of a source names a part of its file, `#12`."""
    source = document.source or ""
    return "" if Path(source).name == Path(path).name else source[source.rindex("#") :]


def _file_of(document: GoldDocument, folder: Path) -> str:
    """Find the regular file that holds a document, below the gold's folder or the working one."""
    try:
        return own_file(document.source or "", folder, Path())
    except InputError:
        raise InputError(
            f"the text of gold document {document.name!r} is needed and not known: its source is no regular file "
            f"below {str(folder)!r} or this folder"
        ) from None
