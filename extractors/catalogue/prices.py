"""What requests cost: prices and bands of genai-prices' snapshot. What it does not hold is unknown, never guessed."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from slotfill.extractors.catalogue.transport_facts import price_name, transport_facts
from slotfill.extractors.record.usage import Tier, Usage

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo

__all__ = [
    "CacheTTL",
    "cost",
    "first_band",
    "price_a_million",
    "price_entry",
    "saving",
    "surcharge",
    "worst",
]

CacheTTL = Literal["5m", "1h"]
"""How long the service keeps a prefix after its last use: five minutes, or an hour at a higher price."""

UNSEEN_TOKENS = 1_024
"""More than the service itself adds to a prompt: a forced tool's instructions are its longest, of a few hundred tokens.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview#pricing
"""

MILLION = 1_000_000

BATCH_SHARE = Decimal("0.5")
"""What a request of a batch costs, of each of the standard prices, those of the cache and of long prompts among them.

https://platform.claude.com/docs/en/build-with-claude/batch-processing#pricing
"""


@dataclass(frozen=True, slots=True)
class _Rates:
    """USD a million tokens, where a prompt has more than `above` tokens, cached ones included."""

    above: int
    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write: Decimal

    def price(self, counts: tuple[int, int, int, int]) -> Decimal:
        """Price one request in USD; the counts are those of a `Usage`, in its order."""
        sent, written, read, kept = counts
        return (self.input * sent + self.output * written + self.cache_read * read + self.cache_write * kept) / MILLION


def cost(model_id: str, usage: Usage, *, ttl: CacheTTL = "5m") -> Decimal | None:
    """Price one request in USD, cache reads and writes and long-prompt bands included, at half of it in a batch.

    None when its price is unknown, or what it took.

    ttl: how long what it wrote to the cache is kept: an hour costs more.
    """
    if _is_free(model_id):
        return Decimal(0)
    if (counts := usage.counts) is None:
        return None
    reached = _reached(model_id, _prompt(counts), ttl)
    return reached[-1].price(counts) * _share(usage.tier) if reached else None


def surcharge(model_id: str, usage: Usage, *, ttl: CacheTTL = "5m") -> Decimal | None:
    """Return what one request cost more, in USD, than it had at the rates of short prompts; None as in `cost`."""
    if _is_free(model_id):
        return Decimal(0)
    if (counts := usage.counts) is None:
        return None
    reached = _reached(model_id, _prompt(counts), ttl)
    if len(reached) == 1:
        return Decimal(0)
    return (reached[-1].price(counts) - reached[0].price(counts)) * _share(usage.tier) if reached else None


def first_band(model_id: str) -> int | None:
    """Return the most tokens that a prompt may have at a model's lowest rates; None if there is one rate, or none."""
    bands = _bands(model_id, "5m", _today())
    return bands[1].above if len(bands) > 1 else None


def worst(model_id: str, size: int, room: int, *, ttl: CacheTTL, tier: Tier | None = None) -> Decimal | None:
    """Return the most that one request can cost in USD, however it is answered; None when its price is unknown.

    Every byte is a token, and each at the dearest rate that a prompt so long may have.

    size: bytes of its body. room: its `max_tokens`. ttl: as in `cost`. tier: as in `Usage`.
    """
    if _is_free(model_id):
        return Decimal(0)
    prompt = size + UNSEEN_TOKENS
    reached = _reached(model_id, prompt, ttl)
    if not reached:
        return None
    dearest = max(max(rates.input, rates.cache_read, rates.cache_write) for rates in reached)
    return (dearest * prompt + max(rates.output for rates in reached) * room) / MILLION * _share(tier)


