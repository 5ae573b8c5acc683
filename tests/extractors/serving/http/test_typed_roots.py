"""Schemas of any type at the root, as the service serves them: their values stand in the record as they are."""

import json
from enum import Enum

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

TEXT = "It came late: two lamps."


class Mood(Enum):
    GOOD = "good"
    BAD = "bad"


class Item(BaseModel):
    name: str
    count: int


ROOTS = {"mood": "bad", "list_of_item": [{"name": "lamps", "count": 2}]}


@pytest.fixture
def client(running, claude):
    claude.script(lambda request: {"value": ROOTS["mood" if "bad" in str(request.schema) else "list_of_item"]})
    with running(Mood, list[Item]) as one, one.client() as client:
        yield client


@pytest.mark.parametrize("name", ROOTS)
def test_its_value_is_not_wrapped(client, name):
    answer = client.post(f"/v1/extract/{name}", json={"text": TEXT})
    assert (answer.status_code, answer.json()["outcome"], answer.json()["value"]) == (200, "valid", ROOTS[name])


@pytest.mark.parametrize("name", ROOTS)
def test_its_stream_ends_with_the_same(client, name):
    stream = client.post(f"/v1/extract/{name}/stream", json={"text": TEXT}).text
    record = stream.partition("event: record\ndata: ")[2].partition("\n")[0]
    assert json.loads(record)["value"] == ROOTS[name]


@pytest.mark.parametrize("name", ROOTS)
def test_its_schema_is_described_as_the_values_are(client, name):
    told = {one["name"]: one for one in client.get("/v1/schemas").json()["schemas"]}
    Draft202012Validator(told[name]["json_schema"]).validate(ROOTS[name])
