"""Merge: how a field's value is told where the parts of one document say different things.

A long document is read in parts, and every part gives a value. What is made of them is the default for most fields;
`Annotated[int, Merge("greatest")]` or `Annotated[list[Line], Merge(key=("sku",))]` says otherwise. In JSON Schema the
keyword `x-merge` holds the policy's name, or `{"key": […]}` with the keys of the items' properties.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.json_schema.subschemas import properties_of, resolved, subschemas
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject

__all__ = [
    "MERGE_KEYWORD",
    "Merge",
    "MergePolicy",
    "check_merges",
    "has_keys",
    "list_key_of",
    "name_merge_keys",
    "policy_of",
]

MERGE_KEYWORD = "x-merge"
"""The keyword that holds it in JSON Schema: an annotation to all other readers."""

MergePolicy = Literal["most", "first", "last", "least", "greatest", "longest", "join"]
"""What is kept.

most: what most chunks say; of several, what is said first in the document. The default for one value.
first, last: what is said first, or last, in the document.
least, greatest: of numbers by size, of texts by code points, which is right for ISO dates.
longest: the text of most code points, the list of most items; of several, the first.
join: the distinct texts, joined with a space, in the document's order.

An object or a list that names one of them, save `join`, is kept whole; without, objects are merged property by
property, and lists are united.
"""

_POLICIES: tuple[MergePolicy, ...] = get_args(MergePolicy)


class Merge:
    """Says how a field is merged: by a policy, or, for a list of objects, which of their fields tell them apart.

    `Annotated[int, Merge("greatest")]`, or `Annotated[list[Line], Merge(key=("sku",))]`.

    Attributes:
        keyword: What stands for it in JSON Schema.
    """

    __slots__ = ("keyword",)

    def __init__(self, policy: MergePolicy | None = None, *, key: Iterable[str] = ()) -> None:
        """Say how values are merged.

        Args:
            policy: What is kept of several values, see `MergePolicy`.
            key: Names of the items' fields; items of different parts that agree in all of them, up to case and white
                space, are one item.

        Raises:
            SchemaError: Not exactly one of the two is given, or it is none that is known.
        """
        if isinstance(key, str):
            raise SchemaError(f"Merge(key={key!r}): is no list of names: write key=({key!r},)")
        names = [*key]
        if (policy is None) == (not names):
            raise SchemaError("Merge takes a policy or a key, and one of them only")
        self.keyword: str | dict[str, list[str]] = {"key": names} if policy is None else policy
        if complaint := _complaint(self.keyword):
            raise SchemaError(f"Merge: {complaint}")

    def __repr__(self) -> str:
        return f"Merge({self.keyword!r})" if isinstance(self.keyword, str) else f"Merge(key={self.keyword['key']!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Merge) and self.keyword == other.keyword

    def __hash__(self) -> int:
        return hash(repr(self))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), MERGE_KEYWORD: self.keyword}


def policy_of(forms: Iterable[JSONMapping]) -> MergePolicy | None:
    """Return the policy that the schemas of a value name, None where none does."""
    return next((form[MERGE_KEYWORD] for form in forms if isinstance(form.get(MERGE_KEYWORD), str)), None)


def list_key_of(forms: Iterable[JSONMapping]) -> tuple[str, ...]:
    """Return the keys that tell a list's items apart, none where the schemas of the list name none."""
    return next((tuple(form[MERGE_KEYWORD]["key"]) for form in forms if isinstance(form.get(MERGE_KEYWORD), dict)), ())


def check_merges(json_schema: JSONObject) -> None:
    """Raise SchemaError, with a JSON Pointer, for an unknown policy, and for a key that the items do not have."""
    for path, schema in subschemas(json_schema):
        if MERGE_KEYWORD not in schema:
            continue
        complaint = _complaint(schema[MERGE_KEYWORD])
        if not complaint and not isinstance(schema[MERGE_KEYWORD], str):
            known = {key: None for item in _items(schema, json_schema) for key in properties_of(item)}
            complaint = _unknown(schema[MERGE_KEYWORD]["key"], [*known])
        if complaint:
            raise SchemaError(f"{path or '/'}: {MERGE_KEYWORD}: {complaint}")


def has_keys(json_schema: JSONMapping) -> bool:
    """Whether any list of a JSON Schema names keys."""
    return any(isinstance(schema.get(MERGE_KEYWORD), dict) for _, schema in subschemas(json_schema))


def name_merge_keys(json_schema: JSONObject, by_name: JSONObject) -> None:
    """Write the keys of properties where a model's `Merge(key=…)` holds the names of its fields.

    by_name: the same JSON Schema, its properties under the names of fields.
    """
    for (_, keyed), (_, named) in zip(subschemas(json_schema), subschemas(by_name), strict=True):
        if isinstance(keyed.get(MERGE_KEYWORD), dict) and not _complaint(keyed[MERGE_KEYWORD]):
            both = zip(_items(keyed, json_schema), _items(named, by_name), strict=True)
            keys = {name: key for one, other in both for name, key in _renamed(other, one)}
            keyed[MERGE_KEYWORD] = {"key": [keys.get(name, name) for name in keyed[MERGE_KEYWORD]["key"]]}


def _renamed(named: JSONMapping, keyed: JSONMapping) -> Iterable[tuple[str, str]]:
    return zip(properties_of(named), properties_of(keyed), strict=True)


def _items(schema: JSONMapping, root: JSONObject) -> list[JSONObject]:
    """Return all that speaks of the items of a list."""
    lists = resolved([schema], root)
    return [*resolved([form["items"] for form in lists if "items" in form], root)]


def _complaint(keyword: JSON) -> str | None:
    """Say what is wrong with the keyword's own form."""
    if isinstance(keyword, str):
        known = ", ".join(map(repr, _POLICIES))
        return None if keyword in _POLICIES else f"{keyword!r} is no policy: use one of {known}"
    names = keyword.get("key") if isinstance(keyword, dict) else None
    if isinstance(names, list) and names and keyword.keys() == {"key"} and all(isinstance(name, str) for name in names):
        return None
    return f"{keyword!r} says nothing: give a policy's name or {{'key': ['…']}}, at least one key"


def _unknown(names: list[str], known: list[str]) -> str | None:
    missing = [name for name in names if name not in known]
    choice = f"name some of {', '.join(map(repr, known))}" if known else "a key is for lists of objects"
    return f"{missing[0]!r} is no property of the items: {choice}" if missing else None
