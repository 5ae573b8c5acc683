"""A JSON Schema becomes a Pydantic response model whose validator is `jsonschema` itself.

No reference is ever fetched, time and recursion are bounded, formats are checked, `verbatim` against the document.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from functools import cache, partial
from typing import Annotated, Any, ClassVar, NoReturn, TypeVar, cast
from urllib.parse import unquote

import regex
from jsonschema import FormatChecker
from jsonschema.exceptions import ValidationError as Finding
from jsonschema.exceptions import best_match
from jsonschema_specifications import REGISTRY
from pydantic import AfterValidator, RootModel, ValidationError, ValidationInfo, create_model
from pydantic_core import InitErrorDetails, PydanticCustomError
from referencing import Resource, Specification
from referencing.exceptions import Unresolvable
from referencing.jsonschema import specification_with

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.json_schema.dialects import DRAFTS, dialect, draft_of, validation
from slotfill.schemas.json_schema.formats import FORMATS, Format, Formats
from slotfill.schemas.json_schema.patterns import OutOfTimeError, compiled
from slotfill.schemas.json_values.pointer import follow, join
from slotfill.schemas.passages.passages import stands_in
from slotfill.schemas.verbatim import FORMAT, misquoted

__all__ = ["JsonValue", "formats_of", "resolve_local", "response_model", "with_formats"]

M = TypeVar("M")

Path = tuple[str | int, ...]

_LONGEST = 300
"""How much of the library's message is kept: it repeats the value, which may be a whole document."""

_DEEPEST = 500
"""How deep a value may be nested, in lists and objects: more than any reader of JSON here takes."""

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_TOO_DEEP = "is nested too deeply to be checked, or the schema refers to itself for ever"


class JsonValue(RootModel[Any]):
    """The base of the models that `response_model` makes; `.root` is the plain JSON value."""

    document: ClassVar[Any]
    resources: ClassVar[Mapping[str, Any]]
    formats: ClassVar[Formats]
    validator: ClassVar[Any]

    @classmethod
    def model_json_schema(cls, *_: Any, **__: Any) -> dict[str, Any]:
        """Give the JSON Schema that the model was made of; `true` and `false` in the form of an object."""
        if isinstance(cls.document, bool):
            return {} if cls.document else {"not": {}}
        return dict(_copy(cls.document))


def response_model(
    document: Mapping[str, Any] | bool,
    *,
    name: str,
    resources: Mapping[str, Any] | None = None,
    formats: Formats = "check",
) -> type[JsonValue]:
    """Make a response model of a JSON Schema of draft 4 or later (2020-12 when it names none).

    resources: by URI, the other schemas it may refer to. Nothing else is looked up anywhere.
    formats: whether `format` is checked, where it is known (`slotfill.schemas.json_schema.formats`), or an annotation.

    Raises SchemaError, with the JSON Pointer of what is wrong: no JSON Schema, a pattern that does not compile, a
    reference that leads nowhere.
    """
    try:
        document, resources = _copy(document), _copy(resources or {})
        validator = _validator(document, resources, _checkers(formats))
    except RecursionError:
        raise SchemaError("no usable JSON Schema: it is nested too deeply") from None

    def check(value: Any, info: ValidationInfo) -> Any:
        findings = _findings(validator, value, (info.context or {}).get("document"))
        if findings:
            raise ValidationError.from_exception_data(name, findings)
        return value

    # Two schemas may have one name, and a name need not be an identifier.
    model = create_model(name, __base__=JsonValue, root=(Annotated[Any, AfterValidator(check)], ...))
    model.document, model.resources, model.formats, model.validator = document, resources, formats, validator
    return model


def formats_of(model: type[Any]) -> Formats:
    """Tell whether a model checks formats as JSON Schema has them: a Python model's types decide for themselves."""
    return model.formats if issubclass(model, JsonValue) else "annotate"


def with_formats(model: type[M], formats: Formats | None) -> type[M]:
    """Give a model that `response_model` made with its formats checked or not; any other model as it is."""
    if formats is None or not issubclass(model, JsonValue) or formats == model.formats:
        return model
    return cast(
        "type[M]",
        response_model(model.document, name=model.__name__, resources=model.resources, formats=formats),
    )


def resolve_local(schema: Any, root: Any) -> dict[str, Any]:
    """Follow a chain of local `#/…` references from `schema` within `root`.

    Gives the schema at the end, and an empty dict when the chain leads nowhere, in a circle or to a boolean.
    """
    seen: set[str] = set()
    while isinstance(schema, dict) and isinstance(reference := schema.get("$ref"), str):
        if reference in seen or not (reference == "#" or reference.startswith("#/")):
            return {}
        seen.add(reference)
        schema = follow(unquote(reference[1:]), root)
    return schema if isinstance(schema, dict) else {}


