"""Blocks of a file of lines: their documents are those of the whole file, and a digest names them without mistake."""

import io
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.documents.blocks import block_reader
from slotfill.extractors.documents.blocks.block_reader import read_blocks
from slotfill.extractors.documents.blocks.row_block import RowBlock
from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.rows.row_fields import RowFields
from slotfill.extractors.documents.rows.row_files import RowFormat, read_rows
from slotfill.extractors.record.parts import Outcome

LINES = st.sampled_from(
    [
        b'{"text": "A", "id": 1, "nr": 1.50}',
        b'{"text": "A", "body": "B"}',
        b'{"text": "", "id": "x"}',
        b'  {"body": "\xc3\xa4\xe2\x82\xac"}',
        b'{"text": "broken \xe2\x82"}',
        b'{"text": ',
        b"[]",
        b"",
        b" \t",
    ]
)
ENDS = st.sampled_from([b"\n", b"\n", b"\n", b"\r\n", b"\r", b"\n\n"])
FILES = st.builds(
    lambda start, lines, last: start + b"".join(line + end for line, end in lines) + last,
    st.sampled_from([b"", b"", b"\xef\xbb\xbf", b"%PDF-"]),
    st.lists(st.tuples(LINES, ENDS), max_size=8),
    LINES,
)
FIELDS = st.sampled_from(
    [
        RowFields(),
        RowFields("body", is_named=True),
        RowFields("text,body"),
        RowFields(id="id"),
        RowFields(keep=("nr",)),
        RowFields(keep=("nr", "id")),
    ]
)
NAMES = st.sampled_from(["a.jsonl", "b.jsonl", "a.jsonl#1"])


def opened(data):
    return io.BufferedReader(io.BytesIO(data))


def documents_of(items):
    """Return all documents, and those of each block by its digest."""
    blocks, documents, first = {}, [], 0
    for item in items:
        if isinstance(item, Document):
            documents.append(item)
            continue
        assert item.outcomes is None
        assert item.documents == len(documents) - first
        blocks[item.digest] = documents[first:]
        first = len(documents)
    return documents, blocks


@given(st.data())
def test_blocks_hold_what_the_file_holds_and_a_digest_is_of_the_same_documents_wherever_it_is_met(data):
    named: dict[bytes, list[Document]] = {}
    files, names, fields = (data.draw(st.lists(each, min_size=1, max_size=2)) for each in (FILES, NAMES, FIELDS))
    for _ in range(4):
        file, name, read = (data.draw(st.sampled_from(some)) for some in (files, names, fields))
        expected = [*read_rows(opened(file), name, RowFormat.LINES, read)]
        size = data.draw(st.integers(1, 90))
        documents, blocks = documents_of(read_blocks(opened(file), name, read, lambda _: None, size=size))
        assert documents == expected
        for digest, of_block in blocks.items():
            assert named.setdefault(digest, of_block) == of_block
        known = data.draw(st.sets(st.sampled_from(sorted(named)), max_size=9)) if named else set()

        def outcomes_of(digest, known=known):
            return Counter({Outcome.VALID: len(named[digest])}) if digest in known else None

        passed = []
        for item in read_blocks(opened(file), name, read, outcomes_of, size=size):
            if isinstance(item, Document):
                passed.append(item)
            elif item.outcomes is not None:
                assert item.outcomes.total() == item.documents
                passed += named[item.digest]
        assert passed == expected


@pytest.mark.parametrize(
    "encoding", ["cp1252", "utf-16", "utf-16-le", "utf-7"], ids=["one byte", "with a mark", "named", "with shifts"]
)
def test_what_is_not_in_utf_8_is_read_without_blocks(encoding):
    data = '{"text": "naïve café"}\n{"text": "déjà vu"}\n'.encode(encoding)
    named = encoding if encoding in {"utf-16-le", "utf-7"} else None
    items = [*read_blocks(opened(data), "a.jsonl", RowFields(), lambda _: None, encoding=named)]
    assert [item.text for item in items] == ["naïve café", "déjà vu"]


class Pipe(io.RawIOBase):
    def __init__(self, data):
        self._data = io.BytesIO(data)

    def readable(self):
        return True

    def readinto(self, buffer):
        return self._data.readinto(buffer)


def test_what_can_be_read_but_once_is_read_without_blocks():
    pipe = io.BufferedReader(Pipe(b'{"text": "A"}\n'))
    assert [item.text for item in read_blocks(pipe, "a.jsonl", RowFields(), lambda _: None)] == ["A"]


def test_from_a_line_on_that_is_too_large_there_are_no_blocks(monkeypatch):
    monkeypatch.setattr(block_reader, "MOST_BYTES", 60)
    lines = [b'{"text": "A"}', b'{"text": "%s"}' % (b"x" * 80), b'{"text": "C"}']
    items = [*read_blocks(opened(b"\n".join(lines)), "a.jsonl", RowFields(), lambda _: None, size=5)]
    kinds = [item.documents if isinstance(item, RowBlock) else (item.source, item.text[:1]) for item in items]
    assert kinds == [("a.jsonl#1", "A"), 1, ("a.jsonl#2", "x"), ("a.jsonl#3", "C")]


def test_another_version_reads_all_anew(monkeypatch):
    from slotfill.extractors.documents.blocks import row_block

    digests = [row_block.block_digest(b"{}\n", "a.jsonl", 1, RowFields())]
    monkeypatch.setattr(row_block, "__version__", "9.9.9")
    digests.append(row_block.block_digest(b"{}\n", "a.jsonl", 1, RowFields()))
    monkeypatch.setattr(row_block.platform, "python_version", lambda: "9.9.9")
    digests.append(row_block.block_digest(b"{}\n", "a.jsonl", 1, replace(RowFields())))
    assert len(set(digests)) == 3
