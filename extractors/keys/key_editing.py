"""The text of a file of keys, changed: what people have written in it stays, comments too. Pure (extra `serve`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from slotfill.extractors.errors import SettingsError
from slotfill.extractors.keys.api_key import ApiKey, EarlierSecret
from slotfill.extractors.keys.key_table import KEYS
from slotfill.schemas.errors import MissingExtraError

try:
    import tomlkit
    from tomlkit.items import InlineTable
except ModuleNotFoundError as error:
    if error.name != "tomlkit":
        raise
    raise MissingExtraError("changing keys needs the extra `serve`: pip install 'slotfill[serve]'") from error

__all__ = ["add_key", "replace_key"]


def add_key(text: str, key: ApiKey) -> str:
    """Add a key.

    Raises:
        SettingsError: There is one of its name.
    """
    document = tomlkit.parse(text)
    keys: Any = document.setdefault(KEYS, tomlkit.table(is_super_table=True))
    if key.name in keys:
        raise SettingsError(
            f"there is a key {key.name!r} already: `slotfill keys rotate {key.name}` gives it a new secret"
        )
    table = tomlkit.inline_table() if isinstance(keys, InlineTable) else tomlkit.table()
    table.update(_fields(key))
    keys[key.name] = table
    return tomlkit.dumps(document)


def replace_key(text: str, before: ApiKey, after: ApiKey) -> str:
    """Write what has changed of a key; the rest of the text stays as it is."""
    document = tomlkit.parse(text)
    table: Any = document[KEYS]
    old, new = _fields(before), _fields(after)
    for name in old.keys() - new.keys():
        table[before.name].remove(name)
    for name, value in new.items():
        if old.get(name) != value:
            table[before.name][name] = value
    return tomlkit.dumps(document)


def _fields(key: ApiKey) -> dict[str, Any]:
    """Return what is written of a key: each field that says anything."""
    fields = {name: value for name, value in key if value not in (None, (), {}) and name != "name"}
    return {name: _item(value) for name, value in fields.items()}


def _item(value: object) -> Any:
    match value:
        case Decimal():
            return tomlkit.value(format(value, "f"))
        case datetime():
            return tomlkit.item(value.replace(microsecond=0))
        case tuple():
            items = tomlkit.array()
            items.extend(_item(item) for item in value)
            return items
        case EarlierSecret():
            return _inline_table({"hash": value.hash, "until": _item(value.until)})
        case Mapping():
            return _inline_table(value)
    return value


def _inline_table(fields: Mapping[str, object]) -> Any:
    table = tomlkit.inline_table()
    table.update(fields)
    return table
