"""A run that goes on passes over the blocks that it knows, and all is as if it had read each of their rows."""

import io
import itertools
import json
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from scripted import message

from slotfill import Extractor
from slotfill.extractors.documents.blocks.block_reader import BLOCK_BYTES
from slotfill.extractors.documents.blocks.row_block import RowBlock
from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.sources import find_sources
from slotfill.extractors.errors import LedgerError
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.record.parts import Outcome
from slotfill.extractors.runs import session
from slotfill.extractors.runs.ledger.identity import document_key
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.extractors.runs.purging.ledger_purge import purge_ledgers

TEXTS = st.sampled_from("ABCDEF")
ROWS = st.builds('{{"text": "{}", "other": "{}", "id": {}}}'.format, TEXTS, TEXTS, st.integers(1, 3))
EMPTY = '{"text": "", "other": "", "id": null}'
LINES = st.one_of(ROWS, ROWS, ROWS, st.sampled_from(["", '{"text": ', EMPTY, f"{EMPTY}\r{EMPTY}"]))
ENDS = st.sampled_from([None, None, FailureKind.VALIDATION, FailureKind.CONNECTION, "goes on"])
"""How a document ends: extracted, failed for good, failed on the way, or not at all."""

FIELDS = st.sampled_from([{}, {}, {}, {"text_field": "other"}, {"id_field": "id"}, {"keep": ("id",)}])


class Start:
    """One start: what it is told of the documents, and what stands in its ledger after.

    size: of the blocks that it reads in; None for none. ends: how documents end, by their texts.
    """

    def __init__(self, path, sources, *, size, limit, ends, batches, how, forgotten, is_complete):
        self.asked, self.outcomes, self.resumed, self.passed = [], Counter(), 0, 0
        self._ends, self._repeats, self._at_work, self._batch = ends, Counter(), set(), []
        self._cuts = itertools.cycle(batches)
        with Ledger(path, **({how: True} if how else {})) as self._ledger:
            if size:
                items = sources.read(self._ledger.blocks.outcomes, limit=limit, block_bytes=size)
            else:
                items = sources.read(limit=limit)
            for item in items:
                self._take(item)
            self._register()
            self.entries = [*self._ledger.entries(0)]
            self.counted = self._ledger.outcomes()
            self._ledger.forget(document_key(Document.of(text)) for text in forgotten)
            if is_complete:
                self._ledger.complete()
        with closing(sqlite3.connect(path)) as database:
            self.inputs = database.execute("SELECT position, document, source, columns FROM inputs").fetchall()
            self.blocks = database.execute("SELECT position, documents FROM blocks ORDER BY position").fetchall()

    def _take(self, item):
        if isinstance(item, Document):
            self._batch.append(item)
            if len(self._batch) == next(self._cuts):
                self._register()
            return
        self._register()
        told = self._ledger.register_block(item)
        self.outcomes += told.outcomes
        self.resumed += told.resumed
        self.passed += told.resumed

    def _register(self):
        if not self._batch:
            return
        told = self._ledger.register(self._batch)
        self._batch = []
        self.outcomes += told.outcomes
        self.resumed += told.resumed
        self._repeats += told.repeats
        for document in told.pending:
            if (key := document_key(document)) in self._at_work:
                continue
            self.asked.append(document)
            if (end := self._ends.get(document.text, FailureKind.BROKEN_ROW)) == "goes on":
                self._at_work.add(key)
            else:
                self._ledger.end(ended(document, end))
                self.outcomes[outcome_of(end)] += 1 + self._repeats.pop(key, 0)


def ended(read, failure):
    error = failure and Failure(failure, "went wrong")
    return Extraction(read, "s", "0" * 64, "m", outcome_of(failure), error=error, has_value=not failure, data=None)


def outcome_of(failure):
    return Outcome.FAILED if failure else Outcome.VALID


def edited(data, lines):
    """Edit the lines of a file as people do, or leave them as they are."""
    match data.draw(st.sampled_from(["same", "same", "same", "cut", "longer", "changed", "inserted", "other"])):
        case "same":
            return lines
        case "cut":
            return lines[: data.draw(st.integers(0, len(lines)))]
        case "longer":
            return [*lines, *data.draw(st.lists(LINES, max_size=3))]
        case "changed" if lines:
            at = data.draw(st.integers(0, len(lines) - 1))
            return [*lines[:at], data.draw(LINES), *lines[at + 1 :]]
        case "inserted":
            at = data.draw(st.integers(0, len(lines)))
            return [*lines[:at], data.draw(LINES), *lines[at:]]
    return data.draw(st.lists(LINES, max_size=9))


