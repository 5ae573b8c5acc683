"""The tools by what the SDK's own client gets of them, in this process."""

import asyncio
import json
import logging
import os
import re
import threading
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from itertools import product
from urllib.parse import urlsplit
from urllib.request import url2pathname

import jsonschema
import pytest
from mcp import Client

from slotfill.extractors.extractions.loading import load_record
from slotfill.extractors.serving.served_schemas import ServedSchemas
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served
from slotfill.extractors.tool_server.call_log import CallLog
from slotfill.extractors.tool_server.document_tools import DocumentTools
from slotfill.extractors.tool_server.mcp_server import mcp_server
from slotfill.extractors.tool_server.tool_account import tool_account
from slotfill.extractors.tool_server.tool_root import ToolRoot
from slotfill.schemas.sources.schema_sources import resolve

VALUE = {"sentiment": "negative", "key_issues": ["late"], "urgency": 3, "suggested_action": "Refund."}
TEXT = "Confidential: it came late."


@pytest.fixture(scope="module")
def claude():
    return SimulatedClaude(lambda request: VALUE)


@pytest.fixture(scope="module")
def url(claude):
    with served(claude) as address:
        yield address


@pytest.fixture
def client(claude, url, tmp_path, monkeypatch):
    """Give what makes a client; the server behind it has the folder `root` for a root."""
    claude.script(lambda _: VALUE)
    (tmp_path / "root").mkdir()
    monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-simulated")
    monkeypatch.setenv("SLOTFILL_STATE", str(tmp_path / "state"))

    def sound(schema, max_examples):
        return {"sound": True, "summary": f"{max_examples} looked at", "findings": []}

    @asynccontextmanager
    async def made(*names, root=True, max_cost=None, check=sound):
        named = {name: resolve(name) for name in names or ("feedback",)}
        schemas = ServedSchemas(named, (), {}, allow_schemas=True)
        async with AsyncExitStack() as stack:
            money = tool_account(schemas.models, schemas.settings, max_cost=max_cost)
            account = stack.enter_context(money)
            tools = DocumentTools(
                schemas, ToolRoot(tmp_path / "root" if root else None), meter=account, check=check, concurrency=4
            )
            stack.push_async_callback(tools.aclose)
            yield await stack.enter_async_context(Client(mcp_server(tools, CallLog())))

    return made


def text_of(result):
    return result.content[0].text


async def test_tools_are_described_exactly(client):
    async with client() as asked:
        tools = {tool.name: tool for tool in (await asked.list_tools()).tools}
    assert [*tools] == ["extract", "schemas", "check", "view"]
    for tool in tools.values():
        jsonschema.Draft202012Validator.check_schema(tool.input_schema)
        jsonschema.Draft202012Validator.check_schema(tool.output_schema)
        assert tool.input_schema["additionalProperties"] is False
    record = jsonschema.Draft202012Validator(tools["extract"].output_schema)
    assert record.is_valid({}) is False
    assert tools["extract"].input_schema["required"] == ["schema"]


async def test_a_text_becomes_a_record(client):
    async with client() as asked:  # which holds what it gets against the output's schema
        result = await asked.call_tool("extract", {"schema": "feedback", "text": TEXT})
    assert not result.is_error
    assert result.structured_content["value"] == VALUE
    assert json.loads(text_of(result)) == result.structured_content
    assert load_record(result.structured_content, resolve("feedback")).value.urgency == 3


async def test_a_file_below_the_root_is_read_by_its_reader(client, tmp_path):
    (tmp_path / "root" / "mails").mkdir()
    (tmp_path / "root" / "mails" / "1.html").write_text(f"<p>{TEXT}</p><script>no</script>")
    async with client() as asked:
        result = await asked.call_tool("extract", {"schema": "feedback", "path": "mails/1.html"})
    document = result.structured_content["document"]
    assert (document["source"], document["chars"]) == ("mails/1.html", len(TEXT))


async def test_a_schema_has_its_parameters_from_the_call(client, claude):
    claude.script(lambda _: {"quotes": ["it came late."], "answer": "Late."})
    asks = {"schema": "answer", "text": TEXT}
    why = {"question": "Why?"}
    async with client("answer", "feedback") as asked:
        listed = (await asked.call_tool("schemas", {})).structured_content["schemas"]
        result = await asked.call_tool("extract", {**asks, "params": why})
        wrong = [await asked.call_tool("extract", one) for one in (asks, {**asks, "params": {**why, "more": 1}})]
        none = await asked.call_tool("extract", {"schema": "feedback", "text": TEXT, "params": why})
    assert ["parameters" in one for one in listed] == [True, False]
    assert listed[0]["parameters"]["required"] == ["question"]
    assert result.structured_content["schema"]["parameters"] == why
    assert all(one.is_error for one in (*wrong, none))
    assert ["/params/question" in text_of(wrong[0]), "/params/more" in text_of(wrong[1])] == [True, True]
    assert "takes no parameters" in text_of(none)


