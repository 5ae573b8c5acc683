"""Formats as checks: the official suite's own cases, and what it does not ask."""

import json
from datetime import datetime

import pytest
from checkout import SHARED
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from slotfill.schemas.errors import InvalidError
from slotfill.schemas.json_schema.formats import FORMATS, conforms
from slotfill.schemas.sources.schema_sources import resolve
from slotfill.schemas.strategies import instances, near_misses

DATA = SHARED / "data" / "json-schema-test-suite"

# An offset is not asked for: few texts tell one.
WITHOUT_OFFSET = {"12:00:00", "12:00:00.52"}


def cases():
    for path in sorted(DATA.glob("draft*/optional/format/*.json")):
        if path.stem in FORMATS:
            yield pytest.param(path, id=f"{path.parts[-4]}/{path.stem}")


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data is not beside this checkout")
@pytest.mark.parametrize("path", [*cases()])
def test_the_official_cases(path):
    wrong = [
        (test["data"], test["description"])
        for case in json.loads(path.read_text())
        for test in case["tests"]
        if isinstance(test["data"], str) and test["data"] not in WITHOUT_OFFSET
        if conforms(case["schema"]["format"], test["data"]) != test["valid"]
    ]
    assert not wrong


MAIL = {"type": "object", "properties": {"mail": {"type": "string", "format": "email"}}, "required": ["mail"]}


def errors(schema, value):
    try:
        schema.validate(json.dumps(schema.wrap(value)))
    except InvalidError as error:
        return [(found.path, found.message) for found in error.errors]
    return []


def test_a_format_is_checked_and_its_error_says_how_it_looks():
    assert errors(resolve(MAIL), {"mail": "a@example.org"}) == []
    assert errors(resolve(MAIL), {"mail": "nobody"}) == [
        ("/mail", "'nobody' is not in the format 'email': local@domain")
    ]
    assert errors(resolve({"format": "email"}), 7) == []


def test_formats_may_be_annotations_which_is_another_schema(tmp_path):
    path = tmp_path / "mail.json"
    path.write_text(json.dumps(MAIL))
    for source in (MAIL, str(path), resolve(MAIL)):
        schema = resolve(source, formats="annotate")
        assert errors(schema, {"mail": "nobody"}) == []
        assert schema.id != resolve(source).id
        assert errors(resolve(schema, formats="check"), {"mail": "nobody"})


def test_annotations_leave_quotes_checked():
    schema = resolve("quote verbatim, day date", formats="annotate")
    schema.validate('{"quote": "a", "day": "soon"}', document="a b")
    with pytest.raises(InvalidError, match="/quote: does not stand in the document"):
        schema.validate('{"quote": "c", "day": "soon"}', document="a b")


@pytest.mark.parametrize(
    ("line", "good", "bad"),
    [
        (
            "d date",
            ["2026-03-03", "2024-02-29"],
            ["next week", "2026", "20260303", "2026-02-29", "2026-3-3", "03/03/2026"],
        ),
        (
            "d datetime",
            ["2026-03-03T09:00:00", "2026-03-03T09:00:00.5Z", "2026-03-03t09:00:00+02:00"],
            ["tomorrow at 9", "2026-03-03", "1772528400", "2026-03-03T25:00:00", "2026-03-03T09:00:00 CET"],
        ),
    ],
)
def test_types_of_a_line_are_types(line, good, bad):
    schema = resolve(line)
    assert [errors(schema, {"d": value}) for value in good] == [[] for _ in good]
    assert all(errors(schema, {"d": value}) for value in bad)
    assert all(errors(schema, {"d": [value]}) for value in good)


def test_a_python_models_types_decide_for_themselves():
    class Visit(BaseModel):
        at: datetime

    assert errors(resolve(Visit), {"at": "2026-03-03 10:00"}) == []
    assert resolve(Visit, formats="annotate").id == resolve(Visit).id


def test_an_offset_need_not_be_told():
    assert conforms("time", "09:00:00")
    assert not conforms("time", "09:00")


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_checks_take_no_time_on_long_strings(name):
    """One that takes time by the square of their length ends by the suite's time-out."""
    for text in ("a" * 100_000, "a." * 50_000, "P" + "1" * 100_000, '"' + "\\a" * 50_000, "a@" * 50_000, "/~" * 50_000):
        conforms(name, text[:10_000] if name == "regex" else text)  # it is compiled


@pytest.mark.sweep
@pytest.mark.parametrize("name", sorted(FORMATS))
@examples(20)
@given(data=st.data())
def test_instances_conform_and_near_misses_do_not(name, data):
    schema = {"type": "string", "format": name}
    assert conforms(name, data.draw(instances(schema)))
    miss = data.draw(near_misses(schema))
    assert miss.constraint in ("type", "format")
    assert not (isinstance(miss.value, str) and conforms(name, miss.value))
