"""What a start is told of its input, which it compares with that of the start before, where it can."""

import itertools
from collections import Counter
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.documents.document import Document
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.record.parts import Outcome
from slotfill.extractors.runs.ledger.identity import document_key
from slotfill.extractors.runs.ledger.ledger_records import records_of
from slotfill.extractors.runs.ledger.store import Ledger

TEXTS = st.sampled_from("ABCDE")
PLACES = st.tuples(TEXTS, st.sampled_from(["x", "x", "x", "y", "z\0"]))
ENDS = st.sampled_from([None, FailureKind.VALIDATION, FailureKind.CONNECTION])
"""How a document ends: extracted, failed for good, failed on the way."""


def document(text, source):
    return Document.of(f"The text {text}.", source)


def ended(read, failure):
    outcome = Outcome.FAILED if failure else Outcome.VALID
    error = failure and Failure(failure, "went wrong")
    return Extraction(read, "s", "0" * 64, "m", outcome, error=error, has_value=not failure, data=None)


def batches(data, rows):
    """Cut rows into batches."""
    cuts = sorted({0, len(rows), *data.draw(st.sets(st.integers(0, len(rows)), max_size=3))})
    return [rows[first:end] for first, end in itertools.pairwise(cuts)]


def to_be_asked(failure, *, retry_failed):
    return failure is FailureKind.CONNECTION or (retry_failed and failure is not None)


@given(st.data())
def test_each_start_is_told_what_a_look_at_every_document_would_tell(data):
    ends: dict[str, FailureKind | None] = {}  # of the texts that have ended
    rows = data.draw(st.lists(PLACES, max_size=9))
    with TemporaryDirectory() as folder:
        for _ in range(data.draw(st.integers(1, 5))):
            rows = data.draw(st.just(rows) | st.just(rows[:-2]) | st.lists(PLACES, max_size=9))
            how = data.draw(st.sampled_from(["", "", "fresh", "retry_failed"]))
            ends = {} if how == "fresh" else ends
            earlier = {
                text: end for text, end in ends.items() if not to_be_asked(end, retry_failed=how == "retry_failed")
            }
            ends = {text: end for text, end in ends.items() if text in earlier or text not in {row[0] for row in rows}}
            with Ledger(Path(folder) / "run.db", **({how: True} if how else {})) as ledger:
                registered = []
                for batch in batches(data, rows)[: data.draw(st.integers(0, 4))]:  # a start may be stopped
                    registered += batch
                    ends = one_batch(data, ledger, batch, ends, earlier)
                entries = [(one.source, one.earlier, one.outcome, one.retry_later) for one in ledger.entries(0)]
                assert entries == [entry(*place, ends, earlier) for place in registered]
                assert ledger.outcomes() == Counter(outcome_of(ends[text]) for text, _ in registered if text in ends)
                for text in data.draw(st.sets(TEXTS, max_size=1)):
                    ledger.forget([document_key(document(text, None))])
                    ends.pop(text, None)
                if len(registered) == len(rows) and data.draw(st.booleans()):
                    ledger.complete()


def one_batch(data, ledger, batch, ends, earlier):
    """Register a batch, hold what is told against what is known, and have some of it end."""
    told = ledger.register([document(*place) for place in batch])
    new = list(dict.fromkeys(text for text, _ in batch if text not in ends))
    assert [one.text for one in told.pending] == [f"The text {text}." for text in new]
    assert told.outcomes == Counter(outcome_of(ends[text]) for text, _ in batch if text in ends)
    assert told.resumed == sum(text in earlier and text in ends for text, _ in batch)
    assert told.repeats.total() == sum(text not in ends for text, _ in batch) - len(new)
    for text in new:
        if data.draw(st.booleans()):
            ends = {**ends, text: data.draw(ENDS)}
            ledger.end(ended(document(text, None), ends[text]))
    return ends


def outcome_of(failure):
    return Outcome.FAILED if failure else Outcome.VALID


def entry(text, source, ends, earlier):
    """What the outputs are told of a document."""
    has_ended = text in ends
    is_earlier = not has_ended or text in earlier
    return source, is_earlier, (has_ended and outcome_of(ends[text])) or None, ends.get(text) is FailureKind.CONNECTION


@pytest.mark.parametrize("columns", [{}, {"nr": 1}], ids=["plain", "with columns"])
def test_going_on_with_what_has_all_ended_writes_nothing(tmp_path, columns):
    documents = [Document(f"Text {number}.", f"{number:064x}", f"{number}.txt", columns=columns) for number in range(9)]
    with Ledger(tmp_path / "run.db") as ledger:
        for one in ledger.register(documents).pending:
            ledger.end(ended(one, None))
    with Ledger(tmp_path / "run.db") as ledger:
        before = ledger.database.row("SELECT total_changes()")
        assert ledger.register(documents).resumed == len(documents)
        is_same = ledger.database.row("SELECT total_changes()") == before
    assert is_same == (not columns)


@pytest.mark.parametrize(
    "changed",
    [
        document("B", "1.txt"),
        document("A", "other.txt"),
        replace(document("A", "1.txt"), columns={"nr": 1}),
        document("A", None),
    ],
    ids=["text", "source", "columns", "no source"],
)
def test_what_has_changed_in_the_input_is_seen(tmp_path, changed):
    first, last = document("A", "1.txt"), document("C", "2.txt")
    for documents in ([changed, last], [first, last], [changed, last]):
        with Ledger(tmp_path / "run.db") as ledger:
            for one in ledger.register(documents).pending:
                ledger.end(ended(one, None))
            entries = [(one.document, one.source, one.columns) for one in ledger.entries(0)]
        told = [(document_key(one), one.source, '{"nr": 1}' if one.columns else None) for one in documents]
        assert entries == told


def test_a_ledger_holds_what_is_no_longer_in_the_input_until_the_run_is_complete(tmp_path):
    path, documents = tmp_path / "run.db", [document(text, text) for text in "ABC"]
    sources = []
    for rows, is_complete in ((documents, False), (documents[:1], False), (documents[:1], True)):
        with Ledger(path) as ledger:
            for one in ledger.register(rows).pending:
                ledger.end(ended(one, None))
            if is_complete:
                ledger.complete()
        sources.append([record["document"]["source"] for record in records_of(path)])
    assert sources == [["A", "B", "C"], ["A", "B", "C"], ["A"]]
