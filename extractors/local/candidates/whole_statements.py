"""Statements: passages of a text that say what the text says, and each another thing.

A passage cut out of a clause may turn it round: `answers my mails`, of `nobody answers my mails`. What negates it goes
with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["whole_statements"]

NEGATING = re.compile(
    r"\b(?:no|not|never|none|nobody|nothing|neither|nor|without|cannot|hardly|barely|no one|stopped|refuse[sd]?"
    r"|fail(?:s|ed)?|unable|\w+n['\u2019]t|kein\w*|nicht|nie|ohne|pas|jamais|sans|aucune?|rien|nunca|sin|nadie|mai|senza|nessun\w*)\b",
    re.IGNORECASE,
)
CLAUSE_END = re.compile(r"[.!?;:\n,()]|\b(?:but|and|because|so|although|while|when)\b")

SHARED = 0.6
"""Of the words of a passage so many stand in another one that says the same."""


def whole_statements(text: str, passages: Iterable[str], *, longest: int) -> list[str]:
    """Return passages with what negates them, in their order, without those that say what one before them says.

    longest: so many code points each has, at most; one that would have more stays as it is. What is no passage of the
    text stays, too.
    """
    statements: list[str] = []
    for passage in passages:
        start = text.find(passage)
        statement = passage if start < 0 else text[_begin(text, start) : start + len(passage)]
        statement = statement if len(statement) <= longest else passage
        if not any(_says_the_same(statement, other) for other in statements):
            statements.append(statement)
    return statements


def _begin(text: str, start: int) -> int:
    """Return where the passage at `start` begins with what negates it, in its clause."""
    ends = [match.end() for match in CLAUSE_END.finditer(text, 0, start)]
    begin = ends[-1] if ends else 0
    negating = [match.start() for match in NEGATING.finditer(text, begin, start)]
    return negating[0] if negating else start


def _says_the_same(statement: str, other: str) -> bool:
    words, others = ({*re.findall(r"\w+", one.casefold())} for one in (statement, other))
    fewer = min(len(words), len(others))
    return fewer > 0 and len(words & others) >= SHARED * fewer
