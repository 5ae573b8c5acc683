import json

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from slotfill.schemas.errors import InvalidError
from slotfill.schemas.json_schema.response_model import response_model
from slotfill.schemas.passages.passages import exact, normalised, stands_in
from slotfill.schemas.passages.quotable import IncompleteText
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.schema_sources import resolve
from slotfill.schemas.verbatim import FORMAT, Verbatim, misquoted

# ruff: noqa: RUF001 - look-alikes are what it is about

quote = TypeAdapter(Verbatim)
documents = st.text(min_size=1).filter(str.strip)


class Quotes(BaseModel):
    groups: list[dict[str, list[Verbatim]]]
    title: Verbatim | None = None


WORDS = [
    "soup",
    "Ann",
    "naïve",
    "e\u0301te\u0301",
    "包裹",
    "서울에서",
    "القاهرة",
    "ſo",
    "I",
    "👍🏽",
    "isn't",
    "well-known",
]
FIGURES = [
    "5",
    "12",
    "2012",
    "1.5",
    "-1,234.50",
    "1.234,56",
    "−7",
    "1'250",
    "1,00,000",
    "10%",
    "$5",
    "5 €",
    "10kg",
    "٣٤",
]
FIGURES += ["2026-03-03", "15:30", "1.2.3", "5-10", "-5 to -3", "10²", "1½"]
pieces = st.sampled_from(WORDS + FIGURES) | st.from_regex(r"[a-z]{1,8}|[1-9][0-9]{0,8}", fullmatch=True)
betweens = st.sampled_from(["; ", ": ", " / ", "\n", ", ", " (", ") ", " – ", ". ", "? «", "» "])


@given(st.lists(st.tuples(pieces, betweens), min_size=1, max_size=12), st.data())
def test_every_run_of_words_and_figures_passes_and_is_found_in_its_place(parts, data):
    document = "".join(piece + between for piece, between in parts)
    first = data.draw(st.integers(0, len(parts) - 1))
    last = data.draw(st.integers(first, len(parts) - 1))
    start = sum(len(piece + between) for piece, between in parts[:first])
    passage = "".join(piece + between for piece, between in parts[first : last + 1])[: -len(parts[last][1])]
    assert quote.validate_python(passage, context={"document": document}) == passage
    assert (start, start + len(passage)) in exact(passage, document) or document.find(passage) < start


figures = st.decimals(0, 10**7, places=2).map(lambda number: f"{number:,}") | st.integers(10, 10**9).map(str)


@given(figures, st.sampled_from(["", "-"]), st.sampled_from(["EUR", "apples", "%", "€", "kg"]), st.data())
@example("1,234", "", "EUR", None)
def test_no_number_passes_with_another_sign_or_a_digit_less(figure, sign, unit, data):
    document = f"It came to {sign}{figure} {unit} in all."
    digits = [at for at, mark in enumerate(figure) if mark.isdigit()]
    cut = figure[1:] if data is None or data.draw(st.booleans()) else figure[: digits[-1]]
    wrong = [
        f"{'' if sign else '-'}{figure}",
        f"−{figure}" if not sign else figure,
        cut,
        f"-{cut}",
        f"({figure} {unit})",
    ]
    wrong += [f"0{figure}", f"{figure}0", f"{figure}.5"]
    assert quote.validate_python(sign + figure, context={"document": document})
    for other in wrong:
        for written in (other, f"{other} {unit}") if other[0] != "(" else (other,):
            with pytest.raises(ValidationError, match="does not stand"):
                quote.validate_python(written, context={"document": document})


@pytest.mark.parametrize(
    ("document", "passage"),
    [
        ("rose 1,234 EUR.", "-1,234 EUR"),
        ("fell -1,234 EUR.", "1,234 EUR"),
        ("Profit: 5 EUR", "(5 EUR)"),
        ("Profit: $5", "($5)"),
        ("Profit: 5 EUR", "- 5 EUR"),
        ("Profit: 5 EUR", "5-"),
        ("Growth was 10%.", "0%"),
        ("Growth was 10.", "10%"),
        ("Total 1.234,56 EUR", "234,56 EUR"),
        ("Total 20 000 EUR", "000 EUR"),
        ("Total 20\u202f000 EUR", "20"),
        ("Rs 1,00,000", "00,000"),
        ("at .5 each", "5 each"),
        ("at 5 each", ".5 each"),
        ("of 11.5", "1.5"),
        ("in 2012", "12"),
        ("pages 5-10", "-10"),
        ("pages 5–10", "–10"),
        ("on 2026-03-03", "03"),
        ("at 15:30", "30"),
        ("version 1.2.3", "1.2"),
        ("10² m", "10"),
        ("10² m", "102 m"),
        ("10⁻³ m", "10-3 m"),
        ("1½ cups", "11/2 cups"),
        ("٣٤ كتاب", "٤"),
        ("all hamburgers", "ham"),
        ("this isn't so", "isn"),
        ("she can't go", "she can"),
        ("so good.", "."),
        ("so good.", " . "),
        ("5**6", "56"),
        ("well-known", "wellknown"),
    ],
)
def test_what_is_a_part_or_has_another_sign_fails(document, passage):
    with pytest.raises(ValidationError, match="does not stand in the document"):
        quote.validate_python(passage, context={"document": document})


