"""Reading a document in parts: which parts there are, and a ladder for each, side by side.

A part is a chunk of the document, or a group of the schema's fields, or both; each may be read several times.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar

from slotfill.extractors.chunks.chunking import split
from slotfill.extractors.chunks.schema_splitting import relax_for_chunk, split_by_fields
from slotfill.extractors.record.extraction import Attempt, Document, Turn
from slotfill.extractors.rungs.asks import Answer, Ask, Policy
from slotfill.extractors.rungs.ladder import Ladder, Result, Status
from slotfill.extractors.rungs.prompt import Prompt, look_again, write_prompt
from slotfill.schemas.errors import SchemaError
from slotfill.schemas.json_schema.subschemas import properties_of
from slotfill.schemas.json_values.exact_json import dumps
from slotfill.schemas.schema import Example, Schema
from slotfill.schemas.wire.wire import Wire, wire_for

__all__ = ["ChunkReader", "ChunkResult", "Question", "questions_for", "together"]

T = TypeVar("T")

Steps = Generator[tuple[Ask, ...], tuple[Answer, ...], T]

LEAST = 1_000
"""A text of fewer code points is not split, however long the service finds it."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a chunk.

    schema: of what is asked for. wire: what it is answered by. fields: the properties that are asked for. All None, or
    the whole schema's own, where all is asked for that the whole document is asked for.
    """

    schema: Schema[Any]
    wire: Wire | None = None
    fields: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """What came of reading one chunk once.

    start: its offset in the document. number: which reading of it, from 1. data: what could be read, valid or not.
    """

    start: int
    text: str
    task: Question
    number: int
    verdict: Result[Any]
    attempts: tuple[Attempt, ...]
    data: Any


@lru_cache(maxsize=64)
def questions_for(schema: Schema[Any], width: int | None, *, chunked: bool) -> tuple[Question, ...]:
    """Give what is asked of each chunk: the whole schema, or groups of its fields.

    chunked: whether a chunk is less than the document, so that it may lack what the schema requires. A schema whose
    parts do not stand by themselves is asked for as it is.
    """
    lax = relax_for_chunk(schema.json_schema) if chunked else schema.json_schema
    groups = (lax,) if width is None or schema.wrapped else split_by_fields(lax, width)
    if groups == (schema.json_schema,) and not chunked:
        return (Question(schema),)
    try:
        return tuple(_tasks(schema, groups, chunked=chunked))
    except SchemaError:
        return (Question(schema),)


def _tasks(schema: Schema[Any], groups: Sequence[dict[str, Any]], *, chunked: bool) -> Iterator[Question]:
    elsewhere = {key for group in groups[1:] for key in _properties(group)}  # what no group names, the first one holds
    for group in groups:
        fields = tuple(_properties(group)) if len(groups) > 1 else None
        examples = schema.examples
        if fields is not None:
            others = elsewhere if group is groups[0] else ()
            examples = tuple(_of_fields(shot, fields, others) for shot in examples)
        part = schema.part(group, examples=examples, nested=chunked)
        yield Question(part, wire_for(part), fields)


def _of_fields(example: Example, fields: Collection[str], others: Collection[str]) -> Example:
    """Leave of an example the fields of a group, and, of the first one, what is no other group's."""
    kept = {key: part for key, part in example.value.items() if key in fields or (others and key not in others)}
    return Example(example.text, kept)


def _properties(schema: Any) -> list[str]:
    """Name an object's properties, those included that its `allOf` speaks of."""
    return [*properties_of(schema), *(key for part in schema.get("allOf", ()) for key in _properties(part))]


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one ladder is about: a stretch of the document, and what is asked of it. chunked: as in `questions_for`."""

    start: int
    text: str
    task: Question
    chunked: bool


@dataclass(frozen=True, slots=True)
class ChunkReader:
    """Reads one document in as many parts as need be.

    history: the turns that the conversation has had about the document.
    """

    document: Document
    schema: Schema[Any]
    policy: Policy
    history: tuple[Turn, ...] = ()

    def read(self) -> Steps[list[ChunkResult]]:
        """Read it all; what was read is in the document's order."""
        limit = self.policy.chunk_chars or len(self.document.text)
        return (yield from self._read_all(self._pieces(0, self.document.text, limit)))

    def _pieces(self, start: int, text: str, limit: int) -> list[_Piece]:
        chunks = [chunk for chunk in split(text, limit) if chunk.text.strip()]
        chunked = len(chunks[0].text) < len(self.document.text)
        tasks = questions_for(self.schema, self.policy.width, chunked=chunked)
        return [_Piece(start + chunk.start, chunk.text, task, chunked) for chunk in chunks for task in tasks]

    def _read_all(self, pieces: Sequence[_Piece]) -> Steps[list[ChunkResult]]:
        found = yield from together([self._read(piece) for piece in pieces])
        return [read for several in found for read in several]

    def _read(self, piece: _Piece) -> Steps[list[ChunkResult]]:
        """Read one piece, as often as the policy says, and in smaller ones where it is too long for the models."""
        document, task = Document.of(piece.text) if piece.chunked else self.document, piece.task
        prompt = self._prompt(piece, document)
        found: list[ChunkResult] = []
        for number in range(1, self.policy.passes + 1):
            ladder = Ladder(document, task.schema, prompt, task.wire)
            verdict = yield from ladder.climb(self.policy)
            found.append(
                ChunkResult(piece.start, piece.text, task, number, verdict, tuple(ladder.attempts), ladder.read)
            )
            if verdict.kind is not Status.VALID:
                break
            prompt = look_again(prompt, dumps(task.schema.wrap(verdict.data)))
        failure = found[-1].verdict.failure
        if failure is None or not failure.type.a_shorter_text_may_help or len(piece.text) < 2 * LEAST:
            return found
        return found[:-1] + (yield from self._read_smaller(piece, found[-1]))

    def _read_smaller(self, piece: _Piece, whole: ChunkResult) -> Steps[list[ChunkResult]]:
        """Read the halves of a piece that was too long; what it cost to find that out is the first one's."""
        halves = self._pieces(piece.start, piece.text, len(piece.text) * 2 // 3)
        # The groups of a part's schema may be others; what is asked for twice is merged.
        wanted = [half for half in halves if piece.task.fields in (None, half.task.fields)] or halves
        first, *others = yield from self._read_all(wanted)
        return [replace(first, attempts=(*whole.attempts, *first.attempts)), *others]

    def _prompt(self, piece: _Piece, document: Document) -> Prompt:
        """Ask of a part of the document without its earlier value: that is of the whole."""
        of_whole = not piece.chunked and piece.task.fields is None
        history = self.history if of_whole else tuple(Turn(None, turn.correction) for turn in self.history)
        again = self.policy.passes > 1
        return write_prompt(piece.task.schema, document, history, part=piece.chunked, again=again)


def together(courses: Sequence[Steps[T]]) -> Steps[list[T]]:
    """Run several courses at once: what they ask together is asked together. Results are in the courses' order."""
    ended: dict[int, T] = {}
    answers: dict[int, tuple[Answer, ...] | None] = dict.fromkeys(range(len(courses)))
    while answers:
        waiting: dict[int, tuple[Ask, ...]] = {}
        for number, given in answers.items():
            try:
                waiting[number] = next(courses[number]) if given is None else courses[number].send(given)
            except StopIteration as end:
                ended[number] = end.value
        if waiting:
            came = iter((yield tuple(ask for asks in waiting.values() for ask in asks)))
            answers = {number: tuple(next(came) for _ in asks) for number, asks in waiting.items()}
        else:
            answers = {}
    return [ended[number] for number in range(len(courses))]
