"""Compare: how a field's value is held against gold.

Most fields are compared as their types and formats suggest. `Annotated[str, Compare("text", at_least=0.8)]` says it
otherwise, and `Compare("ignore")` that a field is not judged at all. In JSON Schema the keyword `x-slotfill-compare`
holds the name of the comparison, or an object with its settings: `{"as": "text", "at_least": 0.8}`.

It changes nothing of what is asked: no model sees it, and a schema's fingerprint is the same with it and without.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from slotfill.schemas.entry_points.plugin_group import PluginGroup
from slotfill.schemas.errors import SchemaError
from slotfill.schemas.json_schema.subschemas import subschemas
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject

__all__ = [
    "COMPARATORS",
    "COMPARE_KEYWORD",
    "Compare",
    "ComparisonKind",
    "check_comparisons",
    "comparison_of",
]

COMPARE_KEYWORD = "x-slotfill-compare"
"""The keyword that holds it in JSON Schema: an annotation to all other readers."""

ComparisonKind = Literal["exact", "number", "text", "verbatim", "set", "date", "ignore"]
"""What is the same as gold.

exact: equal JSON, where 1 and 1.0 are one number and true is not 1.
number: a number, or digits in a string, no farther off than `absolute`, or than the share `relative` of the larger one.
text: a string that is alike by at least `at_least`, 0 to 1, once case, white space and the like are folded, and has the
    same figures.
verbatim: a quote of the same words: what the check of `Verbatim` forgives, this does.
set: a list in which each item counts once, in any order.
date: the same day, moment, time of day or length of time, however it is written.
ignore: whatever: the field is not judged.
"""

_COMPARATORS = "slotfill.extractors.evaluation.judging.comparators"

_BUILT_IN: Mapping[str, str] = {
    "exact": f"{_COMPARATORS}:never",
    "number": f"{_COMPARATORS}:is_near",
    "text": f"{_COMPARATORS}:is_like",
    "verbatim": f"{_COMPARATORS}:is_quoted_alike",
    "set": f"{_COMPARATORS}:never",  # its items are compared, each as its own type suggests
    "date": f"{_COMPARATORS}:is_same_time",
    "ignore": f"{_COMPARATORS}:always",
}

COMPARATORS: PluginGroup[Any] = PluginGroup("slotfill.comparators", _BUILT_IN)
"""A plug-in's name is a kind, too: how alike its comparator finds two values is held against `at_least`."""

_SETTINGS: Mapping[str, tuple[str, ...]] = {"text": ("at_least",), "number": ("absolute", "relative")}
"""Which settings each kind has; the others that are built in have none."""

_OF_PLUGINS = ("at_least",)

_DEFAULTS: Mapping[str, float] = {"at_least": 0.9, "absolute": 0.0, "relative": 1e-9}


class Compare:
    """Says how a field is held against gold: `Annotated[float, Compare("number", relative=0.01)]`.

    Attributes:
        kind: What is the same, see `ComparisonKind`; or the name of a plug-in's comparator.
        at_least: Of `text`, and of a plug-in's: how alike two values must be, 0 to 1; 0.9 where nothing is said.
        absolute: Of `number`: how far off it may be; 0 where nothing is said.
        relative: Of `number`: how far off it may be, as a share of the larger one; 1e-9 where nothing is said, which is
            what arithmetic with doubles loses.
    """

    __slots__ = ("absolute", "at_least", "kind", "relative")

    def __init__(
        self,
        kind: ComparisonKind | str,
        *,
        at_least: float | None = None,
        absolute: float | None = None,
        relative: float | None = None,
    ) -> None:
        """Say how values are compared.

        Raises:
            SchemaError: The kind is unknown, a setting is another kind's or out of range.
        """
        settings = {"at_least": at_least, "absolute": absolute, "relative": relative}
        if complaint := _complaint(
            {"as": kind} | {name: value for name, value in settings.items() if value is not None}
        ):
            raise SchemaError(f"Compare: {complaint}")
        self.kind: ComparisonKind | str = kind
        self.at_least = _DEFAULTS["at_least"] if at_least is None else at_least
        self.absolute = _DEFAULTS["absolute"] if absolute is None else absolute
        self.relative = _DEFAULTS["relative"] if relative is None else relative

    @property
    def keyword(self) -> str | JSONObject:
        """What stands for it in JSON Schema."""
        values = {name: getattr(self, name) for name in _settings_of(self.kind)}
        changed = {name: value for name, value in values.items() if value != _DEFAULTS[name]}
        return {"as": self.kind, **changed} if changed else self.kind

    def __repr__(self) -> str:
        keyword = self.keyword if isinstance(self.keyword, dict) else {}
        settings = (f", {name}={value!r}" for name, value in keyword.items() if name != "as")
        return f"Compare({self.kind!r}{''.join(settings)})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Compare) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), COMPARE_KEYWORD: self.keyword}


def comparison_of(forms: Iterable[JSONMapping]) -> Compare | None:
    """Return what the schemas of a value, which have been checked, say of its comparison; None where none does."""
    keyword = next((form[COMPARE_KEYWORD] for form in forms if COMPARE_KEYWORD in form), None)
    if keyword is None:
        return None
    settings = {**keyword} if isinstance(keyword, dict) else {"as": keyword}
    return Compare(settings.pop("as"), **settings)


def check_comparisons(json_schema: JSONObject) -> None:
    """Raise SchemaError, with a JSON Pointer, for a comparison that there is not, or settings that it does not have."""
    for path, schema in subschemas(json_schema):
        if COMPARE_KEYWORD not in schema:
            continue
        keyword = schema[COMPARE_KEYWORD]
        if complaint := _complaint(keyword if isinstance(keyword, dict) else {"as": keyword}):
            raise SchemaError(f"{path or '/'}: {COMPARE_KEYWORD}: {complaint}")


def _complaint(keyword: JSONMapping) -> str | None:
    """Say what is wrong with the keyword, written as an object."""
    kind = keyword.get("as")
    if not isinstance(kind, str) or not (kind in _BUILT_IN or COMPARATORS.find(kind)):
        left_out = isinstance(kind, str) and COMPARATORS.hint(kind)
        use = f"use one of {', '.join(map(repr, COMPARATORS.names()))}"
        return f"{kind!r} is no comparison: {left_out or use}"
    known = _settings_of(kind)
    for name, value in keyword.items():
        if name != "as" and name not in known:
            choice = f"it has {' and '.join(known)}" if known else "it has none"
            return f"{name!r} is no setting of {kind!r}: {choice}"
        if name != "as" and not _is_in_range(name, value):
            return (
                f"{name} must be {'a share, 0 to 1' if name == 'at_least' else 'a number of 0 or more'}, not {value!r}"
            )
    return None


def _settings_of(kind: str) -> tuple[str, ...]:
    return _SETTINGS.get(kind, ()) if kind in _BUILT_IN else _OF_PLUGINS


def _is_in_range(name: str, value: JSON) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value <= (1 if name == "at_least" else float("1e308"))
