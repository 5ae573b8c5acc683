"""Nearly JSON: a reader that goes on where JSON's rules are broken, and says what it put right.

It reads one object or list from a place in a text, in one pass and without recursion. What it cannot make sense of
without inventing anything, it refuses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from slotfill.extractors.record.parts import Edit, Risk
from slotfill.extractors.repair.bare_values import read_bare
from slotfill.extractors.repair.lenient_strings import QUOTED, QUOTES, Role, String
from slotfill.schemas.json_values import exact_json

__all__ = ["RISKS", "BrokenError", "LenientReader", "SyntaxRepair", "TooDeepError", "as_edits"]

RISKS: tuple[Risk, ...] = ("none", "low", "high")
"""In their order."""

_SPACE = re.compile(r"[ \t\r\n]*+")
_ODD_SPACE = re.compile(r"[\s\ufeff\u200b\u2060]++")
_COMMENT = re.compile(r"//[^\n]*+|#[^\n]*+|/\*(?s:.*?)(?:\*/|\Z)")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*+)(\.\d++)?([eE][+-]?\d++)?(?![\w.+:%€$£¥-]|/[^/*])", re.ASCII)
_THOUSANDS = re.compile(r"-?[1-9]\d{0,2}(?:,\d{3})++(\.\d++)?(?=\s*+(?:\}|,\s*+[\"'A-Za-z_}]))", re.ASCII)
_LITERAL = re.compile(r"(?:true|false|null)\b")
_LITERALS = {"true": True, "false": False, "null": None}
_LAST_WORD = re.compile(r"[\w.+-]*+\s*+\Z")
_BARE_KEY = re.compile(r"(?:[^\W\d][\w$-]*+|-?\d++(?:\.\d++)?+)(?=\s*+:)")
_SIDE_BY_SIDE = re.compile(r"(?<=[\w.])(?:[^\S\n]*+[\w.+-]|['\"])")
_LATER_GROUP = re.compile(r"(?<=\d,)0\d\d(?!\d)", re.ASCII)
_ELLIPSIS = re.compile(r"(?:\.\.\.|…)(?=\s*+,?+\s*+[\]})])")
_SET = re.compile(rf"\{{\s*+(?:{QUOTED}|-?\d[\d.]*+)\s*+[,}}]")

_CLOSERS = {"{": "}", "[": "]", "(": ")"}
"""The brackets that open an object, a list, and a tuple of Python, each with the one that closes it."""


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
class SyntaxRepair:
    """One break of JSON's rules: what stood there, and what it was read as."""

    kind: str
    before: Any
    after: Any
    risk: Risk


def as_edits(repairs: Iterable[SyntaxRepair]) -> list[Edit]:
    """Give one edit of the whole text for each kind of repair: the pieces before and after, in order."""
    kinds: dict[str, list[SyntaxRepair]] = {}
    for repair in repairs:
        kinds.setdefault(repair.kind, []).append(repair)
    return [
        Edit("", kind, [r.before for r in all_], [r.after for r in all_], max((r.risk for r in all_), key=RISKS.index))
        for kind, all_ in kinds.items()
    ]


