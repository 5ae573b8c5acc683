"""The record: everything that is known of one document's extraction."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, Protocol, TypeVar

from slotfill.extractors.displaying.record_display import record_display
from slotfill.extractors.documents.document import Document
from slotfill.extractors.errors import SettingsError
from slotfill.extractors.extractions.stored_record import NO_AMOUNT, DocumentNote, SchemaNote, StoredRecord
from slotfill.extractors.record.failure_kinds import Failure
from slotfill.extractors.record.json_writer import NO_MEMBER
from slotfill.extractors.record.parts import (
    Attempt,
    ChunkRecord,
    Conflict,
    Edit,
    EvidencePassage,
    Origin,
    Outcome,
    Span,
    TakenOver,
    Turn,
)
from slotfill.extractors.record.usage import Usage
from slotfill.schemas.errors import SlotfillError
from slotfill.schemas.field_digests import FieldDigests
from slotfill.schemas.json_values.json_types import JSON, JSONObject
from slotfill.schemas.schema import Schema

__all__ = ["Extraction", "ExtractionError"]

M = TypeVar("M")


class _Refiner(Protocol[M]):
    """What can ask about a document again."""

    @property
    def schema(self) -> Schema[M]:
        """What is extracted."""

    def refine(self, extraction: Extraction[M], correction: str) -> Extraction[M]:
        """Take a further turn."""

    def arefine(self, extraction: Extraction[M], correction: str) -> Coroutine[Any, Any, Extraction[M]]:
        """Do so without blocking."""


@dataclass(frozen=True, slots=True)
class Extraction(Generic[M]):
    """What came of one document.

    Attributes:
        document: The text that it is of.
        schema_name: The name of the schema that says what to extract.
        schema_id: The hash of that schema, hex: records of equal ids were read by the same rules.
        parameters: The schema's parameters as they were set: the question of an `answer`.
        taken_over: What an earlier record gave, and nobody was asked for.
        digests: What each field was asked by, as hashes; None where there is no value, or that is not known.
        model: The id of the model that gave the value; where there is none, of the model that was to give it.
        outcome: How it ended.
        has_value: Whether there is a value. `result` is that value, which may be None where the schema allows null.
        result: The value, or None; `value` raises where there is none.
        data: The value as plain JSON, as the model writes it: for output alone.
        reply: What the model said, its edits made: plain JSON that the value is read of. The paths of `found_in` and
            of `conflicts` lead into it.
        invalid: What was read but did not validate: plain JSON, or the text where it was none.
        spans: By JSON Pointer into the value, where each value stands in the text.
        confidence: By JSON Pointer, where the number of each `Confidence` field comes from.
        agreement: By JSON Pointer into `reply`, the share of the readings that gave each value, 0 to 1, where the
            document was read several times: of every list, every item of one, and all that is neither list nor object.
        probability: By JSON Pointer into `reply`, how likely each value is right, by a calibration.
        evidence: By JSON Pointer of each judged value, into `reply`, the passages on which it rests: those of an
            `Evidence` field, or those that were asked for beside the value. A value that nothing shows has none.
        evidence_usd: What of `cost_usd` the evidence took, by its share of the replies' characters; None where there is
            none, or a price is unknown.
        edits: What was changed of what the model said, in order.
        attempts: Each step, in order.
        cost_usd: What all attempts cost together, in US dollars; None when a price is unknown.
        saved_usd: What the service's cache made it cheaper by; negative where more was written to it than read.
        surcharge_usd: What of the cost is for long prompts, for which some models have higher rates.
        error: Why there is no whole value, None where there is one.
        chunks: What came of each part, where the document was read in parts.
        found_in: By JSON Pointer, the numbers of the chunks that gave each value and each item of a list; of the
            readings, from 1, where there were several.
        conflicts: What different parts, or readings, said, and was not kept.
        history: The turns that led to it, oldest first; none for a first extraction.
        refiner: The extractor that it came from; None for one that was stored or sent to another process.
    """

    document: Document
    schema_name: str
    schema_id: str
    model: str
    outcome: Outcome
    has_value: bool = False
    result: M | None = None
    data: JSON = None
    reply: JSON = None
    invalid: JSON = None
    spans: Mapping[str, Span] = field(default_factory=dict)
    confidence: Mapping[str, Origin] = field(default_factory=dict)
    agreement: Mapping[str, float] = field(default_factory=dict)
    probability: Mapping[str, float] = field(default_factory=dict)
    evidence: Mapping[str, tuple[EvidencePassage, ...]] = field(default_factory=dict)
    evidence_usd: Decimal | None = None
    edits: tuple[Edit, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    cost_usd: Decimal | None = None
    saved_usd: Decimal | None = None
    surcharge_usd: Decimal | None = None
    error: Failure | None = None
    chunks: tuple[ChunkRecord, ...] = ()
    found_in: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()
    history: tuple[Turn, ...] = ()
    digests: FieldDigests | None = None
    parameters: Mapping[str, JSON] = field(default_factory=dict)
    taken_over: TakenOver | None = None
    refiner: _Refiner[M] | None = field(default=None, repr=False, compare=False)

    @property
    def ok(self) -> bool:
        """Whether there is a whole and valid value."""
        return self.outcome.ok

    @property
    def value(self) -> M:
        """The validated value.

        Raises:
            ExtractionError: There is none; its message says why.
        """
        if not self.has_value:
            raise ExtractionError(self)
        return self.result  # type: ignore[return-value]  # has_value says it is an M

    def refine(self, correction: str) -> Extraction[M]:
        """Ask again, with what is wrong or missing said in words.

        Args:
            correction: Such as "urgency is 5, the brakes failed".

        Returns:
            A further extraction of the same document, whose `history` ends with this turn.

        Raises:
            SettingsError: The extractor is not at hand, as for an extraction that was stored: `Extractor.refine`
                does the same.
        """
        return self._refiner().refine(self, correction)

    async def arefine(self, correction: str) -> Extraction[M]:
        """Ask again as `refine` does, without blocking."""
        return await self._refiner().arefine(self, correction)

    def _refiner(self) -> _Refiner[M]:
        if self.refiner is None:
            raise SettingsError(
                "this extraction has no extractor at hand: call Extractor.refine(extraction, correction)"
            )
        return self.refiner

    def __getstate__(self) -> list[object]:
        # An extractor holds connections, and does not travel.
        return [None if name == "refiner" else getattr(self, name) for name in self.__slots__]

    def __setstate__(self, state: Iterable[object]) -> None:
        for name, value in zip(self.__slots__, state, strict=True):
            object.__setattr__(self, name, value)

    @property
    def usage(self) -> Usage:
        """The tokens of all attempts together."""
        return sum((attempt.usage for attempt in self.attempts), Usage())

    @property
    def ms(self) -> int:
        """The wall-clock milliseconds that all attempts took, one after the other."""
        return sum(attempt.ms for attempt in self.attempts)

    @property
    def request_ids(self) -> tuple[str, ...]:
        """The service's ids of the requests, in order."""
        return tuple(attempt.request_id for attempt in self.attempts if attempt.request_id)

    def to_json(self) -> JSONObject:
        """Return the record as plain JSON data: what `--record` writes, and `load_record` reads.

        Its document's text is not in it. Sums of money are strings, and `reply` stands in it where it is not the value.
        """
        document = self.document
        return StoredRecord(
            document=DocumentNote(
                document.id,
                document.source,
                len(document.text),
                document.columns or None,
                document.places.digest.hex() if document.places else None,
                document.inputs,
            ),
            schema=SchemaNote(self.schema_name, self.schema_id, self.parameters or None, self.digests),
            model=self.model,
            outcome=self.outcome,
            value=self.data if self.has_value else None,
            reply=NO_MEMBER if not self.has_value or self.reply == self.data else self.reply,
            invalid=self.invalid,
            spans=self.spans,
            confidence=self.confidence,
            agreement=self.agreement or None,
            probability=self.probability or None,
            evidence=self.evidence or None,
            evidence_usd=self.evidence_usd if self.evidence else NO_AMOUNT,
            edits=self.edits,
            attempts=self.attempts,
            usage=self.usage,
            cost_usd=self.cost_usd,
            saved_usd=self.saved_usd,
            surcharge_usd=self.surcharge_usd,
            ms=self.ms,
            error=self.error,
            chunks=self.chunks,
            found_in=self.found_in,
            conflicts=self.conflicts,
            history=self.history,
            taken_over=self.taken_over,
            request_ids=self.request_ids,
        ).to_json()

    def _repr_html_(self) -> str:
        """Show it in a notebook: the text with its values marked, and where each of them comes from."""
        return record_display(self.to_json(), self.document.text)


class ExtractionError(SlotfillError):
    """An extraction holds no value; the message says why.

    Attributes:
        extraction: The whole record: its outcome, its error, every attempt.
    """

    def __init__(self, extraction: Extraction[Any]) -> None:
        reason = extraction.error.message if extraction.error else "no reason was recorded"
        super().__init__(f"{extraction.document.source or 'the text'}: {extraction.outcome}: {reason}")
        self.extraction = extraction
