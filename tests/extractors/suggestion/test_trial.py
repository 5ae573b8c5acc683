"""What the samples show of a proposal: fields that some lack are optional, and nothing is asked twice for it."""

import proposals as made

from slotfill import Document, Extractor
from slotfill.extractors.suggestion.by_rule.departures import departures
from slotfill.extractors.suggestion.json_form import proposed_schema
from slotfill.extractors.suggestion.trial import SampleResult, loosened, results_of
from slotfill.extractors.testing.claude import SimulatedClaude

TEXTS = ("Invoice A-17 of 2026-03-01: lamp 4.50", "Invoice A-18: chair")
WHOLE = made.proposal(
    made.field("number"),
    made.field("date", "date"),
    made.field("items", "object", many=True, fields=[made.part("name"), made.part("price", "number")]),
)
VALUES = (
    {"number": "A-17", "date": "2026-03-01", "items": [{"name": "lamp", "price": 4.5}]},
    {"number": "A-18", "date": "", "items": [{"name": "chair", "price": None}]},
)


def extracted(*values, proposal=WHOLE):
    claude = SimulatedClaude([*values])
    with Extractor(proposed_schema(proposal), client=claude.client(), retries=0) as extractor:
        return [extractor.extract(Document.of(text, f"{at}.txt")) for at, text in enumerate(TEXTS)]


def test_what_a_sample_lacks_is_optional_at_any_depth():
    extractions = extracted(*VALUES)
    assert [one.ok for one in extractions] == [True, False]
    proposal, names = loosened(WHOLE, extractions)
    assert names == ("date", "items.price")
    number, date, items = proposal.fields
    assert (number.always, date.always, items.always) == (True, False, True)
    assert [part.always for part in items.fields] == [True, False]


def test_the_samples_are_read_again_without_asking():
    extractions = extracted(*VALUES)
    proposal, _ = loosened(WHOLE, extractions)
    first, second = results_of(proposal, extractions)
    assert first == SampleResult("0.txt", VALUES[0])
    assert second.value == {"number": "A-18", "date": None, "items": [{"name": "chair", "price": None}]}


def test_what_is_wrong_otherwise_stays_a_failure():
    wrong = {**VALUES[1], "number": "Z-99", "date": "2026-03-02"}
    extractions = extracted(VALUES[0], wrong)
    proposal, names = loosened(WHOLE, extractions)
    assert names == ("items.price",)
    assert results_of(proposal, extractions)[1].value is None
    assert "does not stand in the document" in results_of(proposal, extractions)[1].problem


def test_all_that_is_there_stays_required():
    assert loosened(WHOLE, extracted(VALUES[0], {**VALUES[0], "number": "A-18"})) == (WHOLE, ())


def test_departures_from_what_is_written():
    texts = ("No: A-1\nTotal: 4.50\nPaid: yes", "No: A-2\nTotal: 5.00\nPaid: no", '{"No": "A-3", "Total": 6}')
    values = (
        {"no": "a-1 ", "total": 4.5, "paid": True},
        {"no": "A-1", "total": 5, "paid": True},
        {"no": "A-3", "total": 7},
    )
    proposal = made.proposal(made.field("no"), made.field("total", "number"), made.field("paid", "yes/no"))
    results = [SampleResult(str(at), value) for at, value in enumerate(values)]
    assert [line.partition(": the model")[0] for line in departures(proposal, texts, results)] == [
        "no: of 3 values 1 are not what is written there, such as 'a-1' for 'a-2'",
        "total: of 3 values 1 are not what is written there, such as '7' for '6'",
        "paid: of 2 values 1 are not what is written there, such as 'true' for 'false'",
    ]
    assert [*departures(proposal, texts[:1], [SampleResult("0", None, "failed")])] == []