@dataclass(slots=True)
class LenientReader:
    """Reads one object or list that starts at `at`, and leaves `at` behind it.

    end: where the text ends for this reader.
    number: makes a number of what is written.
    """

    text: str
    at: int
    end: int
    number: Callable[[str], Any] | None = None
    repairs: list[SyntaxRepair] = field(default_factory=list)
    _open: list[Any] = field(default_factory=list)
    _ends: list[str] = field(default_factory=list)
    _outermost: Any = None
    _twice: list[tuple[str, Any, Any]] = field(default_factory=list)

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
        self._note_twice()
        return root

    def fail(self, *, cut: bool = False) -> NoReturn:
        """Give up here."""
        first = self._outermost[0] if isinstance(self._outermost, list) and self._outermost else self._outermost
        keys = first if isinstance(first, dict) else ()
        raise BrokenError(self.at, keys, cut=cut or self.at >= self.end)

    def _fail_on_word(self) -> NoReturn:
        self.fail(cut=_LAST_WORD.match(self.text, self.at, self.end) is not None)

    def _note(self, kind: str, before: Any, after: Any, risk: Risk) -> None:
        self.repairs.append(SyntaxRepair(kind, before, after, risk))

    def _opened(self) -> Any:
        mark = self.text[self.at]
        value: Any = {} if mark == "{" else []
        if mark == "{" and self._open and _SET.match(self.text, self.at, self.end):
            value = []
            self._note("set", "{}", "[]", "low")
        self._open.append(value)
        self._ends.append(_CLOSERS[mark])
        if len(self._open) > exact_json.MAX_JSON_DEPTH:
            raise TooDeepError(self.at, (), cut=False)
        self.at += 1
        return value

    def _gap(self) -> str:
        """Skip what says nothing, and give the character after it: "" at the end."""
        while True:
            self.at = at = _SPACE.match(self.text, self.at, self.end).end()  # type: ignore[union-attr]  # may be empty
            if at >= self.end:
                return ""
            if (char := self.text[at]) in '"{}[](),:' or char.isalnum():
                return char
            if found := _COMMENT.match(self.text, at, self.end):
                self._note("comment", found[0], "", "none")
            elif found := _ODD_SPACE.match(self.text, at, self.end):
                self._note("odd_space", found[0], "", "none")
            elif found := _ELLIPSIS.match(self.text, at, self.end):
                self._note("ellipsis", found[0], "", "low" if self._open and self._open[-1] else "high")
            else:
                return char
            self.at = found.end()

    def _goes_on(self, top: Any) -> bool:
        """Read what separates members or items, and close the innermost value where it ends."""
        end, commas, char = self.at, 0, self._gap()
        while char == ",":
            commas, self.at = commas + 1, self.at + 1
            char = self._gap()
        if char and char in "}])":
            return self._closed(top, char, commas)
        if not char or self._is_over(commas):
            self._ended(commas)
            return False
        if commas > 1 or (commas and not top):
            self._note("extra_comma", "," * commas, "," if top else "", "high")
        elif top and not commas:
            in_doubt = isinstance(top, list) and _SIDE_BY_SIDE.match(self.text, end, self.end)  # [12 500] or [12'500]
            self._note("missing_comma", "", ",", "high" if in_doubt else "low")
        return True

    def _closed(self, top: Any, char: str, commas: int) -> bool:
        end = self._ends.pop()
        self._open.pop()
        if end == ")" and end == char:
            self._note("tuple", "()", "[]", "high" if len(top) == 1 and not commas else "low")
        if commas and not (end == ")" and commas == len(top) == 1):  # (1,) is how a tuple of one is written
            self._note("trailing_comma", "," * commas, "", "none" if top and commas == 1 else "high")
        if char == end:
            self.at += 1
        elif self._ends and self._ends[-1] == char:
            self._note("missing_close", "", end, "high")
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
        self._open.pop()
        self._note("missing_close", "", self._ends.pop(), "high")

    def _member(self, top: dict[str, Any]) -> None:
        key = self._key()
        if self._gap() != ":":
            self.fail()
        self.at += 1
        value = self._value(in_list=False)
        if key in top:
            self._twice.append((key, top[key], value))
        top[key] = value

    def _note_twice(self) -> None:
        """Tell of keys that stand twice, when all values are whole. What differs is lost but for the last: a guess."""
        for key, before, after in self._twice:
            risk: Risk = "none" if exact_json.is_same(before, after) else "high"
            self._note("duplicate_key", {key: before}, {key: after}, risk)

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
            return self._string("member" if not in_list else "element" if self._ends[-1] == ")" else "item")
        if char and char in "{[(":
            return self._opened()
        if found := None if in_list else _THOUSANDS.match(self.text, self.at, self.end):
            digits = found[0].replace(",", "")
            self._note("thousands", found[0], digits, "low")
            return self._number(digits, found[0])
        if found := _NUMBER.match(self.text, self.at, self.end):
            return self._number(found[0], found[0])
        if found := _LITERAL.match(self.text, self.at, self.end):
            self.at = found.end()
            return _LITERALS[found[0]]
        return self._bare(in_list=in_list)

    def _number(self, digits: str, raw: str) -> Any:
        """Give the number that JSON writes with these digits, `raw` being what stands here."""
        try:
            number = int(digits) if digits.lstrip("-").isdecimal() else exact_json.exact_float(digits)
        except ValueError:  # beyond all doubles, or an integer of thousands of digits
            self.fail()
        self.at += len(raw)
        return self.number(raw) if self.number else number

    def _bare(self, *, in_list: bool) -> Any:
        bare = read_bare(self.text, self.at, self.end)
        if bare is None:
            self._fail_on_word()
        in_doubt = in_list and _LATER_GROUP.match(self.text, self.at, self.end)  # [12,000]: two numbers, or one?
        self._note(bare.kind, bare.raw.rstrip(), bare.after, "high" if in_doubt else bare.risk)
        if bare.digits is not None:
            return self._number(bare.digits, bare.raw)
        self.at += len(bare.raw)
        return bare.value

    def _string(self, role: Role) -> str:
        string = String(self.text, self.at, self.end, role, self._closers)
        if string.close is None:
            self.fail(cut=True)
        for kind, before, after, risk in string.repairs:
            self._note(kind, before, after, risk)
        self.at = string.close
        return string.value

    def _closers(self) -> str:
        return "".join(reversed(self._ends))
