"""A paragraph of a Word document -> its line of text, and what is anchored in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from slotfill.extractors.documents.readers.office.word_elements import (
    UNREAD,
    attribute,
    is_on,
    local_name,
    property_of,
    shown_choice,
)
from slotfill.extractors.documents.readers.office.word_styles import Styles
from slotfill.extractors.documents.readers.office.word_symbols import symbol_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

__all__ = ["NoteReference", "ParagraphLine", "RunReader"]

_CHARACTERS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
"""Characters that are elements. A soft hyphen shows only where a line ends: it is none."""

_NOTES = {"footnoteReference": "footnote", "endnoteReference": "endnote"}


class NoteReference(NamedTuple):
    """Where the text refers to a note: of which kind, and its id."""

    kind: str
    id: str


@dataclass(slots=True)
class ParagraphLine:
    """The text of a paragraph, the ids of the comments on it, and the text boxes that are anchored in it."""

    pieces: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    boxes: list[Element] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text, with tabs and line breaks."""
        return "".join(self.pieces)


class RunReader:
    """Reads paragraph by paragraph: fields run over several, and notes are counted through the document."""

    def __init__(self, styles: Styles) -> None:
        self._styles = styles
        self.notes: list[NoteReference] = []
        self._fields: list[bool] = []
        """The fields that are open, the outermost first: whether the code has ended and the result begun."""

    def read(self, paragraph: Element, *, is_hidden: bool) -> ParagraphLine:
        """Read a paragraph. is_hidden: whether its style hides it."""
        # A field that is still in its code where its paragraph ends is broken, and would hide all that follows.
        self._fields = [has_result for has_result in self._fields if has_result]
        line = ParagraphLine()
        self._read(paragraph, line, is_hidden=is_hidden)
        return line

    def _read(self, container: Iterable[Element], line: ParagraphLine, *, is_hidden: bool) -> None:
        for child in container:
            name = local_name(child)
            if name in UNREAD or not name:
                continue
            if name == "fldChar":
                self._enter_field(child, line)
            elif name == "txbxContent":
                line.boxes.append(child)
            elif name == "commentReference":
                line.comments.append(attribute(child, "id") or "")
            elif not is_hidden and all(self._fields) and (text := self._text(name, child)):
                line.pieces.append(text)
            else:
                self._read_within(name, child, line, is_hidden=is_hidden)

    def _read_within(self, name: str, element: Element, line: ParagraphLine, *, is_hidden: bool) -> None:
        match name:
            case "r":
                self._read(element, line, is_hidden=self._is_hidden(element, otherwise=is_hidden))
            case "AlternateContent":
                self._read(shown_choice(element), line, is_hidden=is_hidden)
            case "den" | "sup" if not is_hidden:  # of an equation: 1/2, x^2
                line.pieces.append("/" if name == "den" else "^")
                self._read(element, line, is_hidden=is_hidden)
            case _:
                self._read(element, line, is_hidden=is_hidden)

    def _text(self, name: str, element: Element) -> str:
        if name == "t":
            return element.text or ""
        if name == "sym":
            return symbol_of(attribute(element, "font") or "", attribute(element, "char") or "")
        if name in _NOTES:
            self.notes.append(NoteReference(_NOTES[name], attribute(element, "id") or ""))
            return f"[{len(self.notes)}]"
        return _CHARACTERS.get(name, "")

    def _is_hidden(self, run: Element, *, otherwise: bool) -> bool:
        """Tell whether a run is hidden: it says so itself, or its style, or that of its paragraph."""
        properties = property_of(run, "rPr")
        vanish = property_of(properties, "vanish")
        if vanish is not None:
            return is_on(vanish)
        return otherwise or self._styles.is_hidden(attribute(property_of(properties, "rStyle")))

    def _enter_field(self, mark: Element, line: ParagraphLine) -> None:
        """Follow the three marks of a field: `begin`, its code, `separate`, its result, `end`."""
        kind = attribute(mark, "fldCharType")
        if kind == "begin":
            if all(self._fields):
                line.pieces.append(_form_value(mark))
            self._fields.append(False)
        elif kind == "separate" and self._fields:
            self._fields[-1] = True
        elif kind == "end" and self._fields:
            self._fields.pop()


def _form_value(mark: Element) -> str:
    """Return what is chosen in a form field that writes no result: a box that is ticked, an entry of a list."""
    box, choice = (property_of(mark, "ffData", name) for name in ("checkBox", "ddList"))
    if box is not None:
        ticked = property_of(box, "checked")
        return "☒" if is_on(property_of(box, "default") if ticked is None else ticked) else "☐"
    if choice is None:
        return ""
    entries = [attribute(entry) or "" for entry in choice.iterfind("{*}listEntry")]
    chosen = attribute(property_of(choice, "result")) or "0"
    return entries[int(chosen)] if chosen.isdecimal() and len(chosen) < 4 and int(chosen) < len(entries) else ""  # noqa: PLR2004 - of 25
