import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.sources.one_line import FIELD_TYPES, MAX_LINE_DEPTH, parse_line

MARKS = ",:|?[]{}"
LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
letters = st.characters(exclude_characters=MARKS, exclude_categories=("C", "Z"))
names = st.from_regex(r"[^\W\d][\w-]{0,8}", fullmatch=True).filter(lambda name: name.replace("-", "_").isidentifier())
options = st.text(letters, min_size=1, max_size=8).filter(lambda word: word not in {*FIELD_TYPES, "null"})
numbers = st.integers(-9, 9) | st.sampled_from([-0.5, 0.25, 12.0])
descriptions = (
    st.text(st.characters(exclude_characters=f",;:[]{{}}\"'{LINE_ENDS}", exclude_categories=("Cs",)), max_size=20)
    .map(str.strip)
    .filter(bool)
)
quoted = (
    st.text(st.characters(exclude_characters=f"\"'{LINE_ENDS}", exclude_categories=("Cs",)), max_size=20)
    .map(str.strip)
    .filter(bool)
)
gaps = st.sampled_from(["", " ", "  ", "\t"])
breaks = st.sampled_from(["", " ", "\n", " \r\n\t", "\n\n"])
separators = st.sampled_from([",", " , ", "\n", "\r\n", " \r ", "\u2028", ",\n  ", "\n, ", "\n \n"])


@st.composite
def bounds(draw, schema):
    """Draw bounds as `(what stands behind a type, its JSON Schema)`."""
    low, high = draw(numbers), draw(numbers)
    low, high = min(low, high), max(low, high) + 1
    least = draw(st.sampled_from([None, ("minimum", ">=", low), ("exclusiveMinimum", ">", low)]))
    most = draw(st.sampled_from([None, ("maximum", "<=", high), ("exclusiveMaximum", "<", high)]))
    text = ""
    for keyword, sign, number in filter(None, draw(st.permutations([least, most]))):
        text += f"{draw(gaps)}{sign}{draw(gaps)}{number}"
        schema = {**schema, keyword: number}
    return text, schema


@st.composite
def typed(draw, depth=3):
    """Draw a type as `(what stands in the line, its JSON Schema)`."""
    kind = draw(st.sampled_from(["name", "options", "list", "object"] if depth else ["name", "options"]))
    gap, behind = draw(gaps), ""
    if kind == "name":
        text = draw(st.sampled_from(sorted(FIELD_TYPES)))
        schema = dict(FIELD_TYPES[text])
        if schema.get("type") in {"integer", "number"}:
            behind, schema = draw(bounds(schema))
    elif kind == "options":
        chosen = draw(st.lists(options, min_size=2, max_size=4, unique=True))
        text, schema = f"{gap}|{draw(breaks)}".join(chosen), {"type": "string", "enum": chosen}
    elif kind == "list":
        text, schema = draw(lists(depth - 1))
    else:
        text, schema = draw(lines(depth - 1))
        text = f"{{{draw(breaks)}{text}{draw(breaks)}}}"
    if draw(st.booleans()):
        text, schema = f"{text}{gap}|{draw(breaks)}null", {"anyOf": [schema, {"type": "null"}]} if schema else {}
    return text + behind, schema


@st.composite
def lists(draw, depth=3):
    """Draw a list, in either of its forms, and its JSON Schema."""
    text, items = draw(typed(depth))
    name = draw(st.sampled_from(["", "list"]))
    return f"{name}[{draw(breaks)}{text}{draw(breaks)}]", {"type": "array", "items": items}


