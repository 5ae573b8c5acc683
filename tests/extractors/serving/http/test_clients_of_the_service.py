"""The SDKs of Anthropic as clients of the service: their retries, errors and time-outs serve it as they are."""

import json
import shutil
import subprocess
import threading
from decimal import Decimal

import anthropic
import pytest

NPM, NODE = shutil.which("npm"), shutil.which("node")
TEXT = {"text": "It came late."}

SCRIPT = """
import Anthropic from "@anthropic-ai/sdk";

const [baseURL, authToken] = process.argv.slice(-2);
const client = new Anthropic({ baseURL, authToken, apiKey: null });
const record = await client.post("/v1/extract/feedback", { body: { text: "It came late." } });
const stranger = new Anthropic({ baseURL, authToken: "sf_nobody", apiKey: null });
const refused = await stranger.post("/v1/extract/feedback", { body: {} }).catch((error) => error);
console.log(JSON.stringify({ value: record.value, error: refused.constructor.name, code: refused.error.code }));
"""


def client_of(service, secret, **options):
    return anthropic.Anthropic(base_url=service.url, auth_token=secret, api_key=None, **options)


def extract(client, body=TEXT, **options):
    return client.post("/v1/extract/feedback", body=body, cast_to=object, **options)


@pytest.fixture
def service(running, monkeypatch):
    with running() as one:
        monkeypatch.delenv("ANTHROPIC_API_KEY")  # the service has read it: its clients have keys of the service
        yield one


def test_the_python_sdk_gets_records_and_its_own_errors(service):
    secret = service.keys.add("poor", usd_a_day=Decimal("0.0001"))
    with client_of(service, service.keys.add()) as client:
        assert extract(client)["value"]["urgency"] == 3
        with pytest.raises(anthropic.UnprocessableEntityError) as refused:
            extract(client, {"words": "It came late."})
        assert refused.value.body["code"] == "bad_body"
    with client_of(service, "sf_nobody") as client, pytest.raises(anthropic.AuthenticationError):
        extract(client)
    with client_of(service, secret, max_retries=0) as client, pytest.raises(anthropic.RateLimitError) as poor:
        extract(client)
    assert poor.value.body["code"] == "budget"


def test_it_tries_again_what_fails_on_the_way_and_is_answered_once(service, claude):
    """Its second try bears the same name: what the first one has paid for is sent, and nothing is asked again."""
    is_held = threading.Event()

    def late(request):
        is_held.wait(2)
        return {"sentiment": "negative", "key_issues": [], "urgency": 3, "suggested_action": "Refund."}

    claude.script(late)
    with client_of(service, service.keys.add(), timeout=0.5, max_retries=8) as client:
        record = extract(client, options={"headers": {"Idempotency-Key": "mail-4711"}})
    assert record["outcome"] == "valid"
    assert len(claude.requests) == 1


@pytest.mark.slow
@pytest.mark.skipif(not (NPM and NODE), reason="needs npm and Node.js")
def test_the_typescript_sdk_does_so_too(service, tmp_path):
    install = [NPM, "install", "--silent", "--no-audit", "--no-fund", "@anthropic-ai/sdk@0"]
    if subprocess.run(install, cwd=tmp_path, capture_output=True, timeout=200, check=False).returncode:
        pytest.skip("npm reaches no registry")
    (tmp_path / "client.mjs").write_text(SCRIPT, encoding="utf-8")
    command = [NODE, "client.mjs", service.url, service.keys.add()]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told == {
        "value": {"sentiment": "negative", "key_issues": ["late"], "urgency": 3, "suggested_action": "Refund."},
        "error": "AuthenticationError",
        "code": "unauthorized",
    }
