"""Extraction by several processes: workers that may end at any time, and the one coordinator that they report to.

    from slotfill.distributed import SlotfillExtract

    dataset.map_batches(SlotfillExtract, fn_constructor_args=("feedback",), concurrency=4, batch_format="pyarrow")

Each name is loaded when it is first used. `__init__.pyi` lists them.
"""

from __future__ import annotations

from slotfill.schemas.lazy_names import lazy_names

__getattr__, __dir__, __all__ = lazy_names(__name__)