@st.composite
def lines(draw, depth=3):
    """Draw a line and the JSON Schema that it means."""
    fields, properties, required = [], {}, []
    for name in draw(st.lists(names, min_size=1, max_size=4, unique=True)):
        text, schema = draw(typed(depth))
        gap = draw(gaps)
        mark = draw(st.sampled_from(["", "?"]))
        quote = draw(st.sampled_from(["", '"', "'"]))
        description = draw(st.none() | (quoted if quote else descriptions))
        if not mark:
            required.append(name)
        if description is not None:
            schema = {**schema, "description": description}
        properties[name] = schema
        suffix = "" if description is None else f":{gap}{quote}{description}{quote}{gap}"
        fields.append(f"{name} {gap}{text}{gap}{mark}{gap}{suffix}")
    schema = {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    line = fields[0] + "".join(draw(separators) + field for field in fields[1:])
    return f"{draw(breaks)}{line}{draw(breaks)}", schema


@given(lines())
def test_a_line_means_the_schema_it_was_printed_from(drawn):
    line, schema = drawn
    assert parse_line(line) == schema
    assert list(parse_line(line)["properties"]) == list(schema["properties"])


@given(lists(), breaks)
def test_a_list_may_be_the_whole(drawn, around):
    line, schema = drawn
    assert parse_line(f"{around}{line}{around}") == schema


def test_bounds_need_no_spaces():
    assert parse_line("a int|null>=0<=5, b float>-1.5") == parse_line("a int | null >= 0 <= 5, b float > -1.5")


def test_braces_around_the_whole_say_nothing():
    assert parse_line(" {name, age int} ") == parse_line("name, age int")


@given(st.text() | st.text(st.sampled_from("ab int,:|?[]{} -<>='\"0")))
@example("list[int]")
@example("a int|null>=0")
@example("a" + " [" * 5000)
@example("a [" + "{b " * 5000)
@example("\ud800")
@example("a\x00 int")
def test_any_text_is_a_schema_or_a_schema_error(text):
    try:
        outcome = parse_line(text)
    except SchemaError as error:
        outcome = str(error)
    if isinstance(outcome, str):
        place = re.fullmatch(r"one-line schema, (?:line (\d+), )?column (\d+): \S.*", outcome)
        assert 1 <= int(place[1] or 1) <= len(text) + 1
        assert 1 <= int(place[2]) <= len(text) + 1
    else:
        assert outcome.get("properties") or outcome["items"] is not None


def test_the_example_of_the_docs():
    assert parse_line("name, age int?, tags [str], address {street, city: the town}") == {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "age": {"type": "integer"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "address": {
                "type": "object",
                "properties": {
                    "street": {"type": "string"},
                    "city": {"type": "string", "description": "the town"},
                },
                "required": ["street", "city"],
                "additionalProperties": False,
            },
        },
        "required": ["name", "tags", "address"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\n\n  ", ",\n", "\n,"])
def test_a_line_end_separates_fields_as_a_comma_does(end):
    line = f"name: the full name{end}age int{end}address {{{end.strip(',')}street{end}city}}{end.strip(',')}"
    assert parse_line(line) == parse_line("name: the full name, age int, address {street, city}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a int\nb strng", "line 2, column 3: unknown type 'strng'"),
        ("a int\r\nb:\nc", "line 2, column 3: expected a description after ':'"),
        ("a [\n{\nb", "line 3, column 2: the bracket of line 2, column 1 is not closed"),
        ("a\n[str]", "line 2, column 1: expected a field's name, found '['"),
        ("[\nstr\n]\nb", "line 4, column 1: nothing stands behind a bracket that is the whole, found 'b'"),
    ],
)
def test_of_several_lines_a_mistake_is_named_with_its_own(text, message):
    with pytest.raises(SchemaError) as caught:
        parse_line(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "description", ["date of birth", "number of rooms", "any other name", "int the sense of time", "as 10:30; no date"]
)
def test_prose_may_begin_with_a_word_that_is_a_type(description):
    line = f"a str: {description}"
    assert parse_line(line)["properties"]["a"] == {"type": "string", "description": description}


@pytest.mark.parametrize(
    ("written", "description"),
    [
        ('"the town, and its [old] state"', "the town, and its [old] state"),
        ("'the \"town\", or its state: c int'", 'the "town", or its state: c int'),
        ('"int"', "int"),
        ('"one" or "two"', '"one" or "two"'),
        ("'tis the town", "'tis the town"),
        ("'s-Hertogenbosch' mayor", "'s-Hertogenbosch' mayor"),
    ],
)
def test_a_description_in_quotes_holds_what_it_likes(written, description):
    schema = parse_line(f"a: {written}, b int: 'tis")
    assert schema["properties"]["a"] == {"type": "string", "description": description}
    assert schema["properties"]["b"] == {"type": "integer", "description": "'tis"}


def test_a_field_without_a_type_is_a_string_whatever_follows():
    line = "a, b?, c: why, d?: how"
    assert parse_line(line)["required"] == ["a", "c"]
    assert parse_line(line)["properties"] == {
        "a": {"type": "string"},
        "b": {"type": "string"},
        "c": {"type": "string", "description": "why"},
        "d": {"type": "string", "description": "how"},
    }


def test_brackets_nest_as_deep_as_is_said_and_no_deeper():
    assert parse_line("a " + "[" * MAX_LINE_DEPTH + "int" + "]" * MAX_LINE_DEPTH)
    with pytest.raises(SchemaError, match=f"column {MAX_LINE_DEPTH + 3}: brackets nest deeper than {MAX_LINE_DEPTH}"):
        parse_line("a " + "[" * (MAX_LINE_DEPTH + 1) + "int" + "]" * (MAX_LINE_DEPTH + 1))


@pytest.mark.parametrize(
    ("line", "column", "message"),
    [
        ("[str] b", 7, "nothing stands behind a bracket that is the whole, found 'b'"),
        ("list[str], b", 10, "for a field of that name write 'list [str]'"),
        ("a,", 3, "expected a field's name, found the end"),
        ("a,,b", 3, "expected a field's name, found ','"),
        ("2a, b", 1, "'2a' is no field name"),
        ("-a, b", 1, "'-a' is no field name"),
        ("a, b, a", 7, "field 'a' stands there twice"),
        ("a {b, b}", 7, "field 'b' stands there twice"),
        ("a []", 4, "expected a type, found ']'"),
        ("a {}", 4, "expected a field's name, found '}'"),
        ("a strng", 3, "unknown type 'strng': did you mean 'string'?"),
        ("a integer|null", 3, "unknown type 'integer': did you mean 'int'?"),
        ("a null", 3, "null alone is no type: write 'str|null'"),
        ("a List", 3, "a list says of what, as 'list[str]' or '[str]'"),
        ("a int|str", 3, "(with null: 'int|null')"),
        ("a [str]|b", 9, "beside a list or an object stands null alone"),
        ("a [str]|null|null", 9, "beside a list or an object stands null alone"),
        ("a str|null|null", 3, "an option stands there twice"),
        ("a >= 0", 3, "bounds follow a type of numbers: write 'age int >= 0'"),
        ("a str >= 0", 7, "bounds are of numbers"),
        ("a int >= x", 9, "expected a number after '>='"),
        ("a int >= 0 > 1", 12, "a number has one bound of each side"),
        ("a int >= 5 <= 4", 7, "no number is within these bounds"),
        ("a float > 5 <= 5", 9, "no number is within these bounds"),
        ("a int >= 0|null", 11, "null stands before the bounds: write 'age int|null >= 0'"),
        ('a: ""', 4, "expected a description in the quotes"),
        ('a: "x, b', 4, "the quote that begins a description is not closed"),
        ('a: "x, y" z', 4, "the quote that begins a description is not closed, or more stands behind it"),
        ("a integer", 3, "did you mean 'int'?"),
        ("a boolean", 3, "did you mean 'bool'?"),
        ("a Str", 3, "did you mean 'str'?"),
        ("a xyzzy", 3, "the types are str, string, int"),
        ("a int int", 7, "expected ',' or the end, found 'int'"),
        ("a [int str]", 8, "expected ']', found 'str'"),
        ("a [int", 7, "the bracket of column 3 is not closed: ']' is missing"),
        ("a {b", 5, "the bracket of column 3 is not closed: '}' is missing"),
        ("a {b]", 5, "expected ',' or '}', found ']'"),
        ("a]", 2, "']' closes no bracket"),
        ("a? int", 4, "expected ',' or the end, found 'int'"),
        ("a int??", 7, "'?' stands once, after a field's type"),
        ("a [int?]", 7, "'?' stands once, after a field's type"),
        ("a x|", 3, "an option is empty"),
        ("a |x", 3, "an option is empty"),
        ("a x|y|x", 3, "an option stands there twice"),
        ("a int|none", 3, "option 'int' is a type's name"),
        ("a int: ", 8, "expected a description after ':'"),
        ("a: int", 2, "a type takes no colon: write 'a int'"),
        ("a: yes|no", 2, "a type takes no colon: write 'a yes|no'"),
        ("a: int?", 2, "a type takes no colon: write 'a int?'"),
        ("a: integer", 2, "a type takes no colon: write 'a int'"),
        ("a: list", 2, "a type takes no colon: unknown type 'list'"),
        ("a: str the name", 2, "a type takes no colon: write 'a str'"),
        ("a: string; b: number", 2, "a type takes no colon: write 'a string'"),
        ("a: the name; b int", 2, "a description seems to run over the field 'b int': write ',' before it"),
        (r"a: the name\nb date", 2, "a description seems to run over the field 'b date': write ',' before it"),
        ("a str: the name b int?: years", 6, "a description seems to run over the field 'b int?'"),
        ("a: [str]", 4, "a description holds no brackets"),
    ],
)
def test_a_mistake_is_named_with_its_column(line, column, message):
    with pytest.raises(SchemaError) as caught:
        parse_line(line)
    assert str(caught.value).startswith(f"one-line schema, column {column}: ")
    assert message in str(caught.value)
