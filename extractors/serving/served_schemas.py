"""The schemas that a service extracts: those that it was started with, and those of requests where that is allowed."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError

from slotfill.extractors.catalogue.transport_facts import transport_name
from slotfill.extractors.clients.credentials import credential_for
from slotfill.extractors.errors import ModelError, SettingsError
from slotfill.extractors.extractor import Extractor
from slotfill.extractors.keys.api_key import ApiKey
from slotfill.extractors.options import Options
from slotfill.extractors.serving.problem import ProblemError, problem_of_form
from slotfill.extractors.settings import Settings
from slotfill.schemas.errors import SchemaError
from slotfill.schemas.json_values.exact_json import dumps
from slotfill.schemas.parameters import lacking
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.schema_sources import resolve

__all__ = ["IN_REQUEST", "ServedSchemas", "with_params"]

IN_REQUEST = "*"
"""What stands in the place of a schema's name in a key that may send schemas of its own."""

MOST_BYTES = 64_000
"""Of a schema in a request, as JSON: what people extract by seldom has a tenth."""

MOST_PARTS = 3_000
"""So many keywords, properties and items in all: 500 fields with a type and a description have half as many."""

MOST_DEPTH = 32
"""So deep it may be nested."""

REMEMBERED = 64
"""So many extractors for what requests bring are kept: making one takes milliseconds, and a client sends it again."""

Params = Mapping[str, Any] | None
"""A schema's parameters, as a request sets them."""

_ANY: dict[str, Any] = {"title": "any", "type": "object"}


@dataclass(slots=True)
class _Lent:
    """An extractor, how many requests are at work with it, and whether no further one will be."""

    extractor: Extractor[Any]
    uses: int = 0
    is_prepared: bool = False
    is_forgotten: bool = False

    async def close_forgotten(self) -> None:
        if self.is_forgotten and not self.uses:
            await self.extractor.aclose()


