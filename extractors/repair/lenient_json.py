"""Nearly JSON: a reader that goes on where JSON's rules are broken, and says what it put right.

It reads one object or list from a place in a text, in one pass and without recursion: the values that are open stand
on a stack, each with the bracket that has to close it. What it cannot make sense of without inventing anything, it
refuses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NoReturn

from slotfill.extractors.record.parts import Risk
from slotfill.extractors.repair.bare_values import read_bare
from slotfill.extractors.repair.lenient_strings import StringReader
from slotfill.extractors.repair.string_ends import QUOTED, QUOTES, Role
from slotfill.extractors.repair.syntax_repairs import SyntaxRepair
from slotfill.schemas.json_values import exact_json
from slotfill.schemas.json_values.json_types import JSON, JSONObject

__all__ = ["BrokenError", "LenientReader", "TooDeepError"]

_SPACE = re.compile(r"[ \t\r\n]*+")
_ODD_SPACE = re.compile(r"[\s\ufeff\u200b\u2060]++")
_COMMENT = re.compile(
    r"""
    //[^\n]*+                       # // so
  | \#[^\n]*+                       # # so
  | /\* (?s:.*?) (?: \*/ | \Z )     # /* so */
    """,
    re.VERBOSE,
)
_NOT_IN_WORD = r"(?! [\w.+:%€$£¥-] | /[^/*] )"  # 12 in 12kg, 12:30, 12-03 or 12/03 is no number by itself
_NUMBER = re.compile(rf"-? (?: 0 | [1-9]\d*+ ) (?:\.\d++)? (?:[eE][+-]?\d++)? {_NOT_IN_WORD}", re.ASCII | re.VERBOSE)
_THOUSANDS = re.compile(
    r"""
    -? [1-9]\d{0,2} (?:,\d{3})++ (?:\.\d++)?             # 1,234.50
    (?= \s*+ (?: \} | , \s*+ ["'A-Za-z_}] ) )             # and then a key, or the object's end: no further number
    """,
    re.ASCII | re.VERBOSE,
)
_LITERAL = re.compile(r"(?:true|false|null)\b")
_LITERALS = {"true": True, "false": False, "null": None}
_LAST_WORD = re.compile(r"[\w.+-]*+\s*+\Z")
_BARE_KEY = re.compile(r"(?: [^\W\d][\w$-]*+ | -?\d++(?:\.\d++)?+ ) (?=\s*+:)", re.VERBOSE)  # due_date: or 7:
_SIDE_BY_SIDE = re.compile(r"(?<=[\w.]) (?: [^\S\n]*+[\w.+-] | ['\"] )", re.VERBOSE)  # 12 500 or 12'500, on one line
_LATER_GROUP = re.compile(r"(?<=\d,)0\d\d(?!\d)", re.ASCII)  # the 050 of 12,050
_ELLIPSIS = re.compile(r"(?:\.\.\.|…)(?=\s*+,?+\s*+[\]})])")
_SET = re.compile(rf"\{{ \s*+ (?: {QUOTED} | -?\d[\d.]*+ ) \s*+ [,}}]", re.VERBOSE)  # {{"x", or {{1}}, of Python

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


@dataclass(slots=True)
class LenientReader:
    """Reads one object or list that starts at `at`, and leaves `at` behind it.

    end: where the text ends for this reader.
    number: makes a number of what is written.
    repairs: all that had to be put right, in order.
    """

    text: str
    at: int
    end: int
    number: Callable[[str], JSON] | None = None
    repairs: list[SyntaxRepair] = field(default_factory=list)
    _open: list[JSON] = field(default_factory=list)
    _ends: list[str] = field(default_factory=list)
    _outermost: JSON = None
    _twice: list[tuple[str, JSON, JSON]] = field(default_factory=list)

    def read(self) -> JSON:
        """Return the value. Raises BrokenError."""
        # A stack in place of recursion: a reply may open ten thousand brackets, and Python takes a thousand calls. Each
        # turn reads one separator and one value of the innermost that is open: of `{"a": [1, 2]}` these are `a`, 1, 2,
        # `]`, `}`.
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

    def _fail(self, *, cut: bool = False) -> NoReturn:
        """Refuse what stands here; of a list of rows, the keys are the first one's."""
        # The keys tell whoever called whether this was meant to be the answer: `{"name": "Ada", "age"` is, `{see
        # below}` is not.
        first = self._outermost[0] if isinstance(self._outermost, list) and self._outermost else self._outermost
        keys = first if isinstance(first, dict) else ()
        raise BrokenError(self.at, keys, cut=cut or self.at >= self.end)

    def _fail_on_word(self) -> NoReturn:
        """Refuse a word; the last one of the text may have been cut: `{"a": tru`."""
        self._fail(cut=_LAST_WORD.match(self.text, self.at, self.end) is not None)

    def _note(self, kind: str, before: JSON, after: JSON, risk: Risk) -> None:
        self.repairs.append(SyntaxRepair(kind, before, after, risk))

    def _opened(self) -> JSON:
        mark = self.text[self.at]
        value: JSON = {} if mark == "{" else []
        # Python writes a set as `{"a", "b"}`. Not so at the outermost brace: there an object was asked for, or prose
        # begins.
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
        """Skip what says nothing, and return the character after it: "" at the end."""
        while True:
            # Possessive quantifiers, here and above: a run of a million blanks is read once, and not again from each of
            # them.
            self.at = at = _SPACE.match(self.text, self.at, self.end).end()  # type: ignore[union-attr]  # may be empty
            if at >= self.end:
                return ""
            # The commonest case first: most gaps are one blank, and this reads every character of a reply.
            if (char := self.text[at]) in '"{}[](),:' or char.isalnum():
                return char
            if match := _COMMENT.match(self.text, at, self.end):
                self._note("comment", match[0], "", "none")
            elif match := _ODD_SPACE.match(self.text, at, self.end):
                self._note("odd_space", match[0], "", "none")
            # `[1, 2, ...]`: something was left out. With nothing before it all of the list was.
            elif match := _ELLIPSIS.match(self.text, at, self.end):
                self._note("ellipsis", match[0], "", "low" if self._open and self._open[-1] else "high")
            else:
                return char
            self.at = match.end()

    def _goes_on(self, top: JSON) -> bool:
        """Read what separates members or items, and close the innermost value where it ends.

        A comma too many is a guess: something may be missing, `[1,, 3]`. One that is missing is none, `["a" "b"]`, but
        between numbers, `[12 500]`, which may be one.
        """
        end, commas, char = self.at, 0, self._gap()
        while char == ",":
            commas, self.at = commas + 1, self.at + 1
            char = self._gap()
        # The innermost ends before its next member: `{"a": 1, }` as well as `{"a": 1}`.
        if char and char in "}])":
            return self._closed(top, char, commas)
        if not char or self._is_over(commas):
            self._ended(commas)
            return False
        # `[1,, 3]` and `[, 3]`: a value may be missing. `{"a": 1 "b": 2}`: nothing can be.
        if commas > 1 or (commas and not top):
            self._note("extra_comma", "," * commas, "," if top else "", "high")
        elif top and not commas:
            in_doubt = isinstance(top, list) and _SIDE_BY_SIDE.match(self.text, end, self.end)
            self._note("missing_comma", "", ",", "high" if in_doubt else "low")
        return True

    def _closed(self, top: JSON, char: str, commas: int) -> bool:
        """Close the innermost value by a bracket, be it that of the value around it: `[{"a": 1]`."""
        end = self._ends.pop()
        self._open.pop()
        if end == ")" and end == char:  # (1) is no tuple in Python, but a number
            self._note("tuple", "()", "[]", "high" if len(top) == 1 and not commas else "low")
        if commas and not (end == ")" and commas == len(top) == 1):  # (1,) is how a tuple of one is written
            self._note("trailing_comma", "," * commas, "", "none" if top and commas == 1 else "high")
        if char == end:
            self.at += 1
        # `{"a": [1, 2}`: the brace closes the object, so that the list ended with it. Only one level is taken for
        # granted: two could have been meant otherwise.
        elif self._ends and self._ends[-1] == char:
            self._note("missing_close", "", end, "high")
        else:
            self._fail()
        return False

    def _is_over(self, commas: int) -> bool:
        """Whether prose begins here, after a blank line."""
        # A reply that lost its last bracket goes on in prose: `{"a": 1` and, after a blank line, `I hope this helps`.
        before = self.text[max(0, self.at - 2) : self.at]
        return len(self._open) == 1 and not commas and before == "\n\n" and self.text[self.at] not in "\"'{[“"

    def _ended(self, commas: int) -> None:
        """Close the outermost value where nothing but its last character is missing: all else may be more than it."""
        # `{"a": 1` has all its members. `{"a": 1,` and `{"a": [1` had more to come, and what they lack nobody knows:
        # that is a reply that was cut off, to be asked for again.
        if commas or len(self._open) > 1 or not self._open[0]:
            self.at = self.end
            self._fail(cut=True)
        self._open.pop()
        self._note("missing_close", "", self._ends.pop(), "high")

    def _member(self, top: JSONObject) -> None:
        key = self._key()
        if self._gap() != ":":
            self._fail()
        self.at += 1
        value = self._value(in_list=False)
        # Judged in the end: the value is not whole yet, `{"a": [], "a": [1, …`.
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
        match = _BARE_KEY.match(self.text, self.at, self.end)
        if match is None:
            self._fail_on_word()
        self._note("unquoted_key", match[0], f'"{match[0]}"', "low")
        self.at = match.end()
        return match[0]

    def _value(self, *, in_list: bool) -> JSON:
        char = self._gap()
        if char == '"' or (char and char in QUOTES):
            # What may follow a string decides where it ends: after a member comes `, "key":` or a brace, after an item
            # a value.
            return self._string("member" if not in_list else "element" if self._ends[-1] == ")" else "item")
        if char and char in "{[(":
            return self._opened()
        # `{"sum": 1,234}` is one number, as no key is called 234; `[1,234]` are two.
        if match := None if in_list else _THOUSANDS.match(self.text, self.at, self.end):  # in a list: three numbers
            digits = match[0].replace(",", "")
            self._note("thousands", match[0], digits, "low")
            return self._number(digits, match[0])
        # JSON's own numbers before those of people: `-0.5e3` is no phone number, and most are these.
        if match := _NUMBER.match(self.text, self.at, self.end):
            return self._number(match[0], match[0])
        if match := _LITERAL.match(self.text, self.at, self.end):
            self.at = match.end()
            return _LITERALS[match[0]]
        return self._bare(in_list=in_list)

    def _number(self, digits: str, raw: str) -> JSON:
        """Return the number that JSON writes with these digits, `raw` being what stands here."""
        try:
            number = int(digits) if digits.lstrip("-").isdecimal() else exact_json.exact_float(digits)
        except ValueError:  # beyond all doubles, or an integer of thousands of digits
            self._fail()
        # The caller may keep what was written: `0.10` has a digit that no float has.
        self.at += len(raw)
        return self.number(raw) if self.number else number

    def _bare(self, *, in_list: bool) -> JSON:
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
        reader = StringReader(self.text, self.at, self.end, role, self._closers)
        value = reader.read()
        if value is None:
            self._fail(cut=True)
        self.repairs += reader.repairs
        self.at = reader.at
        return value

    def _closers(self) -> str:
        return "".join(reversed(self._ends))