async def test_a_line_of_fields_is_a_schema(client, claude):
    claude.script(lambda _: {"what": "it", "late": True})
    async with client() as asked:
        shown = await asked.call_tool("schemas", {"schema": "what str, late bool"})
        result = await asked.call_tool("extract", {"schema": "what str, late bool", "text": TEXT})
        listed = await asked.call_tool("schemas", {})
    assert shown.structured_content["schemas"][0]["json_schema"]["required"] == ["what", "late"]
    assert result.structured_content["value"] == {"what": "it", "late": True}
    assert [one["name"] for one in listed.structured_content["schemas"]] == ["feedback"]


REFUSED_PATHS = [
    ("../secret.txt", "leads upwards"),
    ("a/../../secret.txt", "leads upwards"),
    ("a\\..\\..\\secret.txt", "leads upwards"),
    ("/etc/passwd", "is absolute"),
    ("C:\\secret.txt", "is absolute"),
    ("\\\\host\\share", "is absolute"),
    ("https://user:hunter2@host/a", "is an address"),
    ("file:///etc/passwd", "is an address"),
    ("s3::zip://a", "is an address"),
    (".env", "is hidden"),
    (".git/config", "is hidden"),
    ("link.txt", "leads out of the root"),
    ("linked/secret.txt", "leads out of the root"),
    ("to_hidden.txt", "hidden file"),
    ("circle", "names no file"),
    ("pipe", "no regular file"),
    ("", "names no file"),
    ("a\0b", "names no file"),
    ("x" * 5_000, "no regular file"),
    ("folder", "is a folder"),
    ("nowhere.txt", "no regular file"),
    ("rows.csv", "a document a row"),
]


async def test_what_is_not_a_file_below_the_root_is_refused(client, claude, tmp_path):
    root, asked_before = tmp_path / "root", len(claude.requests)
    (tmp_path / "secret.txt").write_text(TEXT)
    (root / ".env").write_text(TEXT)
    (root / "rows.csv").write_text("text\none\n")
    (root / "folder").mkdir()
    for link, place in {
        "link.txt": "../secret.txt",
        "linked": "..",
        "to_hidden.txt": ".env",
        "circle": "circle",
    }.items():
        (root / link).symlink_to(place)
    os.mkfifo(root / "pipe")
    async with client() as asked:
        for path, reason in REFUSED_PATHS:
            result = await asked.call_tool("extract", {"schema": "feedback", "path": path})
            assert result.is_error, path
            assert reason in text_of(result), path
            assert "hunter2" not in text_of(result)
            assert str(tmp_path) not in text_of(result)
    assert len(claude.requests) == asked_before


async def test_without_a_root_there_are_no_files(client):
    async with client(root=False) as asked:
        await asked.call_tool("extract", {"schema": "feedback", "text": TEXT})
        read = await asked.call_tool("extract", {"schema": "feedback", "path": "a.txt"})
        written = await asked.call_tool("view", {"output": "a.html"})
    assert read.is_error
    assert written.is_error
    assert "--root FOLDER" in text_of(read)


REFUSED_SCHEMAS = [
    ("antigravity:Model", "is none of the names"),
    ("models.py:Model", "is none of the names"),
    ("./models.py:Model", "is none of the names"),
    ("my models.py:Model", "one-line schema"),
    ("a b.json", "one-line schema"),
    ("schema.json", "is none of the names"),
    ("feedbak", "did you mean 'feedback'?"),
    ("", "/schema"),
    ("a " * 5_000, "/schema"),
    ("name, name", "one-line schema"),
]


