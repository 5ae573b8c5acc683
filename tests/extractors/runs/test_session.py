"""How a session ends: whatever ends it is told, and decides the exit code."""

import asyncio
import io
import json
from itertools import islice

import pytest
from pydantic import BaseModel
from scripted import message

from slotfill import Document, Extractor
from slotfill.commands.exit_codes import EXIT_INCOMPLETE, exit_code
from slotfill.extractors.documents.rows.row_fields import RowFields
from slotfill.extractors.runs.session import Start, run_once

SECRET = "a word of the document"


class Word(BaseModel):
    """Say a word."""

    word: str


class Broken:
    """Sources that raise after so many documents."""

    several, count, is_joined, fields = True, None, False, RowFields()

    def __init__(self, error, after=20):
        self.error, self.after = error, after

    def __iter__(self):
        yield from (Document.of(str(number), str(number)) for number in range(self.after))
        raise self.error

    def read(self, *_, limit):
        return islice(self, limit)


def conducted(service, tmp_path, error):
    service.script(message('{"word": 1}'))  # no word
    start = Start(("in",), str(tmp_path / "out.jsonl"), str(tmp_path / "rejects.jsonl"), concurrency=1)
    with Extractor(Word, client=service.async_client(), retries=0, mend="off") as extractor:
        return run_once(extractor, Broken(error), start, io.BytesIO())


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (KeyboardInterrupt("SIGINT"), "interrupted"),
        (TypeError(SECRET), "an unexpected TypeError at test_session.py:"),
        (SystemExit(3), "an unexpected SystemExit at test_session.py:"),
        (asyncio.InvalidStateError(SECRET), "an unexpected InvalidStateError at test_session.py:"),
    ],
)
def test_whatever_ends_it_leaves_the_rejects_and_a_reason_that_quotes_nothing(error, reason, service, tmp_path):
    ending = conducted(service, tmp_path, error)
    assert ending.stopped is error
    assert ending.reason.startswith(reason)
    assert SECRET not in ending.reason
    records = [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_text().splitlines()]
    assert len(records) == ending.totals.documents > 0


def test_what_nobody_foresaw_is_no_wrong_usage():
    assert exit_code(TypeError()) == EXIT_INCOMPLETE
