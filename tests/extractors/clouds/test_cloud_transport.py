"""Claude at the clouds, by the SDK's own clients for them, against a server on this machine."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chat_completions import Asked, Reply, ScriptedServer, serving
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from scripted import message

from slotfill import Extractor
from slotfill.extractors.cassettes.cassette import Cassette
from slotfill.extractors.clouds.cloud_models import BEDROCK
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.messages_api.sse import events
from slotfill.extractors.testing import TransportConformance

ANN = message('{"name": "Ann", "age": 3}')
TEXT = "Ann is 3."
KEY = "azure-key-not-to-be-seen"
MODELS = {
    "bedrock": "bedrock:us.anthropic.claude-haiku-4-5-20251001-v1:0",
    "vertex": "vertex:claude-haiku-4-5@20251001",
    "foundry": "foundry:claude-haiku-4-5",
}
PATHS = {
    "bedrock": "/model/us.anthropic.claude-haiku-4-5-20251001-v1:0/invoke",
    "vertex": "/projects/p1/locations/global/publishers/anthropic/models/claude-haiku-4-5@20251001:rawPredict",
    "foundry": "/anthropic/v1/messages",
}


@pytest.fixture
def cloud(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Set what a cloud's client goes by, to a server on this machine."""

    def set_up(server: ScriptedServer) -> None:
        url = server.url.removesuffix("/v1")
        for variable in ("AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(variable, raising=False)
        for variable, value in {
            "ANTHROPIC_API_KEY": "sk-ant-of-another-service",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "aws-secret-not-to-be-seen",
            "ANTHROPIC_BEDROCK_BASE_URL": url,
            "CLOUD_ML_REGION": "global",
            "ANTHROPIC_VERTEX_PROJECT_ID": "p1",
            "ANTHROPIC_VERTEX_BASE_URL": url,
            "GOOGLE_APPLICATION_CREDENTIALS": str(service_account(tmp_path, f"{url}/token")),
            "ANTHROPIC_FOUNDRY_BASE_URL": f"{url}/anthropic",
            "ANTHROPIC_FOUNDRY_API_KEY": KEY,
        }.items():
            monkeypatch.setenv(variable, value)

    return set_up


def service_account(folder: Path, token_uri: str) -> Path:
    key = rsa.generate_private_key(65_537, 2_048)
    written = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    account = {"type": "service_account", "client_email": "a@p1", "token_uri": token_uri, "private_key": written}
    path = folder / "account.json"
    path.write_text(json.dumps({**account, "private_key_id": "1", "project_id": "p1"}))
    return path


def frame(event: bytes, kind: str = "event", name: str = "chunk") -> bytes:
    """Write a frame of `application/vnd.amazon.eventstream`, as its specification has it."""
    headers = {":message-type": kind, f":{kind}-type": name, ":content-type": "application/json"}
    head = b"".join(
        bytes([len(key)]) + key.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for key, value in headers.items()
    )
    prelude = struct.pack(">II", 16 + len(head) + len(event), len(head))
    whole = prelude + struct.pack(">I", zlib.crc32(prelude)) + head + event
    return whole + struct.pack(">I", zlib.crc32(whole))


def streamed(asked: Asked) -> Reply:
    written = [*events(ANN)]
    if "amazon" not in asked.headers.get("accept", "") and "/model/" not in asked.path:
        return Reply(b"".join(written), headers={"content-type": "text/event-stream"})
    data = [piece.partition(b"data: ")[2].strip() for piece in written]
    frames = [frame(json.dumps({"bytes": base64.b64encode(one).decode()}).encode()) for one in data]
    return Reply(b"".join(frames), headers={"content-type": "application/vnd.amazon.eventstream"})


def answering(reply: Any) -> Any:
    def answer(asked: Asked) -> Any:
        if asked.path == "/token":
            return {"access_token": "google-token", "expires_in": 3600, "token_type": "Bearer"}
        return reply(asked) if callable(reply) else reply

    return answer


@pytest.mark.parametrize("name", MODELS)
async def test_a_document_sync_and_async(name: str, cloud: Any) -> None:
    with serving(answering(ANN)) as server:
        cloud(server)
        with Extractor("name, age int", model=MODELS[name]) as extractor:
            extractions = [extractor.extract(TEXT), await extractor.aextract(TEXT)]
            await extractor.aclose()
    for extraction in extractions:
        assert extraction.error is None
        assert extraction.value == {"name": "Ann", "age": 3}
        assert extraction.usage.input_tokens == 100
        assert (extraction.cost_usd is None) == (name == "foundry")
    asked = server.asked[-1]
    assert asked.path.replace("%40", "@") == PATHS[name]
    assert asked.body["max_tokens"] > 0
    proofs = {
        "bedrock": asked.headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"),
        "vertex": asked.headers.get("authorization") == "Bearer google-token",
        "foundry": asked.headers.get("api-key") == KEY,
    }
    assert proofs[name]
    assert "another-service" not in str(asked.headers)
    assert asked.body.get("model", MODELS[name].partition(":")[2]) == MODELS[name].partition(":")[2]


@pytest.mark.parametrize("name", MODELS)
async def test_a_stream(name: str, cloud: Any) -> None:
    with serving(answering(streamed)) as server:
        cloud(server)
        async with Extractor("name, age int", model=MODELS[name]) as extractor:
            *partials, last = [event async for event in extractor.astream(TEXT)]
    assert isinstance(last, Extraction)
    assert last.value == {"name": "Ann", "age": 3}
    assert len(partials) > 1


@pytest.mark.parametrize(
    ("name", "status", "body", "kind"),
    [
        ("bedrock", 403, {"message": "The security token included in the request is invalid."}, "permission"),
        ("bedrock", 400, {"message": "Input is too long for requested model."}, "too_long"),
        ("bedrock", 429, {"message": "Too many requests"}, "rate_limit"),
        ("bedrock", 400, {"message": "output_config: Extra inputs are not permitted"}, "schema_refused"),
        (
            "vertex",
            404,
            {"error": {"code": 404, "message": "Publisher Model was not found.", "status": "NOT_FOUND"}},
            "not_found",
        ),
        (
            "foundry",
            529,
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
            "overloaded",
        ),
        ("foundry", 401, {"error": {"code": "401", "message": f"Access denied due to {KEY}"}}, "authentication"),
    ],
)
def test_errors_are_the_failures_that_they_are(name: str, status: int, body: Any, kind: str, cloud: Any) -> None:
    with serving(answering(Reply(body, status, {"retry-after-ms": "1"}))) as server:
        cloud(server)
        with Extractor("name, age int", model=MODELS[name]) as extractor:
            extraction = extractor.extract(TEXT)
    assert extraction.error
    assert extraction.attempts[0].errors
    first = extraction.error.type if kind != "schema_refused" else kind
    assert first == kind
    assert KEY not in str(extraction.to_json())


async def test_an_error_within_a_stream_of_bedrock(cloud: Any) -> None:
    def broken(asked: Asked) -> Reply:
        whole = streamed(asked).body
        first = whole[: struct.unpack(">I", whole[:4])[0]]
        error = frame(b'{"message": "slow down"}', "exception", "throttlingException")
        return Reply(first + error, headers={"content-type": "application/vnd.amazon.eventstream"})

    with serving(answering(broken)) as server:
        cloud(server)
        async with Extractor("name, age int", model=MODELS["bedrock"], retries=0) as extractor:
            *_, last = [event async for event in extractor.astream(TEXT)]
    assert isinstance(last, Extraction)
    assert not last.ok
    assert "slow down" in str(last.to_json())


def test_a_tape_holds_no_key_and_needs_no_cloud(cloud: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tape = tmp_path / "tape.jsonl"
    with serving(
        answering({**ANN, "content": [{"type": "text", "text": json.dumps({"name": KEY, "age": 3})}]})
    ) as server:
        cloud(server)
        with Extractor("name, age int", model=MODELS["foundry"], cassette=Cassette(tape)) as extractor:
            first = extractor.extract(TEXT)
    assert KEY not in tape.read_text()
    monkeypatch.delenv("ANTHROPIC_FOUNDRY_API_KEY")
    with Extractor("name, age int", model=MODELS["foundry"], cassette=Cassette(tape)) as extractor:
        assert extractor.extract(TEXT).value == first.value


def test_without_a_credential_it_says_what_to_set(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answering(ANN)) as server:
        cloud(server)
        for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(variable)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
        from anthropic.lib.aws._auth import _get_session

        _get_session.cache_clear()
        with Extractor("name, age int", model=MODELS["bedrock"]) as extractor:
            extraction = extractor.extract(TEXT)
    assert extraction.error
    assert extraction.error.type == "authentication"
    assert "AWS_ACCESS_KEY_ID" in extraction.error.message
    assert server.asked == []


class TestTransport(TransportConformance):
    """The conformance of transports, held at Bedrock, whose streams are the most peculiar."""

    transport = BEDROCK
    model = MODELS["bedrock"]

    @pytest.fixture(autouse=True)
    def _server(self, cloud: Any) -> Iterator[None]:
        def answer(asked: Asked) -> Any:
            return streamed(asked) if "stream" in asked.path else ANN if asked.body.get("messages") else Reply({}, 400)

        with serving(answer) as server:
            cloud(server)
            yield
