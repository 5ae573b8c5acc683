"""Model ids -> limits, prices, abilities.

Prices and context windows come from genai-prices' snapshot. What the snapshot does not hold is unknown, never guessed.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from slotfill.extractors.record.usage import Usage

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo

__all__ = [
    "DEFAULT_MODEL",
    "HUB",
    "LOCAL",
    "CacheTTL",
    "Model",
    "cost",
    "first_band",
    "is_claude",
    "is_local",
    "known_models",
    "look_up",
    "plain_name",
    "price_a_million",
    "saving",
    "surcharge",
    "worst",
]

CacheTTL = Literal["5m", "1h"]
"""How long the service keeps a prefix after its last use: five minutes, or an hour at a higher price."""

DEFAULT_MODEL = "claude-haiku-5-5"

LOCAL = "local"
"""The embedded model's id; `local:FILE.gguf` names another file."""

HUB = "hf"
"""What the id of a model file on a hub begins with: `hf:ORG/REPO/FILE.gguf`."""

NON_STREAMING_TOKENS = 21_333
"""The most output that the SDK asks for without streaming: 10 minutes at 128,000 tokens an hour."""

UNSEEN_TOKENS = 1_024
"""More than the service itself adds to a prompt: a forced tool's instructions are its longest, of a few hundred tokens.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview#pricing
"""

MILLION = 1_000_000

LOCAL_TOKENS = 1_024
"""The most that the embedded model writes in one reply: far beyond its use, well within its context."""

# Output limits below NON_STREAMING_TOKENS, and the models without `output_config.format`, from the service's model
# overview (retired models are still served by some gateways).
_SMALL_OUTPUT = (
    ("claude-2", 4_096),
    ("claude-3-haiku", 4_096),
    ("claude-3-opus", 4_096),
    ("claude-3-5", 8_192),
    ("claude-opus-4-0", 8_192),
    ("claude-opus-4-1", 8_192),
    ("claude-opus-4-2025", 8_192),
)
_NO_STRUCTURED_OUTPUT = re.compile(r"claude-(?:v?[12]\b|instant|3|opus-4-0|sonnet-4-0|(?:opus|sonnet)-4(?:-2025|$))")


_NO_FORCED_TOOL = re.compile(r"claude-(?:(?:opus|sonnet)-5-5|(?:fable|mythos)-5)")
"""Finds the models that refuse to be forced to call a tool.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/define-tools, and browserbase/stagehand issue 2221
"""


_LEAST_CACHED = (
    (re.compile(r"opus-4-[56]|haiku-4-5"), 4_096),
    (re.compile(r"opus-4-7|claude-3(?:-5)?-haiku"), 2_048),
    (re.compile(r"(?:opus|fable|mythos)-5|-5-5"), 512),
)
"""The models whose cache keeps no part of a prompt that has fewer tokens; of others it keeps `LEAST_CACHED`.

https://platform.claude.com/docs/en/build-with-claude/prompt-caching
"""

LEAST_CACHED = 1_024


_CLAUDE = re.compile(r"(?:[\w-]+[./])*claude[\w.@-]*(?::\d+)?", re.ASCII | re.IGNORECASE)
"""Finds `claude-haiku-5-5`, `anthropic/claude-opus-5`, `anthropic.claude-v2:1`, and no `local:claude.gguf`."""


@dataclass(frozen=True, slots=True)
class Model:
    """What a model can do.

    context: tokens of prompt and reply together, None when unknown.
    max_output: tokens that one reply may hold, as far as a non-streaming request allows.
    structured: whether it takes `output_config.format`.
    forced_tool: whether it can be forced to call a tool; else it is asked to.
    least_cached: the fewest tokens of a prompt that the service's cache keeps.
    """

    id: str
    context: int | None
    max_output: int
    structured: bool
    forced_tool: bool
    least_cached: int


def is_local(model_id: str) -> bool:
    """Tell whether the id names an embedded model."""
    return model_id == LOCAL or model_id.startswith((f"{LOCAL}:", f"{HUB}:"))


def is_claude(model_id: str) -> bool:
    """Tell whether the id names a model of the service, as gateways write it too."""
    return _CLAUDE.fullmatch(model_id) is not None


def plain_name(model_id: str) -> str:
    """Write a model's id as the service does: some gateways call `claude-opus-5-5` `anthropic/claude-opus-5.5`."""
    return model_id.replace(".", "-")


def look_up(model_id: str) -> Model:
    """Describe a model. An id that is not in the snapshot gets a current model's abilities and no context."""
    if is_local(model_id):
        return Model(model_id, None, LOCAL_TOKENS, structured=True, forced_tool=True, least_cached=0)
    info, name = _price_entry(model_id), plain_name(model_id)
    max_output = next((limit for part, limit in _SMALL_OUTPUT if part in name), NON_STREAMING_TOKENS)
    return Model(
        model_id,
        info.context_window if info else None,
        max_output,
        structured=not _NO_STRUCTURED_OUTPUT.search(name),
        forced_tool=not _NO_FORCED_TOOL.search(name),
        least_cached=next((least for names, least in _LEAST_CACHED if names.search(name)), LEAST_CACHED),
    )


