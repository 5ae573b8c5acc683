"""Parameters: what of a schema can be set without another model, as in `-P sentences=2`."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, ValidationError

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["Parameters", "lacking", "parameters_of", "parameters_schema"]


class Parameters(BaseModel):
    """The base of the class, nested in a schema's model, whose fields can be set.

    `class Length(Parameters): sentences: int = 3` within a model lets its docstring say `{sentences}`, and its
    validators read `info.context["parameters"].sentences`.
    """

    model_config = ConfigDict(extra="forbid")


def parameters_of(model: type[BaseModel], name: str, values: Mapping[str, object]) -> Parameters | None:
    """Return the parameters of a model, called `name`, with these values; None for one that has none.

    One that has no default may be missing: such a schema can be shown, and not be asked for, see `lacking`.

    Raises SchemaError for one that is unknown or out of range.
    """
    declared = _declared(model)
    known = sorted(declared.model_fields) if declared else []
    if unknown := sorted(set(values) - set(known)):
        choice = f"it takes {', '.join(known)}" if known else "it takes none"
        raise SchemaError(f"schema {name!r} has no parameter {unknown[0]!r}: {choice}")
    if declared is None:
        return None
    try:
        return _read(declared, values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        which = f"parameter {first['loc'][0]!r}" if first["loc"] else "parameters"
        raise SchemaError(f"{which} of schema {name!r}: {first['msg']}") from None


def lacking(parameters: Parameters | None) -> tuple[str, ...]:
    """Name the parameters that have neither a value nor a default."""
    return () if parameters is None else tuple(sorted(type(parameters).model_fields.keys() - vars(parameters).keys()))


def parameters_schema(parameters: Parameters | None) -> JSONObject | None:
    """Return what can be set as a JSON Schema, for those who set it by JSON; None for a schema without parameters."""
    return None if parameters is None else type(parameters).model_json_schema()


def _read(declared: type[Parameters], values: Mapping[str, object]) -> Parameters:
    required = {name for name, field in declared.model_fields.items() if field.is_required()}
    if required <= values.keys():
        return declared.model_validate(dict(values))
    incomplete = declared.model_construct()
    for name, value in values.items():
        declared.__pydantic_validator__.validate_assignment(incomplete, name, value)
    return incomplete


def _declared(model: type[BaseModel]) -> type[Parameters] | None:
    """Find the nested class by its type: a user's model may call anything `Parameters`."""
    members = (member for base in model.__mro__ for member in vars(base).values())
    nested = (member for member in members if isinstance(member, type) and issubclass(member, Parameters))
    return next(nested, None)
