"""Escalation: the fields that are not sure, they alone, go to a stronger model; what it gives is put in their place."""

import json
from typing import Any

import pytest
from pydantic import BaseModel

from slotfill import Extraction, Extractor
from slotfill.extractors.calibrating.field_curves import FieldCurves
from slotfill.extractors.calibrating.probability_curve import CurveLevel, ProbabilityCurve
from slotfill.extractors.extractions.loading import verify
from slotfill.extractors.record.parts import Outcome, Rung
from slotfill.extractors.testing import SimulatedClaude, SimulatedReply, SimulatedRequest
from slotfill.schemas import Confidence, resolve

CHEAP, STRONG = "claude-haiku-5-5", "claude-sonnet-5-5"

TEXT = "The brakes of car 17 failed. Two of A1 are needed, and one of B2."


class Line(BaseModel):
    sku: str
    qty: int


class Ticket(BaseModel):
    team: str
    urgency: int
    lines: list[Line]


class Mood(BaseModel):
    label: str
    sure: Confidence["label"]  # noqa: F821 - the name of a field, not of a type
    topic: str


def ticket(team: str = "brakes", urgency: int = 3, *lines: dict[str, Any]) -> dict[str, Any]:
    return {"team": team, "urgency": urgency, "lines": [*lines] or [{"sku": "A1", "qty": 2}, {"sku": "B2", "qty": 1}]}


def extract(
    cheap: list[Any], strong: Any, schema: Any = Ticket, **options: Any
) -> tuple[Extraction[Any], list[dict[str, Any]]]:
    """Extract with replies of both models; return the bodies that the stronger one was sent."""
    rest = [*cheap]

    def reply(request: SimulatedRequest) -> Any:
        return strong if request.model == STRONG else rest.pop(0) if len(rest) > 1 else rest[0]

    claude = SimulatedClaude(reply)
    defaults = {"model": CHEAP, "votes": 3, "escalate": STRONG, "client": claude.client(max_retries=0)}
    with Extractor(schema, **defaults | options) as extractor:
        extraction = extractor.extract(TEXT)
    assert extraction.usage == claude.usage
    return extraction, [entry.body for entry in claude.requests if entry.body and entry.body["model"] == STRONG]


def test_what_is_not_sure_is_asked_for_alone() -> None:
    extraction, (body,) = extract([ticket(), ticket(urgency=5), ticket(urgency=5)], {"urgency": 4})
    assert extraction.data == ticket(urgency=4)
    form = body["output_config"]["format"]["schema"]
    assert [*form["properties"]] == ["urgency"]
    last = extraction.attempts[-1]
    assert (last.rung, last.model, last.escalated, last.reading) == (Rung.PATCH, STRONG, ("/urgency",), None)
    assert (extraction.outcome, extraction.model) == (Outcome.PATCHED, CHEAP)
    # What the readings agreed on is told, also of what was read again.
    assert extraction.agreement["/urgency"] == 0.6667
    assert extraction.agreement["/team"] == 1.0
    assert verify(json.dumps(extraction.to_json()), resolve(Ticket)) == extraction.to_json()


def test_the_stronger_model_is_told_what_is_settled_and_not_what_was_voted() -> None:
    _, (body,) = extract([ticket("roof"), ticket("door"), ticket("lamp")], {"team": "brakes"})
    request = body["messages"][-1]["content"]
    assert "uncertain: /team." in request
    assert json.dumps({key: part for key, part in ticket().items() if key != "team"}) in request
    assert not {word for word in ("roof", "door", "lamp") if word in json.dumps(body)}


def test_a_field_of_an_item_is_asked_for_under_its_index() -> None:
    more = [{"sku": "A1", "qty": 2}, {"sku": "B2", "qty": 7}]
    extraction, (body,) = extract([ticket(), ticket("brakes", 3, *more)], {"lines": {"1": {"qty": 4}}})
    assert extraction.data["lines"] == [{"sku": "A1", "qty": 2}, {"sku": "B2", "qty": 4}]
    assert json.dumps([{"sku": "A1", "qty": 2}, {"sku": "B2"}]) in body["messages"][-1]["content"]


def test_a_list_whose_items_are_not_sure_is_read_again_whole() -> None:
    one, other = {"sku": "A1", "qty": 2}, {"sku": "C3", "qty": 1}
    extraction, (body,) = extract([ticket("brakes", 3, one), ticket("brakes", 3, one, other)], {"lines": [one, other]})
    assert [*body["output_config"]["format"]["schema"]["properties"]] == ["lines"]
    assert "uncertain: /lines." in body["messages"][-1]["content"]
    assert extraction.data["lines"] == [one, other]
    assert extraction.agreement["/lines"] == 0.6667


def test_what_all_readings_agree_on_goes_to_nobody() -> None:
    extraction, bodies = extract([ticket()], {})
    assert bodies == []
    assert extraction.outcome is Outcome.VALID


