"""JSON Schema as a response model: the official suite, and what the suite does not ask."""

import json

import jsonschema
import pytest
from checkout import SHARED
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from slotfill.schemas.errors import InvalidError, SchemaError
from slotfill.schemas.json_schema import patterns
from slotfill.schemas.json_schema.response_model import JsonValue, response_model
from slotfill.schemas.json_schema.subschemas import resolve_local
from slotfill.schemas.schema import Schema

DATA = SHARED / "data" / "json-schema-test-suite"
DRAFTS = {
    "draft2020-12": "https://json-schema.org/draft/2020-12/schema",
    "draft7": "http://json-schema.org/draft-07/schema#",
}
OPTIONAL = ("ecmascript-regex", "bignum", "float-overflow", "non-bmp-regex")


def suites():
    for draft in DRAFTS:
        required = sorted((DATA / draft).glob("*.json"))
        optional = [DATA / draft / "optional" / f"{name}.json" for name in OPTIONAL]
        yield from (pytest.param(draft, path, id=f"{draft}/{path.stem}") for path in [*required, *optional])


@pytest.fixture(scope="module")
def remotes():
    folder = DATA / "remotes"
    return {
        f"http://localhost:1234/{path.relative_to(folder).as_posix()}": json.loads(path.read_text())
        for path in folder.rglob("*.json")
    }


@pytest.mark.sweep
@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data is not beside this checkout")
@pytest.mark.parametrize(("draft", "path"), [*suites()])
def test_the_official_suite_passes_through_the_response_model(draft, path, remotes):
    if not path.is_file():
        pytest.skip("this draft has no such file")
    wrong = []
    for case in json.loads(path.read_text()):
        document = case["schema"]
        if isinstance(document, dict):
            document = {"$schema": DRAFTS[draft], **document}
        schema = Schema(response_model(document, name="suite", resources=remotes, formats="annotate"))
        for test in case["tests"]:
            travelling = json.dumps(schema.wrap(test["data"]))
            try:
                schema.validate(travelling)
                valid = True
            except InvalidError:
                valid = False
            if valid != test["valid"]:
                wrong.append(f"{case['description']}: {test['description']}")
    assert not wrong


def validate(document, value, *, text=None, resources=None):
    """Give the errors as pairs of path and message, none when the value is valid."""
    schema = Schema(response_model(document, name="test", resources=resources))
    try:
        schema.validate(json.dumps(schema.wrap(value)), document=text)
    except InvalidError as error:
        return [(found.path, found.message) for found in error.errors]
    return []


OBJECT = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "array", "items": {"type": "string", "maxLength": 3}}},
    "required": ["a", "c"],
    "additionalProperties": False,
}


def test_every_error_has_its_path():
    assert validate(OBJECT, {"a": "1", "b": ["ok", "long", 3], "d/e": 1}) == [
        ("/a", "'1' is not of type 'integer'"),
        ("/b/1", "'long' is too long"),
        ("/b/2", "3 is not of type 'string'"),
        ("/c", "is required"),
        ("/d~1e", "is not a property of the schema"),
    ]


@pytest.mark.parametrize("title", ["a\0b", "\ud800"])
def test_a_title_that_nothing_can_be_called_is_told(title):
    with pytest.raises(SchemaError, match="/title"):
        response_model({"type": "object"}, name=title)


def test_the_paths_of_a_value_that_is_no_object_start_at_the_value():
    assert validate({"type": "array", "items": OBJECT}, [{"a": 1, "c": 2}, {"a": 1}]) == [
        ("/0/c", "is not a property of the schema"),
        ("/1/c", "is required"),
    ]


def test_a_union_reports_the_branch_that_fits_best():
    union = {"anyOf": [OBJECT, {"type": "null"}]}
    assert validate(union, {"a": "x"}) == [("/a", "'x' is not of type 'integer'"), ("/c", "is required")]


def test_a_union_that_nothing_fits_says_what_each_alternative_wants():
    assert validate({"anyOf": [{"type": "string"}, {"type": "null"}]}, 3) == [
        ("", "fits none of the alternatives: 3 is not of type 'string'; 3 is not of type 'null'")
    ]


def test_a_constant_tells_which_alternative_was_meant():
    pets = [
        {"properties": {"kind": {"const": kind}, "age": {"type": "integer"}}, "required": ["age"]}
        for kind in ("cat", "dog")
    ]
    assert validate({"oneOf": pets}, {"kind": "dog", "age": "x"}) == [("/age", "'x' is not of type 'integer'")]
    assert validate({"oneOf": pets}, {"kind": "dog"}) == [("/age", "is required")]


def test_a_long_value_is_not_repeated_in_its_error():
    ((_, message),) = validate({"type": "integer"}, "x" * 10_000)
    assert len(message) == 300
    assert message.endswith("xxx' is not of type 'integer'")


def test_braces_in_a_message_are_the_values_own():
    assert validate({"type": "integer"}, "{path} {0}") == [("", "'{path} {0}' is not of type 'integer'")]


