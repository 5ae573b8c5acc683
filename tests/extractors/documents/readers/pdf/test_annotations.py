"""Forms as they are filled in, and what was written upon a page."""

import pytest
from drawn_pages import Drawing

from slotfill.extractors.documents.readers.pdf.pdf_reader import read as reader
from slotfill.extractors.documents.readers.read_options import ReadOptions


def read(data):
    return [*reader(data, ReadOptions.of())][-1]


def box_of(part, text):
    start = part.text.index(text)
    return part.places.place_of(start, start + len(text))["box"]


def form(**options):
    drawing = Drawing(**options)
    for at, label in enumerate(("Name", "I agree", "Plan", "Notes")):
        drawing.line((72, 700 - 30 * at), label, size=12)
    fields = drawing.canvas.acroForm
    fields.choice(name="plan", value="Gold", options=["Silver", "Gold"], x=120, y=635, width=100, height=18)
    fields.checkbox(name="agree", x=120, y=665, size=15, checked=True)
    fields.checkbox(name="not", x=150, y=665, size=15, checked=False)
    fields.textfield(name="name", x=120, y=695, width=200, height=18, value="Erika Mustermann")
    fields.textfield(
        name="notes", x=120, y=560, width=200, height=62, fieldFlags="multiline", value="first line\nsecond line"
    )
    fields.textfield(name="secret", x=120, y=500, width=200, height=18, fieldFlags="password", value="hunter2")
    fields.textfield(name="empty", x=120, y=470, width=200, height=18, value="")
    drawing.line((72, 430), "Signed in Bremen", size=12)
    return drawing.done()


def test_a_form_is_read_as_it_is_filled_in_beside_its_labels():
    part = read(form())
    assert part.text.split("\n") == [
        "Name  Erika Mustermann",
        "I agree  [x]  [ ]",
        "Plan  Gold",
        "Notes  first line",
        "second line",
        "",
        "Signed in Bremen",
    ]


def test_a_value_stands_in_its_field():
    assert box_of(read(form()), "Erika") == pytest.approx([120, 129, 320, 147], abs=0.2)
    cropped = read(form(crop=(20, 30, 500, 800)))
    assert box_of(cropped, "Erika") == pytest.approx([100, 87, 300, 105], abs=0.2)


def test_comments_come_after_the_page_and_free_text_where_it_stands():
    drawing = Drawing()
    drawing.line((72, 700), "Total 12.50", size=12)
    drawing.line((72, 600), "Kind regards", size=12)
    canvas = drawing.canvas
    canvas.textAnnotation("is this\nwith VAT?", Rect=[300, 690, 320, 710])
    corners = [72, 712, 110, 712, 72, 695, 110, 695]
    canvas.highlightAnnotation("the sum", Rect=[72, 695, 110, 712], QuadPoints=corners)
    canvas.freeTextAnnotation("PAID in March", DA="/Helv 10 Tf 0 g", Rect=[72, 640, 200, 655])
    canvas.linkURL("http://example.com", (72, 600, 140, 612))
    drawing.next_page()
    drawing.line((72, 700), "page two", size=12)
    part = read(drawing.done())
    assert part.text == (
        "Total 12.50\nPAID in March\nKind regards\n\n[comment: is this\nwith VAT?]\n\n[comment: the sum]\n\n\npage two"
    )
    assert box_of(part, "with VAT?") == pytest.approx([300, 132, 320, 152], abs=0.2)
    start = part.text.index("the sum")
    assert part.places.place_of(start, start + 3)["page"] == 1
