"""slotfill: text files in, validated JSON out.

    from slotfill import Extractor
    from slotfill.schemas import Feedback

    with Extractor(Feedback) as extractor:
        extraction = extractor.extract("The app logs me out every hour.")
        extraction.value.urgency

Each name is loaded when it is first used: importing the package costs nothing. `__init__.pyi` lists them.
"""

from __future__ import annotations

from slotfill.schemas.lazy_names import lazy_names

__version__ = "0.2.0"

__getattr__, __dir__, __all__ = lazy_names(__name__)
