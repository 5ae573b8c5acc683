"""One answer, a question a field: the model scores labels and writes small parts, and the code builds the JSON.

All questions of a document begin with the same text (the examples, then the document, then the answers so far), which
llama.cpp has then read already. Labels come first: what the model writes itself is too often wrong to judge by.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any
from slotfill.extractors.local.calibration import CONTENT_FREE, Calibration, Scored, keep, recall
from slotfill.extractors.local.candidates import FUNCTION_WORDS, candidates, choose_families
from slotfill.extractors.local.grammar import SEPARATORS, write_grammar, write_line
from slotfill.extractors.local.layout import (
    Shot,
    ask_mention,
    begin,
    introduction,
    look_up,
    say,
    show_fields,
    show_mentions,
)
from slotfill.extractors.local.messages import ApiError, Reply
from slotfill.extractors.local.strategies import (
    ABSENT,
    NEVER,
    NONE,
    Choice,
    Compiled,
    Doubt,
    Field,
    Line,
    Mentions,
    Path,
    Written,
)
from slotfill.schemas.pointer import join

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from slotfill.extractors.local.engine import Engine

_Question = tuple[str, str, tuple[str, ...], int]
"""The pointer of a field, a prompt, the labels, and which of them is right."""

__all__ = ["REPLY_ROOM", "FieldDecoder", "too_long"]

REPLY_ROOM = 512
"""Tokens that a prompt leaves free for the reply, where so many were asked for: most answers take under 200."""


SHOTS = 16
"""The most worked examples that are shown; what there are more, the oldest, calibrate the scores."""

TEXT_TOKENS = 64
"""The most tokens of a string, or of a list of strings: greedy decoding tends to go on for ever."""

LOOP = re.compile(r"(.{3,}?)\1{2,}", re.DOTALL)
"""The same words three times over."""

NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d{0,14})(?:\.\d{1,6})?(?![\d.,]*\d)")
"""A number as texts and JSON have it, with commas between thousands."""

DIGITS = 4
"""Of a confidence."""

VERSION = 1
"""Of what is kept of a calibration: another one is not read again."""


class FieldDecoder:
    """Answers one schema's questions about documents, shown one set of examples.

    schema: the whole JSON Schema, `compiled` its questions, `validator` that of jsonschema for it.
    examples: shown, and, where there are more than `SHOTS`, used to calibrate.
    labelled: texts with values, of which any part may be left out, that calibrate the scores.
    instructions: shown where there are no examples.
    """

    def __init__(
        self,
        engine: Engine,
        schema: Mapping[str, Any],
        compiled: Compiled,
        validator: Any,
        *,
        examples: Sequence[Shot],
        labelled: Sequence[Shot],
        instructions: str,
    ) -> None:
        self.engine = engine
        self.schema = schema
        self.fields = compiled.fields
        self._validator = validator
        self.labelled = (*examples[:-SHOTS], *labelled)
        choices = [field for field in compiled.fields if isinstance(field.strategy, Choice)]
        written = [field for field in compiled.fields if isinstance(field.strategy, Line | Written)]
        self.lines = (*choices, *written)
        self.lists = tuple(field for field in compiled.fields if isinstance(field.strategy, Mentions))
        shown = examples[-SHOTS:]
        told = "" if shown else introduction(compiled, instructions)
        self.copied = {field.path for field in written if all(_copies(field, shot) for shot in shown)}
        self.shots = (told, *(show_fields(self.lines, shot) for shot in shown))
        self.mention_shots: dict[Path, tuple[str, ...]] = {}
        self.families: dict[Path, tuple[str, ...]] = {}
        for field in self.lists:
            self._show(field, shown, told)
        self.doubted = {field.strategy.of for field in compiled.fields if isinstance(field.strategy, Doubt)}
        self._calibrating = threading.Lock()
        self._calibrations: dict[str, Calibration] | None = None

    def fill(self, document: str, max_tokens: int, cancelled: threading.Event) -> Reply:
        """Answer all questions about a document. Raises ApiError when it is too long."""
        return _Filling(self, document, max_tokens, cancelled).run()

    def fitted(self, shots: Sequence[str], body: str, room: int) -> str:
        """Write as many of the latest examples before a text as leave room for the answers."""
        limit = self.engine.context - room
        while (tokens := self.engine.count("".join(shots) + body)) > limit:
            if not any(shots):
                raise too_long(tokens, limit)
            shots = ("", *shots[2:])
        return "".join(shots) + body

    def calibrations(self, cancelled: threading.Event) -> Mapping[str, Calibration]:
        """Give what is known of the scores, by JSON Pointer. The first time it may take seconds."""
        with self._calibrating:
            if self._calibrations is None:
                key = self._key()
                found = recall(key) or self._calibrated(cancelled)
                if cancelled.is_set():
                    return found
                keep(key, found)
                self._calibrations = found
        return self._calibrations

    def fits(self, value: Any, part: Any) -> bool:
        """Tell whether a value is valid for a part of the schema."""
        return bool(self._validator.evolve(schema=part).is_valid(value))

    def _show(self, field: Field, shown: Sequence[Shot], told: str) -> None:
        mentions: Any = field.strategy
        listed = ((shot.text, look_up(shot.value, field.path)) for shot in shown)
        examples = [(text, [item[mentions.text] for item in items]) for text, items in listed if items is not ABSENT]
        families = self.families[field.path] = choose_families(examples)
        legend = f"Each passage is one of: {', '.join(mentions.choice.labels)}.\n\n" if told else ""
        blocks = (show_mentions(mentions, field.path, families, shot) for shot in shown)
        self.mention_shots[field.path] = (told + legend, *blocks)

    def _key(self) -> str:
        labelled = [[shot.text, shot.value] for shot in self.labelled]
        shown = [self.shots, *self.mention_shots.values()]
        parts = [VERSION, self.engine.identity, shown, labelled]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()

    def _calibrated(self, cancelled: threading.Event) -> dict[str, Calibration]:
        """Ask about all labelled texts; about texts that say nothing, where there are neither these nor examples."""
        questions = [*self._labelled_choices(), *self._labelled_mentions()]
        blank = [] if len(self.shots) > 1 else [*self._blank_choices({path for path, *_ in questions})]
        with ThreadPoolExecutor(self.engine.slots) as pool:
            ask = partial(self._scores, cancelled)
            scored = [*zip(questions, pool.map(ask, questions), strict=True)]
            empty = [*zip(blank, pool.map(ask, blank), strict=True)]
        found = {path: Calibration.content_free([s for (p, *_), s in empty if p == path]) for path, *_ in blank}
        for path in {path for path, *_ in questions}:
            examples: list[Scored] = [(scores, right) for (p, _, _, right), scores in scored if p == path]
            found[path] = Calibration.fit(examples)
        return found

    def _scores(self, cancelled: threading.Event, question: _Question) -> tuple[float, ...]:
        _, prompt, labels, _ = question
        return self.engine.score(prompt, labels, cancelled)[0]

    def _labelled_choices(self) -> Iterator[_Question]:
        for shot in self.labelled:
            prompt = "".join(self.shots) + begin(shot.text)
            for field in self.lines:
                value = look_up(shot.value, field.path)
                if not isinstance(field.strategy, Choice) or value is ABSENT:
                    continue
                label = say(field, value)
                if len(field.strategy.labels) > 1 and label in field.strategy.labels:
                    right = field.strategy.labels.index(label)
                    yield join(field.path), f"{prompt}{field.heading}:", field.strategy.labels, right
                prompt += f"{field.heading}: {label}\n"

    def _labelled_mentions(self) -> Iterator[_Question]:
        for field in self.lists:
            mentions: Any = field.strategy
            for shot in self.labelled:
                items = look_up(shot.value, field.path)
                known = {item[mentions.text]: item[mentions.label] for item in ([] if items is ABSENT else items)}
                head = "".join(self.mention_shots[field.path]) + begin(shot.text)
                spans = candidates(shot.text, self.families[field.path]) if items is not ABSENT else ()
                for passage in dict.fromkeys(shot.text[start:end] for start, end in spans):
                    right = mentions.choice.values.index(known.get(passage, ABSENT))
                    yield join(field.path), f"{head}{ask_mention(passage)}", mentions.choice.labels, right

    def _blank_choices(self, known: set[str]) -> Iterator[_Question]:
        for field in self.lines:
            if isinstance(field.strategy, Choice) and len(field.strategy.labels) > 1 and join(field.path) not in known:
                for text in CONTENT_FREE:
                    prompt = f"{''.join(self.shots)}{begin(text)}{field.heading}:"
                    yield join(field.path), prompt, field.strategy.labels, 0


class _Filling:
    """One document's answers, as they come in."""

    def __init__(self, decoder: FieldDecoder, document: str, max_tokens: int, cancelled: threading.Event) -> None:
        self.decoder = decoder
        self.engine = decoder.engine
        self.document = document
        self.left = max_tokens
        self.room = min(max_tokens, REPLY_ROOM)
        self.cancelled = cancelled
        self.values: dict[Path, Any] = {}
        self.confidences: dict[Path, float] = {}
        self.scored: list[str] = []
        self.read = self.wrote = 0

    def run(self) -> Reply:
        try:
            self._answer_lines()
            for field in self.decoder.lists:
                self._find_mentions(field)
        except _CutError as cut:
            return self._reply(_unfinished(self._value(), cut), cut=True)
        value = self._value()
        return self._reply(json.dumps(value, ensure_ascii=False, separators=SEPARATORS), cut=False)

    def _reply(self, text: str, *, cut: bool) -> Reply:
        return Reply(text, self.read, self.wrote, cut, tuple(self.scored))

    def _answer_lines(self) -> None:
        if not self.decoder.lines:
            return
        prompt = self.decoder.fitted(self.decoder.shots, begin(self.document), self.room)
        longest = 0
        for field in self.decoder.lines:
            prompt += f"{field.heading}:"
            answer = self._choose if isinstance(field.strategy, Choice) else self._write
            tokens = answer(field, prompt)
            longest = max(longest, tokens)
            prompt += f" {say(field, self.values[field.path])}\n"
        self.read += longest

    def _choose(self, field: Field, prompt: str) -> int:
        choice: Any = field.strategy
        label, chance, tokens = self._best(join(field.path), choice, prompt, field.path)
        self.values[field.path] = choice.values[label]
        self.confidences[field.path] = chance
        return tokens

    def _best(self, pointer: str, choice: Choice, prompt: str, path: Path) -> tuple[int, float, int]:
        """Give the likeliest label, its probability, and the tokens of the prompt."""
        if len(choice.labels) == 1:
            return 0, 1.0, 0
        self._spend(1, path)
        calibration = self.decoder.calibrations(self.cancelled).get(pointer) or Calibration.none(len(choice.labels))
        scores, tokens = self.engine.score(prompt, choice.labels, self.cancelled)
        chances = calibration.probabilities(scores)
        best = max(range(len(chances)), key=chances.__getitem__)
        return best, chances[best], tokens

    def _write(self, field: Field, prompt: str) -> int:
        written = field.strategy
        verbatim = field.path in self.decoder.copied
        if isinstance(written, Line):
            grammar = write_line(written, self.document, verbatim=verbatim or written.verbatim)
            room = max(TEXT_TOKENS, written.shortest, 4 * written.fewest)
        else:
            grammar = write_grammar(
                self._asked(written), self.document, readable=self.engine.reads, root=self.decoder.schema
            )
            room = self.left
        self._spend(0, field.path)
        completion = self.engine.complete(
            prompt,
            max_tokens=min(self.left, room),
            grammar=grammar,
            fresh=not (isinstance(written, Line) and (verbatim or written.verbatim)),
            likelihood=field.path in self.decoder.doubted,
            cancelled=self.cancelled,
        )
        self._spend(completion.completion_tokens, field.path, completion.text)
        if self.cancelled.is_set() or (completion.cut and (room > self.left or isinstance(written, Written))):
            raise _CutError(field.path, completion.text)
        if isinstance(written, Line):
            value = _read_line(written, completion.text, verbatim=verbatim or written.verbatim, cut=completion.cut)
        else:
            value = json.loads(completion.text)
            value = ABSENT if value is None and written.optional else value
        self.values[field.path] = value
        self.confidences[field.path] = completion.likelihood or 0.0
        return completion.prompt_tokens

    def _asked(self, written: Written) -> Any:
        """Give the schema to write by: a number is one of the document's, where any of them will do."""
        schema = written.schema
        if written.number:
            found = (json.loads(text.replace(",", "")) for text in NUMBER.findall(self.document))
            numbers = [number for number in dict.fromkeys(found) if self.decoder.fits(number, schema)]
            schema = {"enum": numbers} if numbers else schema
        return {"anyOf": [schema, {"type": "null"}]} if written.optional else schema

    def _find_mentions(self, field: Field) -> None:
        mentions: Any = field.strategy
        spans = candidates(self.document, self.decoder.families[field.path])
        if not spans:
            self._list(field, [])
            return
        shots = self.decoder.mention_shots[field.path]
        head = self.decoder.fitted(shots, begin(self.document), self.room)
        judged: dict[str, tuple[int, float]] = {}
        longest = 0
        for passage in dict.fromkeys(self.document[start:end] for start, end in spans):
            if len(passage) <= (mentions.longest or len(passage)):
                question = f"{head}{ask_mention(passage)}"
                label, chance, tokens = self._best(join(field.path), mentions.choice, question, field.path)
                judged[passage] = label, chance
                longest = max(longest, tokens)
        self.read += longest
        passages = [self.document[start:end] for start, end in spans]
        self._list(field, [(passage, *judged[passage]) for passage in passages if passage in judged])

    def _list(self, field: Field, judged: list[tuple[str, int, float]]) -> None:
        """Keep the mentions that are something, the surest where there may not be as many."""
        mentions: Any = field.strategy
        none = len(mentions.choice.labels) - 1
        found = [entry for entry in judged if entry[1] != none]
        if mentions.most is not None and len(found) > mentions.most:
            surest = sorted(found, key=lambda entry: -entry[2])[: int(mentions.most)]
            found = [entry for entry in found if entry in surest][: int(mentions.most)]
        items = []
        for number, (passage, label, chance) in enumerate(found):
            doubts = dict.fromkeys(mentions.doubts, round(chance, DIGITS))
            items.append({mentions.text: passage, mentions.label: mentions.choice.values[label], **doubts})
            self.scored += [join((*field.path, number, key)) for key in mentions.doubts]
        self.values[field.path] = items
        self.confidences[field.path] = min((chance for *_, chance in judged), default=1.0)

    def _spend(self, tokens: int, path: Path, said: str = "") -> None:
        self.left -= tokens
        self.wrote += tokens
        if self.left < (tokens == 0):
            self.left, self.wrote = 0, self.wrote + self.left
            raise _CutError(path, said)

    def _value(self) -> dict[str, Any]:
        """Build the object from what is known so far, in the schema's order."""
        whole: dict[str, Any] = {}
        for field in self.decoder.fields:
            holder = whole
            for key in field.path[:-1]:
                holder = holder.setdefault(key, {})
            value = (
                self._confidence(field) if isinstance(field.strategy, Doubt) else self.values.get(field.path, ABSENT)
            )
            if value is not ABSENT:
                holder[field.path[-1]] = value
        return whole

    def _confidence(self, field: Field) -> Any:
        """Give how likely the answer is right; of an object the least likely of its answers."""
        of = field.strategy.of  # type: ignore[union-attr]  # only a Doubt comes here
        known = [chance for path, chance in self.confidences.items() if path[: len(of)] == of]
        if not known:
            return ABSENT
        self.scored.append(join(field.path))
        return round(min(known), DIGITS)


