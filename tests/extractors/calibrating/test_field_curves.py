"""The curves of fields: learnt from records, held near those of all fields, kept as JSON, and damaged ones refused."""

import json
from typing import Any

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from slotfill.extractors.calibrating.confidence_points import stated_confidences
from slotfill.extractors.calibrating.field_curves import FieldCurves, learn_curves, load_curves
from slotfill.extractors.calibrating.probability_curve import fit_curve
from slotfill.extractors.errors import InputError
from slotfill.extractors.record.parts import Origin
from slotfill.schemas import Confidence, resolve


class Line(BaseModel):
    price: float


class Ticket(BaseModel):
    urgency: int
    team: str
    lines: list[Line] = []


class Mood(BaseModel):
    label: str
    sure: Confidence["label"]  # noqa: F821 - the name of a field, not of a type


TICKET, MOOD = resolve(Ticket), resolve(Mood)


def voted(agreement: dict[str, float], *, escalated: tuple[str, ...] = (), readings: int = 3) -> dict[str, Any]:
    attempts: list[dict[str, Any]] = [{}, *({"reading": number} for number in range(2, readings + 1))]
    attempts += [{"escalated": [*escalated]}] if escalated else []
    value = {"urgency": 3, "team": "brakes", "lines": [{"price": 2.5}, {"price": 3.5}]}
    schema = {"name": "ticket", "id": TICKET.id}
    return {"schema": schema, "model": "m", "value": value, "agreement": agreement, "attempts": attempts}


def stated(sure: float, origin: str = "stated") -> dict[str, Any]:
    schema = {"name": "mood", "id": MOOD.id}
    value, confidence = {"label": "good", "sure": sure}, {"/sure": origin}
    return {"schema": schema, "model": "m", "value": value, "confidence": confidence, "attempts": []}


def test_a_field_that_is_often_wrong_is_told_from_one_that_never_is() -> None:
    record = voted({"/urgency": 1.0, "/team": 1.0})
    curves = learn_curves(TICKET, [(record, {"/urgency": at % 2 == 0, "/team": True}) for at in range(40)])
    assert curves.probability("/urgency", 1.0) < 0.62
    assert curves.probability("/team", 1.0) > 0.93
    assert curves.probability("/lines/*/price", 1.0) == curves.pooled.at(1.0) == pytest.approx(0.75, abs=0.01)
    assert (curves.origin, curves.readings, curves.models) == ("agreed", 3, ("m",))


def test_a_field_of_few_points_goes_by_all_fields() -> None:
    record = voted({"/urgency": 1.0, "/team": 1.0})
    labelled: list[dict[str, bool]] = [{"/urgency": True}] * 90 + [{"/team": False}]
    curves = learn_curves(TICKET, [(record, verdicts) for verdicts in labelled])
    assert 0.85 < curves.probability("/team", 1.0) < curves.probability("/urgency", 1.0)


def test_items_of_a_list_are_one_field() -> None:
    record = voted({"/lines/0/price": 1.0, "/lines/1/price": 2 / 3, "/lines/0": 1.0})
    curves = learn_curves(TICKET, [(record, {"/lines/0/price": True, "/lines/1/price": False, "/lines/0": True})])
    assert set(curves.fields) == {"/lines/*/price", "/lines/*"}
    assert [level.points for level in curves.fields["/lines/*/price"].levels] == [1, 1]


def test_what_a_stronger_model_gave_says_nothing_of_agreement() -> None:
    agreement = {"/urgency": 1 / 3, "/team": 1.0, "/lines": 1 / 3, "/lines/0/price": 1.0}
    record = voted(agreement, escalated=("/urgency", "/lines"))
    curves = learn_curves(TICKET, [(record, dict.fromkeys(agreement, True))])
    assert set(curves.fields) == {"/team"}
    with pytest.raises(InputError, match="no labelled value has a confidence"):
        learn_curves(TICKET, [(voted(agreement, escalated=("",)), dict.fromkeys(agreement, True))])


