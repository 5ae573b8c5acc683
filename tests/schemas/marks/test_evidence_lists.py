"""Evidence in a value: which passages are of which value, and which value has none."""

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from slotfill.schemas import Evidence, Verbatim
from slotfill.schemas.marks.evidence_lists import EvidenceList, evidence_lists, evidence_members
from slotfill.schemas.schema import Schema


class Ticket(BaseModel):
    urgency: int
    why: Annotated[list[Verbatim], Evidence("urgency")]


class Tickets(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    all_tickets: list[Ticket]
    how_urgent: Literal["low", "high"] | None
    whys: Annotated[list[Verbatim], Evidence("how_urgent")] | None = None


def test_each_judged_value_has_its_passages_and_one_without_has_none():
    value = {"allTickets": [{"urgency": 5, "why": ["a", "b"]}, {"urgency": 1, "why": []}], "howUrgent": "low"}
    assert [*evidence_lists(value, Schema(Tickets).json_schema)] == [
        EvidenceList("/howUrgent", "/whys", ()),
        EvidenceList("/allTickets/0/urgency", "/allTickets/0/why", ("a", "b")),
        EvidenceList("/allTickets/1/urgency", "/allTickets/1/why", ()),
    ]


@pytest.mark.parametrize("value", [{}, {"howUrgent": None}, {"allTickets": []}, {"whys": ["a"]}, [], None, "a", 7])
def test_what_was_not_judged_has_none(value):
    assert [*evidence_lists(value, Schema(Tickets).json_schema)] == []


@pytest.mark.parametrize("whys", [None, "a", {"0": "a"}, 7, [None, 7, {}]])
def test_what_is_no_list_of_passages_holds_none(whys):
    lists = evidence_lists({"howUrgent": "low", "whys": whys}, Schema(Tickets).json_schema)
    assert [*lists] == [EvidenceList("/howUrgent", "/whys", ())]


def test_all_that_stands_where_evidence_was_asked_for_is_a_member():
    value = {"allTickets": [{"why": []}, {"urgency": 1}], "howUrgent": None, "whys": 7}
    assert [*evidence_members(value, Schema(Tickets).json_schema)] == [("whys", 7), ("why", [])]
