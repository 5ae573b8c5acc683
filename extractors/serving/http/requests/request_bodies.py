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
from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.readers.read_file import read_file
from slotfill.extractors.documents.readers.read_options import ReadOptions
from slotfill.extractors.serving.problem import MOST_PATH, ProblemError, problem_of_form
from slotfill.schemas.json_values.exact_json import MAX_JSON_DEPTH, DuplicateKeyError, dumps, loads
from slotfill.schemas.json_values.json_types import JSON

__all__ = [
    "ExtractBody",
    "checked_body",
    "file_text",
    "given_params",
    "json_body",
    "json_field",
    "media_type",
    "read_body",
]

Body = TypeVar("Body", bound=BaseModel)

# It tells of forms byte by byte.
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)

_STRICT = ConfigDict(extra="forbid", strict=True)
_MOST_FIELDS = 8

Label = Annotated[str, Field(min_length=1, max_length=200)]
Labels = Annotated[dict[Label, Annotated[str, Field(max_length=200)]], Field(max_length=20)]
Name = Annotated[str, Field(min_length=1, max_length=500)]
Params = Annotated[dict[str, Any], Field(description="The schema's parameters, by name.")]


class _JSONBody(BaseModel):
    """One document, as JSON."""

    model_config = _STRICT

    text: Annotated[str, Field(description="What to extract from.")]
    id: Annotated[Name | None, Field(description="What the record names it by, as its source.")] = None
    labels: Annotated[Labels, Field(description="What its costs bear beside those of the key.")] = Field(
        default_factory=dict
    )
    model: Annotated[Name | None, Field(description="The model; by default the service's own choice.")] = None
    params: Params = Field(default_factory=dict)


class _SchemaBody(_JSONBody):
    """One document, and what to extract from it."""

    schema_: Annotated[dict[str, Any], Field(alias="schema", description="A JSON Schema.")]


@dataclass(frozen=True, slots=True)
class ExtractBody:
    """A request's document, and what else it says.

    Attributes:
        document: What to extract from.
        model: The model, if it names one.
        labels: What its costs bear beside those of the key.
        schema: The JSON Schema that it brings, if it does.
        params: The schema's parameters, which are to be checked; None where it says nothing of them.
        digest: Of all that it says, however that is written: clients part the same form by other boundaries.
    """

    document: Document
    model: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    schema: Mapping[str, Any] | None = None
    params: Mapping[str, Any] | None = None
    digest: str = ""

    @classmethod
    def media_types(cls, *, with_schema: bool, params: Mapping[str, Any] | None, must_have: bool) -> dict[str, Any]:
        """Describe it as JSON and as a form.

        Args:
            with_schema: Whether it brings a schema.
            params: The JSON Schema of the schema's parameters; None where it has none.
            must_have: Whether one of them has no default.
        """
        as_json = _model(with_schema=with_schema).model_json_schema(by_alias=True)
        del as_json["properties"]["params"]
        if params is not None:
            as_json["properties"]["params"] = params
        required = ["params"] if must_have else []
        as_json["required"] = [*as_json["required"], *required]
        parts = {name: part for name, part in as_json["properties"].items() if name not in {"text", "id"}}
        described = {
            "type": "string",
            "format": "binary",
            "description": "Read by the reader of its kind.",
        }
        form = {
            "type": "object",
            "additionalProperties": False,
            "required": ["file", *(["schema"] if with_schema else []), *required],
            "properties": {"file": described, **parts, "model": {"type": "string", "minLength": 1, "maxLength": 500}},
        }
        return {"application/json": {"schema": as_json}, "multipart/form-data": {"schema": form}}


async def read_body(request: Request, *, with_schema: bool) -> ExtractBody:
    """Read what a request holds.

    Args:
        request: The request.
        with_schema: Whether it is to bring a schema, and not to name one of the service's by its address.

    Raises:
        ProblemError: It is of another form (422), or of another type (415).
    """
    kind = media_type(request)
    if kind == "application/json":
        body = checked_body(_model(with_schema=with_schema), await request.body())
        return _body(Document.of(body.text, body.id), body, _digest(body))
    if kind == "multipart/form-data":
        return await _read_form(request, _model(with_schema=with_schema))
    detail = 'send application/json with a "text", or multipart/form-data with a "file"'
    raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_type", detail)


