"""The text of a file of keys, read: TOML, each mistake named by its line and its field. Pure.

[keys.support]
hash = "sha256:…"
created = 2026-11-30T12:00:00Z
rpm = 60
usd_a_day = 5
labels = { team = "support" }

[budgets]
"team=support" = "200/month"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from slotfill.extractors.budgets.spending_limit import SpendingLimit
from slotfill.extractors.errors import SettingsError
from slotfill.extractors.keys.api_key import ApiKey
from slotfill.extractors.keys.key_ring import KeyRing

__all__ = ["BUDGETS", "KEYS", "read_key_table"]

KEYS, BUDGETS = "keys", "budgets"
"""The tables of the file."""

_OWN = frozenset(ApiKey.model_fields) - {"name"}
"""The fields of a key; its name is the heading."""

_HEADING = re.compile(r"\s*\[(?P<name>[^\[].*?)\]\s*(?:#.*)?")
_FIELD = re.compile(
    r"""
    \s* (?P<name> (?: "(?:[^"\\]|\\.)*" | '[^']*' | [^\#=\['"] )*? ) \s* =   # rpm =, "team=support" =, a.'b c' =
    """,
    re.VERBOSE,
)


def read_key_table(text: str, place: str) -> KeyRing:
    """Read the text of a file.

    Args:
        text: All of it.
        place: What messages call the file.

    Raises:
        SettingsError: Something in it is not as it must be; nothing of it counts then.
    """
    try:
        tables = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{place} is no TOML: {error or 'it is nested too deeply'}") from None
    return _Reader(text, place).ring(tables)


class _Reader:
    """Reads the tables of one text. Each error says where in it."""

    def __init__(self, text: str, place: str) -> None:
        self._text, self._place = text, place

    def ring(self, tables: dict[str, Any]) -> KeyRing:
        for name, table in tables.items():
            if name not in (KEYS, BUDGETS):
                raise self._error((name,), f"{name!r} is no part of it: keys stand in [keys.NAME], limits in [budgets]")
            if not isinstance(table, dict):
                raise self._error((name,), f"{name!r} is a table: write [{name}]")
        keys = [self._key(name, fields) for name, fields in tables.get(KEYS, {}).items()]
        self._check_hashes(keys)
        return KeyRing(keys, [self._budget(scope, amount) for scope, amount in tables.get(BUDGETS, {}).items()])

    def _key(self, name: str, fields: object) -> ApiKey:
        if not isinstance(fields, dict):
            raise self._error((KEYS, name), f"{name!r} is no key: write [keys.NAME], and its fields below")
        for field in fields:
            if field not in _OWN:
                raise self._error((KEYS, name, field), f"{field!r} is no field of a key: {_known(field)}")
        try:
            return ApiKey.model_validate({**fields, "name": name})
        except ValidationError as error:
            # A message of pydantic's own says what would be right; the input may be a secret in the wrong place.
            first = error.errors(include_url=False, include_input=False)[0]
            path = [str(step) for step in first["loc"]]
            wrong = f"{path[0]!r} of the key {name!r}" if path != ["name"] else "its name"
            raise self._error((KEYS, name, *path[:1]), f"{wrong}: {_reason(first)}") from None

    def _budget(self, scope: str, amount: object) -> SpendingLimit:
        try:
            return SpendingLimit.read(f"{scope}:{amount}")
        except SettingsError as error:
            raise self._error((BUDGETS, scope), str(error)) from None

    def _check_hashes(self, keys: Sequence[ApiKey]) -> None:
        """Refuse one secret of two keys: which of them it is of could not be said."""
        owners: dict[str, str] = {}
        for key in keys:
            for secret, _ in key.secret_hashes():
                if secret in owners:
                    both = f"{owners[secret]!r} and {key.name!r} have the same hash"
                    raise self._error((KEYS, key.name, "hash"), f"{both}: make one anew with `slotfill keys add`")
                owners[secret] = key.name

    def _error(self, path: tuple[str, ...], message: str) -> SettingsError:
        line = _line_of(self._text, path)
        return SettingsError(f"{self._place}{f', line {line}' if line else ''}: {message}")


def _known(field: str) -> str:
    if close := get_close_matches(field, _OWN, n=1):
        return f"did you mean {close[0]!r}?"
    return f"its fields are {', '.join(sorted(_OWN))}"


def _reason(error: Any) -> str:
    if error["type"] == "missing":
        return "is missing: `slotfill keys add` writes it"
    return str(error["msg"]).removeprefix("Value error, ")


def _line_of(text: str, path: tuple[str, ...]) -> int | None:
    """Return the line, from 1 on, where a path is set, or the nearest one above it; the parser tells none."""
    best, line = 0, None
    for number, place in _places(text):
        shared = _shared(place, path)
        if shared > best:
            best, line = shared, number
    return line


def _places(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield what each line sets: a heading its table, and others their field."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if heading := _HEADING.fullmatch(line):
            table = _path_of(heading["name"])
            yield number, table
        elif field := _FIELD.match(line):
            yield number, (*table, *_path_of(field["name"]))


def _path_of(name: str) -> tuple[str, ...]:
    """Take a dotted name apart, by the parser itself, as parts of it may be quoted."""
    try:
        value: Any = tomllib.loads(f"{name} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    path = []
    while isinstance(value, dict):
        ((step, value),) = value.items()
        path.append(step)
    return tuple(path)


def _shared(place: tuple[str, ...], path: tuple[str, ...]) -> int:
    """Return how many steps of a path are set at a place, 0 where that is another one."""
    steps = min(len(place), len(path))
    return steps if place[:steps] == path[:steps] else 0
