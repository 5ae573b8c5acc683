"""Alignment: which item of a predicted list is which of gold's.

Lists are compared in any order, but for those in which each item has its own place. Items that are equal are one,
which is never worse than another choice where likeness is a distance. The rest are paired so that the likeness of all
pairs together is greatest (the assignment problem, solved by scipy), or, without the extra `eval`, the likest pair
first. What is like nothing stays alone: it was omitted, or hallucinated.

The items are sorted first, and the sides are told apart by what they hold, so that neither the order of a list nor a
change of places between gold and prediction changes which items are paired.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal, TypeAlias

from slotfill.extractors.evaluation.judging.comparators import is_tolerated, likeness
from slotfill.extractors.evaluation.judging.field_rules import FieldRule, FieldRules
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.json_values.places import PathStep

__all__ = ["AlignmentMethod", "ItemPair", "ListAligner", "alignment_method"]

AlignmentMethod = Literal["assignment", "greedy"]
"""How items are paired: all of a list at once, or the likest pair first."""

ItemPair: TypeAlias = tuple[int | None, int | None]
"""The index of an item of gold and of the prediction; None for what has no counterpart."""

LEAST_LIKENESS = 0.3
"""Items that are less alike are not the same item gone wrong: each stands alone."""

MOST_PAIRS = 100_000
"""Where there are more, only items that share a value are compared, the likest pair first."""

MOST_SHARING = 50
"""So many of the items that share a value are compared with one, then."""

DEEPEST = 30
"""What lies deeper in an item is taken as one text where items are compared; once paired it is judged in full."""

_Scored: TypeAlias = tuple[float, int, int]


def alignment_method() -> AlignmentMethod:
    """Return how lists are aligned here: it depends on whether scipy is installed."""
    try:
        import scipy.optimize  # noqa: F401 - whether it is there
    except ImportError:
        return "greedy"
    return "assignment"


@dataclass(frozen=True, slots=True)
class _Item:
    """An item: its index, its JSON in one form, and its scalars by where in it they stand."""

    index: int
    text: str
    scalars: Mapping[tuple[PathStep, ...], tuple[FieldRule, list[JSON]]]


class ListAligner:
    """Pairs the items of two lists.

    method: how; by default as well as it can be done here.
    """

    def __init__(self, rules: FieldRules, method: AlignmentMethod | None = None) -> None:
        self.method = method or alignment_method()
        self._rules = rules

    def pairs(self, gold: Sequence[JSON], got: Sequence[JSON], rule: FieldRule) -> list[ItemPair]:
        """Return each item of both lists once, gold's in order, then those that gold does not have."""
        if rule.is_tuple:
            return [*zip_longest(range(len(gold)), range(len(got)))]
        mine, its = _indexed(gold, is_set=rule.is_set), _indexed(got, is_set=rule.is_set)
        matches = {
            first: second
            for text in mine.keys() & its.keys()
            for first, second in zip(mine[text], its[text], strict=False)
        }
        left, right = _unmatched(mine, {*matches}), _unmatched(its, {*matches.values()})
        if left and right:
            matches |= self._matches(self._items(gold, left, rule), self._items(got, right, rule), rule)
        paired = {*matches.values()}
        alone = sorted(index for indexes in its.values() for index in indexes if index not in paired)
        firsts = sorted(index for indexes in mine.values() for index in indexes)
        return [*((index, matches.get(index)) for index in firsts), *((None, index) for index in alone)]

    def _matches(self, mine: list[_Item], its: list[_Item], rule: FieldRule) -> dict[int, int]:
        """Pair items of which none are equal."""
        sides = (mine, its)
        turned = [item.text for item in mine] > [item.text for item in its]
        first, second = reversed(sides) if turned else sides
        scored = [one for one in _scored(first, second, rule) if one[0] >= LEAST_LIKENESS]
        is_small = len(first) * len(second) <= MOST_PAIRS
        chosen = _assigned(scored) if self.method == "assignment" and is_small else _likest_first(scored)
        pairs = ((first[one].index, second[other].index) for one, other in chosen)
        return {other: one for one, other in pairs} if turned else dict(pairs)

    def _items(self, values: Sequence[JSON], indexes: Iterable[int], rule: FieldRule) -> list[_Item]:
        return sorted((self._item(at, values[at], rule) for at in indexes), key=lambda item: item.text)

    def _item(self, index: int, value: JSON, rule: FieldRule) -> _Item:
        scalars: dict[tuple[PathStep, ...], tuple[FieldRule, list[JSON]]] = {}
        rest: list[tuple[FieldRule, tuple[PathStep, ...], JSON]] = [(self._rules.at(rule, index), (), value)]
        while rest:
            part, path, value = rest.pop()
            if part.is_ignored or value is None:
                continue
            if isinstance(value, dict | list) and len(path) > DEEPEST:
                value = _text(value)
            if isinstance(value, dict):
                rest += [(self._rules.at(part, key), (*path, key), member) for key, member in value.items()]
            elif isinstance(value, list):
                rest += [(self._rules.at(part, at), (*path, 0), item) for at, item in enumerate(value)]
            else:
                scalars.setdefault(path, (part, []))[1].append(value)
        for _, values in scalars.values():
            values.sort(key=_text)
        told = sorted((str(path), values) for path, (_, values) in scalars.items())
        return _Item(index, _text(told), scalars)


