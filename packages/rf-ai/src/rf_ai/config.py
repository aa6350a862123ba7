"""Every setting of the analyst: who answers, under which deadline, and for how much money."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from rf_ai.prices import KNOWN_PRICES, ModelPrice
from rf_common.config import NOT_NEGATIVE, POSITIVE, check
from rf_common.errors import ConfigError
from rf_net.endpoints import checked_url

Provider = Literal["auto", "anthropic", "ollama", "groq", "openai", "rules"]
Effort = Literal["", "low", "medium", "high"]
MEBIBYTE = 1_048_576
_MAX_DEADLINE_S = 30.0
_MAX_LOCAL_S = 600.0

ENV_ALIASES = {
    "LLM_PROVIDER": "ai.provider",
    "OLLAMA_HOST": "ai.ollama_host",
    "OLLAMA_MODEL": "ai.ollama_model",
    "GROQ_MODEL": "ai.groq_model",
    "GROQ_API_KEY": "keys.groq",
    "OPENAI_API_KEY": "keys.openai",
    "ANTHROPIC_API_KEY": "keys.anthropic",
}
"""Published environment names to the settings they stand for."""


class AiConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The analyst and the cycle it is part of; amounts in US dollars."""

    enabled: bool = True
    """Whether cycles run at all."""
    provider: Provider = "auto"
    """Who answers; auto is anthropic with a key and rules without one."""
    model_cheap: str = "claude-haiku-5-5"
    """Claude model for news and routine cycles."""
    model_strong: str = "claude-sonnet-5-5"
    """Claude model for what `models.routing` calls important."""
    effort: Effort = "low"
    """Effort asked of the Claude model; empty for models that know no such setting."""
    base_url: str = ""
    """Address of the Anthropic API; empty is the SDK's default."""
    max_output_tokens: int = 4_096
    """Limit of an answer, tokens, thinking included."""
    deadline_s: float = 30.0
    """Time for counting, retries and the whole answer together, seconds, at most 30."""
    max_bytes: int = MEBIBYTE
    """Bytes read of one answer, at most 1 MiB."""
    max_attempts: int = 3
    """Attempts of one call while nothing has been billed."""

    prices: dict[str, ModelPrice] = {}
    """Prices of models by name; they win over the built-in table."""
    cap_day_usd: Decimal = Decimal("2.00")
    """Most that may be spent in one day."""
    cap_month_usd: Decimal = Decimal("20.00")
    """Most that may be spent in one calendar month."""
    calls_per_hour_per_symbol: int = 20
    """Most calls about one symbol in any 60 minutes."""
    budget_tz: str = "America/New_York"
    """Time zone in which the day and the month of the budget begin."""
    reservation_age_s: int = 86_400
    """Age from which a reservation that nobody settled is no longer counted, seconds."""

    breaker_failures: int = 5
    """Failures in a row that stop all calls for a while."""
    breaker_open_s: float = 30.0
    """How long calls are stopped, seconds."""
    breaker_successes: int = 2
    """Successes that end the trial after it."""
    bucket_capacity: float = 5.0
    """Calls that may be made at once."""
    bucket_per_s: float = 0.2
    """Calls that come back each second, fractions kept."""

    symbols: tuple[str, ...] = ("NVDA", "AAPL", "TSLA")
    """What the cycle looks at."""
    every_s: float = 60.0
    """Time between two cycles of one symbol, seconds."""
    horizon_s: float = 15.0
    """How far the swarm looks, and after what time an opinion is scored, seconds."""
    swarm_agents: int = 100_000
    """Agents of the simulated market."""
    swarm_paths: int = 32
    """Markets simulated for one signal."""
    swarm_deadline_s: float = 60.0
    """Longest time for one simulation; a worker that takes longer is ended, seconds."""

    ollama_host: str = "http://localhost:11434"
    """Address of an Ollama server."""
    ollama_model: str = ""
    """Model of the Ollama server."""
    ollama_timeout_s: float = 30.0
    """Deadline for a model on this machine, seconds; the only one that may be longer than 30."""
    groq_base_url: str = "https://api.groq.com/openai/v1"
    """Address of the Groq API."""
    groq_model: str = ""
    """Model of the Groq API; its price must stand under `prices`."""
    openai_base_url: str = "https://api.openai.com/v1"
    """Address of the OpenAI API or of another one of its shape."""
    openai_model: str = ""
    """Model of that API; its price must stand under `prices`, except on this machine."""

    def __post_init__(self) -> None:
        """Refuse what would be unbounded, in the clear, or no setting at all."""
        check(self, _LIMITS)
        if self.cap_month_usd < self.cap_day_usd:
            raise ValueError(
                f"cap_month_usd = {self.cap_month_usd}: expected at least cap_day_usd, "
                f"{self.cap_day_usd}"
            )
        try:
            ZoneInfo(self.budget_tz)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(
                f"budget_tz = {self.budget_tz}: expected a time zone such as America/New_York"
            ) from None
        for field in ("base_url", "ollama_host", "groq_base_url", "openai_base_url"):
            _check_address(field, getattr(self, field))

    def price_of(self, model: str) -> ModelPrice:
        """Return the price of `model`.

        Raises
        ------
        ConfigError
            If neither the settings nor the built-in table know it: a call that cannot be
            budgeted is not made.
        """
        price = self.prices.get(model) or KNOWN_PRICES.get(model)
        if price is None:
            raise ConfigError(
                f"the price of model {model!r} is not known, so it cannot be budgeted",
                code="RF-A-011",
                detail="nothing was sent",
                fix=f'put its prices into rf.toml under [ai.prices."{model}"]',
            )
        return price


