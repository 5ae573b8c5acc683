import json
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from slotfill.schemas.built_in.feedback import Feedback
from slotfill.schemas.errors import InvalidError, SchemaError
from slotfill.schemas.example import Example
from slotfill.schemas.parameters import Parameters
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.schema_sources import read_examples, resolve

MODEL = """
from __future__ import annotations
from pydantic import BaseModel

class Line(BaseModel):
    item: str

class Invoice(BaseModel):
    "Read the invoice."
    lines: list[Line]
    parent: Invoice | None = None

    class Footer(BaseModel):
        note: Later

class Later(BaseModel):
    x: int

NUMBER = 3
"""


class Person(BaseModel):
    """Find the person."""

    name: str
    age: int = Field(ge=0)


class Greeting(BaseModel):
    """Greet in at most {words} words."""

    class Options(Parameters):
        words: int = Field(3, ge=1)
        tone: str = "warm"

    text: str


def refusal(source, **options):
    with pytest.raises(SchemaError) as caught:
        resolve(source, **options)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert "Traceback" not in message
    return message


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    return tmp_path


def test_a_built_in_by_name():
    assert resolve("feedback").model is Feedback
    assert resolve("feedback").name == "feedback"


def test_an_unknown_name_gets_the_nearest_and_the_forms():
    message = refusal("sentimant")
    assert "unknown schema 'sentimant': did you mean 'sentiment'?" in message
    for form in (
        "entities, feedback, sentiment, summary",
        "package.module:Model",
        "file.py:Model",
        "schema.json",
    ):
        assert form in message
    assert "did you mean 'summary'" in refusal("Sumary")
    assert "did you mean" not in refusal("xyzzy")
    assert "did you mean 'feedback'" in refusal("feed")
    assert "did you mean" not in refusal("nowhere")


def test_a_field_alone_is_shown_how_to_be_one_line() -> None:
    with pytest.raises(SchemaError, match="a field alone: 'price str'"):
        resolve("price")


def test_a_model_class_keeps_its_type():
    schema = resolve(Person)
    assert schema.model is Person
    assert schema.instructions == "Find the person."
    assert resolve(Person, instructions="Other.").instructions == "Other."
    examples = (Example("Ann, 3", {"name": "Ann", "age": 3}),)
    assert resolve(Person, examples=list(examples)).examples == examples


@pytest.mark.parametrize("source", [None, 3, b"feedback", ["name"], object(), Path("a.json")])
def test_what_is_no_schema_is_refused(source):
    assert "is no" in refusal(source)


def test_a_model_by_module(folder):
    (folder / "bills").mkdir()
    (folder / "bills" / "__init__.py").touch()
    (folder / "bills" / "forms.py").write_text(MODEL)
    schema = resolve("bills.forms:Invoice")
    assert schema.name == "invoice"
    assert schema.load({"lines": [{"item": "tea"}]}).lines[0].item == "tea"
    assert resolve("bills.forms:Invoice.Footer").load({"note": {"x": 1}}).note.x == 1


def test_what_a_module_lacks_is_named(folder):
    (folder / "forms1.py").write_text(MODEL)
    (folder / "broken1.py").write_text("import json\n\n1 / 0\n")
    (folder / "needy1.py").write_text("import no_such_thing\n")
    (folder / "typo1.py").write_text("x = 1\ndef f(:\n")
    (folder / "quits1.py").write_text("import sys\nsys.exit('bye')\n")
    (folder / "empty1.py").write_text("")
    (folder / "roots1.py").write_text("from pydantic import RootModel\nclass Days(RootModel[list[int]]): ...\n")
    assert "no module 'nowhere1'" in refusal("nowhere1:Model")
    assert "no module 'forms1.deep'" in refusal("forms1.deep:Model")
    assert "'forms1' has no 'Invoise': did you mean 'Invoice'?" in refusal("forms1:Invoise")
    assert "its models are Line, Invoice, Later" in refusal("forms1:xyzzy")
    assert refusal("roots1:xyzzy").endswith("its models are Days")
    assert "it defines no Pydantic model" in refusal("empty1:Model")
    assert "'NUMBER' of module 'forms1' is no subclass of pydantic.BaseModel" in refusal("forms1:NUMBER")
    assert "is no subclass of pydantic.BaseModel" in refusal("pathlib:Path")
    assert "ZeroDivisionError: division by zero (broken1.py, line 3)" in refusal("broken1:Model")
    assert "'needy1' needs module 'no_such_thing'" in refusal("needy1:Model")
    assert "SyntaxError: invalid syntax (typo1.py, line 2)" in refusal("typo1:Model")
    assert "SystemExit: bye (quits1.py, line 2)" in refusal("quits1:Model")


