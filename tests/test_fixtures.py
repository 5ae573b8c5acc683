"""The fixtures: that they are what fixtures/README.md says, and that what is expected of them can be found."""

import email
import email.policy
import json
import os
import re
import shlex
import subprocess
import unicodedata
from collections import Counter
from copy import deepcopy
from typing import get_args

import pytest
from checkout import FIXTURES
from jsonschema.validators import validator_for

from slotfill.extractors.documents.sources import find_sources
from slotfill.schemas import Sentiment
from slotfill.schemas.built_in.entities import Entity

FOLDERS = ("reviews", "mails", "reports", "languages")
FILES = sorted(path for folder in FOLDERS for path in (FIXTURES / folder).rglob("*") if path.is_file())
SINGLE = [path for path in FILES if path.suffix in {".txt", ".eml"}]
ROWS = [path for path in FILES if path.suffix in {".jsonl", ".csv"}]

LABELS = get_args(Sentiment.model_fields["sentiment"].annotation)
TYPES = get_args(Entity.model_fields["type"].annotation)
KINDS = {
    *("notice", "specification", "schedule", "instruction", "report"),
    *("question", "correspondence", "listing", "definition"),
}

SCHEMAS = sorted((FIXTURES / "shapes").glob("*.json"))


def name(path):
    return path.relative_to(FIXTURES).as_posix()


def text(path):
    (document,) = find_sources([path])
    assert document.failure is None
    return document.text


def expected(path):
    return json.loads((FIXTURES / "expected" / f"{name(path)}.json").read_text(encoding="utf-8"))


def rows(file):
    return [json.loads(line) for line in (FIXTURES / file).read_text(encoding="utf-8").splitlines()]


def halves(file, key):
    """Count the labels of the even rows, for choosing, and of the odd ones, for reporting."""
    labels = [row[key] for row in rows(file)]
    return Counter(labels[::2]), Counter(labels[1::2])


def validator(path, document):
    """Build the validator of a shape that checks formats, `verbatim` against the document too."""
    schema = json.loads(path.read_text(encoding="utf-8"))
    draft = validator_for(schema)
    formats = deepcopy(draft.FORMAT_CHECKER)
    formats.checks("verbatim")(lambda quote: quote in document)
    return draft(schema, format_checker=formats)


def keywords(schema):
    """Collect every key of a schema, at any depth."""
    if isinstance(schema, list):
        return {key for part in schema for key in keywords(part)}
    return schema.keys() | keywords([*schema.values()]) if isinstance(schema, dict) else set()


def check(wanted, document):
    """Hold what is expected of one document against its text."""
    assert wanted
    assert wanted.keys() <= {"sentiment", "feedback", "entities"}
    assert wanted.get("sentiment", {"sentiment": "neutral"}).keys() == {"sentiment"}
    for schema in wanted.keys() & {"sentiment", "feedback"}:
        assert wanted[schema]["sentiment"] in LABELS
    if "feedback" in wanted:
        low, high = wanted["feedback"]["urgency"]
        assert 1 <= low <= high <= 5
    at = 0
    for entity in wanted.get("entities", []):
        assert entity.keys() == {"text", "type"}
        assert entity["type"] in TYPES
        assert entity["text"] in document[at:], f"{entity['text']!r} does not stand after character {at}"
        at = document.index(entity["text"], at) + len(entity["text"])


def test_every_file_is_one_document_or_rows():
    assert [*SINGLE, *ROWS] == sorted(FILES, key=lambda path: (path in ROWS, path))
    assert {path.suffix for path in ROWS} == {".jsonl", ".csv"}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_document_of_a_folder_can_be_read(folder):
    documents = list(find_sources([FIXTURES / folder]))
    assert [document.failure for document in documents] == [None] * len(documents)
    assert len({document.id for document in documents}) == len(documents) >= 4


def test_every_file_has_what_is_expected_of_it_and_the_other_way_round():
    answers = sorted(path for path in (FIXTURES / "expected").rglob("*") if path.is_file())
    assert [name(path) + ".json" for path in FILES] == [
        path.relative_to(FIXTURES / "expected").as_posix() for path in answers
    ]


@pytest.mark.parametrize("path", SINGLE, ids=name)
def test_what_is_expected_of_a_document_stands_in_it(path):
    check(expected(path), text(path))


@pytest.mark.parametrize("path", ROWS, ids=name)
def test_what_is_expected_of_rows_stands_in_them(path):
    documents, wanted = list(find_sources([path], id_field="id")), expected(path)
    assert len(documents) == len(wanted) >= 8
    for document, row in zip(documents, wanted, strict=True):
        assert document.failure is None
        assert "sentiment" in row
        check(row, document.text)


@pytest.mark.parametrize("label", LABELS)
def test_there_are_reviews_of_every_sentiment(label):
    reviews = [expected(path)["sentiment"]["sentiment"] for path in SINGLE if path.parent.name == "reviews"]
    assert reviews.count(label) >= 2
    for path in ROWS:
        assert label in {row["sentiment"]["sentiment"] for row in expected(path)}


