"""Places as a person sees them: a frame around a value, on a picture of its page, holds the value's ink."""

import pytest
from checkout import ROOT
from drawn_pages import Drawing
from marked_pages import MARK, SCALE, marked_page
from PIL import Image

from slotfill.extractors.documents.readers.pdf.pdf_reader import read as reader
from slotfill.extractors.documents.readers.read_options import ReadOptions

LINES = (
    ("Helvetica-Bold", 16, 770, "Order confirmation"),
    ("Helvetica", 11, 735, "Dear Ms Hartmann,"),
    ("Helvetica", 11, 705, "thank you for your order no. 4711 of 3 March. We deliver on 17 March 2026,"),
    ("Helvetica", 11, 690, "and ask you to pay 1,249.50 EUR within thirty days of that."),
    ("Helvetica", 11, 660, "Kind regards"),
    ("Helvetica", 11, 645, "Blue Harbour Supplies"),
)


def confirmation(rotation=0):
    drawing = Drawing(rotation)
    for font, size, y, line in LINES:
        at = (60, y) if not rotation else (842 - y, 60)
        drawing.line(at, line, font, size, turn=rotation)
    return drawing.done()


def place_of(data, value):
    part = [*reader(data, ReadOptions.of())][-1]
    start = part.text.index(value)
    return part.places.place_of(start, start + len(value))


@pytest.mark.parametrize("rotation", [0, 90])
def test_a_frame_around_a_value_holds_its_ink_and_its_border_crosses_none(rotation):
    data = confirmation(rotation)
    place = place_of(data, "1,249.50 EUR")
    left, top, right, bottom = (round(SCALE * edge) for edge in place["box"])
    page = marked_page(data, {"page": 1, "box": [0, 0, 0, 0]}).convert("L")
    inside = page.crop((left - 1, top - 1, right + 1, bottom + 1))
    assert inside.getextrema()[0] < 100
    ink = inside.point(lambda pixel: 255 * (pixel < 100)).getbbox()
    assert ink[2] - ink[0] >= 0.95 * (right - left)
    assert ink[3] - ink[1] >= 0.8 * (bottom - top)
    above = page.crop((left, top - 6, right, top - 2))
    assert above.getextrema()[0] > 200


def test_the_picture_of_the_docs_is_one_of_these():
    data = confirmation()
    with Image.open(ROOT / "docs" / "marked-value.png") as shown:
        assert shown.size == marked_page(data, place_of(data, "1,249.50 EUR")).size
        assert MARK in {color for _, color in shown.getcolors(1 << 20)}
    assert MARK in {color for _, color in marked_page(data, place_of(data, "4711")).getcolors(1 << 20)}
