"""Sense checks: a proposal held against its samples, without a model. What is wrong is mended, and said."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from slotfill.extractors.record.json_text import CONTROLS
from slotfill.extractors.suggestion.field_names import class_name, distinct, field_key
from slotfill.extractors.suggestion.proposal import FieldType, Proposal, ProposedField, ProposedPart
from slotfill.schemas.passages.passages import stands_in

__all__ = ["MOST_FIELDS", "Settled", "settle"]

P = TypeVar("P", ProposedField, ProposedPart)

MOST_FIELDS, MOST_PARTS = 40, 20
"""How many fields a document, and an object within it, has at most: beyond them a reply costs more than it tells."""

MOST_LABELS, LONGEST_LABEL = 50, 60
"""Of more values than these, or longer ones, nobody has listed all."""

ENOUGH_SAMPLES = 4
"""From so many samples on, labels of which each stands in one sample alone are seen to be no closed set."""

_LONGEST_TEXT = 600
_UNSHOWN = re.compile(rf"[{CONTROLS}\u202a-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class Settled:
    """A proposal that can be written as a schema.

    Attributes:
        proposal: Its names are keys, each once; labels are those of a label alone, fields those of an object.
        class_name: What the class of the whole is called in Python.
        repairs: What was mended, a sentence each.
    """

    proposal: Proposal
    class_name: str
    repairs: tuple[str, ...]


def settle(proposal: Proposal, texts: Sequence[str]) -> Settled:
    """Mend whatever of a proposal makes no schema, or is not so in the samples.

    Args:
        proposal: As a model filled it in: any at all.
        texts: The samples.
    """
    settler = _Settler(texts)
    fields: list[ProposedField] = settler.fields(proposal.fields, "", MOST_FIELDS)
    name = field_key(proposal.name, "record")
    told = _plain(proposal.instructions) or f"Extract the {name.replace('_', ' ')}."
    whole = Proposal(name=name, instructions=told, fields=fields)
    return Settled(whole, class_name(name, frozenset()), tuple(settler.repairs))


@dataclass
class _Settler:
    texts: Sequence[str]
    repairs: list[str] = field(default_factory=list)

    def fields(self, proposed: Sequence[P], within: str, most: int) -> list[P]:
        """Settle the fields of one object: each name once, and not too many."""
        by_key: dict[str, P] = {}
        for one in proposed:
            if not (key := self.key(one.name, within, by_key)):
                continue
            by_key[key] = self.settled(one.model_copy(update={"name": key}), within)
        if len(by_key) > most:
            self.repairs.append(f"{within or 'the document'}: {len(by_key) - most} fields beyond {most} are left out")
        fields: list[P] = list(by_key.values())
        return fields[:most]

    def key(self, name: str, within: str, taken: dict[str, P]) -> str:
        """Return the key of a field, "" for one that stands there already."""
        key = field_key(name, "")
        if not key:
            key = distinct("field", taken)
            self.repairs.append(f"{within}{key}: {_shown(name)} is no name")
        if key in taken:
            self.repairs.append(f"{within}{key}: proposed twice, the first is taken")
            return ""
        return key

    def settled(self, one: P, within: str) -> P:
        place = f"{within}{one.name}"
        one = self.with_fields(one, place)
        labels = self.labels(one, place)
        kind: FieldType = one.type
        if kind == "label" and not labels:
            kind = self.open_type(one)
        elif kind == "verbatim" and one.example.strip() and not self.stands(one.example):
            kind = "text"
            self.repairs.append(f"{place}: verbatim, but its example stands in no sample: it is text")
        always = one.always and not self.lacks_example(one, kind, place)
        described = _plain(one.description) or one.name.replace("_", " ").capitalize()
        update = {"type": kind, "labels": labels, "always": always, "description": described}
        return one.model_copy(update=update)

    def with_fields(self, one: P, place: str) -> P:
        """Settle what stands within an object; one of no fields is a value."""
        if not isinstance(one, ProposedField):
            return one
        if one.type != "object":
            if one.fields:
                self.repairs.append(f"{place}: {one.type} has no fields, these are left out")
            return one.model_copy(update={"fields": []})
        parts = self.fields(one.fields, f"{place}.", MOST_PARTS)
        kind = "object" if parts else self.open_type(one)
        if not parts:
            self.repairs.append(f"{place}: an object without fields: it is {kind}")
        return one.model_copy(update={"fields": parts, "type": kind})

    def labels(self, one: P, place: str) -> list[str]:
        """Return the labels of a field, none where they are no closed set of several."""
        if one.type != "label":
            if any(label.strip() for label in one.labels):
                self.repairs.append(f"{place}: {one.type} has no labels, these are left out")
            return []
        labels = [*_each_once(_plain(label) for label in one.labels)]
        if reason := self.why_open(labels):
            self.repairs.append(f"{place}: {reason}: it is {self.open_type(one)}")
            return []
        return labels

    def why_open(self, labels: Sequence[str]) -> str:
        """Say why labels are no closed set, "" where they may be one."""
        if len(labels) < 2:  # noqa: PLR2004 - one value tells nothing
            return "a label of fewer than two values"
        if len(labels) > MOST_LABELS or any(len(label) > LONGEST_LABEL for label in labels):
            return f"more than {MOST_LABELS} labels, or one of more than {LONGEST_LABEL} characters"
        enough = len(self.texts) >= ENOUGH_SAMPLES and len(labels) >= len(self.texts)
        if enough and all(sum(stands_in(label, text) for text in self.texts) == 1 for label in labels):
            return "each label stands in one sample alone, so that there will be others"
        return ""

    def open_type(self, one: P) -> FieldType:
        return "verbatim" if self.stands(one.example) else "text"

    def lacks_example(self, one: P, kind: FieldType, place: str) -> bool:
        """Whether a field that is to be copied is claimed of all samples, and shown in none."""
        missing = kind in ("verbatim", "number", "whole number", "date") and not one.example.strip()
        if missing and one.always:
            self.repairs.append(f"{place}: said to be in every sample, and shown in none: it is optional")
        return missing

    def stands(self, quote: str) -> bool:
        return any(stands_in(quote, text) for text in self.texts)


def _plain(text: str) -> str:
    """Return a text as one line that drives no terminal, not too long."""
    line = " ".join(_UNSHOWN.sub(" ", text).split())
    return line if len(line) <= _LONGEST_TEXT else f"{line[: _LONGEST_TEXT - 1].rstrip()}…"


def _each_once(labels: Iterable[str]) -> Iterator[str]:
    """Yield labels that say something, each once whatever its case."""
    known: set[str] = set()
    for label in labels:
        if label and label.casefold() not in known:
            known.add(label.casefold())
            yield label


def _shown(name: str) -> str:
    return ascii(name if len(name) <= 40 else f"{name[:39]}…")  # noqa: PLR2004 - what fits in a line
