"""The curves of a schema's fields: learnt from records and what of them was right, applied to others, and as JSON.

A field has few labelled values, so its curve is held near that of all fields together, which is held near what is
claimed: where a field says nothing of its own, it is as right as the others are.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt, with_config

from slotfill.extractors.calibrating.confidence_points import ConfidencePoint, points_of
from slotfill.extractors.calibrating.probability_curve import CurveLevel, ProbabilityCurve, fit_curve
from slotfill.extractors.errors import InputError
from slotfill.extractors.record.json_writer import JSONForm
from slotfill.extractors.record.parts import Origin
from slotfill.extractors.record.stored_json import parse_stored
from slotfill.schemas.json_values.json_types import JSONMapping, JSONObject
from slotfill.schemas.schema import Schema

__all__ = ["FieldCurves", "learn_curves", "load_curves"]

FIELD_WEIGHT = 10.0
"""At a level where a field has so many points, they and those of all fields count alike."""

VERSION: Literal[1] = 1
"""The version of the JSON."""


@dataclass(frozen=True, slots=True)
class FieldCurves:
    """What confidences are worth, by field.

    Attributes:
        schema_name: The schema whose values were labelled.
        schema_id: Its hash: with other instructions, examples or fields it is another one.
        models: Those that gave the values, in alphabetical order.
        origin: What the confidences were: `agreed`, `scored` or `stated`.
        readings: The most readings that a document had; 1 where there was no vote.
        pooled: The curve of all fields together.
        fields: The curve of each field by its path, such as `/items/*/price`.
    """

    schema_name: str
    schema_id: str
    models: tuple[str, ...]
    origin: Origin
    readings: int
    pooled: ProbabilityCurve
    fields: Mapping[str, ProbabilityCurve] = field(default_factory=dict)

    def probability(self, path: str, confidence: float) -> float:
        """Return how likely a field's value is right.

        Args:
            path: The field's path; one that was not labelled goes by all fields together.
            confidence: How sure the value is, 0 to 1, from the same origin.
        """
        return self.fields.get(path, self.pooled).at(confidence)

    def to_json(self) -> JSONObject:
        """Return them as plain JSON data: what `--calibrate` writes and `--calibration` reads."""
        return _StoredCurves(
            schema=_SchemaName(self.schema_name, self.schema_id),
            models=self.models,
            origin=self.origin,
            readings=self.readings,
            pooled=self.pooled.levels,
            fields={path: curve.levels for path, curve in self.fields.items()},
        ).to_json()


def learn_curves(schema: Schema[Any], judged: Iterable[tuple[JSONMapping, Mapping[str, bool]]]) -> FieldCurves:
    """Learn how often confidences of a schema's fields are right.

    Args:
        schema: The schema that the records are of.
        judged: Records as plain JSON data, each with what of its value was labelled: by JSON Pointer whether it is
            right. Values without a label, and those without a confidence, count for nothing.

    Raises:
        InputError: A record is of another schema, some records have agreement and others do not, or no labelled value
            has a confidence.
    """
    points: list[ConfidencePoint] = []
    models: set[str] = set()
    for record, verdicts in judged:
        if record["schema"]["id"] != schema.id:
            raise InputError(
                f"a record is of schema {record['schema']['name']!r} as it was then: learn from records of "
                f"{schema.name!r} with the same instructions, examples and parameters"
            )
        points += points_of(record, schema.json_schema, verdicts)
        models.add(record["model"])
    return _fitted(schema, points, models)


def _fitted(schema: Schema[Any], points: list[ConfidencePoint], models: Iterable[str]) -> FieldCurves:
    if not points:
        raise InputError(
            "no labelled value has a confidence: extract with --votes and --record, or with Confidence fields"
        )
    origins = {point.origin for point in points}
    if "agreed" in origins and len(origins) > 1:
        raise InputError("some records have votes and others do not: learn from those of one kind")
    by_path: defaultdict[str, list[tuple[float, bool]]] = defaultdict(list)
    for point in points:
        by_path[point.path].append((point.confidence, point.is_right))
    pooled = fit_curve(one for several in by_path.values() for one in several)
    fields = {path: fit_curve(several, pooled.at, weight=FIELD_WEIGHT) for path, several in sorted(by_path.items())}
    # Of numbers from several places none is better than the worst of them.
    origin: Origin = "stated" if "stated" in origins else points[0].origin
    readings = max(point.readings for point in points)
    return FieldCurves(schema.name, schema.id, tuple(sorted(models)), origin, readings, pooled, fields)


def load_curves(text: str) -> FieldCurves:
    """Read what `FieldCurves.to_json` gave, as text.

    Raises:
        InputError: It is no calibration, or one of a newer version.
    """
    try:
        _check_version(text)
        stored = parse_stored(text, _StoredCurves)
        return FieldCurves(
            stored.schema.name,
            stored.schema.id,
            stored.models,
            stored.origin,
            stored.readings,
            ProbabilityCurve(stored.pooled),
            {path: ProbabilityCurve(levels) for path, levels in stored.fields.items()},
        )
    except (ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise InputError(f"it is no calibration that `slotfill evaluate --calibrate` wrote: {reason}") from None


def _check_version(text: str) -> None:
    """Raise InputError for JSON that is of a version that cannot be read."""
    stored = json.loads(text)
    version = stored.get("slotfill_calibration") if isinstance(stored, dict) else None
    if isinstance(version, int) and version != VERSION:
        raise InputError(f"the calibration is of version {version}: this slotfill reads version {VERSION}")


@with_config(extra="forbid")
@dataclass(slots=True)
class _SchemaName(JSONForm):
    name: str
    id: str


_Levels = Annotated[tuple[CurveLevel, ...], Field(max_length=1_000)]


@with_config(extra="forbid")
@dataclass(slots=True, kw_only=True)
class _StoredCurves(JSONForm):
    """The form as JSON."""

    slotfill_calibration: Literal[1] = VERSION
    schema: _SchemaName
    models: tuple[str, ...]
    origin: Origin
    readings: PositiveInt
    pooled: _Levels
    fields: Mapping[str, _Levels]
