"""Grammars that llguidance can read: it ignores the rest without a word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from slotfill.extractors.local.grammar import HEADER, SPOKEN, write_grammar, write_line
from slotfill.extractors.local.llama import shared_engine
from slotfill.extractors.local.strategies import ABSENT, NOT_EMPTY, Line

ALL = {"readable": lambda _expression: True}
LINES = [
    Line(verbatim=False, many=False, blank=NOT_EMPTY, shortest=1),
    Line(verbatim=True, many=False, blank=None, shortest=3, longest=3),
    Line(verbatim=False, many=True, blank=[], shortest=1),
    Line(verbatim=True, many=True, blank=ABSENT, shortest=1, longest=40, fewest=2, most=2),
    Line(verbatim=True, many=True, blank=NOT_EMPTY, shortest=1, fewest=1, most=1),
]


@pytest.mark.slow
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


@pytest.mark.local
@pytest.mark.parametrize("document", ['say "hi"\n\tto\\ me; or /not/', "naïve 日本語 text — ok", "...", ""])
def test_any_line_has_a_readable_grammar(model_file: Path, document: str) -> None:
    engine = shared_engine(model_file)
    for line in LINES:
        for verbatim in (False, True):
            assert engine.follows(write_line(line, document, verbatim=verbatim)), line


def rules(line: Line, document: str = "", *, verbatim: bool = False) -> tuple[str, str]:
    """Give what a line is made of, and what an entry is."""
    header, start, entry = write_line(line, document, verbatim=verbatim).split("\n")
    assert header == HEADER
    return start.removeprefix("start: "), entry.removeprefix("T: ")


@pytest.mark.parametrize(
    ("line", "start"),
    [
        (Line(verbatim=False, many=False, blank=NOT_EMPTY), '" " (T) "\\n"'),
        (Line(verbatim=False, many=False, blank=None), '" " (T | "none") "\\n"'),
        (Line(verbatim=False, many=False, blank=ABSENT), '" " (T | "none") "\\n"'),
        (Line(verbatim=False, many=True, blank=[], most=5), '" " (T ("; " T){0,4} | "none") "\\n"'),
        (Line(verbatim=False, many=True, blank=NOT_EMPTY, fewest=3, most=3), '" " (T ("; " T){2,2}) "\\n"'),
        (Line(verbatim=False, many=True, blank=[], most=1), '" " (T | "none") "\\n"'),
    ],
)
def test_a_line_holds_a_string_or_several(line: Line, start: str) -> None:
    assert rules(line)[0] == start


def test_a_string_of_a_line_ends_with_it() -> None:
    no_space_at_the_ends = r"~/(?s:\s.*|.*\s)/"
    one, several = (Line(verbatim=False, many=many, blank=NOT_EMPTY, shortest=2, longest=9) for many in (False, True))
    assert rules(one)[1] == rf"/[^\x00-\x1f\n]{{2,9}}/ & {no_space_at_the_ends}"
    assert rules(several)[1] == rf"/[^\x00-\x1f\n;]{{2,9}}/ & {no_space_at_the_ends}"


def test_a_verbatim_string_of_a_line_is_a_passage() -> None:
    line = Line(verbatim=True, many=False, blank=NOT_EMPTY)
    free = rules(line)[1]
    entry = rules(line, 'Say "hé",\nnow', verbatim=True)[1]
    assert entry.endswith(f" & {free}")
    words = json.loads(entry.removesuffix(f" & {SPOKEN} & {free}").removeprefix("%regex "))
    assert words == {"substring_chunks": ["Say", " ", '"', "hé", '"', ",", "\n", "now"]}
    assert rules(line, "... !", verbatim=True)[1] == free
    assert rules(line, "Say", verbatim=False)[1] == free


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


def test_a_part_refers_into_the_whole() -> None:
    root = {"$defs": {"no": {"const": "not"}}, "type": "object"}
    part = {"type": "array", "items": {"$ref": "#/$defs/no"}}
    assert '"\\"not\\""' in write_grammar(part, "", **ALL, root=root)
    assert '"\\"not\\""' not in write_grammar(part, "", **ALL)


def test_what_cannot_be_read_is_left_out() -> None:
    schema = {"type": "string", "pattern": "(?=a)", "maxLength": 7}
    assert "%json" in write_grammar(schema, "", **ALL)
    assert write_grammar(schema, "", readable=lambda _: False) == write_grammar(
        {"type": "string", "maxLength": 7}, "", **ALL
    )
