"""What is measured beside the fields stands in the terminal and on the page, with the figures of the evaluation."""

from slotfill.extractors.evaluation.evaluation import evaluate_pairs
from slotfill.extractors.evaluation.report.html_report import html_report
from slotfill.extractors.evaluation.report.measure_tables import entity_rows, reliability_rows, span_rows
from slotfill.extractors.evaluation.report.text_tables import evaluation_lines
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.schemas import built_ins, resolve

TEXT = "Ada Lovelace met Bo in Paris."
GOLD = {"entities": [{"text": "Ada Lovelace", "type": "person"}, {"text": "Paris", "type": "location"}]}


def placed(start, end):
    return {"start": start, "end": end, "match": "exact"}


RECORD = {
    "slotfill": 1,
    "document": {"id": GoldDocument.of(GOLD, text=TEXT).id, "source": None, "chars": len(TEXT)},
    "schema": {"name": "entities", "id": "0" * 64},
    "model": "claude-haiku-5-5",
    "outcome": "mended",
    "value": {"entities": [{"text": "Ada Love", "type": "person"}, {"text": "Paris", "type": "person"}]},
    "spans": {"/entities/0/text": placed(0, 8), "/entities/1/text": placed(23, 28)},
    "agreement": {"/entities/0/text": 0.5, "/entities/1/text": 1.0},
    "confidence": {},
    "attempts": [],
    "edits": [{"path": "", "kind": "fence", "before": "", "after": "", "risk": "none"}],
    "usage": {"input_tokens": 1200, "output_tokens": 34},
    "cost_usd": "0.00125",
    "ms": 900,
}
EMPTY_RECORD = {**RECORD, "value": None, "spans": {}, "agreement": {}, "outcome": "failed", "cost_usd": None}


def evaluated(record, **gold):
    assert "entities" in built_ins()
    pairs = [(GoldDocument.of(GOLD, text=TEXT, **gold), record)]
    return evaluate_pairs(pairs, resolve("entities").output_schema, resamples=0)


def test_entities_are_counted_in_each_scheme():
    header, *rows = entity_rows(evaluated(RECORD))
    assert header[-5:] == ("correct", "incorrect", "partial", "missed", "spurious")
    assert {row[1]: row[-5:] for row in rows} == {
        "strict": ("0", "2", "0", "0", "0"),
        "exact": ("1", "1", "0", "0", "0"),
        "partial": ("1", "0", "1", "0", "0"),
        "type": ("1", "1", "0", "0", "0"),
    }
    assert [row[2] for row in rows] == ["0.0", "50.0", "75.0", "50.0"]


def test_spans_are_told_where_gold_has_them_and_confidences_where_records_do():
    spans = {"/entities/0/text": (0, 12), "/entities/1/text": (23, 28)}
    _, *rows = span_rows(evaluated(RECORD, spans=spans))
    assert rows[-1] == ("all fields", "83.3", "50.0", "2")
    _, *rows = reliability_rows(evaluated(RECORD))
    assert rows[-1] == ("all fields", "75.0", "50.0", "25.0", "0.125", "2")


def test_the_terminal_and_the_page_have_them():
    evaluation = evaluated(RECORD, spans={"/entities/0/text": (0, 12)})
    text, page = "\n".join(evaluation_lines(evaluation)), html_report(evaluation, "entities")
    for name in ("strict", "partial", "to the letter", "calibration error"):
        assert name in text
        assert name in page
    assert "1 record cost $0.0012: 1,200 tokens in, 34 out; 0.9 s a document in the median" in text
    assert "outcomes: 1 mended; edits: 1 of risk none" in text


def test_what_was_not_measured_is_not_there():
    evaluation = evaluate_pairs(
        [(GoldDocument.of({"a": 1}, text="a"), {"source": None, "value": {"a": 1}})], resamples=0
    )
    text = "\n".join(evaluation_lines(evaluation))
    assert not any(word in text for word in ("strict", "letter", "calibration", "cost", "outcomes"))
    assert "cost unknown" in "\n".join(evaluation_lines(evaluated(EMPTY_RECORD)))


def test_each_table_of_the_page_stands_under_what_it_shows():
    spans = {"/entities/0/text": (0, 12), "/entities/1/text": (23, 28)}
    page = html_report(evaluated(RECORD, spans=spans), "a title")
    sections = {part.partition("</h2>")[0]: part for part in page.split("<h2>")[1:]}
    for heading, name in (
        ("Entities", "spurious"),
        ("Where values stand", "overlap"),
        ("Confidence and cost", "Brier"),
    ):
        assert f">{name}</th>" in sections[heading]
    assert "<h2>Where values stand" not in html_report(evaluated(RECORD), "a title")