def test_stated_confidences_are_of_what_they_are_about() -> None:
    curves = learn_curves(MOOD, [(stated(0.9), {"/label": at % 3 > 0}) for at in range(30)])
    assert curves.probability("/label", 0.9) == pytest.approx(0.67, abs=0.02)
    assert (curves.origin, curves.readings) == ("stated", 1)
    both = [(stated(0.9), {"/label": True}), (stated(0.8, "scored"), {"/label": True})]
    assert learn_curves(MOOD, both).origin == learn_curves(MOOD, both[::-1]).origin == "stated"
    assert learn_curves(MOOD, both[1:]).origin == "scored"


def test_a_confidence_that_a_default_gave_counts_for_nothing() -> None:
    assert stated_confidences({"label": "good", "sure": 0.9}, MOOD.json_schema, {}) == {}


def test_of_several_confidences_of_a_value_the_least_counts() -> None:
    marks = {key: {"type": "number", "x-confidence-of": "label"} for key in ("sure", "surer", "so_so")}
    schema = resolve({"type": "object", "properties": {"label": {"type": "string"}, **marks}})
    value = {"label": "good", "sure": 0.8, "surer": 0.9, "so_so": 0.4}
    origins: dict[str, Origin] = {"/sure": "stated", "/surer": "scored", "/so_so": "scored"}
    assert stated_confidences(value, schema.json_schema, origins) == {"/label": (0.4, "scored")}


def test_records_of_another_schema_are_refused() -> None:
    with pytest.raises(InputError, match="'ticket' as it was then: learn from records of 'mood'"):
        learn_curves(MOOD, [(voted({"/urgency": 1.0}), {"/urgency": True})])


def test_votes_and_other_confidences_are_not_mixed() -> None:
    record = stated(0.9) | {"agreement": {"/label": 1.0}}
    with pytest.raises(InputError, match="some records have votes"):
        learn_curves(MOOD, [(record, {"/label": True}), (stated(0.9), {"/label": True})])


def test_nothing_to_learn_from_is_told() -> None:
    with pytest.raises(InputError, match="extract with --votes"):
        learn_curves(TICKET, [(voted({"/team": 1.0}), {"/urgency": True})])


POINTS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=30)


@examples(30)
@given(POINTS, st.dictionaries(st.text(max_size=5).map("/{}".format), POINTS, max_size=3))
def test_they_are_the_same_when_they_are_read_again(
    pooled: list[tuple[float, bool]], fields: dict[str, list[tuple[float, bool]]]
) -> None:
    by_path = {path: fit_curve(points) for path, points in fields.items()}
    curves = FieldCurves("ticket", TICKET.id, ("a", "b"), "agreed", 3, fit_curve(pooled), by_path)
    assert load_curves(json.dumps(curves.to_json())) == curves


GOOD = FieldCurves("ticket", "f", ("m",), "agreed", 3, fit_curve([(0.5, True), (1.0, True)])).to_json()
LEVEL = {"confidence": 0.5, "probability": 0.5, "points": 1}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no calibration"),
        ("[]", "no calibration"),
        ("{", "no calibration"),
        ("[" * 100_000, "no calibration"),
        (json.dumps(GOOD | {"slotfill_calibration": 2}), "version 2: this slotfill reads version 1"),
        (json.dumps(GOOD | {"more": 1}), "Unexpected keyword"),
        (json.dumps(GOOD | {"readings": "3"}), "/readings"),
        (json.dumps(GOOD | {"origin": "felt"}), "/origin"),
        (json.dumps(GOOD | {"pooled": [LEVEL | {"probability": float("nan")}]}), "/pooled/0/probability"),
        (json.dumps(GOOD | {"pooled": [LEVEL | {"confidence": 2}]}), "/pooled/0/confidence"),
        (json.dumps(GOOD | {"pooled": [LEVEL, LEVEL]}), "levels of a curve rise"),
        (json.dumps(GOOD | {"fields": {"/a": [LEVEL | {"confidence": 0.9}, LEVEL]}}), "levels of a curve rise"),
    ],
)
def test_what_is_no_calibration_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        load_curves(text)
