"""What to extract: schemas, the built-in ones, and where schemas come from. `__init__.pyi` lists the public names."""

from __future__ import annotations

from slotfill.schemas.lazy_names import lazy_names

__getattr__, __dir__, __all__ = lazy_names(__name__)
