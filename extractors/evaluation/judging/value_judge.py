"""The judge: a prediction beside gold, field by field."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from slotfill.extractors.evaluation.judging.alignment import AlignmentMethod, ListAligner
from slotfill.extractors.evaluation.judging.comparators import is_tolerated
from slotfill.extractors.evaluation.judging.field_rules import FieldRule, FieldRules
from slotfill.extractors.evaluation.judging.verdicts import FieldVerdict, Verdict
from slotfill.schemas.json_values.exact_json import is_same
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.json_values.places import PathStep
from slotfill.schemas.json_values.pointer import ANY_INDEX, join

__all__ = ["LabelledKeys", "ValueJudge", "labelled_keys"]

LabelledKeys = Mapping[str, frozenset[str]]
"""By the path of an object, the keys that gold has there, in any document."""


@dataclass(frozen=True, slots=True)
class _Node:
    """Gold and the prediction at one place; None where either has nothing."""

    rule: FieldRule
    path: str
    gold: JSON
    got: JSON
    gold_pointer: str | None
    pointer: str | None


class ValueJudge:
    """Holds values against gold.

    Attributes:
        method: How lists are aligned.
        rules: How each field is judged.
        closed: The paths of fields that have one of a few values, as far as they were met.
        unlabelled: The paths of fields that predictions have, and no gold at all: they were not judged.
    """

    def __init__(
        self,
        json_schema: JSONMapping | None = None,
        labelled: LabelledKeys | None = None,
        method: AlignmentMethod | None = None,
    ) -> None:
        """Make a judge.

        Args:
            json_schema: The JSON Schema of the values, which must not change any more; without it fields are compared
                as their values suggest.
            labelled: What gold says anything of, see `labelled_keys`; without it all is judged.
            method: How lists are aligned, by default as well as it can be done here.
        """
        self.rules = FieldRules(json_schema)
        self._aligner = ListAligner(self.rules, method)
        self._labelled = labelled or {}
        self.method = self._aligner.method
        self._kinds: defaultdict[str, set[str]] = defaultdict(set)
        self.closed: set[str] = set()
        self.unlabelled: set[str] = set()

    @property
    def compared_as(self) -> dict[str, str]:
        """By field path, how the field was compared: in several ways, it may be, where no schema says how."""
        return {path: " or ".join(sorted(kinds)) for path, kinds in self._kinds.items()}

    def judge(self, gold: JSON, got: JSON) -> list[FieldVerdict]:
        """Return the verdicts on all fields that either has a value for; the order of keys changes nothing."""
        verdicts: list[FieldVerdict] = []
        rest = [_Node(self.rules.root, "", gold, got, "", "")]
        while rest:
            node = rest.pop()
            if node.rule.is_ignored or (node.gold is None and node.got is None):
                continue
            parts = self._parts(node)
            if parts is None:
                verdicts.append(self._verdict(node))
            else:
                rest += reversed(parts)
        return verdicts

    def _parts(self, node: _Node) -> list[_Node] | None:
        """Return what a place holds, None for scalars. What differs in kind has nothing in common."""
        kinds = {_kind(value) for value in (node.gold, node.got) if value is not None}
        if len(kinds) > 1:
            alone = _Node(node.rule, node.path, node.gold, None, node.gold_pointer, None)
            return [alone, _Node(node.rule, node.path, None, node.got, None, node.pointer)]
        if kinds == {dict}:
            return [*self._members(node)]
        return [*self._items(node)] if kinds == {list} else None

    def _members(self, node: _Node) -> Iterator[_Node]:
        gold, got = node.gold or {}, node.got or {}
        for key in sorted(gold.keys() | got.keys()):
            path = node.path + _step(key)
            if key not in gold and self._is_unlabelled(node, key):
                if got[key] is not None:
                    self.unlabelled.add(path)
                continue
            yield self._part(node, path, (key, gold.get(key)), (key, got.get(key)))

    def _items(self, node: _Node) -> Iterator[_Node]:
        gold, got = node.gold or [], node.got or []
        path = f"{node.path}/{ANY_INDEX}"
        for mine, its in self._aligner.pairs(gold, got, node.rule):
            expected, value = gold[mine] if mine is not None else None, got[its] if its is not None else None
            yield self._part(node, path, (mine, expected), (its, value))

    def _part(
        self, node: _Node, path: str, gold: tuple[PathStep | None, JSON], got: tuple[PathStep | None, JSON]
    ) -> _Node:
        step = gold[0] if gold[0] is not None else got[0]
        rule = self.rules.at(node.rule, 0 if step is None else step)
        return _Node(rule, path, gold[1], got[1], _below(node.gold_pointer, *gold), _below(node.pointer, *got))

    def _is_unlabelled(self, node: _Node, key: str) -> bool:
        """Whether gold never has a key where it has the object; keys that no schema names are data, and judged."""
        known = self._labelled.get(node.path)
        return known is not None and key not in known and (key in node.rule.names or not node.rule.has_schema)

    def _verdict(self, node: _Node) -> FieldVerdict:
        compare = node.rule.compare(node.gold, node.got)
        self._kinds[node.path].add(compare.kind)
        if node.rule.is_closed or isinstance(node.gold, bool) or isinstance(node.got, bool):
            self.closed.add(node.path)
        if node.got is None:
            verdict = Verdict.OMITTED
        elif node.gold is None:
            verdict = Verdict.HALLUCINATED
        elif is_same(node.gold, node.got):
            verdict = Verdict.RIGHT
        else:
            verdict = Verdict.TOLERATED if is_tolerated(compare, node.gold, node.got) else Verdict.WRONG
        return FieldVerdict(node.path, verdict, node.gold, node.got, node.gold_pointer, node.pointer)


def labelled_keys(values: Iterable[JSON]) -> LabelledKeys:
    """Return which keys gold has anywhere, by the path of the objects that have them."""
    keys: defaultdict[str, set[str]] = defaultdict(set)
    rest: list[tuple[str, JSON]] = [("", value) for value in values]
    while rest:
        path, value = rest.pop()
        if isinstance(value, dict):
            keys[path].update(value)
            rest += [(path + _step(key), member) for key, member in value.items() if isinstance(member, dict | list)]
        elif isinstance(value, list):
            rest += [(f"{path}/{ANY_INDEX}", item) for item in value if isinstance(item, dict | list)]
    return {path: frozenset(names) for path, names in keys.items()}


def _kind(value: JSON) -> type | None:
    return type(value) if isinstance(value, dict | list) else None


@lru_cache(maxsize=4096)
def _step(key: str) -> str:
    return join((key,))


def _below(pointer: str | None, step: PathStep | None, value: JSON) -> str | None:
    """Return the pointer to a part, None where there is none."""
    if pointer is None or step is None or value is None:
        return None
    return pointer + (_step(step) if isinstance(step, str) else f"/{step}")
