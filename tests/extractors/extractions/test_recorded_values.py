"""What a model said stays what is validated, merged, shown and read again; what is written of a value is for output."""

import json
from datetime import date
from typing import Annotated, ClassVar

import pytest
from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SecretStr,
    computed_field,
    field_serializer,
    field_validator,
    model_validator,
)

from slotfill import Extractor, load_record
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.record.parts import Outcome
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.schemas.schema import Schema

TEXT = "Ada sold a red lamp in June and left for good. " * 4 + "\n\n" + "Bob took green chairs from the house. " * 4


class Row(BaseModel):
    name: str


class Order(BaseModel):
    """Read under one name, written under another."""

    note: str | None = None
    items: list[Row] = Field(default_factory=list, validation_alias="lineItems", serialization_alias="rows")


class Choosy(BaseModel):
    names: list[str] = Field(validation_alias=AliasChoices("people", "persons"))


class Hidden(BaseModel):
    token: SecretStr
    price: float
    seen: bool = Field(default=False, exclude=True)
    day: Annotated[date, PlainSerializer(lambda day: f"{day:%d.%m.%Y}")]

    @field_serializer("price")
    def rounded(self, price: float) -> float:
        return round(price, 1)


class Counted(BaseModel):
    words: list[str]

    @computed_field
    @property
    def count(self) -> int:
        return len(self.words)


REPLIES = [
    (Order, {"lineItems": [{"name": "lamp"}]}),
    (Choosy, {"people": ["Ada", "Bob"]}),
    (Hidden, {"token": "abc-123", "price": 2.46, "seen": True, "day": "2026-03-03"}),
    (Counted, {"words": ["red", "green"]}),
]


def extract(model, reply, text=TEXT, **options) -> tuple[Extraction, SimulatedClaude]:
    claude = SimulatedClaude(reply if isinstance(reply, list) else [reply])
    with Extractor(model, client=claude.client(), model="claude-haiku-5-5", **options) as extractor:
        return extractor.extract(text), claude


@pytest.mark.parametrize(
    "options", [{}, {"passes": 2}, {"chunk_chars": 150}, {"passes": 2} | {"chunk_chars": 150}], ids=str
)
@pytest.mark.parametrize(("model", "reply"), REPLIES)
def test_a_value_is_what_the_model_said_of_it(model, reply, options):
    extraction, _ = extract(model, reply, **options)
    assert extraction.ok, extraction.error
    assert extraction.value == Schema(model).load(reply)
    assert extraction.reply == reply | ({"note": None} if "note" in (extraction.reply or {}) else {})
    assert extraction.edits == ()
    assert extraction.data == json.loads(extraction.value.model_dump_json(by_alias=True))


@pytest.mark.parametrize(("model", "reply"), REPLIES)
def test_a_record_loads_again_to_an_equal_value(model, reply):
    extraction, _ = extract(model, reply)
    record = json.loads(json.dumps(extraction.to_json()))
    assert ("reply" in record) is (extraction.reply != extraction.data)
    again = load_record(record, Schema(model), extraction.document)
    assert (again.value, again.reply, again.data) == (extraction.value, extraction.reply, extraction.data)
    assert again.to_json() == record


@pytest.mark.parametrize(("model", "reply"), REPLIES)
def test_a_further_turn_shows_the_model_what_it_said(model, reply):
    claude = SimulatedClaude([reply])
    with Extractor(model, client=claude.client(), model="claude-haiku-5-5") as extractor:
        extractor.refine(extractor.extract(TEXT), "look again")
    shown = [message["content"] for message in claude.requests[-1].body["messages"] if message["role"] == "assistant"]
    assert json.loads(shown[-1] if isinstance(shown[-1], str) else shown[-1][0]["text"]) == reply


def test_spans_lead_into_what_is_written():
    extraction, _ = extract(Order, {"lineItems": [{"name": "lamp"}]})
    assert extraction.spans["/rows/0/name"].start == TEXT.index("lamp")


def test_a_chunk_is_mended_and_patched_by_the_models_own_types():
    class Sale(BaseModel):
        name: str
        day: date

        @field_validator("name")
        @classmethod
        def is_a_thing(cls, name):
            if name == "nothing":
                raise ValueError("is no thing that is sold")
            return name

    class Sales(BaseModel):
        title: str
        sales: list[Sale]

    def reply(asked):
        if "title" not in asked.schema["properties"]:
            return {"sales": {"0": {"name": "chairs"}}}
        name = "lamp" if "lamp" in asked.document else "nothing"
        return {"title": "t", "sales": [{"name": name, "day": "June 2, 2026"}]}

    claude = SimulatedClaude(reply)
    with Extractor(Sales, client=claude.client(), model="claude-haiku-5-5", chunk_chars=150) as extractor:
        extraction = extractor.extract(TEXT)
    assert extraction.ok, extraction.error
    assert {edit.kind for edit in extraction.edits} == {"date"}
    assert extraction.outcome is Outcome.PATCHED
    assert {sale.day for sale in extraction.value.sales} == {date(2026, 6, 2)}


