"""The questions that a small model can answer: one strategy a field. `schema_compiler` makes them of a JSON Schema."""

from __future__ import annotations

import re
from dataclasses import dataclass

from slotfill.schemas.json_values.json_types import JSON

__all__ = [
    "ABSENT",
    "CALIBRATION",
    "EMPTY_LABEL",
    "NOT_EMPTY",
    "QUESTION",
    "Choice",
    "Compiled",
    "Doubt",
    "Field",
    "FieldPath",
    "Line",
    "MentionList",
    "NoPassages",
    "RowList",
    "Stated",
    "Strategy",
    "Written",
]

FieldPath = tuple[str, ...]

CALIBRATION = "x-calibration"
"""The keyword, at the root of a schema, of labelled texts that calibrate the scores: `[{"text": …, "value": …}]`."""

QUESTION = "x-question"
"""The keyword, at the root of a schema, of the question that its strings and quotes are to answer."""

LONGEST = 200
"""The most characters of a string, unless the schema wants more."""

MOST = 8
"""The most entries of a list of strings, unless the schema wants more: greedy decoding tends to go on for ever."""

EMPTY_LABEL = "none"
"""How an empty value is said."""


class _Mark:
    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


ABSENT = _Mark("ABSENT")
"""The value of a field that is left out."""

NOT_EMPTY = _Mark("NOT_EMPTY")
"""The value of a field that cannot be left empty."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few values: the model scores their labels, each one line of text."""

    values: tuple[JSON, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MentionList:
    """A list of objects that hold a passage of the document and its label.

    Candidate passages come from the text, and each is labelled; the last label says that it is none of these.
    text, label: the objects' keys. doubts: the keys that hold the confidence in the label. evidence: the keys that hold
    what the label rests on, which is the passage. repeated: each mention is listed, not each passage once.
    """

    text: str
    label: str
    choice: Choice
    doubts: tuple[str, ...]
    most: int | None
    longest: int | None
    evidence: tuple[str, ...] = ()
    repeated: bool = True


@dataclass(frozen=True, slots=True)
class Doubt:
    """A `Confidence` field: how likely the answer of another field is right."""

    of: FieldPath


@dataclass(frozen=True, slots=True)
class NoPassages:
    """A list of passages on which another field rests, `Evidence`: it stays empty, and nothing is asked.

    A small model that is asked for them gives hardly any, takes several times as long, and answers all other fields
    otherwise: what a question is preceded by counts.
    """


@dataclass(frozen=True, slots=True)
class Line:
    """A string, or a list of strings: the model writes a line of text, and `; ` between entries.

    verbatim: each string is a passage of the document. many: it is a list.
    blank: the value that `none` stands for: null, no entry, or `ABSENT`; `NOT_EMPTY` where there must be something.
    shortest, longest: characters of a string. fewest, most: entries of a list.
    sums_up: it says in short what the text says.
    """

    verbatim: bool
    many: bool
    blank: JSON
    shortest: int = 0
    longest: int = LONGEST
    fewest: int = 0
    most: int = MOST
    sums_up: bool = False

    @property
    def is_required(self) -> bool:
        """Whether there must be something."""
        return self.blank is NOT_EMPTY


@dataclass(frozen=True, slots=True)
class Stated:
    """A number or a date: one of those that the text states, in any form, and nothing else.

    kind: "number", or the format of a string: "date", "date-time", "time".
    schema: what is asked of the value. as_text: numbers are strings, with all their digits (Decimal).
    blank: the value where the text states none: null or `ABSENT`; `NOT_EMPTY` where it must, and the answer lacks it.
    part: the field's whole schema, by which its JSON is written where examples show numbers that are worked out.
    """

    kind: str
    schema: JSON
    blank: JSON
    part: JSON = None
    as_text: bool = False

    @property
    def is_required(self) -> bool:
        """Whether there must be something."""
        return self.blank is NOT_EMPTY


@dataclass(frozen=True, slots=True)
class RowList:
    """A list of objects: the rows of the text, found by their repeated shape, and each field asked within its row.

    item: the questions of a row. schema: of one row. description: what a row is.
    blank: the value where the text has no rows: null or `ABSENT`; `NOT_EMPTY` where the answer then lacks the list.
    part: the field's whole schema, by which its JSON is written where examples show entries that are no rows.
    """

    item: tuple[Field, ...]
    schema: JSON
    blank: JSON
    most: int | None = None
    part: JSON = None


@dataclass(frozen=True, slots=True)
class Written:
    """Whatever else: the model writes its JSON. `optional`: null stands for leaving it out."""

    schema: JSON
    optional: bool = False


Strategy = Choice | MentionList | Line | Doubt | NoPassages | Stated | RowList | Written


@dataclass(frozen=True, slots=True)
class Field:
    """One question. `path` leads from the root to the field through objects."""

    path: FieldPath
    strategy: Strategy
    description: str = ""

    @property
    def heading(self) -> str:
        """What the field is called before its value: `Key phrases` for `key_phrases`."""
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", " ".join(self.path)).replace("_", " ")
        return " ".join(words.split()).capitalize() or "Value"


@dataclass(frozen=True, slots=True)
class Compiled:
    """A schema's questions, in the order of the schema."""

    fields: tuple[Field, ...]
