"""What a notebook shows of a record: all of it as text, what stands nowhere first, and never more than it can hold."""

import re
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from slotfill import Document, Edit, EvidencePassage, Extraction, Extractor, Outcome, Partial, Span
from slotfill.extractors.displaying.record_display import record_display
from slotfill.extractors.extractions.loading import load_record
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.testing import SimulatedClaude
from slotfill.schemas.sources.schema_sources import resolve

TEXT = "The app logs me out every hour. I pay $5 and then $6 a month."
VALUE = {
    "sentiment": "negative",
    "key_issues": ["crashes on save", "logs me out"],
    "urgency": "4",
    "suggested_action": "Fix the logout",
}
HOSTILE = (
    "</style></script><script>alert(1)</script><img src=http://x.example onerror=alert(1)>\"' \u202eevil\x1b[31m\x00"
)
TAGS = {"div", "style", "b", "span", "p", "mark", "table", "thead", "tbody", "tr", "th", "td", "i", "br", "ul", "li"}
MOST_BYTES = 120_000
"""What a display may add to a notebook's file, whatever it is of."""


class Reader(HTMLParser):
    """Reads a display: its elements, its texts, what is marked."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags, self.marked, self.text, self.attributes = [], [], "", set()
        self._open: list[str] = []
        self.feed(markup)
        assert not self._open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "br":
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open[-1] == "style":
            return
        self.text += data
        if self._open[-1] == "mark":
            self.marked.append(data)


def extracted(text=TEXT, value=VALUE, schema="feedback", **options):
    with Extractor(schema, client=SimulatedClaude([value]).client(), **options) as extractor:
        return extractor.extract(text)


def of(value, text="", **fields):
    """An extraction of any value whatever, with the members that are given."""
    return Extraction(
        **{
            "document": Document.of(text),
            "schema_name": "any",
            "schema_id": "0" * 64,
            "model": "m",
            "outcome": Outcome.VALID,
            "has_value": True,
            "data": value,
            "reply": value,
            **fields,
        }
    )


def test_values_are_marked_in_the_text_and_told_in_rows():
    reader = Reader(extracted()._repr_html_())
    assert reader.marked == ["logs me out"]
    for part in ("feedback", "mended", "claude-haiku-5-5", TEXT, "/key_issues/1", "8\N{EN DASH}19", "exact", '"4" → 4'):
        assert part in reader.text
    assert "number, low risk" in reader.text


def test_what_stands_nowhere_is_said_before_anything_else():
    text = Reader(extracted()._repr_html_()).text
    assert "1 value stands nowhere in the text: /key_issues/0 crashes on save" in text
    assert text.count("absent") == 1  # the suggested action is in the model's own words
    assert text.index("stands nowhere") < text.index("The app logs") < text.index("/key_issues/1")
    rows = [
        text.rindex(pointer)
        for pointer in ("/key_issues/0", "/sentiment", "/key_issues/1", "/urgency", "/suggested_action")
    ]
    assert rows == sorted(rows)


def test_where_everything_stands_nothing_is_said_of_it():
    shown = extracted("crashes on save, logs me out: Fix the logout")
    assert {span.match for span in shown.spans.values()} == {"exact"}
    assert "nowhere" not in Reader(shown._repr_html_()).text


def test_columns_stand_there_where_a_row_has_something_in_them():
    plain = Reader(of({"a": "x"})._repr_html_()).text
    assert not any(name in plain for name in ("place", "sure", "evidence", "edits"))
    full = of(
        {"a": "x"},
        "x",
        spans={"/a": Span(0, 1, "exact", {"page": 3, "box": [1.0, 2.0, 3.0, 4.0], "boxes": [[1.0, 2.0, 3.0, 4.0]]})},
        agreement={"/a": 2 / 3},
        confidence={"/a": "stated"},
        edits=(Edit("/a", "case", "X", "x", "high"), Edit("", "unwrapped", "```", None, "none")),
    )
    text = Reader(full._repr_html_()).text
    for part in ("page 3", "confidence stated, agreement 0.67", "X → x", "case, high risk", "(value)", "unwrapped"):
        assert part in text
    assert "box" not in text


def test_what_is_known_of_the_reply_alone_is_not_told_of_another_value():
    shared = {"agreement": {"/0": 0.5}, "spans": {}}
    assert "0.50" in of(["a"], **shared)._repr_html_()
    assert "0.50" not in of(["b"], **shared, reply=["a", "b"])._repr_html_()


def test_marks_that_cross_are_both_there_where_they_overlap():
    crossing = of({"a": "bcd", "b": "def"}, "abcdefg", spans={"/a": Span(1, 4, "exact"), "/b": Span(3, 6, "exact")})
    markup = crossing._repr_html_()
    assert Reader(markup).marked == ["bc", "d", "ef"]
    assert '<mark class="hue-0 hue-1" title="/a; /b">d</mark>' in markup


def test_evidence_is_marked_and_its_absence_told():
    passage = EvidencePassage("no brakes", 4, 13, "exact")
    judged = of({"urgency": 4, "mood": "bad"}, "Oh, no brakes", evidence={"/urgency": (passage,), "/mood": ()})
    reader = Reader(judged._repr_html_())
    assert reader.marked == ["no brakes"]
    assert reader.text.endswith("/urgency4no brakes/moodbadnone")


def test_edits_and_evidence_that_no_row_here_has_are_remarks():
    record = of(
        {"issues": ["a", "b"]},
        "a, b",
        edits=(Edit("/issues", "deduplicated", ["a", "b", "b"], ["a", "b"], "low"),),
        evidence={"/issues": (EvidencePassage("a, b", 0, 4, "exact"),)},
    )
    text = Reader(record._repr_html_()).text
    assert '/issues ["a", "b", "b"] → ["a", "b"] deduplicated, low risk; /issues rests on a, b' in text


def test_a_failure_says_why_and_what_was_read():
    failed = extracted(value={"sentiment": "angry", "urgency": 9})
    text = Reader(failed._repr_html_()).text
    assert failed.outcome == "failed"
    for part in ("failed", "validation at /sentiment", "/urgency Input should be less than or equal to 5", '"angry"'):
        assert part in text
    empty = extracted(text="")
    assert "empty_document" in Reader(empty._repr_html_()).text


def test_a_record_without_its_text_says_so():
    record = extracted().to_json()
    assert "The document's text is not at hand." in Reader(record_display(record, "")).text


def test_hostile_texts_show_as_text_and_nothing_loads_or_runs():
    value = {HOSTILE: HOSTILE, "b": [HOSTILE]}
    edits = (Edit(HOSTILE, HOSTILE, HOSTILE, HOSTILE, "none"),)
    error = Failure(FailureKind.INTERNAL, HOSTILE, HOSTILE)
    markup = of(value, HOSTILE, edits=edits, error=error, model=HOSTILE, schema_name=HOSTILE)._repr_html_()
    reader = Reader(markup)
    assert set(reader.tags) <= TAGS
    assert reader.tags.count("style") == 1
    assert reader.attributes <= {"class", "title", "dir"}
    assert reader.text.count("<script>alert(1)</script>") >= 6
    assert not re.search("[\u202e\x1b\x00]", markup)


def test_nothing_of_the_style_reaches_beyond_the_display():
    (style,) = re.findall("<style>(.*?)</style>", extracted()._repr_html_(), re.DOTALL)
    selectors = [one.strip() for rule in re.findall(r"([^{}]+)\{", style) for one in rule.split(",")]
    assert selectors
    assert all(one.startswith(".slotfill-view.slotfill-view") for one in selectors)
    assert not re.search(r"url|import|@|http", style)


def test_dollars_are_no_formulas():
    assert re.match('<div class="slotfill-view tex2jax_ignore mathjax_ignore">', extracted()._repr_html_())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([{"name": f"thing {n}", "price": n} for n in range(10_000)], "a" * 1_000_000),
        ({str(n): "x" * 5_000 for n in range(10_000)}, ""),
        ("<&>" * 100_000, "<&>" * 100_000),
        ({"k" * 100_000: 1}, ""),
    ],
)
def test_a_display_stays_small(value, text):
    spans = {f"/{n}/name": Span(n, n + 500, "exact") for n in range(10_000)} if text else {}
    edits = tuple(Edit(f"/{n}/none", "case", "x" * 1_000, "y", "none") for n in range(1_000))
    assert len(of(value, text, spans=spans, edits=edits)._repr_html_().encode()) < MOST_BYTES


def test_of_many_values_it_is_said_how_many_more_there_are():
    absent = Span(None, None, "absent")
    display = of([*range(1_000)], spans={"/999": absent, **{f"/{n}": absent for n in range(9)}})._repr_html_()
    text = Reader(display).text
    assert "10 values stand nowhere" in text
    assert "/7 7 and 2 more" in text
    assert "and 900 more values" in text
    assert text.rindex("/999") < text.rindex("/9")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | st.just(HOSTILE),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
)


@examples(60)
@given(JSON_VALUES, st.text(max_size=40).filter(str.strip), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40))))
def test_any_value_of_any_text_is_shown(value, text, places):
    spans = {f"/{number}": Span(start, start + size, "fuzzy") for number, (start, size) in enumerate(places)}
    reader = Reader(of(value, text, spans=spans, cost_usd=Decimal(1))._repr_html_())
    assert set(reader.tags) <= TAGS


def test_a_value_that_arrives_is_shown_as_far_as_it_has_come():
    with Extractor("feedback", client=SimulatedClaude([VALUE]).client()) as extractor:
        *partials, last = extractor.stream(TEXT)
    assert isinstance(last, Extraction)
    assert isinstance(partials[-1], Partial)
    text = Reader(partials[-1]._repr_html_()).text
    assert "arriving" in text
    assert "/key_issues/0" in text
    assert "crashes on save" in text


def test_a_copy_without_its_extractor_shows_the_same():
    extraction = extracted()
    assert replace(extraction, refiner=None)._repr_html_() == extraction._repr_html_()


@pytest.mark.parametrize("name", ["agreement", "probability", "evidence"])
def test_what_a_record_says_to_be_null_is_shown_as_what_is_not_there(name):
    schema = resolve("feedback")
    extraction = Extractor(schema, client=SimulatedClaude(lambda _: VALUE).client()).extract(TEXT)
    record = {**extraction.to_json(), name: None}
    assert load_record(record, schema, Document.of(TEXT))._repr_html_() == extraction._repr_html_()
    assert record_display(record, TEXT) == extraction._repr_html_()
