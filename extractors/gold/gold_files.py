"""Files of gold, read."""

from __future__ import annotations

from pathlib import Path

from slotfill.extractors.errors import InputError
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.gold.gold_lines import parse_gold_line
from slotfill.extractors.gold.json_lines import NumberedJSON, at_line, read_json_lines

__all__ = ["read_gold"]


def read_gold(path: str | Path) -> list[GoldDocument]:
    """Read gold, one document a line.

    Args:
        path: A JSONL file, as `gold_lines` describes its lines.

    Returns:
        The gold documents, in the file's order.

    Raises:
        InputError: It cannot be read, holds no document, or one that is wrong: file, line and what was expected.
    """
    documents = [_document(line, path) for line in read_json_lines(path)]
    if not documents:
        raise InputError(f'{str(path)!r} holds no gold: a line is {{"text" or "source": …, "value": …}}')
    return documents


def _document(line: NumberedJSON, path: str | Path) -> GoldDocument:
    number, data = line
    try:
        return parse_gold_line(data)
    except ValueError as error:
        raise at_line(path, number, error) from None
