"""What a tool is called with, checked, and what it answers: a result, or an error that says what to do. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from slotfill.extractors.record.json_text import json_text
from slotfill.schemas.errors import SlotfillError
from slotfill.schemas.json_values.json_types import JSON, JSONObject
from slotfill.schemas.json_values.pointer import join

__all__ = [
    "CheckArguments",
    "ExtractArguments",
    "SchemasArguments",
    "ToolAnswer",
    "ToolError",
    "ViewArguments",
    "arguments_as",
]

MOST_LINE = 8_000
"""Characters of a schema in one line: what people write has some hundred."""

_SCHEMA = "A name that the tool `schemas` lists, or one line of fields, such as: name, age int?, tags [str]"


class ToolError(SlotfillError):
    """A call that gives no result. What it says never holds a credential."""


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """What a tool answers.

    Attributes:
        content: By the tool's output schema.
        is_error: Whether there is no whole value in it.
        message: What is said before the content, where it is an error.
        page: A page of HTML beside it.
    """

    content: JSONObject
    is_error: bool = False
    message: str = ""
    page: str | None = None

    @property
    def text(self) -> str:
        """The content as JSON text, with all digits of its numbers."""
        return json_text(self.content)


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=False)


class ExtractArguments(_Arguments):
    """What `extract` takes: exactly one of `text` and `path`."""

    source: Annotated[str, Field(alias="schema", min_length=1, max_length=MOST_LINE, description=_SCHEMA)]
    text: Annotated[str | None, Field(description="The document's text. Give this or path.")] = None
    path: Annotated[
        str | None,
        Field(description="A file below the server's root, from there on: mails/17.eml. Give this or text."),
    ] = None
    params: Annotated[
        dict[str, Any] | None,
        Field(description="Parameters of the schema, where the tool `schemas` says that it has some."),
    ] = None


class SchemasArguments(_Arguments):
    """What `schemas` takes."""

    source: Annotated[
        str | None,
        Field(alias="schema", min_length=1, max_length=MOST_LINE, description=f"{_SCHEMA}. Without it all are listed."),
    ] = None


class CheckArguments(_Arguments):
    """What `check` takes."""

    source: Annotated[str, Field(alias="schema", min_length=1, max_length=MOST_LINE, description=_SCHEMA)]
    max_examples: Annotated[int, Field(ge=1, le=100, description="How many values are made for each law.")] = 25


class ViewArguments(_Arguments):
    """What `view` takes."""

    documents: Annotated[
        list[str] | None,
        Field(min_length=1, description="Ids of documents, as their records have them. Without it: all of late."),
    ] = None
    output: Annotated[
        str | None,
        Field(description="The page's file, below the server's root: report.html. Without it the page is returned."),
    ] = None


A = TypeVar("A", bound=_Arguments)


def arguments_as(form: type[A], arguments: Mapping[str, JSON] | None) -> A:
    """Read the arguments of a call. Raises ToolError, which names what is wrong and quotes nothing of it."""
    try:
        return form.model_validate(arguments or {})
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False, include_input=False)
        told = "; ".join(f"{join(one['loc']) or 'the arguments'}: {one['msg']}" for one in wrong)
        known = ", ".join(form.model_json_schema()["properties"])
        raise ToolError(f"the arguments are not those of the tool: {told}. It takes: {known}") from None
