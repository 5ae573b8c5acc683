"""Reading a document in parts: which questions it is read by, and how they are asked side by side.

A part is a chunk of the document, or a group of the schema's fields, or both; each may be read several times.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, islice
from typing import Any, Generic, Protocol, TypeVar

from pydantic_core import to_json

from slotfill.extractors.chunks.chunking import Chunk, split_text
from slotfill.extractors.chunks.page_chunks import Load, most_at_once, split_pages, weight_of
from slotfill.extractors.chunks.schema_relaxing import relax_for_chunk
from slotfill.extractors.chunks.schema_splitting import select_fields, split_by_fields
from slotfill.extractors.documents.document import Document
from slotfill.extractors.record.parts import Turn
from slotfill.extractors.rungs.asks import Answer, Ask, Policy
from slotfill.extractors.rungs.prompt import Prompt, look_again, write_prompt
from slotfill.extractors.rungs.questions import Question
from slotfill.extractors.rungs.results import Result
from slotfill.schemas.errors import SchemaError
from slotfill.schemas.evidenced_schema import schema_of_part
from slotfill.schemas.example import Example
from slotfill.schemas.json_schema.subschemas import properties_of
from slotfill.schemas.json_values.exact_json import dumps
from slotfill.schemas.json_values.json_types import JSONMapping, JSONObject
from slotfill.schemas.schema import Schema
from slotfill.schemas.wire.wire import Wire, wire_for

__all__ = [
    "ChunkReader",
    "ChunkResult",
    "SchemaPart",
    "Steps",
    "answer_to",
    "next_reading",
    "schema_parts",
    "together",
]

M = TypeVar("M")
T = TypeVar("T")

Steps = Generator[tuple[Ask, ...], tuple[Answer | None, ...], T]
"""Asks out, answers in, and in the end what came of them.

Of several asks the answers may be sent one by one, as they arrive: see `together`.
"""


class PromptVariation(Protocol):
    """Makes of a prompt another one that asks for the same."""

    def vary(self, prompt: Prompt, schema: Schema[Any]) -> Prompt:
        """Return the prompt in which a schema's value is asked for."""


LEAST_SPLIT = 1_000
"""A text of fewer code points is not split, however long the service finds it."""


@dataclass(frozen=True, slots=True)
class SchemaPart:
    """What of a schema is asked for at once.

    Attributes:
        schema: Of what is asked for.
        wire: What it is answered by; None for the schema's own.
        fields: The properties that are asked for; None for all.
    """

    schema: Schema[Any]
    wire: Wire | None = None
    fields: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ChunkResult(Generic[M]):
    """What came of one question."""

    question: Question[M]
    result: Result[M]

    @property
    def is_whole(self) -> bool:
        """Whether it is of the whole document, and of all that is asked for."""
        return not self.question.chunked and self.question.fields is None

    def after(self, earlier: ChunkResult[M]) -> ChunkResult[M]:
        """Return it with what it cost to find out that the text had to be split."""
        attempts = (*earlier.result.attempts, *self.result.attempts)
        return replace(self, result=replace(self.result, attempts=attempts))


@dataclass(frozen=True, slots=True)
class ChunkReader(Generic[M]):
    """Says by which questions a document is read.

    history: the turns that the conversation has had about the document.
    variation: how the prompts differ from those of an earlier reading of the document; None for the first.
    """

    document: Document
    schema: Schema[M]
    policy: Policy
    history: tuple[Turn, ...] = ()
    variation: PromptVariation | None = None

    def split(self) -> list[Question[Any]]:
        """Return the questions in the document's order: one, unless it is too long or its schema too wide."""
        chunks = self.chunks
        return [*self.questions(chunks, chunked=len(chunks) > 1)]

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        """The parts in which the document is read: itself, unless it is too long."""
        if self.document.pages:
            return split_pages(self.document, self._most)
        return split_text(self.document.text, self.policy.chunk_chars or len(self.document.text))

    def questions(
        self, chunks: Iterable[Chunk], *, chunked: bool, only: frozenset[str] | None = None
    ) -> Iterator[Question[Any]]:
        """Ask of parts of the document, and for some fields alone where `only` names them."""
        return self._questions(self.document, chunks, chunked=chunked, only=only)

    def halve(self, question: Question[Any]) -> list[Question[Any]]:
        """Return the questions about the halves of a text that is too long for the models; none for a short one.

        Pages that came as one PDF are not parted.
        """
        chunks = _halves_of(question.document)
        halves = [*self._questions(question.document, chunks, chunked=True, start=question.start)]
        if same := [half for half in halves if question.fields in (None, half.fields)]:
            return same
        # The groups of a part's schema may be others than the document's, or some fields alone were asked for.
        only = frozenset(question.fields or ())
        return [*self._questions(question.document, chunks, chunked=True, start=question.start, only=only)] or halves

    @property
    def whole(self) -> Question[M]:
        """The question about the document as a whole."""
        prompt = write_prompt(self.schema, self.document, self.history, room=self.policy.history_tokens)
        return Question(self.document, self.schema, prompt)

    @property
    def _most(self) -> Load:
        """What one request may hold of a document with pages."""
        prompt = write_prompt(self.schema, Document.of("…"), self.history, room=self.policy.history_tokens)
        forms = (self.schema.json_schema, prompt.system, [turn.text for turn in prompt.turns])
        return most_at_once(self.policy.chunk_chars, len(to_json(forms)))

    def _questions(
        self,
        document: Document,
        chunks: Iterable[Chunk],
        *,
        chunked: bool,
        start: int = 0,
        only: frozenset[str] | None = None,
    ) -> Iterator[Question[Any]]:
        """Ask of the chunks of a stretch of the document, which begins at `start`, for each part of the schema."""
        for chunk in chunks:
            if not (chunk.pages or chunk.text.strip()):
                continue
            own = document.excerpt(chunk.start, chunk.end, chunk.pages) if chunked else document
            for part in schema_parts(self.schema, self.policy.width, chunked=chunked, only=only):
                prompt = self._prompt(part, own, chunked=chunked)
                yield Question(own, part.schema, prompt, part.wire, start + chunk.start, chunked, part.fields)

    def _prompt(self, part: SchemaPart, document: Document, *, chunked: bool) -> Prompt:
        """Ask of a part of the document without its earlier value, which is of the whole."""
        of_whole = not chunked and part.fields is None
        history = self.history if of_whole else tuple(Turn(None, turn.correction) for turn in self.history)
        room, again = self.policy.history_tokens, self.policy.passes > 1 or self.policy.votes > 1
        prompt = write_prompt(part.schema, document, history, room=room, part=chunked, again=again)
        return self.variation.vary(prompt, part.schema) if self.variation else prompt