def media_type(request: Request) -> str:
    """Return the type that a request says its body has.

    Raises:
        ProblemError: It says that the body is written in something other than UTF-8 (415).
    """
    kind, parameters = parse_options_header(request.headers.get("content-type", ""))
    charset = parameters.get(b"charset", b"utf-8")
    if charset.lower() not in {b"utf-8", b"utf8"}:
        detail = "a body is written in UTF-8: leave the charset out, or say utf-8"
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_charset", detail)
    return kind.decode("latin-1").lower()


async def file_text(request: Request) -> str:
    """Return the text of a file that a request brings, as it would be read to extract from it."""
    document = (await _read_form(request, _JSONBody)).document
    if document.failure:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, document.failure.type.value, document.failure.message)
    return document.text


def _model(*, with_schema: bool) -> type[_JSONBody]:
    return _SchemaBody if with_schema else _JSONBody


def _body(document: Document, rest: _JSONBody, digest: str) -> ExtractBody:
    schema = rest.schema_ if isinstance(rest, _SchemaBody) else None
    return ExtractBody(document, rest.model, rest.labels, schema, given_params(rest), digest)


def given_params(body: BaseModel) -> dict[str, Any] | None:
    """Return the parameters that a body brings; None where it says nothing of them."""
    return body.params if "params" in body.model_fields_set else None  # type: ignore[attr-defined]


async def _read_form(request: Request, model: type[_JSONBody]) -> ExtractBody:
    if media_type(request) != "multipart/form-data":
        detail = 'send multipart/form-data with a "file"'
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_type", detail)
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
        if len(form.multi_items()) > len(form):
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_form", "the form has two fields of one name")
        if unknown := fields.keys() - {"model", "labels", "schema", "params"}:
            detail = f"the form has fields that are none: {', '.join(sorted(map(repr, unknown)))[:200]}"
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_form", detail)
        given = {name: json_field(name, fields[name]) for name in ("labels", "schema", "params") if name in fields}
        rest = checked_body(model, dumps({"text": "", "model": fields.get("model"), **given}).encode())
        kind = file.content_type or ""
        document = await asyncio.to_thread(_document, data, file.filename or "file", kind)
        digest = _digest(rest, file.filename or "", kind, hashlib.sha256(data).hexdigest())
        return _body(document, rest, digest)
    finally:
        await form.close()


def _digest(body: _JSONBody, *file: str) -> str:
    whole = json.dumps([body.model_dump(), *file], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


def _document(data: bytes, name: str, media_type: str) -> Document:
    """Read a file that one document stands in, by the reader of its kind."""
    part, *others = read_file(data, name, ReadOptions(), media_type=media_type)
    if others:
        detail = f"the file holds {len(others) + 1} documents: send them one by one, or use `slotfill extract`"
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "several_documents", detail)
    return Document.of_file(part, name)


def json_field(name: str, text: str) -> JSON:
    """Read the JSON of a form's field. Raises as `json_body`."""
    return json_body(text.encode(), f"the form's field {name!r}", code="bad_form")


def json_body(data: bytes, place: str = "the body", *, code: str = "bad_body") -> JSON:
    """Read JSON, each digit of it. What is said of it names places and a key, never a value.

    Raises:
        ProblemError: It is none, or could not be written again; a key stands twice in one object (422).
    """
    try:
        return loads(data.decode())
    except UnicodeDecodeError as error:
        reason = f"is no UTF-8, from byte {error.start} on"
    except json.JSONDecodeError as error:
        reason = f"is no JSON: {error.msg}, at character {error.pos}"
    except DuplicateKeyError as error:
        reason = f"has the key {error.key[:MOST_PATH]!r} twice in one object"
    except ValueError:  # its words may quote what stands there
        reason = (
            "is no JSON that can be read: more stands behind its value, a number is none or too large, half a "
            f"surrogate pair is no character, or it is nested more than {MAX_JSON_DEPTH} times"
        )
    raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, code, f"{place} {reason}")


def checked_body(model: type[Body], data: bytes) -> Body:
    """Read and check a body. What is said of it names places, never what stands there.

    Raises:
        ProblemError: It is of another form (422).
    """
    json_body(data)  # it names a key that stands twice, of which the model would take the last
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        raise problem_of_form(error, "bad_body") from None
