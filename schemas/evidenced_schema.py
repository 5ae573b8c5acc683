"""A schema that is asked for with evidence: the passages on which each judged value rests, which are no part of it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, TypeVar

from slotfill.schemas.errors import FieldError, InvalidError, SchemaCodeError, SchemaError
from slotfill.schemas.example import Example
from slotfill.schemas.field_digests import FieldDigests
from slotfill.schemas.json_schema.value_walk import ValueNode, walk
from slotfill.schemas.json_values.exact_json import dumps, loads
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.json_values.places import NO_VALUE, ValuePath, replaced
from slotfill.schemas.json_values.pointer import join
from slotfill.schemas.marks.evidence import EVIDENCE_MARK
from slotfill.schemas.marks.judged_fields import add_evidence, without_properties
from slotfill.schemas.part_schema import PartSchema
from slotfill.schemas.passages.quotable import is_quotable
from slotfill.schemas.schema import Schema
from slotfill.schemas.verbatim import misquoted

__all__ = ["EvidencedSchema", "schema_of_part", "with_evidence"]

M = TypeVar("M")

TOLD = """\
Beside each judged value stands a list of passages, under a key of its own: copy there, word for word, what the value \
rests on. An example that lacks these lists was written without them: give them all the same."""


class EvidencedSchema(Schema[M]):
    """A schema's values with lists of passages beside what is judged in them.

    What is read is judged by the schema itself, without these lists, so that a value is the same with and without them;
    their passages must stand in the document. A list that is missing names none.

    Attributes:
        whole: The schema that the values are of. Its name and id are those of this one, too.
    """

    def __init__(
        self, whole: Schema[M], json_schema: JSONMapping, added: frozenset[str], examples: Iterable[Example]
    ) -> None:
        """Ask for a schema's values by `json_schema`, whose properties of the names `added` are lists of passages."""
        self.whole, self.added_keys = whole, added
        self.model, self.name, self.id = whole.model, whole.name, whole.id
        self.context, self.parameters, self.calibration = whole.context, whole.parameters, whole.calibration
        self.instructions = f"{whole.instructions}\n\n{TOLD}"
        self._describe({**json_schema})
        self.examples = tuple(examples)

    @cached_property
    def digests(self) -> FieldDigests:
        """What each field of the value is asked by."""
        return self.whole.digests

    def read(self, text: str, *, document: str | None = None) -> tuple[M, JSON]:
        """Validate as `Schema.read` does; the data that it gives holds the lists, too."""
        try:
            data = self.unwrap(loads(text))
        except ValueError:
            return self.whole.read(text, document=document)  # it says what is wrong with it
        lists = self._lists(data)
        errors = [error for path, listed in lists.items() for error in _errors(path, listed, document)]
        try:
            value, plain = self.whole.read(dumps(self.whole.wrap(self.plain(data))), document=document)
        except SchemaCodeError:
            raise
        except InvalidError as error:
            raise InvalidError((*error.errors, *errors), data) from None
        if errors:
            raise InvalidError(tuple(errors), data)
        for path, listed in lists.items():
            plain = replaced(plain, path, listed)
        return value, plain

    def dump(self, value: M) -> JSON:
        """Return the value as plain JSON data, without any list of passages."""
        return self.whole.dump(value)

    def plain(self, data: JSON) -> JSON:
        """Return what of plain JSON data is the value."""
        for path in self._lists(data):
            data = replaced(data, path, NO_VALUE)
        return data

    def _lists(self, data: JSON) -> dict[ValuePath, JSON]:
        """Return all that stands where a list of passages was asked for."""
        return {node.path: node.value for node in walk(data, self.json_schema) if self._is_added(node)}

    def _is_added(self, node: ValueNode) -> bool:
        return (
            bool(node.path) and node.path[-1] in self.added_keys and EVIDENCE_MARK.subject_of(node.schemas) is not None
        )


def with_evidence(schema: Schema[M]) -> Schema[M]:
    """Return a schema that asks for the evidence of all judged values as well.

    Raises:
        SchemaError: Nothing in it is judged: all its values are read.
    """
    names = {name for key, others in schema.synonyms.items() for name in (key, *others)}
    json_schema, added = add_evidence(schema.json_schema, names)
    if added:
        return EvidencedSchema(schema, json_schema, added, schema.examples)
    if schema.has_evidence:
        return schema
    raise SchemaError(
        f"schema {schema.name!r} has no field whose value is judged (a choice, a truth, a score, a free text): there "
        "is nothing to show evidence of; leave out --evidence, or evidence=True"
    )


def schema_of_part(
    whole: Schema[Any], json_schema: JSONMapping, *, examples: Iterable[Example] = (), nested: bool = False
) -> Schema[Any]:
    """Make the schema of a part of a value, as `PartSchema` is, of one that is asked for with evidence, too."""
    if not isinstance(whole, EvidencedSchema):
        return PartSchema(whole, json_schema, examples=examples, nested=nested)
    plain = without_properties(json_schema, whole.added_keys)
    part = PartSchema(whole.whole, plain, examples=(), nested=nested)
    return EvidencedSchema(part, json_schema, whole.added_keys, examples)


def _errors(path: ValuePath, listed: JSON, document: str | None) -> list[FieldError]:
    """Say what is wrong with a list of passages."""
    if not isinstance(listed, list):
        return [FieldError(join(path), "Input should be a valid list")]
    errors = []
    for at, passage in enumerate(listed):
        if not isinstance(passage, str):
            errors.append(FieldError(join((*path, at)), "Input should be a valid string"))
        elif document is not None and not is_quotable(passage, document):
            errors.append(FieldError(join((*path, at)), misquoted(passage, document)))
    return errors
