"""The laws that every schema keeps, each a test that can be called alone.

    from slotfill.extractors.testing import laws

    @pytest.mark.parametrize("law", laws.LAWS, ids=repr)
    def test_my_schema(law):
        law(MyModel)

A law takes whatever `slotfill.schemas.resolve` does, and raises `LawBroken` with the smallest counterexample. Values
are plain JSON data.
"""

# ruff: noqa: D401 - a law's docstring states the law
from __future__ import annotations

import copy
import dataclasses
import json
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from pydantic import AliasChoices, BaseModel, ValidationError
from pydantic.fields import FieldInfo

from slotfill.extractors.testing.checking.coverage import (
    Property,
    has_values,
    is_constant,
    properties,
    unreached,
    values_for,
)
from slotfill.extractors.testing.checking.findings import Finding
from slotfill.extractors.testing.checking.law import EXAMPLE_WANTED, Law, Subject, law
from slotfill.extractors.testing.checking.silent_corruption import corruption_is_seen
from slotfill.extractors.testing.checking.values import (
    difference,
    first_difference,
    holds_nothing,
    leading,
    recorded,
    unpacked,
)
from slotfill.schemas.errors import InvalidError, SchemaCodeError
from slotfill.schemas.json_schema.subschemas import properties_of
from slotfill.schemas.json_schema.value_walk import walk
from slotfill.schemas.json_values.json_types import JSON, JSONObject
from slotfill.schemas.json_values.pointer import follow, join
from slotfill.schemas.schema import Schema
from slotfill.schemas.strategies import NearMiss, near_misses

__all__ = [
    "SCHEMA_LAWS",
    "corruption_is_seen",
    "every_field_reachable",
    "inputs_not_mutated",
    "instances_exist",
    "missing_answers_are_seen",
    "near_misses_refused",
    "round_trip",
    "validators_idempotent",
    "validators_raise_what_is_caught",
    "worked_examples_hold",
]


@law("instances exist")
def instances_exist(subject: Subject) -> Iterator[Finding]:
    """Some value validates.

    A JSON Schema that can be seen to accept nothing breaks it. Values may also be too rare to be found by chance, as
    those of a validator that adds up check digits are: that is not decided, and a worked example shows one.
    """
    if subject.has_values:
        return
    if values_for(subject.schema, subject.schema.json_schema).is_empty:
        yield instances_exist.broken("", "no valid value was found: the JSON Schema accepts none")
        return
    for needed in (found for found in properties(subject.schema.json_schema) if found.is_required):
        if not has_values(subject.schema, needed.schema, subject.search):
            finding = _finding(instances_exist, subject, needed)
            yield finding(needed.path, f"{needed.key!r} is required, and no value of it was found: {EXAMPLE_WANTED}")
            return
    refused = subject.first(lambda value: _refusal(subject.schema, value))
    yield refused or instances_exist.undecided("", f"no valid value was found by chance: {EXAMPLE_WANTED}")


def _refusal(schema: Schema[Any], value: object) -> Iterator[Finding]:
    try:
        schema.load(value)
    except InvalidError as error:
        first = error.errors[0]
        message = f"no valid value was found by chance, each was refused: {EXAMPLE_WANTED}. Refused: "
        yield instances_exist.undecided(first.path, f"{message}{first.message}", value)


def _finding(law: Law, subject: Subject, prop: Property) -> Callable[[str, str], Finding]:
    """Return how to speak of a property that no value was found of: certainly, where it can be seen to have none."""
    return law.broken if values_for(subject.schema, prop.schema).is_empty else law.undecided


@law("every field reachable", of_values=True)
def every_field_reachable(subject: Subject) -> Iterator[Finding]:
    """Every property that the schema names occurs in some valid value, with something other than null in it.

    Values that lack a property are also tried with it put in. A property whose constraints can be seen to allow no
    value is unreachable; one that only chance did not find, or that a validator refused each time, is not decided.
    """
    for found in unreached(subject.schema, subject.values, subject.search):
        reason = (
            "each was refused"
            if has_values(subject.schema, found.schema, subject.search)
            else "no value of it was found"
        )
        message = f"{found.key!r} is null or missing in all valid values that were found: {reason}"
        yield _finding(every_field_reachable, subject, found)(found.path, message)


