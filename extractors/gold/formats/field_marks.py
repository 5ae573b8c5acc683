"""Marks: a value taken apart into what an annotator marks, and put together again.

A mark is one scalar of a value: which field, what, where in the text, and in which item of its lists. Annotation tools
know a mark by a label, which says the field:

    /name                    what is marked is the field's value
    /people/*/name           … of an item of its own
    /mentions/*/name=city    … and the item's `type` is "city"
    city                     the same as /entities/*/text=city: so are labels of other projects read
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.json_values.pointer import ANY_INDEX, field_path, join, list_index, tokens

__all__ = [
    "ENTITY_TEXT",
    "FieldLabels",
    "FieldMark",
    "is_passage",
    "marked_value",
    "marks_of",
    "pointer_of",
    "types_told_by_labels",
]

ENTITY_TEXT = "/entities/*/text"
"""Where what has a label that names no field stands: in the built-in schema `entities`."""

_TYPE = "type"

_NEW = 10**9
"""What items that are marked anew are numbered from: they come behind those that were there."""

Part = str | int


@dataclass(frozen=True, slots=True)
class FieldMark:
    """One scalar of a value, or what is taken as a whole like one.

    Attributes:
        path: The path of its field.
        value: The scalar.
        span: Where it stands in the text, if it does.
        item: Which item of its lists it belongs to: the JSON Pointer of that, or any name that all its marks share.
    """

    path: str
    value: JSON
    span: tuple[int, int] | None = None
    item: str = ""


@dataclass(frozen=True, slots=True)
class FieldLabels:
    """What labels mean, and what was lost between them and values.

    Attributes:
        fields: The field paths of labels that another project has: `{"PER": "/people/*"}`.
        choices: By the path of a field, the labels that it has one of.
        losses: How often something could not be carried over, by what it is.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    losses: Counter[str] = field(default_factory=Counter)

    def lose(self, what: str, times: int = 1) -> None:
        """Note that something cannot be carried over."""
        if times:
            self.losses[what] += times

    def label_of(self, path: str, kind: str | None = None) -> str:
        """Return the label of a field, and of the item's type where it is told by the label."""
        if kind is None:
            return next((label for label, other in self.fields.items() if other == path), path)
        return kind if path == ENTITY_TEXT and kind and not kind.startswith("/") else f"{path}={kind}"

    def meaning_of(self, label: str) -> tuple[str, str | None]:
        """Return the field path that a label means, and the item's type that it tells."""
        if label in self.fields:
            return self.fields[label], None
        if not label.startswith("/"):
            return ENTITY_TEXT, label
        path, separator, kind = label.partition("=")
        return path, kind if separator else None

    def marks_for(self, label: str, text: str, span: tuple[int, int] | None, item: str) -> Iterator[FieldMark]:
        """Yield the marks that a labelled passage makes."""
        path, kind = self.meaning_of(label)
        yield FieldMark(path, text, span, item)
        if kind is not None:
            yield FieldMark(_sibling(path, _TYPE), kind, None, item)


def marks_of(value: JSON, spans: Mapping[str, tuple[int, int]], labels: FieldLabels) -> list[FieldMark]:
    """Take a value apart. What no mark holds is noted: null, empty lists and objects, and odd names of fields."""
    marks = []
    for parts, leaf in _scalars(value, ()):
        pointer = join(parts)
        path = field_path(pointer, value)
        if leaf is None or leaf in ([], {}):
            labels.lose("null, an empty list or an empty object")
        elif not parts or "=" in path or any(part == ANY_INDEX for part in parts):
            labels.lose("a value without a field, or one whose name is * or holds =")
        else:
            marks.append(FieldMark(path, leaf, spans.get(pointer), _item(parts)))
    known = {join(parts) for parts, _ in _scalars(value, ())}
    labels.lose("the span of what is no single text, number or truth", len(spans.keys() - known))
    return marks


def types_told_by_labels(marks: Iterable[FieldMark]) -> dict[str, str]:
    """Return, by item, the type of those that are a passage and its type and nothing else."""
    items: dict[str, list[FieldMark]] = {}
    for mark in marks:
        items.setdefault(mark.item, []).append(mark)
    return {item: kind for item, inner in items.items() if item and (kind := _type_of(inner)) is not None}