@settings(max_examples=settings.default.max_examples // 3)
@given(st.data())
def test_each_start_is_as_if_there_were_no_blocks(data):
    lines = data.draw(st.lists(LINES, min_size=2, max_size=9))
    size = data.draw(st.integers(1, 150))
    with TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "a.txt").write_text("A")
        for _ in range(data.draw(st.integers(2, 6))):
            lines = edited(data, lines)
            size = data.draw(st.sampled_from([size, size, size, data.draw(st.integers(1, 150))]))
            name = data.draw(st.sampled_from(["rows.jsonl", "rows.jsonl", "rows.jsonl", "other.jsonl"]))
            (home / name).write_bytes("\n".join(lines).encode() + data.draw(st.sampled_from([b"", b"\n"])))
            before, behind = (data.draw(st.sampled_from([(), (), ("a.txt",), (name,)])) for _ in range(2))
            sources = find_sources([home / one for one in (*before, name, *behind)], **data.draw(FIELDS))
            of_start = {
                "limit": data.draw(st.none() | st.integers(1, 9)),
                "ends": {text: data.draw(ENDS) for text in "ABCDEF"},
                "batches": data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=3)),
                "how": data.draw(st.sampled_from(["", "", "", "", "fresh", "retry_failed"])),
                "forgotten": data.draw(st.sampled_from(["", "", "A", "BC"])),
                "is_complete": data.draw(st.booleans()),
            }
            plain, blocks = (
                Start(home / f"{kind}.db", sources, size=of_blocks, **of_start)
                for kind, of_blocks in (("plain", None), ("blocks", size))
            )
            assert blocks.asked == plain.asked
            assert blocks.entries == plain.entries
            assert blocks.inputs == plain.inputs
            assert (blocks.outcomes, blocks.resumed, blocks.counted) == (plain.outcomes, plain.resumed, plain.counted)
            assert all(first + count <= behind for (first, count), (behind, _) in itertools.pairwise(blocks.blocks))


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(f'{{"text": "Text {number}."}}\n' for number in range(50)))
    return path


def taken(ledger, rows, *, size=99, limit=None):
    """Have a ledger take rows, and all of them end; return the documents that were read, and the blocks."""
    items = []
    for item in find_sources([rows]).read(ledger.blocks.outcomes, block_bytes=size, limit=limit):
        items.append(item)
        if isinstance(item, RowBlock):
            ledger.register_block(item)
            continue
        for one in ledger.register([item]).pending:
            ledger.end(ended(one, None))
    documents = [item for item in items if isinstance(item, Document)]
    return documents, [item for item in items if isinstance(item, RowBlock)]


def test_what_is_known_is_not_read_and_nothing_is_written(tmp_path, rows):
    with Ledger(tmp_path / "run.db") as ledger:
        documents, blocks = taken(ledger, rows)
        assert len(documents) == 50
        assert len(blocks) > 9
        entries = [one._replace(earlier=True) for one in ledger.entries(0)]
    with Ledger(tmp_path / "run.db") as ledger:
        changes = ledger.database.row("SELECT total_changes()")
        documents, passed = taken(ledger, rows)
        assert documents == []
        assert [(block.digest, block.documents) for block in passed] == [
            (block.digest, block.documents) for block in blocks
        ]
        assert ledger.database.row("SELECT total_changes()") == changes
        assert [*ledger.entries(0)] == entries


@pytest.mark.parametrize("at", [5, 7, 9])
def test_a_block_is_not_known_once_another_document_has_stood_in_it(tmp_path, rows, at):
    lines = rows.read_text().splitlines(keepends=True)
    changed = [*lines[:at], '{"text": "Another one."}\n', *lines[at + 1 :]]
    read = []
    for content, limit in ((lines, None), (changed, at + 1), (lines, None)):
        rows.write_text("".join(content))
        with Ledger(tmp_path / "run.db") as ledger:
            documents, _ = taken(ledger, rows, limit=limit)
            entries = [(one.source, one.document) for one in ledger.entries(0)]
        read.append(len(documents))
    assert read == [50, at - 4, 5]
    assert entries == [(one.source, document_key(one)) for one in find_sources([rows])]


def test_no_block_is_known_within_another(tmp_path, rows):
    for size, positions in ((99, range(0, 50, 5)), (199, range(0, 50, 10)), (99, range(0, 50, 5))):
        with Ledger(tmp_path / "run.db") as ledger:
            assert len(taken(ledger, rows, size=size)[0]) == 50
            noted = [position for (position,) in ledger.database.rows("SELECT position FROM blocks ORDER BY position")]
        assert noted == [*positions]


def test_blank_lines_hide_no_block(tmp_path, rows):
    rows.write_text("\n" * 300 + rows.read_text())
    for read in (50, 0, 0):
        with Ledger(tmp_path / "run.db") as ledger:
            assert len(taken(ledger, rows)[0]) == read