def known_models() -> tuple[str, ...]:
    """Name the Claude models that have a price, newest names as the snapshot sorts them."""
    from genai_prices.data_snapshot import get_snapshot

    provider = next(provider for provider in get_snapshot().providers if provider.id == "anthropic")
    return tuple(model.id for model in provider.models if not model.deprecated)


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
        read, written, cached, kept = counts
        return (
            self.input * read + self.output * written + self.cache_read * cached + self.cache_write * kept
        ) / MILLION


def cost(model_id: str, usage: Usage, *, ttl: CacheTTL = "5m") -> Decimal | None:
    """Price one request in USD, cache reads and writes and long-prompt bands included.

    None when its price is unknown, or what it took.

    ttl: how long what it wrote to the cache is kept: an hour costs more.
    """
    if is_local(model_id):
        return Decimal(0)
    if (counts := usage.counts) is None:
        return None
    reached = _reached(model_id, _prompt(counts), ttl)
    return reached[-1].price(counts) if reached else None


def surcharge(model_id: str, usage: Usage, *, ttl: CacheTTL = "5m") -> Decimal | None:
    """Give what one request cost more, in USD, than it had at the rates of short prompts; None as in `cost`."""
    if is_local(model_id):
        return Decimal(0)
    if (counts := usage.counts) is None:
        return None
    reached = _reached(model_id, _prompt(counts), ttl)
    if len(reached) == 1:
        return Decimal(0)
    return reached[-1].price(counts) - reached[0].price(counts) if reached else None


def first_band(model_id: str) -> int | None:
    """Give the most tokens that a prompt may have at a model's lowest rates; None where all have the same, or none."""
    bands = _bands(model_id, "5m", _today())
    return bands[1].above if len(bands) > 1 else None


def worst(model_id: str, size: int, room: int, *, ttl: CacheTTL) -> Decimal | None:
    """Give the most that one request can cost in USD, however it is answered; None when its price is unknown.

    Every byte is a token, and each at the dearest rate that a prompt so long may have.

    size: bytes of its body. room: its `max_tokens`. ttl: as in `cost`.
    """
    if is_local(model_id):
        return Decimal(0)
    prompt = size + UNSEEN_TOKENS
    reached = _reached(model_id, prompt, ttl)
    if not reached:
        return None
    dearest = max(max(rates.input, rates.cache_read, rates.cache_write) for rates in reached)
    return (dearest * prompt + max(rates.output for rates in reached) * room) / MILLION


def saving(model_id: str, usage: Usage, *, ttl: CacheTTL = "5m") -> Decimal | None:
    """Give what the cache saved on one request, in USD: negative where it wrote more than it read."""
    if is_local(model_id):
        return Decimal(0)
    if (counts := usage.counts) is None or not _bands(model_id, ttl, _today()):
        return None
    read, written, cache_read, cache_write = counts
    if not cache_read + cache_write:
        return Decimal(0)
    paid, uncached = cost(model_id, usage, ttl=ttl), cost(model_id, Usage(read + cache_read + cache_write, written))
    return None if paid is None or uncached is None else uncached - paid


def price_a_million(model_id: str, prompt: int = 0) -> tuple[str, str]:
    """Give what a million tokens in, and out, cost in USD at the rates of a prompt so long; "?" when unknown."""
    if is_local(model_id):
        return "0.00", "0.00"
    reached = _reached(model_id, prompt, "5m")
    return (f"{reached[-1].input:.2f}", f"{reached[-1].output:.2f}") if reached else ("?", "?")


def _reached(model_id: str, prompt: int, ttl: CacheTTL) -> list[_Rates]:
    """Give a model's rates up to those of a prompt of so many tokens, which stand last; none when they are unknown."""
    return [rates for rates in _bands(model_id, ttl, _today()) if prompt > rates.above]


def _prompt(counts: tuple[int, int, int, int]) -> int:
    """Give a prompt's length: the service counts cached tokens beside `input_tokens`, and takes it from all of them."""
    read, _, cached, kept = counts
    return read + cached + kept


@lru_cache(maxsize=64)
def _bands(model_id: str, ttl: CacheTTL, _day: int) -> tuple[_Rates, ...]:
    """Find a model's rates of a day, those of short prompts first; none when they are unknown.

    genai-prices takes longer to price a request than its reply to read, so that each rate is asked for once.
    """
    entry = _price_entry(model_id)
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

    return calc_price(PricedUsage(**counts), model_id, provider_id="anthropic").total_price


def _today() -> int:
    """Give the day's number, in UTC: prices may change from one to the next."""
    return int(time.time() // 86_400)


@lru_cache(maxsize=64)
def _price_entry(model_id: str) -> ModelInfo | None:
    from genai_prices.data_snapshot import get_snapshot

    try:
        return get_snapshot().find_provider_model(model_id, None, "anthropic", None)[1]
    except LookupError:
        return None
