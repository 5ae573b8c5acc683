"""The order in which a page is read: as a person reads an invoice, a statement, a letter, columns."""

import pytest
from drawn_pages import Drawing

from slotfill.extractors.documents.readers.pdf.pdf_reader import read as reader
from slotfill.extractors.documents.readers.read_options import ReadOptions

SELLER = ("Blue Harbour Supplies Ltd", "12 Quay Street", "Bristol BS1 4QX", "United Kingdom")
LABELS = (("Invoice no:", "INV-0117"), ("Date:", "17 January 2024"), ("Customer:", "88231"), ("Due:", "16 February"))
ITEMS = (
    (("Pos", "Description", "Qty", "Amount"), 60),
    (("1", "Harbour rope, blue", "40", "86.00"), 60),
    (("", "sold by the metre", "", ""), 60),
    (("2", "Anchor", "", "349.00"), 60),
)


def lines_of(drawing):
    return [*reader(drawing.done(), ReadOptions.of())][-1].text.split("\n")


def seller(drawing):
    for at, line in enumerate(SELLER):
        drawing.line((60, 760 - 13 * at), line)


def labels(drawing):
    for at, (label, value) in enumerate(LABELS):
        drawing.line((340, 760 - 13 * at), label, "Helvetica-Bold")
        drawing.line((430, 760 - 13 * at), value)


def items(drawing):
    for at, (cells, _) in enumerate(ITEMS):
        for x, cell in zip((60, 100, 330, 420), cells, strict=True):
            drawing.line((x, 640 - 14 * at), cell)


def heading(drawing):
    drawing.line((60, 670), "INVOICE", size=16)


@pytest.mark.parametrize("parts", [(seller, labels, heading, items), (labels, heading, items, seller)])
def test_an_invoice_is_read_block_by_block_and_its_table_row_by_row(parts):
    drawing = Drawing()
    for part in parts:
        part(drawing)
    assert lines_of(drawing) == [
        *SELLER,
        "",
        *(f"{label}  {value}" for label, value in LABELS),
        "",
        "INVOICE",
        "",
        "Pos | Description | Qty | Amount",
        "1 | Harbour rope, blue | 40 | 86.00",
        " | sold by the metre",
        "2 | Anchor |  | 349.00",
    ]


def test_labels_that_are_drawn_before_all_values_stand_beside_them():
    drawing = Drawing()
    rows = (("Total:", "12.50"), ("Tax:", "2.00"), ("Date:", "1 May 2024"))
    for column, x in ((0, 72), (1, 160)):
        for at, row in enumerate(rows):
            drawing.line((x, 700 - 16 * at), row[column])
    assert lines_of(drawing) == ["Total:  12.50", "Tax:  2.00", "Date:  1 May 2024"]


def test_what_is_drawn_last_and_stands_first_is_read_first():
    drawing = Drawing()
    for at in range(5):
        drawing.line((72, 600 - 13 * at), f"line {at} of the body, which is as long as lines are")
    drawing.line((72, 800), "The header")
    drawing.line((72, 30), "Page 1  of 9")
    header, *_, footer = lines_of(drawing)
    assert (header, footer) == ("The header", "Page 1 of 9")


TEXT = (
    "the committee has read what was sent to it",
    "by the members who live in the far north and",
    "finds that the roads there are in a bad state",
    "so that the post is late on most of the days",
    "and asks the board to have them mended soon",
)


@pytest.mark.parametrize("offset", [0, 4])
@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("by_row", [True, False])
def test_columns_are_read_one_after_the_other_however_they_are_drawn(by_row, count, offset):
    drawing = Drawing()
    places = [(at, column) for at in range(len(TEXT)) for column in range(count)]
    for at, column in places if by_row else sorted(places, key=lambda place: place[::-1]):
        drawing.line((40 + 180 * column, 700 - 11 * at - offset * column), f"{column}{TEXT[at]}", "Times-Roman", 9)
    drawing.line(
        (40, 720), "A heading that goes over all of the columns and so is none of theirs, however long", size=13
    )
    expected = [f"{column}{line}" for column in range(count) for line in TEXT]
    assert [line for line in lines_of(drawing) if line][1:] == expected


def test_hebrew_columns_are_read_from_the_right():
    drawing = Drawing()
    words = ["".join(chr(0x5D0 + (7 * at + 3 * place) % 27) for place in range(5)) for at in range(30)]
    lines = [[" ".join(words[at + side : at + side + 5]) for at in range(6)] for side in (0, 12)]
    for at in range(6):
        for side, x in ((1, 60), (0, 330)):
            drawing.line((x, 700 - 14 * at), lines[side][at][::-1], "Shapes", 10)
    assert [line for line in lines_of(drawing) if line] == [*lines[0], *lines[1]]