def test_a_file_is_executed_only_where_that_is_trusted(folder):
    marker = folder / "ran"
    (folder / "form.py").write_text(f"open({str(marker)!r}, 'w').close()\n{MODEL}".replace("\nfrom __f", "\n#"))
    assert "would execute the file" in refusal("form.py:Invoice")
    assert not marker.exists()


def test_a_model_in_a_file_may_look_ahead(folder):
    (folder / "form.py").write_text(MODEL)
    schema = resolve("form.py:Invoice", trusted=True)
    value = {"lines": [], "parent": {"lines": [{"item": "tea"}], "parent": None}}
    assert schema.dump(schema.load(value)) == value
    assert schema.instructions == "Read the invoice."
    assert resolve(f"{folder}/form.py:Invoice.Footer", trusted=True).load({"note": {"x": 1}})
    assert sorted(path.name for path in folder.iterdir()) == ["form.py"]


def test_a_file_that_changed_is_read_anew_and_keeps_its_schema_id(folder):
    (folder / "form.py").write_text("from pydantic import BaseModel\nclass M(BaseModel):\n    a: int\n")
    first = resolve("form.py:M", trusted=True)
    assert resolve("form.py:M", trusted=True).id == first.id
    (folder / "form.py").write_text("from pydantic import BaseModel\nclass M(BaseModel):\n    b: int\n")
    assert list(resolve("form.py:M", trusted=True).model.model_fields) == ["b"]


@pytest.mark.parametrize("name", ["my form.py", "a,b.py", "b[1].py", "c:d.py", r"C:\x\form.py", "été.PY"])
def test_a_file_of_any_name_works_where_it_exists(folder, name):
    (folder / name).write_text(MODEL)
    assert resolve(f"{name}:Invoice", trusted=True).name == "invoice"


@pytest.mark.parametrize("name", ["my form.json", "a,b.json", "b[1].json", "c:d.json", r"C:\x\f.json", "x.JSON"])
def test_a_json_schema_of_any_name_works_where_it_exists(folder, name):
    (folder / name).write_text('{"type": "object", "title": "It"}')
    assert resolve(name).name == "It"


def test_what_a_file_lacks_is_named(folder):
    (folder / "form.py").write_text(MODEL)
    (folder / "broken.py").write_text("import json\n\njson.loads('{')\n")
    (folder / "typo.py").write_text("x = 1\ndef f(:\n")
    (folder / "quits.py").write_text("raise SystemExit(3)\n")
    (folder / "null.py").write_bytes(b"x = '\0'\n")
    (folder / "vague.py").write_text("from pydantic import BaseModel\nclass M(BaseModel):\n    a: 'Nowhere'\n")
    assert "No such file" in refusal("gone.py:Model", trusted=True)
    assert "has no 'Invoise': did you mean 'Invoice'?" in refusal("form.py:Invoise", trusted=True)
    assert "has no '': its models are" in refusal("form.py:", trusted=True)
    assert "'form.py': write 'form.py:Model', with the model's name. A schema is" in refusal("form.py", trusted=True)
    assert "'NUMBER' of Python file 'form.py' is no subclass" in refusal("form.py:NUMBER", trusted=True)
    message = refusal("broken.py:Model", trusted=True)
    assert "'broken.py' raised JSONDecodeError" in message
    assert message.endswith("(broken.py, line 3)")
    assert "SyntaxError: invalid syntax (typo.py, line 2)" in refusal("typo.py:Model", trusted=True)
    assert "SystemExit: 3 (quits.py, line 1)" in refusal("quits.py:Model", trusted=True)
    assert "null bytes" in refusal("null.py:Model", trusted=True)
    assert "Nowhere" in refusal("vague.py:M", trusted=True)
    assert "write 'form.py:Model'" in refusal("form.py", trusted=True)
    assert "there is no file 'my form.py:Model', and as a one-line schema, column" in refusal(
        "my form.py:Model", trusted=True
    )


def test_a_file_that_fails_leaves_no_module_behind(folder):
    (folder / "broken.py").write_text("1 / 0\n")
    before = set(sys.modules)
    refusal("broken.py:Model", trusted=True)
    assert set(sys.modules) == before


