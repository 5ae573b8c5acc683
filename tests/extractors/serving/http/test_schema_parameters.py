"""A schema's parameters, as each request sets them: `answer` has no default for its question."""

import json
from decimal import Decimal
from time import monotonic, sleep

import pytest
from jsonschema import Draft202012Validator

from slotfill.extractors.serving import served_schemas

QUOTE = {"quotes": ["It came late."], "answer": "Late."}
TEXT = "It came late."
WHEN, WHY = {"question": "When did it come?"}, {"question": "Why?"}
SUMMARY = {"summary": "It came late."}


@pytest.fixture
def one(running, claude):
    claude.script(lambda request: QUOTE if "quotes" in str(request.schema) else SUMMARY)
    with running("answer", "summary", "feedback", allow_schemas=True) as started:
        yield started


def extract(client, params, name="answer", **headers):
    said = {} if params is None else {"params": params}
    return client.post(f"/v1/extract/{name}", json={"text": TEXT, **said}, headers=headers)


def test_each_request_asks_its_own_question(one, claude):
    prompts = set()
    claude.script(lambda request: prompts.add(request.digest) or QUOTE)
    with one.client() as client:
        records = [extract(client, params).json() for params in (WHEN, WHY)]
    assert [record["value"]["answer"] for record in records] == ["Late."] * 2
    assert [record["schema"]["parameters"] for record in records] == [WHEN, WHY]
    assert records[0]["schema"]["id"] != records[1]["schema"]["id"]
    assert len(prompts) == 2


def test_streams_and_forms_do_so_too(one):
    form = {"files": {"file": ("a.txt", TEXT.encode())}, "data": {"params": json.dumps(WHY)}}
    with one.client() as client:
        assert client.post("/v1/extract/answer", **form).json()["schema"]["parameters"] == WHY
        stream = client.post("/v1/extract/answer/stream", json={"text": TEXT, "params": WHEN})
    assert "event: record" in stream.text
    assert "When did it come?" in stream.text


def test_what_has_a_default_need_not_be_set(one):
    with one.client() as client:
        plain, short = extract(client, None, "summary"), extract(client, {"sentences": 1}, "summary")
    assert plain.json()["schema"]["parameters"] == {"sentences": 3}
    assert short.json()["schema"]["parameters"] == {"sentences": 1}


@pytest.mark.parametrize(
    ("name", "params", "path"),
    [
        ("answer", None, "/params/question"),
        ("answer", {}, "/params/question"),
        ("answer", {"question": ""}, "/params/question"),
        ("answer", {"question": 3}, "/params/question"),
        ("answer", {**WHY, "more": 1}, "/params/more"),
        ("summary", {"sentences": "2"}, "/params/sentences"),
        ("summary", {"sentences": 0}, "/params/sentences"),
        ("feedback", {}, "/params"),
        ("feedback", WHY, "/params"),
    ],
)
def test_others_are_refused_by_name_and_nothing_is_asked(one, claude, name, params, path):
    with one.client() as client:
        answers = [extract(client, params, name), extract(client, params, name, **{"Idempotency-Key": "a"})]
        said = {} if params is None else {"params": params}
        answers.append(client.post("/v1/runs", json={"schema": name, "documents": [{"text": TEXT}], **said}))
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_params")
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert path in answer.json()["detail"]
    assert not claude.requests


def test_a_schema_of_the_request_has_none(one):
    schema = {"title": "person", "type": "object", "properties": {"age": {"type": "integer"}}}
    with one.client() as client:
        answer = client.post("/v1/extract", json={"text": TEXT, "schema": schema, "params": {}})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_params")


def test_two_questions_are_two_requests_of_one_name(one):
    secret = one.keys.add()
    with one.client(secret) as client:
        name = {"Idempotency-Key": "a"}
        assert extract(client, WHEN, **name).status_code == 200
        assert extract(client, WHEN, **name).headers["Idempotency-Replayed"] == "true"
        other = extract(client, WHY, **name)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")


def test_questions_are_counted_together_and_stand_in_no_name_on_the_disk(one, tmp_path):
    secret = one.keys.add("asker")
    with one.client(secret) as client:
        costs = [Decimal(extract(client, {"question": f"Question {n}?"}).json()["cost_usd"]) for n in range(5)]
    assert len([*tmp_path.glob("service-asker-answer-*.db")]) == 1
    assert len({payer.ledger for payer in one.service.accounts._payers.values()}) == 1
    assert all(cost > 0 for cost in costs)


def test_only_so_many_questions_are_remembered(one, monkeypatch):
    monkeypatch.setattr(served_schemas, "REMEMBERED", 2)
    with one.client() as client:
        for number in range(5):
            assert extract(client, {"question": f"Question {number}?"}).status_code == 200
    assert len([name for name in one.service.schemas._lent if name[0] == "answer"]) == 2


def test_runs_have_them_for_all_their_documents(one):
    body = {"schema": "answer", "documents": [{"text": TEXT}, {"text": f"{TEXT} Again."}]}
    files = {"file": ("a.txt", TEXT.encode())}
    with one.client() as client:
        whole = client.post("/v1/runs", json={**body, "params": WHEN}).json()
        form = client.post("/v1/runs", files=files, data={"schema": "answer", "params": json.dumps(WHY)}).json()
        assert (whole["params"], form["params"]) == (WHEN, WHY)
        assert whole["schema"]["id"] != form["schema"]["id"]
        for run, count, params in ((whole, 2, WHEN), (form, 1, WHY)):
            end = monotonic() + 30
            while client.get(run["address"]).json()["status"] != "finished":
                assert monotonic() < end
                sleep(0.05)
            records = [json.loads(line) for line in client.get(run["results"]).text.splitlines()]
            assert [record["schema"]["parameters"] for record in records] == [params] * count


def test_they_are_described_as_they_are_taken(one):
    with one.client() as client:
        document = client.get("/openapi.json").json()
        listed = {schema["name"]: schema for schema in client.get("/v1/schemas").json()["schemas"]}
    assert listed["answer"]["parameters"]["required"] == ["question"]
    assert listed["feedback"]["parameters"] is None

    def takes(path, body):
        (schema,) = [document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]]
        return Draft202012Validator({**document, **schema}).is_valid(body)

    for name, params, is_taken in [
        ("answer", WHY, True),
        ("answer", None, False),
        ("answer", {"question": ""}, False),
        ("answer", {**WHY, "more": 1}, False),
        ("summary", None, True),
        ("summary", {"sentences": 2}, True),
        ("summary", {"sentences": "2"}, False),
        ("feedback", None, True),
        ("feedback", {}, False),
    ]:
        said = {} if params is None else {"params": params}
        assert takes(f"/v1/extract/{name}", {"text": TEXT, **said}) is is_taken
        assert takes(f"/v1/extract/{name}/stream", {"text": TEXT, **said}) is is_taken
        assert takes("/v1/runs", {"schema": name, "documents": [{"text": TEXT}], **said}) is is_taken


def test_feedback_on_an_answer_is_taken(running, claude, tmp_path):
    claude.script(lambda _: QUOTE)
    with running("answer", feedback=tmp_path / "gold.log.jsonl") as started, started.client() as client:
        record = extract(client, WHEN).json()
        flag = {"record": record, "field": "/answer", "value": "Yesterday."}
        assert client.post("/v1/feedback", json=flag).status_code == 204
        record["schema"]["parameters"] = WHY
        assert client.post("/v1/feedback", json=flag).json()["code"] == "other_schema"
