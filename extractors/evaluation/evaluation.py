"""Evaluation: predictions held against gold. No I/O: what was read before is judged, and nothing is asked."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol, TypeAlias

from slotfill.extractors.evaluation.drawing.evaluation_display import evaluation_display
from slotfill.extractors.evaluation.entity_lists import document_entities, lists_by_rules, lists_by_spans
from slotfill.extractors.evaluation.entity_scores import DocumentEntities, EntityScores, entity_scores
from slotfill.extractors.evaluation.intervals import Resampling
from slotfill.extractors.evaluation.judging.alignment import AlignmentMethod
from slotfill.extractors.evaluation.judging.value_judge import ValueJudge, labelled_keys
from slotfill.extractors.evaluation.judging.verdicts import FieldVerdict, Verdict, VerdictCounts
from slotfill.extractors.evaluation.label_scores import LabelCounter, LabelledField
from slotfill.extractors.evaluation.predictions import Prediction, prediction_of
from slotfill.extractors.evaluation.reliability import Reliability, SurePoint, reliability_of, sure_points
from slotfill.extractors.evaluation.scores import DocumentCounts, Scores, scores_of
from slotfill.extractors.evaluation.span_scores import ALL_FIELDS, SpanScores, SpanSums, span_scores, span_sums
from slotfill.extractors.evaluation.spending import Spending, spending_of
from slotfill.extractors.grounding.grounding import ground
from slotfill.extractors.record.json_writer import JSONForm, WrittenBy
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.passages.folding import Where

__all__ = ["DocumentScore", "Evaluation", "LabelledDocument", "evaluate_pairs"]


class LabelledDocument(Protocol):
    """What is known of a document for certain: a `GoldDocument`, or whatever has the same attributes."""

    @property
    def id(self) -> str | None:
        """What tells it from others: the SHA-256 of its text, in hex, where that is known."""

    @property
    def source(self) -> str | None:
        """Where it comes from."""

    @property
    def text(self) -> str | None:
        """Its text, if that is known."""

    @property
    def value(self) -> JSON:
        """What is to be extracted, plain JSON data."""

    @property
    def spans(self) -> Mapping[str, Where]:
        """By JSON Pointer, where in the text its values stand, as far as that is known."""

    @property
    def labels(self) -> Mapping[str, str]:
        """What slices are made by, such as its language."""


GoldPair: TypeAlias = tuple[LabelledDocument, JSONMapping | None]
"""A document and what was extracted from it, plain JSON data; None where nothing was."""


def _with_mistakes(fields: Mapping[str, VerdictCounts]) -> JSONObject:
    """Write what is not right: of most documents nothing."""
    return {
        path: {name: count for name, count in counts.to_json().items() if count and name != "right"}
        for path, counts in fields.items()
        if counts.row[1:] != (0, 0, 0, 0)
    }


@dataclass(frozen=True, slots=True)
class DocumentScore(JSONForm):
    """What came of one document.

    Attributes:
        id: What tells it from others; its source where it has no id.
        source: Where it comes from.
        labels: What slices are made by.
        failed: Whether there is no prediction: all that gold has was omitted.
        fields: Its verdicts, counted by field path; as JSON those that are not right alone.
        mistakes: The verdicts that are not right, those that are tolerated too, in the order of their paths.
        judged: By JSON Pointer into the prediction, whether what was judged is right or tolerated, which calibration
            curves are learnt from; as JSON their number.
    """

    id: str | None
    source: str | None
    labels: Mapping[str, str]
    failed: bool
    fields: Annotated[Mapping[str, VerdictCounts], WrittenBy(_with_mistakes)]
    mistakes: tuple[FieldVerdict, ...]
    judged: Annotated[Mapping[str, bool], WrittenBy(len)]

    @property
    def counts(self) -> DocumentCounts:
        """What scores are made of."""
        return DocumentCounts(self.failed, self.fields)


@dataclass(frozen=True, slots=True)
class Evaluation(JSONForm):
    """How good predictions are.

    Attributes:
        scores: Of all documents.
        by: The label that slices are made by; None without slices.
        slices: By the label's value, the scores of the documents that have it; "" for those that have none.
        labels: By field path, fields that have one of a few values, label by label.
        spans: By field path, and under `*` of all fields, where values stand; nothing where gold has no spans.
        entities: By the path of a list of entities, their scores in each scheme.
        reliability: By field path, and under `*` of all fields, what confidences are worth.
        spending: What the predictions took; None where none of them is a record.
        unlabelled: The paths of fields that predictions have, and no gold at all: they were not judged.
        alignment: How the items of lists were paired: `assignment`, or `greedy` where scipy is not installed.
        resamples: How often documents were drawn again for intervals: fewer where numpy is not installed.
        level: The share of draws that lies within an interval.
        documents: What came of each document, in the order given.
    """

    scores: Scores
    by: str | None
    slices: Mapping[str, Scores]
    labels: Mapping[str, LabelledField]
    spans: Mapping[str, SpanScores]
    entities: Mapping[str, EntityScores]
    reliability: Mapping[str, Reliability]
    spending: Spending | None
    unlabelled: tuple[str, ...]
    alignment: AlignmentMethod
    resamples: int
    level: float
    documents: tuple[DocumentScore, ...]

    def _repr_html_(self) -> str:
        """Show it in a notebook: what counts most, and a row a field."""
        return evaluation_display(self.scores, self.reliability, self.spending, self.unlabelled)


def evaluate_pairs(
    pairs: Iterable[GoldPair],
    json_schema: JSONMapping | None = None,
    *,
    resamples: int = 1000,
    by: str | None = None,
    seed: int = 0,
    method: AlignmentMethod | None = None,
) -> Evaluation:
    """Hold predictions against gold.

    Args:
        pairs: Each document that gold is known of, with what was extracted from it: a record or a line of an output as
            plain JSON data, None where there is nothing.
        json_schema: The JSON Schema of the values as they are written (`Schema.output_schema`), which must not change
            any more; without it fields are compared as their values suggest.
        resamples: How often documents are drawn again for intervals; 0 for none.
        by: The label to make slices by.
        seed: Of what is drawn.
        method: How the items of lists are paired; by default as well as it can be done here.

    Returns:
        The scores, and what came of each document.
    """
    read = [(gold, prediction_of(data)) for gold, data in pairs]
    judge = ValueJudge(json_schema, labelled_keys(gold.value for gold, _ in read), method)
    bench = _Bench(judge, json_schema, [gold for gold, _ in read])
    documents = tuple(bench.score(gold, prediction) for gold, prediction in read)
    resampling = Resampling(resamples, seed)
    return Evaluation(
        scores=scores_of([one.counts for one in documents], judge.compared_as, resampling),
        by=by,
        slices=_slices(documents, by, judge.compared_as, resampling) if by is not None else {},
        labels=bench.labels.fields(),
        spans=span_scores(bench.spans, resampling),
        entities=bench.entities(resampling),
        reliability=bench.reliability(resampling),
        spending=spending_of(prediction.record for _, prediction in read),
        unlabelled=tuple(sorted(judge.unlabelled)),
        alignment=judge.method,
        resamples=resampling.possible,
        level=resampling.level,
        documents=documents,
    )


class _Bench:
    """Judges documents one by one, and gathers what is measured of all of them together."""

    def __init__(self, judge: ValueJudge, json_schema: JSONMapping | None, golds: Sequence[LabelledDocument]) -> None:
        self._judge, self._json_schema = judge, json_schema
        self._lists = lists_by_rules(judge.rules) or lists_by_spans((gold.value, gold.spans or {}) for gold in golds)
        self.labels = LabelCounter()
        self.spans: list[SpanSums] = []
        self._entities: list[dict[str, DocumentEntities]] = []
        self._points: list[list[tuple[str, SurePoint]]] = []

    def score(self, gold: LabelledDocument, prediction: Prediction) -> DocumentScore:
        """Judge one document."""
        verdicts = self._judge.judge(gold.value, prediction.value)
        rights = {one.pointer: not one.verdict.is_mistake for one in verdicts if one.pointer is not None}
        spans = self._spans_of(gold, prediction)
        self.labels.add(verdicts, self._judge.closed)
        self.spans.append(span_sums(verdicts, gold.spans or {}, spans))
        if self._lists:
            placed = gold.spans or self._grounded(gold.value, gold.text)
            self._entities.append(document_entities(self._lists, (gold.value, placed), (prediction.value, spans)))
        self._points.append(sure_points(prediction.record, self._json_schema, rights))
        mistakes = tuple(one for one in verdicts if one.verdict is not Verdict.RIGHT)
        labels = dict(gold.labels or {})
        return DocumentScore(
            gold.id or gold.source, gold.source, labels, prediction.is_missing, _by_path(verdicts), mistakes, rights
        )

    def entities(self, resampling: Resampling) -> dict[str, EntityScores]:
        """Return the scores of each list of entities that any document has."""
        paths = sorted({path for one in self._entities for path in one})
        nothing = DocumentEntities((), ())
        return {path: entity_scores([one.get(path, nothing) for one in self._entities], resampling) for path in paths}

    def reliability(self, resampling: Resampling) -> dict[str, Reliability]:
        """Return what confidences are worth, field by field and together."""
        by_path: defaultdict[str, list[list[SurePoint]]] = defaultdict(list)
        for points in filter(None, self._points):
            by_path[ALL_FIELDS].append([point for _, point in points])
            own: defaultdict[str, list[SurePoint]] = defaultdict(list)
            for path, point in points:
                own[path].append(point)
            for path, its in own.items():
                by_path[path].append(its)
        return {path: reliability_of(by_path[path], resampling) for path in sorted(by_path)}

    def _spans_of(self, gold: LabelledDocument, prediction: Prediction) -> Mapping[str, Where]:
        """Return where the record says that its values stand; a bare line is looked for in the text."""
        if prediction.record or not (self._lists or gold.spans):
            return prediction.spans
        return self._grounded(prediction.value, gold.text)

    def _grounded(self, value: JSON, text: str | None) -> dict[str, Where]:
        if text is None or value is None:
            return {}
        spans = ground(value, text, self._json_schema or {})
        return {at: (one.start, one.end) for at, one in spans.items() if one.start is not None and one.end is not None}


def _by_path(verdicts: Iterable[FieldVerdict]) -> dict[str, VerdictCounts]:
    by_path: defaultdict[str, list[Verdict]] = defaultdict(list)
    for one in verdicts:
        by_path[one.path].append(one.verdict)
    return {path: VerdictCounts.of(by_path[path]) for path in sorted(by_path)}


def _slices(
    documents: Sequence[DocumentScore], by: str, compared_as: Mapping[str, str], resampling: Resampling
) -> dict[str, Scores]:
    members: defaultdict[str, list[DocumentCounts]] = defaultdict(list)
    for one in documents:
        members[one.labels.get(by, "")].append(one.counts)
    return {value: scores_of(members[value], compared_as, resampling) for value in sorted(members, key=_natural)}


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort numbers by size: `500 to 1,999` comes before `10,000 to 49,999`. The longer of two is the greater."""
    parts = re.split("0*([0-9]+)", name.replace(",", ""))
    return [(len(part) if number % 2 else 0, part) for number, part in enumerate(parts)]
