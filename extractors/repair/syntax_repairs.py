"""What was put right of JSON's syntax, and the edits that tell of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from slotfill.extractors.record.parts import Edit, Risk
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["SyntaxRepair", "as_edits", "highest_risk"]

_RISKS: tuple[Risk, ...] = ("none", "low", "high")


@dataclass(frozen=True, slots=True)
class SyntaxRepair:
    """One break of JSON's rules: what stood there, and what it was read as."""

    kind: str
    before: JSON
    after: JSON
    risk: Risk


def as_edits(repairs: Iterable[SyntaxRepair]) -> list[Edit]:
    """Return one edit of the whole text for each kind of repair: the pieces before and after, in order."""
    kinds: dict[str, list[SyntaxRepair]] = {}
    for repair in repairs:
        kinds.setdefault(repair.kind, []).append(repair)
    return [
        Edit("", kind, [one.before for one in alike], [one.after for one in alike], highest_risk(alike))
        for kind, alike in kinds.items()
    ]


def highest_risk(repairs: Iterable[SyntaxRepair], least: Risk = "none") -> Risk:
    """Return the highest risk of some repairs, `least` where it is lower."""
    return max((least, *(repair.risk for repair in repairs)), key=_RISKS.index)
