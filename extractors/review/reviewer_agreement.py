"""Agreement between reviewers: over the fields that several have decided, how often they say the same.

The share by itself flatters where one label is the rule: of a hundred mails of which ninety-five are "negative", two
who never read one agree on ninety. Cohen's kappa takes off what chance would give (Cohen 1960): (observed - expected) /
(1 - expected). It is told where values come again, as labels do; of free text chance gives nothing, and the share is
all there is to say.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated

from slotfill.extractors.record.json_writer import NO_MEMBER, JSONForm, OmittedIf
from slotfill.extractors.review.decisions import Decision
from slotfill.extractors.review.review_fold import ReviewView, review_view, reviewers_of
from slotfill.extractors.review.reviewed_value import same_value
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.json_values.places import ValuePath
from slotfill.schemas.json_values.pointer import ANY_INDEX, join, tokens

__all__ = [
    "Disagreement",
    "DoubleDecision",
    "FieldAgreement",
    "ReviewerAgreement",
    "double_decisions",
    "reviewer_agreement",
]

LEAST_PAIRS = 5
"""Fewer say nothing of chance."""

MOST_LABELS = 50
"""What has more is text, and looking further would take long."""


@dataclass(frozen=True, slots=True)
class Disagreement(JSONForm):
    """A field that reviewers have decided differently.

    Attributes:
        document: The document's source, or its id.
        path: JSON Pointer to the field.
        values: By reviewer what stands there; who has taken it out is not among them.
        without: Who has taken it out.
    """

    document: str
    path: str
    values: Mapping[str, JSON]
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldAgreement(JSONForm):
    """How two or more reviewers agree on the fields of one path.

    Attributes:
        path: The path, `*` for each index of a list; "" for all of them together.
        pairs: How many pairs of decisions there are: two reviewers on one field are one, three are three.
        equal: How many of the pairs are of equal values.
        kappa: Cohen's kappa, the mean over pairs of reviewers by what they share; None where it says nothing.
    """

    path: str
    pairs: int
    equal: int
    kappa: Annotated[float | None, OmittedIf(None)] = None

    @property
    def share(self) -> float:
        """The share of the pairs that are equal."""
        return self.equal / self.pairs if self.pairs else 1.0


@dataclass(frozen=True, slots=True)
class ReviewerAgreement(JSONForm):
    """The agreement of reviewers: over all fields, by path, and where there is none."""

    whole: FieldAgreement
    fields: tuple[FieldAgreement, ...]
    disagreements: tuple[Disagreement, ...]

    def lines(self) -> Iterator[str]:
        """Yield what a person is told, a line each; nothing where nobody has decided what another has."""
        if not self.whole.pairs:
            return
        yield f"reviewers agree on {self.whole.equal:,} of {self.whole.pairs:,} decisions ({self.whole.share:.0%})"
        for one in self.fields:
            kappa = "" if one.kappa is None else f", kappa {one.kappa:.2f}"
            yield f"  {one.path or 'the value'}: {one.equal:,} of {one.pairs:,}{kappa}"


@dataclass(frozen=True, slots=True)
class DoubleDecision:
    """A field that several reviewers have decided. values: by reviewer; NO_MEMBER for who has taken it out."""

    document: str
    path: str
    field: str
    values: Mapping[str, JSON]


def double_decisions(document: str, base: JSON, rows: Sequence[Decision]) -> Iterator[DoubleDecision]:
    """Yield the fields of one document that several have decided, each having seen only his own decisions."""
    reviewers = reviewers_of(rows)
    views = {who: review_view(base, rows, who) for who in reviewers} if len(reviewers) > 1 else {}
    paths = dict.fromkeys(path for view in views.values() for path in _decided_leaves(view))
    steps = {node.path: node.steps for view in views.values() for node in view.value.walk()}
    for path in paths:
        values = {who: view.value.get(path) for who, view in views.items() if view.decision_on(path) is not None}
        if len(values) > 1:
            yield DoubleDecision(document, path, _field_of(path, steps), values)


def _field_of(path: str, steps: Mapping[str, ValuePath]) -> str:
    """Return a path with `*` for each index of a list, as far as any reviewer's value has the place."""
    known = path
    rest: list[str] = []
    while known and known not in steps:  # what is not there, of an object that is
        *others, last = tokens(known)
        known, rest = join(others), [last, *rest]
    return join([ANY_INDEX if isinstance(step, int) else step for step in (*steps.get(known, ()), *rest)])


def _decided_leaves(view: ReviewView) -> Iterator[str]:
    """Yield the leaves that a view has decided; of what was taken out, its own path."""
    leaves = dict.fromkeys(node.path for node in view.value.walk() if node.is_leaf and not node.is_removed)
    yield from (path for path in leaves if view.decision_on(path) is not None)
    yield from (path for path, row in view.decided.items() if row.after is NO_MEMBER and path not in leaves)


def reviewer_agreement(doubles: Sequence[DoubleDecision]) -> ReviewerAgreement:
    """Count what several have decided."""
    by_field: defaultdict[str, list[DoubleDecision]] = defaultdict(list)
    for one in doubles:
        by_field[one.field].append(one)
    fields = tuple(_agreement(path, ones) for path, ones in by_field.items())
    whole = FieldAgreement("", sum(one.pairs for one in fields), sum(one.equal for one in fields))
    disagreements = tuple(_disagreement(one) for one in doubles if not _all_equal([*one.values.values()]))
    return ReviewerAgreement(whole, fields, disagreements)


def _agreement(path: str, doubles: Sequence[DoubleDecision]) -> FieldAgreement:
    pairs: defaultdict[tuple[str, str], list[tuple[JSON, JSON]]] = defaultdict(list)
    for one in doubles:
        for first, second in combinations(sorted(one.values), 2):
            pairs[first, second].append((one.values[first], one.values[second]))
    everything = [pair for shared in pairs.values() for pair in shared]
    equal = sum(same_value(*pair) for pair in everything)
    kappas = [(kappa, len(shared)) for shared in pairs.values() if (kappa := _kappa(shared)) is not None]
    weight = sum(count for _, count in kappas)
    mean = sum(kappa * count for kappa, count in kappas) / weight if weight else None
    return FieldAgreement(path, len(everything), equal, mean)


def _kappa(pairs: Sequence[tuple[JSON, JSON]]) -> float | None:
    """Return Cohen's kappa of two reviewers' values; None where there are few, or they are no labels."""
    labels: list[JSON] = []
    coded: list[tuple[int, int]] = []
    for first, second in pairs:
        coded.append((_code(first, labels), _code(second, labels)))
        if len(labels) > min(MOST_LABELS, len(pairs) / 2):
            return None
    if len(pairs) < LEAST_PAIRS:
        return None
    firsts, seconds = Counter(first for first, _ in coded), Counter(second for _, second in coded)
    observed = sum(first == second for first, second in coded) / len(pairs)
    expected = sum(firsts[label] * seconds[label] for label in firsts) / len(pairs) ** 2
    return None if expected >= 1 else (observed - expected) / (1 - expected)


def _code(value: JSON, labels: list[JSON]) -> int:
    for number, label in enumerate(labels):
        if same_value(label, value):
            return number
    labels.append(value)
    return len(labels) - 1


def _all_equal(values: Sequence[JSON]) -> bool:
    return all(same_value(values[0], other) for other in values[1:])


def _disagreement(one: DoubleDecision) -> Disagreement:
    values = {who: value for who, value in one.values.items() if value is not NO_MEMBER}
    return Disagreement(one.document, one.path, values, tuple(who for who in one.values if who not in values))
