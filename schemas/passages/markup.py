"""Plain text: a text without its Markdown marks and without what parts words at the ends of lines, and the way back.

    The **bat-          The battery dies
    tery** dies         which are the code points 0 to 19 of the text

A hyphen between letters goes, too, as one at a line's end may belong to the word (well-known) or not (battery):
`agrees` compares them.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import lru_cache

import regex

from slotfill.schemas.passages.boundaries import UNSPACED
from slotfill.schemas.passages.folding import Where, fold

__all__ = ["Plain", "may_have_marks", "plain"]

# ruff: noqa: RUF001 - look-alikes are what it is about

_OPEN = "\x02"
"""What stands for a hyphen that may belong to its word or not."""

_LAST = "\U0010ffff"
_SPACE = r"[ \t\u00a0\u3000]"
_BREAK = rf"{_SPACE}{{0,8}}(?:\r\n|[\n\r\v\f\x85\u2028\u2029]){_SPACE}{{0,40}}(?:>{_SPACE}?){{0,8}}"
_BREAKS = rf"(?:{_BREAK}){{1,4}}+"
"""A page ends with several: an empty line, a form feed."""

_RULE = rf"{_SPACE}{{0,8}}+:?-{{2,}}+:?{_SPACE}{{0,8}}+"
_ITEM = rf"(?:\#{{1,6}}{_SPACE}+|(?:[*+•◦▪‣·]|[-–](?!{_SPACE}+\p{{Sc}}?\d)){_SPACE}+(?:\[[\ xX]\]{_SPACE}+)?)"
_URL = r"[^()\s]{0,2000}+(?:\([^()\s]{0,200}+\)[^()\s]{0,200}+)?"
_EDGE = r"(?<![\p{L}\p{N}])"
_MARKS = regex.compile(
    rf"""
      (?P<broken>(?<=\p{{L}}\p{{M}}{{0,4}})(?:[-‐\u00ad\x02¬]{_BREAKS}|\x02)(?=\p{{L}})) # bat-⏎tery, well-⏎known
    | (?P<hyphen>(?<=\p{{L}}\p{{M}}{{0,4}})[-‐‑](?=\p{{L}}))                             # well-known
    | (?<=[\p{{L}}\p{{N}}]\p{{Pd}}){_BREAK}(?=[\p{{L}}\p{{N}}])                          # COVID-⏎19
    | (?<=[[{UNSPACED}]--\p{{Hangul}}]){_BREAK}(?=[[{UNSPACED}]--\p{{Hangul}}])          # 包裹⏎到了
    | ^{_SPACE}{{0,3}}(?:={{3,}}+|(?:[-*_]{_SPACE}{{0,2}}+){{3,}}+)$                     # =====, * * *
    | ^{_SPACE}{{0,3}}\|?(?:{_RULE}\|)++(?:{_RULE})?$                                      # |---|--:|
    | (?:^|(?<={_SPACE}))(?<!\p{{N}}{_SPACE}{{1,8}})\|{{1,2}}+(?:{_SPACE}{{1,40}}+|$)        # | a | b |
    | (?<=\p{{N}}{_SPACE}{{1,8}})\|{{1,2}}+(?:{_SPACE}{{1,40}}+(?!\d{{3}}(?!\d))|$)           # 5 | 6, no 5 | 600
    | ^{_SPACE}{{0,3}}(?:`{{3,}}+|~{{3,}}+)[^\n`]{{0,40}}$                               # ```python
    | ^{_SPACE}{{0,40}}(?:(?:>{_SPACE}?)++{_ITEM}?|{_ITEM})                                # > ## - [x]
    | !?\[(?=[^\[\]]{{1,300}}+\][(\[])                                                   # [text](url), ![text](url)
    | \](?:\({_URL}(?:\s"[^"\n]{{0,200}}+")?\)|\[[^\[\]\n]{{0,100}}+\])                    # and ][1]
    | \[\^[^\[\]\s]{{1,40}}+\]                                                           # [^1]
    | (?P<escape>\\)(?=[!-/:-@\[-`{{-~])                                                             # \*
    | \\(?=[\r\n])                                                                      # \⏎
    | [*]{{2,3}}+(?=\S) | (?<=\S)[*]{{2,3}}+ | ~~(?=\S) | (?<=\S)~~                      # **bold**, ~~gone~~
    | `{{1,3}}+(?=\S) | (?<=\S)`{{1,3}}+                                                 # `code`
    | {_EDGE}(?:[*]|_{{1,3}}+)(?=\S) | (?<=\S)(?:[*]|_{{1,3}}+)(?![\p{{L}}\p{{N}}])      # *it*, _it_
    """,
    regex.VERBOSE | regex.VERSION1 | regex.MULTILINE,
)


_MAY_BE_MARK = re.compile(
    r"[-*_`~\[\]\\!|\u00ad\u2010\u2011\x02¬]|^[ \t\u00a0\u3000]{0,40}(?:[>#=+–•◦▪‣·*_`~|-]|:-)"
    r"|(?<=[-\u2010-\u2015\u0e00-\U0010ffff])[ \t\u00a0\u3000]{0,8}[\n\r\v\f\x85\u2028\u2029]",
    re.MULTILINE,
)
"""Where a mark may begin: seldom, and soon found."""


class Plain:
    """A text without its marks, `text`, and where each of its code points comes from.

    has_marks: the source has any.
    """

    def __init__(self, source: str) -> None:
        pieces: list[str] = []
        self._starts, self._sources = array("Q"), array("Q")
        self._hyphens: list[tuple[int, str]] = []
        length = at = 0
        for mark in _marks(source):
            pieces.append(source[at : mark.start()])
            self._starts.append(length)
            self._sources.append(at)
            length += mark.start() - at
            at = mark.end()
            if mark["hyphen"] or mark["broken"]:
                self._hyphens.append((length, "-" if mark["hyphen"] else _OPEN))
        self._starts.append(length)
        self._sources.append(at)
        self.text = "".join((*pieces, source[at:]))
        self.has_marks = len(self.text) < len(source)

    def source(self, where: Where) -> Where:
        """Return the passage of the source that a passage of the text, not empty, comes from."""
        start, end = where
        return self._source(start), self._source(end - 1) + 1

    def agrees(self, where: Where, quote: Plain) -> bool:
        """Whether a quote that is the same as a passage of the text has its hyphens, too.

        Those at the ends of lines it may have or not.
        """
        wanted, at = quote._hyphenated((0, len(quote.text))).replace(_OPEN, "-"), 0
        for part, piece in enumerate(self._hyphenated(where).split(_OPEN)):
            at += part > 0 and wanted.startswith("-" + piece, at)
            if not wanted.startswith(piece, at):
                return False
            at += len(piece)
        return at == len(wanted)

    def _hyphenated(self, where: Where) -> str:
        """Fold a passage with the hyphens that it has in the source, those at line ends as `_OPEN`."""
        start, end = where
        pieces: list[str] = []
        first = bisect_right(self._hyphens, (start, _LAST))
        for offset, hyphen in self._hyphens[first : bisect_left(self._hyphens, (end, ""))]:
            pieces += self.text[start:offset], hyphen
            start = offset
        return fold("".join((*pieces, self.text[start:end]))).strip()

    def _source(self, at: int) -> int:
        index = bisect_right(self._starts, at) - 1
        return self._sources[index] + at - self._starts[index]


def may_have_marks(text: str) -> bool:
    """Whether a text may hold any marks, at next to no cost."""
    return _MAY_BE_MARK.search(text) is not None


@lru_cache(maxsize=4)
def plain(text: str) -> Plain:
    """Take the marks from a text, for many quotes: the last few texts are remembered."""
    return Plain(text)


def _marks(text: str) -> Iterator[regex.Match[str]]:
    """Yield the marks of a text, but for those that keep two figures apart."""
    at, last, past = 0, "", 0
    while candidate := _MAY_BE_MARK.search(text, max(at, past)):
        mark = _MARKS.match(text, candidate.start())
        if not mark:
            past = candidate.start() + 1
            continue
        if mark.start() > at or not at:
            last = text[mark.start() - 1 : mark.start()]
        past = mark.end() + bool(mark["escape"])
        if last.isnumeric() and text[mark.end() : mark.end() + 1].isnumeric():
            continue
        at = mark.end()
        yield mark
