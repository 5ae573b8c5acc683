"""Types that are no models as schemas: their values are what the type says."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, ClassVar, Literal, NotRequired

import pytest
from pydantic import BaseModel, Field, RootModel
from typing_extensions import TypedDict

from slotfill import Example, Extraction, Extractor, SchemaError, load_record
from slotfill.distributed import Recipe
from slotfill.extractors.streaming.partial_value import PartialValue
from slotfill.extractors.testing.check import check
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.schemas import InvalidError, Schema, SchemaCodeError, resolve


class Item(BaseModel):
    """Extract the items."""

    name: str = Field(alias="Name")
    price: Decimal = Decimal(0)
    examples: ClassVar[tuple[Example, ...]] = (Example("A nut.", {"Name": "nut"}),)


class Refusal(BaseModel):
    reason: str


@dataclass
class Shipment:
    number: str
    weight: Decimal | None = None


class Row(TypedDict):
    """Extract the row."""

    a: int
    b: NotRequired[str]


class Mood(Enum):
    GOOD = "good"
    BAD = "bad"


class Judged(BaseModel):
    tone: Literal["good", "bad"]


@dataclass
class Rated:
    tone: Literal["good", "bad"]


class Plain:
    """No type that JSON has."""


NUT = Item(Name="nut")
CASES = [
    (list[Item], "list_of_item", [{"Name": "nut", "price": 0}], [NUT], True),
    (Item | Refusal, "item_or_refusal", {"reason": "blank"}, Refusal(reason="blank"), True),
    (Item | None, "item_or_none", None, None, True),
    (Literal["a", "b"], "choice", "b", "b", True),
    (Mood, "mood", "bad", Mood.BAD, True),
    (Shipment, "shipment", {"number": "7", "weight": 1.5}, Shipment("7", Decimal("1.5")), False),
    (list[Shipment], "list_of_shipment", [{"number": "7", "weight": None}], [Shipment("7")], True),
    (Row, "row", {"a": 1}, {"a": 1}, False),
    (int, "int", 3, 3, True),
    (dict[str, int], "dict_of_int", {"a": 1}, {"a": 1}, False),
    (Annotated[int, Field(ge=3)], "int", 3, 3, True),
    (tuple[int, str], "tuple_of_str", [1, "a"], (1, "a"), True),
]


@pytest.mark.parametrize(("source", "name", "data", "value", "wrapped"), CASES, ids=lambda case: str(case)[:30])
def test_a_type_is_a_schema_whose_values_are_of_it(source, name, data, value, wrapped):
    schema = resolve(source)
    assert (schema.name, schema.wrapped) == (name, wrapped)
    read = schema.load(data)
    assert (read, type(read)) == (value, type(value))
    assert schema.load(schema.dump(read)) == read
    assert Schema(source).id == schema.id == resolve(resolve(source), context={}).id


@pytest.mark.parametrize(
    ("source", "wrong"), [(list[Item], [{"Name": 7}]), (Annotated[int, Field(ge=3)], 2), (Row, {})]
)
def test_a_value_is_read_strictly(source, wrong):
    with pytest.raises(InvalidError):
        resolve(source).load(wrong)


def test_what_the_classes_say_is_what_a_model_is_told():
    assert resolve(list[Item]).instructions == "Extract the items."
    assert resolve(dict[str, Item | Row]).instructions == "Extract the items.\n\nExtract the row."
    assert resolve(list[Shipment]).instructions == "Extract list of shipment from the document."  # no words of Python's
    assert resolve(list[Item], instructions="All.").instructions == "All."
    assert resolve(Item | None).examples == Item.examples
    assert resolve(list[Item]).examples == ()
    assert resolve(list[Item], examples=[Example("A nut.", [{"Name": "nut"}])]).examples


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (Plain, "Plain cannot be read from JSON: Unable to generate"),
        (list[Plain], "Plain] cannot be read from JSON"),
        (list["Missing"], "cannot be read from JSON: name 'Missing' is not defined"),  # noqa: F821 - as it says
        (Callable[[int], int], "has no JSON Schema"),
        (type[int], "type[int] holds classes, of which there are none in JSON"),
        (list[type[Item]], "Item] holds classes"),
        (Item | type[Item], "Item] holds classes"),
        (dict[str, type], "type holds classes"),
        (NUT, "is no schema: pass a model, a type such as list"),
        (7, "is no schema: pass a model, a type such as list"),
        (None, "is no schema"),
    ],
)
def test_what_is_no_type_of_json_is_refused_in_one_line(source, message):
    with pytest.raises(SchemaError) as told:
        resolve(source)
    assert message in str(told.value)
    assert "\n" not in str(told.value)


def test_extractions_hold_it_and_records_give_it_back():
    claude = SimulatedClaude([[{"Name": "nut", "price": 0.5}, {"Name": "bolt"}]])
    with Extractor(list[Item], client=claude.client()) as extractor:
        extraction = extractor.extract("A nut of 0.5 and a bolt.")
    assert extraction.value == [Item(Name="nut", price=Decimal("0.5")), Item(Name="bolt")]
    assert "/0/Name" in extraction.spans
    record = extraction.to_json()
    assert [item["Name"] for item in record["value"]] == ["nut", "bolt"]
    loaded: Extraction[list[Item]] = load_record(record, resolve(list[Item]), extraction.document)
    assert loaded.value == extraction.value
    with pytest.raises(SchemaError, match=r"takes a Schema, not Item: slotfill\.schemas\.resolve\(Item\) makes one"):
        load_record(record, Item)  # type: ignore[arg-type]  # as code without types has it


def test_a_list_grows_as_its_items():
    partial = PartialValue(resolve(list[Item]))
    seen = [partial.value]
    for piece in ('{"value": [{"Na', 'me": "n', 'ut"}, {"Name"', ': "bolt", "price": 1}]}'):
        partial.feed(piece)
        seen.append([(item.name, item.price) for item in partial.value])
    assert seen[0] is None
    assert seen[1:] == [[(None, None)], [("n", None)], [("nut", 0), (None, None)], [("nut", 0), ("bolt", 1)]]


@pytest.mark.slow
def test_the_laws_hold_of_a_type():
    for source in (list[Item], Item | Refusal, Shipment):
        findings = check(source, max_examples=5)
        assert [finding for finding in findings if finding.kind == "broken"] == []


def test_a_type_is_named_like_a_model_and_reaches_other_processes(tmp_path, monkeypatch):
    (tmp_path / "kinds7.py").write_text(
        "from dataclasses import dataclass\nfrom pydantic import BaseModel\n\n"
        "class Item(BaseModel):\n    name: str\n\n"
        "@dataclass\nclass Ship:\n    number: str\n\n\nItems = list[Item]\n"
    )
    monkeypatch.chdir(tmp_path)
    schema = resolve("kinds7:Items", trusted=True)
    value = schema.load([{"name": "nut"}])
    assert (schema.name, value[0].name) == ("list_of_item", "nut")
    assert resolve("kinds7.py:Items", trusted=True).id == schema.id
    assert resolve("kinds7:Ship", trusted=True).load({"number": "7"}).number == "7"
    claude = SimulatedClaude()
    monkeypatch.syspath_prepend(tmp_path)
    for source in (schema, resolve("kinds7:Ship", trusted=True), Shipment):
        recipe = Recipe.of(Extractor(source, client=claude.client()))
        assert Recipe.read(recipe.text).schema["id"] == resolve(source).id
    with pytest.raises(SchemaError, match="list_of_Item is a type without a name, which no other process finds"):
        Recipe.of(Extractor(list[Item], client=claude.client()))


def test_a_root_is_no_step_of_where_a_value_cannot_be_written():
    class Rows(RootModel[list[float]]):
        pass

    for schema in (Schema(Rows), resolve(list[float])):
        with pytest.raises(SchemaCodeError) as told:
            schema.dump(Rows.model_construct([1.0, float("inf")]) if schema.name == "rows" else [1.0, float("inf")])
        assert [error.path for error in told.value.errors] == ["/1"]


def test_an_iterable_is_a_list_and_anything_is_itself():
    assert resolve(Iterable[int]).load([1, 2]) == [1, 2]
    assert resolve(Any).load({"a": [1]}) == {"a": [1]}


@pytest.mark.parametrize(
    ("source", "reply", "evidence"),
    [
        (list[Judged], [{"tone": "good", "tone_evidence": ["ham is good"]}], "/0/tone"),
        (Judged | Refusal, {"value": {"tone": "good", "tone_evidence": ["ham is good"]}}, "/tone"),
        (Rated, {"tone": "good", "tone_evidence": ["ham is good"]}, "/tone"),
    ],
)
def test_judged_values_within_rest_on_evidence(source, reply, evidence):
    claude = SimulatedClaude(lambda _: reply)
    extraction = Extractor(source, client=claude.client(), evidence=True).extract("I say that ham is good.")
    assert extraction.ok
    assert [(one.text, one.match) for one in extraction.evidence[evidence]] == [("ham is good", "exact")]


def test_a_choice_that_is_the_whole_has_no_field_for_evidence():
    with pytest.raises(SchemaError, match="nothing to show evidence of"):
        Extractor(Literal["a", "b"], client=SimulatedClaude().client(), evidence=True)
