"""The schemas that a server is started with, each under its own name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from slotfill.schemas.schema import Schema

__all__ = ["named_schemas"]

_IN_ADDRESS = re.compile(r"[\w. -]{1,200}")
"""What a schema is called that is reached by its name."""


def named_schemas(names: tuple[str, ...]) -> dict[str, Schema[Any]]:
    """Make the schemas that are named. Raises SchemaError, and click.UsageError where two have one name."""
    from slotfill.schemas.sources.schema_sources import resolve

    schemas: dict[str, Schema[Any]] = {}
    for name in names:
        schema = resolve(name, trusted=True)
        if not _IN_ADDRESS.fullmatch(schema.name):
            detail = "cannot stand in an address: give it a title of letters, digits, '-', '_', '.' and spaces"
            raise click.UsageError(f"the name {schema.name!r} {detail}")
        if schema.name in schemas:
            raise click.UsageError(f"two schemas are called {schema.name!r}: rename one")
        schemas[schema.name] = schema
    return schemas
