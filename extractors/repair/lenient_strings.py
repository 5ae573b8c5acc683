"""Strings of nearly JSON, whose quotes are not escaped, of another kind, or missing: where one ends, what it says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import pairwise

from slotfill.extractors.record.parts import Risk
from slotfill.extractors.repair.string_ends import FOLLOWERS, QUOTED, QUOTES, UNCLOSED_KEY, Role
from slotfill.extractors.repair.syntax_repairs import SyntaxRepair

__all__ = ["StringReader"]

_UNTIL_CLOSE = {close: re.compile(rf"[^\\{close}]*+(?:\\(?s:.)[^\\{close}]*+)*+") for close in QUOTES.values()}
"""By the closing quote: all up to the next one that is not escaped."""

_KEY_AHEAD = re.compile(rf"{QUOTED} \s*+ :", re.VERBOSE)
_ITEM_AHEAD = re.compile(QUOTED, re.VERBOSE)
_STRUCTURE = frozenset(" \t\r\n[]{}")
_JOINERS = frozenset(["", ",", "+"])
"""What stands between two quotes that part two strings: `"a" "b"`, `"a", "b"`, `"a" + "b"`."""

_PARTS = re.compile(
    r"""
    ["'”\u2019] \s*+ ,      # "a",
  | , \s*+ ["'“\u2018]      # , "b"
    """,
    re.VERBOSE,
)
_MUST_BE_ESCAPED = re.compile(r"[\x00-\x1f]")
"""The control characters that JSON's strings (RFC 8259, section 7) hold as escapes alone; others may stand there."""
_PLAIN = re.compile(r"[^\\\x00-\x1f]*+")
_ESCAPE = re.compile(
    r"""
    \\ (?: u ([0-9a-fA-F]{4})           # \u00e9: JSON's own
         | x ([0-9a-fA-F]{2})           # \xe9, and
         | U (00[01][0-9a-fA-F]{5})     # \U0001f600: Python's
         | ((?s:.))                     # \n
       )
    """,
    re.VERBOSE,
)
_NAMED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "/": "/"}
_HALF_A_PAIR = re.compile("[\ud800-\udfff]")


class StringReader:
    """Reads the string that starts at a quote.

    at: behind the string, once it is read. repairs: all that had to be put right.

    end: where the text ends. closers: gives the brackets that are still to be closed.
    """

    def __init__(self, text: str, start: int, end: int, role: Role, closers: Callable[[], str]) -> None:
        self._text, self._start, self._end, self._role = text, start, end, role
        self._closers = closers
        self.at = start
        self.repairs: list[SyntaxRepair] = []
        self._inner: list[int] = []
        self._quote = QUOTES[text[start]]
        self._content = start + 1

    def read(self) -> str | None:
        """Return what the string says; None where the text ends within it."""
        stop = self._find_stop()
        return None if stop is None else self._decode(self._text[self._content : stop])

    def _note(self, kind: str, before: str, after: str, risk: Risk) -> None:
        self.repairs.append(SyntaxRepair(kind, before, after, risk))

    def _find_stop(self) -> int | None:
        """Return where the content ends, and set `at`.

        Each quote is taken for the closing one if what follows allows it; else it opens the next string, the closing
        one having been forgotten; else it stands within the string.
        """
        until_close, followers = _UNTIL_CLOSE[self._quote], FOLLOWERS[self._role]
        at = self._start + 1
        while True:
            at = until_close.match(self._text, at, self._end).end()  # type: ignore[union-attr]  # may be empty
            if at >= self._end or self._text[at] != self._quote:
                return self._stop_at_end()
            if at == self._content and (stop := self._stop_of_tripled()) is not None:
                return stop
            if followers.match(self._text, at + 1, self._end):
                self.at = at + 1
                self._note_inner_quotes(at)
                return at
            if (stop := self._stop_before_next(at)) is not None:
                return self._without_close(stop)
            self._inner.append(at)
            at += 1

    def _stop_of_tripled(self) -> int | None:
        '''Return where the content of a string in Python's triple quotes ends: `"""so"""`; None for one in others.'''
        marks, stop = self._quote * 3, self._start
        if self._role == "key" or not self._text.startswith(marks, stop, self._end):
            return None
        while (stop := self._text.find(marks, stop + 3, self._end)) >= 0:
            if FOLLOWERS[self._role].match(self._text, stop + 3, self._end):
                raw = self._text[self._start : stop + 3]
                self._note("triple_quotes", raw, json.dumps(raw[3:-3], ensure_ascii=False), "low")
                self._content, self.at = self._start + 3, stop + 3
                return stop
        return None

    def _note_inner_quotes(self, stop: int) -> None:
        """Tell of quotes within: where they come in pairs, and cannot part two items, there is one reading alone."""
        if self._inner:
            raw = self._text[self._start : stop + 1]
            is_doubtful = len(self._inner) % 2 or "\n" in raw or self._may_be_several(stop)
            escaped = raw[0] + self._escaped(raw[1:-1]) + raw[-1]
            self._note("unescaped_quote", raw, escaped, "high" if is_doubtful else "low")

    def _may_be_several(self, stop: int) -> bool:
        """Whether the quotes within may be those of several strings: `"a", "b"`, `"a" "b"`, `""a""`."""
        within = self._text[self._start + 1 : stop]
        if self._role != "member" and _PARTS.search(within):
            return True
        if self._inner[0] == self._start + 1 and self._inner[-1] == stop - 1:
            return True
        before = [self._text[at - 1] for at in self._inner]
        if any(mark.isalnum() for mark in before[::2]) or any(mark.isspace() for mark in before[1::2]):
            return True  # the first of a pair ends something, or the second begins it: "a" and "b"
        return any(self._text[one + 1 : other].strip() in _JOINERS for one, other in pairwise(self._inner))

    def _escaped(self, content: str) -> str:
        return re.sub(rf"(\\(?s:.))|{self._quote}", lambda match: match[1] or f"\\{self._quote}", content)

    def _stop_before_next(self, at: int) -> int | None:
        """Return where the string ends if the quote at `at` opens the next one.

        In `["x, "y"]` the second quote does: an item follows it, and a comma stands before it. So the string ends
        before that comma, and before what brackets and spaces there are: `{"a": [{"b": "x}, {"b": 1}]}`.
        """
        if self._role == "key":
            return None if self._inner else self._stop_of_key(at)
        if not self._opens_next(at):
            return None
        stop = at
        while self._text[stop - 1] in " \t\r\n[{":
            stop -= 1
        if self._text[stop - 1] != ",":
            return None
        stop -= 1
        while self._text[stop - 1] in _STRUCTURE:
            stop -= 1
        return max(stop, self._start + 1)

    def _stop_of_key(self, end: int) -> int | None:
        match = UNCLOSED_KEY.match(self._text, self._start + 1, end)
        return match.end() if match else None

    def _opens_next(self, at: int) -> bool:
        if _KEY_AHEAD.match(self._text, at, self._end):
            return True
        item = _ITEM_AHEAD.match(self._text, at, self._end) if self._role == "item" else None
        return bool(item and FOLLOWERS["item"].match(self._text, item.end(), self._end))

    def _stop_at_end(self) -> int | None:
        """End the string before the closers at the end of the text, where these are just what is open: `{"a": "x}`."""
        if self._role == "key":
            stop = self._stop_of_key(self._end)
            return None if stop is None else self._without_close(stop)
        rest = self._text[self._start + 1 : self._end]
        content = rest.rstrip(" \t\r\n]}")
        if "".join(rest[len(content) :].split()) != self._closers():
            return None
        return self._without_close(self._start + 1 + len(content))

    def _without_close(self, stop: int) -> int:
        self.at = stop
        raw = self._text[self._start : stop]
        self._note("missing_quote", raw, raw + self._quote, "high")
        return stop

    def _decode(self, raw: str) -> str:
        value = raw if _PLAIN.fullmatch(raw) else self._unescaped(raw)
        if self._quote != '"' and self._content == self._start + 1:
            kind = "single_quotes" if self._quote == "'" else "typographic_quotes"
            written = f"{self._text[self._start]}{raw}{self._quote}"
            self._note(kind, written, json.dumps(value, ensure_ascii=False), "low")
        return value

    def _unescaped(self, raw: str) -> str:
        if match := _MUST_BE_ESCAPED.search(raw):
            self._note("control_character", match[0], json.dumps(match[0])[1:-1], "none")
        value = _ESCAPE.sub(self._character, raw)
        if _HALF_A_PAIR.search(value):  # \ud83d\ude00: two escapes for one code point
            value = value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        return value

    def _character(self, escape: re.Match[str]) -> str:
        """Return what an escape stands for; one that no language knows keeps its backslash."""
        code, *python, name = escape.groups()
        if code:
            return chr(int(code, 16))
        if name in _NAMED:
            return _NAMED[name]
        point = python[0] or python[1]
        is_known = point or name in QUOTES or name in QUOTES.values()
        character = chr(int(point, 16)) if point else name if is_known else escape[0]
        if point or not is_known or self._quote == '"':  # in 'it\'s' the escape is what it should be
            written = json.dumps(character, ensure_ascii=False)[1:-1]
            self._note("escape", escape[0], written, "low" if is_known else "high")
        return character
