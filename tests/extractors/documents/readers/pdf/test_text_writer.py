"""Words that a line's end divides, put together, or left as they are."""

import pytest
from drawn_pages import Drawing

from slotfill.extractors.documents.readers.pdf.pdf_reader import read as reader
from slotfill.extractors.documents.readers.read_options import ReadOptions


def read(*lines):
    drawing = Drawing()
    for at, line in enumerate(lines):
        drawing.line((72, 700 - 13 * at), line, "Shapes", 11)
    return [*reader(drawing.done(), ReadOptions.of())][-1]


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["each cus-", "tomer pays"], "each customer pays"),
        (["each cus\u00ad", "tomer pays"], "each customer pays"),
        (["the state-of-the-", "art pump"], "the state-of-the-art pump"),
        (["send an e-", "mail to us"], "send an e-mail to us"),
        (["he saw Jean-", "Pierre there"], "he saw Jean-Pierre there"),
        (["call 0171-", "4711 now"], "call 0171-4711 now"),
        (["Vor- und Nach-", "teile von"], "Vor- und Nachteile von"),
        (["die Vor-", "und Nachteile"], "die Vor-\nund Nachteile"),
        (["a well-known and well-", "known man"], "a well-known and well-known man"),
        (["one thing -", "and another"], "one thing -\nand another"),
        (["ends here", "goes on"], "ends here\ngoes on"),
    ],
)
def test_a_word_that_a_line_end_divides_is_one_word(lines, text):
    assert read(*lines).text == text


def test_the_boxes_of_a_divided_word_are_those_of_its_parts():
    part = read("each cus-", "tomer pays")
    place = part.places.place_of(5, 13)
    assert len(place["boxes"]) == 2
    assert place["boxes"][0][3] < place["boxes"][1][1]
