"""The validator of a JSON Schema's draft, made when all that can be known before a value comes has been checked.

No reference is ever fetched: what a schema refers to stands in it, or is given with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn, TypeAlias

import regex
from jsonschema import FormatChecker
from jsonschema.exceptions import best_match
from jsonschema_specifications import REGISTRY
from referencing import Resource, Specification
from referencing.exceptions import Unresolvable
from referencing.jsonschema import specification_with

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.json_schema.dialects import DRAFTS, DraftValidator, dialect, draft_of
from slotfill.schemas.json_schema.patterns import compiled
from slotfill.schemas.json_schema.value_errors import clipped
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.json_values.places import ValuePath
from slotfill.schemas.json_values.pointer import join

__all__ = ["draft_validator"]

_Resolver: TypeAlias = Any
"""What follows references. `referencing` names no public type for it."""

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


def draft_validator(document: JSON, resources: JSONMapping, checkers: FormatChecker) -> DraftValidator:
    """Build the validator of a JSON Schema. Raises SchemaError, with a JSON Pointer to what is wrong."""
    draft, ignored = _draft_of(document, resources)
    specification = specification_with(draft.META_SCHEMA["$schema"])
    root = _resource(document, specification)
    _check_against_metaschema(document, draft, "")
    registry = REGISTRY.with_resources((uri, _resource(part, specification)) for uri, part in resources.items())
    resolver = registry.resolver_with_root(root)
    _check_parts(root, resolver, draft)
    return dialect(draft, ignored)(document, registry=registry, _resolver=resolver, format_checker=checkers)


def _draft_of(document: JSON, resources: JSONMapping) -> tuple[DraftValidator, frozenset[str]]:
    """Return the draft of a schema, and the keywords that a metaschema of the user's leaves out."""
    named = document.get("$schema") if isinstance(document, Mapping) else None
    if named is None:
        return DRAFTS[0], frozenset()
    meta = resources.get(named) if isinstance(named, str) else None
    if isinstance(meta, Mapping):
        vocabularies = meta.get("$vocabulary")
        return DRAFTS[0], _keywords_outside(vocabularies) if isinstance(vocabularies, Mapping) else frozenset()
    draft = draft_of(document) if isinstance(named, str) else None
    if draft is None:
        known = ", ".join(repr(draft.META_SCHEMA["$schema"]) for draft in DRAFTS)
        raise SchemaError(f"no valid JSON Schema: /$schema: {named!r} is no draft that is known: use one of {known}")
    return draft, frozenset()


def _keywords_outside(vocabularies: JSONMapping) -> frozenset[str]:
    """Collect the keywords of 2020-12's vocabularies that are not among these."""
    keywords: set[str] = set()
    for uri in REGISTRY:
        contents = REGISTRY.contents(uri)
        own = set(contents.get("$vocabulary", ())) if "/2020-12/meta/" in uri else set()
        if own and not own & set(vocabularies):
            keywords |= set(contents.get("properties", ()))
    return frozenset(keywords)


def _resource(contents: JSON, default: Specification[JSON]) -> Resource[JSON]:
    """Read a schema by the draft it names, else by the default one."""
    if isinstance(contents, Mapping):
        return Resource.from_contents(contents, default)
    return default.create_resource(contents)


def _check_against_metaschema(schema: JSON, draft: DraftValidator, reference: str) -> None:
    # Patterns are checked apart, as ECMA-262 has them: the metaschema's `format: regex` means Python's.
    meta = draft(draft.META_SCHEMA, format_checker=FormatChecker(formats=()))
    error = best_match(meta.iter_errors(schema))
    if error is not None:
        place = f"{reference}{join(error.absolute_path)}" or "/"
        # Of alternatives the one that lists its values says most: a `type` is one of seven words, or a list of them.
        listing = next((inner for inner in error.context or () if inner.validator == "enum"), error)
        raise SchemaError(f"no valid JSON Schema: {place}: {clipped(listing.message)}")


def _check_parts(root: Resource[JSON], resolver: _Resolver, draft: DraftValidator) -> None:
    """Check the patterns and references of the schema, and of all that it refers to."""
    seen: set[int] = set()
    targets = [("", root, resolver)]
    while targets:
        reference, target, resolver = targets.pop()
        if id(target.contents) in seen:
            continue
        if reference:
            _check_against_metaschema(target.contents, draft_of(target.contents, draft), reference)
        for part, within in _parts(target, resolver):
            seen.add(id(part))
            _check_patterns(part, root.contents)
            targets.extend(_targets(part, within, root))


def _parts(root: Resource[JSON], resolver: _Resolver) -> Iterator[tuple[JSONMapping, _Resolver]]:
    """Yield the true subschemas, each with its resolver: what stands in a `const` is none."""
    rest = [(root, resolver)]
    while rest:
        resource, resolver = rest.pop()
        if isinstance(resource.contents, Mapping):
            yield resource.contents, resolver
        # Beside schemas, the lists of keys under `dependencies` are taken for such, too.
        true = [part for part in resource.subresources() if isinstance(part.contents, Mapping | bool)]
        rest.extend((part, resolver.in_subresource(part)) for part in true)


def _check_patterns(schema: JSONMapping, document: JSON) -> None:
    for pattern in [*schema.get("patternProperties", ()), schema.get("pattern")]:
        if isinstance(pattern, str):
            try:
                compiled(pattern)
            except regex.error as error:
                _refuse(schema, document, f"pattern {pattern!r} does not compile: {error}")


def _targets(
    schema: JSONMapping, resolver: _Resolver, root: Resource[JSON]
) -> Iterator[tuple[str, Resource[JSON], _Resolver]]:
    """Yield what a schema refers to: the reference, the schema there, its resolver."""
    for keyword in _REFERENCES:
        if not isinstance(reference := schema.get(keyword), str):
            continue
        try:
            found = resolver.lookup(reference)
            yield reference, _resource(found.contents, root._specification), found.resolver  # noqa: SLF001 - has no public name
        except (Unresolvable, ValueError, TypeError, AttributeError):  # the last three: a pointer into no schema
            message = "leads nowhere: references are not fetched; put the schema under $defs"
            _refuse(schema, root.contents, f"reference {reference!r} {message}")


def _refuse(schema: JSONMapping, document: JSON, message: str) -> NoReturn:
    place = _place(schema, document)
    raise SchemaError(f"{place}: {message}" if place else message)


def _place(schema: JSONMapping, document: JSON) -> str | None:
    """Find the JSON Pointer of a part of the document, None for a part of another resource."""
    rest: list[tuple[ValuePath, JSON]] = [((), document)]
    while rest:
        path, node = rest.pop()
        if node is schema:
            return join(path)
        steps = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        rest.extend(((*path, step), child) for step, child in steps)
    return None