def test_a_json_schema_file(folder):
    document = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    (folder / "count.json").write_text("\ufeff" + json.dumps(document), encoding="utf-8")
    schema = resolve("count.json")
    assert schema.name == "count"
    assert schema.load({"n": 3}) == {"n": 3}
    with pytest.raises(InvalidError):
        schema.load({"n": "3"})
    described = {**document, "title": "Tally", "description": "Count the sheep."}
    (folder / "count.json").write_text(json.dumps(described))
    schema = resolve(str(folder / "count.json"))
    assert (schema.name, schema.instructions) == ("Tally", "Count the sheep.")
    assert resolve("count.json", instructions="Count all.").instructions == "Count all."


def test_what_is_wrong_with_a_json_schema_file_is_named(folder):
    (folder / "typo.json").write_text('{\n  "type": "object",\n  "properties" {}\n}')
    (folder / "list.json").write_text("[1]")
    (folder / "deep.json").write_text("[" * 100_000)
    (folder / "latin.json").write_bytes(b'{"title": "caf\xe9"}')
    (folder / "wrong.json").write_text('{"type": "objekt"}')
    (folder / "folder.json").mkdir()
    assert "no JSON Schema file 'gone.json'" in refusal("gone.json")
    assert "'typo.json' is no JSON: Expecting ':' delimiter at line 3, column 16" in refusal("typo.json")
    assert "expected an object, found [1]" in refusal("list.json")
    assert "'deep.json' is no JSON" in refusal("deep.json")
    assert "is not UTF-8: invalid continuation byte at byte 14" in refusal("latin.json")
    assert "'wrong.json': no valid JSON Schema: /type: 'objekt'" in refusal("wrong.json")
    assert "cannot be read" in refusal("folder.json")
    assert "there is no file 'my typo.json', and as a one-line schema" in refusal("my typo.json")


def test_a_dict_is_a_json_schema():
    schema = resolve({"type": "array", "items": {"type": "integer"}})
    assert (schema.name, schema.wrapped) == ("schema", True)
    assert schema.load([1, 2]) == [1, 2]
    assert resolve({"title": "Tally", "description": "Count."}).instructions == "Count."
    assert resolve({"title": " ", "description": ""}).name == "schema"
    assert "what the schema describes" in resolve({"description": ""}).instructions


def test_one_line():
    schema = resolve("name, age int?, mood good|bad")
    assert schema.name == "inline"
    assert schema.load({"name": "Ann", "mood": "good"}) == {"name": "Ann", "mood": "good"}
    for wrong in ({"name": "Ann", "mood": "so-so"}, {"name": "Ann", "mood": "bad", "x": 1}, {"mood": "bad"}):
        with pytest.raises(InvalidError):
            schema.load(wrong)
    assert resolve("name ").load({"name": "Ann"}) == {"name": "Ann"}
    people = resolve("[{name, age int|null >= 0}]")
    assert people.wrapped
    assert people.load(value := [{"name": "Ann", "age": 7}, {"name": "Bo", "age": None}]) == value
    with pytest.raises(InvalidError, match="/0/age"):
        people.load([{"name": "Ann", "age": -1}])
    assert "column 6: unknown type 'agee'" in refusal("name agee")


def test_a_built_in_comes_before_a_file_of_its_name(folder):
    (folder / "feedback").write_text("{}")
    (folder / "feedback.json").write_text('{"title": "Mine"}')
    assert resolve("feedback").model is Feedback
    assert resolve("./feedback.json").name == "Mine"


@given(st.text() | st.text(st.sampled_from("aé.:/\\ ,[]{}|?jsonpy")))
@example("x" * 5000 + ".json")
@example("x" * 5000 + " .json")
@example("x" * 5000 + ".py:M")
@example("\0.json")
@example("\0 .json")
@example("\ud800.json")
@example("\ud800 .py:M")
@example(".:M")
@example("..a:M")
@example("a:..")
@example("")
def test_any_string_is_a_schema_or_a_schema_error(text):
    message = "none"
    try:
        resolve(text)
    except SchemaError as error:
        message = str(error)
    assert len(message.splitlines()) == 1


def test_a_schema_is_itself_until_something_is_overridden():
    schema = Schema(Person, name="who", instructions="Mine.")
    assert resolve(schema) is schema
    examples = (Example("Ann, 3", {"name": "Ann", "age": 3}),)
    more = resolve(schema, examples=examples)
    assert (more.name, more.instructions, more.examples) == ("who", "Mine.", examples)
    again = resolve(more, instructions="Yours.")
    assert (again.name, again.instructions, again.examples) == ("who", "Yours.", examples)