@pytest.mark.parametrize(
    ("document", "passage"),
    [
        ("The Café", "Cafe\u0301"),
        ("the soup", "The soup"),
        ("two \r\n words", "two words"),
        ("so “good”.", "'Good'!"),
        ("The bat-\ntery dies.", "The battery dies"),
        ("a well-\nknown man", "a well-known man"),
        ("The **soup** was _cold_, `very`", "the soup was cold, very"),
        ("# Menu\n\n> The soup\n> was cold\n\n- a [link](http://x.org/a_b) here", "Menu The soup was cold a link here"),
        ("see [here](http://x.org/a_b), please", "see here"),
        ("包裹\n到了", "包裹到了"),
        ("the soup (5 EUR) was", "5 EUR"),
        ("the soup was", "(the soup)"),
        ("10kg of 5€ each", "10"),
        ("5-10 days", "10 days"),
        ("-5 to -3 degrees", "-3 degrees"),
        ("a loss of (5 EUR)", "(5 EUR)"),
        ("–5 degrees", "-5 degrees"),
        ("on 2026-03-03", "2026"),
        ("He said: 5 people came", "— 5 people came."),
        ("10² m", "10^2 m"),
        ("CO₂", "CO2"),
        ("1½ cups", "1 1/2 cups"),
        ("in %", "%"),
        ("서울에서", "서울"),
        ("في بيروت وبيروت", "بيروت"),
    ],
)
def test_what_differs_in_form_alone_passes_as_it_was_quoted(document, passage):
    assert quote.validate_python(passage, context={"document": document}) == passage


@given(documents, st.text())
@example("the soup", "the stew")
@example("The Café", "Cafe")
@example("a b", " ")
@example("a b", "")
@example("a b", "!")
def test_what_does_not_stand_there_fails(document, other):
    assume(not other.strip() or not normalised(other, document))
    with pytest.raises(ValidationError, match="does not stand in the document"):
        quote.validate_python(other, context={"document": document})


@given(st.text())
def test_without_a_document_every_string_passes(text):
    assert quote.validate_python(text) == text
    assert quote.validate_python(text, context={}) == text
    assert quote.validate_python(text, context={"document": None}) == text


@given(st.text(), st.text())
def test_standing_in_a_text_is_being_found_in_it(passage, document):
    assert stands_in(passage, document) == bool(exact(passage, document) or normalised(passage, document))


def test_the_error_quotes_the_nearest_passages():
    document = "We came late. The {soup}\twas rather cold, I thought. They say that the stew was rather cold too."
    with pytest.raises(ValidationError) as caught:
        quote.validate_python("the {soop} was rather cold", context={"document": document})
    assert caught.value.errors()[0]["msg"] == (
        "does not stand in the document: copy a passage word for word; "
        r"the nearest are: 'The {soup}\twas rather cold', 'the stew was rather cold'"
    )
    schema = Schema(response_model({"type": "string", "format": FORMAT}, name="quote"))
    with pytest.raises(InvalidError) as refused:
        schema.validate('{"value": "the {soop} was rather cold"}', document=document)
    assert refused.value.errors[0].message == caught.value.errors()[0]["msg"]


def test_the_error_is_short_whatever_the_passages():
    assert misquoted("tea", "soup") == "does not stand in the document: copy a passage word for word"
    document = "the soup was very cold and nobody came " * 9
    assert len(misquoted(document.replace("nobody", "no one"), document)) < 300


def test_an_empty_document_holds_no_quote():
    with pytest.raises(ValidationError):
        quote.validate_python("a", context={"document": ""})


def test_it_is_still_a_string():
    with pytest.raises(ValidationError):
        quote.validate_python(3, context={"document": "3"})


def test_nested_quotes_are_each_checked_and_named():
    text = json.dumps({"groups": [{"a": ["soup", "stew"]}, {"b/c": ["cold", "tea"]}], "title": "the"})
    with pytest.raises(InvalidError) as caught:
        Schema(Quotes).validate(text, document="the soup was cold")
    assert [error.path for error in caught.value.errors] == ["/groups/0/a/1", "/groups/1/b~1c/1"]
    assert Schema(Quotes).validate(text, document="the stew, the soup, cold tea").title == "the"
    assert Schema(Quotes).validate(text).groups[1] == {"b/c": ["cold", "tea"]}


def test_json_schema_marks_it():
    assert quote.json_schema() == {"type": "string", "format": FORMAT}
    properties = Quotes.model_json_schema()["properties"]
    assert properties["title"]["anyOf"][0] == {"type": "string", "format": "verbatim"}


@pytest.mark.parametrize(
    "source", [Quotes, {"type": "object", "properties": {"title": {"type": "string", "format": "verbatim"}}}]
)
def test_what_a_text_is_known_to_lack_may_be_quoted_in_schemas_of_each_kind(source):
    schema = resolve(source)
    value = json.dumps({"groups": [], "title": "Order 4711"} if source is Quotes else {"title": "Order 4711"})
    assert schema.dump(schema.validate(value, document=IncompleteText("A page.")))["title"] == "Order 4711"
    with pytest.raises(InvalidError, match="does not stand in the document"):
        schema.validate(value, document="A page.")
