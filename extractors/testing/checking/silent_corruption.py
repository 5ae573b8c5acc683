"""The law that a whole extraction stands on: a wrong answer is recovered or reported."""

# ruff: noqa: D401 - a law's docstring states the law
from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

from hypothesis import strategies as st

from slotfill.extractors.catalogue import model_ids
from slotfill.extractors.documents.document import Document
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.plan import plan
from slotfill.extractors.rungs.asks import Answer, Policy
from slotfill.extractors.testing.checking.findings import Finding
from slotfill.extractors.testing.checking.law import SAMPLE_TEXT, Subject, law
from slotfill.extractors.testing.checking.values import difference, recorded
from slotfill.schemas.json_values.pointer import follow
from slotfill.schemas.schema import Schema
from slotfill.schemas.strategies import Completion, CompletionKind, completions

__all__ = ["corruption_is_seen"]


_KINDS: tuple[tuple[CompletionKind, ...], ...] = (
    ("valid", "fenced", "chatty", "truncated"),
    ("mistyped",),
    ("half_right",),
)
"""Which are looked for together: chance may dwell on one kind."""


@law("corruption is seen")
def corruption_is_seen(subject: Subject) -> Iterator[Finding]:
    """An answer with mistakes is recovered or reported, never silently wrong.

    Answers in fences and prose, cut off, mistyped and half right go through a whole extraction. When it ends well, the
    value is the one that was meant, or the record's edits tell what was changed. A validator that puts something
    plausible in the place of a wrong answer breaks it.
    """
    text = subject.examples[0].text if subject.examples else SAMPLE_TEXT
    schema = subject.schema.json_schema if subject.is_python else subject.schema
    answers = st.deferred(lambda: completions(schema, document=text))
    for kinds in _KINDS:
        chosen = _of_kind(answers, kinds)
        yield from subject.search.each(chosen, lambda completion: _silently_wrong(subject.schema, completion, text))


def _of_kind(
    answers: st.SearchStrategy[Completion], kinds: tuple[CompletionKind, ...]
) -> st.SearchStrategy[Completion]:
    return answers.filter(lambda completion: completion.kind in kinds)


def _silently_wrong(schema: Schema[Any], completion: Completion, text: str) -> Iterator[Finding]:
    meant, again = (recorded(schema, completion.truth, text) for _ in range(2))
    if meant is None or difference(meant, again) is not None:  # a new one each time, as of a default factory
        return
    extraction = _extracted(schema, completion, Document.of(text))
    path = difference(meant, extraction.data)
    if extraction.ok and not extraction.edits and path is not None:
        right, wrong = (json.dumps(follow(path, value)) for value in (meant, extraction.data))
        message = f"where {right} was meant, this answer is recorded as {wrong}, with no edit to tell of it"
        yield corruption_is_seen.broken(path, message, completion.text)


def _extracted(schema: Schema[Any], completion: Completion, document: Document) -> Extraction[Any]:
    """Drive a whole extraction by a model that says the same each time."""
    policy = Policy(model_ids.DEFAULT_MODEL, ("text",), max_tokens=1000, ceiling=1000, retries=1)
    course = plan(document, schema, policy)
    answer = Answer(json=completion.text, text=completion.text, stop_reason=completion.stop_reason)
    try:
        asks = next(course)
        while True:
            asks = course.send((answer,) * len(asks))
    except StopIteration as end:
        return cast("Extraction[Any]", end.value)
