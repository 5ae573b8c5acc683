"""Files of rows for tests, and what comes of them."""

from __future__ import annotations

import json
from pathlib import Path

from slotfill.extractors.documents.sources import find_sources

REVIEWS = ["Доставка заняла три недели, коробка пришла мятая.", "быстрый", "ok", "iPhone 5 б/у"]  # noqa: RUF001 - other letters
"""In Cyrillic: their encodings cannot be told."""


def rows_of(data, *, suffix=".jsonl", **options):
    """Read bytes as a file of the working folder."""
    path = Path("rows" + suffix)
    path.write_bytes(data)
    return list(find_sources([path], **options))


def rows_in(encoding, suffix, texts=REVIEWS, name="text"):
    """Write texts as rows, in an encoding."""
    lines = [json.dumps({name: text}, ensure_ascii=False) for text in texts]
    return "\n".join(lines if suffix == ".jsonl" else [name, *(f'"{text}"' for text in texts)]).encode(encoding)


def texts(documents):
    return [document.text for document in documents]


def kinds(documents):
    return [document.failure and document.failure.type for document in documents]


def sources(documents):
    return [document.source for document in documents]


def only(documents):
    (document,) = documents
    return document
