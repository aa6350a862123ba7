"""From settings and keys to a model that may be called."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from rf_ai.budget import Budget
from rf_ai.config import AiConfig, provider_of
from rf_ai.errors import ModelRequestRefused
from rf_ai.models.breaker import Breaker
from rf_ai.models.bucket import TokenBucket
from rf_ai.models.claude import ClaudeModel
from rf_ai.models.metered import CallGate, MeteredModel
from rf_ai.models.ollama import OllamaModel
from rf_ai.models.openai_shaped import OpenAiShapedModel
from rf_ai.models.port import Model
from rf_ai.models.routing import Tier
from rf_ai.prices import FREE
from rf_common.clock import Clock
from rf_common.secret import Secret
from rf_net.endpoints import is_loopback

NONE = Secret("")


def build_model(
    config: AiConfig, keys: Mapping[str, Secret], *, clock: Clock, tier: Tier = Tier.CHEAP
) -> Model | None:
    """Return the model that the settings ask for, None when rules answer.

    Parameters
    ----------
    config : AiConfig
        Who answers.
    keys : mapping
        Keys by provider: ``anthropic``, ``groq``, ``openai``.
    clock : Clock
        To read ``Retry-After`` dates.
    tier : Tier
        Cheap or strong; only Anthropic has two models.

    Raises
    ------
    ModelKeyRefused
        If the provider was named and its key is missing or cannot be one.
    ModelRequestRefused
        If no model is named.
    ConfigError
        If the price of the model is not known.
    """
    provider = provider_of(config, has_anthropic_key=bool(keys.get("anthropic", NONE)))
    if provider == "rules" or tier is Tier.NONE:
        return None
    if provider == "anthropic":
        name = config.model_strong if tier is Tier.STRONG else config.model_cheap
        return ClaudeModel(keys.get("anthropic", NONE), name, config=config, clock=clock)
    if provider == "ollama":
        return OllamaModel(config, clock=clock)
    return _openai_shaped(provider, config, keys.get(provider, NONE), clock)


def build_metered(
    config: AiConfig, keys: Mapping[str, Secret], budget: Budget, *, clock: Clock
) -> dict[Tier, MeteredModel]:
    """Return the metered models by tier, empty when rules answer; they share one gate.

    Raises
    ------
    ModelError, ConfigError
        As `build_model` does.
    """
    gate = CallGate(
        Breaker(config.breaker_failures, config.breaker_open_s, config.breaker_successes),
        TokenBucket(config.bucket_capacity, config.bucket_per_s),
    )
    built: dict[Tier, MeteredModel] = {}
    for tier in (Tier.CHEAP, Tier.STRONG):
        model = build_model(config, keys, clock=clock, tier=tier)
        if model is not None:
            built[tier] = MeteredModel(
                model,
                budget=budget,
                gate=gate,
                clock=clock,
                deadline_s=deadline_of(config, model.provider),
            )
    return built


def deadline_of(config: AiConfig, provider: str) -> float:
    """Return the total deadline of one call, seconds."""
    return config.ollama_timeout_s if provider == "ollama" else config.deadline_s


def _openai_shaped(provider: str, config: AiConfig, key: Secret, clock: Clock) -> Model:
    is_groq = provider == "groq"
    url = config.groq_base_url if is_groq else config.openai_base_url
    name = config.groq_model if is_groq else config.openai_model
    if not name:
        raise ModelRequestRefused(
            f"there is no name of a model for {provider}",
            detail="nothing was sent",
            fix=f"set ai.{provider}_model and its prices under ai.prices",
        )
    is_ours = is_loopback(urlsplit(url).hostname or "") and name not in config.prices
    price = FREE if is_ours else config.price_of(name)
    return OpenAiShapedModel(provider, url, name, key=key, price=price, config=config, clock=clock)
