"""The styles of a Word document: what hides a text, makes it a heading or numbers it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from slotfill.extractors.documents.readers.office.word_elements import attribute, is_on, property_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

__all__ = ["ListPlace", "Styles", "list_place"]


_LEVELS = frozenset("012345678")
"""All that a list has."""


class ListPlace(NamedTuple):
    """Which list a paragraph is an item of ("0": of none), and on which level from 0; None where a style tells that."""

    number_id: str
    level: int | None


@dataclass(frozen=True, slots=True)
class _Style:
    base: str | None
    hidden: bool | None
    heading: bool
    place: ListPlace | None


def list_place(properties: Element | None) -> ListPlace | None:
    """Read of which list a paragraph's properties, or a style's, make it an item."""
    numbering = property_of(properties, "numPr")
    number_id, level = (attribute(property_of(numbering, name)) for name in ("numId", "ilvl"))
    return None if number_id is None else ListPlace(number_id, int(level) if level in _LEVELS else None)


class Styles:
    """The styles by their ids. What a style does not say, the one that it is based on does."""

    def __init__(self, root: Element | None) -> None:
        styles = () if root is None else root.iterfind("{*}style")
        self._styles = {attribute(style, "styleId"): _style(style) for style in styles}

    def is_hidden(self, style: str | None) -> bool:
        """Tell whether text of a style is not shown."""
        return next((one.hidden for one in self._line(style) if one.hidden is not None), False)

    def is_heading(self, style: str | None) -> bool:
        """Tell whether paragraphs of a style are headings."""
        return any(one.heading for one in self._line(style))

    def list_place(self, style: str | None) -> ListPlace | None:
        """Return of which list paragraphs of a style are items."""
        return next((one.place for one in self._line(style) if one.place), None)

    def _line(self, style: str | None) -> Iterator[_Style]:
        passed = set()
        while style in self._styles and style not in passed:  # a style based on itself is no end
            passed.add(style)
            yield self._styles[style]
            style = self._styles[style].base


def _style(style: Element) -> _Style:
    vanish = property_of(style, "rPr", "vanish")
    name = (attribute(property_of(style, "name")) or "").lower()
    return _Style(
        attribute(property_of(style, "basedOn")),
        None if vanish is None else is_on(vanish),
        name.startswith(("heading", "title")) or property_of(style, "pPr", "outlineLvl") is not None,
        list_place(property_of(style, "pPr")),
    )
