"""The answers about one document, as they come in: scored, written, found."""

from __future__ import annotations

import json
import re
from functools import cached_property, partial
from typing import TYPE_CHECKING, cast

from slotfill.extractors.local.by_field.calibration import Calibration
from slotfill.extractors.local.by_field.layout import ask_mention, begin, write_field
from slotfill.extractors.local.by_field.row_cells import cell_values, fewest_cells
from slotfill.extractors.local.by_field.sentence_kinds import are_of_whole_texts, sentences_of_kind
from slotfill.extractors.local.candidates.amounts import amount_kind
from slotfill.extractors.local.candidates.answering import answering_sentences
from slotfill.extractors.local.candidates.candidates import FUNCTION_WORDS, candidates
from slotfill.extractors.local.candidates.named_strings import asks_for_a_name, names_in, string_behind
from slotfill.extractors.local.candidates.rivals import without_rivals
from slotfill.extractors.local.candidates.rows import find_rows
from slotfill.extractors.local.candidates.stated import StatedValue, likely_values, stated_values, without_labels
from slotfill.extractors.local.candidates.stated_labels import stated_label
from slotfill.extractors.local.candidates.text_windows import text_windows
from slotfill.extractors.local.candidates.whole_statements import whole_statements
from slotfill.extractors.local.grammar import SEPARATORS, write_grammar, write_line
from slotfill.extractors.local.messages import EngineReply
from slotfill.extractors.local.strategies import (
    ABSENT,
    EMPTY_LABEL,
    NOT_EMPTY,
    Choice,
    Doubt,
    Field,
    FieldPath,
    Line,
    MentionList,
    NoPassages,
    RowList,
    Stated,
    Written,
)
from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.schemas.json_values.pointer import join
from slotfill.schemas.passages.passages import stands_in
from slotfill.schemas.passages.sentences import sentence_ranges

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from slotfill.extractors.local.by_field.fields import FieldDecoder
    from slotfill.extractors.local.llama import GeneratedText
    from slotfill.schemas.json_values.json_types import JSON, JSONObject

__all__ = ["REPLY_ROOM", "Filling"]

REPLY_ROOM = 512
"""Tokens that a prompt leaves free for the reply, where so many were asked for: most answers take under 200."""

TEXT_TOKENS = 64
"""The most tokens of a string, or of a list of strings that need not be long: the model tends to go on for ever."""

LOOP = re.compile(r"(\S.{2,}?)(?:[\s,.;]*\1){2,}", re.DOTALL)
"""The same words three times over."""

TO_CHOOSE_FROM = 12
"""The most values of a text among which the model chooses; the rest, at its end, are left out."""

TELLING = 3
"""So many windows of a long text are shown for what is written about it."""

SHORT = 160
"""The most code points of a sentence that is its own summary."""

SURE = 1.0
"""The confidence in what a grammar tells, and in the one value that there is."""

DIGITS = 4
"""Of a confidence."""


