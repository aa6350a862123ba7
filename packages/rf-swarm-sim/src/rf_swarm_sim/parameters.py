"""What of a simulated market can be fitted, over which range, and markets as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from math import exp, log
from typing import Any, Final, NamedTuple

from rf_swarm_sim.market import AgentKind, SwarmConfig


class Range(NamedTuple):
    """Where a parameter is searched; `is_log` spaces it by factors."""

    low: float
    high: float
    is_log: bool = False

    def at(self, unit: float) -> float:
        """Return the parameter at a place of [0, 1]."""
        if self.is_log:
            return exp(log(self.low) + unit * (log(self.high) - log(self.low)))
        return self.low + unit * (self.high - self.low)

    def place(self, value: float) -> float:
        """Return the place of a parameter in [0, 1], the nearest one if it is outside."""
        if self.is_log:
            unit = (log(value) - log(self.low)) / (log(self.high) - log(self.low))
        else:
            unit = (value - self.low) / (self.high - self.low)
        return min(max(unit, 0.0), 1.0)


RANGES: Final[Mapping[str, Range]] = {
    "annual_vol": Range(0.01, 5.0, is_log=True),
    "clustering": Range(0.0, 1.0),
    "leverage": Range(0.0, 0.95),
    "news_jump": Range(0.0, 8.0),
    "maker_anchor": Range(0.0, 1.0),
    "noise_trading": Range(0.0, 0.5),
    "momentum": Range(0.0, 0.25),
    "contrarian": Range(0.0, 0.30),
}
"""What can be fitted: fields of `SwarmConfig`, and shares of two kinds at the cost of retail."""

KINDS: Final = {"momentum": AgentKind.MOMENTUM, "contrarian": AgentKind.CONTRARIAN}


def configured(base: SwarmConfig, parameters: Mapping[str, float]) -> SwarmConfig:
    """Return a market with other values for some parameters of `RANGES`.

    Examples
    --------
    >>> configured(SwarmConfig(), {"momentum": 0.10}).mix[AgentKind.RETAIL]
    0.43
    """
    mix, changes = dict(base.mix), dict[str, Any]()
    for name, value in parameters.items():
        kind = KINDS.get(name)
        if kind is None:
            changes[name] = value
            continue
        rest = mix[AgentKind.RETAIL] + mix.get(kind, 0.0) - value
        mix[kind], mix[AgentKind.RETAIL] = value, round(max(rest, 0.0), 12)
    return base.with_(mix=mix, **changes)


def value_of(config: SwarmConfig, name: str) -> float:
    """Return what a market has for a parameter of `RANGES`.

    Examples
    --------
    >>> value_of(SwarmConfig(), "contrarian")
    0.12
    """
    kind = KINDS.get(name)
    return float(getattr(config, name) if kind is None else config.mix.get(kind, 0.0))


def config_state(config: SwarmConfig) -> dict[str, Any]:
    """Return a market as values that JSON knows."""
    found: dict[str, Any] = {f.name: getattr(config, f.name) for f in fields(config)}
    for name in ("mix", "intensity"):
        found[name] = {kind.name.lower(): share for kind, share in found[name].items()}
    return found


def config_of(state: Mapping[str, Any]) -> SwarmConfig:
    """Return the market that `config_state` was taken from.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> config_of(config_state(SwarmConfig(agents=300))) == SwarmConfig(agents=300)
    True
    """
    given = dict(state)
    try:
        for name in ("mix", "intensity"):
            if name in given:
                given[name] = {AgentKind[kind.upper()]: v for kind, v in given[name].items()}
        return SwarmConfig(**given)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"config: expected fields of SwarmConfig, {error}") from error