async def test_a_schema_is_a_name_or_a_line_and_no_path_or_module(client, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("models.py", "my models.py", "antigravity.py"):
        (tmp_path / name).write_text("raise SystemExit('it was run')")
    for name in ("schema.json", "a b.json"):
        (tmp_path / name).write_text('{"type": "object", "properties": {"x": {}}}')
    async with client() as asked:
        for tool, (schema, reason) in product(("extract", "schemas", "check"), REFUSED_SCHEMAS):
            text = {"text": TEXT} if tool == "extract" else {}
            result = await asked.call_tool(tool, {"schema": schema, **text})
            assert result.is_error, schema
            assert reason in text_of(result), schema


WRONG_ARGUMENTS = [
    ({}, "/schema: Field required"),
    ({"schema": "feedback"}, "one of them"),
    ({"schema": "feedback", "text": "a", "path": "b"}, "one of them"),
    ({"schema": "feedback", "text": ["Confidential"]}, "/text: Input should be a valid string"),
    ({"schema": "feedback", "text": "a", "model": "claude-opus-5"}, "/model: Extra inputs"),
    ({"schema": {"$ref": "http://host/x"}, "text": "a"}, "/schema: Input should be a valid string"),
]


async def test_wrong_arguments_are_named(client):
    async with client() as asked:
        for arguments, reason in WRONG_ARGUMENTS:
            result = await asked.call_tool("extract", arguments)
            assert result.is_error
            assert reason in text_of(result)
            assert "Confidential" not in text_of(result)


async def test_a_document_without_a_value_is_an_error_with_its_record(client, claude):
    claude.script(lambda _: {"sentiment": "bad"})
    async with client() as asked:
        result = await asked.call_tool("extract", {"schema": "feedback", "text": TEXT})
        empty = await asked.call_tool("extract", {"schema": "feedback", "text": " "})
    assert result.is_error
    assert "failed at /" in text_of(result)
    assert result.structured_content["error"]["type"] == "validation"
    assert empty.structured_content["error"]["type"] == "empty_document"


async def test_half_a_pair_in_a_reply_breaks_no_answer(client, claude):
    claude.script(lambda _: {**VALUE, "suggested_action": "\ud800"})
    async with client() as asked:
        result = await asked.call_tool("extract", {"schema": "feedback", "text": TEXT})
    assert "value" in result.structured_content


async def test_calls_side_by_side_reserve_from_one_budget(client, claude):
    asked_before = len(claude.requests)
    async with client(max_cost=Decimal("0.000001")) as asked:
        refused = await asked.call_tool("extract", {"schema": "feedback", "text": TEXT})
    worst = re.search(r"could cost \$([\d.]+)", text_of(refused))[1]
    assert "--max-cost" in text_of(refused)
    assert refused.structured_content["error"]["type"] == "budget"
    assert len(claude.requests) == asked_before
    async with client(max_cost=Decimal(worst) * Decimal("1.01")) as asked:  # enough for one, whatever it costs
        calls = [asked.call_tool("extract", {"schema": "feedback", "text": f"{TEXT} {n}"}) for n in range(3)]
        errors = [one.structured_content["error"] for one in await asyncio.gather(*calls)]
    assert len(claude.requests) == asked_before + 1
    assert [error["type"] for error in errors if error] == ["budget", "budget"]


async def test_a_page_shows_what_was_extracted(client, tmp_path):
    (tmp_path / "root" / "index.html").write_text("mine")
    async with client() as asked:
        nothing = await asked.call_tool("view", {})
        first = await asked.call_tool("extract", {"schema": "feedback", "text": TEXT})
        await asked.call_tool("extract", {"schema": "feedback", "text": "Another one, late."})
        returned = await asked.call_tool("view", {})
        identity = first.structured_content["document"]["id"]
        for _ in range(2):  # a page of its own may be written again
            written = await asked.call_tool("view", {"documents": [identity], "output": "report.html"})
            assert not written.is_error
        taken = await asked.call_tool("view", {"output": "index.html"})
        other = await asked.call_tool("view", {"output": "report.py"})
        unknown = await asked.call_tool("view", {"documents": ["ab"]})
    assert "call `extract` first" in text_of(nothing)
    assert returned.structured_content == {"documents": 2, "path": None, "url": None}
    page = returned.content[1].resource
    assert (page.mime_type, "Confidential" in page.text, "Another one" in page.text) == ("text/html", True, True)
    path = url2pathname(urlsplit(written.structured_content["url"]).path)
    assert (tmp_path / "root" / "report.html").samefile(path)
    one = (tmp_path / "root" / "report.html").read_text()
    assert ("Confidential" in one, "Another one" in one) == (True, False)
    assert "stays" in text_of(taken)
    assert (tmp_path / "root" / "index.html").read_text() == "mine"
    assert other.is_error
    assert "was not extracted" in text_of(unknown)


async def test_what_nobody_foresaw_is_told_without_its_words(client, caplog):
    def check(schema, max_examples):
        raise KeyError(TEXT)

    async with client(check=check) as asked:
        with caplog.at_level(logging.DEBUG):
            result = await asked.call_tool("check", {"schema": "feedback"})
    assert result.is_error
    assert "an unexpected KeyError" in text_of(result)
    assert "Confidential" not in text_of(result) + caplog.text


async def test_a_cancelled_call_leaves_the_others(client, claude):
    arrived = threading.Event()
    claude.script(lambda _: arrived.set() or VALUE, faults=["timeout"])
    async with client() as asked:
        call = asyncio.create_task(asked.call_tool("extract", {"schema": "feedback", "text": TEXT}))
        assert await asyncio.to_thread(arrived.wait, 60)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        claude.script(lambda _: VALUE)
        result = await asked.call_tool("extract", {"schema": "feedback", "text": TEXT})
    assert result.structured_content["value"] == VALUE
