"""The report: it holds what was judged, loads nothing, runs nothing, and stays small, whatever the documents hold."""

import hashlib
import json
import re
import shutil
import subprocess
from base64 import b64encode
from html.parser import HTMLParser

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.evaluation.drawing.plots import CostPoint
from slotfill.extractors.evaluation.evaluation import evaluate_pairs
from slotfill.extractors.evaluation.intervals import Score
from slotfill.extractors.evaluation.paired_comparison import compare
from slotfill.extractors.evaluation.report.html_report import html_report
from slotfill.extractors.evaluation.report.worst_documents import DocumentText, worst_documents
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.pages.marked_text import TextMark, marked_text

HOSTILE = (
    "</script><script>alert(1)</script><img src=http://x.example onerror=alert(1)>\"' \u202eevil\x1b[31m\x00"
    " data:text/html,x"
)
ALLOWED = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "header",
        "footer",
        "h1",
        "h2",
        "h3",
        "p",
        "div",
        "span",
    ),
    *(
        "b",
        "i",
        "small",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "ul",
        "li",
        "dl",
        "dt",
        "dd",
        "details",
        "summary",
    ),
    *("mark", "svg", "line", "rect", "circle", "polyline", "text"),
}


class Reader(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.texts, self.open = set(), [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self):
        return "".join(self.texts)


def pair(number, gold, value, **record):
    document = GoldDocument.of(
        gold, text=f"text {number}", source=f"{number}.txt", labels={"lang": "de" if number % 2 else "en"}
    )
    return document, {
        "slotfill": 1,
        "document": {"id": document.id, "source": document.source},
        "value": value,
        **record,
    }


def evaluation(*pairs, **options):
    return evaluate_pairs(pairs, resamples=20, **options)


def test_it_holds_fields_slices_and_the_worst_documents_with_their_marks():
    pairs = [
        pair(0, {"name": "Ada", "age": 36}, {"name": "Bo", "age": 36}),
        pair(1, {"name": "Cy", "age": 7}, {"name": "Cy"}),
    ]
    pairs.append(pair(2, {"name": "Di", "age": None}, {"name": "Di", "age": 3}))
    result = evaluation(*pairs, by="lang")
    texts = {result.documents[0].id: DocumentText("Ada met Bo", {"/name": (0, 3)}, {"/name": (8, 10)})}
    page = html_report(result, "a title", texts)
    text = Reader(page).text
    for part in (
        "a title",
        "3 documents",
        "/name",
        "/age",
        "By lang",
        "omitted",
        "hallucinated",
        "0.txt",
        "1.txt",
        "2.txt",
    ):
        assert part in text
    assert (
        '<mark class="expected" title="expected: /name">Ada</mark> met <mark class="got" title="got: /name">Bo</mark>'
        in page
    )
    assert [one.source for one in worst_documents(result)] == ["0.txt", "1.txt", "2.txt"]


def test_where_all_is_right_it_says_so():
    assert "Each document is right as a whole." in html_report(evaluation(pair(0, {"a": 1}, {"a": 1})), "t")


def test_hostile_texts_stay_texts():
    pairs = [pair(0, {HOSTILE: "x", "a": HOSTILE}, {HOSTILE: HOSTILE, "a": "y"}, model=HOSTILE, cost_usd="0.1")]
    document = GoldDocument.of({"a": 1}, text="t", source=HOSTILE, labels={"lang": HOSTILE})
    pairs.append((document, {"source": HOSTILE, "value": {"a": HOSTILE}}))
    result = evaluate_pairs(pairs, resamples=10, by="lang")
    texts = {document.id: DocumentText(HOSTILE, {"/a": (0, 9)}, {"/a": (3, 40)})}
    page = html_report(result, HOSTILE, texts, [CostPoint(HOSTILE, 1.0, Score(0.5))], compare(result, result))
    check_page(page)
    assert "[U+202E]" in page


def check_page(page):
    reader = Reader(page)
    assert reader.tags <= ALLOWED
    assert not {
        name for name, _ in reader.attributes if name.startswith("on") or name in ("style", "href", "src", "xlink:href")
    }
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert "url(" not in style
    assert "@import" not in style


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.dictionaries(TEXTS, TEXTS | st.none() | st.integers() | st.lists(TEXTS, max_size=2), max_size=3)


@examples(40)
@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=3), TEXTS)
def test_whatever_documents_hold_the_page_is_sound(values, title):
    check_page(html_report(evaluation(*(pair(at, gold, got) for at, (gold, got) in enumerate(values))), title))


