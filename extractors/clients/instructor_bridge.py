"""The bridge to Instructor: all that is called of it stands here, and `test_instructor_bridge.py` pins each call.

Its own Anthropic handlers write the tool and the schema's text, and find the JSON in a message. They are called here,
and not by way of `create(response_model=…)`, because the service's structured outputs live in `output_config.format`,
which Instructor's request handler does not know; because what they find is validated once, by the plan, with the
document at hand; and because a thousand replies a second leave no time to walk the model seven times for each. That
`create` alone sends what is written, with Instructor's own retries off. Its global registry is read, never changed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol, cast

import instructor
from anthropic.types import Message
from instructor import Mode as InstructorMode
from instructor.v2.core.errors import ResponseParsingError
from instructor.v2.core.providers import Provider
from instructor.v2.core.registry import ModeHandlers, mode_registry
from instructor.v2.core.response_model import prepare_response_model
from pydantic import BaseModel, ValidationError

from slotfill.extractors.errors import ModelError
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.wire.losses import Mode

__all__ = ["CREATE", "PatchedClient", "ReplyForm", "patch_client"]

_MODES = {"structured": InstructorMode.JSON_SCHEMA, "tool": InstructorMode.TOOLS, "text": InstructorMode.JSON}

CREATE: Mapping[str, object] = {"response_model": None, "max_retries": 0}
"""What each request says to Instructor's `create`: the message as the SDK gives it, and no try after the first."""


class PatchedClient(Protocol):
    """A client that Instructor has patched, sync or async."""

    client: Any
    """The SDK's own."""

    def create(self, **arguments: JSON) -> Any:
        """Send a request."""


def patch_client(client: Any, *, asynchronous: bool) -> PatchedClient:
    """Patch a client of the SDK; a patched one is taken apart first. Raises ModelError for one of the other kind."""
    bare: Any = client.client if isinstance(client, instructor.Instructor) else client
    patched = instructor.from_anthropic(bare)
    if isinstance(patched, instructor.AsyncInstructor) != asynchronous:
        calls, other = ("aextract() and amap()", "Async") if asynchronous else ("extract() and map()", "")
        raise ModelError(f"{calls} need a client of the other kind than the one given: pass {other}Anthropic()")
    return cast("PatchedClient", patched)


class ReplyForm:
    """The form of a reply, in Instructor's terms: JSON of a schema, under a name, which a tool has too."""

    def __init__(self, name: str, json_schema: JSONMapping) -> None:
        self._model: Any = prepare_response_model(_reply_model(name, json_schema))

    def request(self, mode: Mode) -> JSONObject:
        """Write what of a request asks for it: the tool, or a system text with the schema."""
        _, written = _handlers(mode).request_handler(self._model, {"messages": []})
        return {key: value for key, value in written.items() if key != "messages"}

    def find(self, mode: Mode, message: Message) -> str | None:
        """Find the JSON of the reply in a message; None where there is no such thing, or more than one."""
        try:
            text: str = _handlers(mode).response_parser(message, self._model, None, True)
        except (ValidationError, ResponseParsingError, json.JSONDecodeError):
            return None
        return text


def _reply_model(name: str, json_schema: JSONMapping) -> type[BaseModel]:
    """Make the response model that Instructor is given: it sends the schema, and takes the reply's JSON as it is."""

    class Reply(BaseModel):
        @classmethod
        def model_json_schema(cls, *_: object, **__: object) -> JSONObject:
            return {"description": f"The {name} that the document holds.", **json_schema, "title": name}

        @classmethod
        def model_validate_json(cls, json_data: str, **_: object) -> JSON:  # type: ignore[override]  # a text, not a model
            return json_data

    Reply.__name__ = Reply.__qualname__ = name
    return Reply


def _handlers(mode: Mode) -> ModeHandlers:
    return mode_registry.get_handlers(Provider.ANTHROPIC, _MODES[mode])
