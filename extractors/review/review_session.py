"""A session of review: decisions taken, written to the log, and gold brought up to them.

Several sessions, of several processes, may have one gold file: each reads what the others have written before it does
anything, and writes while nobody else does.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from slotfill.extractors.errors import InputError, OutputError
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.record.json_writer import NO_MEMBER, JSONForm
from slotfill.extractors.review.decision_log import DecisionLog, log_beside
from slotfill.extractors.review.decisions import Decision, DecisionSpan, ProposedDecision, ReviewAction
from slotfill.extractors.review.review_documents import ReviewDocument
from slotfill.extractors.review.review_fold import ReviewView, free_index, last_standing, review_view, standing
from slotfill.extractors.review.review_rules import DecisionError, ReviewRules
from slotfill.extractors.review.reviewed_gold import DocumentKey, GoldLine, merged_gold, parse_gold_file
from slotfill.extractors.review.reviewer_agreement import (
    DoubleDecision,
    ReviewerAgreement,
    double_decisions,
    reviewer_agreement,
)
from slotfill.extractors.runs.outputs.atomic_files import AtomicFile
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


class ReviewSession:
    """What one reviewer does with one gold file.

    Attributes:
        documents: What is reviewed.
        gold: Where gold stands.
        who: The reviewer.
        log: The log of decisions, beside gold.
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
        self.documents, self.gold, self.who = documents, gold, who
        self._on_message = on_message or (lambda _: None)
        self._turn = threading.RLock()
        self._numbers: defaultdict[str, list[int]] = defaultdict(list)
        for document in documents:
            self._numbers[document.key[0]].append(document.number)
        self._golden: dict[int, GoldDocument | None] = {}
        self._rows: defaultdict[int, list[Decision]] = defaultdict(list)
        self._stale: dict[int, None] = {}
        self._counted: dict[int, tuple[int, list[DoubleDecision]]] = {}
        self._taken = 0
        self.log = DecisionLog(log_beside(gold), self._on_message)
        self._gold_lines()  # what is no gold is said before anything is decided
        if self.log.rows or self.log.path.exists():
            with self.log.locked():
                self._bring_up(starting=True)

    def rows_of(self, number: int) -> list[Decision]:
        """Return the rows about a document, in the log's order, as far as they are known."""
        return self._rows[number]

    def refresh(self) -> bool:
        """Read what others have decided, bring gold up to it if they have not, and return whether it was anything."""
        with self._turn:
            added = self.log.refresh()
            self._take_rows()
            if self._stale:
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
            self._append(row)
            return row

    def undo(self) -> Decision | None:
        """Take back the reviewer's last decision that stands; None where there is none. Raises OutputError."""
        with self._turn, self.log.locked():
            self._take_rows()
            mine = {id(row): number for number, rows in self._rows.items() for row in rows}
            last = last_standing([row for row in self.log.rows if id(row) in mine], self.who)
            if last is None:
                return None
            document = self.documents[mine[id(last)]]
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
            self._append(row)
            return row

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

    def progress(self) -> dict[int, DocumentProgress]:
        """Return by number how far the documents are that anybody has decided anything of."""
        with self._turn:
            return {
                number: DocumentProgress(
                    sum(row.action.decides and row.who == self.who for row in standing(rows)),
                    is_gold=self._golden.get(number) is not None,
                )
                for number, rows in self._rows.items()
                if rows
            }

    def agreement(self) -> ReviewerAgreement:
        """Return how far reviewers agree on these documents."""
        with self._turn:
            return reviewer_agreement([one for number in self._rows for one in self._doubles(number)])

    def _doubles(self, number: int) -> list[DoubleDecision]:
        """Return what several have decided of a document; it is counted anew when there are other rows."""
        rows, document = self.rows_of(number), self.documents[number]
        known = self._counted.get(number)
        if known is None or known[0] != len(rows):
            known = self._counted[number] = len(rows), [*double_decisions(document.name, document.base, rows)]
        return known[1]

    def document_of(self, row: Decision) -> int:
        """Return the number of the document that a row of this session is about."""
        return next(number for number in self._numbers[row.document] if self._is_about(row, number))

    def counts(self) -> dict[ReviewAction, int]:
        """Return how many decisions of the reviewer's stand, by what was done."""
        mine = [row.action for row in standing(self.log.rows) if row.who == self.who]
        return {action: mine.count(action) for action in ReviewAction if action in mine}

    @property
    def gold_count(self) -> int:
        """How many of the documents are gold."""
        return sum(one is not None for one in self._golden.values())

    def _new_item(self, document: ReviewDocument, view: ReviewView, path: str) -> str:
        if not isinstance(view.value.get(path), list):
            raise DecisionError(f"{path!r} is no list: items are added to lists")
        return f"{path}/{free_index(document.base, self.rows_of(document.number), path)}"

    def _append(self, row: Decision) -> None:
        self.log.append(row)
        try:
            self._bring_up()
        except (InputError, OutputError) as error:
            raise type(error)(f"it is in the log, and stands; gold is not brought up to it: {error}") from None

    def _bring_up(self, *, starting: bool = False) -> None:
        """Write gold where what is decided has changed it; at the start whatever stands there is compared."""
        self._take_rows()
        changed = {number: self.documents[number].gold(self.rows_of(number)) for number in self._stale}
        if starting or any(self._golden.get(number) != one for number, one in changed.items()):
            self._write_gold({**self._golden, **changed})
        self._golden.update(changed)  # not before it is written: where that fails, the next decision tries again
        self._stale.clear()

    def _take_rows(self) -> None:
        """Sort new rows by their documents, and note of which gold may have changed."""
        if self._taken > len(self.log.rows):  # another log stands there
            self._rows.clear()
            self._golden.clear()
            self._counted.clear()
            self._taken = 0
        for row in self.log.rows[self._taken :]:
            for number in self._numbers.get(row.document, ()):
                if self._is_about(row, number):
                    self._rows[number].append(row)
                    self._stale[number] = None
        self._taken = len(self.log.rows)

    def _is_about(self, row: Decision, number: int) -> bool:
        return row.source in (None, self.documents[number].key[1])

    def _write_gold(self, golden: Mapping[int, GoldDocument | None]) -> None:
        lines = self._gold_lines()
        decided = {self.documents[number].key: one for number, one in golden.items()}
        gone = [key for key, one in decided.items() if one is None]
        merged = [*merged_gold(lines, decided, self._written_before(gone))]
        if merged != [line.text for line in lines]:
            _write_lines(self.gold, merged)

    def _written_before(self, keys: Iterable[DocumentKey]) -> Iterator[DocumentKey]:
        """Yield the documents that were gold by an earlier decision: their lines are of review."""
        by_key = {document.key: document for document in self.documents}
        for key in keys:
            document = by_key[key]
            rows = self.rows_of(document.number)
            if any(document.gold(rows[:end]) is not None for end in range(1, len(rows))):
                yield key

    def _gold_lines(self) -> list[GoldLine]:
        try:
            return parse_gold_file(self.gold.read_bytes().decode())  # line ends are of the letter, too
        except FileNotFoundError:
            return []
        except UnicodeDecodeError:
            raise InputError(f"{str(self.gold)!r} is not in UTF-8") from None
        except OSError as error:
            raise InputError(f"cannot read {str(self.gold)!r}: {error.strerror or error}") from None
        except ValueError as error:
            raise InputError(
                f"{str(self.gold)!r}, {error}; review writes gold of one document a line: "
                "`slotfill convert` makes that of other forms"
            ) from None


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


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    file = AtomicFile(path)
    try:
        file.write("".join(f"{line}\n" for line in lines).encode())
        file.commit()
    finally:
        file.discard()
