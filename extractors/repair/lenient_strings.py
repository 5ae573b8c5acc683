"""Strings of nearly JSON: where one ends whose quotes are not escaped, of another kind, or missing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Literal

from slotfill.extractors.record.parts import Risk

__all__ = ["QUOTED", "QUOTES", "Role", "String"]

QUOTES = {'"': '"', "'": "'", "“": "”", "\u2018": "\u2019"}
"""The quotes that may open a string, each with the one that closes it."""

Role = Literal["key", "member", "item", "element"]
"""What a string is: an object's key, the value of one, an item of a list, or one of a tuple, which `)` ends."""

QUOTED = r"""(?:"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"|'[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'|“[^”\n]*+”)"""
"""A string on one line that is written as it should be."""

_CLOSES = {closing: re.compile(rf"[^\\{closing}]*+(?:\\(?s:.)[^\\{closing}]*+)*+") for closing in QUOTES.values()}
_KEY = rf"""(?:(?:{QUOTED}|[^\W\d][\w$-]*+)\s*+:|-?\d++\s*+:(?:\s++[\dtfnTFN-]|\s*+["'\[{{(]))"""
_VALUE = r"""(?:["'“\u2018\[{]|\(["'\[{(\d]|-?\d|(?:[tT]rue|[fF]alse|null|None|undefined|NaN|nil)\b)"""
_MARK = "[\"']"
_UNCLOSED = r"[^\W\d][\w $-]*+(?=:\s)"
_COMMENT = r"(?:\s*+(?://|/\*)|[ \t]*+\n\s*+\#)"
_ELLIPSIS = r"(?:\.\.\.|…)\s*+,?+\s*+[}\])]"


def _follows_item(closers: str) -> re.Pattern[str]:
    return re.compile(
        rf"""
        \s*+ (?:
            [{closers}] | \Z                                 # ["a"]
          | ,\s*+ (?: {_VALUE} | [,{closers}] | {_ELLIPSIS} | \Z )    # ["a", 1
          | ,{_COMMENT}                                      # ["a", // so
        )
        | {_COMMENT}                                         # ["a" // so
        | \n[\ \t]*+\n                                       # ["a", and prose behind a blank line
        | (?:\s++{QUOTED}){{1,16}}+ \s*+ [,"{closers}]       # ["a" "b" "c"]: no commas
        | "[^",\[\]{{}}\\]++" \s*+ [,"{closers}]             # ["a""b"]
        """,
        re.VERBOSE,
    )


_FOLLOWS: dict[Role, re.Pattern[str]] = {
    "key": re.compile(r"\s*+:"),
    "member": re.compile(
        rf"""
        \s*+ (?:
            [}}\]] | \Z                                      # {{"a": "b"}}
          | ,\s*+ (?: {_KEY} | {_MARK}{_UNCLOSED} | [,}}\]] | {_ELLIPSIS} | \Z )    # {{"a": "b", "c": 1
          | {QUOTED}\s*+:                                    # {{"a": "b" "c": 1: no comma
          | ,{_COMMENT}                                      # {{"a": "b", // so
        )
        | {_COMMENT}                                         # {{"a": "b" // so
        | \n[\ \t]*+\n                                       # {{"a": "b", and prose behind a blank line
        """,
        re.VERBOSE,
    ),
    "item": _follows_item(r"}\]"),
    "element": _follows_item(r"}\])"),
}
"""What may stand behind the quote that closes a string of each role, a missing comma included."""

_KEY_AHEAD = re.compile(rf"{QUOTED}\s*+:")
_ITEM_AHEAD = re.compile(QUOTED)
_UNCLOSED_KEY = re.compile(_UNCLOSED)
_STRUCTURE = frozenset(" \t\r\n[]{}")
_JOINERS = frozenset(["", ",", "+"])
"""What stands between two quotes that part two strings: `"a" "b"`, `"a", "b"`, `"a" + "b"`."""
_PARTS = re.compile(r"""["'”\u2019]\s*+,|,\s*+["'“\u2018]""")
_MUST_BE_ESCAPED = re.compile(r"[\x00-\x1f]")
"""The control characters that JSON's strings (RFC 8259, section 7) hold as escapes alone; others may stand there."""
_PLAIN = re.compile(r"[^\\\x00-\x1f]*+")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|U(00[01][0-9a-fA-F]{5})|(?s:(.)))")
_NAMED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "/": "/"}
_HALF_A_PAIR = re.compile("[\ud800-\udfff]")


