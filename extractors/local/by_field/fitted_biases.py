"""Calibrations that are shipped: of built-in schemas, on the embedded model, fitted to texts of many kinds.

`python benchmarks/biases.py fit` writes the numbers. They hold for one prompt of one model, under whose hash
they stand: where either changes, the scores are fitted anew, to the schema's own labelled texts.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from slotfill.extractors.local.by_field.calibration import Calibration

__all__ = ["FITTED", "fitted_biases"]

FITTED = Path(__file__).with_name("fitted_biases.json")


def fitted_biases(key: str) -> dict[str, Calibration]:
    """Return what is shipped for a prompt, by JSON Pointer; nothing for most."""
    return _all().get(key, {})


@cache
def _all() -> dict[str, dict[str, Calibration]]:
    return {
        key: {
            path: Calibration(entry["sharpness"], tuple(entry["bias"]), tuple(map(tuple, entry["slopes"])))
            for path, entry in entries.items()
        }
        for key, entries in json.loads(FITTED.read_text("utf-8")).items()
    }