def test_entities_of_every_type_are_expected_but_other():
    found = {entity["type"] for path in SINGLE for entity in expected(path).get("entities", [])}
    assert found == {*TYPES} - {"other"}


@pytest.mark.parametrize("path", [path for path in SINGLE if path.stem != "japanese"], ids=name)
def test_a_document_is_of_the_length_of_real_ones(path):
    assert 60 <= len(text(path).split()) <= 250


def test_the_latin_1_file_is_no_utf_8_and_reads_right():
    (path,) = (path for path in FILES if "latin-1" in path.name)
    data = path.read_bytes()
    with pytest.raises(UnicodeDecodeError):
        data.decode()
    assert {b"\xe9", b"\xfc", b"\xf1"} <= {data[i : i + 1] for i in range(len(data))}
    assert text(path) == data.decode("latin-1")
    assert all(phrase in text(path) for phrase in ("crème brûlée", "Jürgen", "Señor Ibáñez"))


@pytest.mark.parametrize("path", [path for path in FILES if "latin-1" not in path.name], ids=name)
def test_every_other_file_is_utf_8_without_a_bom(path):
    assert not path.read_bytes().decode().startswith("\ufeff")


def test_a_review_has_emoji_that_fill_several_code_points():
    review = text(FIXTURES / "reviews" / "running-app.txt")
    assert "\N{RUNNER}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}\N{ZERO WIDTH JOINER}" in review
    assert sum(unicodedata.category(character) == "So" for character in review) >= 5


@pytest.mark.parametrize(
    ("language", "letters"),
    [("german", "[äöüßÄÖÜ]"), ("french", "[éèêàûçœ]"), ("japanese", "[ぁ-んァ-ヶ]"), ("arabic", "[ء-ي]")],
)
def test_the_languages_are_written_in_their_letters(language, letters):
    assert len(set(re.findall(letters, text(FIXTURES / "languages" / f"{language}.txt")))) >= 4


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix == ".eml"], ids=name)
def test_a_mail_parses_and_has_a_date_that_is_real(path):
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert mail.defects == []
    assert {"From", "To", "Date", "Subject", "Message-ID"} <= set(mail.keys())
    assert mail["From"].addresses[0].domain.endswith(".example")
    date = mail["Date"].datetime
    assert f"Date: {date:%a}, {date.day} " in text(path)
    assert mail.get_content() in text(path)


@pytest.mark.parametrize(
    ("file", "keys", "count", "words"),
    [
        ("neutral", {"text", "sentiment", "kind"}, 80, range(3, 81)),
        ("feedback", {"text", "sentiment", "urgency"}, 50, range(8, 61)),
        ("longer", {"text", "sentiment"}, 40, range(60, 151)),
        ("social", {"text", "sentiment"}, 54, range(3, 31)),
        ("finance", {"text", "sentiment"}, 54, range(5, 31)),
        ("informative", {"text", "sentiment"}, 48, range(10, 41)),
        ("paragraphs", {"text", "sentiment"}, 36, range(40, 81)),
        ("pages", {"text", "sentiment"}, 12, range(170, 281)),
        ("headlines", {"text", "entities"}, 24, range(6, 26)),
        ("invoices", {"text", "value"}, 30, range(10, 71)),
        ("wishes", {"text", "value"}, 16, range(10, 31)),
    ],
)
def test_the_labelled_texts_are_as_many_and_as_long_as_said(file, keys, count, words):
    labelled = rows(f"labelled/{file}.jsonl")
    assert len({row["text"] for row in labelled}) == len(labelled) == count
    for row in labelled:
        assert row.keys() == keys
        assert row["text"] == row["text"].strip()
        assert len(row["text"].split()) in words, row["text"]


@pytest.mark.parametrize("file", ["news", "headlines"])
def test_the_entities_of_the_news_stand_where_they_are_said_to(file):
    for row in rows(f"labelled/{file}.jsonl"):
        for entity in row["entities"]:
            assert row["text"][entity["start"] : entity["end"]] == entity["text"].strip()
            assert entity["type"] in TYPES


def test_no_text_is_labelled_twice():
    texts = [row["text"] for path in (FIXTURES / "labelled").iterdir() for row in rows(path)]
    assert len(set(texts)) == len(texts) == 486


def test_the_neutral_texts_are_neutral_and_of_each_kind():
    chosen, reported = halves("labelled/neutral.jsonl", "kind")
    assert chosen.keys() == KINDS
    assert chosen == reported
    assert halves("labelled/neutral.jsonl", "sentiment") == ({"neutral": 40}, {"neutral": 40})