class _CutError(Exception):
    """The tokens ran out while a field was answered: `said` is the beginning of its JSON."""

    def __init__(self, path: Path, said: str) -> None:
        super().__init__(path)
        self.path = path
        self.said = said


def too_long(tokens: int, limit: int) -> ApiError:
    """Make the error of a document that no context holds."""
    message = f"prompt is too long: {tokens} tokens > {limit} maximum; SLOTFILL_LOCAL_CONTEXT sets the whole context"
    return ApiError(400, "invalid_request_error", message)


def _unfinished(value: dict[str, Any], cut: _CutError) -> str:
    """Write what there is of an object that was cut off, as if it had been written in one go."""
    known = json.dumps(value, ensure_ascii=False, separators=SEPARATORS)[:-1]
    key = json.dumps(cut.path[0], ensure_ascii=False)
    return (
        f"{known}{SEPARATORS[0] if value else ''}{key}{SEPARATORS[1]}{cut.said.strip() if len(cut.path) == 1 else ''}"
    )


def _read_line(line: Line, text: str, *, verbatim: bool, cut: bool) -> Any:
    """Read a string or a list of strings, without what loops, and without passages that say nothing."""
    text = text.strip()
    if text == NONE and line.blank is not NEVER:
        return line.blank if line.blank != [] else []
    if not line.many:
        return _shortened(text, line, verbatim=verbatim, cut=cut)
    entries = text.split("; ")
    whole = entries[:-1] if cut and len(entries) > max(1, line.fewest) else entries
    read = [_shortened(entry, line, verbatim=verbatim, cut=cut) for entry in whole]
    distinct = {entry.casefold().strip(" .,;:!?"): entry for entry in reversed(read)}
    kept = [entry for key, entry in reversed(distinct.items()) if key and not set(key.split()) <= FUNCTION_WORDS]
    return kept if len(kept) >= line.fewest else read


def _shortened(text: str, line: Line, *, verbatim: bool, cut: bool) -> str:
    """Cut what loops, and half a word at the end of a text that was cut off."""
    shorter = LOOP.sub(r"\1", text).strip()
    if cut and " " in shorter:
        ended = max(shorter.rfind(mark) for mark in (". ", "! ", "? "))
        shorter = shorter[: ended + 1] if ended > 0 else shorter.rpartition(" ")[0]
    return shorter if len(shorter) >= line.shortest and not (verbatim and shorter not in text) else text


def _copies(field: Field, shot: Shot) -> bool:
    """Tell whether an example's strings are all passages of its text."""
    value = look_up(shot.value, field.path)
    strings = value if isinstance(value, list) else [value]
    return all(string in shot.text for string in strings if isinstance(string, str))
