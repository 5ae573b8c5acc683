"""Probes that try several assumptions at once, and the schemas that they ask for."""

from __future__ import annotations

from slotfill.extractors.live.probes import Probe, RequestWriter
from slotfill.schemas.json_values.json_types import JSONMapping, JSONObject

__all__ = [
    "PARCEL",
    "STRING",
    "YES",
    "count_probe",
    "list_probe",
    "misspelt_probe",
    "object_schema",
    "structured_probe",
]

YES = "Say yes."
_MISSPELT = "claude-sonet-4-5"


def structured_probe(writer: RequestWriter) -> Probe:
    """Try an extraction by structured output."""
    return Probe("structured", writer.as_sent("structured", PARCEL))


def list_probe() -> Probe:
    """List the models."""
    return Probe("models", {"limit": 1_000}, "models")


def count_probe(writer: RequestWriter) -> Probe:
    """Count the tokens of `structured_probe`."""
    arguments = {name: value for name, value in structured_probe(writer).arguments.items() if name != "max_tokens"}
    return Probe("count_tokens", arguments, "count_tokens")


def misspelt_probe(writer: RequestWriter) -> Probe:
    """Ask a model that there is not."""
    return Probe("unknown_model", writer.by_hand(YES, model=_MISSPELT))


def object_schema(properties: JSONMapping, *, required: bool = True) -> JSONObject:
    """Write the schema of an object with no further properties."""
    names = [*properties] if required else []
    return {"type": "object", "properties": dict(properties), "required": names, "additionalProperties": False}


STRING = {"type": "string"}
PARCEL = object_schema({"code": STRING})
