"""The laws that every extractor keeps: the promises of the record, each a test that can be called alone.

    from slotfill.extractors.testing import extractor_laws

    @pytest.mark.parametrize("law", extractor_laws.LAWS, ids=repr)
    def test_my_extractor(law):
        law(lambda client: MyExtractor(client), MySchema)

A law takes a function that makes the extractor on a client of the Anthropic SDK, and what it extracts. Anything serves
that has `extract(text)` and gives an `Extraction`. The service behind the client is simulated.
"""

# ruff: noqa: D401 - a law's docstring states the law
from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any, get_args

from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.record.parts import Outcome
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.testing.checking.findings import Finding, LawBroken
from slotfill.extractors.testing.checking.invariants import (
    Breaches,
    contradictions,
    misplaced_spans,
    part_text,
    unloadable_records,
)
from slotfill.extractors.testing.checking.law import SchemaLike
from slotfill.extractors.testing.checking.scenarios import (
    KEY,
    ExtractorOf,
    ReplyEnd,
    Scenario,
    ScenarioResult,
    play,
    scenarios,
)
from slotfill.extractors.testing.checking.search import DEFAULT_EXAMPLES, Search
from slotfill.extractors.testing.checking.values import difference
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.schema_sources import resolve

__all__ = [
    "EXTRACTOR_LAWS",
    "ExtractorLaw",
    "deterministic",
    "key_never_shown",
    "nothing_lost",
    "outcome_consistent",
    "record_loads_again",
    "refusal_is_not_ok",
    "spans_lead_to_their_text",
    "truncation_is_not_ok",
    "usage_is_what_was_billed",
]


Judge = Callable[[ScenarioResult, Schema[Any], ExtractorOf], Breaches]


class ExtractorLaw:
    """A law about extractors, to be called in a test of one's own: `nothing_lost(make_extractor, MyModel)`."""

    def __init__(self, name: str, judge: Judge, endings: tuple[ReplyEnd, ...]) -> None:
        functools.update_wrapper(self, judge)
        self.name = name
        self._judge = judge
        self._endings = endings

    def __repr__(self) -> str:
        return f"<law: {self.name}>"

    def __call__(
        self, extractor_of: ExtractorOf, source: SchemaLike, *, max_examples: int = DEFAULT_EXAMPLES, seed: int = 0
    ) -> None:
        """Raise LawBroken, with the smallest scenario, when an extractor breaks the law. Raises SchemaError."""
        schema = resolve(source)

        def judge(scenario: Scenario) -> Iterator[Finding]:
            for path, message in self._judge(play(extractor_of, scenario), schema, extractor_of):
                yield Finding(self.name, path, message, scenario.to_json())

        kinds = [*itertools.product(self._endings, (False, True))]
        search = Search(math.ceil(max_examples / len(kinds)), seed)
        for ending, corrected in kinds:
            if found := search.first(scenarios(schema, ending, corrected=corrected), judge):
                raise LawBroken(found)


def _law(name: str, *endings: ReplyEnd) -> Callable[[Judge], ExtractorLaw]:
    """Make a law that is judged by the scenarios with these endings, all where none is named."""
    return lambda judge: ExtractorLaw(name, judge, endings or get_args(ReplyEnd))


@_law("nothing lost", "as scripted")
def nothing_lost(result: ScenarioResult, schema: Schema[Any], _: ExtractorOf) -> Breaches:
    """A valid answer is extracted, and all of it; a wrong one never ends well but with the value that was meant.

    Where an extraction ends well with another value, its edits tell of it. An extractor that drops the rows of a list
    that do not fit breaks the law, and so does one that drops rows that do.
    """
    extraction, scenario = result.extraction, result.scenario
    if extraction is None:
        return
    meant = schema.dump(schema.load(scenario.truth))
    path = difference(meant, extraction.data)
    if extraction.ok and not extraction.edits and path is not None:
        right, wrong = part_text(meant, path), part_text(extraction.data, path)
        yield path, f"{right} was meant, {wrong} is recorded, and no edit tells of it"
    if not extraction.ok and scenario.replies[0].kind == "valid":
        yield "", f"a valid answer ends as {extraction.outcome.value!r}"


@_law("truncation is not ok", "max_tokens")
def truncation_is_not_ok(result: ScenarioResult, schema: Schema[Any], _: ExtractorOf) -> Breaches:
    """An answer that was cut off is no value, even where what there is of it validates."""
    del schema  # what the answer is worth does not matter
    if result.extraction is not None and result.extraction.ok:
        yield "", f"each answer was cut off, and the outcome is {result.extraction.outcome.value!r}"


