"""Which of several JSON values in a reply is the answer: what the words around them say, and what seems to go on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from slotfill.extractors.finding import Reading

__all__ = ["is_last_word", "is_torn"]

_LABEL = r"[^\n.!?{}\[\]]*+\s*+(?:(?:```|~~~)[\w+-]*+\s*+)?\Z"
"""What may stand between the word that names a value and the value: the rest of its phrase, and a fence."""

_DRAFT = re.compile(rf"\b(?:drafts?|(?:first|initial|rough) (?:attempt|try|pass|sketch))\b{_LABEL}", re.IGNORECASE)
_CORRECTED = re.compile(
    rf"\b(?:correct(?:ed|ion)|revis(?:ed|ion)|amended|scratch that|(?:my|the) final (?:answer|version|json))\b{_LABEL}",
    re.IGNORECASE,
)
_ANOTHER = re.compile(
    r"\b(?:another|also|both|each|next|other|third|second(?! (?:attempt|glance|look|pass|reading|thoughts?|try)))\b",
    re.IGNORECASE,
)
_NEAR = 120
"""How many characters before a value may name it."""

_CONTINUED = re.compile(r"""[\s}\]]*+[,:]\s*+["'\[{]|\s*+[^\s{}\[\]][^{}\[\]]*+[}\]]""")
"""What belongs to more JSON than was read: a further member, or text and then a bracket that nothing opened."""


def is_torn(text: str, reading: Reading) -> bool:
    """Tell whether more JSON seems to belong to a reading, before or after it: `{"a": "x {"y"}` and then ` z"}`."""
    before = text[: reading.start].rstrip()[-1:]
    return bool(_CONTINUED.match(text, reading.end)) or (before != "" and before in ",[{")


def is_last_word(text: str, reading: Reading, rivals: Sequence[Reading]) -> bool:
    """Tell whether a text says that a reading counts: that the others are drafts of it, or that it corrects them.

    Two answers, `the first guest is {…} and the second {…}`, are no draft and its correction.
    """
    last = max(rival.end for rival in rivals)
    if last > reading.start or _ANOTHER.search(text, last, reading.start) or _is_named(_DRAFT, text, reading):
        return False
    return _is_named(_CORRECTED, text, reading) or all(_is_named(_DRAFT, text, rival) for rival in rivals)


def _is_named(name: re.Pattern[str], text: str, reading: Reading) -> bool:
    return name.search(text, max(0, reading.start - _NEAR), reading.start) is not None
