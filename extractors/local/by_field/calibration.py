"""What a model's scores are worth: a temperature and a bias a label, learnt from labelled texts.

A small model leans to some labels whatever the text says, by how the prompt happens to be laid out. Probabilities are
softmax(t·s + b) of the log-probabilities s, where t and b are fitted to the labelled texts by maximum likelihood, held
near their usual values by normal priors (bias-corrected temperature scaling: Alexandari, Kundaje and Shrikumar, ICML
2020). Those that are shipped were fitted to texts of many kinds, and have b depend on what a text looks like.
Without labelled texts or worked examples, b makes all labels alike on texts that say nothing (contextual calibration:
Zhao et al., ICML 2021).
"""

from __future__ import annotations

import contextlib
import json
import math
import secrets
from dataclasses import dataclass
from operator import add, mul
from typing import TYPE_CHECKING

import platformdirs

from slotfill.extractors.local.by_field.text_features import text_features

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["CONTENT_FREE", "Calibration", "Scored", "keep", "recall"]

CONTENT_FREE = ("N/A", "...", "[text]")
"""Texts that say nothing."""

SHARPNESS = 1.3
"""The temperature, as a factor, where nothing is known: a small model's scores are too even (measured on sentiment)."""

SHARPNESS_OF_FIT = 3.0
"""Where a fit begins: with a bias that is right, the best factor is larger (2.8 to 3.5, measured on sentiment)."""

TRUST_IN_SHARPNESS = 1.0
TRUST_IN_NO_BIAS = 0.1
"""The precision of the normal priors of sharpness and bias."""

STEPS = 800
"""Steps of a fit: after as many the parameters are right to four digits, also where few texts leave the slope flat."""

RATE = 0.6
RATE_OF_SHARPNESS = 0.05
SOFTEST = 0.1

Scored = tuple[tuple[float, ...], int]
"""The log-probabilities of all labels for one text, and which of them is right."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """sharpness: the factor t. bias: b, one number a label. slopes: of each label what a text's features add to b."""

    sharpness: float
    bias: tuple[float, ...]
    slopes: tuple[tuple[float, ...], ...] = ()

    @classmethod
    def none(cls, labels: int) -> Calibration:
        """Take the scores as they are, but for the usual sharpness."""
        return cls(SHARPNESS, (0.0,) * labels)

    @classmethod
    def content_free(cls, scores: Sequence[tuple[float, ...]]) -> Calibration:
        """Make all labels alike on texts that say nothing, given their scores."""
        means = [sum(column) / len(scores) for column in zip(*scores, strict=True)]
        return cls(SHARPNESS, tuple(-SHARPNESS * mean for mean in means))

    @classmethod
    def fit(cls, scored: Sequence[Scored]) -> Calibration:
        """Fit to labelled texts, by gradient ascent."""
        sharpness, bias = SHARPNESS_OF_FIT, [0.0] * len(scored[0][0])
        for _ in range(STEPS):
            slope = (SHARPNESS_OF_FIT - sharpness) * TRUST_IN_SHARPNESS
            slopes = [-TRUST_IN_NO_BIAS * value for value in bias]
            for scores, right in scored:
                chances = cls(sharpness, tuple(bias)).probabilities(scores)
                for label, chance in enumerate(chances):
                    missing = (label == right) - chance
                    slopes[label] += missing
                    slope += missing * scores[label]
            sharpness = max(sharpness + RATE_OF_SHARPNESS * slope / len(scored), SOFTEST)
            bias = [value + RATE * step / len(scored) for value, step in zip(bias, slopes, strict=True)]
        return cls(sharpness, tuple(bias))

    def for_text(self, text: str) -> Calibration:
        """Return what holds for one text: how much a model leans depends on the text's length and register."""
        if not self.slopes:
            return self
        features = text_features(text)
        added = (sum(map(mul, slopes, features)) for slopes in self.slopes)
        return Calibration(self.sharpness, tuple(map(add, self.bias, added)))

    def probabilities(self, scores: Sequence[float]) -> tuple[float, ...]:
        """Turn the log-probabilities of all labels into probabilities that add up to 1."""
        logits = [self.sharpness * score + bias for score, bias in zip(scores, self.bias, strict=True)]
        highest = max(logits)
        weights = [math.exp(logit - highest) for logit in logits]
        total = sum(weights)
        return tuple(weight / total for weight in weights)


def recall(key: str) -> dict[str, Calibration]:
    """Read what was kept under a key, by JSON Pointer; nothing where there is none, or none that can be read."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        stored = json.loads(_file(key).read_text("utf-8"))
        return {path: Calibration(entry["sharpness"], tuple(entry["bias"])) for path, entry in stored.items()}
    return {}


def keep(key: str, calibrations: Mapping[str, Calibration]) -> None:
    """Keep calibrations in the user's cache folder, where that is possible: to find them again takes seconds."""
    file = _file(key)
    unfinished = file.with_suffix(f".{secrets.token_hex(4)}")
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        written = {
            path: {"sharpness": calibration.sharpness, "bias": calibration.bias}
            for path, calibration in calibrations.items()
        }
        unfinished.write_text(json.dumps(written), "utf-8")
        unfinished.replace(file)


def _file(key: str) -> Path:
    return platformdirs.user_cache_path("slotfill") / "calibration" / f"{key}.json"
