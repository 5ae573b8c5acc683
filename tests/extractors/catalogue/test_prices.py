"""Prices and limits."""

from dataclasses import replace
from decimal import Decimal
from operator import attrgetter

import pytest
from genai_prices import Usage as Priced
from genai_prices import calc_price
from genai_prices.data_snapshot import get_snapshot
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill import Usage
from slotfill.extractors.catalogue.model_facts import known_models, look_up
from slotfill.extractors.catalogue.model_ids import DEFAULT_MODEL
from slotfill.extractors.catalogue.prices import (
    UNSEEN_TOKENS,
    cost,
    first_band,
    price_a_million,
    saving,
    surcharge,
    worst,
)
from slotfill.extractors.messages_api.thinking import thinking_for


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


@pytest.mark.parametrize(
    ("model", "band"),
    [
        ("claude-haiku-5-5", 100_000),
        ("claude-sonnet-4-5", 200_000),
        ("claude-opus-5", None),
        ("claude-of-tomorrow", None),
    ],
)
def test_some_models_have_bands(model, band):
    assert first_band(model) == band


def test_what_a_long_prompt_costs_more():
    short, long = Usage(100_000, 1_000), Usage(1, 1_000, cache_read_tokens=150_000)
    assert surcharge(DEFAULT_MODEL, short) == surcharge("local", long) == 0
    assert surcharge(DEFAULT_MODEL, long) == cost(DEFAULT_MODEL, long) * 4 / 5
    # Twice as much in, 1.5 times out.
    assert surcharge("claude-sonnet-4-5", Usage(300_000, 1_000)) == Decimal("0.9") + Decimal("0.0075")
    assert surcharge("claude-of-tomorrow", long) is surcharge(DEFAULT_MODEL, Usage(None)) is None


def test_what_has_no_price_costs_nobody_knows_what():
    assert cost("claude-of-tomorrow", Usage(1)) is None
    assert price_a_million("claude-of-tomorrow") == ("?", "?")


def test_a_million_tokens_cost_more_at_the_rates_of_long_prompts():
    assert price_a_million(DEFAULT_MODEL, 100_000) == ("0.10", "0.50")
    assert price_a_million(DEFAULT_MODEL, 100_001) == ("0.50", "2.50")
    assert price_a_million("local", 100_001) == ("0.00", "0.00")


@pytest.mark.parametrize("model", ["local", "local:x.gguf", "hf:acme/tiny/x.gguf"])
def test_the_embedded_model_is_free(model):
    assert cost(model, Usage(1_000, 1_000)) == 0


def test_every_known_model_has_a_price():
    assert all("?" not in price_a_million(name) for name in known_models())
    assert len(known_models()) > 10
    assert get_snapshot().providers


MODELS = [entry.id for entry in next(p for p in get_snapshot().providers if p.id == "anthropic").models]
TTLS = ("5m", "1h")
TOKENS = st.integers(0, 300_000) | st.sampled_from([0, 1, 99_999, 100_000, 100_001, 200_000, 200_001])


@given(st.sampled_from(MODELS), st.builds(Usage, TOKENS, TOKENS, TOKENS, TOKENS), st.sampled_from(TTLS))
@example("claude-haiku-5-5", Usage(0, 5, 50_000, 50_000), "5m")  # the last prompt of a band
@example("claude-haiku-5-5", Usage(0, 5, 50_000, 50_001), "5m")
def test_a_price_is_what_genai_prices_asks(model, usage, ttl):
    counts = {
        "input_tokens": usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "cache_write_1h_tokens": usage.cache_write_tokens * (ttl == "1h"),
    }
    assert cost(model, usage, ttl=ttl) == calc_price(Priced(**counts), model, provider_id="anthropic").total_price