@pytest.mark.parametrize(("sure", "asked"), [(0.6, 0), (0.6667, 0), (0.67, 1)])
def test_it_is_said_how_sure_is_sure(sure: float, asked: int) -> None:
    _, bodies = extract([ticket(), ticket(urgency=5), ticket(urgency=5)], {"urgency": 4}, sure=sure)
    assert len(bodies) == asked


@pytest.mark.parametrize(
    "strong",
    [
        {"urgency": "soon"},
        {"team": "roof"},
        "nothing",
        SimulatedReply((), "refusal"),
    ],
)
def test_where_it_gives_nothing_valid_the_vote_stands(strong: Any) -> None:
    extraction, bodies = extract([ticket(), ticket(urgency=5), ticket(urgency=5)], strong)
    assert extraction.ok
    assert extraction.data == ticket(urgency=5)
    assert len(bodies) == 1
    assert (extraction.attempts[-1].ok, extraction.attempts[-1].escalated) == (False, ("/urgency",))
    assert extraction.outcome is not Outcome.REFUSED


def test_a_value_that_has_no_parts_is_asked_for_whole() -> None:
    schema = {"type": "string", "enum": ["good", "bad"]}
    extraction, (body,) = extract([{"value": "good"}, {"value": "bad"}, {"value": "bad"}], {"value": "good"}, schema)
    assert extraction.data == "good"
    assert extraction.attempts[-1].escalated == ("",)
    assert "give the whole JSON value" in body["messages"][-1]["content"]


def test_without_votes_a_stated_confidence_decides() -> None:
    stated = [{"label": "good", "sure": 0.6, "topic": "brakes"}]
    extraction, (body,) = extract(stated, {"label": "bad"}, Mood, votes=None)
    assert [*body["output_config"]["format"]["schema"]["properties"]] == ["label"]
    assert json.dumps({"topic": "brakes"}) in body["messages"][-1]["content"]  # and no confidence
    assert extraction.data == {"label": "bad", "sure": 0.6, "topic": "brakes"}
    assert extraction.confidence == {"/sure": "stated"}
    assert extraction.agreement == {}


@pytest.mark.parametrize("urgency", [4, 3])
def test_what_a_calibration_says_counts_before_what_was_agreed(urgency: int) -> None:
    flat = ProbabilityCurve((CurveLevel(1.0, 0.7, 9),))
    sure = ProbabilityCurve((CurveLevel(1.0, 0.95, 9),))
    curves = FieldCurves("ticket", resolve(Ticket).id, (CHEAP,), "agreed", 3, sure, {"/urgency": flat})
    extraction, (body,) = extract([ticket()], {"urgency": urgency}, calibration=curves)
    assert [*body["output_config"]["format"]["schema"]["properties"]] == ["urgency"]
    assert extraction.data == ticket(urgency=urgency)
    assert extraction.agreement["/urgency"] == 1.0
    # Nobody knows how likely the stronger model's word is right, even where it is the same as the vote's.
    assert "/urgency" not in extraction.probability
    assert extraction.probability["/team"] == extraction.probability["/lines/1/qty"] == 0.95


def test_what_is_in_a_list_that_a_stronger_model_gave_has_no_probability_either() -> None:
    flat = ProbabilityCurve((CurveLevel(1.0, 0.7, 9),))
    sure = ProbabilityCurve((CurveLevel(1.0, 0.95, 9),))
    curves = FieldCurves("ticket", resolve(Ticket).id, (CHEAP,), "agreed", 3, sure, {"/lines": flat})
    extraction, _ = extract([ticket()], {"lines": ticket()["lines"]}, calibration=curves)
    assert extraction.attempts[-1].escalated == ("/lines",)
    assert extraction.agreement["/lines/0/qty"] == 1.0
    assert set(extraction.probability) == {"/team", "/urgency"}


def test_a_calibrated_confidence_is_the_probability() -> None:
    curve = ProbabilityCurve((CurveLevel(0.5, 0.3, 9), CurveLevel(1.0, 0.9, 9)))
    curves = FieldCurves("mood", resolve(Mood).id, (CHEAP,), "agreed", 3, curve)
    value = {"label": "good", "sure": 0.2, "topic": "brakes"}
    extraction, _ = extract([value], {}, Mood, calibration=curves, escalate=None)
    assert extraction.data == {**value, "sure": 0.9}
    assert extraction.probability == {"/label": 0.9, "/topic": 0.9}


def test_a_stated_confidence_stays_beside_its_probability() -> None:
    curve = ProbabilityCurve((CurveLevel(0.9, 0.6, 9),))
    curves = FieldCurves("mood", resolve(Mood).id, (CHEAP,), "stated", 1, curve)
    value = {"label": "good", "sure": 0.9, "topic": "brakes"}
    extraction, _ = extract([value], {}, Mood, calibration=curves, escalate=None, votes=None)
    assert extraction.data == value
    assert extraction.probability == {"/label": 0.6}