class Filling:
    """One document's answers, as they come in."""

    def __init__(self, decoder: FieldDecoder, document: str, max_tokens: int, cancelled: threading.Event) -> None:
        self.decoder = decoder
        self.engine = decoder.engine
        self.document = document
        self.left = max_tokens
        self.room = min(max_tokens, REPLY_ROOM)
        self.cancelled = cancelled
        self.values: dict[FieldPath, JSON] = {}
        self.confidences: dict[FieldPath, float] = {}
        self.scored: list[str] = []
        self.missing: list[FieldPath] = []
        self.sources: dict[FieldPath, str] = {}
        self.in_row = False
        self.telling_windows: list[int] = []
        self.read = self.wrote = 0

    def run(self) -> EngineReply:
        """Answer all questions. Raises ApiError when the document is too long."""
        try:
            self._answer_lines()
            for field in self.decoder.lists:
                self._find_mentions(field)
            for field, decoder in self.decoder.row_lists:
                self._find_rows(field, decoder)
        except _CutError as cut:
            return self._reply(_unfinished(self._value(), cut), cut=True)
        value = self._value()
        return self._reply(json.dumps(value, ensure_ascii=False, separators=SEPARATORS), cut=False)

    def _reply(self, text: str, *, cut: bool) -> EngineReply:
        return EngineReply(text, self.read, self.wrote, cut, tuple(self.scored), tuple(map(join, self.missing)))

    def _answer_lines(self) -> None:
        """Answer the lines, one below the other; of a long text with examples only windows are shown."""
        if not self.decoder.lines:
            return
        answer = {Choice: self._choose, Line: self._write_line, Stated: self._find_stated, Written: self._write_json}
        longest, above = 0, ""
        for field in self.decoder.lines:
            if field.path in self.values:  # a cell of a row
                continue
            above += f"{field.heading}:"
            longest = max(longest, answer[type(field.strategy)](field, above))
            above += f" {write_field(field, self.values[field.path], self.document)}\n"
        self.read += longest

    def _prompt(self, above: str, text: str | None = None) -> str:
        """Write what comes before an answer: the examples, the text, and the answers above it."""
        shown = self.telling if text is None else text
        return self.decoder.fitted(self.decoder.shots, begin(shown), self.room) + above

    def _choose(self, field: Field, above: str) -> int:
        choice = cast("Choice", field.strategy)
        stated = None if self.decoder.is_shown else stated_label(self.document, choice.labels, field.heading)
        if stated is not None:
            self.values[field.path], self.confidences[field.path] = choice.values[stated], SURE
            return 0
        pointer = join(field.path)
        judged = [self._chances(pointer, choice, self._prompt(above, one), field.path, one) for one in self.windows]
        means = [sum(column) / len(judged) for column in zip(*(chances for chances, _ in judged), strict=True)]
        label = max(range(len(means)), key=means.__getitem__)
        self.values[field.path], self.confidences[field.path] = choice.values[label], means[label]
        if len(judged) > 1 and self.decoder.is_shown and not self.telling_windows:
            self.telling_windows = sorted(range(len(judged)), key=lambda at: -judged[at][0][label])[:TELLING]
        return max(tokens for _, tokens in judged)

    @cached_property
    def windows(self) -> list[str]:
        """What of the text labels are judged by."""
        return text_windows(self.document)

    @property
    def telling(self) -> str:
        """What of the text is shown for what is written: the windows that tell most for the first label, or all."""
        return "\n".join(self.windows[at] for at in sorted(self.telling_windows)) or self.document

    def _best(self, pointer: str, choice: Choice, prompt: str, path: FieldPath) -> tuple[int, float, int]:
        """Return the likeliest label, its probability, and the tokens of the prompt."""
        chances, tokens = self._chances(pointer, choice, prompt, path)
        best = max(range(len(chances)), key=chances.__getitem__)
        return best, chances[best], tokens

    def _chances(
        self, pointer: str, choice: Choice, prompt: str, path: FieldPath, text: str = ""
    ) -> tuple[tuple[float, ...], int]:
        """Return the probability of each label for a text, by default the document, and the tokens of the prompt."""
        if len(choice.labels) == 1:
            return (1.0,), 0
        self._spend(1, path)
        calibration = self.decoder.calibrations(self.cancelled).get(pointer) or Calibration.none(len(choice.labels))
        scores, tokens = self.engine.score(prompt, choice.labels, self.cancelled)
        return calibration.for_text(text or self.document).probabilities(scores), tokens

    def _write_line(self, field: Field, above: str) -> int:
        line = cast("Line", field.strategy)
        if line.sums_up and self._says_it_itself(line):
            self.values[field.path], self.confidences[field.path] = " ".join(self.document.split()), SURE
            return 0
        if not self.decoder.is_shown and (read := self._answer_unwritten(field, line, above)) is not None:
            return read
        quoted = line.verbatim or line.many or field.path in self.decoder.copied
        source = self.sources.get(field.path, self.telling)
        for verbatim in dict.fromkeys((quoted, line.verbatim)):
            grammar = write_line(line, source, verbatim=verbatim)
            room = TEXT_TOKENS * max(1, line.fewest)
            completion = self._complete(field, self._prompt(above), grammar, room, fresh=not verbatim)
            if "\n" not in completion.text[:-1]:  # else the grammar was ignored: no passage is as long as it must be
                break
        else:
            raise ApiError(500, "api_error", f"no passage of the document fits {join(field.path)}")
        value = _read_line(line, completion.text, verbatim=verbatim, cut=completion.cut)
        if line.many and isinstance(value, list):
            statements = whole_statements(self.document, value, longest=line.longest)
            value = statements if len(statements) >= line.fewest else value
        self.values[field.path] = value
        return completion.prompt_tokens

    def _answer_unwritten(self, field: Field, line: Line, above: str) -> int | None:
        """Answer what needs no writing, and return the tokens read; None for what must be written."""
        if self.decoder.question and (line.verbatim or not line.is_required):
            passages = [one for one in self.answering if line.shortest <= len(one) <= line.longest][: line.most]
            said = passages if line.many else " ".join(passages)
            self.values[field.path], self.confidences[field.path] = said or line.blank, SURE
            return 0
        if line.many:
            is_written = line.verbatim or line.fewest or are_of_whole_texts(field.heading)
            return None if is_written else self._begun_list(field)
        behind = string_behind(self.document, field.heading)
        if behind is not None and line.shortest <= len(behind) <= line.longest:
            self.values[field.path], self.confidences[field.path] = behind, SURE
            return 0
        return self._choose_name(field, line, above) if asks_for_a_name(field.heading) else None

    @cached_property
    def answering(self) -> list[str]:
        """The sentences that the schema's question is answered by."""
        return answering_sentences(self.document, self.decoder.question)

    def _begun_list(self, field: Field) -> int | None:
        """Find the sentences that a list's entries may come from; a list without any stays empty."""
        sentences = sentences_of_kind(self.document, field.heading, partial(self._scored_labels, field))
        if sentences:
            self.sources[field.path] = "\n".join(sentences)
            return None
        self.values[field.path], self.confidences[field.path] = cast("Line", field.strategy).blank, SURE
        return 0

    def _scored_labels(self, field: Field, prompt: str, labels: Sequence[str]) -> Sequence[float]:
        self._spend(1, field.path)
        return self.engine.score(prompt, labels, self.cancelled)[0]

    def _choose_name(self, field: Field, line: Line, above: str) -> int | None:
        """Choose among the names of the text; None where it has none, and something must stand there."""
        forms = [name for name in names_in(self.document) if line.shortest <= len(name) <= line.longest]
        forms = forms[:TO_CHOOSE_FROM]
        if not forms and line.is_required:
            if self.in_row:
                return None
            self._leave_blank(field, line.blank)
            return 0
        if not line.is_required:
            forms = [*forms, EMPTY_LABEL]
        values = tuple(line.blank if form == EMPTY_LABEL and not line.is_required else form for form in forms)
        label, self.confidences[field.path], tokens = self._best(
            "", Choice(values, tuple(forms)), self._prompt(above), field.path
        )
        self.values[field.path] = values[label]
        return tokens

    def _says_it_itself(self, line: Line) -> bool:
        """Whether the text is its own summary: one short sentence, which no summary of a small model's tells better."""
        text = " ".join(self.document.split())
        fits = line.shortest <= len(text) <= min(line.longest, SHORT) and "\n" not in self.document.strip()
        return fits and any(map(str.isalnum, text)) and len(sentence_ranges(text)) == 1

    def _find_stated(self, field: Field, above: str) -> int:
        """Choose among the values that the text states: what is not there is not invented."""
        stated = cast("Stated", field.strategy)
        found = self._stated(stated)
        likely, is_named = likely_values(self.document, found, field.heading, kind=stated.kind)
        if not is_named and not stated.is_required:
            likely = without_labels(self.document, likely)
        by_form = {_form(self.document, one): one.value for one in reversed(likely[:TO_CHOOSE_FROM])}
        forms = tuple(reversed(by_form))
        self.confidences[field.path] = SURE
        if not forms:
            self._leave_blank(field, stated.blank)
            return 0
        if is_named or stated.is_required:
            choice = Choice(tuple(by_form[form] for form in forms), forms)
        else:
            choice = Choice((*(by_form[form] for form in forms), stated.blank), (*forms, EMPTY_LABEL))
        label, self.confidences[field.path], tokens = self._best("", choice, self._prompt(above), field.path)
        self.values[field.path] = choice.values[label]
        return tokens

    def _stated(self, stated: Stated) -> list[StatedValue]:
        return stated_values(
            self.document, stated.kind, lambda value: self.decoder.fits(value, stated.schema), as_text=stated.as_text
        )

    def _leave_blank(self, field: Field, blank: JSON) -> None:
        """Say that the text does not hold a field."""
        if blank is NOT_EMPTY:
            self.missing.append(field.path)
        self.values[field.path] = ABSENT if blank is NOT_EMPTY else blank

    def _find_rows(self, field: Field, decoder: FieldDecoder) -> None:
        rows = cast("RowList", field.strategy)
        found = find_rows(self.document, fewest_cells=fewest_cells(decoder.fields))
        if not found:
            self._leave_blank(field, rows.blank)
            return
        items = []
        for number, row in enumerate(found[: rows.most]):
            text = self.document[row.start : row.end].strip()
            filling = Filling(decoder, text, self.left, self.cancelled)
            filling.values = dict(cell_values(decoder.fields, row, self.decoder.fits))
            filling.confidences = dict.fromkeys(filling.values, SURE)
            item = filling.complete_row()
            self._spend(filling.wrote, field.path)
            self.read += filling.read
            items.append(item)
            self.missing += [(*field.path, str(number), *path) for path in filling.missing]
        self.values[field.path] = items
        self.confidences[field.path] = SURE

    def complete_row(self) -> JSONObject:
        """Answer what no cell has answered, and return the row's value."""
        self.in_row = True
        if any(field.path not in self.values for field in self.decoder.lines):
            self._answer_lines()
        for field in self.decoder.lists:
            self._find_mentions(field)
        for field, decoder in self.decoder.row_lists:
            self._find_rows(field, decoder)
        return self._value()

    def _write_json(self, field: Field, above: str) -> int:
        written = cast("Written", field.strategy)
        schema, root = self._asked(written), self.decoder.schema
        grammar = write_grammar(schema, self.document, readable=self.engine.reads, root=root)
        completion = self._complete(field, self._prompt(above), grammar, self.left, fresh=True)
        if completion.cut:
            raise _CutError(field.path, completion.text)
        value = json.loads(completion.text)
        self.values[field.path] = ABSENT if value is None and written.optional else value
        return completion.prompt_tokens

    def _complete(self, field: Field, prompt: str, grammar: str, room: int, *, fresh: bool) -> GeneratedText:
        self._spend(0, field.path)
        completion = self.engine.complete(
            prompt,
            max_tokens=min(self.left, room),
            grammar=grammar,
            fresh=fresh,
            likelihood=field.path in self.decoder.doubted,
            cancelled=self.cancelled,
        )
        self._spend(completion.completion_tokens, field.path, _begun(field, completion.text))
        if self.cancelled.is_set() or (completion.cut and not self.left):
            raise _CutError(field.path, _begun(field, completion.text))
        self.confidences[field.path] = completion.likelihood or 0.0
        return completion

    def _asked(self, written: Written) -> JSON:
        """Return the schema to write by: the numbers of a list are the document's."""
        schema = written.schema
        item = schema.get("items") if isinstance(schema, dict) else None
        if isinstance(item, dict) and item.get("type") in ("integer", "number"):
            numbers = [*dict.fromkeys(one.value for one in self._stated(Stated("number", item, ABSENT)))]
            schema = schema | ({"items": {"enum": numbers}} if numbers else {"maxItems": 0})
        return {"anyOf": [schema, {"type": "null"}]} if written.optional else schema

    def _find_mentions(self, field: Field) -> None:
        mentions = cast("MentionList", field.strategy)
        spans = candidates(self.document, self.decoder.families[field.path])
        if not spans:
            self.confidences[field.path] = SURE
            self._list(field, [])
            return
        shots = self.decoder.mention_shots[field.path]
        head = self.decoder.fitted(shots, begin(self.document), self.room)
        judged: dict[str, tuple[int, float]] = {}
        labels = {label.casefold(): number for number, label in enumerate(mentions.choice.labels)}
        none = len(mentions.choice.labels) - 1
        longest = 0
        for passage in dict.fromkeys(self.document[start:end] for start, end in spans):
            if len(passage) > (mentions.longest or len(passage)):
                continue
            if (kind := amount_kind(passage)) is not None and kind in labels:
                judged[passage] = labels[kind], SURE
            else:
                question = f"{head}{ask_mention(passage)}"
                label, chance, tokens = self._best(join(field.path), mentions.choice, question, field.path)
                judged[passage] = label, chance
                longest = max(longest, tokens)
        self.read += longest
        named = [span for span in spans if (entry := judged.get(self._at(span))) and entry[0] != none]
        chosen = without_rivals(named, [judged[self._at(span)][1] for span in named])
        passages = [self._at(named[at]) for at in chosen]
        if not mentions.repeated:
            passages = [*{passage.casefold(): passage for passage in reversed(passages)}.values()][::-1]
        self.confidences[field.path] = min((chance for _, chance in judged.values()), default=1.0)
        self._list(field, [(passage, *judged[passage]) for passage in passages])

    def _at(self, span: tuple[int, int]) -> str:
        return self.document[slice(*span)]

    def _list(self, field: Field, judged: list[tuple[str, int, float]]) -> None:
        """List the mentions, the surest where there may not be as many."""
        mentions = cast("MentionList", field.strategy)
        named = judged
        if mentions.most is not None and len(named) > mentions.most:
            surest = sorted(named, key=lambda entry: -entry[2])[: int(mentions.most)]
            named = [entry for entry in named if entry in surest][: int(mentions.most)]
        items = []
        for number, (passage, label, chance) in enumerate(named):
            doubts = dict.fromkeys(mentions.doubts, round(chance, DIGITS))
            shown = {key: [passage] for key in mentions.evidence}
            items.append({mentions.text: passage, mentions.label: mentions.choice.values[label], **doubts, **shown})
            self.scored += [join((*field.path, number, key)) for key in mentions.doubts]
        self.values[field.path] = items

    def _spend(self, tokens: int, path: FieldPath, beginning: str = "") -> None:
        self.left -= tokens
        self.wrote += tokens
        if self.left < (tokens == 0):
            self.left, self.wrote = 0, self.wrote + self.left
            raise _CutError(path, beginning)

    def _value(self) -> JSONObject:
        """Build the object from what is known so far, in the schema's order."""
        whole: JSONObject = {}
        for field in self.decoder.fields:
            holder = whole
            for key in field.path[:-1]:
                holder = holder.setdefault(key, {})
            value = self._known(field)
            if value is not ABSENT:
                holder[field.path[-1]] = value
        return whole

    def _known(self, field: Field) -> JSON:
        match field.strategy:
            case Doubt():
                return self._confidence(field)
            case NoPassages():
                return []
        return self.values.get(field.path, ABSENT)

    def _confidence(self, field: Field) -> JSON:
        """Return how likely the answer is right; of an object the least likely of its answers."""
        of = field.strategy.of  # type: ignore[union-attr]  # only a Doubt comes here
        known = [chance for path, chance in self.confidences.items() if path[: len(of)] == of]
        if not known:
            return ABSENT
        self.scored.append(join(field.path))
        return round(min(known), DIGITS)


