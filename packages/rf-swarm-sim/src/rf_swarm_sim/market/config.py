"""How a simulated market is made up: its agents, its rules and its calendar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from math import isfinite, sqrt
from types import MappingProxyType

from rf_swarm_sim.market.kinds import AgentKind

MIX = MappingProxyType(
    {
        AgentKind.RETAIL: 0.48,
        AgentKind.HEDGE_FUND: 0.10,
        AgentKind.MARKET_MAKER: 0.15,
        AgentKind.ARBITRAGE_BOT: 0.08,
        AgentKind.MOMENTUM: 0.05,
        AgentKind.NEWS: 0.02,
        AgentKind.CONTRARIAN: 0.12,
    }
)
TWIN_MIX = MappingProxyType(
    {
        AgentKind.RETAIL: 0.53,
        AgentKind.HEDGE_FUND: 0.08,
        AgentKind.MARKET_MAKER: 0.12,
        AgentKind.ARBITRAGE_BOT: 0.10,
        AgentKind.MOMENTUM: 0.03,
        AgentKind.NEWS: 0.02,
        AgentKind.CONTRARIAN: 0.12,
    }
)
INTENSITY = MappingProxyType({kind: 1.0 for kind in AgentKind} | {AgentKind.MARKET_MAKER: 3.0})
"""How much more often than `activation` a kind is awake; makers watch their quotes."""

MAX_AGENTS = 10_000_000
LEVELS_PER_PX = 4
TICKS_IN_PX = (1_000.0, 500_000.0)

_RANGES: dict[str, tuple[float, float]] = {
    "agents": (20, MAX_AGENTS),
    "rounds_per_day": (1, 100_000),
    "days_per_year": (1.0, 366.0),
    "activation": (0.0, 1.0),
    "busy_multiplier": (1.0, 100.0),
    "max_position": (1.0, 1e12),
    "funds": (1.0, 1e12),
    "endowment": (0.0, 1.0),
    "max_deploy": (1.0, 1e12),
    "annual_vol": (1e-4, 10.0),
    "spread_bps": (0.01, 500.0),
    "mean_reversion": (0.0, 1.0),
    "drift_cap": (0.0, 0.9),
    "inventory_decay": (0.0, 0.05),
    "slippage": (1e-4, 0.5),
    "maker_anchor": (0.0, 1.0),
    "maker_skew": (0.0, 1.0),
    "maker_reach": (1.0, 1_000.0),
    "maker_size": (1e-4, 1.0),
    "size_spread": (0.0, 2.0),
    "clustering": (0.0, 1.0),
    "leverage": (-0.99, 0.99),
    "news_rate": (0.0, 0.5),
    "news_jump": (0.0, 10.0),
    "noise_trading": (0.0, 1.0),
    "vol_attention": (0.0, 5.0),
}


@dataclass(frozen=True)
class SwarmConfig:
    """Everything that a simulated market needs but its price, its seed and its length.

    Amounts of money are in the quote currency, shares are fractions, one round is one minute
    of a day of 390.

    Attributes
    ----------
    agents : int
        How many agents, 20 or more.
    mix : mapping
        Share of each kind; they sum to 1 within .001.
    intensity : mapping
        Factor on `activation` for each kind; kinds left out have 1.
    rounds_per_day, days_per_year
        The calendar; ``annual_vol / sqrt(rounds_per_day * days_per_year)`` is the volatility of
        one round.
    activation : float
        Probability that an agent is awake in a round.
    busy_multiplier : float
        Factor on it in the first 120 and the last 60 rounds of a day; capped at 1.
    max_position, funds, max_deploy : float
        Largest position, money at the start, most that a taker sends in a round.
    endowment : float
        Mean inventory at the start as a share of `funds`, for kinds that cannot be short.
    annual_vol : float
        Volatility of the fundamental value, a decimal per year.
    spread_bps : float
        Spread that the tightest maker quotes in calm times.
    mean_reversion, drift_cap : float
        How fast a hedge fund's private view returns to the fundamental, and its bound.
    inventory_decay : float
        Share of its inventory that an idle agent gives up in a round, by trading.
    tick, lot : float, optional
        Smallest steps of price and of size; chosen from the price when left out.
    slippage : float
        How far through the best price a taker goes.
    maker_anchor : float
        Weight of the fundamental in a maker's centre; the rest is the mid.
    maker_skew : float
        Shift of a maker's centre at a full position, a share of the price.
    maker_reach : float
        Half-spread of the widest maker in units of the tightest.
    maker_size : float
        Size that the tightest maker quotes, a share of `max_position`.
    size_spread : float
        Deviation of the logarithm of the agents' size.
    clustering, leverage : float
        Deviation of the log-intensity of information, and its correlation with falls.
    news_rate, news_jump : float
        News in a round, and their move in deviations of a round.
    noise_trading : float
        Probability that a retail agent with no reason trades nonetheless.
    vol_attention : float
        How strongly agents wake when realised volatility is above normal.
    """

    agents: int = 5_000
    mix: Mapping[AgentKind, float] = field(default_factory=lambda: MIX)
    intensity: Mapping[AgentKind, float] = field(default_factory=lambda: INTENSITY)
    rounds_per_day: int = 390
    days_per_year: float = 252.0
    activation: float = 0.30
    busy_multiplier: float = 2.5
    max_position: float = 50_000.0
    funds: float = 10_000.0
    endowment: float = 0.5
    max_deploy: float = 500.0
    annual_vol: float = 0.20
    spread_bps: float = 2.0
    mean_reversion: float = 0.05
    drift_cap: float = 0.20
    inventory_decay: float = 0.005
    tick: float | None = None
    lot: float | None = None
    slippage: float = 0.01
    maker_anchor: float = 0.35
    maker_skew: float = 0.01
    maker_reach: float = 18.0
    maker_size: float = 0.03
    size_spread: float = 0.5
    clustering: float = 0.5
    leverage: float = 0.6
    news_rate: float = 0.02
    news_jump: float = 2.5
    noise_trading: float = 0.05
    vol_attention: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what no market can be made of."""
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ValueError(f"expected {name} a number, was {value!r}")
            if not (isfinite(value) and low <= value <= high):
                raise ValueError(f"expected {name} in [{low:g}, {high:g}], was {value!r}")
        for name in ("agents", "rounds_per_day"):
            if not isinstance(getattr(self, name), int):
                raise ValueError(f"expected {name} an int, was {getattr(self, name)!r}")
        for name in ("tick", "lot"):
            value = getattr(self, name)
            if value is not None and not (isfinite(value) and value > 0.0):
                raise ValueError(f"expected {name} positive or None, was {value!r}")
        _check_shares("mix", self.mix, 1.0)
        _check_shares("intensity", self.intensity, 100.0)
        total = sum(self.mix.values())
        if abs(total - 1.0) > 1e-3:
            raise ValueError(f"expected the shares of mix to sum to 1 within .001, was {total!r}")
        if self.counts()[AgentKind.MARKET_MAKER] < 1:
            raise ValueError("expected a mix with at least one market maker, was none")

    @classmethod
    def twin(cls, **changes: object) -> SwarmConfig:
        """Return the market of 100,000 agents with 50,000 each."""
        values: dict[str, object] = {"agents": 100_000, "mix": TWIN_MIX, "funds": 50_000.0}
        return cls(**(values | changes))  # type: ignore[arg-type]

    def with_(self, **changes: object) -> SwarmConfig:
        """Return a copy with other values for some fields.

        Examples
        --------
        >>> SwarmConfig().with_(agents=200).agents
        200
        """
        known = {f.name for f in fields(self)}
        for name in changes:
            if name not in known:
                raise ValueError(f"expected a field of SwarmConfig, was {name!r}")
        return replace(self, **changes)  # type: ignore[arg-type]

    def counts(self) -> dict[AgentKind, int]:
        """Return how many agents there are of each kind; what rounding leaves goes to retail.

        Examples
        --------
        >>> SwarmConfig().counts()[AgentKind.MARKET_MAKER]
        750
        """
        counts = {kind: int(self.agents * self.mix.get(kind, 0.0) + 0.5) for kind in AgentKind}
        counts[AgentKind.RETAIL] += self.agents - sum(counts.values())
        if counts[AgentKind.RETAIL] < 0:
            raise ValueError(f"expected a mix that {self.agents} agents can be split by")
        return counts

    def round_vol(self, vol: float | None = None) -> float:
        """Return the volatility of one round for a volatility per year."""
        annual = self.annual_vol if vol is None else vol
        return annual / sqrt(self.rounds_per_day * self.days_per_year)