def test_the_labelled_feedback_has_ten_texts_of_each_urgency():
    chosen, reported = halves("labelled/feedback.jsonl", "urgency")
    assert chosen == reported == {1: 5, 2: 5, 3: 5, 4: 5, 5: 5}
    chosen, reported = halves("labelled/feedback.jsonl", "sentiment")
    assert chosen.keys() == reported.keys() == set(LABELS)
    assert all(abs(chosen[label] - reported[label]) <= 1 for label in LABELS)


def test_the_longer_texts_are_half_positive_and_half_negative():
    chosen, reported = halves("labelled/longer.jsonl", "sentiment")
    assert chosen == reported == {"positive": 10, "negative": 10}


@pytest.mark.parametrize("file", ["social", "finance", "paragraphs", "pages"])
def test_texts_of_other_kinds_have_each_label_as_often_in_both_halves(file):
    chosen, reported = halves(f"labelled/{file}.jsonl", "sentiment")
    assert chosen == reported
    assert len(set(chosen.values())) == 1
    assert chosen.keys() == set(LABELS)


def test_the_informative_texts_are_neutral():
    assert halves("labelled/informative.jsonl", "sentiment") == ({"neutral": 24}, {"neutral": 24})


def test_what_stands_in_invoices_is_said_of_them():
    for row in rows("labelled/invoices.jsonl"):
        value = row["value"]
        assert value.keys() == {"vendor", "date", "total", "currency", "lines"}
        stand = [value["vendor"], *(line["description"] for line in value["lines"])]
        assert [part for part in stand if part not in row["text"]] == []
        amounts = [line["amount"] for line in value["lines"] if line["amount"] is not None]
        assert not amounts or value["total"] - sum(amounts) in (0, 6.5), row["text"]  # one has its postage besides


def test_wishes_are_passages_of_their_texts():
    for row in rows("labelled/wishes.jsonl"):
        assert row["value"].keys() == {"product", "price", "wishes"}
        assert [part for part in (row["value"]["product"], *row["value"]["wishes"]) if part not in row["text"]] == []


def test_the_shapes_are_numbered_and_each_has_a_rich_and_a_poor_text():
    assert [int(path.name[:2]) for path in SCHEMAS] == [*range(1, 31)]
    texts = rows("shapes/texts.jsonl")
    assert [row["schema"] for row in texts] == [path.name for path in SCHEMAS for _ in range(2)]
    assert all(row.keys() == {"schema", "text", "value"} for row in texts[::2])
    assert all(row.keys() == {"schema", "text"} for row in texts[1::2])
    assert all(0 < len(poor["text"]) < len(rich["text"]) for rich, poor in zip(texts[::2], texts[1::2], strict=True))
    assert len({row["text"] for row in texts}) == 60


@pytest.mark.parametrize("path", SCHEMAS, ids=name)
def test_a_shape_is_valid_and_so_is_the_value_that_stands_in_its_text(path):
    (row,) = (row for row in rows("shapes/texts.jsonl") if row["schema"] == path.name and "value" in row)
    checked = validator(path, row["text"])
    checked.check_schema(checked.schema)
    checked.validate(row["value"])


def test_the_shapes_are_of_two_drafts_and_use_every_keyword_that_shapes_a_value():
    schemas = [json.loads(path.read_text(encoding="utf-8")) for path in SCHEMAS]
    drafts = Counter(schema["$schema"] for schema in schemas)
    assert drafts == {
        "https://json-schema.org/draft/2020-12/schema": 26,
        "http://json-schema.org/draft-07/schema#": 4,
    }
    assert keywords(schemas) >= {
        *("type", "enum", "const", "format", "pattern", "minLength", "maxLength"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("properties", "required", "additionalProperties", "patternProperties", "propertyNames", "dependentRequired"),
        *("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"),
        *("anyOf", "oneOf", "allOf", "not", "if", "then", "else", "$ref", "$defs", "definitions"),
    }


def test_the_demo_shows_commands_on_files_that_are_there(tmp_path):
    """Its command is a stand-in that writes down what it is called with."""
    program = tmp_path / "slotfill"
    program.write_text('#!/bin/sh\nprintf ran; printf "\\t%s" "$@"; echo; echo "with $SLOTFILL_MODEL"\n')
    program.chmod(0o755)
    ran = subprocess.run(
        ["/bin/sh", "fixtures/demo.sh"],
        cwd=FIXTURES.parent,
        env={**os.environ, "SLOTFILL_BIN": str(program), "DEMO": str(tmp_path / "demo")},
        check=True,
        capture_output=True,
        text=True,
    )
    lines = ran.stdout.splitlines()
    commands = [line.split("\t")[1:] for line in lines if line.startswith("ran\t")]
    assert [["$", "slotfill", *command] for command in commands] == [
        shlex.split(line) for line in lines if line.startswith("$ slotfill ")
    ]
    assert [command[0] for command in commands] == ["extract", "extract", "extract", "view", "costs"]
    assert {line for line in lines if line.startswith("with ")} == {"with local"}
    for file in (argument for command in commands for argument in command if argument.startswith("fixtures/")):
        assert (FIXTURES.parent / file).is_file()
