"""A recipe makes an extractor that asks for the same, elsewhere."""

import json
import subprocess
import sys

import pytest
from planted_plugins import packages_from, plant_example
from pydantic import BaseModel

from slotfill import Example, Extractor, SchemaError, SettingsError
from slotfill.extractors.distributed.recipe import Recipe
from slotfill.schemas import Parameters
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.schema_sources import resolve

JSON_SCHEMA = {
    "type": "object",
    "properties": {"day": {"type": "string", "format": "date"}, "pets": {"type": "array", "items": {"type": "string"}}},
    "required": ["day"],
}


class Visit(BaseModel):
    """Say in {words} words who came, and when."""

    class Parameters(Parameters):
        words: int = 3

    name: str
    note: str = ""


def elsewhere(extractor):
    """Make the extractor again of the recipe's text."""
    return Recipe.read(Recipe.of(extractor).text).extractor()


SOURCES = {
    "a built-in": ("summary", {"parameters": {"sentences": 2}}),
    "one line": ("name, age int, tags [str]", {"instructions": "Find who it is."}),
    "a mapping": (JSON_SCHEMA, {"formats": "annotate"}),
    "a list": ({"type": "array", "items": {"type": "integer"}}, {}),
    "a model": (Visit, {"parameters": {"words": 5}, "examples": [Example("Ann came.", {"name": "Ann"})]}),
    "a schema": (Schema(Visit, name="visits", context={"of": "today"}), {}),
    "evidence": ("sentiment", {"evidence": True}),
}


@pytest.fixture(autouse=True)
def credential(monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-not-to-be-written")


@pytest.mark.parametrize("source", SOURCES)
def test_it_asks_for_the_same(source):
    schema, options = SOURCES[source]
    extractor = Extractor(schema, model=["claude-opus-5", "claude-haiku-5-5"], mend="bold", rpm=60, **options)
    other = elsewhere(extractor)
    assert other.schema.id == extractor.schema.id
    assert other.requests("Ann came on 2026-01-02.") == extractor.requests("Ann came on 2026-01-02.")
    assert other.models == extractor.models
    assert other.settings.mend == "bold"
    assert other.schema.context == extractor.schema.context
    assert other.settings.rpm is None  # the run's pacer keeps to it


def test_it_is_small_and_holds_no_credential():
    text = Recipe.of(Extractor("feedback")).text
    assert "sk-ant" not in text
    assert json.loads(text)
    assert len(text) < 10_000


def test_votes_and_escalation_travel():
    options = {"votes": 3, "escalate": "claude-opus-5", "sure": 0.9, "chunk_chars": 500, "passes": 2, "thinking": "off"}
    extractor = Extractor("sentiment", **options)
    assert {name: getattr(elsewhere(extractor).settings, name) for name in options} == options


def test_a_file_is_named_with_what_it_holds(tmp_path):
    path = tmp_path / "visit.py"
    path.write_text("from pydantic import BaseModel\nclass Visit(BaseModel):\n    '''Say who came.'''\n    name: str\n")
    recipe = Recipe.of(Extractor(resolve(f"{path}:Visit", trusted=True)))
    made = "import sys; from slotfill.extractors.distributed.recipe import Recipe; "
    made += "print(Recipe.read(sys.argv[1]).extractor().schema.name)"
    done = subprocess.run([sys.executable, "-c", made, recipe.text], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "visit"
    path.write_text(path.read_text() + "    age: int = 0\n")
    with pytest.raises(SchemaError, match="is not what it was"):
        recipe.extractor()
    path.unlink()
    with pytest.raises(SchemaError, match="each worker needs it there"):
        recipe.extractor()


def test_a_module_that_says_something_else_here_is_refused():
    recipe = Recipe.of(Extractor(Visit))
    recipe.schema["id"] = "0" * 64
    with pytest.raises(SchemaError, match="another one here"):
        recipe.extractor()


def test_what_nobody_else_finds_is_refused():
    class Local(BaseModel):
        """Say anything."""

        name: str

    with pytest.raises(SchemaError, match="where no other process finds it"):
        Recipe.of(Extractor(Local))


def test_a_context_that_is_no_json_is_refused():
    with pytest.raises(SettingsError, match="context"):
        Recipe.of(Extractor(Visit, context={"of": object()}))


def test_the_embedded_model_is_refused():
    with pytest.raises(SettingsError, match="embedded model"):
        Recipe.of(Extractor(Visit, model=["claude-haiku-5-5", "local"]))


def test_a_plug_in_s_schema_and_transport_are_found_elsewhere_too(tmp_path, monkeypatch):
    with packages_from(tmp_path, monkeypatch) as site:
        plant_example(site)
        extractor = Extractor("person", model="echo:1")
        text = Recipe.of(extractor).text
        for name in [name for name in sys.modules if name.startswith("acme_plugins")]:
            del sys.modules[name]  # as in a process that has not imported it
        with Recipe.read(text).extractor() as other:
            assert other.schema.id == extractor.schema.id
            assert other.extract("Ada Lovelace wrote it.").value.name == "Ada Lovelace"
