"""Thresholds: figures that must not fall below a number, `F1:/total=0.9`, for those who let a build fail by them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches

from slotfill.extractors.errors import SettingsError
from slotfill.extractors.evaluation.evaluation import Evaluation
from slotfill.extractors.evaluation.intervals import Score

__all__ = ["Threshold"]

_FORM = re.compile(r"(?P<figure>[A-Za-z0-9]+)(?::(?P<path>.*))?=(?P<least>[^=]+)", re.DOTALL)

_FIGURES = ("f1", "precision", "recall", "right")


@dataclass(frozen=True, slots=True)
class Threshold:
    """A figure that must be at least so large.

    Attributes:
        figure: `f1`, `precision` or `recall`, with what comparisons tolerate, or `right`, the share of documents that
            are right as a whole.
        path: Of which field; None for all.
        least: The number, from 0 to 1.
    """

    figure: str
    path: str | None
    least: float

    @classmethod
    def parse(cls, text: str) -> Threshold:
        """Read `F1=0.9` or `F1:/total=0.9`. Raises SettingsError for what is not of that form."""
        parts = _FORM.fullmatch(text)
        figure = parts["figure"].lower() if parts else ""
        if not parts or figure not in _FIGURES or (figure == "right" and parts["path"] is not None):
            raise SettingsError(f"{text!r} is not of the form F1=0.9, precision:/field=0.9, recall=0.9 or right=0.9")
        try:
            least = float(parts["least"])
        except ValueError:
            least = -1.0
        if not 0 <= least <= 1:
            raise SettingsError(f"{parts['least']!r} in {text!r} is no number from 0 to 1")
        return cls(figure, parts["path"], least)

    def failure(self, evaluation: Evaluation) -> str | None:
        """Say how an evaluation falls below it, None where it does not.

        Raises SettingsError for a field that was not judged.
        """
        value = self._score(evaluation).value
        if value is not None and value >= self.least:
            return None
        of = f" of {self.path}" if self.path else ""
        shown = "not defined, as there is nothing to judge" if value is None else f"{value:.4f}"
        return f"{self.figure}{of} is {shown}: it must be at least {self.least:g}"

    def _score(self, evaluation: Evaluation) -> Score:
        scores = evaluation.scores
        if self.figure == "right":
            return scores.tolerated
        if self.path is not None and self.path not in scores.fields:
            near = get_close_matches(self.path, scores.fields, 1)
            raise SettingsError(f"no field {self.path!r} was judged" + (f": did you mean {near[0]!r}?" if near else ""))
        quality = scores.micro if self.path is None else scores.fields[self.path]
        rates = quality.tolerant
        return {"f1": rates.f1, "precision": rates.precision, "recall": rates.recall}[self.figure]
