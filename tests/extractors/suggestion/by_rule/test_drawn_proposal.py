"""What samples of one form show without a model."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.suggestion.by_rule.drawn_proposal import propose_by_rule
from slotfill.extractors.suggestion.by_rule.value_kinds import kind_of_values
from slotfill.extractors.suggestion.sense_checks import settle


def invoice(number, status="paid", extra=""):
    return (
        f"INVOICE\nInvoice no: 00{number}\nDate: 2026-03-0{number}\nStatus: {status}\nTotal: {number}1.50\n{extra}\n"
        f"Article | Pieces\nLamp {number} | {number}\nChair | 2\n\nPlease note: the goods stay ours until paid."
    )


def drawn(*texts):
    """Return the fields by name: kind, whether always, labels."""
    proposal = propose_by_rule(texts)
    assert proposal
    whole = settle(proposal, texts)
    assert whole.repairs == ()
    return {
        one.name: (one.type, one.many, one.always, one.labels, [part.name for part in one.fields])
        for one in whole.proposal.fields
    }


def test_labels_tables_and_what_their_values_are():
    fields = drawn(invoice(1), invoice(2, "open", "Due: soon"), invoice(3, "open", "Due: later"), invoice(4, "paid"))
    assert fields == {
        "invoice_no": ("verbatim", False, True, [], []),
        "date": ("date", False, True, [], []),
        "status": ("label", False, True, ["paid", "open"], []),
        "total": ("number", False, True, [], []),
        "due": ("verbatim", False, False, [], []),
        "please_note": ("verbatim", False, True, [], []),
        "rows": ("object", True, True, [], ["article", "pieces"]),
    }


def test_a_label_that_stands_several_times_is_a_list():
    fields = drawn("Room: A\nGuest: Ana\nGuest: Bo", "Room: B\nGuest: Cy")
    assert fields["guest"] == ("verbatim", True, True, [], [])


def test_what_one_of_several_samples_has_is_no_field():
    assert "only_here" not in drawn(invoice(1, extra="Only here: x"), invoice(2), invoice(3), invoice(4))


def test_the_header_of_markdown_and_its_rule():
    text = "| Name | Age |\n|:---|---:|\n| Ana | 41 |\n| Bo | 7 |\n"
    assert drawn(text) == {"rows": ("object", True, True, [], ["name", "age"])}


def test_keys_of_json():
    texts = [
        json.dumps(
            {"id": f"A{n}", "paid": True, "n": n, "price": n + 0.5, "tags": ["x"], "none": None, "by": {"name": "B"}}
        )
        for n in (1, 2)
    ]
    texts.append(json.dumps({"id": "A3", "items": [{"sku": "1"}, {"sku": "2", "pieces": 2}], "by": {"name": "C"}}))
    assert drawn(*texts) == {
        "id": ("verbatim", False, True, [], []),
        "paid": ("yes/no", False, False, [], []),
        "n": ("whole number", False, False, [], []),
        "price": ("number", False, False, [], []),
        "tags": ("verbatim", True, False, [], []),
        "by": ("object", False, True, [], ["name"]),
    }
    assert drawn(texts[-1])["items"] == ("object", True, True, [], ["sku", "pieces"])


@pytest.mark.parametrize(
    "texts",
    [
        ("It came late: two weeks.", "Great!"),
        ("We met at 10:30: https://example.com/a: fine", "See https://example.com"),
        ("He said as he always does when it rains: no.\nShe said what nobody had thought of: yes.",),
        ("{",),
        ("[" * 9999,),
        ('{"a": NaN}',),
        ("",),
    ],
)
def test_prose_has_no_form(texts):
    assert propose_by_rule(texts) is None


@given(st.lists(st.text(alphabet='aB:| -{}[]"\\\n1\x00é', max_size=40), min_size=1, max_size=4))
def test_any_text_is_looked_at(texts):
    proposal = propose_by_rule(texts)
    assert proposal is None or settle(proposal, texts).proposal.fields


@pytest.mark.parametrize(
    ("values", "name", "kind"),
    [
        (["2026-03-01", "2024-02-29"], "", "date"),
        (["2026-02-30"], "", "verbatim"),
        (["yes", "No"], "", "yes/no"),
        (["1", "-20"], "pieces", "whole number"),
        (["1", "20"], "order_no", "verbatim"),
        (["007", "12"], "", "verbatim"),
        (["1.5", "20"], "", "number"),
        (["1,5"], "", "verbatim"),
        (["40.00 EUR"], "", "verbatim"),
        (["a", "b", "a", "B"], "", "label"),
        (["a", "b", "a", "c"], "", "verbatim"),
        (["a", "a", "a", "a"], "", "verbatim"),
        (["٣"], "", "verbatim"),
    ],
)
def test_kinds_of_values(values, name, kind):
    assert kind_of_values(values, name)[0] == kind
