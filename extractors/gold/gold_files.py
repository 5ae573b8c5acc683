"""Files of gold, read: which of the known formats one has, its content tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from slotfill.extractors.errors import InputError
from slotfill.extractors.gold.formats.doccano import parse_doccano_line
from slotfill.extractors.gold.formats.field_marks import FieldLabels
from slotfill.extractors.gold.formats.label_studio import parse_task
from slotfill.extractors.gold.formats.langextract import parse_langextract_line
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.gold.gold_lines import parse_gold_line, parse_record
from slotfill.extractors.gold.json_lines import NumberedJSON, at_line, read_json_array, read_json_lines
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["GoldFormat", "gold_format", "read_gold"]


class GoldFormat(StrEnum):
    """In which form gold is written."""

    GOLD = "gold"
    RECORDS = "records"
    LABEL_STUDIO = "label-studio"
    DOCCANO = "doccano"
    LANGEXTRACT = "langextract"
    CONLL = "conll"


_Parser = Callable[[JSON, FieldLabels], GoldDocument | None]

_PARSERS: dict[GoldFormat, _Parser] = {
    GoldFormat.GOLD: lambda line, _: parse_gold_line(line),
    GoldFormat.RECORDS: parse_record,
    GoldFormat.LABEL_STUDIO: parse_task,
    GoldFormat.DOCCANO: parse_doccano_line,
    GoldFormat.LANGEXTRACT: parse_langextract_line,
}

_MARKED = frozenset({GoldFormat.LABEL_STUDIO, GoldFormat.DOCCANO, GoldFormat.LANGEXTRACT})
"""The formats in which a list without items is not there."""


def read_gold(path: str | Path, labels: FieldLabels | None = None) -> list[GoldDocument]:
    """Read gold, in whichever of the formats that can be read.

    Args:
        path: Lines of JSON, or a JSON array: gold as `gold_lines` describes it, records, or an export of Label Studio,
            doccano or LangExtract.
        labels: What the labels of these mean; it takes note of what cannot be carried over.

    Returns:
        The gold documents, in the file's order.

    Raises:
        InputError: It cannot be read, holds no document, or one that is wrong: file, line and what was expected.
    """
    labels = labels or FieldLabels()
    kind = gold_format(path)
    documents = [one for line in _lines(path) if (one := _document(line, _PARSERS[kind], labels, path))]
    if not documents:
        raise InputError(f'{str(path)!r} holds no gold: a line is {{"text" or "source": …, "value": …}}')
    return [*_with_empty_lists(documents)] if kind in _MARKED else documents


def gold_format(path: str | Path) -> GoldFormat:
    """Tell a file's format by its first document. Raises InputError where that cannot be read."""
    return next((_format_of(line) for _, line in _lines(path)), GoldFormat.GOLD)


def _format_of(line: JSON) -> GoldFormat:
    """Tell a format by one document. What is none of them is taken for gold, whose errors say what is expected."""
    keys = line.keys() if isinstance(line, dict) else frozenset[str]()
    if "slotfill" in keys and "outcome" in keys:
        return GoldFormat.RECORDS
    if "value" in keys:
        return GoldFormat.GOLD
    if "data" in keys and keys & {"annotations", "predictions", "completions"}:
        return GoldFormat.LABEL_STUDIO
    if "extractions" in keys:
        return GoldFormat.LANGEXTRACT
    return GoldFormat.DOCCANO if keys & {"label", "labels", "entities", "cats"} else GoldFormat.GOLD


def _lines(path: str | Path) -> Iterator[NumberedJSON]:
    return read_json_array(path) if _is_array(path) else read_json_lines(path)


def _is_array(path: str | Path) -> bool:
    try:
        with Path(path).open("rb") as file:
            start = file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
    except OSError:
        return False  # the reader of lines says why
    return start.startswith(b"[")


def _document(line: NumberedJSON, parse: _Parser, labels: FieldLabels, path: str | Path) -> GoldDocument | None:
    number, data = line
    try:
        return parse(data, labels)
    except ValueError as error:
        raise at_line(path, number, error) from None


def _with_empty_lists(documents: list[GoldDocument]) -> Iterator[GoldDocument]:
    """Give each document that was annotated the lists that others have: it holds none of their items."""
    paths = dict.fromkeys(path for document in documents for path in _lists(document.value))
    for document in documents:
        value = document.value
        for path in paths:
            value = _with_list(value, path)
        yield replace(document, value=value)


def _lists(value: JSON) -> Iterator[tuple[str, ...]]:
    if isinstance(value, list):
        yield ()
    elif isinstance(value, dict):
        yield from ((key, *path) for key, part in value.items() for path in _lists(part))


def _with_list(value: JSON, path: tuple[str, ...]) -> JSON:
    """Return a value with an empty list at the end of a path of keys, where nothing else stands in the way."""
    if not path:
        return [] if value == {} else value
    if not isinstance(value, dict):
        return value
    return {**value, path[0]: _with_list(value.get(path[0], {}), path[1:])}