def test_code_that_raises_ends_its_document_with_the_field_named():
    class Basket(BaseModel):
        total: float
        count: int

        @computed_field
        @property
        def mean(self) -> float:
            return self.total / self.count

    extraction, claude = extract(Basket, [{"total": 0.0, "count": 0}])
    assert extraction.outcome is Outcome.FAILED
    assert (extraction.error.type, extraction.error.path) == ("schema_code", "/mean")
    assert "ZeroDivisionError" in extraction.error.message
    assert extraction.invalid == {"total": 0.0, "count": 0}
    assert len(claude.requests) == 1


def test_a_number_that_json_has_not_is_named():
    class Limit(BaseModel):
        name: str
        most: float = float("inf")

    extraction, _ = extract(Limit, [{"name": "a"}])
    assert (extraction.error.type, extraction.error.path) == ("schema_code", "/most")
    assert extract(Limit, [{"name": "a", "most": 3.5}])[0].value.most == 3.5


class Ticket(BaseModel):
    team: str

    @field_validator("team")
    @classmethod
    def is_known(cls, team, info):
        if team not in info.context["teams"]:
            raise ValueError("is no team")
        return team


def test_a_validators_key_error_is_not_put_to_a_model():
    extraction, claude = extract(Ticket, [{"team": "support"}])
    assert (extraction.error.type, extraction.error.path) == ("schema_code", "/team")
    assert "KeyError: 'teams'" in extraction.error.message
    assert len(claude.requests) == 1


def test_validators_find_their_context_and_the_text():
    class Quote(BaseModel):
        names: ClassVar[tuple[str, ...]] = ("text_chunk", "text", "context", "document")
        quote: str

        @field_validator("quote")
        @classmethod
        def stands_there(cls, quote, info):
            assert all(quote in info.context[name] for name in cls.names)
            return quote

    assert extract(Quote, [{"quote": "a red lamp"}])[0].ok
    extraction, _ = extract(Ticket, [{"team": "sales"}, {"team": "support"}], context={"teams": ["support"]})
    assert (extraction.outcome, extraction.value.team) == (Outcome.PATCHED, "support")


def test_code_that_fails_over_a_value_of_a_wrong_type_has_that_said():
    class Tidy(BaseModel):
        name: Annotated[str, BeforeValidator(lambda name: name.strip())]

        @model_validator(mode="before")
        @classmethod
        def lower(cls, data):
            return {key.lower(): value for key, value in data.items()}

    extraction, claude = extract(Tidy, [{"name": ["a", "b", "c"]}, {"name": " a "}], mend="off")
    assert extraction.value.name == "a"
    assert len(claude.requests) == 2
    assert "valid string" in str(claude.requests[1].body["messages"][-1])


class Contact(BaseModel):
    model_config = ConfigDict(extra="allow")

    name: str
    phone_no: str | None = None
    tags: list[str] = Field(default_factory=list)


OPEN = {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}, "required": ["name"]}


@pytest.mark.parametrize(
    ("schema", "reply", "data", "edits"),
    [
        (Contact, {"name": "a", "phoneNo": "5"}, {"name": "a", "phone_no": "5", "tags": []}, ["key"]),
        (Contact, {"Name": "a", "TAGS": ["x"]}, {"name": "a", "phone_no": None, "tags": ["x"]}, ["key", "key"]),
        (OPEN, {"name": "a", "Age": 5}, {"name": "a", "age": 5}, ["key"]),
        (OPEN, {"Name": "a"}, {"name": "a"}, ["key"]),
        (OPEN, {"name": "a", "fax": "6"}, {"name": "a", "fax": "6"}, []),
        (OPEN, {"name": "a", "age": 3, "Age": 5}, {"name": "a", "age": 3, "Age": 5}, []),
        (OPEN, {"name": "a", "Age": [5, 6, 7]}, {"name": "a", "Age": [5, 6, 7]}, []),
        (OPEN | {"items": {}}, {"name": "a", "AGE": 5}, {"name": "a", "age": 5}, ["key"]),
    ],
    ids=str,
)
def test_keys_of_open_objects_are_mended_where_they_mean_one_that_is_missing(schema, reply, data, edits):
    extraction, claude = extract(schema, [reply])
    assert (extraction.data, [edit.kind for edit in extraction.edits]) == (data, edits)
    assert extraction.outcome is (Outcome.MENDED if edits else Outcome.VALID)
    assert len(claude.requests) == 1
