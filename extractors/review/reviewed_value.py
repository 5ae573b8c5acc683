"""A value under review: items of lists keep their indexes, whatever is taken out or added, so that paths stay true.

["a", "b"] without /0 and with "c" at /2 is {1: "b", 2: "c"} here, and ["b", "c"] when it is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from slotfill.extractors.record.json_writer import NO_MEMBER
from slotfill.schemas.json_values.exact_json import is_same
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.json_values.places import PathStep, ValuePath
from slotfill.schemas.json_values.pointer import is_within, join, list_index, tokens

__all__ = ["ReviewedNode", "ReviewedValue", "same_value"]


class _Items(dict[int, JSON]):
    """The items of a list by the indexes that they were given when they came."""


@dataclass(frozen=True, slots=True)
class ReviewedNode:
    """A part of a reviewed value.

    Attributes:
        path: JSON Pointer into the reviewed value.
        steps: The same, as keys and indexes.
        written: JSON Pointer to it in the value that is written; "" where it is not written.
        value: What stands there; of a list or an object it is made anew each time.
        parts: The keys or indexes of its parts, of those that were taken out, too; a leaf has none.
        is_removed: Whether it was taken out. What is within it is not walked through.
    """

    path: str
    steps: ValuePath
    written: str
    value: JSON
    parts: ValuePath = ()
    is_removed: bool = False

    @property
    def is_leaf(self) -> bool:
        """Whether it has no parts."""
        return not self.parts


class ReviewedValue:
    """Plain JSON data that decisions are made about, one after the other."""

    def __init__(self, value: JSON) -> None:
        self._root = _addressed(value)
        self._removed: set[str] = set()

    def put(self, path: str, value: JSON) -> None:
        """Set what stands at a path, or take it out where `value` is NO_MEMBER.

        What was taken out above comes back with it: who decides of a part of an item says that there is the item.
        """
        self._removed = {one for one in self._removed if not (is_within(one, (path,)) or is_within(path, (one,)))}
        if value is not NO_MEMBER:
            self._root = _put(self._root, tokens(path), _addressed(value))
        elif path:
            self._removed.add(path)
        else:
            self._root = None

    def get(self, path: str) -> JSON:
        """Return what stands at a path, NO_MEMBER where nothing does."""
        if any(is_within(path, (one,)) for one in self._removed):
            return NO_MEMBER
        node = self._root
        for step in tokens(path):
            if isinstance(node, _Items):
                index = list_index(step)
                node = NO_MEMBER if index is None else node.get(index, NO_MEMBER)
            else:
                node = node.get(step, NO_MEMBER) if isinstance(node, dict) else NO_MEMBER
        return NO_MEMBER if node is NO_MEMBER else self._plain(node, path)

    def value(self) -> JSON:
        """Return the value as it is written."""
        return self._plain(self._root, "")

    def walk(self) -> Iterator[ReviewedNode]:
        """Yield the value and its parts, each before its own parts; what was taken out too, where it stood."""
        rest: list[tuple[ValuePath, ValuePath, JSON]] = [((), (), self._root)]
        while rest:
            steps, written, node = rest.pop()
            path = join(steps)
            if path in self._removed:
                yield ReviewedNode(path, steps, "", _plain_whole(node), is_removed=True)
                continue
            inside = [*self._inside(steps, written, node)]
            parts = tuple(part[-1] for part, _, _ in inside)
            yield ReviewedNode(path, steps, join(written), self._plain(node, path), parts)
            rest += reversed(inside)

    def _inside(self, steps: ValuePath, written: ValuePath, node: JSON) -> Iterator[tuple[ValuePath, ValuePath, JSON]]:
        if isinstance(node, _Items):
            number = 0
            for index in sorted(node):
                yield (*steps, index), (*written, number), node[index]
                number += join((*steps, index)) not in self._removed
        elif isinstance(node, dict):
            yield from (((*steps, key), (*written, key), part) for key, part in node.items())

    def _plain(self, node: JSON, path: str) -> JSON:
        if not self._removed:
            return _plain_whole(node)
        if isinstance(node, dict):
            parts: list[tuple[PathStep, JSON, str]] = [
                (step, node[step], path + join((step,))) for step in (sorted(node) if _is_list(node) else node)
            ]
            left = {step: self._plain(part, at) for step, part, at in parts if at not in self._removed}
            return [*left.values()] if _is_list(node) else left
        return node


def same_value(one: JSON, other: JSON) -> bool:
    """Compare as JSON does; nothing, NO_MEMBER, is the same as nothing alone."""
    return one is other if one is NO_MEMBER or other is NO_MEMBER else is_same(one, other)


def _is_list(node: JSON) -> bool:
    return isinstance(node, _Items)


def _addressed(value: JSON) -> JSON:
    if isinstance(value, list):
        return _Items(enumerate(map(_addressed, value)))
    return {key: _addressed(part) for key, part in value.items()} if isinstance(value, dict) else value


def _plain_whole(node: JSON) -> JSON:
    if isinstance(node, _Items):
        return [_plain_whole(node[index]) for index in sorted(node)]
    return {key: _plain_whole(part) for key, part in node.items()} if isinstance(node, dict) else node


def _put(node: JSON, steps: list[str], value: JSON) -> JSON:
    """Put a value into a node. A row may be anybody's: what leads nowhere in a list is passed over."""
    if not steps:
        return value
    step, *rest = steps
    if isinstance(node, _Items):
        index = list_index(step)
        if index is not None:
            node[index] = _put(node.get(index), rest, value)
        return node
    members: dict[str, JSON] = node if isinstance(node, dict) else {}
    members[step] = _put(members.get(step), rest, value)
    return members
