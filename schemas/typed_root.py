"""Types that are no models as schemas: a list of them, a union, a dataclass, an `Enum`, a number.

Pydantic reads them as the root of a model. The model is ours alone: values are what the type says, a list or an `Item`.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin, is_typeddict

from pydantic import BaseModel, RootModel, create_model

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.example import Example, examples_in
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["TypedRoot", "is_type", "is_written_type", "plain_root", "typed_root"]

_UNIONS = (Union, UnionType)
_LONGEST_NAME = 60


class TypedRoot(RootModel[Any]):
    """The base of the models that `typed_root` makes; `.root` is the value, and `source` the type."""

    source: ClassVar[Any]
    examples: ClassVar[tuple[Example, ...]] = ()


def is_type(source: object) -> bool:
    """Whether something is a type, of whatever form: a class, `list[Item]`, `Item | None`, `Literal["a"]`."""
    return isinstance(source, type | UnionType) or _meant(source) is not source or get_origin(source) is not None


def is_written_type(source: object) -> bool:
    """Whether something is a type that somebody wrote to be filled: no model, and no class that does something."""
    if not isinstance(source, type) or get_origin(source) is not None:
        return is_type(source)
    return is_dataclass(source) or is_typeddict(source) or issubclass(source, Enum)


def typed_root(source: Any) -> type[BaseModel]:
    """Return a type as a model: a Pydantic model as it is, any other as the root of a `TypedRoot`.

    The model is called by its parts, `list_of_item`. Its docstring is that of the classes in the type. Examples are
    theirs where a value of theirs is one of the whole, as of a union's members: of a list nobody knows how many items
    stand in a text.

    Raises:
        SchemaError: Pydantic cannot read it.
    """
    if isinstance(source, type) and get_origin(source) is None and issubclass(source, BaseModel):
        return source
    if wrong := next(_classes(source), None):
        raise SchemaError(
            f"{_shown(wrong)} holds classes, of which there are none in JSON: name what a value is, `int`"
        )
    name = _name_of(source)
    try:
        model = create_model(name, __base__=TypedRoot, root=(source, ...))
        model.model_rebuild()
    except Exception as error:
        reason = " ".join(str(getattr(error, "message", error)).split()).partition(". ")[0]
        raise SchemaError(f"{_shown(source)} cannot be read from JSON: {reason}") from error
    model.source = source
    if isinstance(source, type) and get_origin(source) is None:  # other processes find it there
        model.__module__, model.__qualname__ = source.__module__, source.__qualname__
    model.__doc__ = "\n\n".join(dict.fromkeys(_docs(source))) or None
    model.examples = tuple(example for member in _members(source) for example in _examples(member))
    return model


def plain_root(value: Any) -> Any:
    """Return what a `TypedRoot` holds, and any other value as it is."""
    return value.root if isinstance(value, TypedRoot) else value


def _meant(source: Any) -> Any:
    """Return the type that a `type Items = list[Item]` stands for (Python 3.12), any other as it is."""
    return source.__value__ if type(source).__name__ == "TypeAliasType" else source


def _classes(source: Any) -> Iterator[Any]:
    """Yield what of a type stands for classes, `type[int]`: Pydantic reads those, though of no JSON."""
    source = _meant(source)
    if source is type or get_origin(source) is type:
        yield source
    elif get_origin(source) is not Literal:
        for part in get_args(source):
            yield from _classes(part)


def _name_of(source: Any) -> str:
    """Name a type in words: `list_of_item`, `item_or_none`, `choice` for a `Literal`."""
    name = "_".join(_words(source))
    return name if len(name) <= _LONGEST_NAME else "value"


def _words(source: Any) -> Iterator[str]:
    origin, parts = get_origin(source), get_args(source)
    if origin is Annotated:
        yield from _words(parts[0])
    elif origin is Literal:
        yield "choice"
    elif origin in _UNIONS:
        for number, part in enumerate(parts):
            yield from ["or"] * (number > 0)
            yield from _words(part)
    elif origin is not None:
        yield getattr(origin, "__name__", "value")
        inner = [part for part in parts if part is not Ellipsis]
        if inner:
            yield "of"
            yield from _words(inner[-1])
    elif source is NoneType:
        yield "none"
    else:
        yield getattr(source, "__name__", "value")


def _docs(source: Any) -> Iterator[str]:
    """Yield what the classes in a type say of themselves, without what Python writes for those that say nothing."""
    source = _meant(source)
    if parts := get_args(source):
        for part in parts if get_origin(source) is not Literal else ():
            yield from _docs(part)
    elif isinstance(source, type) and source.__module__ not in {"builtins", "datetime", "decimal", "uuid", "typing"}:
        text = vars(source).get("__doc__")
        if isinstance(text, str) and text.strip() and not text.startswith(f"{source.__name__}("):
            yield inspect.cleandoc(text)


def _members(source: Any) -> Iterator[Any]:
    """Yield the types of which a value is one of the whole."""
    source = _meant(source)
    origin, parts = get_origin(source), get_args(source)
    if origin is Annotated:
        yield from _members(parts[0])
    elif origin in _UNIONS:
        for part in parts:
            yield from _members(part)
    elif isinstance(source, type) and origin is None:
        yield source


def _examples(member: type[Any]) -> tuple[Example, ...]:
    if issubclass(member, BaseModel):
        return examples_in(member, "examples")
    brought: JSON = getattr(member, "examples", ())
    is_list = isinstance(brought, list | tuple) and not is_typeddict(member)
    return tuple(brought) if is_list and all(isinstance(one, Example) for one in brought) else ()


def _shown(source: object) -> str:
    return source.__name__ if isinstance(source, type) and get_origin(source) is None else repr(source)