def _copy(document: Any) -> Any:
    """Copy JSON data, so that nobody changes a schema in use. Raises SchemaError when it is something else."""
    try:
        return json.loads(json.dumps(document, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise SchemaError(f"no valid JSON Schema: it is no JSON: {error}") from None


def _validator(document: Any, resources: Mapping[str, Any], checkers: FormatChecker) -> Any:
    """Build the draft's validator, having checked all that can be known before a value comes."""
    draft, ignored = _draft_of(document, resources)
    specification = specification_with(draft.META_SCHEMA["$schema"])
    root = _resource(document, specification)
    _check_against_metaschema(document, draft, "")
    registry = REGISTRY.with_resources((uri, _resource(part, specification)) for uri, part in resources.items())
    resolver = registry.resolver_with_root(root)
    _check_parts(root, resolver, draft)
    return dialect(draft, ignored)(document, registry=registry, _resolver=resolver, format_checker=checkers)


def _draft_of(document: Any, resources: Mapping[str, Any]) -> tuple[Any, frozenset[str]]:
    """Give the draft of a schema, and the keywords that a metaschema of the user's leaves out."""
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


def _keywords_outside(vocabularies: Mapping[str, Any]) -> frozenset[str]:
    """Collect the keywords of 2020-12's vocabularies that are not among these."""
    keywords: set[str] = set()
    for uri in REGISTRY:
        contents = REGISTRY.contents(uri)
        own = set(contents.get("$vocabulary", ())) if "/2020-12/meta/" in uri else set()
        if own and not own & set(vocabularies):
            keywords |= set(contents.get("properties", ()))
    return frozenset(keywords)


def _resource(contents: Any, default: Specification[Any]) -> Resource[Any]:
    """Read a schema by the draft it names, else by the default one."""
    if isinstance(contents, Mapping):
        return Resource.from_contents(contents, default)
    return default.create_resource(contents)


def _check_against_metaschema(schema: Any, draft: Any, reference: str) -> None:
    # Patterns are checked apart, as ECMA-262 has them: the metaschema's `format: regex` means Python's.
    meta = draft(draft.META_SCHEMA, format_checker=FormatChecker(formats=()))
    error = best_match(meta.iter_errors(schema))
    if error is not None:
        place = f"{reference}{join(error.absolute_path)}" or "/"
        # Of alternatives the one that lists its values says most: a `type` is one of seven words, or a list of them.
        listing = next((inner for inner in error.context or () if inner.validator == "enum"), error)
        raise SchemaError(f"no valid JSON Schema: {place}: {_clip(listing.message)}")


def _check_parts(root: Resource[Any], resolver: Any, draft: Any) -> None:
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


def _parts(root: Resource[Any], resolver: Any) -> Iterator[tuple[Mapping[str, Any], Any]]:
    """Give the true subschemas, each with its resolver: what stands in a `const` is none."""
    rest = [(root, resolver)]
    while rest:
        resource, resolver = rest.pop()
        if isinstance(resource.contents, Mapping):
            yield resource.contents, resolver
        # Beside schemas, the lists of keys under `dependencies` are taken for such, too.
        true = [part for part in resource.subresources() if isinstance(part.contents, Mapping | bool)]
        rest.extend((part, resolver.in_subresource(part)) for part in true)


def _check_patterns(schema: Mapping[str, Any], document: Any) -> None:
    for pattern in [*schema.get("patternProperties", ()), schema.get("pattern")]:
        if isinstance(pattern, str):
            try:
                compiled(pattern)
            except regex.error as error:
                _refuse(schema, document, f"pattern {pattern!r} does not compile: {error}")


def _targets(schema: Mapping[str, Any], resolver: Any, root: Resource[Any]) -> Iterator[tuple[str, Any, Any]]:
    """Give what a schema refers to: the reference, the schema there, its resolver."""
    for keyword in _REFERENCES:
        if not isinstance(reference := schema.get(keyword), str):
            continue
        try:
            found = resolver.lookup(reference)
            yield reference, _resource(found.contents, root._specification), found.resolver  # noqa: SLF001 - has no public name
        except (Unresolvable, ValueError, TypeError, AttributeError):  # the last three: a pointer into no schema
            message = "leads nowhere: references are not fetched; put the schema under $defs"
            _refuse(schema, root.contents, f"reference {reference!r} {message}")


def _refuse(schema: Mapping[str, Any], document: Any, message: str) -> NoReturn:
    place = _place(schema, document)
    raise SchemaError(f"{place}: {message}" if place else message)


def _place(schema: Mapping[str, Any], document: Any) -> str | None:
    """Find the JSON Pointer of a part of the document, None for a part of another resource."""
    rest: list[tuple[Path, Any]] = [((), document)]
    while rest:
        path, node = rest.pop()
        if node is schema:
            return join(path)
        steps = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        rest.extend(((*path, step), child) for step, child in steps)
    return None


def _findings(validator: Any, value: Any, document: str | None) -> list[InitErrorDetails]:
    if foreign := [*_foreign(value)]:
        return foreign
    if document is not None:
        validator = validator.evolve(format_checker=_quoting(validator.format_checker, document))
    try:
        with validation():
            return [_located(finding) for whole in validator.iter_errors(value) for finding in _closest(whole)]
    except OutOfTimeError as error:
        return [_detail("timeout", str(error), ())]
    except RecursionError:
        return [_detail("recursion", _TOO_DEEP, ())]


@cache
def _checkers(formats: Formats) -> FormatChecker:
    """Make what checks the formats that are known: an error's cause is a ValueError that says what is wrong."""
    checker = FormatChecker(formats=())
    for name, known in FORMATS.items() if formats == "check" else ():
        checker.checks(name, raises=ValueError)(partial(_conforming, name, known))
    return checker


def _conforming(name: str, known: Format, text: object) -> bool:
    if isinstance(text, str) and not known.check(text):
        raise ValueError(f"{text!r} is not in the format {name!r}: {known.form}")
    return True


def _quoting(checkers: FormatChecker, document: str) -> FormatChecker:
    """Make what checks `verbatim`, too."""
    checker = FormatChecker(formats=())
    checker.checkers = dict(checkers.checkers)

    @checker.checks(FORMAT, raises=ValueError)
    def check(text: object) -> bool:
        if isinstance(text, str) and not stands_in(text, document):
            raise ValueError(misquoted(text, document))
        return True

    return checker


def _foreign(value: Any) -> Iterator[InitErrorDetails]:
    """Find what is no JSON at all; with a value that is nested too deeply it ends there."""
    rest: list[tuple[Path, Any]] = [((), value)]
    while rest:
        path, node = rest.pop()
        if len(path) > _DEEPEST:
            yield _detail("recursion", _TOO_DEEP, ())
            return
        if isinstance(node, float) and not math.isfinite(node):
            yield _detail("number", f"{node} is no JSON number", path)
        elif isinstance(node, dict) and all(isinstance(key, str) for key in node):
            rest.extend(((*path, key), child) for key, child in node.items())
        elif isinstance(node, list):
            rest.extend(((*path, at), child) for at, child in enumerate(node))
        elif not isinstance(node, str | int | float | None):
            yield _detail("json", f"{type(node).__name__} is no type of JSON", path)


def _closest(finding: Finding) -> Iterator[Finding]:
    """Give a finding; for a union, all that is wrong with the alternative that was meant, if that can be told."""
    branches: dict[object, list[Finding]] = {}
    for error in finding.context or ():
        branches.setdefault(error.relative_schema_path[0], []).append(error)
    meant = [errors for errors in branches.values() if not any(map(_is_of_another_kind, errors))]
    if len(meant) == 1:
        for error in meant[0]:
            yield from _closest(error)
    elif branches:
        reasons = dict.fromkeys(_clip(errors[0].message) for errors in meant or branches.values())
        finding.message = f"fits none of the alternatives: {'; '.join(reasons)}"
        yield finding
    else:
        yield finding


def _is_of_another_kind(error: Finding) -> bool:
    """Tell whether an alternative is ruled out by the value's type, or by the constant that marks it."""
    depth = len(error.relative_path)
    return depth <= 1 and error.validator in (("type", "const", "enum") if depth == 0 else ("const", "enum"))


def _located(finding: Finding) -> InitErrorDetails:
    kind = "missing" if finding.validator == "required" else str(finding.validator)
    return _detail(kind, _clip(finding.message), tuple(finding.absolute_path))


def _detail(kind: str, message: str, path: Path) -> InitErrorDetails:
    # The message is no template: its braces are the value's own.
    error = PydanticCustomError(kind, "{message}", {"message": message})
    return InitErrorDetails(type=error, loc=path, input=None)


def _clip(message: str) -> str:
    """Cut the middle: the value stands at the start, what is wrong with it at the end."""
    half = _LONGEST // 2
    return message if len(message) <= _LONGEST else f"{message[:half]}…{message[1 - half :]}"