def _indexed(values: Sequence[JSON], *, is_set: bool) -> Mapping[str, list[int]]:
    """Return the indexes of equal items, by their JSON; in a set the first of them stands for all."""
    indexes: defaultdict[str, list[int]] = defaultdict(list)
    for index, value in enumerate(values):
        text = _text(value)
        if not (is_set and text in indexes):
            indexes[text].append(index)
    return indexes


def _unmatched(indexes: Mapping[str, list[int]], matched: set[int]) -> list[int]:
    """Return what has no match yet."""
    return [at for group in indexes.values() for at in group if at not in matched]


def _text(value: JSON) -> str:
    """Write a value in one form."""
    try:
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    except RecursionError:  # nested more deeply than `json` goes
        return " ".join(_pieces(value))


def _pieces(value: JSON) -> Iterator[str]:
    """Yield what a value is made of, each holder with its size, so that no two values have the same pieces."""
    rest = [value]
    while rest:
        part = rest.pop()
        if isinstance(part, dict):
            yield f"{{{len(part)}"
            rest += [piece for key in sorted(part, reverse=True) for piece in (part[key], key)]
        elif isinstance(part, list):
            yield f"[{len(part)}"
            rest += reversed(part)
        else:
            yield json.dumps(part, ensure_ascii=False)


def _scored(first: Sequence[_Item], second: Sequence[_Item], rule: FieldRule) -> Iterator[_Scored]:
    """Yield how alike the items of two lists are, each with the place of both in these lists."""
    for one, other in _compared(first, second):
        yield _likeness(first[one], second[other], rule.key), one, other


def _compared(first: Sequence[_Item], second: Sequence[_Item]) -> Iterator[tuple[int, int]]:
    if len(first) * len(second) <= MOST_PAIRS:
        yield from ((one, other) for one in range(len(first)) for other in range(len(second)))
        return
    holders: defaultdict[object, list[int]] = defaultdict(list)
    for at, item in enumerate(second):
        for value in _shared_values(item):
            holders[value].append(at)
    for at, item in enumerate(first):
        near = {other for value in _shared_values(item) for other in holders.get(value, ())[:MOST_SHARING]}
        yield from ((at, other) for other in sorted(near))


def _shared_values(item: _Item) -> Iterator[object]:
    for path, (_, values) in item.scalars.items():
        yield from ((path, str(value).casefold()) for value in values)


def _likeness(one: _Item, other: _Item, key: tuple[str, ...]) -> float:
    """Return how alike two items are: the mean of their fields, in which labels count little.

    Of items that the schema gives a key, those that agree in it are one, and those that differ are two.
    """
    names = [(name,) for name in key]
    if names and all(name in one.scalars and name in other.scalars for name in names):
        agree = all(_is_same_field(one.scalars[name], other.scalars[name]) for name in names)
        return (0.9 + 0.1 * _mean_likeness(one, other)) if agree else 0.0
    return _mean_likeness(one, other)


def _is_same_field(one: tuple[FieldRule, list[JSON]], other: tuple[FieldRule, list[JSON]]) -> bool:
    rule = one[0]
    return all(is_tolerated(rule.compare(mine, its), mine, its) for mine, its in zip(one[1], other[1], strict=False))


def _mean_likeness(one: _Item, other: _Item) -> float:
    total = weights = 0.0
    for path in sorted(one.scalars.keys() | other.scalars.keys(), key=str):
        rule, mine = one.scalars.get(path) or other.scalars[path]
        its = other.scalars[path][1] if path in other.scalars else []
        mine = mine if path in one.scalars else []
        weight = rule.weight((mine or its)[0]) * max(len(mine), len(its))
        alike = sum(
            likeness(rule.compare(first, second), first, second) for first, second in zip(mine, its, strict=False)
        )
        weights += weight
        total += weight * alike / max(len(mine), len(its))
    return total / weights if weights else 1.0


def _assigned(scored: Sequence[_Scored]) -> list[tuple[int, int]]:
    """Choose the pairs whose likeness is greatest in sum."""
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    if len(scored) < 2:  # noqa: PLR2004 - one pair needs no choice
        return [(one, other) for _, one, other in scored]
    rows, columns = sorted({one for _, one, _ in scored}), sorted({other for _, _, other in scored})
    row_of, column_of = {one: at for at, one in enumerate(rows)}, {other: at for at, other in enumerate(columns)}
    matrix = np.zeros((len(rows), len(columns)))
    for alike, one, other in scored:
        matrix[row_of[one], column_of[other]] = alike
    chosen = zip(*linear_sum_assignment(matrix, maximize=True), strict=True)
    return [(rows[row], columns[column]) for row, column in chosen if matrix[row, column] > 0]


def _likest_first(scored: Sequence[_Scored]) -> list[tuple[int, int]]:
    chosen: dict[int, int] = {}
    taken: set[int] = set()
    for _, one, other in sorted(scored, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if one not in chosen and other not in taken:
            chosen[one] = other
            taken.add(other)
    return [*chosen.items()]
