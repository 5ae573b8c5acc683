"""Drift tables: what documents have of each field, put into categories that two sets of them are compared by."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from slotfill.extractors.evaluation.judging.field_rules import FieldRule, FieldRules
from slotfill.extractors.evaluation.label_scores import label_text
from slotfill.extractors.evaluation.predictions import Prediction
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.json_values.pointer import ANY_INDEX, join

__all__ = ["AspectTable", "DriftAspect", "ObservedDocument", "aspect_tables", "observed"]

DriftAspect = Literal["outcome", "present", "items", "labels", "numbers", "lengths"]
"""What of a field is compared.

outcome: how records ended; of no field, its path is "".
present: whether a document has a value there.
items: how many items a list has.
labels: which of a few values it is.
numbers: how large they are.
lengths: how many code points texts have.
"""

MOST_LABELS = 20
"""Texts and whole numbers of more different values are no labels, unless the schema lists them."""

TIMES_EACH = 5
"""Nor are texts that do not come so often each, in the mean."""

TENTHS = 10

_Aspect: TypeAlias = tuple[str, DriftAspect]


@dataclass(slots=True)
class ObservedDocument:
    """What one document has, by path and aspect: a value, or several of them in a list."""

    values: defaultdict[_Aspect, list[JSON]] = field(default_factory=lambda: defaultdict(list))
    closed: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class AspectTable:
    """One aspect of one field.

    names: of its categories, the most frequent or the least first.
    rows: of each document, how often it has a value in each category.
    """

    path: str
    aspect: DriftAspect
    names: Sequence[str]
    rows: Sequence[Mapping[int, int]]


def observed(rules: FieldRules, prediction: Prediction) -> ObservedDocument:
    """Return what a prediction has of each field."""
    document = ObservedDocument()
    outcome = prediction.record.get("outcome")
    if isinstance(outcome, str):
        document.values["", "outcome"].append(outcome)
    rest: list[tuple[FieldRule, str, JSON]] = [] if prediction.is_missing else [(rules.root, "", prediction.value)]
    while rest:
        rule, path, value = rest.pop()
        if ANY_INDEX not in path and path:
            document.values[path, "present"].append(value is not None)
        if isinstance(value, dict):
            rest += [(rules.at(rule, key), path + join((key,)), member) for key, member in value.items()]
        elif isinstance(value, list):
            document.values[path, "items"].append(len(value))
            rest += [(rules.at(rule, at), f"{path}/{ANY_INDEX}", item) for at, item in enumerate(value)]
        elif value is not None:
            document.values[path, "numbers" if _is_number(value) else "labels"].append(value)
            if rule.is_closed:
                document.closed.add(path)
    return document


def aspect_tables(documents: Sequence[ObservedDocument]) -> Iterator[AspectTable]:
    """Yield a table of each aspect that has more than one category: of what is always the same nothing can move."""
    aspects = sorted({aspect for document in documents for aspect in document.values})
    closed = {path for document in documents for path in document.closed}
    for path, aspect in aspects:
        lists = [document.values.get((path, aspect), []) for document in documents]
        if aspect == "present":
            lists = [values or [False] for values in lists]  # a key that is not there has no value
        table = _table(path, aspect, lists, is_closed=path in closed)
        if len(table.names) > 1:
            yield table


def _table(path: str, aspect: DriftAspect, lists: Sequence[Sequence[JSON]], *, is_closed: bool) -> AspectTable:
    values = [value for one in lists for value in one]
    if aspect in ("outcome", "present") or is_closed or (aspect != "items" and _are_labels(values)):
        names, category = _labelled(values)
        return AspectTable(path, "labels" if aspect == "numbers" else aspect, names, _rows(lists, category))
    if aspect == "labels":
        aspect, lists = "lengths", [[len(label_text(value) or "") for value in one] for one in lists]
        values = [value for one in lists for value in one]
    names, category = _in_tenths(values)
    return AspectTable(path, aspect, names, _rows(lists, category))


def _are_labels(values: Sequence[JSON]) -> bool:
    if any(isinstance(value, float) for value in values):
        return False
    different = len({label_text(value) for value in values})
    return different <= MOST_LABELS and different * TIMES_EACH <= len(values)


def _labelled(values: Sequence[JSON]) -> tuple[list[str], Callable[[JSON], int]]:
    counts = Counter(map(_name, values))
    names = [name for name, _ in sorted(counts.items(), key=lambda one: (-one[1], one[0]))]
    at = {name: number for number, name in enumerate(names)}
    return names, lambda value: at[_name(value)]


def _in_tenths(values: Sequence[JSON]) -> tuple[list[str], Callable[[JSON], int]]:
    ordered = sorted(values)
    edges = sorted({ordered[(len(ordered) - 1) * part // TENTHS] for part in range(1, TENTHS + 1)})
    bounds = [ordered[0], *edges]
    names = [f"{low:g} to {high:g}" for low, high in zip(bounds, edges, strict=False)]
    return names, lambda value: bisect_left(edges, value)


def _rows(lists: Sequence[Sequence[JSON]], category: Callable[[JSON], int]) -> list[Counter[int]]:
    return [Counter(map(category, values)) for values in lists]


def _name(value: JSON) -> str:
    return label_text(value) or ""


def _is_number(value: JSON) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
