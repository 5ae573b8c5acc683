"""Proposals of every kind, also such as no good model makes: hostile names, contradictions, empty ones."""

from __future__ import annotations

import keyword
from typing import Any, get_args

from hypothesis import strategies as st
from pydantic import BaseModel

from slotfill.extractors.suggestion.proposal import FieldType, PartType, Proposal, ProposedField, ProposedPart

ODD_NAMES = (
    *(
        "from",
        "class",
        "None",
        "2nd",
        "Line Items",
        "line-items",
        "line_items",
        "größe",
        "发票",
        "الاسم",
        "",
        "!!!",
        "__",
    ),
    *(
        "model_dump",
        "model_x",
        "schema",
        "copy",
        "json",
        "examples",
        "calibration",
        "dt",
        "list",
        "str",
        "Field",
        "field",
    ),
    *("BaseModel", "Verbatim", "Literal", "Proposal", "value", "$ref", "type", "properties", "x" * 99, "ﬁeld", "i̇"),
    *('"""\nimport os\nos._exit(7)\n"""', "a\x1b[31mb", "\u202e", "a.b", "a/b~c", "{x}", "\\", "'", "²"),
    *keyword.kwlist,
    *(name for name in dir(BaseModel) if not name.startswith("__")),
)

names = st.sampled_from(ODD_NAMES) | st.text(max_size=12)
texts = st.sampled_from(("", "A-17", '"', "'", "\\", '"""', "end\\", "{x}", "a\nb", "\x00")) | st.text(max_size=40)
TEXTS = ("Invoice A-17: 40.00 EUR, paid.", "Invoice A-18, open")


def common(**others: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    return {
        "name": names,
        "many": st.booleans(),
        "description": texts,
        "labels": st.lists(texts | st.sampled_from(("paid", "open")), max_size=4),
        "always": st.booleans(),
        "example": st.sampled_from(("", "A-17", "nowhere to be seen")),
        **others,
    }


parts = st.builds(ProposedPart, **common(type=st.sampled_from(get_args(PartType))))
fields = st.builds(
    ProposedField,
    **common(type=st.sampled_from((*get_args(PartType), "object")), fields=st.lists(parts, max_size=4)),
)
proposals = st.builds(Proposal, name=names, instructions=texts, fields=st.lists(fields, min_size=1, max_size=5))


def field(name: str, kind: FieldType = "verbatim", **changes: Any) -> ProposedField:
    """Make a field that nothing is wrong with."""
    return ProposedField(**{**plain(name), "fields": [], "type": kind, **changes})


def part(name: str, kind: PartType = "text", **changes: Any) -> ProposedPart:
    """Make a field within an object that nothing is wrong with."""
    return ProposedPart(**{**plain(name), "type": kind, **changes})


def plain(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "many": False,
        "description": f"the {name}",
        "labels": [],
        "always": True,
        "example": "A-17",
    }


def proposal(*proposed: ProposedField, name: str = "invoice") -> Proposal:
    """Make a proposal of fields."""
    return Proposal(name=name, instructions="Extract the invoice.", fields=[*proposed])
