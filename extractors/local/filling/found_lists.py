"""Lists that are found in the text, and not written: mentions, each with its label, and rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from slotfill.extractors.local.by_field.layout import ask_mention, begin
from slotfill.extractors.local.by_field.row_cells import cell_values, fewest_cells
from slotfill.extractors.local.candidates.amounts import amount_kind
from slotfill.extractors.local.candidates.candidates import TextRange, candidates
from slotfill.extractors.local.candidates.rivals import without_rivals
from slotfill.extractors.local.candidates.rows import find_rows
from slotfill.extractors.local.filling.answer_sheet import CERTAIN, AnswerSheet, rounded
from slotfill.extractors.local.filling.answered_lines import answer_lines
from slotfill.extractors.local.filling.choices import best_label
from slotfill.extractors.local.strategies import Field, MentionList, RowList
from slotfill.schemas.json_values.pointer import join

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slotfill.extractors.local.by_field.fields import FieldDecoder

__all__ = ["list_mentions", "list_rows"]


def list_mentions(sheet: AnswerSheet, field: Field) -> None:
    """List the candidate passages that the model gives a label of the schema's."""
    mentions = cast("MentionList", field.strategy)
    spans = candidates(sheet.document, sheet.decoder.families[field.path])
    judged = _judged(sheet, field, mentions, spans)
    none = len(mentions.choice.labels) - 1
    passages = [sheet.document[slice(*span)] for span in spans]
    named = [at for at, passage in enumerate(passages) if judged.get(passage, (none, 0))[0] != none]
    kept = without_rivals([spans[at] for at in named], [judged[passages[at]][1] for at in named])
    listed = [passages[named[at]] for at in kept]
    if not mentions.repeated:
        listed = [*{passage.casefold(): passage for passage in reversed(listed)}.values()][::-1]
    surest = sorted(listed, key=lambda passage: -judged[passage][1])[: mentions.most]
    listed = [passage for passage in listed if passage in surest][: mentions.most]
    items = []
    for number, passage in enumerate(listed):
        label, chance = judged[passage]
        doubts = dict.fromkeys(mentions.doubts, rounded(chance))
        shown = {key: [passage] for key in mentions.evidence}
        items.append({mentions.text: passage, mentions.label: mentions.choice.values[label], **doubts, **shown})
        sheet.scored += [join((*field.path, number, key)) for key in mentions.doubts]
    sheet.fill(field.path, items, min((chance for _, chance in judged.values()), default=CERTAIN))


def _judged(
    sheet: AnswerSheet, field: Field, mentions: MentionList, spans: Sequence[TextRange]
) -> dict[str, tuple[int, float]]:
    """Return the number and the probability of each passage's label."""
    judged: dict[str, tuple[int, float]] = {}
    if not spans:
        return judged
    head = sheet.decoder.fitted(sheet.decoder.mention_shots[field.path], begin(sheet.document), sheet.room)
    labels = {label.casefold(): number for number, label in enumerate(mentions.choice.labels)}
    longest = 0
    for passage in dict.fromkeys(sheet.document[start:end] for start, end in spans):
        if len(passage) > (mentions.longest or len(passage)):
            continue
        if (kind := amount_kind(passage)) is not None and kind in labels:
            judged[passage] = labels[kind], CERTAIN
        else:
            question = f"{head}{ask_mention(passage)}"
            label, chance, tokens = best_label(sheet, field.path, mentions.choice, question)
            judged[passage] = label, chance
            longest = max(longest, tokens)
    sheet.read += longest
    return judged


def list_rows(sheet: AnswerSheet, field: Field, decoder: FieldDecoder) -> None:
    """List the rows of the text, each with the values of its cells, and what its line answers of the rest.

    decoder: asks the questions of a row.
    """
    rows = cast("RowList", field.strategy)
    found = find_rows(sheet.document, fewest_cells=fewest_cells(decoder.fields))
    if not found:
        sheet.leave_blank(field, rows.blank)
        return
    items = []
    for number, row in enumerate(found[: rows.most]):
        text = sheet.document[row.start : row.end].strip()
        line = AnswerSheet(decoder, text, sheet.left, sheet.cancelled, is_row=True)
        for path, value in cell_values(decoder.fields, row, sheet.decoder.fits).items():
            line.fill(path, value)
        answer_lines(line)
        items.append(line.value())
        sheet.spend(line.wrote, field.path)
        sheet.read += line.read
        sheet.missing += [(*field.path, str(number), *path) for path in line.missing]
    sheet.fill(field.path, items)
