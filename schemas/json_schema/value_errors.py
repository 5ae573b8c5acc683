"""What a JSON Schema says against a value, as Pydantic's errors; time and recursion are bounded."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache, partial

from jsonschema import FormatChecker
from jsonschema.exceptions import ValidationError as Finding
from pydantic_core import InitErrorDetails, PydanticCustomError

from slotfill.schemas.json_schema.dialects import DraftValidator, validation
from slotfill.schemas.json_schema.formats import FORMATS, Format, Formats
from slotfill.schemas.json_schema.patterns import OutOfTimeError
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.json_values.places import ValuePath
from slotfill.schemas.passages.quotable import is_quotable
from slotfill.schemas.verbatim import FORMAT, misquoted

__all__ = ["clipped", "format_checker", "value_errors"]

_LONGEST = 300
"""How much of the library's message is kept: it repeats the value, which may be a whole document."""

_DEEPEST = 500
"""How deep a value may be nested, in lists and objects: more than any reader of JSON here takes."""

_TOO_DEEP = "is nested too deeply to be checked, or the schema refers to itself for ever"


def value_errors(validator: DraftValidator, value: JSON, document: str | None) -> list[InitErrorDetails]:
    """Return all that a validator of `jsonschema` says against a value.

    document: the text in which `verbatim` strings must stand; without it they are not checked.
    """
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
def format_checker(formats: Formats) -> FormatChecker:
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
        if isinstance(text, str) and not is_quotable(text, document):
            raise ValueError(misquoted(text, document))
        return True

    return checker


def _foreign(value: JSON) -> Iterator[InitErrorDetails]:
    """Find what is no JSON at all; with a value that is nested too deeply it ends there."""
    rest: list[tuple[ValuePath, JSON]] = [((), value)]
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
    """Yield a finding; for a union, all that is wrong with the alternative that was meant, if that can be told."""
    branches: dict[object, list[Finding]] = {}
    for error in finding.context or ():
        branches.setdefault(error.relative_schema_path[0], []).append(error)
    meant = [errors for errors in branches.values() if not any(map(_is_of_another_kind, errors))]
    if len(meant) == 1:
        for error in meant[0]:
            yield from _closest(error)
    elif branches:
        reasons = dict.fromkeys(clipped(errors[0].message) for errors in meant or branches.values())
        finding.message = f"fits none of the alternatives: {'; '.join(reasons)}"
        yield finding
    else:
        yield finding


def _is_of_another_kind(error: Finding) -> bool:
    """Whether an alternative is ruled out by the value's type, or by the constant that marks it."""
    depth = len(error.relative_path)
    return depth <= 1 and error.validator in (("type", "const", "enum") if depth == 0 else ("const", "enum"))


def _located(finding: Finding) -> InitErrorDetails:
    kind = "missing" if finding.validator == "required" else str(finding.validator)
    return _detail(kind, clipped(finding.message), tuple(finding.absolute_path))


def _detail(kind: str, message: str, path: ValuePath) -> InitErrorDetails:
    # The message is no template: its braces are the value's own.
    error = PydanticCustomError(kind, "{message}", {"message": message})
    return InitErrorDetails(type=error, loc=path, input=None)


def clipped(message: str) -> str:
    """Cut the middle: the value stands at the start, what is wrong with it at the end."""
    half = _LONGEST // 2
    return message if len(message) <= _LONGEST else f"{message[:half]}…{message[1 - half :]}"
