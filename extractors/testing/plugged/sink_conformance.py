"""What every sink of a plug-in keeps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from slotfill.extractors.extractor import Extractor
from slotfill.extractors.runs.outputs.named_sinks import OpensSink, SinkOptions
from slotfill.extractors.runs.outputs.sink import Record, Sink
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.schema_sources import resolve

__all__ = ["SinkConformance"]

_TEXTS = ("plain", "", "=1+1", "<b>&amp;</b>", "line\nbreak\ttab", "\u202e\x1b[31m\x00", "\U0001f600", "x" * 70_000)


class SinkConformance(ABC):
    """Tests of a sink: subclass it, and say where it writes and how many records stand there.

    Attributes:
        opens: What the entry point loads, as a `staticmethod` where it is a function.
    """

    opens: OpensSink

    @abstractmethod
    def output(self, folder: Path) -> str:
        """Return what `-o` would say, for an output in a folder of the test's own, which is empty."""

    @abstractmethod
    def count(self, output: str) -> int:
        """Return how many records stand at an output; 0 where there is none."""

    def test_what_is_committed_stays(self, tmp_path: Path) -> None:
        """All records that were written stand there, after a commit, whatever their texts hold."""
        for records in (False, True):
            output = self._output(tmp_path, str(records))
            self._write(output, len(_TEXTS), records=records)
            self._check(output, len(_TEXTS), "are written and committed")

    def test_what_is_not_committed_leaves_an_older_output(self, tmp_path: Path) -> None:
        """A run that ends before its end leaves what there was, unless its sink shows each record at once (`live`)."""
        output = self._output(tmp_path, "older")
        self._write(output, 2)
        with self._open(output) as sink:
            for record in _records(3):
                sink.write(record)
            is_live = sink.live
        self._check(output, 3 if is_live else 2, "are to stand where a newer output was not committed")

    def test_a_run_that_was_stopped_keeps_what_it_wrote(self, tmp_path: Path) -> None:
        """`commit(complete=False)` keeps the records that there are."""
        output = self._output(tmp_path, "stopped")
        self._write(output, 1, complete=False)
        self._check(output, 1, "is written by a run that was stopped")

    def test_a_run_that_was_stopped_before_it_wrote_keeps_an_older_output(self, tmp_path: Path) -> None:
        """`commit(complete=False)` of no record does nothing."""
        output = self._output(tmp_path, "nothing")
        self._write(output, 2)
        self._write(output, 0, complete=False)
        self._check(output, 2, "are to be left where a run was stopped before its first record")

    def test_it_may_be_dropped_twice(self, tmp_path: Path) -> None:
        """`discard` after `commit`, or again, raises nothing and takes nothing away."""
        output = self._output(tmp_path, "twice")
        sink = self._open(output)
        sink.write(_records(1)[0])
        sink.commit(complete=True)
        sink.discard()
        sink.discard()
        self._check(output, 1, "is to be left as it is discarded after its commit")

    def _output(self, folder: Path, name: str) -> str:
        (folder / name).mkdir()
        return self.output(folder / name)

    def _open(self, output: str, *, records: bool = False) -> Sink:
        sink = self.opens(output, SinkOptions(schema=_SCHEMA, records=records))
        if not isinstance(sink, Sink):
            raise AssertionError(f"{type(sink).__name__} is opened, which is no Sink")  # noqa: TRY004 - a test fails
        return sink

    def _write(self, output: str, count: int, *, records: bool = False, complete: bool = True) -> None:
        with self._open(output, records=records) as sink:
            for record in _records(count):
                sink.write(record)
            sink.commit(complete=complete)

    def _check(self, output: str, count: int, what: str) -> None:
        if (found := self.count(output)) != count:
            raise AssertionError(f"{count} records {what}, and {found} stand there")


_SCHEMA: Schema[Any] = resolve("text str")


def _records(count: int) -> list[Record]:
    """Make records, as runs have them, of texts that are awkward to write."""
    if not count:
        return []
    replies = [{"text": text} for text in _TEXTS[:count]]
    with Extractor(_SCHEMA, client=SimulatedClaude(replies).client()) as extractor:
        return [extractor.extract(f"Text {number}.").to_json() for number in range(count)]
