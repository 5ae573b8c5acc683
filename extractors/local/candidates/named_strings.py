"""The string behind a field's name, and the names that a field called so may mean: no field `name` is a whole text."""

from __future__ import annotations

import re

from slotfill.extractors.local.candidates.names import name_candidates

__all__ = ["asks_for_a_name", "asks_for_names", "names_in", "string_behind"]

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
    """Return the names of a text, each once, in order; a sentence's first word alone is one, too."""
    spans = sorted(name_candidates(text))
    return [*dict.fromkeys(" ".join(text[start:end].split()) for start, end in spans)]
