"""How many documents there are, as soon as that is known."""

import threading

import pytest

from slotfill.extractors.documents.sources import find_sources
from slotfill.extractors.runs.reports.document_count import DocumentCount


@pytest.fixture
def rows(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n' * 7)
    return find_sources([tmp_path / "a.jsonl"])


def wait():
    """Wait for the count that is under way."""
    for thread in threading.enumerate():
        if thread.name == "slotfill-count":
            thread.join()


@pytest.mark.parametrize(("limit", "total"), [(None, 7), (3, 3), (9, 7)])
def test_rows_are_counted_beside_the_run(rows, limit, total):
    count = DocumentCount(rows, limit)
    assert count.total is None
    with count.counting():
        wait()
        assert count.total == total


def test_what_nobody_asks_for_is_not_counted(rows):
    count = DocumentCount(rows, None)
    with count.counting(enabled=False):
        wait()
    assert count.total is None


def test_files_need_no_counting(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    assert DocumentCount(find_sources([tmp_path / "a.txt"]), None).total == 1


def test_nobody_counts_on_once_the_run_has_ended(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n' * 1_000_000)
    count = DocumentCount(find_sources([tmp_path / "a.jsonl"]), None)
    with count.counting():
        pass
    wait()
    assert count.total is None