@law("round trip", of_values=True)
def round_trip(subject: Subject) -> Iterator[Finding]:
    """What a model said is read again to an equal value, and that value can be written.

    Records keep what the model said beside what is written of it, and are loaded by the former. A validator that gives
    another value each time breaks the law, and so does a serializer or a computed field that raises, or a number that
    JSON has not. What is written need not be readable: where an alias is written only, a field left out or a number
    rounded, that is advice to programs that read the output.
    """
    yield from subject.search.each(subject.values, lambda value: _lost(subject, value))
    yield from subject.search.each(subject.values, lambda value: _unreadable(subject, value))


def _lost(subject: Subject, value: JSON) -> Iterator[Finding]:
    read, again = (subject.schema.load(value) for _ in range(2))
    steps = first_difference(unpacked(read), unpacked(again))
    if steps is not None:
        before, after = (_shown(part, join(steps)) for part in (read, again))
        message = f"it is {before} when it is read, and {after} when it is read again"
        finding = round_trip.broken(_path_in(value, read, steps), message, value)
        yield replace(finding, advice=_is_default(subject.schema, value, steps))
    try:
        subject.schema.dump(read)
    except SchemaCodeError as error:
        first = error.errors[0]
        yield round_trip.broken(leading(first.path, value), first.message, value)


def _unreadable(subject: Subject, value: JSON) -> Iterator[Finding]:
    """Say where what is written of a value is read as another one, or not at all; a value that grows says nothing."""
    read = subject.schema.load(value)
    if _changed_again(subject, read) is not None:
        return
    with suppress(SchemaCodeError):  # that it cannot be written is told before
        yield from _misread(subject, value, read, subject.schema.dump(read))


def _misread(subject: Subject, value: JSON, read: Any, written: Any) -> Iterator[Finding]:
    try:
        steps = first_difference(unpacked(read), unpacked(returned := subject.schema.load(written)))
    except InvalidError as error:
        path, reason = error.errors[0].path, f"it is refused: {error.errors[0].message}"
    else:
        if steps is None:
            return
        path = _path_in(value, read, steps)
        reason = f"{_shown(read, join(steps))} comes back as {_shown(returned, join(steps))}"
    message = f"what is written of it is not what it is read of; records keep both: {reason}"
    yield round_trip.advised(leading(path, value), message, value)


def _path_in(value: JSON, read: Any, steps: Iterable[str | int]) -> str:
    """Return the JSON Pointer into what a model said, by its keys, to a part of what was read of it."""
    path: list[str | int] = []
    holder = value
    for step in steps:
        keys = holder if isinstance(holder, dict) else ()
        path.append(next((key for key in keys if _name_of(read, key) == step), step))
        read, holder = _member(read, path[-1]), follow(join(path[-1:]), holder)
    return leading(join(path), value)


def _context(subject: Subject) -> JSONObject:
    return {"document": None, "parameters": subject.schema.parameters, **subject.schema.context}


def _shown(read: object, path: str) -> str:
    return repr(follow(path, unpacked(read)))


@law("validators idempotent", of_values=True)
def validators_idempotent(subject: Subject) -> Iterator[Finding]:
    """A validated value stays as it is when it is validated again, field by field, without any serializer.

    Whoever reads the output with the model validates it again: a validator that adds something to its value breaks it.
    """
    yield from subject.search.each(subject.values, lambda value: _grown(subject, value))


def _grown(subject: Subject, value: JSON) -> Iterator[Finding]:
    read = subject.schema.load(value)
    again = _changed_again(subject, read)
    if again is not None and (path := difference(unpacked(read), again)) is not None:
        message = f"validated once it is {_shown(read, path)}, validated twice {follow(path, again)!r}"
        yield validators_idempotent.broken(leading(path, value), message, value)


