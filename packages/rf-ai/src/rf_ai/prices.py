"""What models cost: US dollars per million tokens, and what one call costs exactly.

The table was copied from Anthropic's pricing page (platform.claude.com, "Pricing", read in
November 2026). Prices change: whoever pays checks them there and puts other ones under
``ai.prices`` in ``rf.toml``. A model without a price cannot be budgeted and is not called.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_UP, Decimal

import msgspec

from rf_common.config import check

_MILLION = Decimal(1_000_000)
_NANO = Decimal("1e-9")
_PRICE = (lambda usd: 0 <= usd < 100_000, "US dollars per million tokens, from 0")


class ModelPrice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Prices of one model, US dollars per million tokens."""

    input_usd: Decimal
    """Input tokens that are neither written to nor read from the cache."""
    output_usd: Decimal
    """Output tokens, those spent on thinking included."""
    cache_write_usd: Decimal
    """Input tokens written to the five-minute cache."""
    cache_read_usd: Decimal
    """Input tokens read from the cache."""
    long_above: int = 0
    """Prompts above so many input tokens cost `long_factor` times as much; 0: none do."""
    long_factor: Decimal = Decimal(1)
    """Factor for long prompts."""

    def __post_init__(self) -> None:
        """Refuse prices that are no prices."""
        names = ("input_usd", "output_usd", "cache_write_usd", "cache_read_usd")
        check(
            self,
            dict.fromkeys(names, _PRICE)
            | {
                "long_above": (lambda tokens: tokens >= 0, "tokens, from 0"),
                "long_factor": (lambda factor: 1 <= factor <= 1000, "a factor from 1"),
            },
        )


class Usage(msgspec.Struct, frozen=True, gc=False):
    """Tokens of one call; the three kinds of input do not overlap."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_write_tokens: int = 0
    cache_read_tokens: int = 0

    @property
    def all_input(self) -> int:
        """Input tokens of every kind."""
        return self.input_tokens + self.cache_write_tokens + self.cache_read_tokens


FREE = ModelPrice(
    input_usd=Decimal(0),
    output_usd=Decimal(0),
    cache_write_usd=Decimal(0),
    cache_read_usd=Decimal(0),
)
"""A model on this machine."""


def cost_usd(usage: Usage, price: ModelPrice) -> Decimal:
    """Return what `usage` costs, US dollars, rounded up to a billionth.

    Examples
    --------
    >>> cost_usd(Usage(input_tokens=1912, output_tokens=340), KNOWN_PRICES["claude-sonnet-5-5"])
    Decimal('0.007224000')
    """
    counts = (
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_write_tokens,
        usage.cache_read_tokens,
    )
    if any(count < 0 for count in counts):
        raise ValueError(f"expected token counts from 0, was {usage}")
    per_million = (
        price.input_usd * usage.input_tokens
        + price.output_usd * usage.output_tokens
        + price.cache_write_usd * usage.cache_write_tokens
        + price.cache_read_usd * usage.cache_read_tokens
    )
    if price.long_above and usage.all_input > price.long_above:
        per_million *= price.long_factor
    return (per_million / _MILLION).quantize(_NANO, rounding=ROUND_UP)


def worst_case_usd(input_tokens: int, max_output_tokens: int, price: ModelPrice) -> Decimal:
    """Return the most that a call may cost, US dollars.

    Every input token is taken at the dearer of the plain price and the cache's write price, and
    the output at its limit.

    Examples
    --------
    >>> worst_case_usd(2_000, 4_096, KNOWN_PRICES["claude-haiku-5-5"])
    Decimal('0.002298000')
    """
    plain = cost_usd(Usage(input_tokens=input_tokens, output_tokens=max_output_tokens), price)
    written = Usage(cache_write_tokens=input_tokens, output_tokens=max_output_tokens)
    return max(plain, cost_usd(written, price))


def _claude(
    input_usd: str, output_usd: str, write_usd: str, read_usd: str, **long: Decimal | int
) -> ModelPrice:
    return msgspec.convert(
        {
            "input_usd": input_usd,
            "output_usd": output_usd,
            "cache_write_usd": write_usd,
            "cache_read_usd": read_usd,
            **long,
        },
        ModelPrice,
    )


_OPUS_4 = _claude("5", "25", "6.25", "0.50")
_SONNET_4 = _claude("3", "15", "3.75", "0.30")
_HAIKU_4_5 = _claude("1", "5", "1.25", "0.10")
KNOWN_PRICES: Mapping[str, ModelPrice] = {
    "claude-haiku-5-5": _claude(
        "0.10", "0.50", "0.125", "0.01", long_above=100_000, long_factor=Decimal(5)
    ),
    "claude-sonnet-5-5": _claude("2", "10", "2.50", "0.20"),
    "claude-opus-5-5": _claude("4", "20", "5", "0.20"),
    "claude-sonnet-5": _claude("2", "10", "2.50", "0.20"),
    "claude-opus-5": _OPUS_4,
    "claude-opus-4-8": _OPUS_4,
    "claude-opus-4-7": _OPUS_4,
    "claude-opus-4-6": _OPUS_4,
    "claude-opus-4-5": _OPUS_4,
    "claude-sonnet-4-6": _SONNET_4,
    "claude-sonnet-4-5": _SONNET_4,
    "claude-haiku-4-5": _HAIKU_4_5,
    "claude-haiku-4-5-20251001": _HAIKU_4_5,
}
"""Prices known without any setting."""
