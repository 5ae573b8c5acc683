"""One document's answers, from the first question to the reply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slotfill.extractors.local.filling.answer_sheet import AnswerSheet, CutError
from slotfill.extractors.local.filling.answered_lines import answer_lines
from slotfill.extractors.local.filling.found_lists import list_mentions, list_rows

if TYPE_CHECKING:
    import threading

    from slotfill.extractors.local.by_field.fields import FieldDecoder
    from slotfill.extractors.local.messages import EngineReply

__all__ = ["answer_by_field"]


def answer_by_field(decoder: FieldDecoder, document: str, max_tokens: int, cancelled: threading.Event) -> EngineReply:
    """Answer all questions of a schema about a document. Raises ApiError when the document is too long."""
    sheet = AnswerSheet(decoder, document, max_tokens, cancelled)
    try:
        answer_lines(sheet)
        for field in decoder.lists:
            list_mentions(sheet, field)
        for field, rows in decoder.row_lists:
            list_rows(sheet, field, rows)
    except CutError as cut:
        return sheet.reply(cut)
    return sheet.reply()