class TestWorst:
    @given(st.data(), st.sampled_from(MODELS), st.sampled_from(TTLS))
    def test_no_reply_costs_more(self, data, model, ttl):
        size, room = data.draw(TOKENS), data.draw(TOKENS)
        prompt = data.draw(st.integers(0, size + UNSEEN_TOKENS) | st.just(size + UNSEEN_TOKENS))
        read = data.draw(st.integers(0, prompt))
        written = data.draw(st.integers(0, prompt - read))
        wrote = data.draw(st.integers(0, room))
        usage = Usage(prompt - read - written, wrote, read, written)
        assert cost(model, usage, ttl=ttl) <= worst(model, size, room, ttl=ttl)

    @pytest.mark.parametrize("model", MODELS)
    @pytest.mark.parametrize("ttl", TTLS)
    @pytest.mark.parametrize("size", [100, 1_000_000])
    def test_a_reply_that_is_written_to_the_cache_and_full_costs_as_much(self, model, ttl, size):
        dearest = Usage(0, 500, 0, size + UNSEEN_TOKENS)
        assert worst(model, size, 500, ttl=ttl) == cost(model, dearest, ttl=ttl)

    def test_what_the_service_adds_to_a_prompt_is_in_it(self):
        # 804 tokens are the most that the service's documentation tells of, for a forced tool.
        assert cost(DEFAULT_MODEL, Usage(804 + 25, 1)) <= worst(DEFAULT_MODEL, 25, 1, ttl="5m")

    def test_what_has_no_price_may_cost_anything(self):
        assert worst("claude-of-tomorrow", 1, 1, ttl="5m") is None

    def test_the_embedded_model_is_free_however_long(self):
        assert worst("local", 10**9, 10**9, ttl="1h") == 0


class TestBatches:
    """https://platform.claude.com/docs/en/build-with-claude/batch-processing#pricing: 50 % of all standard prices."""

    @given(st.sampled_from(MODELS), st.builds(Usage, TOKENS, TOKENS, TOKENS, TOKENS), st.sampled_from(TTLS))
    @example("claude-haiku-5-5", Usage(1, 5, 50_000, 50_000), "1h")  # a long prompt, mostly from the cache
    def test_all_is_exactly_half_as_dear(self, model, usage, ttl):
        batched = replace(usage, tier="batch")
        for price in (cost, saving, surcharge):
            assert price(model, batched, ttl=ttl) * 2 == price(model, usage, ttl=ttl)

    def test_the_prices_that_are_published(self):
        usage = Usage(1_000_000, 1_000_000, tier="batch")
        assert cost("claude-opus-4-5", usage) == Decimal("2.50") + Decimal("12.50")
        assert cost("claude-haiku-4-5", usage) == Decimal("0.50") + Decimal("2.50")

    @given(st.sampled_from(MODELS), TOKENS, TOKENS, st.sampled_from(TTLS))
    def test_so_is_the_worst(self, model, size, room, ttl):
        assert worst(model, size, room, ttl=ttl, tier="batch") * 2 == worst(model, size, room, ttl=ttl)

    def test_what_is_free_or_unknown_is_so_in_batches(self):
        usage = Usage(1_000, 5, tier="batch")
        assert cost("local", usage) == worst("local", 1, 1, ttl="5m", tier="batch") == 0
        assert cost("claude-of-tomorrow", usage) is worst("claude-of-tomorrow", 1, 1, ttl="5m", tier="batch") is None


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


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ("anthropic/claude-opus-5.5", "claude-opus-5-5"),
        ("anthropic/claude-sonnet-5.5", "claude-sonnet-5-5"),
        ("claude-opus-4.6", "claude-opus-4-6"),
        ("anthropic/claude-haiku-4.5", "claude-haiku-4-5"),
        ("anthropic/claude-3.5-haiku", "claude-3-5-haiku"),
    ],
)
def test_a_gateways_name_with_a_point_means_the_same_model(called, name):
    abilities = attrgetter("max_output", "structured", "forced_tool", "least_cached")
    assert abilities(look_up(called)) == abilities(look_up(name))
    assert thinking_for(called, max_tokens=4_000) == thinking_for(name, max_tokens=4_000)
