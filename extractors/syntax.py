"""Nearly JSON: a reader that goes on where JSON's rules are broken, and says what it put right.

It reads one object or list from a place in a text, in one pass and without recursion. What it cannot make sense of
without inventing anything, it refuses.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from slotfill.extractors.record import Edit, Risk
from slotfill.extractors.strings import LITERALS, QUOTES, Role, String

__all__ = ["RISKS", "BrokenError", "Reader", "Repair", "TooDeepError", "as_edits", "is_too_deep"]

RISKS: tuple[Risk, ...] = ("none", "low", "high")
"""In their order."""

_DEEPEST = 200
"""How deep lists and objects may be nested: as deep as Pydantic's own parser goes."""

_SPACE = re.compile(r"[ \t\r\n]*+")
_ODD_SPACE = re.compile(r"[\s\ufeff\u200b\u2060]++")
_COMMENT = re.compile(r"//[^\n]*+|#[^\n]*+|/\*(?s:.*?)(?:\*/|\Z)")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*+)(\.\d++)?([eE][+-]?\d++)?(?![\w.+-])", re.ASCII)
_LOOSE_NUMBER = re.compile(r"[+-]?(?:\d++\.?\d*+|\.\d++)(?:[eE][+-]?\d++)?(?![\w.+-])", re.ASCII)
_THOUSANDS = re.compile(r"-?[1-9]\d{0,2}(?:,\d{3})++(\.\d++)?(?=\s*+(?:\}|,\s*+[\"'A-Za-z_}]))", re.ASCII)
_LITERAL = re.compile(r"(?:true|false|null|True|False|None)\b")
_WORD = re.compile(r"[^\W\d][\w.+-]*+(?=\s*+(?:[,}\]]|//|/\*))")
_PHRASE = re.compile(r"[^\W\d_][^\"'`,:{}\[\]\n]*+(?=\s*+[,}\]])")
_LAST_WORD = re.compile(r"[\w.+-]*+\s*+\Z")
_BARE_KEY = re.compile(r"[^\W\d][\w$-]*+(?=\s*+:)")


class BrokenError(ValueError):
    """What stands at `at` makes no sense. keys: those of the outermost object that were read before.

    cut: whether the text ended too early.
    """

    def __init__(self, at: int, keys: Iterable[str], *, cut: bool) -> None:
        super().__init__(f"no JSON at character {at}: {'the text ends' if cut else 'it makes no sense'}")
        self.at, self.keys, self.cut = at, tuple(keys), cut


class TooDeepError(BrokenError):
    """What stands there is nested more deeply than any reader takes."""


@dataclass(frozen=True, slots=True)
class Repair:
    """One break of JSON's rules: what stood there, and what it was read as."""

    kind: str
    before: Any
    after: Any
    risk: Risk


def as_edits(repairs: Iterable[Repair]) -> list[Edit]:
    """Give one edit of the whole text for each kind of repair: the pieces before and after, in order."""
    kinds: dict[str, list[Repair]] = {}
    for repair in repairs:
        kinds.setdefault(repair.kind, []).append(repair)
    return [
        Edit("", kind, [r.before for r in all_], [r.after for r in all_], max((r.risk for r in all_), key=RISKS.index))
        for kind, all_ in kinds.items()
    ]


