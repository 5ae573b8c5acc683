"""The schema of one chunk of a document: laxer than that of the whole, of which a chunk holds a part."""

from __future__ import annotations

import json
from urllib.parse import quote

from slotfill.extractors.chunks.schema_definitions import (
    BRANCHES,
    CONDITIONS,
    OF_WHOLE_OBJECTS,
    inlined,
    referring_to_definitions,
    with_definitions,
    without,
)
from slotfill.schemas.json_schema.subschemas import properties_of, resolved
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.json_values.pointer import follow, join
from slotfill.schemas.wire.subset import local_pointer

__all__ = ["relax_for_chunk"]

_OF_WHOLE_LISTS = frozenset({"minItems", "contains", "minContains", "maxContains"})


def relax_for_chunk(json_schema: JSONMapping) -> JSONObject:
    """Return the schema of what one of several chunks says: what the whole requires, a part may lack.

    In the root, and in single objects within it, no property is required but lists, which may be short or empty: of a
    list that is left out nobody could tell whether it was forgotten. Conditions on the whole go. The items of lists
    stay as strict as they are, and so do tuples, values of free keys, and objects that have alternatives.
    """
    document = referring_to_definitions(json.loads(json.dumps(json_schema)))
    relaxing = _Relaxing(document)
    root = relaxing.schema(inlined(document, document), is_root=True)
    return with_definitions(root, {**document, "$defs": {**document.get("$defs", {}), **relaxing.made}})


class _Relaxing:
    """One walk over a schema: `made` collects the definitions that are laxer than those they are made of."""

    def __init__(self, document: JSONObject) -> None:
        self.made: JSONObject = {}
        self._document = document
        self._names: dict[str, str] = {}

    def schema(self, schema: JSON, *, is_root: bool = False) -> JSON:
        """Return a schema, its parts and what it refers to without what a part may lack."""
        if not isinstance(schema, dict) or _is_tuple(schema):
            return schema
        lax = without(schema, OF_WHOLE_OBJECTS | _OF_WHOLE_LISTS | (CONDITIONS if _holds_others(schema) else set()))
        if lists := [key for key in schema.get("required", ()) if self._is_list(properties_of(schema).get(key))]:
            lax["required"] = lists
        if properties_of(schema):
            lax["properties"] = {key: self.schema(part) for key, part in properties_of(schema).items()}
        if isinstance(schema.get("allOf"), list):
            lax["allOf"] = [self.schema(part, is_root=is_root) for part in schema["allOf"]]
        for keyword in BRANCHES:
            if isinstance(schema.get(keyword), list):
                self._relax_branches(lax, keyword, is_root=is_root)
        if "$ref" in schema:
            lax["$ref"] = self._reference(schema["$ref"])
        return lax

    def _relax_branches(self, lax: JSONObject, keyword: str, *, is_root: bool) -> None:
        """Relax alternatives, if one of them at most is an object: what is lax does not tell objects apart."""
        branches = lax[keyword]
        if not is_root and sum(map(self._is_object, branches)) > 1:
            return
        relaxed = [self.schema(branch, is_root=is_root) for branch in branches]
        if relaxed != branches:
            del lax[keyword]
            # Several alternatives may hold now.
            lax["allOf"] = [*lax.get("allOf", ()), {"anyOf": relaxed}]
            if len(lax["allOf"]) == 1 and "anyOf" not in lax:
                lax["anyOf"] = lax.pop("allOf")[0]["anyOf"]

    def _is_list(self, part: JSON) -> bool:
        return any(form.get("type") == "array" for form in resolved([part], self._document))

    def _is_object(self, branch: JSON) -> bool:
        return any("properties" in form or form.get("type") == "object" for form in resolved([branch], self._document))

    def _reference(self, reference: JSON) -> JSON:
        """Refer to the lax form of a definition, if that is another one."""
        pointer = local_pointer(reference, self._document)
        target = None if pointer is None else follow(pointer, self._document)
        if pointer is None or target is None:
            return reference
        if pointer not in self._names:
            self._names[pointer] = name = self._free_name(pointer)
            self.made[name] = self.schema(target)
            if self.made[name] == target:
                self._names[pointer] = ""
                del self.made[name]
        name = self._names[pointer]
        return f"#{quote(join(('$defs', name)), safe='/$~')}" if name else reference

    def _free_name(self, pointer: str) -> str:
        name = f"{pointer.rsplit('/', 1)[-1]}-part"
        while name in self.made or name in self._document.get("$defs", {}):
            name += "-"
        return name


def _is_tuple(schema: JSONMapping) -> bool:
    return bool(schema.get("prefixItems")) or isinstance(schema.get("items"), list)


def _holds_others(schema: JSONMapping) -> bool:
    """Whether a schema is an object's or a list's."""
    return schema.get("type") in ("object", "array") or not schema.keys().isdisjoint(("properties", "items", "allOf"))
