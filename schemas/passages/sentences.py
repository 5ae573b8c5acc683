"""Where the sentences of a text stand."""

from __future__ import annotations

import re
from itertools import pairwise

__all__ = ["count_sentences", "sentence_ranges"]

_ABBREVIATION = re.compile(
    r"\S*\.\S*|[^\W\d_]|bzw|ca|capt|cf|co|col|corp|dr|etc|gen|gov|hon|inc|jr|lt|ltd|messrs|mme|mr|mrs|ms|mt"
    r"|prof|rep|rev|sen|sgt|sr|sra|st|usw|vgl|viz|vs",
    re.IGNORECASE,
)
_LONGEST_WORD = 24
"""How many code points before a dot are looked at: more than any abbreviation has."""

_END = re.compile(
    r"""(?<![.!?…؟۔।])[.!?…؟۔।]++  # a run of marks
        ["'”“’»)\]]*+               # closing quotes and brackets
        (?P<gap>\s++)["'“‘«„(\[¿¡]*+         # a gap, opening quotes and brackets
        (?P<next>[^\W\d_])          # a letter
      | (?<![。！？])[。！？]++["'”’」』）]*+\s*+(?=\S)  # no gap follows these
    """,  # noqa: RUF001 - the marks of many scripts
    re.VERBOSE,
)


def count_sentences(text: str) -> int:
    """Count the sentences of `text`, too few rather than too many; a blank text has none.

    A sentence ends at `.`, `!`, `?` or `…` (and at the marks of other scripts) before a gap and a letter that
    is not lower case. The dot of a listed abbreviation (`Dr.`), of an initial (`J.`) or of a word with inner
    dots (`e.g.`) ends none.
    """
    if not text.strip():
        return 0
    return 1 + len(_ends(text))


def sentence_ranges(text: str) -> list[tuple[int, int]]:
    """Return where the sentences of `text` stand, see `count_sentences`, without the white space around them."""
    ranges = []
    for start, end in pairwise([0, *_ends(text), len(text)]):
        begin = start + len(text[start:end]) - len(text[start:end].lstrip())
        last = start + len(text[start:end].rstrip())
        if begin < last:
            ranges.append((begin, last))
    return ranges


def _ends(text: str) -> list[int]:
    """Return where sentences end before another one: at the gap, or where the next begins in scripts without gaps."""
    found = (match for match in _END.finditer(text) if _is_end(match))
    return [match.end() if match["gap"] is None else match.start("gap") for match in found]


def _is_end(match: re.Match[str]) -> bool:
    if match["next"] is None:
        return True
    return not match["next"].islower() and not _is_abbreviated(match)


def _is_abbreviated(match: re.Match[str]) -> bool:
    start = match.start()
    if not re.match(r"\.[^.!?]", match[0]):
        return False
    before = match.string[max(0, start - _LONGEST_WORD) : start]
    word = re.split(r"[\s(\[\"'“‘«„]", before)[-1]  # noqa: RUF001 - opening quotes
    return bool(_ABBREVIATION.fullmatch(word))
