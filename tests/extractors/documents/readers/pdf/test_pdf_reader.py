"""PDFs: what a person reads on a page, in that order, and where each of it stands."""

import io
import math
import random

import drawn_pages
import pytest
from drawn_pages import LAYOUTS, plain
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from slotfill.extractors.documents.readers.isolation import read_apart
from slotfill.extractors.documents.readers.kinds import file_kind
from slotfill.extractors.documents.readers.pdf import pdf_file
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.documents.readers.read_options import ReadOptions


def read(data, **options):
    (part,) = read_apart(file_kind("a.pdf"), data, ReadOptions.of(**options))
    return part


def area(box):
    return max(0, box[2] - box[0]) * max(0, box[3] - box[1])


def overlap(box, drawn):
    """Return how much of a box is within what was drawn."""
    shared = (*map(max, box[:2], drawn[:2]), *map(min, box[2:], drawn[2:]))
    return area(shared) / area(box)


def found(part, drawing):
    """Yield of each fact where its box is, and where it was drawn; fail where it is not read, or not in order."""
    at = 0
    for fact in drawing.facts:
        start = part.text.find(fact.text, at)
        assert start >= 0, f"{fact.text!r} is not read after {part.text[max(0, at - 60) : at]!r}\n{part.text}"
        at = start + 1
        place = part.places.place_of(start, start + len(fact.text))
        assert place["page"] == fact.page
        boxes = place.get("boxes", [place["box"]])
        assert len(boxes) == len(fact.boxes)
        yield from zip(boxes, fact.boxes, strict=True)


def covers(box, drawn):
    """Whether a box is nearly as long as what was drawn."""
    long = max(drawn[2] - drawn[0], drawn[3] - drawn[1])
    return max(box[2] - box[0], box[3] - box[1]) >= 0.85 * long - 2


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
@pytest.mark.parametrize("seed", [0, 1])
def test_facts_are_read_in_order_where_they_are_drawn(layout, seed):
    drawing = layout(random.Random(seed))
    for box, drawn in found(read(drawing.done()), drawing):
        assert overlap(box, drawn) >= 0.9
        assert covers(box, drawn)


@pytest.mark.slow
def test_the_facts_of_200_documents_are_where_they_are_drawn():
    pairs = [pair for _, drawing in drawn_pages.documents(20) for pair in found(read(drawing.done()), drawing)]
    assert len(pairs) > 3_000
    assert sum(overlap(*pair) >= 0.9 and covers(*pair) for pair in pairs) >= 0.99 * len(pairs)


def refusal(data, **options):
    with pytest.raises(ReadError) as caught:
        read(data, **options)
    return caught.value.failure.type.value, caught.value.failure.message


def test_pages_are_told_apart_and_chosen():
    data = plain("one", "two", "three", "four")
    part = read(data)
    assert part.text == "one\n\n\ntwo\n\n\nthree\n\n\nfour"
    assert [stretch.place["page"] for stretch in part.places.stretches] == [1, 2, 3, 4]
    some = read(data, pages="2,4-")
    assert some.text == "two\n\n\nfour"
    assert some.places.place_of(6, 10)["page"] == 4
    assert refusal(data, pages="5-") == ("empty_document", "has 4 pages, none of which --pages names")


def test_every_letter_has_a_box_and_nothing_else_has():
    part = read(plain(["Total  12.50", "and so"]))
    boxes = memoryview(part.places.boxes).cast("f")
    assert len(boxes) == 4 * len(part.text)
    drawn = [not math.isnan(boxes[4 * at]) for at in range(len(part.text))]
    assert drawn == [not letter.isspace() for letter in part.text]


def test_a_pdf_that_asks_for_a_password_says_so_and_one_that_asks_for_none_is_read():
    assert refusal(encrypted("secret"))[0] == "encrypted_document"
    assert read(encrypted("")).text == "for those who know"


def encrypted(password):
    file = io.BytesIO()
    canvas = Canvas(file, encrypt=StandardEncryption(password, ownerPassword="owner", strength=128))
    canvas.drawString(72, 700, "for those who know")
    canvas.save()
    return file.getvalue()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_pdf_that_was_cut_off_is_a_failure_or_whole(share):
    data = plain(*(f"page {number}" for number in range(20)))
    try:
        part = read(data[: int(share * len(data))])
    except ReadError as error:
        assert error.failure.type.value == "broken_document"  # noqa: PT017
    else:
        assert part.text == read(data).text


def test_what_is_no_pdf_says_so():
    assert refusal(b"Dear Sir or Madam") == ("broken_document", "is no PDF, although its name says so")
    assert refusal(b"%PDF-1.7\nnothing")[0] == "broken_document"
    assert read(b"\r\n X-Junk: before\r\n" + plain("still read")).text == "still read"


def test_too_many_pages_are_refused_unless_some_are_chosen():
    options = ReadOptions.of()
    assert len(pdf_file.chosen_pages(10_000, options)) == 10_000
    with pytest.raises(ReadError, match="choose some with --pages"):
        pdf_file.chosen_pages(10_001, options)
    assert pdf_file.chosen_pages(10_001, ReadOptions.of(pages="10001")) == [10_001]
