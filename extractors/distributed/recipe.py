"""A recipe: how a worker makes the extractor of a run, as small JSON: an extractor holds connections and code."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict, dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

from slotfill.extractors.calibrating.field_curves import load_curves
from slotfill.extractors.catalogue import model_ids
from slotfill.extractors.errors import SettingsError
from slotfill.extractors.extractor import Extractor
from slotfill.extractors.options import SETTINGS
from slotfill.schemas.errors import SchemaError
from slotfill.schemas.example import Example
from slotfill.schemas.json_schema.response_model import JsonValue, response_model
from slotfill.schemas.json_values.exact_json import dumps, loads
from slotfill.schemas.json_values.json_types import JSON, JSONObject
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.python_models import execute_model, import_model
from slotfill.schemas.typed_root import TypedRoot

__all__ = ["Recipe"]

_KEPT_BY_THE_RUN = ("rpm", "itpm", "otpm")
"""The settings that a worker does not have of its own: the run's pacer keeps to them for all."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an extractor is made: plain JSON data, with no credential in it.

    schema: where its model comes from, and what was put in place of the model's own. options: as `Options` has them.
    """

    schema: JSONObject
    options: JSONObject

    @classmethod
    def of(cls, extractor: Extractor[Any]) -> Recipe:
        """Write down how an extractor was made.

        Raises:
            SchemaError: Its schema cannot be made again elsewhere.
            SettingsError: The embedded model is to be asked: each worker would load its own.
        """
        if any(map(model_ids.is_local, extractor.all_models)):
            raise SettingsError("the embedded model answers in one process: leave the engine out, or ask another model")
        options = {name: getattr(extractor.settings, name) for name in SETTINGS if name not in _KEPT_BY_THE_RUN}
        options |= {"model": [*extractor.models], "evidence": extractor.has_evidence}
        if extractor.calibration is not None:
            options["calibration"] = extractor.calibration.to_json()
        return cls(_schema_json(extractor.schema), {name: one for name, one in options.items() if one is not None})

    @classmethod
    def read(cls, text: str) -> Recipe:
        """Read what `text` gave."""
        return cls(**loads(text))

    @property
    def text(self) -> str:
        """The recipe as JSON."""
        return dumps(asdict(self))

    def extractor(self) -> Extractor[Any]:
        """Make the extractor.

        Raises:
            SchemaError: The schema cannot be had here, or is another one.
            SettingsError, ModelError: As an extractor does.
        """
        options = dict(self.options)
        if "calibration" in options:
            options["calibration"] = load_curves(json.dumps(options["calibration"]))
        return Extractor(_schema_of(self.schema), **options)


def _schema_json(schema: Schema[Any]) -> JSONObject:
    try:
        dumps(schema.context)
    except (TypeError, ValueError):
        raise SettingsError("context: what validators find there is no JSON, which alone reaches workers") from None
    return {
        "model": _model_json(schema.model),
        "name": schema.name,
        "instructions": schema.instructions,
        "examples": [[one.text, one.value] for one in schema.examples],
        "calibration": [[one.text, one.value] for one in schema.calibration],
        "parameters": schema.parameter_values,
        "context": schema.context,
        "id": schema.id,
    }


def _schema_of(stored: JSONObject) -> Schema[Any]:
    schema: Schema[Any] = Schema(
        _model_of(stored["model"]),
        name=stored["name"],
        instructions=stored["instructions"],
        examples=[Example(*one) for one in stored["examples"]],
        calibration=[Example(*one) for one in stored["calibration"]],
        parameters=stored["parameters"],
        context=stored["context"],
    )
    if schema.id != stored["id"]:
        raise SchemaError(f"schema {schema.name!r} is another one here than where the run was started")
    return schema


def _model_json(model: type[Any]) -> JSONObject:
    """Say where a model comes from: a JSON Schema travels whole, code by its name."""
    if issubclass(model, JsonValue):
        whole: JSONObject = {"json_schema": model.document, "resources": model.resources, "formats": model.formats}
        return {**whole, "title": model.__name__}
    module, name = sys.modules.get(model.__module__), model.__qualname__
    file = getattr(module, "__file__", None)
    try:
        found: JSON = attrgetter(name)(module)
    except AttributeError:
        found = None
    is_found = found is not None and (found is model or (issubclass(model, TypedRoot) and found is model.source))
    if not is_found or module is None or module.__name__ == "__main__":
        if issubclass(model, TypedRoot):
            raise SchemaError(
                f"{name} is a type without a name, which no other process finds: give it one in a module, as in "
                "Items = list[Item], and name that, module:Items"
            )
        raise SchemaError(
            f"{name} is defined where no other process finds it: put it into a module, or name it path/file.py:{name}"
        )
    if module.__spec__ is None and file is not None:  # a file that was executed is no module that can be imported
        path = Path(file).resolve()
        return {"file": str(path), "digest": _digest(path), "name": name}
    return {"module": module.__name__, "name": name, "folder": str(Path.cwd())}


def _model_of(stored: JSONObject) -> type[Any]:
    if "json_schema" in stored:
        return response_model(
            stored["json_schema"],
            name=stored["title"],
            resources=stored["resources"],
            formats=stored["formats"],
        )
    if "module" in stored:
        return import_model(stored["module"], stored["name"], Path(stored["folder"]))
    path = Path(stored["file"])
    if _digest(path) != stored["digest"]:
        raise SchemaError(f"Python file {str(path)!r} is not what it was when the run was started: start it again")
    return execute_model(path, stored["name"])


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        reason = error.strerror or error
        raise SchemaError(f"Python file {str(path)!r} cannot be read: {reason}: each worker needs it there") from None
