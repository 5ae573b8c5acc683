"""Extractions held against gold from Python: what `slotfill evaluate` says, as data that a notebook shows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from slotfill.extractors.errors import InputError
from slotfill.extractors.evaluation.evaluation import Evaluation, evaluate_pairs
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.gold.derived_labels import with_derived_label
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.gold.gold_files import read_gold
from slotfill.extractors.gold.gold_lines import parse_gold_line
from slotfill.extractors.gold.matching import match_gold
from slotfill.extractors.gold.stored_predictions import checked_prediction, read_predictions
from slotfill.schemas.built_in.built_ins import built_ins
from slotfill.schemas.json_values.json_types import JSONMapping, JSONObject
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.schema_sources import resolve

__all__ = ["comparing_schema", "evaluate"]

S = TypeVar("S")
T = TypeVar("T")

_Path: TypeAlias = str | os.PathLike[str]
_PATHS = (str, os.PathLike)


def evaluate(
    gold: _Path | Iterable[Mapping[str, Any]],
    extractions: _Path | Iterable[Extraction[Any] | Mapping[str, Any]],
    schema: str | type[Any] | Mapping[str, Any] | Schema[Any] | None = None,
    *,
    by: str | None = None,
) -> Evaluation:
    """Hold extractions against gold, as `slotfill evaluate` does; nothing is sent.

        evaluate("gold.jsonl", "records.jsonl", by="lang")
        evaluate("gold.jsonl", extractor.map(texts))

    They are matched by text, else by source. Gold without an extraction counts as omitted, an extraction without gold
    for nothing; of doubles the last extraction counts, and the first line of gold.

    Args:
        gold: A file in any form of gold that `slotfill convert` reads; or lines of it, `{"text" or "source": …,
            "value": …}`.
        extractions: What a run wrote, a file, a folder or an output with its ledger; or extractions, or records.
        schema: What they are of, as an extractor takes it, for how each field is compared. By default that of the first
            one's extractor, or the built-in one that all records name; else fields are compared as values suggest.
        by: The label to make slices by: one of gold's, `source` or `length`.

    Returns:
        The scores, and what came of each document; as the last value of a notebook's cell it shows itself.

    Raises:
        InputError: A file cannot be read, something is neither gold nor an extraction, or nothing could be matched.
        LedgerError: A run's ledger cannot be read.
        SchemaError: There is no such schema.
    """
    golds = _golds(gold)
    records = read_predictions(os.fspath(extractions)) if isinstance(extractions, _PATHS) else [*extractions]
    predictions = [*_each(records, "extraction", _prediction)]
    matched = match_gold(golds, predictions)
    matched.check()
    known = _schema_of(records) if schema is None else resolve(schema)
    return evaluate_pairs(with_derived_label(matched.pairs, by or ""), comparing_schema(known, predictions), by=by)


def comparing_schema(schema: Schema[Any] | None, predictions: Sequence[JSONMapping]) -> JSONObject | None:
    """Return the JSON Schema by which fields are compared: of a schema, else of the built-in one that records name."""
    if schema is not None:
        return schema.output_schema
    notes = [data.get("schema") for data in predictions]
    names = {str(note.get("name")) if isinstance(note, dict) else "" for note in notes}
    name = names.pop() if len(names) == 1 else ""
    return resolve(name).output_schema if name in built_ins() else None


def _golds(gold: _Path | Iterable[JSONMapping]) -> list[GoldDocument]:
    return read_gold(os.fspath(gold)) if isinstance(gold, _PATHS) else [*_each(gold, "line of gold", parse_gold_line)]


def _prediction(one: Extraction[Any] | JSONMapping) -> JSONObject:
    return checked_prediction(one.to_json() if isinstance(one, Extraction) else one)


def _schema_of(records: Iterable[Extraction[Any] | JSONMapping]) -> Schema[Any] | None:
    return next((one.refiner.schema for one in records if isinstance(one, Extraction) and one.refiner), None)


def _each(items: Iterable[S], name: str, read: Callable[[S], T]) -> Iterator[T]:
    """Read items one by one. Raises InputError, which says the number of the one that is wrong, from 1."""
    for number, item in enumerate(items, 1):
        try:
            yield read(item)
        except ValueError as error:
            raise InputError(f"{name} {number}: {error}") from None
