"""JSON that is still arriving: one object, read in one pass, however its text is cut."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container
from typing import NamedTuple

from slotfill.schemas.json_values.json_types import JSON, JSONObject

__all__ = ["JsonEvent", "JsonStream"]

_BLANK = " \t\r\n"
_HEX = "[0-9a-fA-F]"
_HIGH = rf"u[dD][89abAB]{_HEX}{{2}}"  # the first half of a surrogate pair
_UNIT = rf"""["\\/bfnrt]|(?!{_HIGH})u{_HEX}{{4}}|{_HIGH}(?=[^\\]|\\[^u]|\\u{_HEX}{{4}})"""

_SPACE = re.compile(rf"[{_BLANK}]*+")
_PLAIN = re.compile(rf'[^"\\]*+(?:\\(?:{_UNIT})[^"\\]*+)*+')
"""A run of a string whose escapes are whole; half a pair is held back until what follows it is known."""
_CUT = re.compile(rf"\\(?:u{_HEX}{{0,3}}|{_HIGH}(?:\\(?:u{_HEX}{{0,3}})?)?)?")
"""An escape that is not whole yet."""
_WORD = re.compile(r"[-+.0-9a-zE]*+")
_WORD_START = frozenset("-0123456789tfn")

SHOWN_WHOLE, STEPS = 65_536, 64
"""A string that is longer than so many characters grows by a 64th of the rest at a time.

Whoever keeps what is shown has it copied each time it grows: 5 MB in pieces of 12 bytes would be copied 400,000 times.
"""

_Run = Callable[[str, int], int]
_Step = Callable[[str], None]

_decode = json.JSONDecoder(strict=False).decode


class JsonEvent(NamedTuple):
    """What came of the text: a string, list or object began, or a value `ended`.

    key: where it stands in the object or list around it; the whole has the key 0.
    value: "" for a string that began; lists and objects are live, and grow.
    """

    key: str | int
    value: JSON
    ended: bool


class JsonStream:
    r"""Reads the first JSON object of a text that comes in pieces.

    What stands before it is skipped: all up to a `{` that a key or a `}` follows. What comes after it is ignored. In
    the end it is what `json.loads` gives. Nothing is judged: control characters may stand in strings, and where the
    text is no JSON the reader stops for good, and what it read stays. The work is linear in the text, however short its
    pieces are.

    It is a machine of two layers. A run takes as much of a piece as is of one kind: what stands before the object, a
    string, a number or literal; or JSON's structure, which it gives character by character to a step. A step knows what
    may come next, and says which run or step goes on. Of `{"a": 12,` they are:

        text  {      "           a"       :           1           2,        ,
        run   seek   structure   string   structure   structure   word      structure
        step         root                 colon       value                 next

    What a piece cuts in two, an escape such as \u00e9, waits in `_rest` for the next piece.

    root: the object, which grows. A number or a literal is there once it has ended; of the string that is arriving,
    what was there at the last `look`.
    key: where what is arriving stands in the object or list around it.

    Of a hidden member nothing comes: it is read like any other, and stands nowhere. `_hidden_at` is how deep the object
    is of which one is arriving.
    """

    def __init__(self, hidden: Container[str] = ()) -> None:
        """Read an object without the members of some keys, which are no part of what is to be seen."""
        self._hidden = hidden
        self._hidden_at: int | None = None
        self.root: JSONObject = {}
        self.key: str | int = 0
        self._container: JSON = [self.root]
        self._around: list[tuple[JSON, str | int]] = []
        self._run: _Run = self._seek
        self._step: _Step = self._root
        self._is_key = False
        self._text: str | None = None
        self._pieces: list[str] = []
        self._waiting = 0
        self._rest = ""
        self._events: list[JsonEvent] = []

    @property
    def grew(self) -> bool:
        """Whether enough of a value's string has arrived beyond what `root` shows: see `SHOWN_WHOLE`."""
        if self._text is None or self._hidden_at is not None:
            return False
        return self._waiting > max(0, len(self._text) - SHOWN_WHOLE) // STEPS

    def feed(self, text: str) -> list[JsonEvent]:
        """Take the next piece of the text, and give what came of it, in order."""
        if self._rest:
            text, self._rest = self._rest + text, ""
        at, end = 0, len(text)
        while at < end:
            at = self._run(text, at)
        events, self._events = self._events, []
        return events

    def look(self) -> str:
        """Bring the value's string that is arriving up to date in `root`, and give it. There must be one."""
        text, self._text = self._text or "", None
        self._put("")
        # Nobody else holds the string now: CPython grows it in place, so that many looks are linear in all.
        text += "".join(self._pieces)
        self._pieces.clear()
        self._text, self._waiting = text, 0
        self._put(text)
        return text

    # Runs take the text from a place, and give the place behind what they read.

    def _seek(self, text: str, at: int) -> int:
        start = text.find("{", at)
        if start < 0:
            return len(text)
        self._run, self._step = self._structure, self._root
        return start + 1

    def _structure(self, text: str, at: int) -> int:
        if text[at] in _BLANK:
            return _SPACE.match(text, at).end()  # type: ignore[union-attr]  # it matches anywhere
        self._step(text[at])
        return at + 1

    def _string(self, text: str, at: int) -> int:
        end = _PLAIN.match(text, at).end()  # type: ignore[union-attr]  # it matches anywhere
        if end > at:
            run = text[at:end]
            self._pieces.append(_decode(f'"{run}"') if "\\" in run else run)
            self._waiting += end - at
        if end == len(text):
            return end
        if text[end] == '"':
            self._end_string()
            return end + 1
        if _CUT.fullmatch(text, end):
            self._rest = text[end:]
        else:
            self._stop()
        return len(text)

    def _word(self, text: str, at: int) -> int:
        end = _WORD.match(text, at).end()  # type: ignore[union-attr]  # it matches anywhere
        self._pieces.append(text[at:end])
        if end < len(text):
            self._end_word()
        return end

    def _ignore(self, text: str, _: int) -> int:
        return len(text)

    # Steps take one character of JSON's structure.

    def _root(self, char: str) -> None:
        if char in '"}':
            self._begin(self.root, self._first_key)
            self._step(char)
        elif char != "{":
            self._run = self._seek

    def _first_key(self, char: str) -> None:
        if char == "}":
            self._end()
        else:
            self._key(char)

    def _key(self, char: str) -> None:
        if char == '"':
            self._is_key, self._run = True, self._string
        else:
            self._stop()

    def _colon(self, char: str) -> None:
        if char == ":":
            self._step = self._value
        else:
            self._stop()

    def _first_item(self, char: str) -> None:
        if char == "]":
            self._end()
        else:
            self._value(char)

    def _value(self, char: str) -> None:
        if char == '"':
            self._text, self._waiting, self._run = "", 0, self._string
            self._put("")
            self._tell("", ended=False)
        elif char == "{":
            self._begin({}, self._first_key)
        elif char == "[":
            self._begin([], self._first_item)
        elif char in _WORD_START:
            self._pieces.append(char)
            self._run = self._word
        else:
            self._stop()

    def _next(self, char: str) -> None:
        is_list = isinstance(self._container, list)
        if char == ("]" if is_list else "}"):
            self._end()
        elif char != ",":
            self._stop()
        elif is_list:
            self.key, self._step = len(self._container), self._value
        else:
            self._step = self._key

    # What a run or a step leads to.

    def _begin(self, container: JSON, step: _Step) -> None:
        self._put(container)
        self._tell(container, ended=False)
        self._around.append((self._container, self.key))
        self._container, self.key, self._step = container, 0, step

    def _end(self) -> None:
        ended = self._container
        self._container, self.key = self._around.pop()
        self._ended(ended)

    def _end_string(self) -> None:
        if self._is_key:
            self.key = "".join(self._pieces)
            self._pieces.clear()
            self._is_key, self._run, self._step = False, self._structure, self._colon
            if self._hidden_at is None and self.key in self._hidden:
                self._hidden_at = len(self._around)
        else:
            text, self._text = self.look(), None
            self._ended(text)

    def _end_word(self) -> None:
        word = "".join(self._pieces)
        self._pieces.clear()
        try:
            value = json.loads(word)
        except ValueError:  # no number, or one with more digits than Python reads
            self._stop()
        else:
            self._put(value)
            self._ended(value)

    def _ended(self, value: JSON) -> None:
        self._tell(value, ended=True)
        if self._hidden_at == len(self._around):
            self._hidden_at = None
        self._run, self._step = (self._structure if self._around else self._ignore), self._next

    def _tell(self, value: JSON, *, ended: bool) -> None:
        if self._hidden_at is None:
            self._events.append(JsonEvent(self.key, value, ended=ended))

    def _put(self, value: JSON) -> None:
        if self._hidden_at == len(self._around):
            return
        if self.key == len(self._container) and isinstance(self._container, list):
            self._container.append(value)
        else:
            self._container[self.key] = value

    def _stop(self) -> None:
        self._run = self._ignore
