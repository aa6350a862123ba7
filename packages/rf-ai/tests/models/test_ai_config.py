"""Settings, prices and the names of failures."""

from __future__ import annotations

import inspect
import re
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from anthropic.types import ModelParam
from hypothesis import given
from hypothesis import strategies as st

import rf_ai.config
import rf_ai.errors
from rf_ai.config import ENV_ALIASES, AiConfig, provider_of
from rf_ai.prices import KNOWN_PRICES, ModelPrice, Usage, cost_usd, worst_case_usd
from rf_common import config as loader
from rf_common.errors import ConfigError, RfError, StorageError

COUNTS = st.integers(0, 300_000)


class Root(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    ai: AiConfig = AiConfig()


def test_the_defaults_are_those_that_are_promised():
    config = AiConfig()

    assert (config.cap_day_usd, config.cap_month_usd) == (Decimal("2.00"), Decimal("20.00"))
    assert config.calls_per_hour_per_symbol == 20
    assert (config.deadline_s, config.max_bytes) == (30.0, 1_048_576)
    assert config.symbols == ("NVDA", "AAPL", "TSLA")
    assert config.ollama_host == "http://localhost:11434"


BAD = [
    ("deadline_s", 31.0),
    ("deadline_s", float("nan")),
    ("max_bytes", 2_000_000),
    ("max_output_tokens", 0),
    ("cap_day_usd", Decimal(-1)),
    ("cap_month_usd", Decimal(1)),
    ("calls_per_hour_per_symbol", -1),
    ("budget_tz", "Atlantis"),
    ("budget_tz", "../etc/passwd"),
    ("base_url", "http://api.anthropic.com"),
    ("base_url", "ftp://x"),
    ("base_url", "https://user:secret@x.example"),
    ("ollama_host", "http://192.168.0.7:11434"),
    ("symbols", ("A", "A")),
    ("symbols", ("A B",)),
    ("swarm_agents", 0),
    ("bucket_capacity", 0.5),
]


@pytest.mark.parametrize(("field", "value"), BAD)
def test_what_cannot_be_is_refused_by_name(field, value):
    with pytest.raises(ValueError, match=f"^{field} = ") as caught:
        AiConfig(**{field: value})

    assert "secret" not in str(caught.value)


def test_settings_come_from_file_and_environment():
    toml = {
        "ai": {
            "cap_day_usd": "3.00",
            "prices": {
                "claude-next": {
                    "input_usd": "1",
                    "output_usd": "5",
                    "cache_write_usd": "1.25",
                    "cache_read_usd": "0.1",
                }
            },
        }
    }
    env = {"LLM_PROVIDER": "ollama", "OLLAMA_MODEL": "qwen3", "RF_AI__SYMBOLS": "MSFT, AMD"}
    aliases = {name: path for name, path in ENV_ALIASES.items() if path.startswith("ai.")}

    settings, origins = loader.load(Root, toml, env, aliases=aliases)

    assert settings.ai.cap_day_usd == Decimal("3.00")
    assert settings.ai.price_of("claude-next").output_usd == 5
    assert (settings.ai.provider, settings.ai.ollama_model) == ("ollama", "qwen3")
    assert settings.ai.symbols == ("MSFT", "AMD")
    assert origins["ai.provider"] == "LLM_PROVIDER"


def test_a_provider_nobody_knows_is_refused():
    with pytest.raises(ConfigError, match=r"ai\.provider"):
        loader.load(Root, {"ai": {"provider": "oracle"}}, {})


def test_every_setting_has_its_sentence():
    source = inspect.getsource(rf_ai.config)
    for name in AiConfig.__struct_fields__:
        assert re.search(rf'^    {name}: .*\n    """[^"]+\."""$', source, re.MULTILINE), name


def test_the_default_models_are_known_to_the_sdk_and_priced():
    known = {name for part in ModelParam.__args__ for name in getattr(part, "__args__", ())}
    for name in (AiConfig().model_cheap, AiConfig().model_strong):
        assert name in known
        assert name in KNOWN_PRICES
    assert set(KNOWN_PRICES) <= known


def test_a_price_of_the_settings_wins():
    dear = ModelPrice(
        input_usd=Decimal(9),
        output_usd=Decimal(9),
        cache_write_usd=Decimal(9),
        cache_read_usd=Decimal(9),
    )

    assert AiConfig(prices={"claude-haiku-5-5": dear}).price_of("claude-haiku-5-5") is dear


def test_a_model_without_a_price_names_the_setting_that_is_missing():
    with pytest.raises(ConfigError) as caught:
        AiConfig().price_of("claude-next")

    assert caught.value.code == "RF-A-011"
    assert '[ai.prices."claude-next"]' in caught.value.fix


def test_a_call_costs_each_kind_of_token_at_its_price():
    usage = Usage(
        input_tokens=1_000, output_tokens=100, cache_write_tokens=2_000, cache_read_tokens=4_000
    )

    assert cost_usd(usage, KNOWN_PRICES["claude-sonnet-5-5"]) == Decimal("0.0088")


def test_a_long_prompt_costs_five_times_as_much_with_haiku():
    price = KNOWN_PRICES["claude-haiku-5-5"]
    short, long = Usage(input_tokens=100_000), Usage(input_tokens=100_001)

    assert cost_usd(short, price) == Decimal("0.01")
    assert cost_usd(long, price) == Decimal("0.0500005")


@given(st.sampled_from(sorted(KNOWN_PRICES)), COUNTS, COUNTS, COUNTS, COUNTS)
def test_no_mix_of_tokens_costs_more_than_the_worst_case(name, plain, written, read, output):
    price = KNOWN_PRICES[name]
    usage = Usage(
        input_tokens=plain, output_tokens=output, cache_write_tokens=written, cache_read_tokens=read
    )

    assert cost_usd(usage, price) <= worst_case_usd(usage.all_input, output, price)


def test_negative_counts_have_no_cost():
    with pytest.raises(ValueError, match="counts from 0"):
        cost_usd(Usage(input_tokens=-1), KNOWN_PRICES["claude-haiku-5-5"])


def test_a_price_is_not_negative():
    with pytest.raises(ValueError, match="input_usd"):
        ModelPrice(
            input_usd=Decimal(-1),
            output_usd=Decimal(1),
            cache_write_usd=Decimal(1),
            cache_read_usd=Decimal(1),
        )


def test_auto_follows_the_key():
    assert provider_of(AiConfig(), has_anthropic_key=True) == "anthropic"
    assert provider_of(AiConfig(), has_anthropic_key=False) == "rules"
    assert provider_of(AiConfig(provider="groq"), has_anthropic_key=True) == "groq"


def test_every_failure_has_its_own_code_and_stands_in_the_tree():
    kinds = [
        kind
        for kind in vars(rf_ai.errors).values()
        if isinstance(kind, type)
        and issubclass(kind, RfError)
        and kind.__module__ == "rf_ai.errors"
    ]
    named = [kind for kind in kinds if kind.__name__ not in {"AiError", "ModelError"}]

    assert len({kind.default_code for kind in named}) == len(named)
    for kind in kinds:
        assert re.search(rf"{kind.__name__} +{kind.default_code}", rf_ai.errors.__doc__)
    assert issubclass(rf_ai.errors.BudgetUnusable, StorageError)


def test_no_module_of_the_models_holds_a_key():
    folder = Path(rf_ai.config.__file__).parent
    assert not [p for p in folder.rglob("*.py") if re.search(r"sk-ant-|gsk_", p.read_text())]
