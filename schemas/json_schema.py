"""A JSON Schema becomes a Pydantic response model whose validator is `jsonschema` itself.

What the library leaves open is closed here: no reference is ever fetched, a pattern has a deadline, recursion is
bounded, and `format: verbatim` is checked against the document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any, ClassVar
from urllib.parse import unquote

import jsonschema
import regex
from jsonschema import FormatChecker
from jsonschema.exceptions import SchemaError as InvalidSchemaError
from jsonschema.exceptions import ValidationError as Finding
from jsonschema.exceptions import best_match
from jsonschema.protocols import Validator
from jsonschema.validators import extend, validator_for
from jsonschema_specifications import REGISTRY
from pydantic import AfterValidator, RootModel, ValidationError, ValidationInfo, create_model
from pydantic_core import InitErrorDetails, PydanticCustomError
from referencing import Registry, Resource, Specification
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012, specification_with

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.patterns import PatternTimeoutError, compiled, deadline, found
from slotfill.schemas.pointer import join, look_up
from slotfill.schemas.verbatim import FORMAT, stands_in

__all__ = ["JsonValue", "resolve_local", "response_model"]

Check = Callable[[Validator, Any, Any, Any], Iterator[Finding]]
"""How jsonschema calls a keyword: the validator, the keyword's value, the instance, the schema around."""

_LONGEST = 300
"""How much of the library's message is kept: it repeats the value, which may be a whole document."""

_REPEATED_GROUP = re.compile(r"\)[*+{]")
_QUANTIFIER = re.compile(r"(?<!\\)[*+{]")
_MOST_QUANTIFIERS = 2
"""With no group repeated, the time is bounded by this power of a key's length."""

_TOO_DEEP = "is nested too deeply to be checked, or the schema refers to itself for ever"


class JsonValue(RootModel[Any]):
    """The base of the models that `response_model` makes; `.root` is the plain JSON value."""

    document: ClassVar[Any]

    @classmethod
    def model_json_schema(cls, *_: Any, **__: Any) -> dict[str, Any]:
        """Give the JSON Schema that the model was made of; `true` and `false` in the form of an object."""
        if isinstance(cls.document, bool):
            return {} if cls.document else {"not": {}}
        return dict(cls.document)


def response_model(
    document: Mapping[str, Any] | bool, *, name: str, resources: Mapping[str, Any] | None = None
) -> type[JsonValue]:
    """Make a response model of a JSON Schema of any draft (2020-12 when it names none).

    resources: by URI, the other schemas it may refer to. Nothing else is looked up anywhere.

    Raises SchemaError, with the JSON Pointer of what is wrong: no JSON Schema, a pattern that does not compile, a
    reference that leads nowhere.
    """
    validator = _validator(document, resources or {})

    def check(value: Any, info: ValidationInfo) -> Any:
        findings = _findings(validator, value, (info.context or {}).get("document"))
        if findings:
            raise ValidationError.from_exception_data(name, findings)
        return value

    # Two schemas may have one name, and a name need not be an identifier.
    model = create_model(name, __base__=JsonValue, root=(Annotated[Any, AfterValidator(check)], ...))
    model.document = document
    return model


def resolve_local(schema: Any, root: Any) -> dict[str, Any]:
    """Follow a chain of local `#/…` references from `schema` within `root`.

    Gives the schema at the end, and an empty dict when the chain leads nowhere, in a circle or to a boolean.
    """
    seen: set[str] = set()
    while isinstance(schema, dict) and isinstance(reference := schema.get("$ref"), str):
        if reference in seen or not (reference == "#" or reference.startswith("#/")):
            return {}
        seen.add(reference)
        schema = look_up(unquote(reference[1:]), root)
    return schema if isinstance(schema, dict) else {}


