"""Strings that need no writing: what answers a question, what stands behind a field's name, a name of the text."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from slotfill.extractors.local.by_field.sentence_kinds import are_of_whole_texts, passages_of_kind
from slotfill.extractors.local.candidates.answering import answering_sentences
from slotfill.extractors.local.candidates.named_strings import asks_for_a_name, names_in, string_behind
from slotfill.extractors.local.candidates.whole_statements import whole_statements
from slotfill.extractors.local.filling.choices import TO_CHOOSE_FROM, best_label
from slotfill.extractors.local.strategies import EMPTY_LABEL, Choice, Field, FieldPath, Line
from slotfill.schemas.passages.sentences import sentence_ranges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slotfill.extractors.local.filling.answer_sheet import AnswerSheet

__all__ = ["answer_unwritten"]

SHORT = 160
"""The most code points of a sentence that is its own summary."""


def answer_unwritten(sheet: AnswerSheet, field: Field, line: Line, above: str) -> int | None:
    """Answer what needs no writing, and return the tokens read; None for what must be written."""
    if line.sums_up and _says_it_itself(sheet.document, line):
        sheet.fill(field.path, " ".join(sheet.document.split()))
        return 0
    if sheet.decoder.is_shown:
        return None
    if sheet.decoder.question and (line.verbatim or not line.is_required):
        return _answer_question(sheet, field, line)
    if line.many:
        is_written = line.verbatim or line.fewest or are_of_whole_texts(field.heading)
        return None if is_written else _list_passages(sheet, field, line)
    behind = string_behind(sheet.document, field.heading)
    if behind is not None and line.shortest <= len(behind) <= line.longest:
        sheet.fill(field.path, behind)
        return 0
    return _choose_name(sheet, field, line, above) if asks_for_a_name(field.heading) else None


def _says_it_itself(document: str, line: Line) -> bool:
    """Whether the text is its own summary: one short sentence, which no summary of a small model's tells better."""
    text = " ".join(document.split())
    fits = line.shortest <= len(text) <= min(line.longest, SHORT) and "\n" not in document.strip()
    return fits and any(map(str.isalnum, text)) and len(sentence_ranges(text)) == 1


def _answer_question(sheet: AnswerSheet, field: Field, line: Line) -> int:
    """Answer with the sentences that the schema's question is answered by."""
    sentences = answering_sentences(sheet.document, sheet.decoder.question)
    passages = [one for one in sentences if line.shortest <= len(one) <= line.longest][: line.most]
    sheet.fill(field.path, (passages if line.many else " ".join(passages)) or line.blank)
    return 0


def _list_passages(sheet: AnswerSheet, field: Field, line: Line) -> int:
    """List the sentences, or parts of them, that are what the list asks for; without any it stays empty."""
    found = passages_of_kind(sheet.document, field.heading, partial(_scores, sheet, field.path))
    passages = [one for one in found if line.shortest <= len(one) <= line.longest]
    sheet.fill(field.path, whole_statements(sheet.document, passages, longest=line.longest)[: line.most] or line.blank)
    return 0


def _scores(sheet: AnswerSheet, path: FieldPath, prompt: str, labels: Sequence[str]) -> Sequence[float]:
    sheet.spend(1, path)
    return sheet.engine.score(prompt, labels, sheet.cancelled)[0]


def _choose_name(sheet: AnswerSheet, field: Field, line: Line, above: str) -> int | None:
    """Choose among the names of the text; None where it has none, and something must stand there."""
    names = (name for name in names_in(sheet.document) if name.casefold() != field.heading.casefold())
    forms = [name for name in names if line.shortest <= len(name) <= line.longest]
    if len(forms) > TO_CHOOSE_FROM:  # a letter is signed at its end
        forms = [*forms[: TO_CHOOSE_FROM // 2], *forms[-TO_CHOOSE_FROM // 2 :]]
    if not forms and line.is_required:
        if sheet.is_row:
            return None
        sheet.leave_blank(field, line.blank)
        return 0
    if not line.is_required:
        forms = [*forms, EMPTY_LABEL]
    values = tuple(line.blank if form == EMPTY_LABEL and not line.is_required else form for form in forms)
    label, chance, tokens = best_label(sheet, field.path, Choice(values, tuple(forms)), sheet.prompt(above))
    sheet.fill(field.path, values[label], chance)
    return tokens