def _halves_of(document: Document) -> tuple[Chunk, ...]:
    if document.pages:
        halves = split_pages(document, weight_of(document).shrunk())
        return halves if len(halves) > 1 else ()
    length = len(document.text)
    return split_text(document.text, length * 2 // 3) if length >= 2 * LEAST_SPLIT else ()


def next_reading(question: Question[M], result: Result[M]) -> Question[M]:
    """Ask for what a reading has missed."""
    prompt = look_again(question.prompt, dumps(question.schema.wrap(result.data)))
    return replace(question, prompt=prompt, reading=question.reading + 1)


def answer_to(ask: Ask) -> Steps[Answer]:
    """Ask one question.

    Returns:
        Its answer.
    """
    (answer,) = yield (ask,)
    if answer is None:
        raise RuntimeError("a course of steps went on without the answer to its only ask")
    return answer


def together(courses: Iterable[Steps[T]]) -> Steps[list[T]]:
    """Run several courses of steps at once: what they ask is asked side by side, and none waits for the others.

    Of answers that have arrived each course takes its own, and goes on; None stands for one that is still on its way,
    whose ask is among the next ones again, the same object.

    Returns:
        What came of each, in the courses' order.
    """
    running = [*courses]
    ended: dict[int, T] = {}
    asks: dict[int, tuple[Ask, ...]] = {}
    arrived: dict[int, tuple[Answer | None, ...] | None] = dict.fromkeys(range(len(running)))
    while True:
        for number, replies in arrived.items():
            try:
                asks[number] = next(running[number]) if replies is None else running[number].send(replies)
            except StopIteration as end:
                ended[number] = end.value
                asks.pop(number, None)
        if not asks:
            return [ended[number] for number in range(len(running))]
        several = iter((yield tuple(chain.from_iterable(asks.values()))))
        sent = {number: tuple(islice(several, len(own))) for number, own in asks.items()}
        arrived = {number: own for number, own in sent.items() if any(own)}


@lru_cache(maxsize=64)
def schema_parts(
    schema: Schema[M], width: int | None, *, chunked: bool, only: frozenset[str] | None = None
) -> tuple[SchemaPart, ...]:
    """Return what is asked of each chunk: the whole schema, or groups of its fields.

    chunked: whether a chunk is less than the document, so that it may lack what the schema requires. A schema whose
    parts do not stand by themselves is asked for as it is.
    only: the fields that are asked for alone, of a schema that `field_units` can part; none where that fails.
    """
    relaxed = relax_for_chunk(schema.json_schema) if chunked else schema.json_schema
    if only is not None:
        relaxed = select_fields(relaxed, only, with_rest=False)
    groups = (relaxed,) if width is None or schema.wrapped else split_by_fields(relaxed, width)
    if groups == (schema.json_schema,) and not chunked:
        return (SchemaPart(schema),)
    try:
        return tuple(_parts_of(schema, groups, chunked=chunked, some=len(groups) > 1 or only is not None))
    except SchemaError:
        return (SchemaPart(schema),) if only is None else ()


def _parts_of(schema: Schema[M], groups: Sequence[JSONObject], *, chunked: bool, some: bool) -> Iterator[SchemaPart]:
    elsewhere = {key for group in groups[1:] for key in _properties(group)}  # what no group names, the first one holds
    for group in groups:
        fields = tuple(_properties(group)) if some else None
        examples = schema.examples
        if fields is not None:
            others = elsewhere if group is groups[0] else ()
            examples = tuple(_of_fields(shot, fields, others) for shot in examples)
        part = schema_of_part(schema, group, examples=examples, nested=chunked)
        yield SchemaPart(part, wire_for(part), fields)


def _of_fields(example: Example, fields: Collection[str], others: Collection[str]) -> Example:
    """Leave of an example the fields of a group, and, of the first one, what is no other group's."""
    kept = {key: part for key, part in example.value.items() if key in fields or (others and key not in others)}
    return Example(example.text, kept)


def _properties(schema: JSONMapping) -> list[str]:
    """Name an object's properties, those included that its `allOf` speaks of."""
    return [*properties_of(schema), *(key for part in schema.get("allOf", ()) for key in _properties(part))]
