"""The gold file of a review: its lines as they stand there, and what brings them up to what is decided.

It is written as a whole, or not at all. What stands in it is kept in memory, so that what was left there is not read
again; when somebody else has changed it, it is read anew, and all that is decided is held against it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from slotfill.extractors.errors import InputError
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.gold.gold_lines import gold_line, parse_gold_line
from slotfill.extractors.record.json_text import json_text
from slotfill.extractors.runs.outputs.atomic_files import AtomicFile
from slotfill.schemas.json_values.exact_json import is_same, loads
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["DocumentKey", "FormerGold", "GoldFile", "GoldLine", "merged_gold", "parse_gold_lines"]

DocumentKey = tuple[str, str | None]
"""The hash of a document's text, and its source: files of one text are several documents."""

_OWN = ("id", "source", "text", "value", "spans")
"""What review writes of a line; all else in it is somebody's, and stays."""


class GoldFile:
    """A file of gold, one document a line; who changes it holds the log's lock.

    Attributes:
        path: Where it stands; it need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        """Read it. Raises InputError where it cannot be read, or is none."""
        self.path = path
        self._lines: list[GoldLine] = []
        self._state: tuple[int, ...] | None = None
        self._is_brought_up = False
        self._read()

    def replaced(
        self, keys: Iterable[DocumentKey], former: Callable[[DocumentKey], FormerGold | None]
    ) -> dict[DocumentKey, str]:
        """Return the lines that documents take the place of when they become gold, as they stand; "" where none does.

        former: Tells of a document what it was when it was gold last; None for one that never was. Raises InputError.
        """
        self._read()
        about: dict[DocumentKey, list[str]] = {key: [] for key in keys}
        find = _finder(about)
        for line in self._lines:
            if key := find(line.document):
                about[key] += _without_gold(line, former(key))
        return {key: "\n".join(lines) for key, lines in about.items()}

    def bring_up(
        self,
        decided: Mapping[DocumentKey, GoldDocument | None],
        changed: Collection[DocumentKey],
        former: Callable[[DocumentKey], FormerGold | None],
    ) -> None:
        """Write what is decided where the file says something else.

        Args:
            decided: The documents that have decisions: as gold, or None where they are not gold (any more).
            changed: Those of them that were decided otherwise when this was last done.
            former: Tells of a document that is not gold what it was; None for one that never was.

        Raises:
            InputError: The file cannot be read, or is none.
            OutputError: It cannot be written.
        """
        self._read()
        if self._is_brought_up:
            decided = {key: decided[key] for key in changed}
        merged = [*merged_gold(self._lines, decided, former)]
        if merged != [line.text for line in self._lines]:
            self._write(merged)
            self._take(merged, _state_of(self.path))
        self._is_brought_up = True

    def _read(self) -> None:
        """Read it, unless it is as it was when it was read or written last."""
        try:
            state = _state_of(self.path)  # what changes from here on is another state
            if state is not None and state == self._state:
                return
            text = "" if state is None else self.path.read_bytes().decode()  # line ends are of the letter, too
        except UnicodeDecodeError:
            raise InputError(f"{str(self.path)!r} is not in UTF-8") from None
        except OSError as error:
            raise InputError(f"cannot read {str(self.path)!r}: {error.strerror or error}") from None
        self._take(text.removeprefix("\ufeff").split("\n"), state)
        self._is_brought_up = False

    def _write(self, lines: list[str]) -> None:
        file = AtomicFile(self.path)
        try:
            file.write("".join(f"{line}\n" for line in lines).encode())
            file.commit()
        finally:
            file.discard()

    def _take(self, lines: list[str], state: tuple[int, ...] | None) -> None:
        try:
            self._lines = parse_gold_lines(lines, self._lines)
        except ValueError as error:
            raise InputError(
                f"{str(self.path)!r}, {error}; review writes gold of one document a line: "
                "`slotfill convert` makes that of other forms"
            ) from None
        self._state = state


@dataclass(frozen=True, slots=True)
class GoldLine:
    """A line of a gold file: its text as it stands there, with a carriage return that ends it, and what it says."""

    text: str
    data: JSONObject
    document: GoldDocument

    @property
    def labels(self) -> JSONObject:
        """What it holds that review does not write."""
        return {key: part for key, part in self.data.items() if key not in _OWN}


def parse_gold_lines(lines: Iterable[str], known: Iterable[GoldLine] = ()) -> list[GoldLine]:
    """Read a gold file's lines, without those that are empty. Raises ValueError, which says what was expected where.

    known: lines that were read before, and need not be read again.
    """
    read = {line.text: line for line in known}
    parsed = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                parsed.append(read.get(line) or _parsed(line))
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from None
    return parsed


def _parsed(line: str) -> GoldLine:
    data = loads(line)
    return GoldLine(line, data, parse_gold_line(data))


@dataclass(frozen=True, slots=True)
class FormerGold:
    """What is known of a document that was gold, and is gold no more.

    Attributes:
        replaced: The lines that stood there before it was gold, as they stood; "" for none.
        written: What it was as gold, the last first.
    """

    replaced: str
    written: Iterable[GoldDocument]

    def instead_of(self, line: GoldLine) -> list[str]:
        """Return what is to stand in the place of a line: the lines before it, if review wrote it, else itself.

        Who has put labels to it since, or another value, would lose them.
        """
        before = parse_gold_lines(self.replaced.split("\n"))
        is_labelled = bool(line.labels) and all(line.labels != one.labels for one in before)
        is_of_review = not is_labelled and any(_changed(line, one) == line.text for one in self.written)
        return [one.text for one in before] if is_of_review else [line.text]


def merged_gold(
    lines: Iterable[GoldLine],
    decided: Mapping[DocumentKey, GoldDocument | None],
    former: Callable[[DocumentKey], FormerGold | None],
) -> Iterator[str]:
    """Yield the lines of a gold file, brought up to what is decided, each without its line end.

    Args:
        lines: What stands in it now: lines of other documents stay as they are, and labels of all.
        decided: The documents that have decisions: as gold, or None where they are not gold (any more).
        former: Tells of a document that is not gold what it was; None for one that never was.
    """
    find = _finder(decided)
    new = {key: one for key, one in decided.items() if one is not None}
    for line in lines:
        key = find(line.document)
        if key is None:
            yield line.text
        elif document := decided[key]:
            if new.pop(key, None) is not None:
                yield _changed(line, document)
        else:
            yield from _without_gold(line, former(key))
    yield from (json_text(gold_line(document)) for document in new.values())


def _without_gold(line: GoldLine, former: FormerGold | None) -> list[str]:
    return [line.text] if former is None else former.instead_of(line)


def _changed(line: GoldLine, document: GoldDocument) -> str:
    """Write a document's line anew with what stood in it beside; as it stands where it says the same already."""
    new = gold_line(document)
    if document.text is None and line.document.text is not None:
        new = {**new, "text": line.document.text}
    changed = {**new, **line.labels}
    return line.text if is_same(changed, line.data) else json_text(changed)


def _finder(keys: Iterable[DocumentKey]) -> Callable[[GoldDocument], DocumentKey | None]:
    """Make what finds the document that a line of gold is about: by text and source, else by the one that it names."""
    keys = [*keys]
    whole = {*keys}
    by_id = {key[0]: key for key in reversed(keys)}
    by_source = {source: (identity, source) for identity, source in reversed(keys) if source is not None}

    def find(document: GoldDocument) -> DocumentKey | None:
        key = (document.id or "", document.source)
        if key in whole:
            return key
        if document.id is None:
            return by_source.get(document.source or "")
        return by_id.get(document.id) if document.source is None else None

    return find


def _state_of(path: Path) -> tuple[int, ...] | None:
    """Return what tells one state of a file from another; None where there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
