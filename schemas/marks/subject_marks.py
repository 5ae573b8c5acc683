"""Marks of properties that speak of another property of the same object: how sure it is, what it rests on.

In JSON Schema such a mark is a keyword of our own on the property that speaks; it holds the key of the one spoken of,
its subject.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.json_schema.subschemas import properties_of, resolved, subschemas
from slotfill.schemas.json_values.json_types import JSONMapping, JSONObject
from slotfill.schemas.json_values.pointer import join

__all__ = ["SubjectMark"]


@dataclass(frozen=True, slots=True)
class SubjectMark:
    """A keyword that names another property of the same object.

    Attributes:
        keyword: The keyword: an annotation to all other readers.
        description: What a language model is told of the property, `{of}` standing for its subject.
        use: What a subject is there for, in messages: "to be confident of".
    """

    keyword: str
    description: str
    use: str

    def describe(self, of: str) -> str:
        """Say what a property is that has a subject."""
        return self.description.replace("{of}", f"{of}")

    def is_in(self, json_schema: JSONMapping) -> bool:
        """Whether a JSON Schema holds any such mark."""
        return any(self.keyword in schema for _, schema in subschemas(json_schema))

    def subject_of(self, schemas: Iterable[JSONMapping]) -> str | None:
        """Return the key of the subject that the schemas of a value name, None where none does."""
        return next((form[self.keyword] for form in schemas if self.keyword in form), None)

    def name_keys(self, json_schema: JSONObject, by_name: JSONMapping) -> None:
        """Write the keys of properties where a model's marks hold the names of its fields.

        by_name: the same JSON Schema, its properties under the names of fields.
        """
        for (_, keyed), (_, named) in zip(subschemas(json_schema), subschemas(by_name), strict=True):
            names, keys = [*properties_of(named)], [*properties_of(keyed)]
            for _, mark in self.marks(keyed, json_schema):
                name = mark[self.keyword]
                mark[self.keyword] = key = keys[names.index(name)] if name in names else name
                if mark.get("description") == self.describe(name):
                    mark["description"] = self.describe(key)

    def check(self, json_schema: JSONObject, refused: Callable[[JSONObject, JSONObject], str | None]) -> None:
        """Raise SchemaError, with a JSON Pointer, for a mark on no property, or with a subject that cannot be one.

        refused: says of a mark, and the whole schema, what else is wrong with it.
        """
        on_properties = set()
        for path, schema in subschemas(json_schema):
            marks = [*self.marks(schema, json_schema)]
            others = [key for key in properties_of(schema) if key not in dict(marks)]
            for key, mark in marks:
                on_properties.add(id(mark))
                if message := self._complaint(mark[self.keyword], others) or refused(mark, json_schema):
                    raise SchemaError(f"{path}{join(('properties', key))}: {self.keyword}: {message}")
        for path, schema in subschemas(json_schema):
            if self.keyword in schema and id(schema) not in on_properties:
                raise SchemaError(f"{path or '/'}: {self.keyword}: marks no property of an object: move it to one")

    def marks(self, schema: JSONMapping, root: JSONObject) -> Iterator[tuple[str, JSONObject]]:
        """Yield the marks on an object's properties, each with its property's key."""
        for key, part in properties_of(schema).items():
            yield from ((key, form) for form in resolved([part], root) if self.keyword in form)

    def _complaint(self, subject: object, others: list[str]) -> str | None:
        if subject in others:
            return None
        choice = f"name one of {', '.join(map(repr, others))}" if others else "add the field that it is about"
        return f"{subject!r} is no property {self.use}: {choice}"
