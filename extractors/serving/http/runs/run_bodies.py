"""What a request for a run holds: documents as JSON, or files by multipart, which go to the disk as they come."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import FormData
from starlette.requests import Request

from slotfill.extractors.serving.http.requests.request_bodies import (
    Labels,
    Name,
    Params,
    checked_body,
    given_params,
    json_field,
    media_type,
)
from slotfill.extractors.serving.http.runs.run_form import read_run_form
from slotfill.extractors.serving.problem import ProblemError
from slotfill.extractors.serving.runs.run_documents import write_documents
from slotfill.extractors.serving.runs.run_order import InputFile

__all__ = ["RunBody", "read_run_body"]

_FIELDS = ("schema", "params", "model", "labels", "text_field", "id_field", "keep")


class _RunDocument(BaseModel):
    """One document."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: Annotated[str, Field(description="What to extract from.")]
    id: Annotated[Name | None, Field(description="What its record names it by, as its source.")] = None


class _RunForm(BaseModel):
    """What a run goes by."""

    model_config = ConfigDict(extra="forbid", strict=True)

    schema_: Annotated[
        Name | dict[str, Any],
        Field(alias="schema", description="The schema's name, or a JSON Schema, where requests may bring one."),
    ]
    model: Annotated[Name | None, Field(description="The model; by default the service's own choice.")] = None
    labels: Annotated[Labels, Field(description="What its costs bear beside those of the key.")] = Field(
        default_factory=dict
    )
    params: Params = Field(default_factory=dict)


class _RunDocuments(_RunForm):
    """Documents, as JSON."""

    documents: Annotated[list[_RunDocument], Field(min_length=1)]


class _RowForm(BaseModel):
    """What a form says of rows."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text_field: Name | None = None
    id_field: Name | None = None
    keep: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True)
class RunBody:
    """What is asked for; the documents stand in the folder.

    Attributes:
        schema: The schema's name, or a JSON Schema.
        model: The model, if it names one.
        labels: What the costs bear beside those of the key.
        files: The files that were sent; none where documents came as JSON.
        count: How many documents these were.
        text_field: Of rows, as on the command line.
        id_field: As there.
        keep: As there.
        batch: Whether its requests go into message batches.
        params: The schema's parameters, which are to be checked; None where it says nothing of them.
        digest: Of all that it says, but for that.
    """

    schema: str | Mapping[str, Any]
    model: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    files: tuple[InputFile, ...] = ()
    count: int | None = None
    text_field: str | None = None
    id_field: str | None = None
    keep: tuple[str, ...] = ()
    batch: bool = False
    params: Mapping[str, Any] | None = None
    digest: str = ""

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Describe its form as JSON, without what is said of the parameters of each schema."""
        schema = _RunDocuments.model_json_schema(by_alias=True)
        del schema["properties"]["params"]
        # References would be read from the top of the whole description.
        schema["properties"]["documents"]["items"] = schema.pop("$defs")[_RunDocument.__name__]
        return schema


async def read_run_body(request: Request, folder: Path, *, batch: bool) -> RunBody:
    """Read what a request holds, and put its documents into a folder.

    Args:
        request: The request.
        folder: Where its documents go.
        batch: Whether it asks for message batches.

    Raises:
        ProblemError: It is of another form (422), or of another type (415).
    """
    kind = media_type(request)
    if kind == "application/json":
        return replace(await asyncio.to_thread(_read_json, await request.body(), folder), batch=batch)
    if kind == "multipart/form-data":
        return replace(await _read_form(request, folder), batch=batch)
    detail = 'send application/json with "documents", or multipart/form-data with one "file" or several'
    raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_type", detail)


def _read_json(data: bytes, folder: Path) -> RunBody:
    body = checked_body(_RunDocuments, data)
    write_documents(folder, ((one.text, one.id) for one in body.documents))
    digest = hashlib.sha256(json.dumps(body.model_dump(), sort_keys=True).encode()).hexdigest()
    count, params = len(body.documents), given_params(body)
    return RunBody(body.schema_, body.model, body.labels, count=count, params=params, digest=digest)


async def _read_form(request: Request, folder: Path) -> RunBody:
    form, files, contents = await read_run_form(request, folder, most_fields=len(_FIELDS) + 50)
    said, rows = _fields_of(form)
    digest = hashlib.sha256(json.dumps([said.model_dump(), rows.model_dump()], sort_keys=True).encode() + contents)
    return RunBody(
        said.schema_,
        said.model,
        said.labels,
        files,
        text_field=rows.text_field,
        id_field=rows.id_field,
        keep=rows.keep,
        params=given_params(said),
        digest=digest.hexdigest(),
    )


def _fields_of(form: FormData) -> tuple[_RunForm, _RowForm]:
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    if unknown := fields.keys() - set(_FIELDS):
        detail = f"the form has fields that are none: {', '.join(sorted(map(repr, unknown)))[:200]}"
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_form", detail)
    if "schema" not in fields:
        detail = 'the form has no field "schema": the name of one, or a JSON Schema'
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_form", detail)
    said: dict[str, Any] = {name: fields[name] for name in ("schema", "model") if name in fields}
    if said["schema"].lstrip().startswith("{"):
        said["schema"] = json_field("schema", said["schema"])
    said.update({name: json_field(name, fields[name]) for name in ("labels", "params") if name in fields})
    rows: dict[str, Any] = {name: fields[name] for name in ("text_field", "id_field") if name in fields}
    rows["keep"] = [name for name in form.getlist("keep") if isinstance(name, str)]
    return (
        checked_body(_RunForm, json.dumps(said).encode()),
        checked_body(_RowForm, json.dumps(rows).encode()),
    )