def saving(model_id: str, usage: Usage, *, ttl: CacheTTL = "5m") -> Decimal | None:
    """Return what the cache saved on one request, in USD: negative where it wrote more than it read."""
    if _is_free(model_id):
        return Decimal(0)
    if (counts := usage.counts) is None or not _bands(model_id, ttl, _today()):
        return None
    sent, _, cache_read, cache_write = counts
    if not cache_read + cache_write:
        return Decimal(0)
    without = replace(usage, input_tokens=sent + cache_read + cache_write, cache_read_tokens=0, cache_write_tokens=0)
    paid, uncached = cost(model_id, usage, ttl=ttl), cost(model_id, without)
    return None if paid is None or uncached is None else uncached - paid


def price_a_million(model_id: str, prompt: int = 0) -> tuple[str, str]:
    """Return what a million tokens in, and out, cost in USD at the rates of a prompt so long; "?" when unknown."""
    if _is_free(model_id):
        return "0.00", "0.00"
    reached = _reached(model_id, prompt, "5m")
    return (f"{reached[-1].input:.2f}", f"{reached[-1].output:.2f}") if reached else ("?", "?")


def _reached(model_id: str, prompt: int, ttl: CacheTTL) -> list[_Rates]:
    """Return a model's rates up to those of a prompt of so many tokens, which stand last; none if they are unknown."""
    return [rates for rates in _bands(model_id, ttl, _today()) if prompt > rates.above]


def _is_free(model_id: str) -> bool:
    """Whether a model answers in this process."""
    facts = transport_facts(model_id)
    return facts is not None and facts.in_process


def _share(tier: Tier | None) -> Decimal | int:
    return BATCH_SHARE if tier == "batch" else 1


def _prompt(counts: tuple[int, int, int, int]) -> int:
    """Return a prompt's length: the service counts cached tokens beside `input_tokens`, and goes by all of them."""
    sent, _, cache_read, cache_write = counts
    return sent + cache_read + cache_write


@lru_cache(maxsize=64)
def _bands(model_id: str, ttl: CacheTTL, _day: int) -> tuple[_Rates, ...]:
    """Find a model's rates of a day, those of short prompts first; none when they are unknown.

    genai-prices takes longer to price a request than its reply to read, so that each rate is asked for once.
    """
    entry = price_entry(model_id)
    if entry is None:
        return ()
    from genai_prices.types import TieredPrices

    prices = vars(entry.get_prices(datetime.now(UTC))).values()
    starts = {tier.start for price in prices if isinstance(price, TieredPrices) for tier in price.tiers}
    return tuple(_rates(model_id, ttl, above) for above in (-1, *sorted(starts)))


def _rates(model_id: str, ttl: CacheTTL, above: int) -> _Rates:
    """Ask for the rates of prompts that are just longer than `above`."""
    prompt = max(above + 1, 1)
    written = {"cache_write_tokens": prompt} | ({"cache_write_1h_tokens": prompt} if ttl == "1h" else {})

    def rate(**cached: int) -> Decimal:
        return (_price(model_id, input_tokens=prompt, **cached) * MILLION / prompt).normalize()

    reply = _price(model_id, input_tokens=prompt, output_tokens=MILLION) - _price(model_id, input_tokens=prompt)
    return _Rates(above, rate(), reply.normalize(), rate(cache_read_tokens=prompt), rate(**written))


def _price(model_id: str, **counts: int) -> Decimal:
    from genai_prices import Usage as PricedUsage
    from genai_prices import calc_price

    address, name = price_name(model_id) or ("", "")
    return calc_price(PricedUsage(**counts), name, provider_api_url=address).total_price


def _today() -> int:
    """Return the day's number, in UTC: prices may change from one to the next."""
    return int(time.time() // 86_400)


@lru_cache(maxsize=64)
def price_entry(model_id: str) -> ModelInfo | None:
    """Find a model in the snapshot; None where it does not hold it."""
    from genai_prices.data_snapshot import get_snapshot

    address, name = price_name(model_id) or ("", "")
    try:
        return get_snapshot().find_provider_model(name, None, None, address)[1] if name else None
    except LookupError:
        return None
