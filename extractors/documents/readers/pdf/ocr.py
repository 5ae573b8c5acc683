"""Pages as pictures -> their text, by optical character recognition (extra `ocr`)."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any

import pypdfium2

from slotfill.extractors.documents.readers.pdf.segments import NO_TEXT, PageText, Segment

__all__ = ["has_ocr", "ocr_text"]

_SCALE = 150 / 72
"""Pixels a point: 150 dots an inch. At 200, which rapidocr scales down to 2,000 pixels, more lines are missed."""

_LONGEST = 2000
"""Pixels that a page's longer side has at most, however large it is."""

_INK = 128
"""What is darker than this, of 255, is ink."""

_MARGIN = 40
"""Pixels around the ink that are looked at, too."""

_ROOM = 6 << 30
"""Bytes of address space that the models may take beside what is taken: libraries reserve far more than they use."""

_ABOVE_BASE = 0.8
"""How much of a line's height is above where its letters stand."""


def has_ocr() -> bool:
    """Whether OCR is installed."""
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None


def ocr_text(page: pypdfium2.PdfPage) -> PageText:
    """Read what a page shows. A letter's box is its share of its line."""
    scale = min(_SCALE, _LONGEST / max(*page.get_size(), 1.0))
    picture = page.render(scale=scale).to_numpy()
    rows, columns = (picture.min(axis=2) < _INK).nonzero()
    if not len(rows):
        return NO_TEXT
    # A line alone on a large page is not seen: what is looked at is the part of it that has ink.
    x0, y0 = max(0, columns.min() - _MARGIN), max(0, rows.min() - _MARGIN)
    reply = _engine()(picture[y0 : rows.max() + _MARGIN, x0 : columns.max() + _MARGIN])
    if reply.txts is None or reply.boxes is None:
        return NO_TEXT
    texts: list[str] = []
    boxes = array("f")
    segments: list[Segment] = []
    start = 0
    for line, corners in zip(reply.txts, reply.boxes, strict=True):
        if not line.strip():
            continue
        left, right = (choose(float(x0 + x) / scale for x, _ in corners) for choose in (min, max))
        top, bottom = (choose(float(y0 + y) / scale for _, y in corners) for choose in (min, max))
        share = (right - left) / len(line)
        for at in range(len(line)):
            boxes.extend((left + at * share, top, left + (at + 1) * share, bottom))
        base = top + _ABOVE_BASE * (bottom - top)
        segments.append(Segment(start, start + len(line), left, right, base, bottom - top, order=start))
        texts.append(line)
        start += len(line)
    return PageText("".join(texts), boxes, segments)


@cache
def _engine() -> Callable[..., Any]:
    """Load the models, which are in rapidocr's wheel: nothing is fetched."""
    _make_room()
    from rapidocr import RapidOCR

    engine: Callable[..., Any] = RapidOCR(params={"Global.log_level": "error"})
    return engine


def _make_room() -> None:
    """Raise the limit on memory under which readers are, which is too low for the models; it stays raised."""
    try:
        import resource
    except ModuleNotFoundError:  # not on Windows, where there is no limit
        return
    limit, most = resource.getrlimit(resource.RLIMIT_AS)
    if limit >= 0:
        resource.setrlimit(resource.RLIMIT_AS, (limit + _ROOM if most < 0 else min(limit + _ROOM, most), most))