def test_confidence_and_cost_are_drawn():
    pairs = []
    for number in range(30):
        sure = 0.5 + 0.1 * (number % 5)
        value = {"a": 1 if number % 3 else 2}
        record = {
            "attempts": [],
            "confidence": {},
            "probability": {"/a": sure},
            "model": "m",
            "cost_usd": "0.002",
            "ms": 5,
        }
        pairs.append(pair(number, {"a": 1}, value, **record))
    result = evaluation(*pairs)
    page = html_report(
        result, "t", None, [CostPoint("cheap", 0.5, Score(0.8, 0.7, 0.9)), CostPoint("free", 0, Score(0.2))]
    )
    assert page.count('class="plot"') == 2
    assert "Is it as right as it is sure?" in page
    assert "$2.00" in page
    assert page.count('class="ideal"') == 1
    assert "free" not in page  # no place on a logarithmic scale


def test_ten_thousand_hostile_documents_are_under_five_megabytes():
    wide = {f"field {number} {HOSTILE}": "&" * 5_000 for number in range(20)}
    got = dict.fromkeys(wide, "\x01" * 5000)
    pairs = [pair(number, wide, got) for number in range(60)]
    result = evaluate_pairs(pairs, resamples=0)
    copies = [result.documents[number % 60] for number in range(10_000)]
    text = "\x02" * 100_000
    texts = {one.id: DocumentText(text, {"/a": (5, 9)}, {}) for one in result.documents}
    assert len(html_report(replaced(result, copies), "t", texts).encode()) < 5_000_000


def replaced(result, documents):
    from dataclasses import replace

    return replace(result, documents=tuple(documents))


def test_marks_overlap_and_long_texts_are_cut_around_them():
    assert marked_text("abcdef", [TextMark(0, 4, "expected", "x"), TextMark(2, 6, "got", "y")]) == (
        '<p class="text" dir="auto"><mark class="expected" title="x">ab</mark>'
        '<mark class="expected got" title="x; y">cd</mark><mark class="got" title="y">ef</mark></p>'
    )
    text = "a" * 5_000 + "NEEDLE" + "b" * 5_000
    page = marked_text(text, [TextMark(5_000, 5_006, "got", "y")])
    assert ">NEEDLE</mark>" in page
    assert len(page) < 500
    assert page.count("…") == 2
    marks = [TextMark(at, at + 1, "got", "y") for at in range(0, 9_000, 1_000)]
    assert len(Reader(marked_text("a" * 10_000, marks, 300)).text) <= 300 + 2 * len(marks) + 4


@examples(50)
@given(
    st.text("ab<\n", max_size=60),
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)), max_size=5),
    st.integers(5, 80),
)
def test_what_is_shown_of_a_text_is_the_text(text, places, longest):
    marks = [TextMark(start, min(start + size, len(text)), "got", "t") for start, size in places if start < len(text)]
    shown = Reader(marked_text(text, marks, longest)).text
    if len(text) <= longest:
        assert shown == text
    assert len(shown) <= longest + 2 * len(marks) + 4
    for stretch in re.split(r"… | …", shown):
        assert stretch in text


@pytest.mark.slow
def test_a_browser_shows_it_and_refuses_nothing(tmp_path):
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium is installed")
    (tmp_path / "r.html").write_text(html_report(evaluation(pair(0, {"a": HOSTILE}, {"a": "x"})), HOSTILE), "utf-8")
    flags = (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
        "--dump-dom",
        f"--user-data-dir={tmp_path}",
    )
    done = subprocess.run(
        check=False, args=[browser, *flags, f"file://{tmp_path}/r.html"], capture_output=True, text=True, timeout=120
    )
    assert "The worst documents" in done.stdout
    assert "Content Security Policy" not in done.stderr
    assert json.dumps(HOSTILE) not in done.stdout