def test_a_schema_made_again_keeps_its_other_parameters():
    schema = Schema(Greeting, parameters={"words": 5, "tone": "cold"})
    other = resolve(schema, parameters={"words": "2"})
    assert other.parameters == Greeting.Options(words=2, tone="cold")
    assert other.instructions == "Greet in at most 2 words."
    mine = resolve(Schema(Greeting, instructions="Hi."), parameters={"words": 2})
    assert mine.instructions == "Hi."


def test_parameters_reach_the_schema_and_wrong_ones_are_refused():
    assert resolve("summary", parameters={"sentences": "2"}).parameters.sentences == 2
    assert "has no parameter 'sentence': it takes sentences" in refusal("summary", parameters={"sentence": 2})
    assert "parameter 'sentences'" in refusal("summary", parameters={"sentences": "many"})
    assert "it takes none" in refusal("feedback", parameters={"x": 1})


def test_examples_are_read_from_lines(tmp_path):
    path = tmp_path / "shots.jsonl"
    path.write_text(
        '\ufeff{"text": "Ann\u2028, 3", "value": {"name": "Ann", "age": 3}}\r\n\n'
        '{"value": null, "text": "", "id": "0a", "lang": "de"}\n',
        encoding="utf-8",
    )
    assert read_examples(path) == (Example("Ann\u2028, 3", {"name": "Ann", "age": 3}), Example("", None))
    assert read_examples(str(path)) == read_examples(path)
    path.write_text("")
    assert read_examples(path) == ()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "is no JSON: Expecting property name enclosed in double quotes at line 3, column 2"),
        ("[1]", 'expected {"text": "…", "value": …}, found [1]'),
        ('{"text": "a"}', "expected"),
        ('{"text": 3, "value": 1}', "expected"),
        ('{"text": "a", "values": 1}', "expected"),
    ],
)
def test_a_wrong_line_of_examples_is_named(tmp_path, line, message):
    path = tmp_path / "shots.jsonl"
    path.write_text(f'{{"text": "a", "value": 1}}\n\n{line}\n')
    with pytest.raises(SchemaError) as caught:
        read_examples(path)
    assert repr(str(path)) in str(caught.value)
    assert "line 3" in str(caught.value)
    assert message in str(caught.value)


def test_examples_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(SchemaError, match="no examples file"):
        read_examples(tmp_path / "gone.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b"caf\xe9")
    with pytest.raises(SchemaError, match="is not UTF-8"):
        read_examples(tmp_path / "latin.jsonl")


def test_examples_are_checked_against_the_schema():
    assert "example 1 of schema 'person' does not validate: /age" in refusal(
        Person, examples=[Example("Ann", {"name": "Ann", "age": -1})]
    )


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A working folder that is not on the import path."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


class TestTheWorkingFolder:
    MODEL = (
        "import sys\nfrom pydantic import BaseModel\nSEEN = [*sys.path]\nclass Invoice(BaseModel):\n    total: int\n"
    )

    def test_is_on_the_path_while_a_module_is_imported_and_off_again(self, own):
        (own / "bills.py").write_text(self.MODEL)
        before = [*sys.path]
        assert resolve("bills:Invoice", trusted=True).name == "invoice"
        assert [*before, str(own)] == sys.modules["bills"].SEEN
        assert sys.path == before

    def test_is_off_again_after_an_import_that_fails(self, own):
        (own / "bills.py").write_text("raise SystemExit('no')")
        refusal("bills:Invoice", trusted=True)
        assert str(own) not in sys.path

    def test_hides_nothing_that_is_installed(self, own):
        (own / "pytest.py").write_text(self.MODEL)
        assert "has no 'Invoice'" in refusal("pytest:Invoice", trusted=True)

    def test_is_not_looked_in_for_an_application(self, own):
        (own / "bills.py").write_text(self.MODEL)
        assert "there is no module 'bills'" in refusal("bills:Invoice")

    def test_comes_before_a_folder_without_code_that_has_the_name(self, own, tmp_path_factory):
        elsewhere = tmp_path_factory.mktemp("elsewhere")
        (elsewhere / "bills").mkdir()
        sys.path.insert(0, str(elsewhere))
        (own / "bills.py").write_text(self.MODEL)
        assert resolve("bills:Invoice", trusted=True).name == "invoice"

    def test_gives_nothing_to_a_file_which_says_how_it_would(self, own):
        (own / "bills.py").write_text("import amounts\n" + self.MODEL)
        (own / "amounts.py").write_text("")
        message = refusal("bills.py:Invoice", trusted=True)
        assert "No module named 'amounts' (bills.py, line 1)" in message
        assert "package.module:Model" in message
