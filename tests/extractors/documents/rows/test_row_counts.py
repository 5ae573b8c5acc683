"""Rows that are counted beside those who read them."""

import csv
import io
import json
import os
import threading
from pathlib import Path

import pytest
from examples import examples
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.extractors.documents.rows import row_counts
from slotfill.extractors.documents.rows.row_counts import GaveUpError, count_file_rows
from slotfill.extractors.documents.rows.row_fields import RowFields
from slotfill.extractors.documents.rows.row_files import RowFormat, read_rows
from slotfill.extractors.documents.sources import find_sources


def go_on():
    return False


def counts(data, kind):
    """Give how many rows are counted, and how many documents are read."""
    counted = count_file_rows(io.BufferedReader(io.BytesIO(data)), kind, None, go_on)
    return counted, len([*read_rows(io.BufferedReader(io.BytesIO(data)), "a", kind, RowFields())])


TEXTS = st.lists(st.text(st.sampled_from('ab \n\r,"é'), max_size=12), max_size=8)
BLOCKS = st.integers(1, 9)


@examples(100)
@given(TEXTS, BLOCKS, st.sampled_from(["\n", "\r\n", "\n\n", "\n  \n"]))
@example(["a" * 10], 3, "\n")
def test_of_lines_as_many_are_counted_as_are_read(texts, block, end):
    data = "".join(json.dumps({"text": text}, ensure_ascii=False) + end for text in texts).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_counts, "_BLOCK", block)
        counted, read = counts(data, RowFormat.LINES)
    assert counted == read


@examples(100)
@given(TEXTS.filter(any), BLOCKS)
@example(["a\nb", 'a "quoted" text\n'], 1)
def test_of_a_csv_as_many_are_counted_as_are_read(texts, block):
    file = io.StringIO()
    csv.writer(file).writerows([["n", "text"], *enumerate(texts)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_counts, "_BLOCK", block)
        counted, read = counts(file.getvalue().encode(), RowFormat.CSV)
    assert counted == read == len(texts)


@pytest.mark.parametrize(
    ("kind", "data", "count"),
    [
        (RowFormat.CSV, b"sep=;\r\ntext;n\r\na;1\r\n\r\nb;2", 2),
        (RowFormat.CSV, b'\xef\xbb\xbftext\n"a\n\nb"\n', 1),
        (RowFormat.TSV, b'text\tn\n5" wide\t1\nb\t2\n', 2),
        (RowFormat.ARRAY, b'[{"text": "a"}, {"text": "b"}, 3]', 3),
        (RowFormat.LINES, b"", 1),
        (RowFormat.CSV, b"%PDF-1.7 ...", 1),
        (RowFormat.LINES, b'{"text": "a"}\nbroken\n', 2),
    ],
)
def test_files_of_all_kinds(kind, data, count):
    assert counts(data, kind) == (count, count)


def test_what_only_reading_would_tell_is_not_counted():
    data = io.BufferedReader(io.BytesIO('{"text": "a"}\n'.encode("utf-16")))
    assert count_file_rows(data, RowFormat.LINES, None, go_on) is None


@pytest.mark.parametrize(
    ("kind", "data"), [(RowFormat.LINES, b'{"text": "a"}\n'), (RowFormat.ARRAY, b"[" + b"1," * 200 + b"1]")]
)
def test_it_is_given_up_when_nobody_waits(kind, data):
    with pytest.raises(GaveUpError):
        count_file_rows(io.BufferedReader(io.BytesIO(data)), kind, None, lambda: True)


def test_a_parquet_file_says_how_many_it_has(tmp_path):
    parquet, table = (pytest.importorskip(f"pyarrow{name}") for name in (".parquet", ""))
    parquet.write_table(table.table({"text": ["a", "b", None]}), tmp_path / "a.parquet")
    assert find_sources([tmp_path / "a.parquet"]).count_rows(go_on) == 3


def test_files_are_counted_together(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n' * 3)
    (tmp_path / "b.txt").write_text("b")
    sources = find_sources([tmp_path])
    assert sources.count is None
    assert sources.count_rows(go_on) == len([*sources]) == 4


def test_what_can_be_read_but_once_is_left_to_the_run(tmp_path):
    pipe = tmp_path / "a.jsonl"
    os.mkfifo(pipe)
    writer = threading.Thread(target=Path(pipe).write_text, args=('{"text": "a"}\n' * 3,))
    sources = find_sources([pipe])
    assert sources.count_rows(go_on) is None
    writer.start()
    assert len([*sources]) == 3
    writer.join()
