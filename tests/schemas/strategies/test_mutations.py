import copy

from slotfill.schemas.strategies.mutations import mutations

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 2, "maxLength": 4},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "maxItems": 2},
        "age": {"$ref": "#/$defs/age"},
    },
    "$defs": {"age": {"type": "integer", "minimum": 0, "maximum": 150}},
}
VALUE = {"name": "Ana", "tags": ["a"], "age": 7}


def broken(keyword):
    return [change.of(VALUE) for change in mutations(VALUE, SCHEMA) if change.keyword == keyword]


def test_limits_are_passed_by_one():
    assert broken("minLength") == [{**VALUE, "name": "A"}]
    assert broken("maxLength") == [{**VALUE, "name": "AnaAn"}]
    assert broken("maxItems") == [{**VALUE, "tags": ["a", "a", "a"]}]
    assert broken("minimum") == [{**VALUE, "age": -1}]
    assert broken("maximum") == [{**VALUE, "age": 151}]


def test_each_key_is_left_out_and_one_added():
    assert broken("required") == [{key: VALUE[key] for key in VALUE if key != gone} for gone in VALUE]
    assert {**VALUE, "unexpected key": None} in broken("additionalProperties")


def test_a_choice_is_missed_by_its_case_or_a_letter():
    assert [value["tags"][0] for value in broken("enum")] == ["A", "as", ""]


def test_the_value_itself_stays_as_it_is():
    before = copy.deepcopy(VALUE)
    assert all(change.of(VALUE) != before for change in mutations(VALUE, SCHEMA) if change.keyword != "uniqueItems")
    assert before == VALUE
