"""The calibrations that are shipped, and that they are those of today's prompt."""

from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from slotfill import Extractor
from slotfill.extractors.local.by_field import calibration, fields
from slotfill.extractors.local.by_field.calibration import Calibration
from slotfill.extractors.local.by_field.fields import FieldDecoder
from slotfill.extractors.local.by_field.fitted_biases import fitted_biases
from slotfill.extractors.local.by_field.schema_compiler import compile_schema
from slotfill.extractors.local.by_field.text_features import FEATURES
from slotfill.extractors.local.conversation import Shot
from slotfill.schemas import Schema, Sentiment
from slotfill.schemas.marks.silent_marks import without_silent_marks


def test_a_bias_depends_on_what_a_text_looks_like():
    leaning = Calibration(1.0, (0.0, 0.5), ((0.0, 1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 2.0, 0.0)))
    plain = leaning.for_text("The hall is painted white and green today, they say.")
    figures = leaning.for_text("Doors 7, seats 40, row 3, price 12, hall 9, lift 2.")
    assert plain.bias == (0.0, 0.5)
    assert figures.bias[0] > 3 * 0.9
    assert figures.bias[1] == 0.5


def test_one_without_slopes_is_the_same_for_every_text():
    even = Calibration(1.0, (0.0, 0.5))
    assert even.for_text("Doors 7, seats 40!") is even


def test_a_prompt_that_nobody_fitted_has_none():
    assert fitted_biases("another") == {}


def decoder_of_sentiment(model_file: Path) -> FieldDecoder:
    schema = Schema(Sentiment)
    sent = without_silent_marks(schema.json_schema)
    return FieldDecoder(
        SimpleNamespace(identity=(model_file.name, model_file.stat().st_size)),
        sent,
        compile_schema(sent),
        None,
        examples=[Shot(example.text, example.value) for example in schema.examples],
        labelled=[Shot(example.text, example.value) for example in Sentiment.calibration],
        instructions="",
    )


@pytest.mark.local
def test_what_is_shipped_is_of_the_prompt_and_the_model_of_today(model_file):
    """Where this fails, a prompt has changed: `python benchmarks/biases.py` fits the numbers anew."""
    shipped = fitted_biases(decoder_of_sentiment(model_file).prompt_key())["/sentiment"]
    assert len(shipped.bias) == len(shipped.slopes) == 3
    assert {len(slopes) for slopes in shipped.slopes} == {len(FEATURES)}


@pytest.mark.local
def test_an_extraction_takes_what_is_shipped_and_fits_nothing(model_file, monkeypatch, tmp_path):
    monkeypatch.setattr(calibration, "_file", lambda key: tmp_path / key)
    fit = Mock(side_effect=AssertionError("fitted"))
    monkeypatch.setattr(fields.FieldDecoder, "_calibrated", fit)
    with Extractor(Sentiment, model=f"local:{model_file}") as extractor:
        assert extractor.extract("Trams run every ten minutes from 6 to 23.").value.sentiment == "neutral"
    assert list(tmp_path.iterdir()) == []