@_law("refusal is not ok", "refusal")
def refusal_is_not_ok(result: ScenarioResult, schema: Schema[Any], _: ExtractorOf) -> Breaches:
    """An answer that the service marks as refused is no value, whatever it holds."""
    del schema  # what the answer is worth does not matter
    if result.extraction is not None and result.extraction.outcome is not Outcome.REFUSED:
        yield "", f"each answer was refused, and the outcome is {result.extraction.outcome.value!r}"


@_law("usage is what was billed")
def usage_is_what_was_billed(result: ScenarioResult, schema: Schema[Any], _: ExtractorOf) -> Breaches:
    """The usage of a record is the sum over its attempts, and what the service counted."""
    del schema  # what the answer is worth does not matter
    if result.extraction is None:
        return
    attempts = sum((attempt.usage for attempt in result.extraction.attempts), Usage())
    for what, counted in (("its attempts sum up to", attempts), ("the service counted", result.claude.usage)):
        if result.extraction.usage != counted:
            yield "/usage", f"the record says {result.extraction.usage}, {what} {counted}"


@_law("key never shown")
def key_never_shown(result: ScenarioResult, schema: Schema[Any], _: ExtractorOf) -> Breaches:
    """The credential stands in no record, no error, no log line, and in nothing that is shown of the extractor."""
    del schema  # what the answer is worth does not matter
    extraction = result.extraction
    places = {
        "the extractor's repr": result.extractor_repr,
        "the extraction's repr": repr(extraction),
        "the record": repr(extraction and extraction.to_json()),
        "the error raised": f"{result.error!r} {result.error}",
        "a log line": "\n".join(result.logs),
    }
    for where, text in places.items():
        if KEY in text:
            yield "", f"the key stands in {where}"


@_law("spans lead to their text")
def spans_lead_to_their_text(result: ScenarioResult, schema: Schema[Any], _: ExtractorOf) -> Breaches:
    """A span lies within the document, an exact one holds its value to the letter, an absent one has no offsets."""
    del schema  # spans are about the value as it is
    if result.extraction is not None:
        yield from misplaced_spans(result.extraction.spans, result.extraction.data, result.scenario.text)


@_law("record loads again")
def record_loads_again(result: ScenarioResult, schema: Schema[Any], _: ExtractorOf) -> Breaches:
    """A record is JSON, and what the model said, loaded by its schema, is the value of the extraction."""
    if result.extraction is not None:
        yield from unloadable_records(result.extraction, schema)


@_law("outcome consistent")
def outcome_consistent(result: ScenarioResult, schema: Schema[Any], _: ExtractorOf) -> Breaches:
    """Nothing is raised; a record that is ok has a value and no error, one that is not has an error.

    The last attempt is ok when the record is, and a record without a value says why when it is asked for it.
    """
    del schema  # what the answer is worth does not matter
    if result.extraction is None:
        yield "", f"extract raised {type(result.error).__name__}: what goes wrong with a document ends in its record"
        return
    yield from contradictions(result.extraction)


@_law("deterministic")
def deterministic(result: ScenarioResult, schema: Schema[Any], extractor_of: ExtractorOf) -> Breaches:
    """The same document and the same answers give the same record, but for times and request ids."""
    del schema  # what the answer is worth does not matter
    again = play(extractor_of, result.scenario).extraction
    if result.extraction is not None and again is not None:
        one, other = _timeless(result.extraction), _timeless(again)
        path = difference(one, other)
        if path is not None:
            yield path, f"is {part_text(one, path)} the first time, and {part_text(other, path)} the second"


def _timeless(extraction: Extraction[Any]) -> dict[str, Any]:
    record = extraction.to_json()
    attempts = [{**attempt, "ms": 0, "request_id": None} for attempt in record["attempts"]]
    return {**record, "attempts": attempts, "ms": 0, "request_ids": []}


EXTRACTOR_LAWS: tuple[ExtractorLaw, ...] = (
    nothing_lost,
    truncation_is_not_ok,
    refusal_is_not_ok,
    usage_is_what_was_billed,
    key_never_shown,
    spans_lead_to_their_text,
    record_loads_again,
    outcome_consistent,
    deterministic,
)
"""All of them."""