def provider_of(config: AiConfig, *, has_anthropic_key: bool) -> str:
    """Return who answers: ``auto`` is anthropic with a key and rules without one.

    Examples
    --------
    >>> provider_of(AiConfig(), has_anthropic_key=False)
    'rules'
    """
    if config.provider != "auto":
        return config.provider
    return "anthropic" if has_anthropic_key else "rules"


def _check_address(field: str, url: str) -> None:
    if not url:
        return
    try:
        checked_url(url, schemes=("https", "http"), field=field)
    except ConfigError as error:
        raise ValueError(error.message) from None


def _within(low: float, high: float, unit: str) -> tuple[Callable[[Any], bool], str]:
    return (lambda value: low <= value <= high), f"{unit} from {low:g} to {high:g}"


def _is_symbol(symbol: str) -> bool:
    return 0 < len(symbol) <= 64 and symbol.isascii() and not any(c.isspace() for c in symbol)


_LIMITS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "max_output_tokens": _within(64, 64_000, "tokens"),
    "deadline_s": _within(0.1, _MAX_DEADLINE_S, "seconds"),
    "ollama_timeout_s": _within(0.1, _MAX_LOCAL_S, "seconds"),
    "max_bytes": _within(1_024, MEBIBYTE, "bytes"),
    "max_attempts": _within(1, 10, "attempts"),
    "cap_day_usd": NOT_NEGATIVE,
    "cap_month_usd": NOT_NEGATIVE,
    "calls_per_hour_per_symbol": _within(0, 10_000, "calls"),
    "reservation_age_s": _within(60, 31 * 86_400, "seconds"),
    "breaker_failures": _within(1, 1_000, "failures"),
    "breaker_open_s": POSITIVE,
    "breaker_successes": _within(1, 1_000, "successes"),
    "bucket_capacity": _within(1, 10_000, "calls"),
    "bucket_per_s": POSITIVE,
    "symbols": (
        lambda names: (
            len(names) <= 50 and len(set(names)) == len(names) and all(map(_is_symbol, names))
        ),
        "at most 50 different symbols",
    ),
    "every_s": _within(1, 31 * 86_400, "seconds"),
    "horizon_s": _within(1, 366 * 86_400, "seconds"),
    "swarm_agents": _within(100, 1_000_000, "agents"),
    "swarm_deadline_s": _within(1, 3_600, "seconds"),
    "swarm_paths": _within(2, 10_000, "paths"),
}
