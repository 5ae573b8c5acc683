"""A settled proposal as a Pydantic module, in the form that `ruff format` gives it.

Whatever a model or a document says becomes a string literal, or a name of letters, digits and `_` alone: never code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from slotfill.extractors.suggestion.field_names import attribute_name, class_name, distinct
from slotfill.extractors.suggestion.json_form import is_nullable
from slotfill.extractors.suggestion.proposal import Proposal, ProposedField, ProposedPart
from slotfill.extractors.suggestion.sense_checks import Settled

__all__ = ["proposed_module"]

WIDTH = 88
"""The longest line of ruff's own default; what is wider has a trailing comma, which keeps it open at any width."""

_SCALARS = {
    "verbatim": "Verbatim",
    "text": "FreeText",
    "whole number": "int",
    "number": "float",
    "date": "dt.date",
    "yes/no": "bool",
}
_IMPORTED = frozenset({"BaseModel", "ConfigDict", "Field", "FreeText", "Literal", "Verbatim"})
_HEAD = '"""What to extract, as `slotfill suggest` proposed it from sample documents."""'
_CONFIG = '    model_config = ConfigDict(extra="forbid")'


def proposed_module(settled: Settled) -> str:
    """Return the source of a module that has the proposal as a model, called `settled.class_name`."""
    return _Module(settled).source()


@dataclass
class _Module:
    settled: Settled
    taken: set[str] = field(default_factory=set)
    types: set[str] = field(default_factory=set)
    parts: list[list[str]] = field(default_factory=list)

    def source(self) -> str:
        proposal = self.settled.proposal
        self.taken = {*_IMPORTED, *_attributes(proposal), self.settled.class_name}
        whole = [f"class {self.settled.class_name}(BaseModel):", _docstring(proposal.instructions), "", _CONFIG, ""]
        self.parts.append(whole + self.lines(proposal.fields))
        head = "\n".join((_HEAD, "", *self.imports()))
        return f"{head}\n\n\n" + "\n\n\n".join("\n".join(part) for part in self.parts) + "\n"

    def imports(self) -> Iterator[str]:
        if "dt" in self.types:
            yield "import datetime as dt"
        if "Literal" in self.types:
            yield "from typing import Literal"
        yield from [""] * bool(self.types & {"dt", "Literal"})
        yield "from pydantic import BaseModel, ConfigDict, Field"
        if marks := sorted(self.types & {"FreeText", "Verbatim"}):
            yield f"from slotfill.schemas import {', '.join(marks)}"

    def lines(self, fields: Sequence[ProposedField | ProposedPart]) -> list[str]:
        taken: set[str] = set()
        return [line for one in fields for line in self.field_lines(one, taken)]

    def field_lines(self, one: ProposedField | ProposedPart, taken: set[str]) -> list[str]:
        attribute = distinct(attribute_name(one.name), taken)
        taken.add(attribute)
        kind = self.type_of(one)
        written = f"list[{kind}]" if one.many else f"{kind} | None" if is_nullable(one) else kind
        arguments = ["None"] if is_nullable(one) else []
        if attribute != one.name:
            arguments.append(f"alias={_literal(one.name)}")
        arguments.append(f"description={_literal(one.description)}")
        return _statement(f"    {attribute}: {written} = Field(", arguments, ")")

    def type_of(self, one: ProposedField | ProposedPart) -> str:
        if isinstance(one, ProposedField) and one.type == "object":
            return self.nested(one)
        if one.type == "label":
            return self.labels(one)
        name = _SCALARS[one.type]
        self.types.add(name.partition(".")[0])
        return name

    def nested(self, one: ProposedField) -> str:
        name = self.name_for(one)
        self.parts.append([f"class {name}(BaseModel):", _CONFIG, "", *self.lines(one.fields)])
        return name

    def labels(self, one: ProposedField | ProposedPart) -> str:
        self.types.add("Literal")
        name = self.name_for(one)
        self.parts.append(_statement(f"{name} = Literal[", [*map(_literal, one.labels)], "]"))
        return name

    def name_for(self, one: ProposedField | ProposedPart) -> str:
        name = class_name(one.name, self.taken)
        self.taken.add(name)
        return name


def _attributes(proposal: Proposal) -> Iterator[str]:
    for one in proposal.fields:
        yield attribute_name(one.name)
        yield from (attribute_name(part.name) for part in one.fields)


def _statement(head: str, items: Sequence[str], end: str) -> list[str]:
    """Write a call or a subscript: on one line where it surely fits, else an item a line."""
    line = f"{head}{', '.join(items)}{end}"
    if line.isascii() and len(line) <= WIDTH:
        return [line]
    indent = head[: len(head) - len(head.lstrip())]
    return [head, *(f"{indent}    {item}," for item in items), f"{indent}{end}"]


def _docstring(text: str) -> str:
    escaped = "".join(map(_escaped, text)).replace('"', '\\"')
    return f'    """{escaped}"""'


def _literal(text: str) -> str:
    """Write a string as ruff does: in double quotes, unless single ones need fewer escapes."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + "".join(map(_escaped, text)).replace(quote, f"\\{quote}") + quote


def _escaped(letter: str) -> str:
    if letter == "\\" or not letter.isprintable():
        return letter.encode("unicode_escape").decode()
    return letter
