"""Public names that load when they are first used: importing a package that has hundreds of them costs nothing.

Each name is listed once, in the package's stub, which editors and type checkers read too: `__init__.pyi` holds lines
like `from slotfill.schemas.schema import Schema as Schema`, and nothing else that is imported. A module of the package
itself is public by `from slotfill.extractors.testing import laws as laws`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from pkgutil import get_data

__all__ = ["lazy_names"]

_IMPORT = re.compile(r"^from (slotfill[\w.]*) import (\w+) as \2$", re.MULTILINE)
"""An import of a stub, as `ruff` writes them: `as` says to type checkers that the name is public."""


def lazy_names(package: str) -> tuple[Callable[[str], object], Callable[[], list[str]], list[str]]:
    """Read which names a package has.

    Returns:
        What the package needs as its `__getattr__`, `__dir__` and `__all__`.
    """
    stub = (get_data(package, "__init__.pyi") or b"").decode()
    homes = {name: module for module, name in _IMPORT.findall(stub)}
    names = sorted(homes)

    def load(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home = homes[name]
        return import_module(f"{home}.{name}") if home == package else getattr(import_module(home), name)

    return load, lambda: [*names], names
