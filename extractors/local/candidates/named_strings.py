"""The string behind a field's name, and the names that a field called so may mean: no field `name` is a whole text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from slotfill.extractors.local.candidates.amounts import amount_candidates
from slotfill.extractors.local.candidates.english import is_english_word
from slotfill.extractors.local.candidates.names import name_candidates
from slotfill.extractors.local.candidates.rows import find_rows

__all__ = ["asks_for_a_name", "asks_for_names", "names_in", "string_behind"]

TextRange = tuple[int, int]

OF_NAMES = frozenset(
    """
    artist attendee author brand candidate city client company contact country customer employee employer guest manager
    member name organisation organization owner participant patient person place player recipient seller sender
    signatory speaker supplier team town vendor writer
    """.split()  # noqa: SIM905 - a list of words
)
"""What a field is called that holds a name; in the plural, a list of names."""

IRREGULAR = {"people": "person", "staff": "employee"}
"""Plurals that are of no rule."""


def asks_for_a_name(heading: str) -> bool:
    """Whether a field's name says that it holds a name."""
    return not OF_NAMES.isdisjoint(heading.casefold().split())


def asks_for_names(heading: str) -> bool:
    """Whether the name of a list says that it holds names: `Companies`, and not `Customer complaints`."""
    singulars = (_singular(word) for word in heading.casefold().split())
    return any(word in OF_NAMES for word in singulars)


def _singular(plural: str) -> str | None:
    """Return what a word is the plural of; None for what is none."""
    if plural.endswith("ies"):
        return f"{plural.removesuffix('ies')}y"
    return IRREGULAR.get(plural, plural.removesuffix("s") if plural.endswith("s") else None)


def string_behind(text: str, heading: str) -> str | None:
    """Return what stands behind a field's name on a line of its own (`Vendor: Oak & Sons`); None where nothing does."""
    phrase = re.escape(heading).replace(r"\ ", r"[\s_-]+")
    found = re.findall(rf"^[ \t>*-]*{phrase}[ \t]*:[ \t]*(\S[^\n]*)$", text, re.IGNORECASE | re.MULTILINE)
    values = {value.strip() for value in found}
    return values.pop() if len(values) == 1 else None


def names_in(text: str) -> list[str]:
    """Return the names of a text, each once, in order; a sentence's first word alone is one, too.

    What is a date or a sum is none, nor a label or what begins with one (`Date: Monday`); and what stands in a row of
    a table or a list is one only where there are no others.
    """
    spans = sorted(span for span in name_candidates(text) if not _is_labelling(text, *span))
    spans = [span for span in spans if not _is_title(text, *span)] or spans
    spans = _apart_from(amount_candidates(text), spans)
    rows = [(row.start, row.end) for row in find_rows(text) if row.form != "part"]
    spans = _apart_from(rows, spans) or spans
    return [*dict.fromkeys(" ".join(text[start:end].split()) for start, end in spans)]


def _is_labelling(text: str, start: int, end: int) -> bool:
    """Whether a name is a label of its line, or holds one: known words before a colon. In a chat the writer has one."""
    begins = not text[text.rfind("\n", 0, start) + 1 : start].strip(" \t>*-")
    label, colon, _ = text[start : text.find(":", end) + 1 or end].partition(":")
    is_label = colon and not text[end : start + len(label)].strip() and all(map(is_english_word, label.lower().split()))
    return bool(begins and is_label)


def _is_title(text: str, start: int, end: int) -> bool:
    """Whether a name is a line of its own that says what the text is: a known word in capitals, as in `RECEIPT`."""
    line = text[text.rfind("\n", 0, start) + 1 : (text + "\n").find("\n", end)].strip()
    return line == text[start:end] and line.isupper() and is_english_word(line.lower())


def _apart_from(places: Sequence[TextRange], spans: Sequence[TextRange]) -> list[TextRange]:
    """Return the spans that are not within one of some places."""
    return [span for span in spans if not any(start <= span[0] and span[1] <= end for start, end in places)]
