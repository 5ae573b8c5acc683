"""Entity lists: which lists of a value hold entities, objects with a text of the document and a label."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from slotfill.extractors.evaluation.entity_scores import DocumentEntities, TypedSpan
from slotfill.extractors.evaluation.judging.field_rules import FieldRule, FieldRules
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.json_values.places import ValuePath
from slotfill.schemas.json_values.pointer import ANY_INDEX, field_path, follow, join, tokens
from slotfill.schemas.passages.folding import Where

__all__ = ["EntityKeys", "EntityLists", "document_entities", "lists_by_rules", "lists_by_spans"]

LABEL_KEYS = ("type", "label", "category", "kind", "class")
"""What the label of an entity is called where no schema tells."""


@dataclass(frozen=True, slots=True)
class EntityKeys:
    """The keys of an entity's text and of its label."""

    text: str
    label: str


EntityLists: TypeAlias = Mapping[str, EntityKeys]
"""By the path of a list, without the star of its items, the keys of its entities."""

Spans: TypeAlias = Mapping[str, Where]
"""By JSON Pointer, where a value stands."""


def lists_by_rules(rules: FieldRules) -> EntityLists:
    """Return the lists whose items a schema gives a `Verbatim` text and one of a few labels."""
    lists: dict[str, EntityKeys] = {}
    rest: list[tuple[str, FieldRule]] = [("", rules.root)]
    seen: set[int] = set()
    while rest:
        path, rule = rest.pop()
        if id(rule) in seen or not rule.has_schema:
            continue
        seen.add(id(rule))
        item = rules.at(rule, 0)
        if keys := _keys_of(item, rules):
            lists[path] = keys
        rest += [(path + join((key,)), rules.at(rule, key)) for key in sorted(rule.names)]
        rest += [(f"{path}/{ANY_INDEX}", item)]
    return lists


def _keys_of(item: FieldRule, rules: FieldRules) -> EntityKeys | None:
    parts = {key: rules.at(item, key) for key in sorted(item.names)}
    texts = [key for key, part in parts.items() if part.of_texts and part.of_texts.kind == "verbatim"]
    labels = [key for key, part in parts.items() if part.is_closed]
    return EntityKeys(texts[0], labels[0]) if texts and labels else None


def lists_by_spans(golds: Iterable[tuple[JSON, Spans]]) -> EntityLists:
    """Return the lists in which gold gives a span to a text that has a label beside it."""
    lists: dict[str, EntityKeys] = {}
    for value, spans in golds:
        for pointer in spans:
            *around, index, key = ["", "", *tokens(pointer)]
            entity = follow(pointer.rpartition("/")[0], value)
            label = next(
                (name for name in LABEL_KEYS if isinstance(entity, dict) and isinstance(entity.get(name), str)), None
            )
            if label is not None and label != key and index.isdecimal():
                lists.setdefault(field_path(join(around[2:]), value), EntityKeys(key, label))
    return lists


def document_entities(
    lists: EntityLists, gold: tuple[JSON, Spans], predicted: tuple[JSON, Spans]
) -> dict[str, DocumentEntities]:
    """Return the entities of a document, by the path of their list."""
    entities = {}
    for path, keys in lists.items():
        mine, its = _entities(path, keys, *gold), _entities(path, keys, *predicted)
        if any((*mine, *its)):
            entities[path] = DocumentEntities(mine[0], its[0], mine[1], its[1])
    return entities


def _entities(path: str, keys: EntityKeys, value: JSON, spans: Spans) -> tuple[list[TypedSpan], list[str]]:
    """Return the entities that have a span, and the labels of those that have none."""
    placed: list[TypedSpan] = []
    unplaced: list[str] = []
    for place, item in _items(path, value):
        if not isinstance(item, dict) or not isinstance(item.get(keys.text), str):
            continue
        label = item.get(keys.label)
        label = label if isinstance(label, str) else ""
        span = spans.get(join((*place, keys.text)))
        if span:
            placed.append((*span, label))
        else:
            unplaced.append(label)
    return placed, unplaced


def _items(path: str, value: JSON) -> Iterator[tuple[ValuePath, JSON]]:
    """Yield the items of all lists at a path, with their places."""
    nodes: list[tuple[ValuePath, JSON]] = [((), value)]
    for step in (*tokens(path), ANY_INDEX):
        below: list[tuple[ValuePath, JSON]] = []
        for place, part in nodes:
            if step == ANY_INDEX and isinstance(part, list):
                below += [((*place, at), item) for at, item in enumerate(part)]
            elif isinstance(part, dict) and step in part:
                below.append(((*place, step), part[step]))
        nodes = below
    yield from nodes
