"""Pages as pictures -> their text, by optical character recognition (extra `ocr`)."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Generator, Iterator
from functools import cache
from importlib.util import find_spec
from typing import Any

import pypdfium2

from slotfill.extractors.documents.readers.pdf.segments import PageText, Segment

__all__ = ["has_ocr", "ocr_steps"]

_SCALE = 150 / 72
"""Pixels a point: 150 dots an inch. At 200, which rapidocr scales down to 2,000 pixels, more lines are missed."""

_LONGEST = 2000
"""Pixels that a page's longer side has at most, however large it is."""

_INK = 128
"""What is darker than this, of 255, is ink."""

_MARGIN = 60
"""Pixels around the ink that are looked at, too."""

_BAND = 400
"""Pixels that a band is high, at least: a fifth of a page."""

_ROOM = 6 << 30
"""Bytes of address space that the models may take beside what is taken: libraries reserve far more than they use."""

_ABOVE_BASE = 0.8
"""How much of a line's height is above where its letters stand."""


def has_ocr() -> bool:
    """Whether OCR is installed."""
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None


def ocr_steps(page: pypdfium2.PdfPage) -> Generator[None, None, PageText]:
    """Read what a page shows, and return it; yield now and then. A letter's box is its share of its line.

    A page takes half a minute where the processor has other work: it is read in bands, between which it is said that
    reading goes on.
    """
    import numpy as np

    scale = min(_SCALE, _LONGEST / max(*page.get_size(), 1.0))
    picture = page.render(scale=scale).to_numpy()
    has_ink = picture.min(axis=2) < _INK
    text = ""
    boxes = array("f")
    segments: list[Segment] = []
    for top, bottom in _bands(has_ink.any(axis=1).tolist()):
        rows, columns = has_ink[top:bottom].nonzero()
        if not len(rows):
            continue
        # A line alone on a large page is not seen: what is looked at is the part that has ink, with a margin.
        x0, y0 = columns.min(), top + rows.min()
        part = picture[y0 : top + rows.max() + 1, x0 : columns.max() + 1]
        reply = _engine()(np.pad(part, ((_MARGIN, _MARGIN), (_MARGIN, _MARGIN), (0, 0)), constant_values=255))
        yield
        if reply.txts is None or reply.boxes is None:
            continue
        for line, corners in zip(reply.txts, reply.boxes, strict=True):
            xs = [(float(x) + x0 - _MARGIN) / scale for x, _ in corners]
            ys = [(float(y) + y0 - _MARGIN) / scale for _, y in corners]
            if line.strip():
                segments.append(_segment(len(text), line, xs, ys))
                boxes.extend(_shares(len(line), xs, ys))
                text += line
    return PageText(text, boxes, segments)


def _bands(inked: list[bool]) -> Iterator[tuple[int, int]]:
    """Divide rows of pixels into bands, where a row has no ink."""
    start = 0
    for at, has_ink in enumerate(inked):
        if at - start >= _BAND and not has_ink:
            yield start, at
            start = at
    yield start, len(inked)


def _segment(start: int, line: str, xs: list[float], ys: list[float]) -> Segment:
    size = max(ys) - min(ys)
    base = min(ys) + _ABOVE_BASE * size
    return Segment(start, start + len(line), min(xs), max(xs), base, size, order=start)


def _shares(count: int, xs: list[float], ys: list[float]) -> Iterator[float]:
    share = (max(xs) - min(xs)) / count
    for at in range(count):
        yield from (min(xs) + at * share, min(ys), min(xs) + (at + 1) * share, max(ys))


@cache
def _engine() -> Callable[..., Any]:
    """Load the models, which are in rapidocr's wheel: nothing is fetched."""
    _make_room()
    from rapidocr import RapidOCR

    engine: Callable[..., Any] = RapidOCR(params={"Global.log_level": "error"})
    return engine


def _make_room() -> None:
    """Raise the limit on memory that readers have, which is too low for the models.

    The process reads no further file then.
    """
    try:
        import resource
    except ModuleNotFoundError:  # not on Windows, where there is no limit
        return
    limit, most = resource.getrlimit(resource.RLIMIT_AS)
    if limit >= 0:
        resource.setrlimit(resource.RLIMIT_AS, (limit + _ROOM if most < 0 else min(limit + _ROOM, most), most))
