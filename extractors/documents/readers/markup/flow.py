"""Text as it flows into lines, white space collapsed as browsers do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["Flow", "TextLine", "one_line"]

_BLANK = re.compile(r"[\t\n\r\f][ \t\n\r\f]*| [ \t\n\r\f]+")
"""White space in HTML, which a no-break space is none of; a space that stands alone is left as it is."""

_PARAGRAPH = 2
"""The line ends that make a blank line, the most that are written in a row."""


class TextLine(NamedTuple):
    """A line of text, and whether it stands in a quotation."""

    text: str
    quoted: bool = False


def one_line(text: str) -> str:
    """Return text as it stands on a line of its own, whose white space is no more than a space."""
    return _collapsed(text).strip(" ")


def _collapsed(text: str) -> str:
    return _BLANK.sub(" ", text)


class Flow:
    """Lines that grow."""

    def __init__(self) -> None:
        self._lines: list[TextLine] = []
        self._line: list[str] = []
        self._quoted = False
        self._ends = 0  # line ends that come before the next text
        self._space = False
        self._mark = ""

    def add(self, text: str, *, quoted: bool = False) -> None:
        """Add text whose white space is no more than a space."""
        words = _collapsed(text)
        if words.startswith(" "):
            self.space()
        inner = words.strip(" ")
        if inner:
            self._begin(quoted)
            self._line.append(inner)
            if words.endswith(" "):
                self.space()

    def add_preformatted(self, text: str, *, quoted: bool = False) -> None:
        """Add text as it is, line by line."""
        first, *others = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._add_exactly(first, quoted)
        for line in others:
            self._ends += 1
            self._add_exactly(line, quoted)

    def add_lines(self, lines: Iterable[TextLine]) -> None:
        """Add lines that are finished."""
        self.block()
        left = iter(lines)
        for line in left:
            if line.text:
                self._begin(line.quoted)
                self._line.append(line.text)
                self.block()
                self._add_others(left)
            else:
                self.block(_PARAGRAPH)

    def space(self) -> None:
        """Keep what comes next apart from what came before."""
        self._space = bool(self._line) and not self._ends

    def end_line(self) -> None:
        """End the line, or leave one blank: `<br>`."""
        self._ends = min(self._ends + 1, _PARAGRAPH)
        self._space = False

    def block(self, ends: int = 1) -> None:
        """Begin or end a block: what comes next has a line of its own, with `ends` 2 a blank one before it."""
        self._ends = max(self._ends, ends)
        self._space = False

    def mark(self, mark: str) -> None:
        """Put a mark before what comes next, of which the innermost counts."""
        self._mark = mark

    def lines(self) -> list[TextLine]:
        """Return all lines."""
        if self._line:
            self._finish()
        self._ends = 0
        return self._lines

    def _add_others(self, lines: Iterable[TextLine]) -> None:
        """Add further lines that are finished: none has to be looked at again, however many tables it stands in."""
        last, ends = None, 1
        for line in lines:
            if not line.text:
                ends = _PARAGRAPH
                continue
            if last is None:
                self._finish()
            else:
                self._lines.append(last)
            if ends == _PARAGRAPH:
                self._lines.append(TextLine("", self._lines[-1].quoted and line.quoted))
            last, ends = line, 1
        if last is not None:
            self._line, self._quoted = [last.text], last.quoted
        self._ends = ends

    def _add_exactly(self, text: str, quoted: bool) -> None:
        if text:
            self._begin(quoted)
            self._line.append(text)

    def _begin(self, quoted: bool) -> None:
        """Get to where text goes: after the line ends, the mark and the space that are due before it."""
        if self._ends and self._line:
            self._finish()
            self._lines += [TextLine("", self._quoted and quoted)] * (self._ends - 1)
        if self._mark:
            self._line.append(self._mark)
            self._mark = ""
        elif self._space and self._line:
            self._line.append(" ")
        self._ends, self._space, self._quoted = 0, False, quoted

    def _finish(self) -> None:
        self._lines.append(TextLine("".join(self._line).rstrip(" \t"), self._quoted))
        self._line = []
