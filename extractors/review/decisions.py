"""Decisions: what a person says of one field of one document, a row each, as a log holds them.

    {"review": 1, "id": "3f0c…", "who": "ada", "when": "2026-11-29T23:17:33.120Z", "document": "<sha256>", "source":
     "mails/17.txt", "path": "/urgency", "action": "correct", "before": 3, "after": 4, "span": {"start": 8, "end": 14}}

A row says all by itself: what the field held and what it holds now, so that a value is made by setting what the rows
say, one after the other. `before` and `after` are not there where the value has no such member: before what is added,
after what is taken out. A flag decides nothing: it says that somebody doubts a field. A user of an app says so in the
same form as a reviewer; `after` is then what should stand there, if that is known. Before a document goes into gold, a
row says what stood there for it: that comes back when it is gold no more.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import uuid4

from pydantic import Field, NonNegativeInt, PositiveInt

from slotfill.extractors.record.json_writer import NO_MEMBER, JSONForm, OmittedIf
from slotfill.extractors.record.stored_json import parse_stored
from slotfill.schemas.json_values.exact_json import MAX_JSON_DEPTH, loads
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.json_values.pointer import tokens

__all__ = ["Decision", "DecisionSpan", "ProposedDecision", "ReviewAction", "parse_decision"]

LOG_VERSION: Literal[1] = 1

_Member = Annotated[JSON, OmittedIf(NO_MEMBER)]
_Name = Annotated[str, Field(min_length=1, max_length=200)]
_Optional = Annotated[str | None, OmittedIf(None)]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class ReviewAction(StrEnum):
    """What is done by a row."""

    ACCEPT = "accept"
    CORRECT = "correct"
    REJECT = "reject"
    ADD = "add"
    UNDO = "undo"
    FLAG = "flag"
    GOLD = "gold"

    @property
    def decides(self) -> bool:
        """Whether it says what a field holds."""
        return self not in (ReviewAction.UNDO, ReviewAction.FLAG, ReviewAction.GOLD)


@dataclass(frozen=True, slots=True)
class DecisionSpan(JSONForm):
    """The code points of the document in which a value stands: the first, from 0, and the one behind the last."""

    start: NonNegativeInt
    end: PositiveInt


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(JSONForm):
    """One row of the log.

    Attributes:
        review: The version of the row's form.
        id: What an undo names it by.
        who: Who decided.
        when: When, in UTC, as ISO 8601 has it.
        document: The SHA-256 of the document's text, hex, as `Document.id`.
        source: Where the document was read; None where that is not known, and the row is then about the text wherever
            it stands.
        path: JSON Pointer to the field in the reviewed value, whose items keep their indexes when others go.
        action: What is done.
        before: What stood there for who decided; NO_MEMBER where nothing did.
        after: What stands there now; NO_MEMBER where nothing does. An undo and most flags have neither.
        span: Where `after` stands in the document; None where nobody said so.
        undoes: The id of the row that an undo takes back.
        note: What else was said.
        replaced: Of a row by which its document goes into gold, the lines of the gold file that stood there for it, as
            they stood; "" for none.
    """

    review: Literal[1] = LOG_VERSION
    id: _Name = field(default_factory=lambda: uuid4().hex)
    who: _Name
    when: _Name = field(default_factory=_now)
    document: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    source: str | None = None
    path: Annotated[str, Field(pattern=r"^(/|$)")]
    action: ReviewAction
    before: _Member = NO_MEMBER
    after: _Member = NO_MEMBER
    span: Annotated[DecisionSpan | None, OmittedIf(None)] = None
    undoes: _Optional = None
    note: _Optional = None
    replaced: _Optional = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedDecision:
    """What a reviewer asks for, before it is known whether the schema takes it.

    Attributes:
        action: What is to be done; no undo.
        path: JSON Pointer to the field; for `add` to the list.
        typed: What was typed for it, to be read as the schema has it, in place of a value.
        value: The value, as plain JSON data; NO_MEMBER where none was said.
        span: Where that stands in the text.
        note: What else is to be said.
    """

    action: ReviewAction
    path: str
    typed: str | None = None
    value: JSON = NO_MEMBER
    span: DecisionSpan | None = None
    note: str | None = None


def parse_decision(line: str) -> Decision:
    """Read a row of the log, which may be anybody's. Raises ValueError, which says what is wrong."""
    data = loads(line)
    row = parse_stored(line, Decision)
    if len(tokens(row.path)) > MAX_JSON_DEPTH:
        raise ValueError(f"its path leads through more than {MAX_JSON_DEPTH} levels")
    # Numbers keep all their digits: Pydantic reads doubles.
    return replace(row, before=data.get("before", NO_MEMBER), after=data.get("after", NO_MEMBER))
