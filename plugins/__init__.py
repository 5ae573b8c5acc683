"""What plug-ins are made of: packages that add schemas, readers, sinks, transports and comparators by entry points.

    [project.entry-points."slotfill.readers"]
    rtf = "acme.rtf:read_rtf"

Each name is loaded when it is first used. `__init__.pyi` lists them; `slotfill.extractors.testing` has a test class for
each group.
"""

from __future__ import annotations

from slotfill.schemas.lazy_names import lazy_names

__getattr__, __dir__, __all__ = lazy_names(__name__)
