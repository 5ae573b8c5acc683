"""What a proposal says is held against the samples: each mistake is mended, and said once."""

import proposals as made
import pytest
from examples import examples
from hypothesis import given

from slotfill.extractors.suggestion.sense_checks import MOST_FIELDS, settle

REVIEWS = ("Ana: great!", "Bo: bad.", "Cy: bad!", "Di: great.")


def settled(*fields, texts=made.TEXTS):
    return settle(made.proposal(*fields), texts)


def only(*fields, texts=made.TEXTS):
    whole = settled(*fields, texts=texts)
    (one,) = whole.proposal.fields
    return one, [*whole.repairs]


def test_what_is_sound_stays():
    whole = made.proposal(
        made.field("number"),
        made.field("status", "label", labels=["paid", "open"], example=""),
        made.field("items", "object", many=True, fields=[made.part("price", "number")]),
    )
    assert settle(whole, made.TEXTS).proposal == whole
    assert settle(whole, made.TEXTS).repairs == ()


@given(made.proposals)
@examples(40)
def test_what_is_settled_is_settled(proposal):
    once = settle(proposal, made.TEXTS)
    again = settle(once.proposal, made.TEXTS)
    assert (again.proposal, again.repairs) == (once.proposal, ())


def test_names_become_keys_each_once():
    whole = settled(made.field("Invoice No."), made.field("invoice_no", "text"), made.field("!!!"))
    assert [one.name for one in whole.proposal.fields] == ["invoice_no", "field"]
    assert whole.proposal.fields[0].type == "verbatim"
    assert whole.repairs == ("invoice_no: proposed twice, the first is taken", "field: '!!!' is no name")


def test_a_quote_that_stands_nowhere_is_text():
    one, repairs = only(made.field("number", example="B-99"))
    assert one.type == "text"
    assert repairs == ["number: verbatim, but its example stands in no sample: it is text"]


def test_what_no_sample_shows_is_optional():
    one, repairs = only(made.field("due", "date", example=" "))
    assert not one.always
    assert repairs == ["due: said to be in every sample, and shown in none: it is optional"]
    assert only(made.field("tone", "label", labels=["a", "b"], example=""))[0].always


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ([], "a label of fewer than two values"),
        (["great", "GREAT", " "], "a label of fewer than two values"),
        ([f"label {number}" for number in range(51)], "more than 50 labels"),
        (["a", "b" * 61], "more than 50 labels, or one of more than 60 characters"),
        (["Ana", "Bo", "Cy", "Di"], "each label stands in one sample alone"),
    ],
)
def test_labels_that_are_no_closed_set_are_none(labels, reason):
    one, (repair,) = only(made.field("by", "label", labels=labels, example="Ana"), texts=REVIEWS)
    assert (one.type, one.labels) == ("verbatim", [])
    assert repair.startswith(f"by: {reason}")
    assert repair.endswith("it is verbatim")


def test_labels_that_several_samples_share_are_a_closed_set():
    one, repairs = only(made.field("tone", "label", labels=["great", "Bad", "bad"], example=""), texts=REVIEWS)
    assert (one.labels, repairs) == (["great", "Bad"], [])
    texts = ["a red car", "a red van", "a blue van", "a green bus"]
    one, repairs = only(made.field("is", "label", labels=["red", "blue", "green", "van"], example=""), texts=texts)
    assert (one.type, repairs) == ("label", [])


def test_contradictions_go_by_the_type():
    one, repairs = only(made.field("number", labels=["a", "b"], fields=[made.part("x")]))
    assert (one.type, one.labels, one.fields) == ("verbatim", [], [])
    assert repairs == [
        "number: verbatim has no fields, these are left out",
        "number: verbatim has no labels, these are left out",
    ]
    one, repairs = only(made.field("items", "object"))
    assert (one.type, repairs) == ("verbatim", ["items: an object without fields: it is verbatim"])


def test_fields_are_bounded():
    whole = settled(*(made.field(f"f{number}") for number in range(MOST_FIELDS + 2)))
    assert len(whole.proposal.fields) == MOST_FIELDS
    assert whole.repairs == ("the document: 2 fields beyond 40 are left out",)


def test_what_is_told_is_one_line_that_drives_no_terminal():
    one, _ = only(made.field("a", description="a\n\x1b[31mb\u202e  c" + "d" * 999))
    assert one.description.startswith("a [31mb c")
    assert len(one.description) == 600
    assert only(made.field("due_date", description=" \x00"))[0].description == "Due date"
