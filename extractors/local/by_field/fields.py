"""One answer, a question a field: the model scores labels and writes small parts, and the code builds the JSON.

All questions of a document begin with the same text (the examples, then the document, then the answers so far), which
llama.cpp has then read already. Labels come first: what the model writes itself is too often wrong to judge by.
"""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast

from slotfill.extractors.local.by_field.calibration import CONTENT_FREE, Calibration, Scored, keep, recall
from slotfill.extractors.local.by_field.fitted_biases import fitted_biases
from slotfill.extractors.local.by_field.layout import (
    begin,
    introduction,
    labelled_passages,
    show_fields,
    show_mentions,
    value_at,
    write_field,
)
from slotfill.extractors.local.by_field.worked_examples import WORKED_EXAMPLES
from slotfill.extractors.local.candidates.candidates import choose_families
from slotfill.extractors.local.candidates.rows import find_rows
from slotfill.extractors.local.candidates.stated import stated_values
from slotfill.extractors.local.conversation import Shot
from slotfill.extractors.local.strategies import (
    ABSENT,
    Choice,
    Compiled,
    Doubt,
    Field,
    FieldPath,
    Line,
    MentionList,
    RowList,
    Stated,
    Written,
)
from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.schemas.json_values.pointer import join

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from slotfill.extractors.local.llama import Engine
    from slotfill.schemas.json_values.json_types import JSON, JSONMapping

__all__ = ["FieldDecoder", "too_long"]

_Question = tuple[str, str, tuple[str, ...], int]
"""The pointer of a field, a prompt, the labels, and which of them is right."""


SHOTS = 16
"""The most worked examples that are shown; what there are more, the oldest, calibrate the scores."""

ANSWERS = 128
"""Tokens that a labelled text leaves free for its answers, all of them labels."""

VERSION = 3
"""Of what is kept of a calibration: another one is not read again."""


