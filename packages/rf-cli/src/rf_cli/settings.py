"""Every setting of the programs, composed of what the packages declare."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from rf_ai.config import ENV_ALIASES, AiConfig
from rf_cli.environment import environment_with_dotenv, read_toml
from rf_common.config import load
from rf_common.secret import Redactor, Secret
from rf_engine.config import EngineConfig
from rf_execution.config import PaperConfig
from rf_ingestion.config import BinanceConfig, MockConfig
from rf_persistence.config import JournalConfig

__all__ = ["ALIASES", "Keys", "Settings", "environment_with_dotenv", "read_settings"]

NONE = Secret("")


class Keys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys of venues and services; none is needed for the mock market."""

    alpaca_key: Secret = NONE
    """Alpaca key id."""
    alpaca_secret: Secret = NONE
    """Alpaca secret key."""
    finnhub: Secret = NONE
    """Finnhub key."""
    anthropic: Secret = NONE
    """Anthropic key."""
    groq: Secret = NONE
    """Groq key."""
    openai: Secret = NONE
    """Key of OpenAI or of another endpoint of its shape."""

    def given(self) -> dict[str, Secret]:
        """Return the keys that are set, by name."""
        named = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: key for name, key in named.items() if key}


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings; a section belongs to the package that declares it."""

    data_dir: str = "rf-data"
    """Folder of the journal, the lock and the token."""
    source: str = ""
    """Where market data comes from: mock or binance; empty decides by the keys."""
    use_mock: bool = False
    """Whether the mock market is used whatever else is set."""
    symbols: tuple[str, ...] = ()
    """Symbols to trade; empty means those of the source."""
    bind: str = "127.0.0.1"
    """Address of the event bus and the metrics page; loopback only."""
    bus_port: int = 7001
    """Port of the event bus."""
    http_port: int = 3000
    """Port of metrics and health."""
    log_level: str = "info"
    """Lowest level that is logged: debug, info, warning or error."""
    engine: EngineConfig = EngineConfig()
    """The decision loop."""
    paper: PaperConfig = PaperConfig()
    """The paper venue."""
    mock: MockConfig = MockConfig()
    """The mock market."""
    binance: BinanceConfig = BinanceConfig()
    """Binance market data."""
    journal: JournalConfig = JournalConfig()
    """The journal."""
    ai: AiConfig = AiConfig()
    """The analyst and the cycle it is part of."""
    keys: Keys = Keys()
    """Keys; from the environment or .env only."""

    def __post_init__(self) -> None:
        if self.bind not in {"127.0.0.1", "::1", "localhost"}:
            raise ValueError(f"bind = {self.bind}: expected a loopback address")
        for name in ("bus_port", "http_port"):
            if not 0 <= getattr(self, name) <= 65_535:
                raise ValueError(f"{name} = {getattr(self, name)}: expected a port, 0 to 65535")
        if self.source not in {"", "mock", "binance"}:
            raise ValueError(f"source = {self.source}: expected mock or binance")
        if self.log_level not in {"debug", "info", "warning", "error"}:
            raise ValueError(
                f"log_level = {self.log_level}: expected debug, info, warning or error"
            )

    def redactor(self) -> Redactor:
        """Return the mask for every text that leaves the program."""
        return Redactor(self.keys.given().values())


ALIASES: Mapping[str, str] = {
    "ALPACA_API_KEY": "keys.alpaca_key",
    "ALPACA_SECRET_KEY": "keys.alpaca_secret",
    "ALPACA_API_SECRET": "keys.alpaca_secret",
    "FINNHUB_API_KEY": "keys.finnhub",
    **ENV_ALIASES,
    "USE_MOCK": "use_mock",
    "STARTING_EQUITY": "engine.starting_equity",
    "MAX_POSITION_SIZE": "engine.limits.max_position_notional",
    "MAX_DRAWDOWN_PCT": "engine.limits.max_drawdown",
    "MAX_DAILY_LOSS": "engine.limits.max_daily_loss",
    "MAX_ORDER_NOTIONAL": "engine.limits.max_order_notional",
    "ALLOW_MARKET_ORDERS": "engine.limits.allow_market_orders",
}
"""Published environment names and the settings they stand for."""


def read_settings(
    environment: Mapping[str, str], *, toml_path: Path | None = None
) -> tuple[Settings, dict[str, str]]:
    """Return the settings and where each given value came from.

    Parameters
    ----------
    environment : mapping
        The environment, ``.env`` already merged in.
    toml_path : Path, optional
        ``rf.toml``; without it the file of that name in the working folder, when there is one.

    Raises
    ------
    ConfigError
        If a file cannot be read, or a setting is unknown, malformed or out of range.
    """
    return load(Settings, read_toml(toml_path), environment, aliases=ALIASES)
