"""The questions whose answers stand one below the other, each after those above it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from slotfill.extractors.local.by_field.layout import write_field
from slotfill.extractors.local.filling.choices import choose_label, choose_stated
from slotfill.extractors.local.filling.writing import answer_line, write_json
from slotfill.extractors.local.strategies import Choice, Field, Line, Stated, Strategy, Written

if TYPE_CHECKING:
    from slotfill.extractors.local.filling.answer_sheet import AnswerSheet

__all__ = ["answer_lines"]


def answer_lines(sheet: AnswerSheet) -> None:
    """Answer what has no value yet, one field below the other."""
    longest, above = 0, ""
    for field in sheet.decoder.lines:
        if field.path in sheet.values:  # a cell of a row
            continue
        above += f"{field.heading}:"
        longest = max(longest, ANSWERS[type(field.strategy)](sheet, field, above))
        above += f" {write_field(field, sheet.values[field.path], sheet.document)}\n"
    sheet.read += longest


ANSWERS: Mapping[type[Strategy], Callable[[AnswerSheet, Field, str], int]] = {
    Choice: choose_label,
    Line: answer_line,
    Stated: choose_stated,
    Written: write_json,
}
"""How a field is answered; each returns the tokens of the prompt that it read."""