class FieldDecoder:
    """Answers one schema's questions about documents, shown one set of examples.

    schema: the whole JSON Schema, `compiled` its questions, `validator` that of jsonschema for it.
    examples: shown, and, where there are more than `SHOTS`, used to calibrate.
    labelled: texts with values, of which any part may be left out, that calibrate the scores.
    instructions: shown where there are no examples. question: what strings and quotes are to answer, if anything.
    """

    def __init__(
        self,
        engine: Engine,
        schema: JSONMapping,
        compiled: Compiled,
        validator: JSON,
        *,
        examples: Sequence[Shot],
        labelled: Sequence[Shot],
        instructions: str,
        question: str = "",
    ) -> None:
        self.engine = engine
        self.schema = schema
        self._validator = validator
        self.labelled = (*examples[:-SHOTS], *labelled)
        shots = examples[-SHOTS:]
        self.fields = tuple(self._as_shown(field, shots) for field in compiled.fields)
        choices = [field for field in self.fields if isinstance(field.strategy, Choice)]
        written = [field for field in self.fields if isinstance(field.strategy, Line | Stated | Written)]
        # What sums up comes last, as far as may be: it takes the longest, and nothing else is to rest on it.
        self.lines = (
            *choices,
            *sorted(written, key=lambda field: isinstance(field.strategy, Line) and field.strategy.sums_up),
        )
        self.lists = tuple(field for field in self.fields if isinstance(field.strategy, MentionList))
        rows = (field for field in self.fields if isinstance(field.strategy, RowList))
        self.row_lists = tuple((field, self._of_rows(field)) for field in rows)
        self.is_shown = bool(shots)
        self.question = question
        legend = "" if shots else introduction(compiled, instructions)
        self.copied = {field.path for field in written if all(_copies(field, shot) for shot in shots)}
        self.shots = (legend, *([show_fields(self.lines, shot) for shot in shots] or WORKED_EXAMPLES))
        self.mention_shots: dict[FieldPath, tuple[str, ...]] = {}
        self.families: dict[FieldPath, tuple[str, ...]] = {}
        for field in self.lists:
            self._show(field, shots, legend)
        self.doubted = {field.strategy.of for field in compiled.fields if isinstance(field.strategy, Doubt)}
        self._calibrating = threading.Lock()
        self._calibrations: dict[str, Calibration] | None = None

    def fitted(self, shots: Sequence[str], body: str, room: int) -> str:
        """Write as many of the latest examples before a text as leave room for the answers."""
        limit = self.engine.context - room
        if len(("".join(shots) + body).encode("utf-8", "replace")) < limit:
            return "".join(shots) + body  # no token has less than a byte
        while (tokens := self.engine.count("".join(shots) + body)) > limit:
            if not any(shots):
                raise too_long(tokens, limit)
            shots = ("", *shots[2:])
        return "".join(shots) + body

    def calibrations(self, cancelled: threading.Event) -> Mapping[str, Calibration]:
        """Return what is known of the scores, by JSON Pointer. The first time it may take seconds."""
        with self._calibrating:
            if self._calibrations is None:
                key = self.prompt_key()
                calibrations = fitted_biases(key) or recall(key) or self._calibrated(cancelled)
                if cancelled.is_set():
                    return calibrations
                if not fitted_biases(key):
                    keep(key, calibrations)
                self._calibrations = calibrations
        return self._calibrations

    def fits(self, value: JSON, part: JSON) -> bool:
        """Whether a value is valid for a part of the schema."""
        return bool(self._validator.evolve(schema=part).is_valid(value))

    def _as_shown(self, field: Field, shots: Sequence[Shot]) -> Field:
        """Have a field's JSON written where the examples show values that their texts do not state."""
        strategy = field.strategy
        if not isinstance(strategy, Stated | RowList) or all(_states(field, shot) for shot in shots):
            return field
        return replace(field, strategy=Written(strategy.part, optional=strategy.blank is ABSENT))

    def _of_rows(self, field: Field) -> FieldDecoder:
        """Return what answers the questions of one row."""
        rows = cast("RowList", field.strategy)
        return FieldDecoder(
            self.engine,
            self.schema,
            Compiled(rows.item),
            self._validator,
            examples=(),
            labelled=(),
            instructions=field.description,
        )

    def _show(self, field: Field, shots: Sequence[Shot], legend: str) -> None:
        mentions = cast("MentionList", field.strategy)
        labelled = ((shot.text, labelled_passages(mentions, value_at(shot.value, field.path))) for shot in shots)
        examples = [(text, [passage for passage, _ in pairs]) for text, pairs in labelled]
        families = self.families[field.path] = choose_families(examples)
        labels = f"Each passage is one of: {', '.join(mentions.choice.labels)}.\n\n" if legend else ""
        blocks = (show_mentions(mentions, field.path, families, shot) for shot in shots)
        self.mention_shots[field.path] = (legend + labels, *blocks)

    def prompt_key(self) -> str:
        """Return the hash of what scores of labels depend on: the model, the labels and what stands before a text."""
        labelled = [[shot.text, shot.value] for shot in self.labelled]
        asked = [[field.path, field.strategy.labels] for field in self.lines if isinstance(field.strategy, Choice)]
        parts = [VERSION, self.engine.identity, asked, self.shots, labelled]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()

    def _calibrated(self, cancelled: threading.Event) -> dict[str, Calibration]:
        """Ask about all labelled texts; about texts that say nothing, where there are neither these nor examples."""
        questions = list(self._labelled_choices())
        blank = [] if self.is_shown else [*self._blank_choices({path for path, *_ in questions})]
        ask = partial(self._scores, cancelled)
        scored = [*zip(questions, map(ask, questions), strict=True)]
        empty = [*zip(blank, map(ask, blank), strict=True)]
        calibrations = {path: Calibration.content_free([s for (p, *_), s in empty if p == path]) for path, *_ in blank}
        for path in {path for path, *_ in questions}:
            examples: list[Scored] = [(scores, right) for (p, _, _, right), scores in scored if p == path]
            calibrations[path] = Calibration.fit(examples)
        return calibrations

    def _scores(self, cancelled: threading.Event, question: _Question) -> tuple[float, ...]:
        _, prompt, labels, _ = question
        return self.engine.score(prompt, labels, cancelled)[0]

    def _labelled_choices(self) -> Iterator[_Question]:
        for shot in self.labelled:
            try:
                prompt = self.fitted(self.shots, begin(shot.text), ANSWERS)
            except ApiError:  # a text too long to be asked about tells nothing
                continue
            for field in self.lines:
                value = value_at(shot.value, field.path)
                if not isinstance(field.strategy, Choice) or value is ABSENT:
                    continue
                label = write_field(field, value)
                if len(field.strategy.labels) > 1 and label in field.strategy.labels:
                    right = field.strategy.labels.index(label)
                    yield join(field.path), f"{prompt}{field.heading}:", field.strategy.labels, right
                prompt += f"{field.heading}: {label}\n"

    def _blank_choices(self, known: set[str]) -> Iterator[_Question]:
        for field in self.lines:
            if isinstance(field.strategy, Choice) and len(field.strategy.labels) > 1 and join(field.path) not in known:
                for text in CONTENT_FREE:
                    prompt = f"{self.fitted(self.shots, begin(text), ANSWERS)}{field.heading}:"
                    yield join(field.path), prompt, field.strategy.labels, 0


def too_long(tokens: int, limit: int) -> ApiError:
    """Make the error of a document that no context holds."""
    message = f"prompt is too long: {tokens} tokens > {limit} maximum; SLOTFILL_LOCAL_CONTEXT sets the whole context"
    return ApiError(400, "invalid_request_error", message)


def _states(field: Field, shot: Shot) -> bool:
    """Whether an example's text states its number or date, or holds its rows."""
    value = value_at(shot.value, field.path)
    if value is ABSENT or not value:
        return True
    if isinstance(field.strategy, RowList):
        return isinstance(value, list) and len(find_rows(shot.text)) >= len(value)
    stated = cast("Stated", field.strategy)
    return bool(stated_values(shot.text, stated.kind, lambda other: other == value, as_text=stated.as_text))


def _copies(field: Field, shot: Shot) -> bool:
    """Whether an example's strings are all passages of its text."""
    value = value_at(shot.value, field.path)
    strings = value if isinstance(value, list) else [value]
    return all(string in shot.text for string in strings if isinstance(string, str))