def test_the_model_shows_the_schema_it_was_made_of():
    assert response_model(OBJECT, name="x").model_json_schema() == OBJECT
    assert response_model(True, name="x").model_json_schema() == {}
    assert issubclass(response_model(False, name="x"), JsonValue)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"type": "strin"}, "no valid JSON Schema: /type: 'strin' is not one of"),
        ({"properties": {"a": {"minimum": "x"}}}, "no valid JSON Schema: /properties/a/minimum: 'x' is not of type"),
        ({"pattern": "(a"}, r"pattern '\(a' does not compile: missing \)"),
        ({"patternProperties": {"[": True}}, r"pattern '\[' does not compile"),
        ({"$ref": "https://example.com/schema.json"}, "reference 'https://example.com/schema.json' leads nowhere"),
        ({"properties": {"a": {"$ref": "#/$defs/none"}}}, r"reference '#/\$defs/none' leads nowhere"),
        ({"$ref": "other.json"}, "reference 'other.json' leads nowhere"),
        ({"$ref": "file:///etc/passwd"}, "leads nowhere"),
        ({"$ref": "#/allOf/x", "allOf": [True]}, "reference '#/allOf/x' leads nowhere"),
        ({"$ref": "#/title", "title": "no schema"}, "no valid JSON Schema: #/title: 'no schema' is not of type"),
        ({"properties": {"a": {"items": {"pattern": "("}}}}, "/properties/a/items: pattern"),
        ({"items": {"$ref": "#/examples/0"}, "examples": [{"pattern": "("}]}, "/examples/0: pattern"),
        (
            {"$schema": "http://json-schema.org/draft-03/schema#"},
            r"/\$schema: 'http://json-schema.org/draft-03/schema#'",
        ),
        ({"$schema": 5}, r"/\$schema: 5 is no draft that is known"),
        ({"const": {1}}, "it is no JSON"),
        ({"const": float("nan")}, "it is no JSON"),
    ],
)
def test_what_is_no_usable_schema_says_where(document, said):
    with pytest.raises(SchemaError, match=said):
        response_model(document, name="x")


def test_what_only_looks_like_a_reference_is_none():
    document = {"const": {"$ref": "https://example.com/x"}}
    assert validate(document, {"$ref": "https://example.com/x"}) == []


def test_a_resource_that_is_handed_in_is_found():
    resources = {"https://example.com/x": {"type": "integer"}}
    assert validate({"$ref": "https://example.com/x"}, 1, resources=resources) == []
    assert validate({"$ref": "https://example.com/x"}, "a", resources=resources) != []


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        ({"$ref": "https://example.com/gone"}, "reference 'https://example.com/gone' leads nowhere"),
        ({"type": 5}, "https://example.com/x/type: 5 is not one of"),
        ({"pattern": "("}, "does not compile"),
    ],
)
def test_a_resource_that_is_referred_to_is_checked_too(resource, said):
    with pytest.raises(SchemaError, match=said):
        response_model({"$ref": "https://example.com/x"}, name="x", resources={"https://example.com/x": resource})
    assert response_model(True, name="x", resources={"https://example.com/x": resource})


def test_the_schema_of_a_model_is_nobodys_to_change():
    document = {"type": "object", "properties": {"a": {"type": "integer"}}}
    model = response_model(document, name="x")
    document["properties"]["a"]["type"] = "string"
    model.model_json_schema()["properties"]["a"]["type"] = "null"
    assert model.model_json_schema()["properties"]["a"]["type"] == "integer"
    assert model.model_validate({"a": 1}).root == {"a": 1}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), (1,), {1: 2}, {1}, b"x"])
def test_what_json_has_no_form_for_never_passes(value):
    with pytest.raises(ValidationError) as caught:
        response_model(True, name="x").model_validate({"a": [value]})
    assert [error["loc"] for error in caught.value.errors()] == [("a", 0)]


HANGING = "(a|aa)+$"
"""Takes half as long again with every letter: with 60 of them and a "!" it would outlive the machine."""


@pytest.mark.parametrize(
    ("document", "value"),
    [
        ({"pattern": HANGING}, "a" * 60 + "!"),
        ({"patternProperties": {HANGING: True}}, {"a" * 60 + "!": 1}),
        ({"patternProperties": {HANGING: True}, "additionalProperties": False}, {"a" * 60 + "!": 1}),
        ({"patternProperties": {HANGING: True}, "unevaluatedProperties": False}, {"a" * 60 + "!": 1}),
        ({"not": {"pattern": HANGING}}, "a" * 60 + "!"),
        ({"anyOf": [{"pattern": HANGING}, True]}, "a" * 60 + "!"),
        ({"items": {"pattern": HANGING}}, ["a" * 60 + "!"] * 50),
    ],
)
def test_a_pattern_that_backtracks_for_ever_hangs_nothing(document, value, monkeypatch):
    monkeypatch.setattr(patterns, "SECONDS", 0.2)  # tests of patterns wait for all of it
    errors = validate(document, value)
    assert any("too long to match" in message for _, message in errors)


