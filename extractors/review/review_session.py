"""A session of review: decisions taken, written to the log, and gold brought up to them.

Several sessions, of several processes, may have one gold file: each reads what the others have written before it does
anything, and writes while nobody else does.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from slotfill.extractors.errors import InputError, OutputError
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.record.json_writer import NO_MEMBER, JSONForm
from slotfill.extractors.review.decision_log import DecisionLog, log_beside
from slotfill.extractors.review.decisions import Decision, DecisionSpan, ProposedDecision, ReviewAction
from slotfill.extractors.review.gold_file import DocumentKey, FormerGold, GoldFile
from slotfill.extractors.review.review_documents import ReviewDocument
from slotfill.extractors.review.review_fold import ReviewView, free_index, last_standing, review_view, standing
from slotfill.extractors.review.review_rules import DecisionError, ReviewRules, UnknownFieldError
from slotfill.extractors.review.reviewer_agreement import (
    DoubleDecision,
    FieldAgreement,
    ReviewerAgreement,
    double_decisions,
    reviewer_agreement,
)
from slotfill.schemas.json_values.json_types import JSON, JSONObject

__all__ = ["DocumentProgress", "ReviewSession"]


@dataclass(frozen=True, slots=True)
class DocumentProgress(JSONForm):
    """How far one document is.

    Attributes:
        decided: How many decisions of the session's reviewer stand.
        is_gold: Whether it is gold, by what all reviewers have decided.
    """

    decided: int
    is_gold: bool


@dataclass(frozen=True, slots=True)
class _Account:
    """What the rows of one document come to: the reviewer's decisions that stand, and what several have decided."""

    mine: Counter[ReviewAction]
    doubles: list[DoubleDecision]
    agreement: FieldAgreement


_NOTHING = _Account(Counter(), [], FieldAgreement("", 0, 0))