def _changed_again(subject: Subject, read: Any) -> Any:
    """Validate a value again; None when that changes nothing, or is refused, which is no growth."""
    if not isinstance(read, BaseModel):
        return None
    once = unpacked(read)
    try:
        twice = type(read).model_validate(copy.deepcopy(once), by_name=True, by_alias=False, context=_context(subject))
        again = unpacked(twice)
    except Exception:  # noqa: BLE001 - whatever a validator of the user's raises
        return None
    return None if difference(once, again) is None else again


@law("validators raise what is caught")
def validators_raise_what_is_caught(subject: Subject) -> Iterator[Finding]:
    """A validator refuses with ValueError, AssertionError or Pydantic's own errors, whatever a model sends.

    A KeyError, TypeError or AttributeError tells the model nothing of which field to correct, and ends a program of
    its own that validates.
    """
    found = subject.first(lambda value: _crash(subject, value))
    yield from [found] if found else ()


def _crash(subject: Subject, value: object) -> Iterator[Finding]:
    """Say what a validator raises, in a whole extraction or where a program of the user's validates the same."""
    for validate in (subject.schema.load, partial(_by_itself, subject)):
        try:
            validate(value)
        except (InvalidError, ValidationError) as error:
            raised = error.__cause__ if isinstance(error, SchemaCodeError) else None
        except Exception as error:  # noqa: BLE001 - whatever a validator of the user's raises
            raised = error
        else:
            raised = None
        if raised is not None:
            yield validators_raise_what_is_caught.broken("", _crashed(raised), value)
            return


def _by_itself(subject: Subject, value: object) -> None:
    """Validate as Pydantic does, without what Schema puts around validators."""
    if subject.is_python:
        subject.schema.model.model_validate(copy.deepcopy(value), context=_context(subject))


def _crashed(error: BaseException) -> str:
    """Name the function that raised, and where."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(frame.filename).name}, line {frame.lineno}"
    return f"{frame.name} ({where}) raised {type(error).__name__}: {error}; raise ValueError instead"


@law("worked examples hold")
def worked_examples_hold(subject: Subject) -> Iterator[Finding]:
    """Worked examples validate, and their `Verbatim` values stand in their texts. They are shown to every model."""
    judge = Schema(subject.schema.model, examples=()) if subject.schema.parameters else subject.schema
    for number, example in enumerate(subject.examples, 1):
        shown = {"text": example.text, "value": example.value}
        try:
            judge.validate(json.dumps(judge.wrap(example.value)), document=example.text)
        except InvalidError as error:
            first = error.errors[0]
            message = f"example {number} does not validate: {first.path or 'the value'}: {first.message}"
            yield worked_examples_hold.broken(f"/value{first.path}", message, shown)
        except TypeError as error:
            yield worked_examples_hold.broken("/value", f"example {number} is no JSON: {error}")


@law("near misses refused")
def near_misses_refused(subject: Subject) -> Iterator[Finding]:
    """What the JSON Schema refuses, the model refuses too.

    The model is told the JSON Schema: a validator that clamps, coerces or falls back makes a value up where the
    answer was wrong, and nobody is told. (A set may be sent an item twice: that loses nothing.)
    """
    if subject.is_python:
        misses = st.deferred(lambda: near_misses(subject.schema.json_schema))
        yield from subject.search.each(misses, lambda miss: _accepted(subject.schema, miss))


def _accepted(schema: Schema[Any], miss: NearMiss) -> Iterator[Finding]:
    accepted = recorded(schema, miss.value)
    if accepted is not None and miss.constraint != "uniqueItems":
        became = json.dumps(follow(miss.path, accepted))
        message = f"breaks {miss.constraint!r} of the JSON Schema, and is accepted as {became}"
        yield near_misses_refused.broken(miss.path, message, miss.value)


@law("missing answers are seen", of_values=True)
def missing_answers_are_seen(subject: Subject) -> Iterator[Finding]:
    """A property that the model leaves out is refused, or is seen to hold nothing: null, "", [] or {}.

    A validator that puts something plausible in the place of a missing answer breaks it. A default that says something
    ("neutral", 0, false) cannot be told from an answer either, but may be what its author means: that is advice.
    Properties that can hold one value only, such as the tags of a union, hide nothing.
    """
    yield from subject.search.each(subject.values, lambda value: _hidden(subject.schema, value))


def _hidden(schema: Schema[Any], value: JSON) -> Iterator[Finding]:
    for node in walk(value, schema.json_schema):
        for key in node.value if isinstance(node.value, dict) else ():
            path = (*node.path, key)
            filled = follow(join(path), recorded(schema, _without(value, path)))
            if not (holds_nothing(filled) or _is_constant(schema.json_schema, node.schemas, key)):
                left = _without(value, path)
                message = f"left out, it is {json.dumps(filled)}, as if answered: require it, or default to None"
                finding = missing_answers_are_seen.broken(join(path), message, left)
                yield replace(finding, advice=_is_default(schema, left, path))


def _is_default(schema: Schema[Any], value: JSON, path: tuple[str | int, ...]) -> bool:
    """Whether what a property holds that was left out is the default of its model, which its author chose."""
    holder: Any = schema.load(value)
    for step in path[:-1]:
        holder = _member(holder, step)
    name = _name_of(holder, path[-1])
    if name is None:
        return False
    if isinstance(holder, BaseModel):
        return name not in holder.model_fields_set
    return not _fields_of(holder)[name].is_required()  # a dataclass does not know what it was given


def _member(holder: Any, step: str | int) -> Any:
    """Return a part of a value in Python, by its key or index in JSON; None where it is not to be found."""
    name = _name_of(holder, step)
    if name is not None:
        return getattr(holder, name)
    try:
        return holder[step]
    except (KeyError, IndexError, TypeError):
        return None


def _name_of(holder: Any, key: str | int) -> str | None:
    """Return the field that a model or a dataclass reads from a key, None where there is no such."""
    return next((name for name, known in _fields_of(holder).items() if key in (*_keys(known), name)), None)


def _fields_of(holder: Any) -> Mapping[str, FieldInfo]:
    """Return the fields of a model or of a dataclass, Pydantic's or another; nothing else has any."""
    own: Mapping[str, FieldInfo] | None = getattr(type(holder), "__pydantic_fields__", None)
    if own is not None or not dataclasses.is_dataclass(holder):
        return own or {}
    kind: Any = object  # only whether there is a default is asked
    return {field.name: FieldInfo.from_annotated_attribute(kind, field) for field in dataclasses.fields(holder)}