@dataclass(slots=True)
class Reader:
    """Reads one object or list that starts at `at`, and leaves `at` behind it.

    end: where the text ends for this reader.
    number: makes a number of its digits.
    """

    text: str
    at: int
    end: int
    number: Callable[[str], Any] | None = None
    repairs: list[Repair] = field(default_factory=list)
    _open: list[Any] = field(default_factory=list)
    _outermost: Any = None

    def read(self) -> Any:
        """Give the value. Raises BrokenError."""
        self._outermost = root = self._opened()
        while self._open:
            top = self._open[-1]
            if self._goes_on(top):
                if isinstance(top, dict):
                    self._member(top)
                else:
                    top.append(self._value(in_list=True))
        return root

    def fail(self, *, cut: bool = False) -> NoReturn:
        """Give up here."""
        first = self._outermost[0] if isinstance(self._outermost, list) and self._outermost else self._outermost
        keys = first if isinstance(first, dict) else ()
        raise BrokenError(self.at, keys, cut=cut or self.at >= self.end)

    def _fail_on_word(self) -> NoReturn:
        self.fail(cut=_LAST_WORD.match(self.text, self.at, self.end) is not None)

    def _note(self, kind: str, before: Any, after: Any, risk: Risk) -> None:
        self.repairs.append(Repair(kind, before, after, risk))

    def _opened(self) -> Any:
        value: Any = {} if self.text[self.at] == "{" else []
        self._open.append(value)
        if len(self._open) > _DEEPEST:
            raise TooDeepError(self.at, (), cut=False)
        self.at += 1
        return value

    def _gap(self) -> str:
        """Skip what says nothing, and give the character after it: "" at the end."""
        while True:
            self.at = at = _SPACE.match(self.text, self.at, self.end).end()  # type: ignore[union-attr]  # may be empty
            if at >= self.end:
                return ""
            if (char := self.text[at]) in '"{}[],:':
                return char
            if found := _COMMENT.match(self.text, at, self.end):
                self._note("comment", found[0], "", "none")
            elif found := _ODD_SPACE.match(self.text, at, self.end):
                self._note("odd_space", found[0], "", "none")
            else:
                return char
            self.at = found.end()

    def _goes_on(self, top: Any) -> bool:
        """Read what separates members or items, and close the innermost value where it ends."""
        commas, char = 0, self._gap()
        while char == ",":
            commas, self.at = commas + 1, self.at + 1
            char = self._gap()
        if char and char in "}]":
            return self._closed(top, char, commas)
        if not char or self._is_over(commas):
            self._ended(commas)
            return False
        if commas > 1 or (commas and not top):
            self._note("extra_comma", "," * commas, "," if top else "", "high")
        elif top and not commas:
            self._note("missing_comma", "", ",", "low")
        return True

    def _closed(self, top: Any, char: str, commas: int) -> bool:
        if commas:
            self._note("trailing_comma", "," * commas, "", "none" if top and commas == 1 else "high")
        self._open.pop()
        if char == ("}" if isinstance(top, dict) else "]"):
            self.at += 1
        elif self._open and isinstance(self._open[-1], dict) is (char == "}"):
            self._note("missing_close", "", "]" if char == "}" else "}", "high")
        else:
            self.fail()
        return False

    def _is_over(self, commas: int) -> bool:
        """Tell whether prose begins here, after a blank line."""
        before = self.text[max(0, self.at - 2) : self.at]
        return len(self._open) == 1 and not commas and before == "\n\n" and self.text[self.at] not in "\"'{[“"

    def _ended(self, commas: int) -> None:
        """Close the outermost value where nothing but its last character is missing."""
        if commas or len(self._open) > 1 or not self._open[0]:
            self.at = self.end
            self.fail(cut=True)
        self._note("missing_close", "", "}" if isinstance(self._open.pop(), dict) else "]", "high")

    def _member(self, top: dict[str, Any]) -> None:
        key = self._key()
        if self._gap() != ":":
            self.fail()
        self.at += 1
        value = self._value(in_list=False)
        if key in top:
            same = top[key] == value
            self._note("duplicate_key", {key: top[key]}, {key: value}, "none" if same else "high")
        top[key] = value

    def _key(self) -> str:
        if self.text[self.at] in QUOTES:
            return self._string("key")
        found = _BARE_KEY.match(self.text, self.at, self.end)
        if found is None:
            self._fail_on_word()
        self._note("unquoted_key", found[0], f'"{found[0]}"', "low")
        self.at = found.end()
        return found[0]

    def _value(self, *, in_list: bool) -> Any:
        char = self._gap()
        if char == '"' or (char and char in QUOTES):
            return self._string("item" if in_list else "member")
        if char and char in "{[":
            return self._opened()
        if found := None if in_list else _THOUSANDS.match(self.text, self.at, self.end):
            digits = found[0].replace(",", "")
            self._note("thousands", found[0], digits, "low")
            return self._number(digits, found.end(), whole=not found[1])
        if found := _NUMBER.match(self.text, self.at, self.end):
            return self._number(found[0], found.end(), whole=not (found[1] or found[2]))
        return self._bare()

    def _number(self, digits: str, end: int, *, whole: bool) -> Any:
        try:
            number = int(digits) if whole else float(digits)  # int() refuses thousands of digits
        except ValueError:
            self.fail()
        if isinstance(number, float) and not math.isfinite(number):
            self.fail()
        self.at = end
        return self.number(digits) if self.number else number

    def _bare(self) -> Any:
        """Read what stands without quotes: a literal of any language, a number of another form, words."""
        if found := _LOOSE_NUMBER.match(self.text, self.at, self.end):
            digits = _as_json_number(found[0])
            self._note("number_form", found[0], digits, "low")
            return self._number(digits, found.end(), whole=digits.lstrip("-").isdecimal())
        found = _LITERAL.match(self.text, self.at, self.end) or _WORD.match(self.text, self.at, self.end)
        if found is None and (found := _PHRASE.match(self.text, self.at, self.end)) is None:
            self._fail_on_word()
        self.at = found.end()
        word = found[0].rstrip()
        if (literal := word.lower()) not in LITERALS:
            self._note(
                "unquoted_value",
                word,
                json.dumps(word, ensure_ascii=False),
                "low" if word == found[0] and " " not in word else "high",
            )
            return word
        if word != literal or literal == "none":
            self._note("python_literal", word, json.dumps(LITERALS[literal]), "low")
        return LITERALS[literal]

    def _string(self, role: Role) -> str:
        string = String(self.text, self.at, self.end, role, self._closers)
        if string.close is None:
            self.fail(cut=True)
        for kind, before, after, risk in string.repairs:
            self._note(kind, before, after, risk)
        self.at = string.close
        return string.value

    def _closers(self) -> str:
        return "".join("}" if isinstance(value, dict) else "]" for value in reversed(self._open))


def _as_json_number(digits: str) -> str:
    sign, digits = "-" if digits.startswith("-") else "", digits.lstrip("+-")
    whole, mark, rest = digits.partition(".")
    whole = whole.lstrip("0") or "0"
    if not mark:
        return sign + (digits.lstrip("0") or "0")
    return f"{sign}{whole}.{rest}" if rest[:1].isdigit() else f"{sign}{whole}.0{rest}"


def is_too_deep(value: Any) -> bool:
    """Tell whether a value is nested more deeply than any reader takes."""
    level, depth = [value], 0
    while level and depth <= _DEEPEST:
        children = [
            node.values() if isinstance(node, dict) else node for node in level if isinstance(node, dict | list)
        ]
        level, depth = [child for group in children for child in group if isinstance(child, dict | list)], depth + 1
    return bool(level)
