"""Letters as a reader knows them, whatever a file draws them with."""

from array import array

import pytest
from drawn_pages import SHAPES, Drawing

from slotfill.extractors.documents.readers.pdf.letters import clean_letters
from slotfill.extractors.documents.readers.pdf.pdf_reader import read as reader
from slotfill.extractors.documents.readers.read_options import ReadOptions


def read(drawing, **options):
    return [*reader(drawing.done(), ReadOptions.of(**options))][-1]


@pytest.mark.parametrize(
    ("characters", "text"),
    [
        ("o\ufb03ce", "office"),
        ("\ufefb", "\u0644\u0627"),
        ("\ud835\udc00x", "\U0001d400x"),
        ("\uf0b7 one", "• one"),
        ("a\x00b", "a\ufffdb"),
        ("a\x07\u200bb", "ab"),
        ("cus\x02tomer", "cus\x02tomer"),
        ("plain", "plain"),
    ],
)
def test_letters_have_a_box_each_and_know_their_character(characters, text):
    boxes = array("f", [float(number) for at in range(len(characters)) for number in (10 * at, 0, 10 * at + 9, 12)])
    letters = clean_letters(characters, boxes)
    assert letters.text == text
    assert len(letters.boxes) == 4 * len(text)
    assert len(letters.source) == len(text)
    pairs = zip(letters.source, letters.text, strict=True)
    assert all(characters[at] == letter for at, letter in pairs if letter in characters)
    last = letters.boxes[-2]
    assert last <= boxes[-2]


def test_letters_of_a_ligature_stand_side_by_side_as_they_are_read():
    box = array("f", (10.0, 0.0, 40.0, 12.0))
    assert [*clean_letters("\ufb03", box).boxes[0::4]] == [10, 20, 30]
    assert [*clean_letters("\ufefb", box).boxes[0::4]] == [25, 10]


def test_what_is_drawn_twice_to_look_bold_is_read_once():
    drawing = Drawing()
    for at in (72, 72.3):
        drawing.line((at, 700), "Total 12.50", "Helvetica-Bold")
    assert read(drawing).text == "Total 12.50"


def test_what_is_outside_the_page_is_not_read():
    drawing = Drawing(crop=(50, 50, 500, 800))
    drawing.line((72, 700), "seen")
    drawing.line((72, 20), "below what is shown")
    drawing.line((510, 700), "right of it")
    assert read(drawing).text == "seen"


def test_a_text_that_is_there_for_finding_alone_is_read():
    drawing = Drawing()
    text = drawing.canvas.beginText(72, 700)
    text.setTextRenderMode(3)
    text.textLine("what an OCR program has laid under a scan")
    drawing.canvas.drawText(text)
    assert read(drawing).text == "what an OCR program has laid under a scan"


def test_a_page_whose_glyphs_are_mapped_to_nothing_is_a_scan():
    drawing = Drawing()
    drawing.line((72, 700), "".join(chr(0xE000 + at) for at in range(26)), SHAPES, 12)
    part = read(drawing)
    assert part.text == ""
    assert [pages.numbers for pages in part.pages] == [(1,)]
