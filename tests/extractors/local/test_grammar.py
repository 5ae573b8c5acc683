"""Grammars that llguidance can read: it ignores the rest without a word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from slotfill.extractors.local.engine import shared_engine
from slotfill.extractors.local.grammar import HEADER, write_grammar

ALL = {"readable": lambda _expression: True}


@pytest.mark.local
def test_every_schema_of_the_conformance_suite_has_a_readable_grammar(model_file: Path, shared_data: Path) -> None:
    engine = shared_engine(model_file)
    seen: dict[str, bool] = {}

    def readable(expression: str) -> bool:
        return seen.setdefault(expression, engine.follows(f"{HEADER}\nstart: {expression}"))

    files = sorted((shared_data / "json-schema-test-suite").glob("draft2020-12/*.json"))
    schemas = [case["schema"] for file in files for case in json.loads(file.read_text("utf-8"))]
    assert len(schemas) > 300
    for schema in schemas:
        assert engine.follows(write_grammar(schema, 'one "two"\nthree', readable=readable)), schema


@pytest.mark.local
def test_a_grammar_that_cannot_be_read_is_noticed(model_file: Path) -> None:
    engine = shared_engine(model_file)
    assert engine.follows(f'{HEADER}\nstart: "a"')
    for body in ("start: missing", "start: /a(/", 'start: %json {"type": "string", "pattern": "(?=a)"}'):
        assert not engine.follows(f"{HEADER}\n{body}")


@pytest.mark.local
@pytest.mark.parametrize(
    "document", ['say "hi"\n\tto\\ me', "naïve 日本語 text — ok", "x" * 9_000 + " y", "{{ }} %s /a/"]
)
def test_any_document_can_be_quoted_from(model_file: Path, document: str) -> None:
    grammar = write_grammar({"type": "string", "format": "verbatim"}, document, **ALL)
    assert shared_engine(model_file).follows(grammar)


def test_keys_keep_the_order_of_the_schema() -> None:
    properties: dict[str, Any] = {name: {"type": "null"} for name in "zam"}
    grammar = write_grammar({"properties": properties, "required": ["a", "z", "m"]}, "", **ALL)
    rules = dict(line.split(": ", 1) for line in grammar.splitlines()[1:])
    text = rules["start"]
    while any(name in text.split() for name in rules):
        text = " ".join(rules.get(word, word) for word in text.split())
    assert text.index("z") < text.index("a") < text.index("m")


def test_a_schema_within_itself_ends() -> None:
    tree = {"type": "object", "properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}}
    assert len(write_grammar(tree, "", **ALL).splitlines()) < 100
    endless = {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]}
    assert write_grammar(endless, "", **ALL) == write_grammar({}, "", **ALL)


def test_what_cannot_be_read_is_left_out() -> None:
    schema = {"type": "string", "pattern": "(?=a)", "maxLength": 7}
    assert "%json" in write_grammar(schema, "", **ALL)
    assert write_grammar(schema, "", readable=lambda _: False) == write_grammar(
        {"type": "string", "maxLength": 7}, "", **ALL
    )
