"""Where a string of nearly JSON may end: what stands behind a quote that closes it, and not behind one within it.

JSON escapes the quotes within a string, models often do not: `{"a": "so "called" x"}`. A quote closes a string where
what follows goes on as nearly JSON does; behind `"so ` stands `called`, which does not. What goes on depends on what
the string is: a key is followed by a colon, an item by another item.

All patterns are VERBOSE, so that their parts, which have comments and line ends, can stand in each other. A `++` or
`*+` never gives back what it took: no text makes them slow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

__all__ = ["FOLLOWERS", "QUOTED", "QUOTES", "UNCLOSED_KEY", "Role"]

QUOTES = {'"': '"', "'": "'", "“": "”", "\u2018": "\u2019"}
"""The quotes that may open a string, each with the one that closes it."""

Role = Literal["key", "member", "item", "element"]
"""What a string is: an object's key, the value of one, an item of a list, or one of a tuple, which `)` ends."""

QUOTED = r"""
    (?: "[^"\\\n]*+ (?:\\.[^"\\\n]*+)*+ "       # "so \"called\""
      | '[^'\\\n]*+ (?:\\.[^'\\\n]*+)*+ '       # 'it\'s'
      | “[^”\n]*+”                              # “so”
    )
"""
"""A string on one line that is written as it should be."""

_KEY = rf"""
    (?: (?: {QUOTED} | [^\W\d][\w$-]*+ ) \s*+ :                 # "b": or b:
      | -?\d++ \s*+ : (?: \s++[\dtfnTFN-] | \s*+["'\[{{(] )     # 7: 1 or 7:[1]; but 10:30 is a time
    )
"""
_UNCLOSED = r"[^\W\d][\w $-]*+ (?=:\s)"  # due date: 1, whose quote was forgotten
_VALUE = r"""
    (?: ["'“\u2018\[{]                          # "b" or [1
      | \( ["'\[{(\d]                           # ("b"
      | -?\d                                    # 1
      | (?: [tT]rue | [fF]alse | null | None | undefined | NaN | nil ) \b
    )
"""
_COMMENT = r"(?: \s*+ (?: // | /\* ) | [ \t]*+ \n \s*+ \# )"  # // so, /* so */; of Python's, on a line of its own: # so
_ELLIPSIS = r"(?: \.\.\. | … ) \s*+ ,?+ \s*+ [}\])]"  # ...]
_BLANK_LINE = r"\n [ \t]*+ \n"

_BEHIND_MEMBER = rf"""
    \s*+ (?:
        [}}\]] | \Z                             # {{"a": "b"}}
      | , \s*+ (?:
            {_KEY}                              # {{"a": "b", "c": 1
          | ["'] {_UNCLOSED}                    # {{"a": "b", "c: 1
          | [,}}\]] | \Z                        # {{"a": "b",}}
          | {_ELLIPSIS}                         # {{"a": "b", ...}}
        )
      | {QUOTED} \s*+ :                         # {{"a": "b" "c": 1
      | , {_COMMENT}                            # {{"a": "b", // so
    )
  | {_COMMENT}                                  # {{"a": "b" // so
  | {_BLANK_LINE}                               # {{"a": "b", and prose behind a blank line
"""


def _behind_item(closers: str) -> str:
    return rf"""
        \s*+ (?:
            [{closers}] | \Z                    # ["a"]
          | , \s*+ (?:
                {_VALUE}                        # ["a", 1
              | [,{closers}] | \Z               # ["a",]
              | {_ELLIPSIS}                     # ["a", ...]
            )
          | , {_COMMENT}                        # ["a", // so
        )
      | {_COMMENT}                              # ["a" // so
      | {_BLANK_LINE}                           # ["a", and prose behind a blank line
      | (?: \s++ {QUOTED} ){{1,16}}+ \s*+ [,"{closers}]     # ["a" "b" "c"]: no commas
      | "[^",\[\]{{}}\\]++" \s*+ [,"{closers}]              # ["a""b"]
    """


FOLLOWERS: Mapping[Role, re.Pattern[str]] = {
    "key": re.compile(r"\s*+ :", re.VERBOSE),
    "member": re.compile(_BEHIND_MEMBER, re.VERBOSE),
    "item": re.compile(_behind_item(r"}\]"), re.VERBOSE),
    "element": re.compile(_behind_item(r"}\])"), re.VERBOSE),
}
"""What may stand behind the quote that closes a string of each role, a missing comma included."""

UNCLOSED_KEY = re.compile(_UNCLOSED, re.VERBOSE)
"""A key whose closing quote was forgotten, up to its colon."""
