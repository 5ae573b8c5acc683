"""What every reader of a plug-in keeps."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Iterator, Sequence

from slotfill.extractors.documents.readers.frames import part_frame, part_from, read_frame, write_frame
from slotfill.extractors.documents.readers.kinds import READERS
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.documents.readers.read_options import ReadOptions
from slotfill.extractors.documents.readers.read_text import NestedFile, Reader, ReadText

__all__ = ["ReaderConformance"]

_NAME = re.compile(
    r"""
      [^A-Z./\s]+                                              # rtf: how a file's name ends
    | [a-z0-9][a-z0-9!\#$&^_.+-]* / [a-z0-9][a-z0-9!\#$&^_.+-]*  # application/rtf: RFC 6838, in small letters
    """,
    re.VERBOSE,
)


class ReaderConformance:
    """Tests of a reader: `class TestRtf(ReaderConformance): reader = staticmethod(read_rtf)`, and what it reads.

    Attributes:
        reader: What the entry point loads, as a `staticmethod` where it is a function.
        names: The names of its entry points: how files' names end, and media types.
        files: What files that it reads hold: one at least, with a text.
        damaged: How many damaged copies of each file are tried.
    """

    reader: Reader
    names: Sequence[str]
    files: Sequence[bytes]
    damaged = 100

    def test_each_name_leads_to_it(self) -> None:
        """Each is written as what is looked up, and is neither built in nor another plug-in's."""
        for name in self.names:
            if not _NAME.fullmatch(name):
                raise AssertionError(
                    f"{name!r} finds nothing: write the end of a name as rtf, a type as application/rtf"
                )
            if (
                READERS.has(name) and READERS.load(name).value != self.reader
            ):  # where it is tested it need not be installed
                raise AssertionError(f"{name!r} leads to another reader, which is built in or of another plug-in")

    def test_each_file_has_a_text(self) -> None:
        """Something is read of each, and what is read is what readers give."""
        for data in self.files:
            texts = [part for part in self._parts(data) if isinstance(part, ReadText) and part.text]
            if not texts:
                raise AssertionError(f"no text is read of {data[:80]!r}")

    def test_places_are_within_their_texts(self) -> None:
        """Stretches stand in the text's order, do not overlap, and end where it ends at the latest."""
        for data in self.files:
            for part in self._parts(data):
                if isinstance(part, ReadText):
                    _check_places(part)

    def test_a_file_is_read_alike_each_time(self) -> None:
        """What is read of a document is what a run goes on with."""
        for data in self.files:
            if self._parts(data) != self._parts(data):
                raise AssertionError(f"{data[:80]!r} is read otherwise the second time")

    def test_what_it_gives_reaches_the_run(self) -> None:
        """What is read in the process for readers is sent to the run as JSON, and is the same there."""
        for data in self.files:
            for part in self._parts(data):
                if part is not None and _sent(part) != part:
                    raise AssertionError(f"what is read of {data[:80]!r} is another when it arrives")

    def test_a_damaged_file_raises_nothing_but_a_read_error(self) -> None:
        """A file that is empty, cut, or has other bytes in it: a text, or ReadError, with a message that says why."""
        for data in self._damaged():
            try:
                self._parts(data)
            except ReadError as error:
                if not error.failure.message.strip():
                    raise AssertionError(f"the ReadError of {data[:80]!r} says nothing") from error
            except Exception as error:
                raise AssertionError(f"{data[:80]!r} raises {type(error).__name__}, which is no ReadError") from error

    def _parts(self, data: bytes) -> list[ReadText | NestedFile | None]:
        parts = list(self.reader(data, ReadOptions(attachments=True)))
        for part in parts:
            if not (part is None or isinstance(part, ReadText | NestedFile)):
                raise AssertionError(f"the reader gives {type(part).__name__}: it is to give ReadText or NestedFile")
        return parts

    def _damaged(self) -> Iterator[bytes]:
        seed = random.Random(0)  # noqa: S311 - no secret
        yield b""
        for data in self.files:
            for _ in range(self.damaged):
                at = seed.randrange(len(data) + 1)
                yield seed.choice((data[:at], data[at:], data[:at] + seed.randbytes(4) + data[at + 4 :]))


def _sent(part: ReadText | NestedFile) -> ReadText | NestedFile | None:
    """Return what arrives of a part."""
    pipe = io.BytesIO()
    write_frame(pipe, part_frame(part))
    pipe.seek(0)
    frame = read_frame(pipe)
    return frame and part_from(frame)


def _check_places(part: ReadText) -> None:
    end = 0
    for stretch in part.places.stretches:
        if not end <= stretch.start <= stretch.end <= len(part.text):
            raise AssertionError(f"{stretch} is not within the {len(part.text)} code points of its text, or overlaps")
        end = stretch.end
