"""The numbers of list items and headings, which Word does not write into the text but counts: `2.1`, `c)`, `iv.`."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from slotfill.extractors.documents.readers.office.word_elements import attribute, is_on, property_of
from slotfill.extractors.documents.readers.office.word_styles import ListPlace

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

__all__ = ["Numbering"]

_PLACEHOLDER = re.compile(r"%([1-9])")
"""Where the number of a level stands in a mark: `%1.%2`."""

_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl")),
    *((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)

_MOST = 10_000
"""Larger numbers are not written in letters: `w:start` may be anything."""


@dataclass(frozen=True, slots=True)
class _Level:
    start: int = 1
    form: str = "decimal"
    mark: str = ""
    style: str | None = None
    arabic: bool = False


@dataclass(frozen=True, slots=True)
class _List:
    """A list: what it counts with, shared by all lists of one abstract definition, and where it starts anew."""

    counter: str
    levels: dict[int, _Level]
    restarts: dict[int, int]


class Numbering:
    """Counts the items of a document's lists, in the order in which they are asked for."""

    def __init__(self, root: Element | None) -> None:
        self._lists = {} if root is None else _lists(root)
        self._counts: defaultdict[str, dict[int, int]] = defaultdict(dict)
        self._begun: set[str] = set()

    def mark(self, place: ListPlace, style: str | None = None) -> str:
        """Return the mark of the next item: `2.1`, or `-` where a bullet stands; "" where there is none."""
        if not (one := self._lists.get(place.number_id)):
            return ""
        number = self.level(place, style)
        level, counts = one.levels.get(number, _Level()), self._counts[one.counter]
        if place.number_id not in self._begun:
            self._begun.add(place.number_id)
            for restarted, start in one.restarts.items():
                counts[restarted] = start - 1
        counts[number] = counts.get(number, level.start - 1) + 1
        for deeper in [deeper for deeper in counts if deeper > number]:
            del counts[deeper]
        if level.form == "bullet":
            return "-"
        return _PLACEHOLDER.sub(lambda match: _count(one, counts, int(match[1]) - 1, level), level.mark).strip()

    def level(self, place: ListPlace, style: str | None = None) -> int:
        """Return the level of an item: that of its style where its paragraph tells none."""
        levels = self._lists[place.number_id].levels if place.number_id in self._lists else {}
        linked = (number for number, level in levels.items() if style and level.style == style)
        return place.level if place.level is not None else next(linked, 0)


def _lists(root: Element) -> dict[str, _List]:
    definitions = {attribute(one, "abstractNumId") or "": one for one in root.iterfind("{*}abstractNum")}
    styled = {attribute(property_of(one, "styleLink")): one for one in definitions.values()}
    lists = {}
    for number in root.iterfind("{*}num"):
        counter = attribute(property_of(number, "abstractNumId")) or ""
        definition = definitions.get(counter)
        if link := attribute(property_of(definition, "numStyleLink")):
            definition = styled.get(link, definition)
        levels = {} if definition is None else _levels(definition)
        restarts = {}
        for override in number.iterfind("{*}lvlOverride"):
            at = _number(attribute(override, "ilvl"), 0)
            levels |= _levels(override)
            if (start := attribute(property_of(override, "startOverride"))) is not None:
                restarts[at] = _number(start, 1)
                levels[at] = replace(levels.get(at, _Level()), start=restarts[at])
        lists[attribute(number, "numId") or ""] = _List(counter, levels, restarts)
    return lists


def _levels(definition: Element) -> dict[int, _Level]:
    return {
        _number(attribute(level, "ilvl"), 0): _Level(
            _number(attribute(property_of(level, "start")), 1),
            attribute(property_of(level, "numFmt")) or "decimal",
            attribute(property_of(level, "lvlText")) or "",
            attribute(property_of(level, "pStyle")),
            is_on(property_of(level, "isLgl")),
        )
        for level in definition.iterfind("{*}lvl")
    }


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) <= len(str(_MOST)) else otherwise


def _count(one: _List, counts: dict[int, int], number: int, asking: _Level) -> str:
    """Return the count of a level as it is written in a mark."""
    level = one.levels.get(number, _Level())
    count = counts.get(number, level.start)
    return str(count) if asking.arabic else _written(count, level.form)


def _written(count: int, form: str) -> str:
    if form == "none":
        return ""
    if form == "decimalZero":
        return f"{count:02}"
    if form in {"lowerLetter", "upperLetter"} and 0 < count <= _MOST:
        turns, letter = divmod(count - 1, 26)  # after z comes aa, then bb
        text = chr(ord("a") + letter) * (turns + 1)
    elif form in {"lowerRoman", "upperRoman"} and 0 < count <= _MOST:
        text = _roman(count)
    else:
        return str(count)
    return text.upper() if form.startswith("upper") else text


def _roman(count: int) -> str:
    text = ""
    for value, letters in _ROMAN:
        times, count = divmod(count, value)
        text += letters * times
    return text
