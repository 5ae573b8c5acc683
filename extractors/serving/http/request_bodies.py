"""What a request to extract holds: JSON with a text, or a file by multipart, which the readers read."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.readers.read_file import read_file
from slotfill.extractors.documents.readers.read_options import ReadOptions
from slotfill.extractors.serving.problem import ProblemError
from slotfill.schemas.json_values.pointer import join

__all__ = ["ExtractBody", "checked_body", "file_text", "read_body"]

Body = TypeVar("Body", bound=BaseModel)

# It tells of forms byte by byte.
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)

_STRICT = ConfigDict(extra="forbid", strict=True)
_MOST_FIELDS = 8

MOST_PATH = 200
"""Characters of a path that a problem tells: its keys are the client's own."""

Label = Annotated[str, Field(min_length=1, max_length=200)]
Labels = Annotated[dict[Label, Annotated[str, Field(max_length=200)]], Field(max_length=20)]
Name = Annotated[str, Field(min_length=1, max_length=500)]


class _JSONBody(BaseModel):
    """One document, as JSON."""

    model_config = _STRICT

    text: Annotated[str, Field(description="What to extract from.")]
    id: Annotated[Name | None, Field(description="What the record names it by, as its source.")] = None
    labels: Annotated[Labels, Field(description="What its costs bear beside those of the key.")] = Field(
        default_factory=dict
    )
    model: Annotated[Name | None, Field(description="The model; by default the service's own choice.")] = None
    schema_: Annotated[
        dict[str, Any] | None, Field(alias="schema", description="A JSON Schema, where requests may bring one.")
    ] = None


@dataclass(frozen=True, slots=True)
class ExtractBody:
    """A request's document, and what else it says.

    Attributes:
        document: What to extract from.
        model: The model, if it names one.
        labels: What its costs bear beside those of the key.
        schema: The JSON Schema that it brings, if it does.
        digest: Of all that it says, however that is written: clients part the same form by other boundaries.
    """

    document: Document
    model: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    schema: Mapping[str, Any] | None = None
    digest: str = ""

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Describe its form as JSON."""
        return _JSONBody.model_json_schema(by_alias=True)


async def read_body(request: Request) -> ExtractBody:
    """Read what a request holds.

    Raises:
        ProblemError: It is of another form (422), or of another type (415).
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        body = checked_body(_JSONBody, await request.body())
        document = Document.of(body.text, body.id)
        return ExtractBody(document, body.model, body.labels, body.schema_, _digest(body))
    if kind == "multipart/form-data":
        return await _read_form(request)
    detail = 'send application/json with a "text", or multipart/form-data with a "file"'
    raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_type", detail)


async def file_text(request: Request) -> str:
    """Return the text of a file that a request brings, as it would be read to extract from it."""
    document = (await _read_form(request)).document
    if document.failure:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, document.failure.type.value, document.failure.message)
    return document.text


async def _read_form(request: Request) -> ExtractBody:
    try:
        form = await request.form(max_files=1, max_fields=_MOST_FIELDS)
    except HTTPException as error:  # what Starlette makes of a form that cannot be read
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_form", f"the form: {error.detail}") from None
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "no_file", 'the form has no file called "file"')
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        data = await file.read()
        if unknown := fields.keys() - {"model", "labels", "schema"}:
            detail = f"the form has fields that are none: {', '.join(sorted(map(repr, unknown)))[:200]}"
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_form", detail)
        given = {name: _json_field(name, fields[name]) for name in ("labels", "schema") if name in fields}
        rest = checked_body(_JSONBody, json.dumps({"text": "", "model": fields.get("model"), **given}).encode())
        document = await asyncio.to_thread(_document, data, file.filename or "file")
        said = _digest(rest, file.filename or "", hashlib.sha256(data).hexdigest())
        return ExtractBody(document, rest.model, rest.labels, rest.schema_, said)
    finally:
        await form.close()


def _digest(body: _JSONBody, *file: str) -> str:
    whole = json.dumps([body.model_dump(), *file], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


def _document(data: bytes, name: str) -> Document:
    """Read a file that one document stands in, by the reader of its kind."""
    part, *others = read_file(data, name, ReadOptions())
    if others:
        detail = f"the file holds {len(others) + 1} documents: send them one by one, or use `slotfill extract`"
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "several_documents", detail)
    return Document.of_file(part, name)


def _json_field(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        detail = f"the form's field {name!r} is no JSON"
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_form", detail) from None


def checked_body(model: type[Body], data: bytes) -> Body:
    """Check a body. What is said of it names places, never what stands there.

    Raises:
        ProblemError: It is of another form (422).
    """
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False, include_context=False)
        places = [{"path": _pointer(one["loc"]), "message": one["msg"]} for one in errors[:20]]
        first = places[0]
        detail = f"{first['path'] or 'the body'}: {first['message']}"
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_body", detail, more={"errors": places}) from None


def _pointer(location: tuple[int | str, ...]) -> str:
    return join(location)[:MOST_PATH]
