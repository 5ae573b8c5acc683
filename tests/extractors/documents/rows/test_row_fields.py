"""Fields by their names and paths, and the one error for those that are not there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.documents.rows.row_fields import NO_FIELD, RowFields, check_fields, field_of
from slotfill.extractors.errors import InputError

ROW = {
    "text": "a",
    "review": {"body": "b", "a.b": {"c": 1}},
    "items": [{"text": "d"}, "e"],
    "x.y": "literal",
    "x": {"y": "nested"},
    "no": None,
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("text", "a"),
        ("review.body", "b"),
        ("review", ROW["review"]),
        ("items.0.text", "d"),
        ("items.1", "e"),
        ("x.y", "literal"),
        ("no", None),
        ("review.a.b", {"c": 1}),
    ],
)
def test_a_field_is_named_as_it_stands_there_or_by_its_path(name, value):
    assert field_of(ROW, name) == value


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "body", "review.", "review.Body", "items.2", "items.-1", "items.²", "text.0", "no.x", "items.0."),
        f"items.{'9' * 5_000}",
    ],
)
def test_what_is_not_there_is_no_field(name):
    assert field_of(ROW, name) is NO_FIELD


@given(st.recursive(st.none() | st.text(), lambda one: st.lists(one) | st.dictionaries(st.text(), one)), st.text())
def test_any_name_is_a_field_or_none(row, name):
    value = field_of({"row": row}, f"row.{name}")
    if isinstance(row, dict) and name in row:
        assert value is row[name]
    elif not isinstance(row, dict | list):
        assert value is NO_FIELD


def test_every_field_of_every_option_is_looked_for_in_the_first_rows():
    rows = [{"title": "a"}, {"body": {"x": "b"}, "id": 1}]
    check_fields(RowFields("title,body.x", "id", ("body",)), rows, "rows.jsonl")
    for fields, said in (
        (RowFields("title,body.y"), "has no field 'body.y': there is 'title', 'body.x', 'id'; .* --text-field"),
        (RowFields("title", "nr"), "has no field 'nr': .* choose one with --id-field"),
        (RowFields("title", None, ("id", "price")), "has no field 'price': .* choose one with --keep"),
    ):
        with pytest.raises(InputError, match=said):
            check_fields(fields, rows, "rows.jsonl")


def test_an_error_names_some_of_very_many_fields():
    with pytest.raises(InputError, match=r"'49' and 950 more; choose"):
        check_fields(RowFields("text"), [{str(number): 1 for number in range(1000)}], "rows.jsonl")


def test_a_field_may_be_called_like_several():
    fields = RowFields("title,body")
    assert fields.texts({"title,body": "a", "title": "b", "body": "c"}) == [("title,body", "a")]
    assert fields.texts({"title": "b", "body": "c"}) == [("title", "b"), ("body", "c")]
    check_fields(fields, [{"title,body": "a"}], "rows.csv", "column")


def test_a_name_that_outputs_have_themselves_is_refused_and_one_named_twice_is_kept_once():
    assert RowFields.of(None, None, ["b", "a", "b"]) == RowFields("text", None, ("b", "a"))
    with pytest.raises(InputError, match="'value' cannot be carried along"):
        RowFields.of("text", None, ["value"])
