"""Documents under review: a record with its text, what its value was before any decision, and what stands of it now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.grounding.grounding import ground
from slotfill.extractors.record.json_writer import NO_MEMBER
from slotfill.extractors.review.decisions import Decision, DecisionSpan, ReviewAction
from slotfill.extractors.review.gold_file import DocumentKey
from slotfill.extractors.review.neediness import FieldNeed, document_score, field_needs
from slotfill.extractors.review.review_fields import ReviewField, review_fields
from slotfill.extractors.review.review_fold import ReviewView, review_view, reviewers_of, standing
from slotfill.extractors.review.review_rules import ReviewRules
from slotfill.extractors.review.reviewed_value import same_value
from slotfill.extractors.review.value_editors import value_editor
from slotfill.schemas.json_schema.subschemas import resolve_local
from slotfill.schemas.json_values.exact_json import dumps
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.json_values.pointer import follow, is_within, join
from slotfill.schemas.schema import Schema

__all__ = ["ReviewDocument", "neediest_first"]


@dataclass(frozen=True)
class ReviewDocument:
    """One document.

    Attributes:
        number: Its number among those under review, from 0, in the order of the records.
        record: Its record, checked, as plain JSON data.
        text: Its text; None where that cannot be read.
        schema: The schema of its value.
        text_note: Why the text cannot be read, and what to do about it.
        file: The file that the text was read from, where it is one.
    """

    number: int
    record: JSONMapping
    text: str | None
    schema: Schema[Any]
    text_note: str = ""
    file: str | None = None

    @cached_property
    def key(self) -> DocumentKey:
        """By what decisions name it."""
        return self.record["document"]["id"], self.record["document"]["source"]

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.key[1] or f"document {self.key[0][:12]}"

    @cached_property
    def base(self) -> JSON:
        """What is reviewed: the value as the schema reads it, else what was read and did not validate."""
        for value in (self.record.get("reply", self.record["value"]), self.record["invalid"]):
            if isinstance(value, dict | list) or (value is not None and self.schema.wrapped):
                return value
        root = resolve_local(self.schema.json_schema, self.schema.json_schema)
        return {} if root.get("type") == "object" else None

    @property
    def rules(self) -> ReviewRules:
        """What its schema allows."""
        return ReviewRules(self.schema, self.text)

    def needs(self, rows: Sequence[Decision]) -> dict[str, FieldNeed]:
        """Return what of it needs a look: a flag counts until its field has been decided after it."""
        flags = [(row.path, row.who) for row in _open_flags(rows)]
        return dict(field_needs(self.record, self.schema.json_schema, flags))

    def score(self, rows: Sequence[Decision]) -> float:
        """Return how much it needs a look."""
        return document_score(self.needs(rows).values())

    def span_at(self, view: ReviewView, path: str) -> DecisionSpan | None:
        """Return where stands what a view has at a path: as decided, else as the record has it."""
        row = view.decided.get(path)
        if row is not None:
            return row.span
        span = self.record["spans"].get(path)
        known = span and view.decision_on(path) is None and span["start"] is not None and span["end"] > span["start"]
        return DecisionSpan(span["start"], span["end"]) if known else None

    def found_span(self, view: ReviewView, path: str, value: JSON) -> DecisionSpan | None:
        """Return where a value stands that nobody has marked: where it stood before, if it is the same, else by search.

        A search takes a text that stands in one place alone, or in another form. A number may stand anywhere, and what
        is nearly so is for people to mark.
        """
        before = view.value.get(path)
        if value is not NO_MEMBER and same_value(value, before):
            return self.span_at(view, path)
        if self.text is None or not isinstance(value, str):
            return None
        steps = self.rules.steps(view.value, path)
        alone: JSON = value  # what stands beside it is not sought
        for step in reversed(steps):
            alone = [alone] if isinstance(step, int) else {step: alone}
        written = join([0 if isinstance(step, int) else step for step in steps])
        span = ground(alone, self.text, self.schema.json_schema).get(written)
        if span is None or span.match not in ("exact", "normalised") or span.start is None or span.end is None:
            return None
        is_only_one = self.text.count(self.text[span.start : span.end]) == 1
        return DecisionSpan(span.start, span.end) if is_only_one else None

    def gold(self, rows: Sequence[Decision]) -> GoldDocument | None:
        """Return it as gold, by what all reviewers have decided; None where something is open, or not valid."""
        view = review_view(self.base, rows)
        if not view.decided or _undecided(view, self.schema.json_schema) or self.rules.errors(view.value):
            return None
        read = self.schema.validate(dumps(self.schema.wrap(view.value.value())), document=self.text)
        value = self.schema.dump(read)
        spans = _spans_of(view, value, None if self.text is None else len(self.text))
        return GoldDocument(self.key[0], self.text, self.key[1], value, spans)

    def state(self, rows: Sequence[Decision], who: str) -> JSONObject:
        """Return what a page shows a reviewer of it, as plain JSON data."""
        view = review_view(self.base, rows, who)
        needs = self.needs(rows)
        others = {name: review_view(self.base, rows, name) for name in reviewers_of(rows) if name != who}
        fields = [self._field(one, view, needs, others) for one in review_fields(view.value, self.schema.json_schema)]
        flags = [_flag(row) for row in _open_flags(rows)]
        return {
            "number": self.number,
            "fields": fields,
            "flags": flags,
            "errors": [{"path": one.path, "message": one.message} for one in self.rules.errors(view.value)],
            "open": sum(field["open"] for field in fields),
        }

    def _field(
        self, one: ReviewField, view: ReviewView, needs: dict[str, FieldNeed], others: dict[str, ReviewView]
    ) -> JSONObject:
        row = view.decision_on(one.path) if not one.is_removed else view.decided.get(one.path)
        need, span = needs.get(one.path), self.span_at(view, one.path)
        field: JSONObject = {
            "path": one.path,
            "editor": value_editor(one.schemas).to_json(),
            "removed": one.is_removed,
            "list": one.is_list,
            "open": one.is_open and row is None,
            "decided": None if row is None else row.action.value,
            "by_parts": one.is_decided_by_parts,
            "score": need.score if need else 0.0,
            "reasons": list(need.reasons) if need else [],
            "span": span.to_json() if span else None,
        }
        before = row.before if row is not None and one.is_removed else one.value
        if before is not NO_MEMBER:
            field["value"] = before
        if one.is_list:
            field["item"] = value_editor(one.schemas.at(len(one.value))).to_json()
        if row is not None:  # until then nobody is led by what others say
            field["others"] = _others(one.path, others, view.value.get(one.path))
        return field


def _undecided(view: ReviewView, json_schema: JSONMapping) -> list[str]:
    """Return the paths of a view's fields that nobody has decided."""
    fields = review_fields(view.value, json_schema)
    return [one.path for one in fields if one.is_open and view.decision_on(one.path) is None]