@pytest.mark.parametrize(("limit", "read"), [(5, []), (7, [6, 7]), (10, [])])
def test_of_a_block_that_goes_beyond_the_limit_the_first_rows_are_read(tmp_path, rows, limit, read):
    for limited in (None, limit):
        with Ledger(tmp_path / "run.db") as ledger:
            documents, _ = taken(ledger, rows, limit=limited)
            assert len([*ledger.entries(0)]) == (limited or 50)
            ledger.complete()
            assert ledger.database.row("SELECT sum(documents) FROM blocks") == (limited // 5 * 5 if limited else 50,)
    assert [document.source for document in documents] == [f"{rows}#{number}" for number in read]


@pytest.mark.parametrize(
    "planted",
    [
        "UPDATE inputs SET document = substr(document, 1, 31) WHERE position = 7",
        "UPDATE inputs SET document = 'a text' WHERE position = 7",
        "UPDATE inputs SET source = x'00' WHERE position = 7",
        "UPDATE inputs SET known_outcome = 'fine' WHERE position = 7",
        "UPDATE inputs SET known_start = 'one' WHERE position = 7",
        "UPDATE inputs SET known_start = 99 WHERE position = 7",
        "UPDATE inputs SET columns = '{}' WHERE position = 7",
        "DELETE FROM inputs WHERE position = 7",
        "UPDATE blocks SET documents = 'many' WHERE position = 5",
        "UPDATE blocks SET documents = -1 WHERE position = 5",
        "UPDATE blocks SET digest = zeroblob(32) WHERE position = 5",
        "DELETE FROM blocks WHERE position = 5",
    ],
)
def test_a_block_of_which_anything_is_odd_is_read(tmp_path, rows, planted):
    with Ledger(tmp_path / "run.db") as ledger:
        _, blocks = taken(ledger, rows)
        assert list(itertools.accumulate(block.documents for block in blocks))[1:3] == [10, 15]
    with closing(sqlite3.connect(tmp_path / "run.db")) as database, database:
        assert database.execute(planted).rowcount == 1
    for is_mended in (False, True):
        with Ledger(tmp_path / "run.db") as ledger:
            documents, _ = taken(ledger, rows)
        assert [document.source for document in documents] == (
            [] if is_mended else [f"{rows}#{number}" for number in range(6, 11)]
        )


def test_nothing_of_blocks_is_kept_where_nothing_is_to_be(tmp_path, rows):
    with Ledger(tmp_path / "run.db", retention="none") as ledger:
        taken(ledger, rows)
        assert ledger.database.row("SELECT count(*) > 9 FROM blocks") == (1,)
        ledger.complete()
        assert ledger.database.row("SELECT count(*) FROM blocks") == (0,)
    with Ledger(tmp_path / "other.db") as ledger:
        taken(ledger, rows)
    assert purge_ledgers(
        [tmp_path / "other.db"], datetime.now(UTC) + timedelta(days=1), {}, keep_costs=True
    ).is_complete
    with closing(sqlite3.connect(tmp_path / "other.db")) as database:
        assert database.execute("SELECT count(*) FROM blocks").fetchone() == (0,)


def test_who_asks_of_a_block_when_the_ledger_is_closed_is_told_so(tmp_path):
    with Ledger(tmp_path / "run.db") as ledger:
        pass
    with pytest.raises(LedgerError, match="closed"):
        ledger.blocks.outcomes(b"", 0)


class Word(BaseModel):
    """Say a word."""

    word: str


def run(service, rows, output):
    """Run once; return how many requests were sent, what stands in the output, and what was counted."""
    before = len(service.requests)
    service.script(message('{"word": "yes"}'))
    with Extractor(Word, client=service.async_client(), retries=0) as extractor:
        start = session.Start((str(rows),), str(output))
        end = session.run_once(extractor, find_sources([rows]), start, io.BytesIO())
    assert end.stopped is None
    totals = end.totals
    return len(service.requests) - before, output.read_bytes(), (totals.outcomes, totals.resumed, totals.repeated)


def test_a_run_that_goes_on_writes_what_a_new_one_does(tmp_path, service):
    rows, text, output = tmp_path / "rows.jsonl", "It says so. " * 500, tmp_path / "out.jsonl"
    lines = [json.dumps({"text": f"{text}{number // 2}"}) for number in range(150)]
    rows.write_text("\n".join(lines))
    assert rows.stat().st_size > 3 * BLOCK_BYTES
    asked, first, _ = run(service, rows, output)
    for _ in range(2):  # the first time the rows are looked up whose text had stood in another one
        assert run(service, rows, output) == (0, first, (Counter({Outcome.VALID: 150}), 150, 0))
    rows.write_text("\n".join([*lines[:-1], json.dumps({"text": "Another one."})]))
    assert run(service, rows, output)[::2] == (1, (Counter({Outcome.VALID: 150}), 149, 0))
    assert asked == 75
    assert run(service, rows, tmp_path / "new.jsonl")[:2] == (76, output.read_bytes())
