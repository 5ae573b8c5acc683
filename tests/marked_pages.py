"""A picture of a page with a value marked on it, where the record's place says that it stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pypdfium2
from PIL import Image, ImageDraw

SCALE = 2
MARK = (214, 69, 65)


def marked_page(data: bytes, place: Mapping[str, Any]) -> Image.Image:
    """Draw the page of a place, and a frame around each of its boxes."""
    with pypdfium2.PdfDocument(data) as document:
        picture = document[place["page"] - 1].render(scale=SCALE).to_pil().convert("RGB")
    brush = ImageDraw.Draw(picture)
    for left, top, right, bottom in place.get("boxes", [place["box"]]):
        brush.rectangle(
            [SCALE * left - 4, SCALE * top - 4, SCALE * right + 4, SCALE * bottom + 4], outline=MARK, width=3
        )
    return picture
