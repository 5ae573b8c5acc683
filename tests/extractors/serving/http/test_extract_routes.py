"""Extraction by HTTP: what is asked for comes back as a record, and what may not be asked for as a problem."""

import gzip
import json
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import httpx2
import pytest
from anthropic._streaming import SSEDecoder
from waiting import wait_for

from slotfill.extractors.budgets.budget_ledger import BudgetLedger
from slotfill.extractors.serving import served_schemas
from slotfill.schemas.json_values.pointer import tokens

VALUE = {"sentiment": "negative", "key_issues": ["late"], "urgency": 3, "suggested_action": "Refund."}
AS_JSON = {"Content-Type": "application/json"}
ODD = """
from pydantic import BaseModel, model_validator

class Panic(BaseException):
    pass

class Odd(BaseModel):
    '''Say a word.'''
    word: str

    @model_validator(mode="after")
    def check(self):
        raise Panic(self.word)
"""
PERSON = {"title": "person", "type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}


def events_of(response):
    """Read the events of a stream, as the standard says they are written."""
    name, data = "", []
    for line in response.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            data.append(line.removeprefix("data: "))
        elif not line and data:
            yield name, json.loads("\n".join(data))
            name, data = "", []


class TestExtract:
    def test_a_text_becomes_its_record(self, service_at):
        response = service_at.post(text="It came late.", id="mail 17")
        record = response.json()
        assert response.status_code == 200
        assert (record["value"], record["outcome"]) == (VALUE, "valid")
        assert record["document"]["source"] == "mail 17"
        assert record["spans"]["/key_issues/0"] == {"start": 8, "end": 12, "match": "exact"}
        assert Decimal(record["cost_usd"]) > 0
        assert response.headers["X-Request-Id"].startswith("req_")

    def test_a_file_is_read_by_the_reader_of_its_kind(self, service_at, claude):
        page = b"<html><body><p>It came <b>late</b>.</p><script>hidden()</script></body></html>"
        with service_at.client() as client:
            response = client.post("/v1/extract/feedback", files={"file": ("page.html", page, "text/html")})
            text = client.post("/v1/text", files={"file": ("page.html", page, "text/html")}).json()["text"]
        assert response.json()["document"]["source"] == "page.html"
        assert text.strip() == "It came late."
        assert "hidden()" not in str(claude.requests)

    def test_what_a_document_fails_for_is_a_record(self, service_at):
        response = service_at.post(text="  ")
        assert (response.status_code, response.json()["outcome"]) == (200, "failed")
        assert response.json()["error"]["type"] == "empty_document"

    @pytest.mark.parametrize(
        ("body", "kind", "status", "code"),
        [
            (b"{", "application/json", 422, "bad_body"),
            (b"[]", "application/json", 422, "bad_body"),
            (b'{"text": 3}', "application/json", 422, "bad_body"),
            (b'{"text": "a", "more": 1}', "application/json", 422, "bad_body"),
            (b'{"text": "a", "labels": {"": "x"}}', "application/json", 422, "bad_body"),
            (b'{"text": "\xff"}', "application/json", 422, "bad_body"),
            (b'{"text": "\\ud800"}', "application/json", 422, "bad_body"),
            (b'{"text": "a", "id": 1e999}', "application/json", 422, "bad_body"),
            (b'{"text": "a", "id": ' + b"9" * 5_000 + b"}", "application/json", 422, "bad_body"),
            (b'{"text": "a", "labels": ' + b"[" * 100_000, "application/json", 422, "bad_body"),
            (b'{"text": "a", "labels": {"b": "c", "b": "d"}}', "application/json", 422, "bad_body"),
            (b'{"text": "a", "schema": {}}', "application/json", 422, "bad_body"),
            (b'{"text": "a"}', "application/json; charset=utf-16", 415, "unsupported_charset"),
            (b"--b--\r\n", "multipart/form-data; boundary=b; charset=idna", 415, "unsupported_charset"),
            (b"text", "text/plain", 415, "unsupported_type"),
            (b"x", "multipart/form-data; boundary=b", 422, "bad_form"),
            (b"--b--\r\n", "multipart/form-data; boundary=b", 422, "no_file"),
            (b"x", "multipart/form-data", 422, "bad_form"),
            (b'{"text": "a", "model": "gpt"}', "application/json", 403, "unknown_model"),
        ],
    )
    def test_what_is_no_request_is_a_problem(self, service_at, claude, body, kind, status, code):  # noqa: PLR0917
        with service_at.client() as client:
            response = client.post("/v1/extract/feedback", content=body, headers={"Content-Type": kind})
        problem = response.json()
        assert (response.status_code, problem["status"], problem["code"]) == (status, status, code)
        assert response.headers["Content-Type"] == "application/problem+json"
        assert problem["request_id"] == response.headers["X-Request-Id"]
        assert not claude.requests

    def test_a_key_that_stands_twice_is_named(self, service_at, claude):
        twice = ("a.txt", b"Text.", "text/plain")
        with service_at.client() as client:
            whole = client.post("/v1/extract/feedback", content=b'{"text": "a", "text": "b"}', headers=AS_JSON)
            viewed = client.post("/v1/view", content=b'{"text": "a", "text": "b"}')
            labels = client.post(
                "/v1/extract/feedback", files={"file": twice}, data={"labels": '{"team": "a", "team": "b"}'}
            )
            fields = client.post("/v1/extract/feedback", files={"file": twice}, data={"model": ["a", "b"]})
        assert [one.status_code for one in (whole, viewed, labels, fields)] == [422] * 4
        assert "'text' twice" in whole.json()["detail"]
        assert "'text' twice" in viewed.json()["detail"]
        assert "'team' twice" in labels.json()["detail"]
        assert not claude.requests

    @pytest.mark.parametrize("coding", ["gzip", "br", "identity, gzip"])
    def test_a_body_that_is_compressed_is_not_unpacked(self, service_at, claude, coding):
        packed = gzip.compress(json.dumps({"text": "a" * 10_000}).encode())
        headers = {**AS_JSON, "Content-Encoding": coding}
        with service_at.client() as client:
            answer = client.post("/v1/extract/feedback", content=packed, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_encoding")
        assert not claude.requests

    def test_a_fault_of_the_service_is_named_in_its_log_alone(self, running, claude, tmp_path, monkeypatch, caplog):
        (tmp_path / "odd_words.py").write_text(ODD)
        monkeypatch.syspath_prepend(tmp_path)
        claude.script(lambda request: {"word": "SECRET"})
        with running("odd_words:Odd") as one:
            answer = one.post("odd")
        assert (answer.status_code, answer.json()["detail"]) == (500, "this is a fault of the service")
        (line,) = caplog.messages
        assert "an unexpected Panic at odd_words.py:" in line
        assert "SECRET" not in line

    def test_a_body_is_bounded_whether_it_says_its_length_or_not(self, running):
        with running(most_bytes=1_000) as one, one.client() as client:
            whole = client.post("/v1/extract/feedback", json={"text": "a" * 2_000})
            parts = client.post("/v1/extract/feedback", content=(b"a" * 100 for _ in range(20)), headers=AS_JSON)
        assert [whole.status_code, parts.status_code] == [413, 413]

    def test_the_services_own_failure_is_a_problem_that_holds_the_record(self, running, claude):
        claude.script(lambda request: VALUE, faults=["529"])
        with running() as one:
            answer = one.post()
        assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
        assert answer.json()["record"]["outcome"] == "failed"
        assert "Retry-After" in answer.headers


class TestKeys:
    @pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer sf_wrong", "Basic eDp5", "Bearer \u00e9"])
    def test_without_a_valid_key_nothing_is_told(self, service_at, claude, header):
        headers = {} if header is None else {"Authorization": header.encode("latin-1")}
        for path in ("/v1/extract/feedback", "/v1/extract/feedback/stream", "/v1/extract/other", "/v1/text"):
            response = httpx2.post(service_at.url + path, json={"text": "a"}, headers=headers)
            assert response.status_code in (401, 404 if path.endswith("other") else 401)
        response = httpx2.get(f"{service_at.url}/v1/schemas", headers=headers)
        assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert not claude.requests

    def test_a_key_has_its_own_schemas_and_models(self, running):
        with running("feedback", "sentiment", models=("claude-haiku-5-5", "claude-sonnet-5-5")) as one:
            secret = one.keys.add("one", schemas=("sentiment",))
            assert one.post("feedback", secret=secret).json()["code"] == "not_for_this_key"
            with one.client(secret) as client:
                assert [schema["name"] for schema in client.get("/v1/schemas").json()["schemas"]] == ["sentiment"]
            other = one.keys.add("other", models=("claude-haiku-5-5",))
            assert one.post(secret=other).status_code == 403  # the fallback is none of its models
            assert one.post(secret=other, model="claude-haiku-5-5").status_code == 200

    def test_requests_a_minute_are_counted_by_key(self, service_at, claude):
        first, second = service_at.keys.add("first", rpm=2), service_at.keys.add("second", rpm=2)
        answers = [service_at.post(secret=first) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
        assert service_at.post(secret=second).status_code == 200
        assert len(claude.requests) == 3

    @pytest.mark.parametrize("path", ["/v1/text", "/v1/view"])
    def test_so_are_those_that_ask_no_model(self, service_at, path):
        secret = service_at.keys.add(rpm=1)
        with service_at.client(secret) as client:
            statuses = [client.post(path, files={"file": ("a.txt", b"Text.")}).status_code for _ in range(2)]
        assert statuses[0] != 429
        assert statuses[1] == 429

    def test_tokens_a_minute_too(self, service_at):
        secret = service_at.keys.add(tpm=10)
        assert [service_at.post(secret=secret).status_code for _ in range(2)] == [200, 429]

    def test_no_budget_is_passed_by_fifty_requests_at_once(self, running, claude, tmp_path):
        with running(concurrency=50) as one:
            secret = one.keys.add("poor", usd_a_day=Decimal("0.0022"))
            with ThreadPoolExecutor(50) as pool:
                answers = list(pool.map(lambda n: one.post(secret=secret, text=f"Text {n}."), range(50)))
            with BudgetLedger(tmp_path / "budgets") as money:
                (status,) = money.status(one.keys.ring.keys["poor"].spending_limits)
        codes = {answer.status_code for answer in answers}
        assert codes == {200, 429}
        assert status.spent <= Decimal("0.0022")
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert refused.json()["code"] == "budget"
        assert int(refused.headers["Retry-After"]) <= 24 * 3600

    def test_a_key_that_has_spent_its_budget_stops_nobody_else(self, service_at):
        poor, rich = service_at.keys.add("poor", usd_a_day=Decimal("0.000001")), service_at.keys.add("rich")
        assert [service_at.post(secret=secret).status_code for secret in (poor, rich, poor)] == [429, 200, 429]

    def test_costs_bear_the_keys_name_and_labels(self, service_at, tmp_path):
        secret = service_at.keys.add("billing", labels={"team": "money"})
        record = service_at.post(secret=secret, labels={"feature": "inbox"}).json()
        (ledger,) = tmp_path.glob("service-billing-*.db")
        assert Decimal(record["cost_usd"]) > 0
        assert ledger.stat().st_mode & 0o077 == 0


class TestStream:
    def test_the_value_grows_and_the_record_is_last(self, service_at):
        with (
            service_at.client() as client,
            client.stream("POST", "/v1/extract/feedback/stream", json={"text": "It came late."}) as response,
        ):
            events = list(events_of(response))
        names = [name for name, _ in events]
        assert names[-1] == "record"
        assert set(names[:-1]) == {"partial"}
        assert events[-1][1]["value"] == VALUE
        assert Decimal(events[-1][1]["cost_usd"]) > 0

    def test_the_sdks_own_decoder_of_streams_reads_it(self, service_at, claude):
        """Also where a value holds what ends a line, for some."""
        value = {**VALUE, "suggested_action": "Refund.\u2028Then\x85write\r\nto her."}
        claude.script(lambda _: value)
        with (
            service_at.client() as client,
            client.stream("POST", "/v1/extract/feedback/stream", json={"text": "It came late."}) as response,
        ):
            events = [*SSEDecoder().iter_bytes(response.iter_bytes())]
        assert {event.event for event in events[:-1]} == {"partial"}
        assert events[-2].json()["value"] == value
        assert events[-1].event == "record"
        assert events[-1].json()["value"] == value

    def test_patches_make_the_same_values(self, service_at):
        with service_at.client() as client:
            streams = []
            for form in ("values", "patches"):
                with client.stream(
                    "POST", f"/v1/extract/feedback/stream?partials={form}", json={"text": "It came late."}
                ) as response:
                    streams.append([data for name, data in events_of(response) if name == "partial"])
        value = None
        for event in streams[1]:
            value = patched(value, event["patch"])
        assert value == streams[0][-1]["value"]

    def test_a_client_that_leaves_ends_the_models_request(self, running, claude):
        with running() as one:
            with (
                one.client() as client,
                client.stream("POST", "/v1/extract/feedback/stream", json={"text": "It came late."}) as response,
            ):
                next(events_of(response))
            secret = one.keys.add("next")
            assert one.post(secret=secret).status_code == 200
            wait_for(lambda: not one.service._turns._taken)

    def test_who_waits_when_the_service_stops_is_told(self, running, claude):
        claude.script(lambda request: {}, faults=["stall"])
        with running(concurrency=1, grace=1) as one, ThreadPoolExecutor() as pool:
            secret = one.keys.add()
            first = pool.submit(one.post, secret=secret)
            wait_for(lambda: claude.requests)
            second = pool.submit(one.post, secret=secret)
            wait_for(lambda: one.service._turns.waiting)
            one.stop()
            answers = [first.result(), second.result()]
        assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(503, "stopping")] * 2
        assert ["paid" in answer.json()["detail"] for answer in answers] == [True, False]
        assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)

    def test_a_refusal_is_a_status_and_no_event(self, service_at):
        with service_at.client() as client:
            answer = client.post("/v1/extract/feedback/stream?partials=none", json={"text": "a"})
            assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")


class TestSchemasOfRequests:
    def test_they_are_used_where_they_are_allowed(self, running):
        with running(allow_schemas=True) as one, one.client() as client:
            answer = client.post("/v1/extract", json={"text": "Ann is 31.", "schema": PERSON})
            assert answer.json()["schema"]["name"] == "person"

    def test_a_number_keeps_all_its_digits(self, running, claude):
        claude.script(lambda request: '{"age": 12345678901234567890.12}')
        decimal = {**PERSON, "properties": {"age": {"type": "number"}}}
        with running(allow_schemas=True) as one, one.client() as client:
            answer = client.post("/v1/extract", json={"text": "Ann is 31.", "schema": decimal})
        assert '"age": 12345678901234567890.12' in answer.text

    def test_one_that_is_forgotten_ends_nobodys_work(self, running, claude, monkeypatch):
        monkeypatch.setattr(served_schemas, "REMEMBERED", 1)
        schemas = [{**PERSON, "title": f"person_{number}"} for number in range(12)]
        claude.script(lambda request: {"age": 31})
        with running(allow_schemas=True) as one:
            secret = one.keys.add()

            def ask(schema):
                with one.client(secret) as client:
                    return client.post("/v1/extract", json={"text": "Ann is 31.", "schema": schema})

            with ThreadPoolExecutor(12) as pool:
                answers = list(pool.map(ask, schemas))
            assert len(one.service.schemas._lent) == 2
        assert [answer.json().get("value") for answer in answers] == [{"age": 31}] * 12

    @pytest.mark.parametrize("path", ["/v1/extract", "/v1/extract/stream"])
    def test_a_pattern_that_hangs_holds_up_nobody(self, running, claude, path):
        """Each validation took a second of the loop that serves all: eleven for a request."""
        words = {"title": "words", "type": "object", "properties": {"word": {"type": "string", "pattern": "(a|aa)+$"}}}
        claude.script(lambda _: {"word": "a" * 60 + "b"})
        with running(allow_schemas=True) as one, one.client() as client:
            began = time.process_time()
            answer = client.post(path, json={"text": "a", "schema": words})
            spent = time.process_time() - began
        assert "takes too long to match against the pattern" in answer.text
        assert spent < 3

    def test_elsewhere_there_is_no_such_address(self, service_at):
        with service_at.client() as client:
            assert client.post("/v1/extract", json={"text": "a", "schema": PERSON}).status_code == 404

    @pytest.mark.parametrize(
        "schema",
        [
            {"type": "object", "properties": {"a": {"$ref": "file:///etc/passwd"}}},
            {"type": "nonsense"},
            {"type": "object", "description": "x" * 70_000},
            {"type": "object", "properties": {f"p{number}": {"type": "string"} for number in range(2_000)}},
            json.loads('{"items":' * 40 + "{}" + "}" * 40),
            {"$defs": 5},
        ],
        ids=["reference", "type", "size", "parts", "depth", "definitions"],
    )
    def test_what_cannot_be_used_is_refused(self, running, claude, schema):
        with running(allow_schemas=True) as one, one.client() as client:
            answer = client.post("/v1/extract", json={"text": "a", "schema": schema})
        assert answer.status_code == 422
        assert not claude.requests


def patched(value, patch):
    """Apply the operations that `patch_between` writes."""
    for operation in patch:
        steps = tokens(operation["path"])
        if not steps:
            value = operation["value"]
            continue
        at = value
        for step in steps[:-1]:
            at = at[int(step)] if isinstance(at, list) else at[step]
        last = steps[-1]
        if isinstance(at, dict):
            if operation["op"] == "remove":
                del at[last]
            else:
                at[last] = operation["value"]
        elif last == "-":
            at.append(operation["value"])
        elif operation["op"] == "remove":
            del at[int(last)]
        else:
            at[int(last)] = operation["value"]
    return value