class String:
    """The string that starts at a quote.

    value: what it says. close: where what follows it starts, None where the text ends within the string.
    repairs: kind, before, after and risk of all that had to be put right.

    end: where the text ends. closers: gives the brackets that are still to be closed.
    """

    def __init__(self, text: str, start: int, end: int, role: Role, closers: Callable[[], str]) -> None:
        self._text, self._start, self._end, self._role = text, start, end, role
        self._open = closers
        self.repairs: list[tuple[str, Any, Any, Risk]] = []
        self.value = ""
        self.close: int | None = None
        self._inner: list[int] = []
        self._delimiter = QUOTES[text[start]]
        self._content = start + 1
        stop = self._find_end()
        if stop is not None:
            self._decode(text[self._content : stop])

    def _find_end(self) -> int | None:
        """Give where the content ends, and set `close`."""
        closes, follows = _CLOSES[self._delimiter], _FOLLOWS[self._role]
        at = self._start + 1
        while True:
            at = closes.match(self._text, at, self._end).end()  # type: ignore[union-attr]  # may be empty
            if at >= self._end or self._text[at] != self._delimiter:
                return self._unclosed()
            if at == self._content and (stop := self._find_tripled_end()) is not None:
                return stop
            if follows.match(self._text, at + 1, self._end):
                self.close = at + 1
                self._note_inner(at)
                return at
            if (stop := self._forgotten(at)) is not None:
                return self._close_missing(stop)
            self._inner.append(at)
            at += 1

    def _find_tripled_end(self) -> int | None:
        """Give where the content of a string in Python's triple quotes ends, None for one that is in none."""
        marks, stop = self._delimiter * 3, self._start
        if self._role == "key" or not self._text.startswith(marks, stop, self._end):
            return None
        while (stop := self._text.find(marks, stop + 3, self._end)) >= 0:
            if _FOLLOWS[self._role].match(self._text, stop + 3, self._end):
                raw = self._text[self._start : stop + 3]
                self.repairs.append(("triple_quotes", raw, json.dumps(raw[3:-3], ensure_ascii=False), "low"))
                self._content, self.close = self._start + 3, stop + 3
                return stop
        return None

    def _note_inner(self, stop: int) -> None:
        """Tell of quotes within: where they come in pairs, and cannot part two items, there is one reading alone."""
        if self._inner:
            raw = self._text[self._start : stop + 1]
            doubtful = len(self._inner) % 2 or "\n" in raw or self._may_part(stop)
            escaped = raw[0] + self._escaped(raw[1:-1]) + raw[-1]
            self.repairs.append(("unescaped_quote", raw, escaped, "high" if doubtful else "low"))

    def _may_part(self, stop: int) -> bool:
        """Tell whether the quotes within may be those of several strings: `"a", "b"`, `"a" "b"`, `""a""`."""
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
        return re.sub(rf"(\\(?s:.))|{self._delimiter}", lambda m: m[1] or f"\\{self._delimiter}", content)

    def _forgotten(self, at: int) -> int | None:
        """Tell where the string ends if the quote at `at` opens another one, its own having been left out."""
        if self._role == "key":
            return None if self._inner else self._key_end(at)
        if not self._opens_another(at):
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

    def _key_end(self, end: int) -> int | None:
        found = _UNCLOSED_KEY.match(self._text, self._start + 1, end)
        return found.end() if found else None

    def _opens_another(self, at: int) -> bool:
        if _KEY_AHEAD.match(self._text, at, self._end):
            return True
        item = _ITEM_AHEAD.match(self._text, at, self._end) if self._role == "item" else None
        return bool(item and _FOLLOWS["item"].match(self._text, item.end(), self._end))

    def _unclosed(self) -> int | None:
        """End the string before the closers at the end of the text, where these are just what is open."""
        if self._role == "key":
            stop = self._key_end(self._end)
            return None if stop is None else self._close_missing(stop)
        said = self._text[self._start + 1 : self._end]
        content = said.rstrip(" \t\r\n]}")
        closers = "".join(said[len(content) :].split())
        if closers != self._open():
            return None
        return self._close_missing(self._start + 1 + len(content))

    def _close_missing(self, stop: int) -> int:
        self.close = stop
        raw = self._text[self._start : stop]
        self.repairs.append(("missing_quote", raw, raw + self._delimiter, "high"))
        return stop

    def _decode(self, raw: str) -> None:
        self.value = raw if _PLAIN.fullmatch(raw) else self._unescaped(raw)
        if self._delimiter != '"' and self._content == self._start + 1:
            kind = "single_quotes" if self._delimiter == "'" else "typographic_quotes"
            written = f"{self._text[self._start]}{raw}{self._delimiter}"
            self.repairs.append((kind, written, json.dumps(self.value, ensure_ascii=False), "low"))

    def _unescaped(self, raw: str) -> str:
        if found := _MUST_BE_ESCAPED.search(raw):
            self.repairs.append(("control_character", found[0], json.dumps(found[0])[1:-1], "none"))
        value = _ESCAPE.sub(self._character, raw)
        if _HALF_A_PAIR.search(value):
            value = value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        return value

    def _character(self, escape: re.Match[str]) -> str:
        """Give what an escape stands for; one that no language knows keeps its backslash."""
        code, *python, name = escape.groups()
        if code:
            return chr(int(code, 16))
        if name in _NAMED:
            return _NAMED[name]
        point = python[0] or python[1]
        known = point or name in QUOTES or name in QUOTES.values()
        said = chr(int(point, 16)) if point else name if known else escape[0]
        if point or not known or self._delimiter == '"':
            self.repairs.append(
                ("escape", escape[0], json.dumps(said, ensure_ascii=False)[1:-1], "low" if known else "high")
            )
        return said
