"""Each call that is made into Instructor, pinned: what goes in, and what must come out."""

import asyncio
import json

import anthropic
import instructor
import pytest
from anthropic.types import Message
from instructor.v2.core.providers import Provider
from instructor.v2.core.registry import mode_registry
from scripted import message

from slotfill import ModelError
from slotfill.extractors.clients.instructor_bridge import _MODES, CREATE, ReplyForm, patch_client

SCHEMA = {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]}
FORM = ReplyForm("parcel", SCHEMA)
ASK = {"model": "claude-haiku-5-5", "max_tokens": 9, "messages": [{"role": "user", "content": "Hm."}]}


def replied(*content):
    return Message.model_validate({**message(), "content": list(content)})


def call(name="parcel"):
    return {"type": "tool_use", "id": "toolu_1", "name": name, "input": {"code": "ZX"}}


def test_each_mode_has_handlers_of_its_own():
    handlers = {mode: mode_registry.get_handlers(Provider.ANTHROPIC, known) for mode, known in _MODES.items()}
    assert handlers.keys() == {"structured", "tool", "text"}
    assert all(callable(one.request_handler) and callable(one.response_parser) for one in handlers.values())


def test_a_tool_is_written_with_the_whole_schema_and_forced():
    request = FORM.request("tool")
    (tool,) = request["tools"]
    assert request.keys() == {"tools", "tool_choice"}
    assert (tool["name"], request["tool_choice"]["name"], request["tool_choice"]["type"]) == (
        "parcel",
        "parcel",
        "tool",
    )
    assert tool["description"] == "The parcel that the document holds."
    assert {key: tool["input_schema"][key] for key in SCHEMA} == SCHEMA


def test_the_schema_is_shown_in_a_system_text():
    request = FORM.request("text")
    assert request.keys() == {"system"}
    (block,) = request["system"]
    assert block["type"] == "text"
    assert json.dumps(SCHEMA["properties"], indent=2).replace("\n", "\n  ") in block["text"]


def test_nothing_is_kept_from_one_request_to_the_next():
    first = FORM.request("tool")
    first["tools"].append("spoilt")
    assert FORM.request("tool") != first


@pytest.mark.parametrize("mode", ["text", "structured"])
def test_the_json_of_a_text_is_given_as_it_is(mode):
    assert FORM.find(mode, replied({"type": "text", "text": '{"code": 1.10}'})) == '{"code": 1.10}'
    assert FORM.find(mode, replied()) is None


def test_the_input_of_the_one_call_is_found():
    assert json.loads(FORM.find("tool", replied(call()))) == {"code": "ZX"}
    assert FORM.find("tool", replied(call(), call())) is None
    assert FORM.find("tool", replied()) is None


def test_create_sends_what_is_written_once_and_gives_the_message(service):
    client = patch_client(service.script((500, {})).client(), asynchronous=False)
    with pytest.raises(anthropic.InternalServerError):
        client.create(**CREATE, **ASK)
    assert service.requests == [ASK]
    service.script(message("Hm."))
    assert isinstance(client.create(**CREATE, **ASK), Message)
    assert service.requests == [ASK, ASK]


def test_an_async_client_does_the_same(service):
    client = patch_client(service.script(message("Hm.")).async_client(), asynchronous=True)
    assert isinstance(asyncio.run(client.create(**CREATE, **ASK)), Message)
    assert service.requests == [ASK]


def test_a_patched_client_is_patched_once(service):
    bare = service.client()
    assert patch_client(instructor.from_anthropic(bare), asynchronous=False).client is bare


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_client_of_the_other_kind_is_refused(service, asynchronous):
    client = service.client() if asynchronous else service.async_client()
    with pytest.raises(ModelError, match="need a client of the other kind than the one given"):
        patch_client(client, asynchronous=asynchronous)
