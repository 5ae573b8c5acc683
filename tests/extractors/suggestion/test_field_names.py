"""Names for JSON and for Python."""

import keyword

import proposals as made
import pytest
from examples import examples
from hypothesis import given
from pydantic import BaseModel, create_model

from slotfill.extractors.suggestion.field_names import attribute_name, class_name, distinct, field_key


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Invoice No.", "invoice_no"),
        ("Größe", "grosse"),
        ("Prénom / Nom", "prenom_nom"),
        ("发票号码", "发票号码"),
        ("ﬁeld²", "field2"),
        ("2nd", "2nd"),
        ("__init__", "init"),
        ("\u202e\x1b", "none"),
        ("x" * 99, "x" * 30),
        ("发" * 99, "发" * 15),
    ],
)
def test_keys(name, key):
    assert field_key(name, "none") == key


@given(made.names)
@examples(200)
def test_a_key_of_a_key_is_itself_and_its_attribute_a_field_of_pydantic(name):
    key = field_key(name)
    assert field_key(key) == key
    attribute = attribute_name(key)
    assert attribute.isidentifier()
    assert not keyword.iskeyword(attribute)
    assert not hasattr(BaseModel, attribute)
    create_model("M", **{attribute: (str, ...)})  # warnings are errors


@pytest.mark.parametrize(
    ("key", "attribute"),
    [
        ("number", "number"),
        ("from", "from_"),
        ("2nd", "field_2nd"),
        ("schema", "schema_"),
        ("list", "list_"),
        ("examples", "examples_"),
        ("model_dump", "field_model_dump"),
        ("model_name", "model_name"),
    ],
)
def test_attributes(key, attribute):
    assert attribute_name(key) == attribute


def test_classes_have_names_that_nothing_else_has():
    assert class_name("line_items", set()) == "LineItems"
    assert class_name("field", {"Field"}) == "FieldModel"
    assert class_name("2nd", set()) == "Field2nd"
    assert class_name("none", set()) == "NoneModel"


def test_a_number_makes_a_name_distinct():
    assert distinct("a", {"a", "a_2"}) == "a_3"
