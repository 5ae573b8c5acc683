"""A document: known by its text and its pages, and its values' places told in the record."""

import hashlib
import json
import pickle
from dataclasses import FrozenInstanceError, replace

import pytest

from slotfill import Document, Extractor, InputError, load_record
from slotfill.extractors.documents.pdf_pages import PDFPages
from slotfill.extractors.documents.place_map import PlaceMap, Stretch
from slotfill.extractors.documents.readers.kinds import KINDS, TABLES
from slotfill.extractors.documents.readers.read_text import ReadText
from slotfill.extractors.documents.rows.row_files import RowFormat
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.runs.ledger.identity import document_key
from slotfill.extractors.testing.claude import SimulatedClaude

TEXT = "The lamp was 24.50 and I love it."
PLACES = PlaceMap((Stretch(0, 8, {"page": 1}), Stretch(9, len(TEXT), {"page": 2})))


def of_file(text=TEXT, places=PLACES, pages=()):
    return Document.of_file(ReadText(text, places, pages=tuple(pages)), "offer.pdf")


def test_a_part_of_a_file_has_the_files_name_and_its_own():
    assert Document.of_file(ReadText(TEXT, name="Q1"), "book.xlsx").source == "book.xlsx#Q1"
    assert of_file().source == "offer.pdf"


def test_a_text_alone_makes_what_its_constructor_makes():
    made = Document.of("It came late.", "a.txt")
    assert made == Document("It came late.", hashlib.sha256(b"It came late.").hexdigest(), "a.txt")
    assert pickle.loads(pickle.dumps(made)) == made
    assert replace(made, source=None) == Document.of("It came late.")
    with pytest.raises(FrozenInstanceError):
        made.text = "It never came."


def test_what_cannot_be_read_is_known_by_its_bytes():
    failure = Failure(FailureKind.BROKEN_DOCUMENT, "is broken")
    document = Document.of_file(ReadText(failure=failure, digest="ab" * 32, name="x.pdf"), "mail.eml")
    assert (document.failure, document.id, document.source) == (failure, "ab" * 32, "mail.eml#x.pdf")


def test_pages_that_are_sent_are_part_of_what_a_document_is():
    one, other = PDFPages(b"%PDF-1", (1,)), PDFPages(b"%PDF-2", (1,))
    assert of_file().id == hashlib.sha256(TEXT.encode()).hexdigest()
    assert len({of_file(pages=pages).id for pages in ((), (one,), (other,), (one, other), (other, one))}) == 5


def test_a_document_of_pages_alone_is_not_empty():
    pages = (PDFPages(b"%PDF-1", (1, 2)),)
    document = of_file(text="", places=PlaceMap(), pages=pages)
    assert (document.failure, document.pages) == (None, pages)
    assert of_file(text=" ").failure.type == "empty_document"


def test_equal_texts_that_stand_elsewhere_have_records_of_their_own():
    plain, placed = Document.of(TEXT), of_file()
    assert plain.id == placed.id
    assert document_key(plain) == bytes.fromhex(plain.id)
    assert document_key(placed) != document_key(plain)
    assert document_key(placed) == document_key(replace(placed, source="copy.pdf"))


def test_the_record_tells_the_place_of_each_value_and_is_read_again():
    claude = SimulatedClaude(lambda _: {"product": "lamp", "price": 24.5, "shop": "Nord"})
    with Extractor("product, price float, shop", client=claude.client()) as extractor:
        extraction = extractor.extract(of_file())
        record = json.loads(json.dumps(extraction.to_json()))
        again = load_record(record, extractor.schema, extraction.document)
    assert record["spans"] == {
        "/product": {"start": 4, "end": 8, "match": "exact", "place": {"page": 1}},
        "/price": {"start": 13, "end": 18, "match": "normalised", "place": {"page": 2}},
        "/shop": {"start": None, "end": None, "match": "absent"},
    }
    assert again == replace(extraction, refiner=None)


def test_a_file_is_read_by_its_path(tmp_path):
    path = tmp_path / "größe.txt"
    path.write_bytes("Größe".encode("cp1252"))
    assert Document.read(path).text == "Größe"
    assert Document.read(path, encoding="koi8-r").text == "GrЖъe"
    assert [document.source for document in Document.read_all(str(path))] == [path.as_posix()]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pages": "0"}, "names no pages"),
        ({"pages": ""}, "names no pages"),
        ({"pages": 1}, "1 names no pages: write them in a text"),
        ({"pdf": "x"}, "pdf='x' is no way to read a PDF: there are auto, text, ocr, native"),
        ({"encoding": "rot13"}, "is no text encoding"),
    ],
)
def test_options_that_are_none_are_errors_at_once(tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        Document.read_all(tmp_path / "nowhere.pdf", **options)


@pytest.mark.parametrize("suffix", sorted(TABLES))
def test_rows_are_no_document_unless_they_are_read_as_they_stand(tmp_path, suffix):
    path = tmp_path / f"rows{suffix.upper()}"
    path.write_text("text,n\none,1\n")
    with pytest.raises(InputError, match="holds a document a row"):
        Document.read(path)
    assert Document.read(path, raw=True).text == "text,n\none,1\n"


def test_what_holds_rows_is_known_by_its_name_in_one_way():
    assert all(RowFormat.of(suffix) for suffix in TABLES)
    assert {suffix for kind in KINDS for suffix in kind.suffixes}.isdisjoint(TABLES)
