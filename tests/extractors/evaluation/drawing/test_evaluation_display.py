"""What a notebook shows of an evaluation: the figures of its table, no more than it can hold, hostile names as text."""

import re
from html.parser import HTMLParser

from slotfill.extractors.evaluation.evaluation import evaluate_pairs
from slotfill.extractors.gold.gold_document import GoldDocument

HOSTILE = "</style><script>alert(1)</script>\u202e$x$"


class Texts(HTMLParser):
    """The texts of a display, row by row."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags, self.rows, self.text = [], [], ""
        self.feed(markup)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])

    def handle_data(self, data):
        self.text += data
        if self.rows:
            self.rows[-1].append(data)


def shown(pairs, **options):
    gold = [
        (GoldDocument(id=None, source=str(number), value=value, text="x"), got and {"value": got})
        for number, (value, got) in enumerate(pairs)
    ]
    return evaluate_pairs(gold, resamples=0, **options)._repr_html_()


def test_figures_stand_by_field():
    display = Texts(shown([({"a": 1, "b": "x"}, {"a": 1, "b": "y"}), ({"a": 2, "b": "z"}, {"a": 2, "b": "z"})]))
    rows = {row[0]: row[1:] for row in display.rows}
    assert rows["/a"][0].strip() == "100.0"
    assert rows["/b"][0].strip() == "50.0"
    assert rows["all fields"][0].strip() == "75.0"
    assert "2 documents" in display.text
    assert "without a value" not in display.text


def test_what_counts_most_stands_above_by_name():
    text = Texts(shown([({"a": 1, "b": "x"}, {"a": 1, "b": "y"}), ({"a": 2, "b": "z"}, {"a": 2, "b": "z"})])).text
    tiles = re.findall(r"(F1 of all fields|documents right|precision|recall)([\d.]+ %)", text)
    assert tiles == [
        ("F1 of all fields", "75.0 %"),
        ("documents right", "50.0 %"),
        *((n, "75.0 %") for n in ("precision", "recall")),
    ]


def test_verdicts_are_drawn_side_by_side_each_as_wide_as_its_share():
    display = shown([({"a": 1}, {"a": 1}), ({"a": 1}, {"a": 2}), ({"a": 1}, {"a": None}), ({"a": 1}, {"a": 1})])
    drawn = re.findall(r'<rect class="(\w+)" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', display)
    row = [("right", 0.0, 90.0), ("wrong", 90.0, 45.0), ("omitted", 135.0, 45.0)]
    assert [(kind, float(x), float(width)) for kind, x, width in drawn] == 2 * row  # of the field, and of all of them


def test_documents_without_a_value_are_told_first():
    text = Texts(shown([({"a": 1}, None), ({"a": 2}, {"a": 2})])).text
    assert "1 document without a value" in text
    assert text.index("without a value") < text.index("F1 of all fields")


def test_of_many_fields_the_worst_are_shown():
    gold = {f"f{n:03}": n for n in range(200)}
    display = shown([(gold, {**gold, "f150": -1})])
    rows = [row[0] for row in Texts(display).rows]
    assert "/f150" in rows
    assert len(rows) == 62
    assert "140 fields that are better" in display
    assert len(display) < 100_000


def test_hostile_names_show_as_text():
    display = shown([({HOSTILE: 1}, {HOSTILE: 2, f"{HOSTILE}2": 1})])
    reader = Texts(display)
    assert "script" not in reader.tags
    assert reader.tags.count("style") == 1
    assert "<script>alert(1)<~1script>" in reader.text
    assert not re.search("\u202e|https?:", display)
