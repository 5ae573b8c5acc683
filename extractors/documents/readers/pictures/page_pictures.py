"""Pages of a PDF -> PNG files, as a reader gives them: first where each is and how large, then each as a file."""

from __future__ import annotations

from collections.abc import Iterator

import pypdfium2

from slotfill.extractors.documents.place_map import PlaceMap, Stretch
from slotfill.extractors.documents.readers.pdf.pdf_file import chosen_pages, open_page, open_pdf
from slotfill.extractors.documents.readers.pictures.png import png_file
from slotfill.extractors.documents.readers.read_options import ReadOptions
from slotfill.extractors.documents.readers.read_text import NestedFile, ReadText

__all__ = ["read"]

_SCALE = 110 / 72
"""Pixels a point: 110 dots an inch, at which small print can be read."""

_LONGEST = 1_600
"""Pixels that a page's longer side has at most, however large it is: a plan of a house is no reason to fail."""


_RGB = 3
"""Red, green, blue."""


def read(data: bytes, options: ReadOptions) -> Iterator[ReadText | NestedFile | None]:
    """Draw the pages that the options name. Raises ReadError for a file that cannot be read.

    Yields a picture a page, called `3.png`, and then a text of no letters whose places are the pages:
    `{"page": 3, "width": 595.3, "height": 841.9}`, in points.
    """
    document = open_pdf(data)
    sizes = []
    try:
        for number in chosen_pages(len(document), options):
            with open_page(document, number) as page:
                width, height = page.get_size()
                sizes.append(Stretch(0, 0, {"page": number, "width": round(width, 1), "height": round(height, 1)}))
                scale = min(_SCALE, _LONGEST / max(width, height, 1.0))
                bitmap = page.render(scale=scale, rev_byteorder=True)
                yield NestedFile(f"{number}.png", png_file(bitmap.width, bitmap.height, _pixels(bitmap)))
    finally:
        document.close()
    yield ReadText(places=PlaceMap(tuple(sizes)))


def _pixels(bitmap: pypdfium2.PdfBitmap) -> bytes:
    """Return red, green and blue of each pixel, without what pads a line or a pixel."""
    lines, channels = memoryview(bitmap.buffer).cast("B"), bitmap.n_channels
    used = bitmap.width * channels
    data = b"".join(lines[at : at + used] for at in range(0, bitmap.height * bitmap.stride, bitmap.stride))
    if channels == _RGB:
        return data
    pixels = bytearray(bitmap.width * bitmap.height * _RGB)
    for number in range(_RGB):
        pixels[number::_RGB] = data[min(number, channels - 1) :: channels]
    return bytes(pixels)
