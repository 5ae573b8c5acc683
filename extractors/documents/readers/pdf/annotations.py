"""What lies upon a page: the fields of a form as they are filled in, free texts, and comments.

pdfium's text of a page holds none of them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import pypdfium2
import pypdfium2.raw as pdfium

from slotfill.extractors.documents.readers.pdf.page_frame import Box, PageFrame
from slotfill.extractors.documents.readers.pdf.segments import PageText, Segment

__all__ = ["Annotation", "page_annotations", "with_annotations"]

_CHECKED, _UNCHECKED = "[x]", "[ ]"

_TICKED = frozenset((pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON))
_FILLED_IN = frozenset((pdfium.FPDF_FORMFIELD_TEXTFIELD, pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX))
_PASSWORD = 1 << 13
"""The flag of a field whose value is not shown."""

_SILENT = frozenset((pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP))
"""A link's text is the page's; a pop-up shows the text of another."""

_UNSEEN = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW

_LINE = 12.0
"""How high a line in a field is, at most, in points."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """What lies upon a page.

    Attributes:
        text: What it says.
        box: Where it lies on the page as it is shown.
        is_comment: Whether it is about the page; what is not stands on it as its text does.
    """

    text: str
    box: Box
    is_comment: bool = False


def page_annotations(document: pypdfium2.PdfDocument, page: pypdfium2.PdfPage, frame: PageFrame) -> list[Annotation]:
    """Return what lies upon a page and says something."""
    annotations: list[Annotation] = []
    for number in range(pdfium.FPDFPage_GetAnnotCount(page)):
        handle = pdfium.FPDFPage_GetAnnot(page, number)
        if not handle:
            continue
        try:
            if not pdfium.FPDFAnnot_GetFlags(handle) & _UNSEEN:
                annotations += _read(document, handle, frame)
        finally:
            pdfium.FPDFPage_CloseAnnot(handle)
    return annotations


def _read(document: pypdfium2.PdfDocument, handle: pdfium.FPDF_ANNOTATION, frame: PageFrame) -> Iterator[Annotation]:
    kind = pdfium.FPDFAnnot_GetSubtype(handle)
    if kind in _SILENT:
        return
    if kind == pdfium.FPDF_ANNOT_WIDGET:
        text = _value(document.formenv, handle) if document.formenv else ""
    else:
        text = _string(lambda *room: pdfium.FPDFAnnot_GetStringValue(handle, b"Contents", *room))
    if text := text.replace("\r\n", "\n").replace("\r", "\n").strip("\n\0"):
        edges = pdfium.FS_RECTF()
        pdfium.FPDFAnnot_GetRect(handle, edges)
        box = frame.box(edges.left, edges.top, edges.right, edges.bottom)
        yield Annotation(text, box, kind not in (pdfium.FPDF_ANNOT_WIDGET, pdfium.FPDF_ANNOT_FREETEXT))


def _value(form: pypdfium2.PdfFormEnv, handle: pdfium.FPDF_ANNOTATION) -> str:
    """Return what a form's field shows."""
    kind = pdfium.FPDFAnnot_GetFormFieldType(form, handle)
    if kind in _TICKED:
        return _CHECKED if pdfium.FPDFAnnot_IsChecked(form, handle) else _UNCHECKED
    if kind not in _FILLED_IN or pdfium.FPDFAnnot_GetFormFieldFlags(form, handle) & _PASSWORD:
        return ""
    return _string(lambda *room: pdfium.FPDFAnnot_GetFormFieldValue(form, handle, *room))


def _string(call: Callable[..., int]) -> str:
    """Return the string that pdfium writes into a buffer: it tells the size when there is none."""
    size = call(None, 0)
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    call(buffer, size)
    return bytes(buffer)[: max(0, size - 2)].decode("utf-16-le", "replace")


def with_annotations(page: PageText, annotations: Sequence[Annotation]) -> PageText:
    """Put what stands on a page into its text: each after what stands left of it in its line, or else above it."""
    segments = [*page.segments]
    text, boxes = page.text, page.boxes[:]
    for annotation in annotations:
        left, top, right, bottom = annotation.box
        lines = annotation.text.split("\n")
        size = min(_LINE, (bottom - top) / len(lines)) or 1.0
        above = 0.0 if bottom - top > _TALL * size else (bottom - top - len(lines) * size) / 2
        base = top + above + _RISE * size
        for line in filter(None, lines):
            segment = Segment(len(text), len(text) + len(line), left, right, base, size)
            text += line
            boxes.extend(annotation.box * len(line))
            segments.insert(_place(segments, segment), segment)
            base += size
    ordered = [replace(segment, order=number) for number, segment in enumerate(segments)]
    return PageText(text, boxes, ordered, page.unmapped)


_TALL = 2.5
"""A field of more lines is filled from its top, any other in its middle."""

_RISE = 0.8
"""How much of a line is above where its letters stand."""


def _place(segments: Sequence[Segment], new: Segment) -> int:
    """Return where a segment is put among those that are drawn: fields have an order of their own, or none."""
    beside = [
        (one.right, number)
        for number, one in enumerate(segments)
        if one.quarters == 0 and abs(one.base - new.base) < new.size / 2 and one.left < new.left
    ]
    if beside:
        return max(beside)[1] + 1
    below = (number for number, one in enumerate(segments) if one.quarters == 0 and one.base > new.base)
    return next(below, len(segments))