def _validator(document: Any, resources: Mapping[str, Any]) -> Validator:
    """Build the draft's validator, having checked all that can be known before a value comes."""
    draft: Any = validator_for(document, default=jsonschema.Draft202012Validator)
    try:
        # Patterns are checked below, as ECMA-262 has them; the metaschema's `format: regex` means Python's.
        draft.check_schema(document, format_checker=FormatChecker(formats=()))
    except InvalidSchemaError as error:
        place = join(error.absolute_path) or "/"
        raise SchemaError(f"no valid JSON Schema: {place}: {_clip(error.message)}") from None
    except RecursionError:
        raise SchemaError("no usable JSON Schema: it is nested too deeply") from None
    own = specification_with(draft.META_SCHEMA["$schema"], default=DRAFT202012)
    registry = REGISTRY.with_resources((uri, _resource(schema, own)) for uri, schema in resources.items())
    parts = [*_parts(_resource(document, own), registry)]
    for schema, resolver in parts:
        _check_patterns(schema)
        _check_references(schema, resolver)
    if any("unevaluatedProperties" in schema for schema, _ in parts):
        _check_plain(pattern for schema, _ in parts for pattern in schema.get("patternProperties", ()))
    kind: Any = extend(draft, _keywords(draft) | _left_out(document, resources))  # type: ignore[no-untyped-call]  # partly typed
    validator: Validator = kind(document, registry=registry)
    return validator


def _resource(contents: Any, default: Specification[Any]) -> Resource[Any]:
    """Read a schema by the draft it names, else by the default one."""
    if isinstance(contents, Mapping):
        return Resource.from_contents(contents, default)
    return default.create_resource(contents)


def _keywords(draft: Any) -> dict[str, Check]:
    """Give this module's keywords, those of them that the draft has."""
    ours: dict[str, Check] = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "format": _format,
    }
    return {keyword: check for keyword, check in ours.items() if keyword in draft.VALIDATORS}


def _left_out(document: Any, resources: Mapping[str, Any]) -> dict[str, Check]:
    """Give the keywords that a metaschema of the user's leaves out: they are annotations there."""
    named = document.get("$schema") if isinstance(document, Mapping) else None
    meta = resources.get(named) if isinstance(named, str) else None
    vocabularies = meta.get("$vocabulary") if isinstance(meta, Mapping) else None
    return dict.fromkeys(_keywords_outside(vocabularies), _nothing) if isinstance(vocabularies, Mapping) else {}


def _keywords_outside(vocabularies: Iterable[str]) -> set[str]:
    """Collect the keywords of 2020-12's vocabularies that are not among these."""
    keywords: set[str] = set()
    for uri in REGISTRY:
        contents = REGISTRY.contents(uri)
        own = set(contents.get("$vocabulary", ())) if "/2020-12/meta/" in uri else set()
        if own and not own & set(vocabularies):
            keywords |= set(contents.get("properties", ()))
    return keywords


def _parts(root: Resource[Any], registry: Registry[Any]) -> Iterator[tuple[Mapping[str, Any], Any]]:
    """Give the true subschemas, each with its resolver: what stands in a `const` is none."""
    rest = [(root, registry.resolver_with_root(root))]
    while rest:
        resource, resolver = rest.pop()
        if isinstance(resource.contents, Mapping):
            yield resource.contents, resolver
        rest.extend((part, resolver.in_subresource(part)) for part in resource.subresources())


def _check_patterns(schema: Mapping[str, Any]) -> None:
    by_property = schema.get("patternProperties")
    patterns = [*by_property] if isinstance(by_property, Mapping) else []
    for pattern in [*patterns, schema.get("pattern")]:
        if isinstance(pattern, str):
            try:
                compiled(pattern)
            except regex.error as error:
                raise SchemaError(f"pattern {pattern!r} does not compile: {error}") from None


def _check_plain(patterns: Iterable[str]) -> None:
    """Refuse what the library's own `unevaluatedProperties`, which nothing can stop, might match for ever."""
    for pattern in patterns:
        if _REPEATED_GROUP.search(pattern) or len(_QUANTIFIER.findall(pattern)) > _MOST_QUANTIFIERS:
            raise SchemaError(
                f"pattern {pattern!r} may take for ever beside unevaluatedProperties: repeat no group in it, "
                f"and have at most {_MOST_QUANTIFIERS} of * + {{"
            )
        try:
            re.compile(pattern)
        except re.error as error:
            raise SchemaError(f"pattern {pattern!r} is not to be had beside unevaluatedProperties: {error}") from None


