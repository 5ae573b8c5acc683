"""Prices and limits."""

from decimal import Decimal

import pytest
from genai_prices.data_snapshot import get_snapshot

from slotfill import Usage
from slotfill.extractors.catalogue import DEFAULT_MODEL, cost, is_local, known_models, look_up, price_a_million, saving


def test_a_short_request_is_priced_by_its_parts():
    usage = Usage(input_tokens=1_000, output_tokens=100, cache_read_tokens=10_000, cache_write_tokens=2_000)
    # 0.10 in, 0.50 out, 0.01 read, 0.125 written, in USD a million tokens
    assert cost(DEFAULT_MODEL, usage) == Decimal("0.0001") + Decimal("0.00005") + Decimal("0.0001") + Decimal("0.00025")


def test_cached_tokens_count_beside_the_input_and_not_within():
    """The service's `input_tokens` excludes the cache: reading 1,000 cached tokens with no input is no error."""
    assert cost(DEFAULT_MODEL, Usage(cache_read_tokens=1_000)) == Decimal("0.00001")


def test_a_long_prompt_is_priced_by_its_band_cached_parts_included():
    short, long = Usage(100_000, 1_000), Usage(1, 1_000, cache_read_tokens=150_000)
    assert cost(DEFAULT_MODEL, short) == Decimal("0.0105")
    assert cost(DEFAULT_MODEL, long) == Decimal("0.0000005") + Decimal("0.0075") + Decimal("0.0025")


def test_what_has_no_price_costs_nobody_knows_what():
    assert cost("claude-of-tomorrow", Usage(1)) is None
    assert price_a_million("claude-of-tomorrow") == ("?", "?")


@pytest.mark.parametrize("model", ["local", "local:x.gguf", "hf:acme/tiny/x.gguf"])
def test_the_embedded_model_is_free(model):
    assert is_local(model)
    assert cost(model, Usage(1_000, 1_000)) == 0
    assert look_up(model).structured


@pytest.mark.parametrize("model", ["claude-haiku-5-5", "localhost", "local-claude", "hf-claude", "claude/hf:x.gguf"])
def test_no_other_model_is_embedded(model):
    assert not is_local(model)


def test_the_default_model_is_known():
    assert DEFAULT_MODEL in known_models()
    model = look_up(DEFAULT_MODEL)
    assert (model.context, model.max_output, model.structured) == (1_000_000, 21_333, True)
    assert price_a_million(DEFAULT_MODEL) == ("0.10", "0.50")


@pytest.mark.parametrize(
    ("model", "structured", "max_output"),
    [
        ("claude-3-haiku-20240307", False, 4_096),
        ("claude-3-5-sonnet-latest", False, 8_192),
        ("claude-3-7-sonnet-latest", False, 21_333),
        ("claude-sonnet-4-20250514", False, 21_333),
        ("claude-opus-4-20250514", False, 8_192),
        ("claude-opus-4-1", True, 8_192),
        ("claude-sonnet-4-5", True, 21_333),
        ("claude-haiku-4-5-20251001", True, 21_333),
        ("claude-opus-5", True, 21_333),
        ("claude-of-tomorrow", True, 21_333),
    ],
)
def test_older_models_can_less(model, structured, max_output):
    found = look_up(model)
    assert (found.structured, found.max_output) == (structured, max_output)


def test_every_known_model_has_a_price():
    assert all("?" not in price_a_million(name) for name in known_models())
    assert len(known_models()) > 10
    assert get_snapshot().providers


class TestCache:
    WRITTEN, READ = Usage(10, 5, cache_write_tokens=10_000), Usage(10, 5, cache_read_tokens=10_000)

    def test_what_is_kept_for_an_hour_costs_more_to_write(self):
        short, long = (cost("claude-haiku-5-5", self.WRITTEN, ttl=ttl) for ttl in ("5m", "1h"))
        plain = cost("claude-haiku-5-5", Usage(10_010, 5))
        assert plain < short < long
        # https://platform.claude.com/docs/en/build-with-claude/prompt-caching: 1.25 and 2 times the price of input.
        assert (long - plain) / (short - plain) == 4

    def test_reading_saves_and_writing_costs(self):
        assert saving("claude-haiku-5-5", self.READ) > 0 > saving("claude-haiku-5-5", self.WRITTEN)
        assert saving("claude-haiku-5-5", Usage(10, 5)) == 0
        assert saving("claude-of-tomorrow", self.READ) is None