def marked_value(marks: Iterable[FieldMark]) -> tuple[JSON, dict[str, tuple[int, int]]]:
    """Put a value together of its marks, and the spans in it.

    Raises ValueError where one field is marked twice, or is both a value and an object.
    """
    root = _Node()
    for mark, parts in _placed(marks):
        root.put(parts, mark)
    spans: dict[str, tuple[int, int]] = {}
    return root.written("", spans), spans


def is_passage(mark: FieldMark, text: str) -> bool:
    """Whether a mark's value is what stands at its place, and not another form of it."""
    return mark.span is not None and text[slice(*mark.span)] == mark.value


def pointer_of(mark: FieldMark) -> str:
    """Return the JSON Pointer of a mark whose item is one."""
    rest = iter(_indices(tokens(mark.path), mark.item))
    return join(next(rest, name) if name == ANY_INDEX else name for name in tokens(mark.path))


class _Node:
    """A part of a value that grows: a scalar, a list by index, or an object by key."""

    def __init__(self) -> None:
        self.children: dict[Part, _Node] = {}
        self.mark: FieldMark | None = None

    def put(self, parts: tuple[Part, ...], mark: FieldMark) -> None:
        if not parts:
            if self.mark or self.children:
                raise ValueError(f"the field {mark.path!r} is marked twice")
            self.mark = mark
            return
        if self.mark or any(isinstance(key, int) != isinstance(parts[0], int) for key in self.children):
            raise ValueError(f"what holds the field {mark.path!r} is marked as something else, too")
        self.children.setdefault(parts[0], _Node()).put(parts[1:], mark)

    def written(self, pointer: str, spans: dict[str, tuple[int, int]]) -> JSON:
        if self.mark:
            if self.mark.span:
                spans[pointer] = self.mark.span
            return self.mark.value
        if any(isinstance(key, int) for key in self.children):
            ordered = [self.children[key] for key in sorted(self.children)]
            return [node.written(pointer + join((index,)), spans) for index, node in enumerate(ordered)]
        return {key: node.written(pointer + join((key,)), spans) for key, node in self.children.items()}


def _placed(marks: Iterable[FieldMark]) -> Iterator[tuple[FieldMark, tuple[Part, ...]]]:
    """Give each mark its place; one of an item that has no number yet begins a new one, in the order of the marks."""
    numbers: dict[tuple[str, str], int] = {}
    for mark in marks:
        names = tokens(mark.path)
        stars = names.count(ANY_INDEX)
        indices = _indices(names, mark.item)
        if len(indices) < stars:
            if stars > 1:
                raise ValueError(f"{mark.path!r} is in a list within a list: of which item cannot be told")
            list_path = join(names[: names.index(ANY_INDEX)])
            name = mark.item or f"of its own {len(numbers)}"
            indices = [_NEW + numbers.setdefault((list_path, name), len(numbers))]
        rest = iter(indices)
        yield mark, tuple(next(rest) if name == ANY_INDEX else name for name in names)


def _indices(names: list[str], item: str) -> list[int]:
    """Return the indices that an item's JSON Pointer has for the stars of a path, none where it is of another."""
    if ANY_INDEX not in names or not item.startswith("/"):
        return []
    last = len(names) - names[::-1].index(ANY_INDEX)
    pairs = [*zip(names[:last], tokens(item), strict=False)]
    fits = len(pairs) == last and all(
        list_index(token) is not None if name == ANY_INDEX else name == token for name, token in pairs
    )
    return [int(token) for name, token in pairs if name == ANY_INDEX] if fits else []


def _scalars(value: JSON, at: tuple[Part, ...]) -> Iterator[tuple[tuple[Part, ...], JSON]]:
    if value and isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _scalars(part, (*at, key))
    else:
        yield at, value


def _item(parts: tuple[Part, ...]) -> str:
    """Return the pointer of the innermost item of a list that a place is in, "" where it is in none."""
    last = max((number for number, part in enumerate(parts) if isinstance(part, int)), default=-1)
    return join(parts[: last + 1])


def _type_of(marks: list[FieldMark]) -> str | None:
    passage = next((mark for mark in marks if mark.span), None)
    others = [mark for mark in marks if mark is not passage]
    if passage is None or len(others) != 1 or others[0].span or not isinstance(others[0].value, str):
        return None
    return others[0].value if others[0].path == _sibling(passage.path, _TYPE) else None


def _sibling(path: str, key: str) -> str:
    return path.rpartition("/")[0] + join((key,))