class ReviewSession:
    """What one reviewer does with one gold file.

    Attributes:
        documents: What is reviewed.
        gold: Where gold stands.
        who: The reviewer.
        log: The log of decisions, beside gold.
        problem: Why the gold file cannot follow what is decided, and what to do about it; "" where it does. Decisions
            are in the log all the same, and whatever is done next tries again.
    """

    def __init__(
        self,
        documents: Sequence[ReviewDocument],
        gold: Path,
        who: str,
        on_message: Callable[[str], None] | None = None,
    ) -> None:
        """Open the log, and bring gold up to it: a kill may have come between the two.

        Args:
            documents: What is reviewed, each at the place that is its number.
            gold: A file of gold, one document a line; it need not be there yet.
            who: The reviewer's name.
            on_message: Is told what the reviewer should know.

        Raises:
            InputError: Gold or log cannot be read, or are none.
            OutputError: They cannot be written.
        """
        self.documents, self.gold, self.who, self.problem = documents, gold, who, ""
        self._turn = threading.RLock()
        self._numbers: defaultdict[str, list[int]] = defaultdict(list)
        for document in documents:
            self._numbers[document.key[0]].append(document.number)
        self._golden: dict[int, GoldDocument | None] = {}
        self._rows: defaultdict[int, list[Decision]] = defaultdict(list)
        self._unwritten: set[int] = set()
        self._accounts: dict[int, _Account] = {}
        self._mine = Counter[ReviewAction]()
        self._pairs = self._equal = 0
        self._taken = 0
        self.log = DecisionLog(log_beside(gold), on_message)
        self._file = GoldFile(gold)  # what is no gold is said before anything is decided
        if self.log.rows or self.log.path.exists():
            with self.log.locked():
                self._bring_up(starting=True)

    def rows_of(self, number: int) -> list[Decision]:
        """Return the rows about a document, in the log's order, as far as they are known."""
        return self._rows.get(number, [])

    def refresh(self) -> bool:
        """Read what others have decided, bring gold up to it if they have not, and return whether it was anything."""
        with self._turn:
            added = self.log.refresh()
            self._take_rows()
            if self._unwritten:
                with self.log.locked():
                    self._bring_up()
            return added

    def decide(self, number: int, proposed: ProposedDecision) -> Decision:
        """Take a decision on the document of a number; when this returns, it is in the log.

        Raises:
            DecisionError: The schema refuses it, or there is no such field.
            OutputError: It cannot be written.
        """
        document = self.documents[number]
        with self._turn, self.log.locked():
            self._take_rows()
            view = review_view(document.base, self.rows_of(number), self.who)
            path = proposed.path
            if proposed.action is ReviewAction.ADD:
                path = self._new_item(document, view, path)
            after = _after(document.rules, view, path, proposed)
            row = Decision(
                who=self.who,
                document=document.key[0],
                source=document.key[1],
                path=path,
                action=proposed.action,
                before=view.value.get(path),
                after=after,
                span=_checked_span(proposed.span, document.text) or document.found_span(view, path, after),
                note=proposed.note,
            )
            return self._append(row)

    def undo(self) -> Decision | None:
        """Take back the reviewer's last decision that stands; None where there is none. Raises OutputError."""
        with self._turn, self.log.locked():
            self._take_rows()
            last = last_standing(self.log.rows, self.who, lambda row: self.document_of(row) is not None)
            number = None if last is None else self.document_of(last)
            if last is None or number is None:
                return None
            document = self.documents[number]
            rest = [row for row in self.rows_of(document.number) if row.id != last.id]
            before = review_view(document.base, self.rows_of(document.number), self.who).value.get(last.path)
            after = review_view(document.base, rest, self.who).value.get(last.path)
            row = Decision(
                who=self.who,
                document=last.document,
                source=last.source,
                path=last.path,
                action=ReviewAction.UNDO,
                before=before,
                after=after,
                undoes=last.id,
            )
            return self._append(row)

    def check(self, number: int, path: str, typed: str) -> JSONObject:
        """Say what would come of a typed text, as plain JSON data: the value, and what the schema has against it."""
        document = self.documents[number]
        with self._turn:
            view = review_view(document.base, self.rows_of(number), self.who)
            value, errors = document.rules.read(view, path, typed)
            return {"value": value, "errors": [{"path": one.path, "message": one.message} for one in errors]}

    def state(self, number: int) -> JSONObject:
        """Return what a page shows of a document."""
        with self._turn:
            state = self.documents[number].state(self.rows_of(number), self.who)
            return {**state, "is_gold": self._golden.get(number) is not None}

    def progress(self, numbers: Iterable[int] | None = None) -> dict[int, DocumentProgress]:
        """Return by number how far the documents are that anybody has decided anything of; of all, or of some."""
        with self._turn:
            known = self._rows if numbers is None else [number for number in numbers if self._rows.get(number)]
            return {
                number: DocumentProgress(self._accounts[number].mine.total(), self._golden.get(number) is not None)
                for number in known
            }

    def agreement(self) -> ReviewerAgreement:
        """Return how far reviewers agree on these documents."""
        with self._turn:
            return reviewer_agreement([one for account in self._accounts.values() for one in account.doubles])

    def agreed(self) -> FieldAgreement:
        """Return how far they agree as a whole, which takes no time."""
        with self._turn:
            return FieldAgreement("", self._pairs, self._equal)

    def _count(self, number: int) -> None:
        """Count anew what the rows of a document come to, for its account and for all of them together."""
        rows, document = self._rows[number], self.documents[number]
        mine = Counter(row.action for row in standing(rows) if row.action.decides and row.who == self.who)
        doubles = [*double_decisions(document.name, document.base, rows)]
        old, new = self._accounts.get(number, _NOTHING), _Account(mine, doubles, reviewer_agreement(doubles).whole)
        self._accounts[number] = new
        self._mine.update(new.mine)
        self._mine.subtract(old.mine)
        self._pairs += new.agreement.pairs - old.agreement.pairs
        self._equal += new.agreement.equal - old.agreement.equal

    def document_of(self, row: Decision) -> int | None:
        """Return the number of the document that a row is about; None where it is not among those of this session."""
        return next(self._documents_of(row), None)

    def counts(self) -> dict[ReviewAction, int]:
        """Return how many decisions of the reviewer's stand, by what was done."""
        with self._turn:
            return {action: self._mine[action] for action in ReviewAction if self._mine[action]}

    @property
    def gold_count(self) -> int:
        """How many of the documents are gold."""
        return sum(one is not None for one in self._golden.values())

    def _new_item(self, document: ReviewDocument, view: ReviewView, path: str) -> str:
        if not isinstance(view.value.get(path), list):
            raise UnknownFieldError(f"{path!r} is no list: items are added to lists")
        return f"{path}/{free_index(document.base, self.rows_of(document.number), path)}"

    def _append(self, row: Decision) -> Decision:
        """Put a row into the log, and bring gold up to it."""
        try:
            self.log.append(row)
        except ValueError as error:
            raise DecisionError(f"it cannot be kept: {error}") from None
        self._bring_up()
        return row

    def _bring_up(self, *, starting: bool = False) -> None:
        """Have the gold file say what is decided, or say in `problem` why it cannot; the log is locked."""
        self._take_rows()
        if not (self._unwritten or starting):
            return
        golden = {self.documents[number].key: one for number, one in self._golden.items()}
        changed = [self.documents[number].key for number in self._unwritten]
        try:
            self._keep_replaced()
            self._file.bring_up(golden, changed, self._former)
        except (InputError, OutputError) as error:
            self.problem = f"decisions are in the log, and gold does not follow them: {error}"
        else:
            self.problem = ""
            self._unwritten.clear()

    def _keep_replaced(self) -> None:
        """Put into the log what stands in gold for documents that are to go there: before it is gone."""
        new = [
            self.documents[number].key
            for number in sorted(self._unwritten)
            if self._golden.get(number) is not None and not self._is_kept(number)
        ]
        for (identity, source), lines in self._file.replaced(new, self._former).items():
            self.log.append(
                Decision(
                    who=self.who,
                    document=identity,
                    source=source,
                    path="",
                    action=ReviewAction.GOLD,
                    replaced=lines,
                )
            )
        self._take_rows()

    def _is_kept(self, number: int) -> bool:
        """Whether the log has what a document has replaced since it became gold."""
        rows, document = self.rows_of(number), self.documents[number]
        ends = reversed(range(len(rows)))
        last = next(end for end in ends if rows[end].replaced is not None or document.gold(rows[:end]) is None)
        return rows[last].replaced is not None

    def _take_rows(self) -> None:
        """Sort new rows by their documents, and note which of these are gold, or are no more."""
        if self._taken > len(self.log.rows):  # another log stands there
            self._rows.clear()
            self._golden.clear()
            self._accounts.clear()
            self._mine.clear()
            self._taken = self._pairs = self._equal = 0
        about = [(number, row) for row in self.log.rows[self._taken :] for number in self._documents_of(row)]
        self._taken = len(self.log.rows)
        for number, row in about:
            self._rows[number].append(row)
        for number in dict.fromkeys(number for number, _ in about):
            self._count(number)
            gold = self.documents[number].gold(self._rows[number])
            if gold != self._golden.get(number):
                self._unwritten.add(number)
            self._golden[number] = gold

    def _documents_of(self, row: Decision) -> Iterator[int]:
        """Yield the numbers of the documents that a row is about: without a source it is about its text anywhere."""
        for number in self._numbers.get(row.document, ()):
            if row.source in (None, self.documents[number].key[1]):
                yield number

    def _former(self, key: DocumentKey) -> FormerGold | None:
        document = next(self.documents[number] for number in self._numbers[key[0]] if self.documents[number].key == key)
        rows = self.rows_of(document.number)
        entries = [number for number, row in enumerate(rows) if row.replaced is not None]
        if not entries:
            return None
        earlier = (document.gold(rows[:end]) for end in range(len(rows) - 1, entries[-1], -1))
        return FormerGold(rows[entries[-1]].replaced or "", (one for one in earlier if one is not None))


def _after(rules: ReviewRules, view: ReviewView, path: str, proposed: ProposedDecision) -> JSON:
    """Return what is to stand at a path. Raises DecisionError."""
    value = proposed.value
    match proposed.action:
        case ReviewAction.FLAG:
            rules.steps(view.value, path)
            return value
        case ReviewAction.ACCEPT:
            return rules.accepted(view, path)
        case ReviewAction.REJECT:
            return rules.rejected(view, path)
    if proposed.typed is not None:
        value, _ = rules.read(view, path, proposed.typed)
    if proposed.action is ReviewAction.ADD:
        return rules.added(view, path, value)
    if proposed.action is ReviewAction.CORRECT and value is not NO_MEMBER:
        return rules.corrected(view, path, value)
    raise DecisionError(f"{proposed.action.value!r} does not say what is to stand there: give a value")


def _checked_span(span: DecisionSpan | None, text: str | None) -> DecisionSpan | None:
    if span is not None and not (span.start < span.end and (text is None or span.end <= len(text))):
        raise DecisionError(f"the span from {span.start} to {span.end} lies outside the text")
    return span
