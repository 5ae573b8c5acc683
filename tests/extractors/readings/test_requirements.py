"""What votes, escalation and calibration need: what cannot be done is refused before any call, in words that help."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from slotfill import Extractor
from slotfill.extractors.calibrating.field_curves import FieldCurves
from slotfill.extractors.calibrating.probability_curve import ProbabilityCurve
from slotfill.extractors.errors import SettingsError
from slotfill.extractors.testing import SimulatedClaude
from slotfill.schemas import resolve


class Ticket(BaseModel):
    team: str


def curves(**changed: Any) -> FieldCurves:
    known = {"schema_name": "ticket", "schema_id": resolve(Ticket).id, "models": ("claude-haiku-5-5",)}
    return FieldCurves(**known | {"origin": "agreed", "readings": 3, "pooled": ProbabilityCurve()} | changed)


@pytest.mark.parametrize(
    ("schema", "options", "reason"),
    [
        (Ticket, {"escalate": "claude-opus-5-5"}, "--votes 3"),
        (Ticket, {"sure": 0.5}, r"sure: nothing tells .* \(--votes 3\)"),
        (Ticket, {"votes": 3, "escalate": "claude-haiku-5-5"}, "name a stronger model"),
        (Ticket, {"votes": 0}, "'votes'"),
        (Ticket, {"votes": 1000}, "'votes'"),
        (Ticket, {"votes": 3, "escalate": "claude-opus-5-5", "sure": 1.5}, "'sure'"),
        (Ticket, {"calibration": curves()}, "nothing to calibrate"),
        (Ticket, {"votes": 3, "calibration": curves(schema_id="0")}, "other fields, instructions, examples"),
        (Ticket, {"votes": 3, "calibration": curves(origin="stated")}, "learnt of Confidence fields"),
        (Ticket, {"votes": 3, "calibration": "missing.json"}, "missing.json"),
        (Ticket, {"votes": 3, "model": "local"}, "3 orders of worked examples"),
    ],
)
def test_what_cannot_be_done_is_refused(schema: Any, options: dict[str, Any], reason: str) -> None:
    claude = SimulatedClaude()
    defaults: dict[str, Any] = {"model": "claude-haiku-5-5", "client": claude.client()}
    with pytest.raises(SettingsError, match=reason):
        Extractor(schema, **defaults | options)
    assert claude.requests == []


@pytest.mark.parametrize(
    ("changed", "warning"),
    [
        ({"models": ("claude-opus-5-5",)}, "learnt of claude-opus-5-5, and claude-haiku-5-5 is asked"),
        ({"readings": 5}, "learnt of 5 readings, and there are to be 3"),
    ],
)
def test_a_calibration_of_other_habits_is_warned_of(
    changed: dict[str, Any], warning: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "slotfill"):
        Extractor(Ticket, client=SimulatedClaude().client(), votes=3, calibration=curves(**changed))
    assert warning in caplog.text


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"[1]", b"{" * 90_000, b" " * 16_000_001])
def test_a_file_that_is_no_calibration_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_bytes(data)
    with pytest.raises(SettingsError, match=r"c\.json"):
        Extractor(Ticket, client=SimulatedClaude().client(), votes=3, calibration=tmp_path / "c.json")


def test_a_calibration_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(json.dumps(curves().to_json()), encoding="utf-8")
    extractor = Extractor(Ticket, client=SimulatedClaude().client(), votes=3, calibration=tmp_path / "c.json")
    assert extractor.calibration == curves()


def test_one_vote_is_none() -> None:
    assert Extractor(Ticket, client=SimulatedClaude().client(), votes=1).settings.votes is None
