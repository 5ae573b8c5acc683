"""What tests of extractions stand on: a simulated service, cassettes, laws, fixtures. `__init__.pyi` lists them."""

from __future__ import annotations

from slotfill.schemas.lazy_names import lazy_names

__getattr__, __dir__, __all__ = lazy_names(__name__)
