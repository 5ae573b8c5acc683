"""The OpenAPI document says what the service does: tools can read it, and real answers are as it has them."""

import json
import re
import subprocess
import sys

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field, computed_field

from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.schemas.built_in.built_ins import built_ins

OPTIONAL = "install the dependency group dev"

NAMED = {
    "title": "Line item, 50 %",
    "type": "object",
    "properties": {"lines": {"type": "array", "items": {"$ref": "#/$defs/line"}}},
    "$defs": {"line": {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}},
}


class Line(BaseModel):
    amount: int = Field(serialization_alias="sum")


class Bill(BaseModel):
    """Read one bill."""

    lines: list[Line]

    @computed_field
    @property
    def total(self) -> int:
        return sum(line.amount for line in self.lines)


CONFIGURATION = """
[checks.positive_data_acceptance]
# A file that no reader reads, a field that the record has not: what fits its description may be refused all the same.
expected-statuses = ["2xx", "401", "403", "404", "409", "422", "429", "5xx"]
"""


@pytest.fixture
def claude():
    return SimulatedClaude()


def described(one):
    with one.client() as client:
        return client.get("/openapi.json").json()


def check(document, name, instance):
    """Hold an answer against a part of the document."""
    schema = {**document, "$ref": f"#/components/schemas/{name}"}
    assert [error.message for error in Draft202012Validator(schema).iter_errors(instance)] == []


def test_a_schema_is_listed_as_it_is_described_and_as_values_are(running, claude):
    claude.script(lambda request: {"lines": [{"amount": 2}, {"amount": 3}]})
    with running(Bill, "answer", list[Line]) as one, one.client() as client:
        document, listed = client.get("/openapi.json").json(), client.get("/v1/schemas").json()
        record = one.post("bill").json()
    (answer,) = [document["paths"]["/v1/schemas"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]]
    Draft202012Validator(answer).validate(listed)
    schemas = {schema["name"]: schema["output_schema"] for schema in listed["schemas"]}
    assert [*schemas] == ["bill", "answer", "list_of_line"]
    for name, schema in schemas.items():
        described = json.dumps(document["components"]["schemas"][f"value-{name}"])
        assert json.loads(described.replace(f"#/components/schemas/value-{name}", "#")) == schema
    assert record["value"] == {"lines": [{"sum": 2}, {"sum": 3}], "total": 5}
    value = Draft202012Validator(schemas["bill"])
    assert value.is_valid(record["value"])
    assert not value.is_valid({"lines": [{"amount": 2}, {"amount": 3}]})
    assert "stated" in schemas["answer"]["required"]
    assert schemas["list_of_line"]["type"] == "array"


@pytest.mark.slow
def test_it_is_openapi_and_real_answers_are_as_it_says(running, tmp_path):
    validator = pytest.importorskip("openapi_spec_validator", reason=OPTIONAL)
    file = tmp_path / "named.json"
    file.write_text(json.dumps(NAMED))
    with running(*built_ins(), str(file), allow_schemas=True) as one:
        document = described(one)
        validator.OpenAPIV31SpecValidator(document).validate()
        names = [*one.service.schemas.named]
        for name in names:
            record = one.post(
                name, **({"params": {"question": "When did it come?"}} if name == "answer" else {})
            ).json()
            assert record["value"] is not None
            part = f"record-{re.sub('[^A-Za-z0-9_-]', lambda found: f'.{ord(found[0]):x}.', name)}"
            check(document, part, record)
            with pytest.raises(AssertionError):
                check(document, part, {**record, "value": {"lines": [{"count": "3"}], "sentiment": 3, "summary": 3}})
        with one.client() as client:
            own = client.post("/v1/extract", json={"text": "It came late.", "schema": NAMED})
        check(document, "record", own.json())
        check(document, "problem", one.post("feedback", text=3).json())
    assert own.status_code == 200
    assert "urn:" not in str(document)


@pytest.mark.slow
def test_nothing_is_found_by_who_reads_it_and_tries_everything(running, tmp_path):
    pytest.importorskip("schemathesis", reason=OPTIONAL)
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    with running("feedback", "answer", "summary", allow_schemas=True, feedback=tmp_path / "gold.log.jsonl") as one:
        bounds = ["--max-examples", "10", "--seed", "1", "--generation-database", "none", "--no-color"]
        key = ["--header", f"Authorization: Bearer {one.keys.add()}"]
        done = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "run", f"{one.url}/openapi.json", *key, *bounds],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, done.stdout
    assert " 0 generated" not in done.stdout
    assert "Authentication failed" not in done.stdout