def _spans_of(view: ReviewView, value: JSON, length: int | None) -> dict[str, tuple[int, int]]:
    """Return where the parts of a decided value stand in the text, by their JSON Pointers as the value is written.

    length: how many code points the text has, where that is known; a row may be anybody's.
    """
    written = {node.path: node.written for node in view.value.walk() if not node.is_removed}
    spans = {}
    for path, row in view.decided.items():
        if row.span is not None and path in written and row.span.start < row.span.end <= (length or row.span.end):
            spans[written[path]] = row.span.start, row.span.end
    return {path: span for path, span in spans.items() if _leads(path, value)}


def _leads(path: str, value: JSON) -> bool:
    """Whether a path leads to something in a value as it is written, which the schema may have given another form."""
    return not path or follow(path, value) is not None


def neediest_first(documents: Iterable[ReviewDocument], rows: Sequence[Decision]) -> list[ReviewDocument]:
    """Return documents numbered anew, those first that need a look most.

    rows: those of the log, which may flag some.
    """
    flagged: defaultdict[str, list[Decision]] = defaultdict(list)
    for row in rows:
        flagged[row.document].append(row)
    scored = [
        (one.score([row for row in flagged.get(one.key[0], ()) if row.source in (None, one.key[1])]), one)
        for one in documents
    ]
    ordered = sorted(scored, key=lambda pair: -pair[0])
    return [replace(one, number=number) for number, (_, one) in enumerate(ordered)]


def _others(path: str, views: Mapping[str, ReviewView], own: JSON) -> list[JSONObject]:
    """Return what others have decided of a field, and whether that is something else."""
    others = []
    for who, view in views.items():
        if (row := view.decision_on(path)) is not None:
            value = view.value.get(path)
            member = {} if value is NO_MEMBER else {"value": value}
            others.append({"who": who, "action": row.action.value, "differs": not same_value(value, own), **member})
    return others


def _flag(row: Decision) -> JSONObject:
    return {
        "path": row.path,
        "who": row.who,
        "note": row.note,
        **({} if row.after is NO_MEMBER else {"value": row.after}),
    }


def _open_flags(rows: Sequence[Decision]) -> list[Decision]:
    """Return the flags that no later decision has answered."""
    left: list[Decision] = []
    for row in standing(rows):
        if row.action is ReviewAction.FLAG:
            left.append(row)
        elif row.action.decides:
            left = [flag for flag in left if not is_within(flag.path, (row.path,))]
    return left
