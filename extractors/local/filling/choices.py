"""What is chosen, as nothing is written for it: a label, and a number or a date of those that the text states."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from slotfill.extractors.local.by_field.calibration import Calibration
from slotfill.extractors.local.candidates.stated import StatedValue, likely_values, stated_values, without_labels
from slotfill.extractors.local.candidates.stated_labels import stated_label
from slotfill.extractors.local.filling.answer_sheet import CERTAIN
from slotfill.extractors.local.strategies import EMPTY_LABEL, Choice, Field, FieldPath, Stated
from slotfill.schemas.json_values.pointer import join

if TYPE_CHECKING:
    from slotfill.extractors.local.filling.answer_sheet import AnswerSheet

__all__ = ["TO_CHOOSE_FROM", "best_label", "choose_label", "choose_stated", "values_stated"]

TO_CHOOSE_FROM = 12
"""The most values of a text among which the model chooses; the rest, at its end, are left out."""

TELLING = 3
"""So many windows of a long text are shown for what is written about it."""


def choose_label(sheet: AnswerSheet, field: Field, above: str) -> int:
    """Choose one of a few values, and return the tokens that were read; of a long text by the mean of its windows."""
    choice = cast("Choice", field.strategy)
    stated = None if sheet.decoder.is_shown else stated_label(sheet.document, choice.labels, field.heading)
    if stated is not None:
        sheet.fill(field.path, choice.values[stated])
        return 0
    judged = [_chances(sheet, field.path, choice, sheet.prompt(above, one), one) for one in sheet.windows]
    means = [sum(column) / len(judged) for column in zip(*(chances for chances, _ in judged), strict=True)]
    label = max(range(len(means)), key=means.__getitem__)
    sheet.fill(field.path, choice.values[label], means[label])
    if len(judged) > 1 and sheet.decoder.is_shown and not sheet.telling_windows:
        sheet.telling_windows = sorted(range(len(judged)), key=lambda at: -judged[at][0][label])[:TELLING]
    return max(tokens for _, tokens in judged)


def choose_stated(sheet: AnswerSheet, field: Field, above: str) -> int:
    """Choose among the values that the text states: what is not there is not invented. Return the tokens read."""
    stated = cast("Stated", field.strategy)
    found = values_stated(sheet, stated)
    if sheet.is_row:  # what a cell has given to another field
        found = [one for one in found if one.value not in sheet.values.values()]
    likely, is_named = likely_values(sheet.document, found, field.heading, kind=stated.kind)
    if not is_named and not stated.is_required:
        likely = without_labels(sheet.document, likely)
    by_form = {_form(sheet.document, one): one.value for one in reversed(likely[:TO_CHOOSE_FROM])}
    forms = tuple(reversed(by_form))
    if not forms:
        sheet.leave_blank(field, stated.blank)
        return 0
    if is_named or stated.is_required:
        choice = Choice(tuple(by_form[form] for form in forms), forms)
    else:
        choice = Choice((*(by_form[form] for form in forms), stated.blank), (*forms, EMPTY_LABEL))
    label, chance, tokens = best_label(sheet, field.path, choice, sheet.prompt(above))
    sheet.fill(field.path, choice.values[label], chance)
    return tokens


def values_stated(sheet: AnswerSheet, stated: Stated) -> list[StatedValue]:
    """Return the values that the text states for a question."""
    return stated_values(
        sheet.document, stated.kind, lambda value: sheet.decoder.fits(value, stated.schema), as_text=stated.as_text
    )


def best_label(sheet: AnswerSheet, path: FieldPath, choice: Choice, prompt: str) -> tuple[int, float, int]:
    """Return the number of the likeliest label, its probability, and the tokens of the prompt."""
    chances, tokens = _chances(sheet, path, choice, prompt, sheet.document)
    best = max(range(len(chances)), key=chances.__getitem__)
    return best, chances[best], tokens


def _chances(
    sheet: AnswerSheet, path: FieldPath, choice: Choice, prompt: str, text: str
) -> tuple[tuple[float, ...], int]:
    """Return the probability of each label for a text, and the tokens of the prompt."""
    if len(choice.labels) == 1:
        return (CERTAIN,), 0
    sheet.spend(1, path)
    known = sheet.decoder.calibrations(sheet.cancelled).get(join(path))
    scores, tokens = sheet.engine.score(prompt, choice.labels, sheet.cancelled)
    return (known or Calibration.none(len(choice.labels))).for_text(text).probabilities(scores), tokens


def _form(text: str, stated: StatedValue) -> str:
    return " ".join(text[stated.start : stated.end].split())
