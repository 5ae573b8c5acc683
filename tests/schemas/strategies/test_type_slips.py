import ast
import json

import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from slotfill.schemas.strategies.scalars import JSON_VALUES
from slotfill.schemas.strategies.type_slips import loosely, type_slips


def mistaken(value):
    return [change.of(value) for change in type_slips(value, {})]


@pytest.mark.parametrize(
    ("value", "slip"),
    [
        (1200, "1,200"),
        (7, "7"),
        (True, "True"),
        (False, "no"),
        (None, "null"),
        ("high", "HIGH"),
        ("high", ["high"]),
        (["one"], "one"),
        (["one", "two"], "one, two"),
        ({"a": 1}, '{"a": 1}'),
        ({"a": {"b": 1}}, {"a": {"b": "1"}}),
    ],
)
def test_types_and_case_slip(value, slip):
    assert slip in mistaken(value)


@given(JSON_VALUES.flatmap(lambda value: st.tuples(st.just(value), loosely(value))))
def test_what_python_would_write_python_reads(pair):
    value, text = pair
    if text == repr(value):
        assert ast.literal_eval(text) == value


def comes(value, condition):
    return find(loosely(value), condition)


def test_nearly_json_comes_in_all_its_ways():
    value = {"is it": [None, True, 'a "b"'], "it's": {"ok": 1}}
    assert comes(value, lambda text: "ok: 1" in text)
    assert comes(value, lambda text: ",}" in text and ",]" in text)
    assert comes(value, lambda text: '"ok"' in text and "None" in text)
    assert comes(value, lambda text: r"'it\'s'" in text and "'a \"b\"'" in text)
    assert comes(value, lambda text: "//" in text)
    assert comes(value, lambda text: text == json.dumps(value))
