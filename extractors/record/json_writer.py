"""What writes a dataclass as plain JSON data: one expression, made of its fields' types when it is first needed.

A record of one request takes some 10 µs so; looking at the types of its 60 values each time took twice that. Pydantic's
own serializer is as fast, but it rounds numbers that no double holds, and writes NaN as null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Final, TypeAlias, Union, get_args, get_origin, get_type_hints

from slotfill.extractors.record.money import money_json
from slotfill.schemas.json_values.json_types import JSON, JSONObject

__all__ = ["NO_MEMBER", "JSONForm", "OmittedIf", "WrittenBy"]

NO_MEMBER: Final = object()
"""What a member that is not there has for a value, where None would be one."""


_Hint: TypeAlias = Any
"""A type as a field's annotation has it: `int`, `tuple[Edit, ...]`, `Decimal | None`."""

_Write: TypeAlias = Callable[[Any], JSONObject]


@dataclass(frozen=True, slots=True)
class WrittenBy:
    """Says of a field's type, within `Annotated`, what writes its values where the type itself does not say it."""

    write: Callable[[Any], JSON]


@dataclass(frozen=True, slots=True)
class OmittedIf:
    """Says of a field's type, within `Annotated`, that the member does not stand there when it has this value."""

    value: object


class JSONForm:
    """A dataclass whose fields are the members of a JSON object, in their order."""

    __slots__ = ()

    def to_json(self) -> JSONObject:
        """Return it as plain JSON data, with strings for enumerations and lists for tuples."""
        return _WRITERS[type(self)](self)


class _Writers(dict[type, _Write]):
    """By dataclass, what writes its instances."""

    def __missing__(self, form: type) -> _Write:
        source = _Source()
        # It holds nothing but the names of our own fields, as what dataclasses make does.
        write: _Write = eval(f"lambda form: {source.members(form, 'form')}", source.names)  # noqa: S307
        self[form] = write
        return write


class _Source:
    """Python expressions that give plain JSON data.

    names: what the expressions refer to.
    """

    def __init__(self) -> None:
        self.names: dict[str, object] = {}

    def members(self, form: type, value: str) -> str:
        """Write the object of a dataclass: `{"start": form.start, "end": form.end, "match": form.match}`."""
        hints = get_type_hints(form, include_extras=True)
        return f"{{{', '.join(self._member(field.name, hints[field.name], value) for field in fields(form))}}}"

    # Each of the following writes the expression of one value, `value` being that which leads to it: "form.edits".

    def _member(self, name: str, hint: _Hint, holder: str) -> str:
        value = f"{holder}.{name}"
        member = f"{name!r}: {self._value(hint, value)}"
        absent = [part.value for part in _metadata(hint) if isinstance(part, OmittedIf)]
        return f"**({{}} if {value} is {self._name(absent[0])} else {{{member}}})" if absent else member

    def _value(self, hint: _Hint, value: str) -> str:
        kind: _Hint = get_origin(hint) or hint
        parts = get_args(hint)
        if kind is Annotated:
            own = [part.write for part in parts if isinstance(part, WrittenBy)]
            return f"{self._name(own[0])}({value})" if own else self._value(parts[0], value)
        if kind in (tuple, Mapping):
            return self._holder(kind, parts, value)
        if kind in (UnionType, Union):  # X | None
            written = self._value(parts[0], value)
            return value if written == value else f"None if {value} is None else {written}"
        return self._single(kind, value)

    def _holder(self, kind: type, parts: tuple[_Hint, ...], value: str) -> str:
        item = self._value(parts[kind is Mapping], "item")
        if kind is tuple:
            return f"list({value})" if item == "item" else f"[{item} for item in {value}]"
        return f"dict({value})" if item == "item" else f"{{key: {item} for key, item in {value}.items()}}"

    def _single(self, kind: _Hint, value: str) -> str:
        if isinstance(kind, type) and issubclass(kind, Enum):
            return f"{value}.value"
        if kind is Decimal:
            return f"{self._name(money_json)}({value})"
        return self.members(kind, value) if isinstance(kind, type) and is_dataclass(kind) else value

    def _name(self, thing: object) -> str:
        name = f"_{len(self.names)}"
        self.names[name] = thing
        return name


def _metadata(hint: _Hint) -> tuple[object, ...]:
    return getattr(hint, "__metadata__", ())


_WRITERS = _Writers()