class ServedSchemas:
    """Holds an extractor for each, and for each model that may be asked.

    Args:
        schemas: By name.
        models: The first one is asked where a request names none, and the others where it may not answer.
        options: How extractors are made, beside model and schema.
        allow_schemas: Whether requests may bring a JSON Schema.

    Attributes:
        named: The schemas that were named.
        models: The models that may be asked.
        settings: What all extractors go by.

    Raises:
        As `Extractor` does, for what cannot be used.
    """

    def __init__(
        self, schemas: Mapping[str, Schema[Any]], models: Sequence[str], options: Options, *, allow_schemas: bool
    ) -> None:
        self.named, self.allow_schemas = dict(schemas), allow_schemas
        self._options = options
        self._chosen = tuple(models)
        # One whose parameters have no default is asked for with those of a request alone.
        self._lent = OrderedDict[tuple[str, str | None, str], _Lent](
            ((name, None, ""), _Lent(self._new(schema, None)))
            for name, schema in self.named.items()
            if not lacking(schema.parameters)
        )
        first = next((one.extractor for one in self._lent.values()), None) or self._new(_ANY, None)
        self.settings: Settings = first.settings
        self.models = first.all_models
        for name in self.models:
            if not transport_name(name):
                credential_for(name, self.settings)  # each request would fail for want of one

    async def aclose(self) -> None:
        """Close all extractors."""
        for one in self._lent.values():
            await one.extractor.aclose()

    def for_key(self, key: ApiKey) -> dict[str, Schema[Any]]:
        """Return the schemas that a key may use, by name."""
        return {name: schema for name, schema in self.named.items() if key.takes_schema(name)}

    def models_for(self, key: ApiKey) -> list[str]:
        """Return the models that a key may ask."""
        return [model for model in self.models if key.takes_model(model)]

    def takes_schemas_of(self, key: ApiKey) -> bool:
        """Whether a key may send a schema with its requests."""
        return self.allow_schemas and key.takes_schema(IN_REQUEST)

    def check(self, key: ApiKey, schema: str | Mapping[str, Any], model: str | None, params: Params = None) -> None:
        """Refuse what is not served, or not for a key.

        Raises:
            ProblemError: 403 for what the key may not, 404 for a schema that there is not, 422 for parameters that it
                does not take.
        """
        if isinstance(schema, str):
            if schema not in self.named:
                detail = "there is no schema of that name: GET /v1/schemas lists those of this key"
                raise ProblemError(HTTPStatus.NOT_FOUND, "unknown_schema", detail)
            if not key.takes_schema(schema):
                raise _forbidden(key, f"the schema {schema!r}")
        elif not self.allow_schemas:
            detail = "this service extracts the schemas that it was started with: GET /v1/schemas lists them"
            raise ProblemError(HTTPStatus.FORBIDDEN, "schemas_not_allowed", detail)
        elif not key.takes_schema(IN_REQUEST):
            raise _forbidden(key, "schemas of its own")
        unknown = model is not None and model not in self.models
        if unknown:
            raise ProblemError(HTTPStatus.FORBIDDEN, "unknown_model", "the service does not ask a model of that name")
        asked = self.models if model is None else (model,)
        if refused := [name for name in asked if not key.takes_model(name)]:
            raise _forbidden(key, f"the model {refused[0]!r}")
        self.check_params(schema, params)

    def check_params(self, schema: str | Mapping[str, Any], params: Params) -> None:
        """Refuse parameters that a schema does not take, each by its JSON: the text of a number is none.

        Args:
            schema: A name that is served, or a JSON Schema, which has none.
            params: What the request says; None where it says nothing.

        Raises:
            ProblemError: They are others, or one is missing that has no default (422).
        """
        declared = self.named[schema].parameters if isinstance(schema, str) else None
        if declared is not None:
            try:
                type(declared).model_validate_json(dumps(dict(params or {})), strict=True)
            except ValidationError as error:
                raise problem_of_form(error, "bad_params", below=("params",)) from None
        elif params is not None:
            detail = "/params: the schema takes no parameters: leave params out"
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_params", detail)

    def extractor_of_its_own(
        self, schema: str | Mapping[str, Any], model: str | None, params: Params = None, *, batch: bool = False
    ) -> Extractor[Any]:
        """Make an extractor for what was checked, which is the caller's to close. It takes a second at most.

        Args:
            schema: A name, or a JSON Schema.
            model: The model; None for the service's own choice.
            params: The schema's parameters.
            batch: Whether it is for batches, whose requests are answered over more than five minutes.

        Raises:
            ProblemError: The schema cannot be used (422).
        """
        if not isinstance(schema, str):
            _written(schema)
        return self._make(schema, model, params, {"cache_ttl": "1h"} if batch else {})

    @asynccontextmanager
    async def lent(
        self,
        schema: str | Mapping[str, Any],
        model: str | None,
        prepare: Callable[[Extractor[Any]], None],
        params: Params = None,
    ) -> AsyncIterator[Extractor[Any]]:
        """Lend the extractor for what was checked: it is not closed meanwhile.

        Args:
            schema: A name, or a JSON Schema.
            model: The model; None for the service's own choice.
            prepare: Is called with an extractor before it is used for the first time.
            params: The schema's parameters.

        Raises:
            ProblemError: The schema cannot be used (422).
        """
        text = schema if isinstance(schema, str) else _written(schema)
        name = text, model, json.dumps(params, sort_keys=True) if params else ""
        if name not in self._lent:
            made = await asyncio.to_thread(self._make, schema, model, params)  # hundreds of fields take a second
            if self._lent.setdefault(name, _Lent(made)).extractor is not made:
                await made.aclose()  # another request has made one meanwhile
        one = self._lent[name]
        one.uses += 1
        try:
            if not one.is_prepared:
                one.is_prepared = True
                prepare(one.extractor)
            self._lent.move_to_end(name)
            await self._forget_oldest()
            yield one.extractor
        finally:
            one.uses -= 1
            await one.close_forgotten()

    def _make(
        self, schema: str | Mapping[str, Any], model: str | None, params: Params, options: Options | None = None
    ) -> Extractor[Any]:
        if isinstance(schema, str):
            return self._new(with_params(self.named[schema], params), model, options)
        try:
            return self._new(schema, model, options)
        except (SchemaError, SettingsError, ModelError) as error:
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "unusable_schema", str(error)) from None

    def _new(
        self, schema: Schema[Any] | Mapping[str, Any], model: str | None, own: Options | None = None
    ) -> Extractor[Any]:
        models = self._chosen if model is None else (model,)
        options: Options = {**self._options, **(own or {})}
        if models:
            options["model"] = models
        return Extractor(schema, **options)

    async def _forget_oldest(self) -> None:
        of_requests = [name for name in self._lent if name[0] not in self.named or name[2]]
        for name in of_requests[: max(0, len(of_requests) - REMEMBERED)]:
            one = self._lent.pop(name)
            one.is_forgotten = True
            await one.close_forgotten()


def with_params(schema: Schema[Any], params: Params) -> Schema[Any]:
    """Return a schema with these parameters, which `ServedSchemas.check_params` has let pass."""
    return resolve(schema, parameters=params) if params else schema


def _forbidden(key: ApiKey, what: str) -> ProblemError:
    return ProblemError(HTTPStatus.FORBIDDEN, "not_for_this_key", f"the key {key.name!r} may not use {what}")


def _written(schema: Mapping[str, Any]) -> str:
    """Write a schema of a request, its properties in their order.

    Raises:
        ProblemError: It is larger than what people extract by.
    """
    parts, rest = 0, [(schema, 1)]
    while rest:  # without recursion: it comes from anybody
        one, depth = rest.pop()
        inner: Any = one.values() if isinstance(one, Mapping) else one if isinstance(one, list) else ()
        rest += [(part, depth + 1) for part in inner]
        parts += 1
        if depth > MOST_DEPTH or parts + len(rest) > MOST_PARTS:
            raise _too_large()
    text = json.dumps(schema)
    if len(text) > MOST_BYTES:
        raise _too_large()
    return text


def _too_large() -> ProblemError:
    detail = f"a schema may have {MOST_BYTES:,} bytes of JSON, {MOST_PARTS:,} parts and {MOST_DEPTH} levels"
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "schema_too_large", detail)