def _check_shares(name: str, shares: Mapping[AgentKind, float], high: float) -> None:
    for kind, value in shares.items():
        if kind not in set(AgentKind):
            raise ValueError(f"expected kinds of agents in {name}, was {kind!r}")
        if not (isfinite(value) and 0.0 <= value <= high):
            raise ValueError(f"expected {name}[{kind!r}] in [0, {high:g}], was {value!r}")


def steps(config: SwarmConfig, px: float) -> tuple[float, float]:
    """Return tick and lot for a price: as configured, else 20,000 to 50,000 ticks in the price.

    Examples
    --------
    >>> steps(SwarmConfig(), 100.0)
    (0.005, 0.01)
    """
    tick = config.tick if config.tick is not None else round_step(px / 20_000.0)
    lot = config.lot if config.lot is not None else _power(config.max_deploy / (100.0 * px))
    ticks = px / tick
    low, high = TICKS_IN_PX
    if not low <= ticks <= high:
        raise ValueError(f"expected {low:g} to {high:g} ticks in the price {px!r}, was {ticks:g}")
    return tick, lot


def round_step(value: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is no larger than `value`."""
    power = _power(value)
    for factor in (5.0, 2.0):
        if factor * power <= value * (1.0 + 1e-12):
            return float(f"{factor * power:.12g}")
    return power


def _power(value: float) -> float:
    """Return the largest power of ten that is no larger than `value`."""
    exponent = 0
    while 10.0**exponent > value * (1.0 + 1e-12):
        exponent -= 1
    while 10.0 ** (exponent + 1) <= value * (1.0 + 1e-12):
        exponent += 1
    return float(f"{10.0**exponent:.12g}")
