"""Evaluation: predictions held against gold. No I/O: what was read before is judged, and nothing is asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol, TypeAlias

from slotfill.extractors.evaluation.intervals import Resampling
from slotfill.extractors.evaluation.judging.alignment import AlignmentMethod
from slotfill.extractors.evaluation.judging.value_judge import ValueJudge, labelled_keys
from slotfill.extractors.evaluation.judging.verdicts import FieldVerdict, VerdictCounts
from slotfill.extractors.evaluation.predictions import Prediction, prediction_of
from slotfill.extractors.evaluation.scores import DocumentCounts, Scores, scores_of
from slotfill.extractors.record.json_writer import JSONForm, WrittenBy
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject

__all__ = ["DocumentScore", "Evaluation", "LabelledDocument", "evaluate"]


class LabelledDocument(Protocol):
    """What is known of a document for certain: a `GoldDocument`, or whatever has the same attributes."""

    @property
    def id(self) -> str | None:
        """What tells it from others: the SHA-256 of its text, in hex, where that is known."""

    @property
    def source(self) -> str | None:
        """Where it comes from."""

    @property
    def value(self) -> JSON:
        """What is to be extracted, plain JSON data."""

    @property
    def spans(self) -> Mapping[str, JSON] | None:
        """By JSON Pointer, where in the text its values stand, if that is known."""

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
    """

    id: str | None
    source: str | None
    labels: Mapping[str, str]
    failed: bool
    fields: Annotated[Mapping[str, VerdictCounts], WrittenBy(_with_mistakes)]
    mistakes: tuple[FieldVerdict, ...]

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
        unlabelled: The paths of fields that predictions have, and no gold at all: they were not judged.
        alignment: How the items of lists were paired: `assignment`, or `greedy` where scipy is not installed.
        resamples: How often documents were drawn again for intervals: fewer where numpy is not installed.
        level: The share of draws that lies within an interval.
        documents: What came of each document, in the order given.
    """

    scores: Scores
    by: str | None
    slices: Mapping[str, Scores]
    unlabelled: tuple[str, ...]
    alignment: AlignmentMethod
    resamples: int
    level: float
    documents: tuple[DocumentScore, ...]


def evaluate(
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
    documents = tuple(_judged(judge, gold, prediction) for gold, prediction in read)
    resampling = Resampling(resamples, seed)
    return Evaluation(
        scores=scores_of([one.counts for one in documents], judge.compared_as, resampling),
        by=by,
        slices=_slices(documents, by, judge.compared_as, resampling) if by is not None else {},
        unlabelled=tuple(sorted(judge.unlabelled)),
        alignment=judge.method,
        resamples=resampling.possible,
        level=resampling.level,
        documents=documents,
    )


def _judged(judge: ValueJudge, gold: LabelledDocument, prediction: Prediction) -> DocumentScore:
    verdicts = judge.judge(gold.value, prediction.value)
    by_path: defaultdict[str, list[FieldVerdict]] = defaultdict(list)
    for one in verdicts:
        by_path[one.path].append(one)
    fields = {path: VerdictCounts.of(one.verdict for one in by_path[path]) for path in sorted(by_path)}
    mistakes = tuple(one for one in verdicts if one.verdict != "right")
    return DocumentScore(
        gold.id or gold.source, gold.source, dict(gold.labels or {}), prediction.is_missing, fields, mistakes
    )


def _slices(
    documents: Sequence[DocumentScore], by: str, compared_as: Mapping[str, str], resampling: Resampling
) -> dict[str, Scores]:
    members: defaultdict[str, list[DocumentCounts]] = defaultdict(list)
    for one in documents:
        members[one.labels.get(by, "")].append(one.counts)
    return {value: scores_of(members[value], compared_as, resampling) for value in sorted(members)}
