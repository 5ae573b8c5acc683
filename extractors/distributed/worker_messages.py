"""What a coordinator and a worker tell each other: reports and orders, plain data that travels by pickle.

A worker reports, the coordinator answers with orders, and so on: whichever of the two calls the other one. Each speaks
for many documents at once: a call costs as much as forty documents in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from slotfill.extractors.documents.document import Document
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.rungs.asks import Answer, AskName
from slotfill.extractors.updating.earlier_record import EarlierRecord
from slotfill.schemas.errors import SlotfillError

__all__ = [
    "FRAME",
    "LEASE_SECONDS",
    "SILENT_SECONDS",
    "AnswerVerdict",
    "AskLease",
    "Assignment",
    "EndedDocument",
    "LoggedLine",
    "MoneyLease",
    "MoneyNeeds",
    "NewAnswer",
    "Orders",
    "RateLease",
    "RateNeeds",
    "SettledPlace",
    "SettledTry",
    "WorkerReport",
]


LEASE_SECONDS = 1.0
"""After so long what was not used of a lease is given back."""

SILENT_SECONDS = 120.0
"""After so long without a report a worker hangs, and is ended: it reports four times a second at least.

What it does by itself, validators of a schema among it, holds its reports up. So long that a hundred documents at once
may take a second each; and no longer, since a document that has workers hang is given up after three times of it.
"""

FRAME = 8
"""Bytes before each message that tell its length, where it goes through a pipe."""


class Assignment(NamedTuple):
    """A document for a worker.

    number: names it between the two. answers: what was answered of it before, by the digest of each ask.
    trace: the span that its own are beneath, as `traceparent` names it.
    """

    number: int
    document: Document
    answers: Mapping[bytes, Sequence[Answer]]
    earlier: EarlierRecord | None
    trace: str | None = None


class NewAnswer(NamedTuple):
    """An answer that has arrived, to be stored. Its request's place is given to no other ask before that.

    assignment: the number of its document's. admission: of the `AskLease` that let it start. again:
    whether it may be asked again, if it fell into an outage.
    """

    assignment: int
    ask: AskName
    answer: Answer
    admission: int
    again: bool


AnswerVerdict = Answer | Literal["stored", "again", "halted"]
"""What became of a new answer: stored as it is, or as another one; to be asked again; nothing more is to be asked."""


class EndedDocument(NamedTuple):
    """A document that has ended; extraction: without its document. error: what says that nothing can be asked at all.

    Without either, it was halted, and stays pending.
    """

    assignment: int
    extraction: Extraction[Any] | None
    error: SlotfillError | OSError | None = None


class SettledPlace(NamedTuple):
    """What became of a start that was lent: as the methods of `Pacer` take it.

    number: the worker's own, of the try. counts: of input and output tokens, where they are known.
    """

    number: int
    counts: tuple[int, int] | None = None
    refused: bool = False
    limited: bool = False
    retry_after: float | None = None


@dataclass(slots=True)
class RateNeeds:
    """What a worker has made of the starts that it was lent, and how many it wants to hold.

    size, room: of the tries that wait, or of the last one. used: the number and the size of each try that has started.
    returned: how many were not used. limits: what the service has told of them.
    """

    wanted: int = 0
    size: int = 0
    room: int = 0
    used: list[tuple[int, int]] = field(default_factory=list)
    settled: list[SettledPlace] = field(default_factory=list)
    returned: int = 0
    limits: Mapping[str, float] | None = None


class RateLease(NamedTuple):
    """So many more tries may start, within a second. held: seconds in which none may, whatever happens."""

    starts: int = 0
    held: float = 0.0


class SettledTry(NamedTuple):
    """What an HTTP try has cost. usage: None where its reply was lost. worst: what was reserved for it."""

    model: str
    usage: Usage | None
    cost: Decimal | None
    worst: Decimal


@dataclass(slots=True)
class MoneyNeeds:
    """What a worker has spent of the money that it was lent, the balance that it keeps, and how much more it wants.

    least: the least that helps: what one of the tries that wait may cost; zero where none waits. model: one of those
    that are asked, by which what is lent stands in the accounts.
    """

    settled: list[SettledTry] = field(default_factory=list)
    balance: Decimal = Decimal(0)
    wanted: Decimal = Decimal(0)
    least: Decimal = Decimal(0)
    model: str = ""


class MoneyLease(NamedTuple):
    """So much more may be reserved, in USD. scarce: others need what is not. refusal: why there is none any more."""

    granted: Decimal = Decimal(0)
    scarce: bool = False
    refusal: str | None = None


class AskLease(NamedTuple):
    """How many asks may start until the next orders, None for any number; and by which admission of the breaker."""

    admission: int = 0
    asks: int | None = 0


NO_STARTS, NO_MONEY, NO_ASKS = RateLease(), MoneyLease(), AskLease()
"""Leases of nothing."""


class LoggedLine(NamedTuple):
    """What a worker logs, at a level of `logging`."""

    level: int
    text: str


@dataclass(slots=True)
class WorkerReport:
    """What a worker has done since its last report.

    begun: the numbers of the documents that it has begun with. waiting: how many asks wait for the breaker. unused: the
    admission of a single ask that none has started by. room: how many more documents it takes. in_flight: its requests.
    """

    answers: list[NewAnswer] = field(default_factory=list)
    ended: list[EndedDocument] = field(default_factory=list)
    begun: list[int] = field(default_factory=list)
    waiting: int = 0
    unused: int | None = None
    room: int = 0
    in_flight: int = 0
    rates: RateNeeds = field(default_factory=RateNeeds)
    money: MoneyNeeds = field(default_factory=MoneyNeeds)
    log: list[LoggedLine] = field(default_factory=list)


@dataclass(slots=True)
class Orders:
    """What a worker is to do.

    verdicts: on the answers of its report, in their order. halted: whether no further ask may start. leaving: whether
    it is to end, once it has reported for the last time.
    """

    verdicts: list[AnswerVerdict] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    asks: AskLease = NO_ASKS
    rates: RateLease = NO_STARTS
    money: MoneyLease = NO_MONEY
    halted: bool = False
    leaving: bool = False
