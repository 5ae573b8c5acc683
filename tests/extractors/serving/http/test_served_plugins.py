"""The service with plug-ins: their schema, their reader for what is uploaded, their way to a model."""

import json

import pytest
from planted_plugins import packages_from, plant_example
from waiting import wait_for

NOTE = ("blob", "Ada Lovelace wrote it."[::-1].encode(), "text/x-reversed")


@pytest.fixture
def served_person(running, tmp_path_factory, monkeypatch):
    with packages_from(tmp_path_factory.mktemp("site"), monkeypatch) as site:
        plant_example(site)
        with running("person", models=("echo:1",)) as one:
            yield one


def test_a_schema_and_a_reader_of_plug_ins_serve_uploads_and_runs(served_person):
    with served_person.client() as client:
        assert [one["name"] for one in client.get("/v1/schemas").json()["schemas"]] == ["person"]
        record = client.post("/v1/extract/person", files={"file": NOTE}).json()
        assert (record["value"], record["model"]) == ({"name": "Ada Lovelace"}, "echo:1")
        assert record["spans"]["/name"]["place"] == {"part": "all of it"}
        plain = client.post("/v1/extract/person", files={"file": (*NOTE[:2], "text/plain")}).json()
        assert plain["value"] == {"name": ""}
        run = client.post("/v1/runs", files=[("file", NOTE)], data={"schema": "person"}).json()["id"]
        wait_for(lambda: client.get(f"/v1/runs/{run}").json()["status"] == "finished")
        (line,) = client.get(f"/v1/runs/{run}/results").text.splitlines()
        assert json.loads(line)["value"] == {"name": "Ada Lovelace"}
