"""What votes, escalation and calibration need, and what they exclude: refused before any call."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from slotfill.extractors.calibrating.field_curves import FieldCurves
from slotfill.extractors.catalogue.model_ids import is_local
from slotfill.extractors.errors import SettingsError
from slotfill.extractors.readings.variations import orders_of
from slotfill.extractors.settings import Settings
from slotfill.schemas.schema import Schema

__all__ = ["check_requirements"]

_logger = logging.getLogger("slotfill")


def check_requirements(
    schema: Schema[Any], settings: Settings, models: Sequence[str], calibration: FieldCurves | None
) -> None:
    """Refuse what cannot be done, and warn of a calibration that may be of something else.

    models: the first one and its fallbacks.

    Raises SettingsError, which says what to do.
    """
    votes = settings.votes or 1
    for model in models if votes > 1 else ():
        orders = orders_of(len(schema.examples))
        if is_local(model) and votes > orders:
            raise SettingsError(
                f"{votes} votes of the embedded model need {votes} orders of worked examples, and the schema's "
                f"{len(schema.examples)} have {orders}: it says the same to the same prompt; give more examples, or a "
                "Confidence field, which it computes"
            )
    sure = votes > 1 or schema.has_confidences
    if settings.escalate is not None:
        if not sure:
            raise SettingsError(
                "escalate: nothing tells which fields are not sure: read each document several times (--votes 3), or "
                "give the schema a Confidence field"
            )
        if settings.escalate in models:
            raise SettingsError(f"escalate: {settings.escalate} is asked anyway: name a stronger model")
    elif settings.sure is not None and not sure:
        raise SettingsError(
            "sure: nothing tells which fields are not sure: read each document several times (--votes 3), or give the "
            "schema a Confidence field"
        )
    if calibration is not None:
        _check_calibration(calibration, schema, votes, models, is_needed=sure)


def _check_calibration(
    curves: FieldCurves, schema: Schema[Any], votes: int, models: Sequence[str], *, is_needed: bool
) -> None:
    if not is_needed:
        raise SettingsError(
            "calibration: there is nothing to calibrate: read each document several times (--votes 3), or give the "
            "schema a Confidence field"
        )
    if curves.schema_id != schema.id:
        raise SettingsError(
            f"calibration: it was learnt of schema {curves.schema_name!r} with other fields, instructions, examples or "
            f"parameters than {schema.name!r} has now: learn it again with `slotfill evaluate --calibrate`"
        )
    if (curves.origin == "agreed") is not (votes > 1):
        learnt, used = (
            ("what readings agree on", "a Confidence field") if votes == 1 else ("Confidence fields", "votes")
        )
        raise SettingsError(
            f"calibration: it was learnt of {learnt}, and is to be used on {used}: extract as it was learnt, or learn "
            "it again with `slotfill evaluate --calibrate`"
        )
    if votes > 1 and curves.readings > votes:
        _logger.warning("the calibration was learnt of %d readings, and there are to be %d", curves.readings, votes)
    if models and curves.models and models[0] not in curves.models:
        _logger.warning("the calibration was learnt of %s, and %s is asked", ", ".join(curves.models), models[0])
