"""Which of several JSON values in a reply is the answer: what the words around them say, and what seems to go on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from slotfill.extractors.repair.json_finder import Candidate
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["is_last_word", "is_torn"]

_LABEL = re.compile(r"([^\n.!?{}\[\]]*+)\s*+(?:(?:```|~~~)[\w+-]*+\s*+)?\Z")
"""What names a value: the rest of the phrase before it, and a fence."""

_DRAFT = re.compile(r"\b(?:drafts?|(?:first|initial|rough) (?:attempt|try|pass|sketch))\b", re.IGNORECASE)
_CORRECTED = re.compile(
    r"\b(?:correct(?:ed|ion)|revis(?:ed|ion)|amended|scratch that|(?:my|the) final (?:answer|version|json))\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+")
_OF_REPLIES = """
a above actually after again all am amended an and answer apologies apologise apologize are as at attempt be been
below but careful check checked checking closer code correct corrected correcting correction corrections data document
double draft error errors extraction fence final fixed following follows for format formatted from full fully good got
had has have here i in input instead is it its json last let look looking m made make me missed missing mistake
mistaken mistakes my new no not now object of oh ok okay on once one oops or our out output please properly re read
reading record reflection reply rereading response result results review reviewing revised revision s schema scratch
second should so sorry source spelling text that the then there these this those thought thoughts to too typo typos
updated upon use value values ve version very wait was were which with wrong you your
"""
"""Words that say of a value that it is a draft or a correction, and name nothing that it might be about."""

_OF_DRAFTS = f"{_OF_REPLIES} first initial pass rough sketch try"
"""Words that say of a value that it is a draft, and name nothing."""

_REPLACED = re.compile(r"\b(?:not|replaces|unlike|(?:instead|in place) of|rather than)\s*+\Z", re.IGNORECASE)
"""What ends the label of a value that does not count: `{…} is my final answer, not {…}`."""

_ANOTHER = re.compile(
    r"\b(?:another|also|both|each|next|other|third|second(?! (?:attempt|glance|look|pass|reading|thoughts?|try)))\b",
    re.IGNORECASE,
)
_NEAR = 120
"""How many characters before a value may name it."""

_CONTINUED = re.compile(r"""[\s}\]]*+[,:]\s*+["'\[{]|\s*+[^\s{}\[\]][^{}\[\]]*+[}\]]""")
"""What belongs to more JSON than was read: a further member, or text and then a bracket that nothing opened."""


def is_torn(text: str, candidate: Candidate) -> bool:
    """Whether more JSON seems to belong to a candidate, before or after it: `{"a": "x {"y"}` and then ` z"}`."""
    before = text[: candidate.start].rstrip()[-1:]
    return bool(_CONTINUED.match(text, candidate.end)) or (before != "" and before in ",[{")


def is_last_word(text: str, candidate: Candidate, rivals: Sequence[Candidate]) -> bool:
    """Whether a text says that a candidate counts: that the others are drafts of it, or that it corrects them.

    Two answers, `the first guest is {…} and the second {…}`, are no draft and its correction, and neither is what is
    corrected of another thing: `{…} Revision for Tom: {…}`.
    """
    last = max(rival.end for rival in rivals)
    label, others = _label(text, candidate), [_label(text, rival) for rival in rivals]
    if last > candidate.start or _ANOTHER.search(text, last, candidate.start):
        return False
    if _DRAFT.search(label) or _REPLACED.search(label):
        return False
    if all(map(_DRAFT.search, others)):
        return _words(" ".join(others)) <= _words(" ".join([_OF_DRAFTS, label, *_keys(candidate.value)]))
    is_correction = _CORRECTED.search(label) and not any(map(_CORRECTED.search, others))
    return bool(is_correction) and _words(label) <= _words(" ".join([_OF_REPLIES, *_keys(candidate.value)]))


def _label(text: str, candidate: Candidate) -> str:
    label = _LABEL.search(text, max(0, candidate.start - _NEAR), candidate.start)
    return label[1] if label else ""


def _words(text: str) -> set[str]:
    return {*_WORD.findall(text.casefold())}


def _keys(value: JSON) -> set[str]:
    """Return the keys of an object, or of those in a list: a correction may name what it corrects."""
    rows = value if isinstance(value, list) else [value]
    return {key for row in rows if isinstance(row, dict) for key in row}