class _CutError(Exception):
    """The tokens ran out while a field was answered, of whose JSON there is a beginning."""

    def __init__(self, path: FieldPath, beginning: str) -> None:
        super().__init__(path)
        self.path = path
        self.beginning = beginning


def _form(text: str, stated: StatedValue) -> str:
    return " ".join(text[stated.start : stated.end].split())


def _begun(field: Field, text: str) -> str:
    """Write the JSON that a cut answer has begun."""
    if isinstance(field.strategy, Line):
        return ("[" if field.strategy.many else "") + json.dumps(text.strip(), ensure_ascii=False)[:-1]
    return text.strip()


def _unfinished(value: JSONObject, cut: _CutError) -> str:
    """Write what there is of an object that was cut off, as if it had been written in one go."""
    known = json.dumps(value, ensure_ascii=False, separators=SEPARATORS)[:-1]
    if not cut.beginning or len(cut.path) > 1:
        return known
    key = json.dumps(cut.path[0], ensure_ascii=False)
    return f"{known}{SEPARATORS[0] if value else ''}{key}{SEPARATORS[1]}{cut.beginning}"


def _read_line(line: Line, text: str, *, verbatim: bool, cut: bool) -> JSON:
    """Read a string or a list of strings, without what loops, and without passages that say nothing."""
    text = text.strip()
    if text == EMPTY_LABEL and line.blank is not NOT_EMPTY:
        return line.blank
    if not line.many:
        return _shortened(text, line, verbatim=verbatim, cut=cut)
    entries = text.split("; ")
    whole = entries[:-1] if cut and len(entries) > max(1, line.fewest) else entries
    read = [_shortened(entry, line, verbatim=verbatim, cut=cut) for entry in whole]
    distinct = {entry.casefold().strip(" .,;:!?"): entry for entry in reversed(read)}
    telling = [entry for key, entry in reversed(distinct.items()) if key and not set(key.split()) <= FUNCTION_WORDS]
    return telling if len(telling) >= line.fewest else read


def _shortened(text: str, line: Line, *, verbatim: bool, cut: bool) -> str:
    """Cut what loops, and half a word at the end of a text that was cut off."""
    shorter = LOOP.sub(r"\1", text).strip()
    if cut and " " in shorter:
        ended = max(shorter.rfind(mark) for mark in (". ", "! ", "? "))
        shorter = shorter[: ended + 1] if ended > 0 else shorter.rpartition(" ")[0]
    return shorter if len(shorter) >= line.shortest and not (verbatim and not stands_in(shorter, text)) else text