def _keys(field: FieldInfo) -> Iterator[object]:
    """Yield the keys that a field is read from."""
    alias = field.validation_alias
    yield from alias.choices if isinstance(alias, AliasChoices) else (alias, field.alias)


def _is_constant(root: JSONObject, schemas: Iterable[JSON], key: str) -> bool:
    return any(is_constant(properties_of(schema).get(key), root) for schema in schemas)


def _without(value: JSON, path: tuple[str | int, ...]) -> JSON:
    left = copy.deepcopy(value)
    del follow(join(path[:-1]), left)[path[-1]]
    return left


@law("inputs not mutated")
def inputs_not_mutated(subject: Subject) -> Iterator[Finding]:
    """Validation leaves the data that it is given as it is, valid or not.

    A before-validator that changes the dict or list it is handed breaks it: the caller's own data changes.
    """
    found = subject.first(lambda value: _mutated(subject, value))
    yield from [found] if found else ()


def _mutated(subject: Subject, value: JSON) -> Iterator[Finding]:
    data = copy.deepcopy(value)
    with suppress(Exception):  # whatever a validator of the user's raises
        subject.schema.model.model_validate(data, context=_context(subject))
    path = difference(value, data)
    if path is not None:
        message = f"validation changed its input: now it holds {json.dumps(follow(path, data))} there"
        yield inputs_not_mutated.broken(path, message, value)


SCHEMA_LAWS: tuple[Law, ...] = (
    instances_exist,
    every_field_reachable,
    worked_examples_hold,
    validators_raise_what_is_caught,
    validators_idempotent,
    round_trip,
    inputs_not_mutated,
    near_misses_refused,
    missing_answers_are_seen,
    corruption_is_seen,
)
"""All of them, in the order in which they are best mended."""
