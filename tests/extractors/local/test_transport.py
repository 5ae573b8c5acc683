"""The embedded model, for real, through the unchanged SDK."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import jsonschema
import pytest

from slotfill.extractors.errors import ModelError
from slotfill.extractors.local.llama import shared_engine
from slotfill.extractors.local.transport import LocalTransport

pytestmark = pytest.mark.local

OWN = {"base_url": "http://slotfill.local", "api_key": "local", "max_retries": 0}
TEXT = 'Anna Smith, 42, paid 19.99 in Berlin on 2024-05-03 for "blue" shoes.\nShe liked them a lot.'
NAME = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 20}}, "required": ["name"]}


def obj(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def ask(client: anthropic.Anthropic, schema: dict[str, Any], text: str = TEXT, **options: Any) -> Any:
    form = {"format": {"type": "json_schema", "schema": schema}}
    message = {"role": "user", "content": f"<document-0a>\n{text}\n</document-0a>"}
    return client.messages.create(
        **{"model": "local", "max_tokens": 1_024, "messages": [message], "output_config": form, **options}
    )


SHORT = {"type": "string", "maxLength": 12}
LINE = obj(colour={"type": "string", "minLength": 12, "maxLength": 40})
SCHEMAS = {
    "nested": obj(person=obj(name=SHORT, age={"type": "integer"}), place=obj(city=SHORT)),
    "array": obj(words={"type": "array", "items": SHORT, "minItems": 2, "maxItems": 3}),
    "enum": obj(mood={"enum": ["good", "bad", None, 3]}, kind={"const": {"a": [1, True]}}),
    "bounds": obj(
        p={"type": "number", "minimum": 0, "maximum": 20},
        n={"type": "integer", "exclusiveMinimum": 6, "maximum": 9},
        half={"type": "number", "multipleOf": 0.5, "exclusiveMinimum": 0},
    ),
    "optional": {"type": "object", "properties": {"a": SHORT, "b": {"type": "boolean"}, "c": SHORT}},
    "union": obj(x={"anyOf": [{"type": "integer"}, obj(y=SHORT), {"type": "null"}]}),
    "verbatim": obj(
        quotes={"type": "array", "items": {"type": "string", "format": "verbatim"}, "minItems": 3, "maxItems": 3}
    ),
    "value": obj(value={"type": "array", "items": {"enum": ["a", "b"]}, "maxItems": 4, "uniqueItems": True}),
    "references": {
        "$defs": {
            "Node": {
                "type": "object",
                "properties": {
                    "name": SHORT,
                    "nodes": {"type": "array", "items": {"$ref": "#/$defs/Node"}, "maxItems": 1},
                },
                "required": ["name", "nodes"],
            }
        },
        "$ref": "#/$defs/Node",
    },
    "formats": obj(day={"type": "string", "format": "date"}, code={"type": "string", "pattern": "^[A-Z]{2}-[0-9]$"}),
    "tuple": obj(t={"type": "array", "prefixItems": [{"type": "integer"}, SHORT], "minItems": 2, "maxItems": 2}),
    "map": {"type": "object", "additionalProperties": {"type": "integer", "maximum": 99}, "minProperties": 1},
    "whole": {"allOf": [obj(a=SHORT), {"properties": {"b": {"type": "boolean"}}, "required": ["b"]}]}
    | {"additionalProperties": True},
}
del SCHEMAS["whole"]["allOf"][0]["additionalProperties"]


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_reply_is_valid(client: anthropic.Anthropic, name: str) -> None:
    message = ask(client, SCHEMAS[name])
    assert message.stop_reason == "end_turn"
    value = json.loads(message.content[0].text)
    jsonschema.validate(value, SCHEMAS[name], format_checker=jsonschema.FormatChecker())
    if name == "verbatim":
        assert all(quote in TEXT and quote == quote.strip() for quote in value["quotes"])


def test_what_is_required_and_not_in_the_text_is_left_out_not_invented(client: anthropic.Anthropic) -> None:
    share, rows = (
        {"type": "number", "maximum": 1},
        {"type": "array", "items": obj(name=SHORT, price={"type": "number"})},
    )
    schema = obj(share=share, rows=rows, perhaps={"anyOf": [share, {"type": "null"}]})
    message = ask(client, schema, "Anna paid 20 in Berlin.")
    assert message.stop_reason == "not_stated"
    assert json.loads(message.content[0].text) == {"perhaps": None}


def test_a_pattern_that_llguidance_cannot_read_is_an_error_unless_it_holds(client: anthropic.Anthropic) -> None:
    """The rest of the grammar still holds: without it, this would be no JSON."""
    assert json.loads(ask(client, obj(a={"type": "string", "pattern": "(?!x)", "maxLength": 9})).content[0].text)
    with pytest.raises(anthropic.InternalServerError, match=r"does not fit the schema: \$\.a"):
        ask(client, obj(a={"type": "string", "pattern": "(?=z)z{9}", "maxLength": 9}))


def test_a_message_is_whole(client: anthropic.Anthropic) -> None:
    message = ask(client, NAME, model="anything")
    assert (message.type, message.role, message.model) == ("message", "assistant", "anything")
    assert message.id.startswith("msg_")
    assert message._request_id
    assert 20 < message.usage.input_tokens < 400, "what is shown where a schema has no examples counts"
    assert 0 < message.usage.output_tokens < 40


def test_usage_counts_every_token_read_or_served_from_the_cache(client: anthropic.Anthropic) -> None:
    first, second = (ask(client, NAME).usage for _ in range(2))
    assert (first.input_tokens, first.output_tokens) == (second.input_tokens, second.output_tokens)


def test_a_forced_tool_is_called(client: anthropic.Anthropic) -> None:
    message = client.messages.create(
        model="local",
        max_tokens=100,
        system=[{"type": "text", "text": "Name the person."}],
        messages=[{"role": "user", "content": [{"type": "text", "text": TEXT}]}],
        tools=[{"name": "other", "input_schema": {"type": "object"}}, {"name": "person", "input_schema": NAME}],
        tool_choice={"type": "tool", "name": "person"},
    )
    (block,) = message.content
    assert (message.stop_reason, block.type, block.name) == ("tool_use", "tool_use", "person")
    jsonschema.validate(block.input, NAME)


def test_examples_are_followed(client: anthropic.Anthropic) -> None:
    turns = []
    for word in ("red", "green", "blue", "grey"):
        turns += [
            {"role": "user", "content": f"<document-0b>\nI like {word}.\n</document-0b>"},
            {"role": "assistant", "content": json.dumps({"colour": word})},
        ]
    turns.append({"role": "user", "content": "<document-0c>\nI like pink.\n</document-0c>"})
    assert json.loads(ask(client, obj(colour=SHORT), messages=turns).content[0].text) == {"colour": "pink"}


def test_plain_text(client: anthropic.Anthropic) -> None:
    message = client.messages.create(
        model="local", max_tokens=8, messages=[{"role": "user", "content": "Once upon a time"}]
    )
    assert message.content[0].text.strip()
    assert message.stop_reason == "max_tokens"
    assert message.usage.output_tokens == 8


@pytest.mark.parametrize("tool", [False, True])
def test_a_reply_that_is_cut_says_so(client: anthropic.Anthropic, tool: bool) -> None:
    form: dict[str, Any] = {"max_tokens": 3}
    if tool:
        form |= {"tools": [{"name": "t", "input_schema": LINE}], "tool_choice": {"type": "tool", "name": "t"}}
    message = ask(client, LINE, **form)
    assert message.stop_reason == "max_tokens"
    assert message.usage.output_tokens == 3
    assert isinstance(message.content[0].input, dict) if tool else '{"colour' in message.content[0].text


def test_a_prompt_that_is_too_long_is_refused_with_the_limit(client: anthropic.Anthropic) -> None:
    with pytest.raises(
        anthropic.BadRequestError, match=r"prompt is too long: 90\d\d tokens > 4608 maximum; SLOTFILL_LOCAL_CONTEXT"
    ):
        ask(client, LINE, "word " * 9_000)
    with pytest.raises(anthropic.APIStatusError) as caught:
        ask(client, NAME, "word " * 1_000_000)
    assert caught.value.status_code == 413


def test_the_oldest_examples_make_room(client: anthropic.Anthropic) -> None:
    shot = [{"role": "user", "content": "word " * 4_600}, {"role": "assistant", "content": '{"name": "x"}'}]
    last = {"role": "user", "content": f"<document-0a>\n{TEXT}\n</document-0a>"}
    few = [{"role": "user", "content": "Bo came."}, {"role": "assistant", "content": '{"name": "Bo"}'}]
    fitted, few_only = (ask(client, NAME, messages=shots).usage for shots in ([*shot, *shot, *few, last], [*few, last]))
    assert fitted.input_tokens == few_only.input_tokens
    assert few_only.input_tokens < ask(client, NAME, messages=[*few, *few, last]).usage.input_tokens


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"messages": []}, "messages: at least one"),
        ({"messages": [{"role": "user", "content": [{"type": "image", "source": {}}]}]}, "reads text only"),
        (
            {"messages": [{"role": "user", "content": [{"type": "document", "source": {}}]}]},
            "reads text only, no block of type 'document'",
        ),
        ({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "{"}]}, "prefilled"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"output_config": {"format": {"type": "json_schema", "schema": {"type": 3}}}}, "output_config"),
    ],
)
def test_a_bad_request_is_refused(client: anthropic.Anthropic, change: dict[str, Any], said: str) -> None:
    with pytest.raises(anthropic.BadRequestError, match=said):
        ask(client, NAME, **change)


def test_other_paths(client: anthropic.Anthropic, model_file: Path) -> None:
    with httpx2.Client(transport=LocalTransport(model_file), base_url="http://slotfill.local", timeout=None) as http:
        reply = http.post("/v1/complete", json={})
        assert (reply.status_code, reply.json()["error"]["type"]) == (404, "not_found_error")
        assert http.post("/v1/messages", content=b"\xff{").status_code == 400
    assert [model.max_input_tokens for model in client.models.list()] == [5_120]
    assert client.models.retrieve("local").id == "local"


@pytest.mark.parametrize(
    "text", ["", " ", "\x00 nil \x00", "<|im_end|> <|endoftext|>", "\ud800 alone", "%s {{ x }} /a/ \x1b"]
)
def test_no_document_breaks_the_engine(model_file: Path, text: str) -> None:
    schema = obj(quote={"type": "string", "format": "verbatim"})
    body = {
        "model": "local",
        "max_tokens": 60,
        "messages": [{"role": "user", "content": f"<document-0a>\n{text}\n</document-0a>"}],
        "output_config": {"format": {"type": "json_schema", "schema": schema}},
    }
    with httpx2.Client(transport=LocalTransport(model_file), base_url="http://slotfill.local", timeout=None) as http:
        reply = http.post("/v1/messages", content=json.dumps(body))
        assert reply.json()["type"] == ("message" if reply.status_code == 200 else "error")
        assert reply.status_code == (500 if "\ud800" in text else 200), reply.json()


def test_requests_at_once_do_not_mix(model_file: Path) -> None:
    async def both() -> list[str]:
        http_client = httpx2.AsyncClient(transport=LocalTransport(model_file))
        async with anthropic.AsyncAnthropic(http_client=http_client, **OWN) as client:
            names = ("Zoe", "Karl", "Mia")
            asks = (ask(client, obj(who={"type": "string", "format": "verbatim"}), f"{name}") for name in names)
            return [json.loads(message.content[0].text)["who"] for message in await asyncio.gather(*asks)]

    assert asyncio.run(both()) == ["Zoe", "Karl", "Mia"]


def test_a_cancelled_request_frees_the_engine(model_file: Path) -> None:
    engine = shared_engine(model_file)

    async def cancel() -> None:
        http_client = httpx2.AsyncClient(transport=LocalTransport(model_file))
        async with anthropic.AsyncAnthropic(http_client=http_client, **OWN) as client:
            endless = obj(a={"type": "string", "minLength": 5_000})
            tasks = [asyncio.create_task(ask(client, endless, max_tokens=8_000)) for _ in range(3)]
            await asyncio.sleep(0.5)
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(result, asyncio.CancelledError) for result in results)
            assert (await ask(client, NAME)).stop_reason == "end_turn"

    asyncio.run(cancel())
    assert engine.submit(lambda: "free").result(60) == "free"


def test_a_read_timeout_is_kept(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.APITimeoutError):
        ask(client.with_options(timeout=0.3), obj(a={"type": "string", "minLength": 5_000}), max_tokens=8_000)
    assert ask(client, NAME).stop_reason == "end_turn"


def test_the_model_is_loaded_once(model_file: Path) -> None:
    engines: list[object] = []
    threads = [threading.Thread(target=lambda: engines.append(shared_engine(model_file))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(engine) for engine in engines}) == 1
    assert LocalTransport(model_file)._engine is engines[0]


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.gguf").write_text("not a model")
    with pytest.raises(ModelError, match="is no GGUF file"):
        LocalTransport(tmp_path / "text.gguf")
    with pytest.raises(ModelError, match="cannot be read: No such file"):
        LocalTransport(tmp_path / "absent.gguf")
    (tmp_path / "cut.gguf").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ModelError, match="cannot load"):
        LocalTransport(tmp_path / "cut.gguf")


PROCESS = """
import os, signal, sys, threading
from pathlib import Path
from slotfill.extractors.local.llama import shared_engine
engine = shared_engine(Path(sys.argv[1]))
links = [os.path.realpath(f"/proc/self/fd/{number}") for number in range(512)]
inodes = {link[link.index("[") + 1 : -1] for link in links if "socket:" in link}
assert inodes or not Path("/proc/net/unix").exists()
for name in ("tcp", "tcp6", "unix"):
    table = Path("/proc/net", name)
    for line in table.read_text().splitlines()[1:] if table.exists() else ():
        fields = line.split()
        if name == "unix" and fields[6] in inodes and len(fields) > 7:
            assert not Path(fields[7]).exists(), line
        if name != "unix" and fields[9] in inodes:
            sys.exit("listens: " + line)
work = lambda: engine.complete("1 2 3", max_tokens=8000, grammar="", stop=(), cancelled=stop)
stop = threading.Event()
try:
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    engine.submit(work).result()
    threading.Event().wait()  # where the work is done sooner
except KeyboardInterrupt:
    stop.set()
    sys.exit(42)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals and socket tables are POSIX's")
def test_the_engine_is_silent_listens_to_nobody_and_leaves_ctrl_c_alone(model_file: Path) -> None:
    command = [sys.executable, "-c", PROCESS, str(model_file)]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (42, b"", b"")


def test_the_handlers_of_signals_stay(model_file: Path) -> None:
    came = threading.Event()
    kept = signal.signal(signal.SIGTERM, lambda *_: came.set())
    try:
        shared_engine(model_file)
        os.kill(os.getpid(), signal.SIGTERM)
        assert came.wait(60)
    finally:
        signal.signal(signal.SIGTERM, kept)