def _check_references(schema: Mapping[str, Any], resolver: Any) -> None:
    for keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
        reference = schema.get(keyword)
        try:
            if isinstance(reference, str):
                resolver.lookup(reference)
        except Unresolvable:
            raise SchemaError(
                f"reference {reference!r} leads nowhere: references are not fetched; put the schema under $defs"
            ) from None


def _findings(validator: Validator, value: Any, document: str | None) -> list[InitErrorDetails]:
    if document is not None:
        checker = FormatChecker(formats=())
        checker.checks(FORMAT)(lambda text: not isinstance(text, str) or stands_in(text, document))
        validator = validator.evolve(format_checker=checker)
    try:
        with deadline():
            return [detail for finding in validator.iter_errors(value) for detail in _details(finding)]
    except RecursionError:
        return [_detail("recursion", _TOO_DEEP, ())]
    except Unresolvable as error:
        return [_detail("reference", f"reference {error.ref!r} of the schema leads nowhere", ())]


def _details(finding: Finding) -> Iterator[InitErrorDetails]:
    """Give a finding the path of what is wrong: the missing key, the surplus key, the branch that fits best."""
    if finding.validator in ("anyOf", "oneOf") and finding.context:
        finding = best_match([finding]) or finding
    path = tuple(finding.absolute_path)
    if finding.validator == "required":
        required: Any = finding.validator_value
        missing = (key for key in required if finding.message.startswith(f"{key!r} is"))
        yield _detail("missing", "is required", (*path, *list(missing)[:1]))
    else:
        yield _detail(str(finding.validator), _clip(finding.message), path)


def _detail(kind: str, message: str, path: tuple[int | str, ...]) -> InitErrorDetails:
    # The message is no template: its braces are the value's own.
    error = PydanticCustomError(kind, "{message}", {"message": message})
    return InitErrorDetails(type=error, loc=path, input=None)


def _clip(message: str) -> str:
    return message if len(message) <= _LONGEST else f"{message[: _LONGEST - 1]}…"


def _nothing(*_: Any) -> Iterator[Finding]:
    return iter(())


def _pattern(validator: Validator, pattern: Any, instance: Any, _: Any) -> Iterator[Finding]:
    if not validator.is_type(instance, "string"):
        return
    try:
        matched = found(pattern, instance)
    except PatternTimeoutError:
        yield Finding(f"takes too long to match against the pattern {pattern!r}")
        return
    if not matched:
        yield Finding(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(validator: Validator, patterns: Any, instance: Any, _: Any) -> Iterator[Finding]:
    if not validator.is_type(instance, "object"):
        return
    for pattern, schema in patterns.items():
        for key, value in instance.items():
            try:
                matched = found(pattern, key)
            except PatternTimeoutError:
                yield Finding(f"its key takes too long to match against the pattern {pattern!r}", path=[key])
                return
            if matched:
                yield from validator.descend(value, schema, path=key, schema_path=pattern)  # type: ignore[attr-defined]  # not in the protocol


def _additional_properties(validator: Validator, rule: Any, instance: Any, schema: Any) -> Iterator[Finding]:
    if not validator.is_type(instance, "object"):
        return
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for key, value in instance.items():
        try:
            if key in named or any(found(pattern, key) for pattern in patterns):
                continue
        except PatternTimeoutError as error:
            yield Finding(f"its key takes too long to match against the pattern {error.args[0]!r}", path=[key])
            return
        if rule is False:
            yield Finding("is not a property of the schema", path=[key])
        else:
            yield from validator.descend(value, rule, path=key)  # type: ignore[attr-defined]  # not in the protocol


def _format(validator: Validator, name: Any, instance: Any, _: Any) -> Iterator[Finding]:
    """Check `verbatim` alone: every other format is an annotation."""
    checker: FormatChecker | None = validator.format_checker  # type: ignore[attr-defined]  # not in the protocol
    if name == FORMAT and checker and not checker.conforms(instance, name):
        yield Finding("does not stand in the document: copy a passage word for word")
