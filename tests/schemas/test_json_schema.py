"""JSON Schema as a response model: the official suite, and what the suite does not ask."""

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from slotfill.schemas.errors import InvalidError, SchemaError
from slotfill.schemas.json_schema import JsonValue, resolve_local, response_model
from slotfill.schemas.schema import Schema

DATA = Path(__file__).parents[3] / "shared" / "data" / "json-schema-test-suite"
DRAFTS = {
    "draft2020-12": "https://json-schema.org/draft/2020-12/schema",
    "draft7": "http://json-schema.org/draft-07/schema#",
}
OPTIONAL = ("ecmascript-regex", "bignum", "float-overflow", "non-bmp-regex")


def suites():
    for draft in DRAFTS:
        required = sorted((DATA / draft).glob("*.json"))
        optional = [DATA / draft / "optional" / f"{name}.json" for name in OPTIONAL]
        yield from (pytest.param(draft, path, id=f"{draft}/{path.stem}") for path in [*required, *optional])


@pytest.fixture(scope="module")
def remotes():
    folder = DATA / "remotes"
    return {
        f"http://localhost:1234/{path.relative_to(folder).as_posix()}": json.loads(path.read_text())
        for path in folder.rglob("*.json")
    }


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data is not beside this checkout")
@pytest.mark.parametrize(("draft", "path"), [*suites()])
def test_the_official_suite_passes_through_the_response_model(draft, path, remotes):
    if not path.is_file():
        pytest.skip("this draft has no such file")
    wrong = []
    for case in json.loads(path.read_text()):
        document = case["schema"]
        if isinstance(document, dict):
            document = {"$schema": DRAFTS[draft], **document}
        schema = Schema(response_model(document, name="suite", resources=remotes))
        for test in case["tests"]:
            travelling = json.dumps(schema.wrap(test["data"]))
            try:
                schema.validate(travelling)
                valid = True
            except InvalidError:
                valid = False
            if valid != test["valid"]:
                wrong.append(f"{case['description']}: {test['description']}")
    assert not wrong