def test_a_schema_that_doubles_its_work_with_every_step_hangs_nothing():
    steps = {f"d{at}": {"anyOf": [{"$ref": f"#/$defs/d{at + 1}"}] * 2} for at in range(40)}
    document = {"$ref": "#/$defs/d0", "$defs": {**steps, "d40": {"type": "string"}}}
    assert validate(document, 1) == [("", "takes too long to check against the schema")]


def test_recursion_is_bounded():
    tree = {"type": "array", "items": {"$ref": "#"}}
    assert validate(tree, [[[], []], []]) == []
    schema = Schema(response_model(tree, name="x"))
    with pytest.raises(InvalidError, match="nested more than 200 times"):
        schema.validate(f'{{"value": {"[" * 5_000}{"]" * 5_000}}}')
    deep = []
    for _ in range(2_000):
        deep = [deep]
    with pytest.raises(ValidationError, match="nested too deeply"):
        response_model(tree, name="x").model_validate(deep)


def test_a_schema_that_refers_to_itself_for_ever_is_an_error_and_no_crash():
    assert validate({"$ref": "#"}, 1) == [("", validate({"$ref": "#"}, 2)[0][1])]
    assert "refers to itself for ever" in validate({"$ref": "#"}, 1)[0][1]
    assert "refers to itself for ever" in validate({"allOf": [{"$ref": "#"}]}, 1)[0][1]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_is_no_json_number_never_passes(number):
    with pytest.raises(InvalidError):
        Schema(response_model(True, name="x")).validate(f'{{"value": {number}}}')


def test_a_verbatim_string_must_stand_in_the_document():
    document = {"type": "object", "properties": {"quote": {"type": "string", "format": "verbatim"}}}
    assert validate(document, {"quote": "is fine"}, text="All is fine.") == []
    assert validate(document, {"quote": "ALL is  fine!"}, text="All is fine.") == []
    assert validate(document, {"quote": "was bad"}, text="All is fine.") == [
        ("/quote", "does not stand in the document: copy a passage word for word")
    ]
    assert validate(document, {"quote": "was bad"}) == []


def test_other_formats_are_annotations():
    assert validate({"format": "day"}, "tomorrow") == []


def test_local_references_are_followed():
    root = {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b~1c"}, "b/c": {"type": "object"}}}
    assert resolve_local(root, root) == {"type": "object"}
    assert resolve_local({"$ref": "#/nowhere"}, root) == {}
    assert resolve_local({"$ref": "#"}, {"$ref": "#"}) == {}
    assert resolve_local(True, root) == {}


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=6,
)
SCHEMAS = [
    OBJECT,
    {"type": ["integer", "null"], "minimum": 0},
    {"type": "array", "uniqueItems": True, "maxItems": 2},
    {"anyOf": [{"type": "string"}, {"type": "object", "minProperties": 1}]},
    {"oneOf": [{"type": "integer"}, {"minimum": 2}]},
    {"not": {"type": "string"}},
    {"patternProperties": {"^[ab]$": {"type": "integer"}}, "additionalProperties": {"type": "string"}},
    {"properties": {"a": True}, "patternProperties": {"^b": True}, "unevaluatedProperties": False},
    {"prefixItems": [{"type": "integer"}], "items": {"type": "string"}},
    {"if": {"type": "integer"}, "then": {"minimum": 0}, "else": {"type": "string"}},
]


@given(st.sampled_from(SCHEMAS), json_values)
def test_the_model_says_what_the_library_says(document, value):
    assert (validate(document, value) == []) == jsonschema.Draft202012Validator(document).is_valid(value)


def test_a_whole_number_that_no_double_holds_keeps_its_digits():
    schema = Schema(response_model({"items": {"type": "integer"}}, name="x"))
    value = schema.validate('{"value": [9007199254740993.0, 4.0]}')
    assert schema.dump(value) == value == [9007199254740993, 4.0]


@pytest.mark.parametrize(
    ("bound", "value"),
    [
        ({"maximum": 9007199254740992}, "9007199254740992.5"),
        ({"exclusiveMaximum": 9007199254740993}, "9007199254740993.0"),
        ({"minimum": 9007199254740994}, "9007199254740993.9"),
        ({"exclusiveMinimum": 9007199254740993}, "9007199254740993.0"),
        ({"maximum": 0.1}, "0.10000000000000000001"),
        ({"minimum": 0.7}, "0.69999999999999999999"),
    ],
    ids=str,
)
def test_bounds_are_those_of_the_number_that_was_written(bound, value):
    schema = Schema(response_model({"items": {"type": "number"} | bound}, name="x"))
    with pytest.raises(InvalidError, match="than"):
        schema.validate(f'{{"value": [{value}]}}')
