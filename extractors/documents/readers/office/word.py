"""A Word document -> its text, as it reads: header, paragraphs and tables in order, footer, notes.

The parts are read by lxml, from an archive that unpacks within limits. python-docx, which knows a paragraph's runs but
not what stands in insertions, content controls, text boxes, footnotes or macro-enabled documents, would unpack each
picture, too: the tests write with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from slotfill.extractors.documents.decoding import MOST_BYTES, TOO_LARGE
from slotfill.extractors.documents.place_map import PlaceMap, Stretch
from slotfill.extractors.documents.readers.office.archive import Archive, relations
from slotfill.extractors.documents.readers.office.word_blocks import Block, BlockReader
from slotfill.extractors.documents.readers.office.word_elements import attribute, is_on, local_name, property_of
from slotfill.extractors.documents.readers.office.word_numbering import Numbering
from slotfill.extractors.documents.readers.office.word_styles import Styles
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.documents.readers.read_options import ReadOptions
from slotfill.extractors.documents.readers.read_text import ReadText
from slotfill.extractors.record.failure_kinds import FailureKind

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

__all__ = ["read"]

_MAIN = "word/document.xml"
"""Where the text is, unless the archive's own relations say otherwise."""

_LINE = "\n"

_BREATH = 1000
"""After so many blocks the reader says that it goes on."""


def read(data: bytes, options: ReadOptions) -> Iterator[ReadText | None]:
    """Read a document. Raises ReadError."""
    del options
    blocks: list[Block] = []
    for block in _Document(Archive(data)).blocks():
        blocks.append(block)
        if not len(blocks) % _BREATH:
            yield None
    yield _text_of(blocks)


class _Document:
    """The parts of a document."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        main = [one.target for one in relations(archive, "") if one.kind == "officeDocument"]
        name = next((target for target in main if target in archive), _MAIN)
        root = archive.xml(name)
        if root is None or local_name(root) != "document":
            raise ReadError(FailureKind.BROKEN_DOCUMENT, "is no Word document, or lacks its text: save it anew in Word")
        self._root: Element = root
        self._relations = relations(archive, name)
        self._styles = Styles(self._part("styles"))
        self._reader = BlockReader(self._styles, Numbering(self._part("numbering")), self._comments())

    def blocks(self) -> Iterator[Block]:
        """Yield what a person reads: headers and footers once, each that differs; notes behind the text."""
        yield from self._margins("header")
        yield from self._reader.blocks(self._root, "body")
        notes = {kind: self._entries(f"{kind}s", kind) for kind in {note.kind for note in self._reader.notes}}
        for number, note in enumerate(self._reader.notes, 1):
            if (entry := notes[note.kind].get(note.id)) is not None:
                yield Block(f"[{number}] {_joined(self._reader, entry, _LINE)}", "footnote", "item")
        yield from self._margins("footer")

    def _margins(self, kind: str) -> list[Block]:
        """Read the headers, or footers, of all sections; a text that comes again is the same."""
        targets = {one.id: one.target for one in self._relations if one.kind == kind}
        blocks: dict[tuple[Block, ...], None] = {}
        for target in dict.fromkeys(filter(None, map(targets.get, self._shown(kind)))):
            if (root := self._archive.xml(target)) is not None:
                blocks[tuple(self._reader.blocks(root, kind))] = None
        return list(dict.fromkeys(block for of_one in blocks for block in of_one))

    def _shown(self, kind: str) -> Iterator[str]:
        """Yield the ids of headers, or footers, that some page shows: even pages have a switch for theirs."""
        has_even = is_on(property_of(self._part("settings"), "evenAndOddHeaders"))
        for section in self._root.iter("{*}sectPr"):
            for reference in section.iterfind(f"{{*}}{kind}Reference"):
                page = attribute(reference, "type")
                is_shown = {"first": is_on(property_of(section, "titlePg")), "even": has_even}.get(page or "", True)
                if is_shown:
                    yield next((value for name, value in reference.attrib.items() if name.endswith("}id")), "")

    def _comments(self) -> dict[str, str]:
        reader = BlockReader(self._styles, Numbering(None), {})
        return {
            key: f"[comment by {attribute(comment, 'author') or 'somebody'}: {_joined(reader, comment, ' ')}]"
            for key, comment in self._entries("comments", "comment").items()
        }

    def _entries(self, part: str, name: str) -> dict[str, Element]:
        root = self._part(part)
        entries = () if root is None else root.iterfind(f"{{*}}{name}")
        return {attribute(entry, "id") or "": entry for entry in entries}

    def _part(self, kind: str) -> Element | None:
        target = next((one.target for one in self._relations if one.kind == kind), None)
        return None if target is None else self._archive.xml(target)


def _joined(reader: BlockReader, entry: Element, separator: str) -> str:
    return separator.join(block.text for block in reader.blocks(entry, ""))


def _text_of(blocks: list[Block]) -> ReadText:
    pieces: list[str] = []
    stretches: list[Stretch] = []
    length, before = 0, None
    for block in blocks:
        pieces += "" if not pieces else _between(before, block), block.text
        start, length = length + len(pieces[-2]), length + len(pieces[-2]) + len(block.text)
        if length > MOST_BYTES:
            raise ReadError(TOO_LARGE.type, TOO_LARGE.message)
        if stretches and stretches[-1].place["part"] == block.part:
            start = stretches.pop().start
        stretches.append(Stretch(start, length, {"part": block.part}))
        before = before if block.part == "comment" else block.form
    return ReadText("".join(pieces), PlaceMap(tuple(stretches)))


def _between(before: str | None, block: Block) -> str:
    """Return what parts a block from one of some form: a list, a table, a text and its comments hold together."""
    is_close = block.part == "comment" or (block.form == before and block.form != "paragraph")
    return _LINE if is_close else 2 * _LINE
