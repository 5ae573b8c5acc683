"""The pages of a PDF on which values stand, as pictures."""

from __future__ import annotations

import io
import re
import struct
import zlib
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from slotfill import Document
from slotfill.extractors.documents.readers.pictures.png import png_file
from slotfill.extractors.viewing import value_pages
from slotfill.extractors.viewing.value_pages import PagePictures


@pytest.fixture(scope="module")
def pdf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    canvas = pytest.importorskip("reportlab.pdfgen.canvas")
    pytest.importorskip("pypdfium2")
    data = io.BytesIO()
    drawn = canvas.Canvas(data, pagesize=(300, 200))
    for number in range(1, 4):
        if number == 2:
            drawn.setFillColorRGB(1, 0, 0)
        drawn.rect(100, 150, 50, 20, fill=1)  # from the top: 30 to 50
        drawn.showPage()
    drawn.save()
    path = tmp_path_factory.mktemp("pdf") / "offer.pdf"
    path.write_bytes(data.getvalue())
    return path


def record_on(*numbers: Any) -> dict[str, Any]:
    places = [{"page": number, "box": [100.0, 30.0, 150.0, 50.0]} for number in numbers]
    spans = {f"/{at}": {"start": 0, "end": 1, "match": "exact", "place": place} for at, place in enumerate(places)}
    return {"spans": spans, "document": {"source": "offer.pdf"}}


def pixels(picture: str) -> tuple[int, int, int, bytes]:
    """Width, height, samples a pixel, and the samples of a PNG that is not filtered."""
    data = b64decode(picture.removeprefix("data:image/png;base64,"))
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    assert (data[:8], depth, data[26:29]) == (
        b"\x89PNG\r\n\x1a\n",
        8,
        bytes(3),
    )  # the one packing and filter; no interlace
    at, packed = 8, b""
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert zlib.crc32(name + body) == struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0]
        packed += body if name == b"IDAT" else b""
        at += 12 + length
    samples = {0: 1, 2: 3}[kind]
    lines, step = zlib.decompress(packed), 1 + width * samples
    return width, height, samples, b"".join(lines[at + 1 : at + step] for at in range(0, len(lines), step))


def test_pages_with_values_are_drawn_and_boxes_fit_them(pdf: Path) -> None:
    pictures = PagePictures()
    evidence = {"/x": [{"place": {"page": 1, "box": [0.0, 0.0, 1.0, 1.0]}}]}
    pages = pictures.draw({**record_on(3), "evidence": evidence}, str(pdf))
    assert pictures.left_out == []
    assert [(one["number"], one["width"], one["height"]) for one in pages] == [(1, 300.0, 200.0), (3, 300.0, 200.0)]
    width, height, samples, data = pixels(pages[0]["picture"])
    scale = width / 300
    inside, outside = (int(at * scale) * width + int(125 * scale) for at in (40, 60))
    assert (samples, data[inside], data[outside]) == (1, 0, 255)
    assert height == pytest.approx(200 * scale, abs=1)


def test_colours_stay(pdf: Path) -> None:
    width, _, samples, data = pixels(PagePictures().draw(record_on(2), str(pdf))[0]["picture"])
    at = samples * (int(40 * width / 300) * width + int(125 * width / 300))
    assert (samples, data[at : at + 3]) == (3, b"\xff\0\0")


def test_boxes_fit_pages_that_are_turned_and_cropped(tmp_path: Path) -> None:
    canvas = pytest.importorskip("reportlab.pdfgen.canvas")
    pytest.importorskip("pypdfium2")
    drawn = canvas.Canvas(str(tmp_path / "turned.pdf"), pagesize=(300, 200))
    for quarters in range(4):
        drawn.setPageRotation(90 * quarters)
        drawn.setCropBox((20, 30, 250, 190))
        drawn.drawString(100, 100, "Needle")
        drawn.showPage()
    drawn.save()
    document = Document.read(tmp_path / "turned.pdf")
    starts = [match.start() for match in re.finditer("Needle", document.text)]
    spans = {
        f"/{start}": {
            "start": start,
            "end": start + 6,
            "match": "exact",
            "place": document.places.place_of(start, start + 6),
        }
        for start in starts
    }
    pages = PagePictures().draw({"spans": spans, "document": {"source": "turned.pdf"}}, str(tmp_path / "turned.pdf"))
    assert [one["number"] for one in pages] == [1, 2, 3, 4]
    for page, span in zip(pages, spans.values(), strict=True):
        width, _, _, data = pixels(page["picture"])
        scale = width / page["width"]
        left, top, right, bottom = (scale * edge for edge in span["place"]["box"])
        dark = [(at % width, at // width) for at, sample in enumerate(data) if sample < 128]
        assert dark
        assert all(left - 2 <= x <= right + 2 and top - 2 <= y <= bottom + 2 for x, y in dark)


def test_what_cannot_be_drawn_is_left_out_and_told(pdf: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4 no more")
    pictures = PagePictures()
    assert pictures.draw(record_on(1), str(tmp_path / "broken.pdf")) == []
    assert pictures.draw(record_on(1), str(tmp_path / "gone.pdf")) == []
    assert [one["number"] for one in pictures.draw(record_on(1, 99), str(pdf))] == [1]
    assert pictures.left_out == ["offer.pdf"] * 3


@pytest.mark.parametrize("number", [0, -1, True, "1", None, 10**9])
def test_a_damaged_place_asks_for_no_page(pdf: Path, number: Any) -> None:
    assert PagePictures().draw(record_on(number), str(pdf)) == []


def test_only_of_a_pdf(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("no pages", encoding="utf-8")
    pictures = PagePictures()
    assert pictures.draw(record_on(1), str(tmp_path / "a.txt")) == []
    assert pictures.left_out == []


def test_pictures_are_bounded_in_number_and_size(pdf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(value_pages, "_MOST_PAGES", 2)
    assert [one["number"] for one in PagePictures().draw(record_on(1, 2, 3), str(pdf))] == [1, 2]
    monkeypatch.setattr(value_pages, "_MOST_BYTES", 100)
    assert PagePictures().draw(record_on(1), str(pdf)) == []


def test_all_pictures_of_a_report_have_room_together(pdf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (len(b64decode(one["picture"][22:])) for one in PagePictures().draw(record_on(1, 3), str(pdf)))
    monkeypatch.setattr(value_pages, "_MOST_BYTES", first + second)
    pictures = PagePictures()
    assert [[one["number"] for one in pictures.draw(record_on(n), str(pdf))] for n in (1, 3, 1)] == [[1], [3], []]
    assert pictures.left_out == ["offer.pdf"]


def test_a_png_of_one_line() -> None:
    assert pixels(_as_address(png_file(2, 1, b"\1\2\3\4\5\6"))) == (2, 1, 3, b"\1\2\3\4\5\6")
    assert pixels(_as_address(png_file(2, 1, b"\7\7\7\x09\x09\x09"))) == (2, 1, 1, b"\7\x09")


def _as_address(data: bytes) -> str:
    from base64 import b64encode

    return f"data:image/png;base64,{b64encode(data).decode()}"
