"""Events that hit the simulated market: a shock, a mood, a rise in volatility, and their end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from types import MappingProxyType
from typing import NamedTuple


@dataclass(frozen=True)
class Scenario:
    """What hits the market at the start of a run; all of it fades linearly over `rounds`.

    Attributes
    ----------
    name : str
        Name for people.
    price_shock : float
        Relative move of the fundamental value, such as -0.05; it reaches the traded price
        through the orders of those who see it.
    sentiment : float
        Mood of the news in [-1, 1].
    vol_multiplier : float
        Factor on the volatility of the fundamental and on the agents' noise, above 0.
    rounds : int
        Rounds until nothing of it is left, 1 or more.
    """

    name: str
    price_shock: float
    sentiment: float
    vol_multiplier: float
    rounds: int

    def __post_init__(self) -> None:
        """Refuse what cannot happen."""
        if not self.name:
            raise ValueError("expected a name for the scenario, was empty")
        _inside("price_shock", self.price_shock, -0.95, 2.0)
        _inside("sentiment", self.sentiment, -1.0, 1.0)
        _inside("vol_multiplier", self.vol_multiplier, 0.01, 100.0)
        if isinstance(self.rounds, bool) or not isinstance(self.rounds, int) or self.rounds < 1:
            raise ValueError(f"expected rounds an int of 1 or more, was {self.rounds!r}")


def _inside(name: str, value: float, low: float, high: float) -> None:
    if not (isfinite(value) and low <= value <= high):
        raise ValueError(f"expected {name} in [{low:g}, {high:g}], was {value!r}")


def _sign(value: float) -> float:
    return float((value > 0.0) - (value < 0.0))


def fed_rate_hike(bps: float = 25.0) -> Scenario:
    """Return a rise of the policy rate by `bps` basis points, 0 to 500."""
    _inside("bps", bps, 0.0, 500.0)
    return Scenario("FedRateHike", -0.001 * bps, -0.6, 2.0, 60)


def fed_rate_cut(bps: float = 25.0) -> Scenario:
    """Return a cut of the policy rate by `bps` basis points, 0 to 500."""
    _inside("bps", bps, 0.0, 500.0)
    return Scenario("FedRateCut", 0.0008 * bps, 0.7, 1.5, 40)


def cpi_surprise(surprise: float = 0.005) -> Scenario:
    """Return inflation above (+) or below (-) what was expected, a fraction within .2."""
    _inside("surprise", surprise, -0.2, 0.2)
    return Scenario("CpiSurprise", -2.0 * surprise, -0.5 * _sign(surprise), 2.5, 30)


def earnings_beat(pct: float = 10.0) -> Scenario:
    """Return earnings `pct` percent above what was expected, 0 to 200."""
    _inside("pct", pct, 0.0, 200.0)
    return Scenario("EarningsBeat", 0.005 * pct, 0.8, 2.0, 45)


def earnings_miss(pct: float = 10.0) -> Scenario:
    """Return earnings `pct` percent below what was expected, 0 to 100."""
    _inside("pct", pct, 0.0, 100.0)
    return Scenario("EarningsMiss", -0.006 * pct, -0.8, 2.5, 45)


def oil_supply_shock(pct: float = 20.0) -> Scenario:
    """Return a rise (+) or fall (-) of the price of oil by `pct` percent, within 200."""
    _inside("pct", pct, -200.0, 200.0)
    mood = -0.4 if pct > 0.0 else 0.2
    return Scenario("OilSupplyShock", -0.001 * pct, mood, 1.8, 120)


def exchange_collapse() -> Scenario:
    """Return the failure of a large exchange."""
    return Scenario("ExchangeCollapse", -0.15, -1.0, 5.0, 200)


def flash_crash(pct: float = 5.0) -> Scenario:
    """Return a sudden fall by `pct` percent, 0 to 90."""
    _inside("pct", pct, 0.0, 90.0)
    return Scenario("FlashCrash", -pct / 100.0, -1.0, 8.0, 15)


def short_squeeze(pct: float = 10.0) -> Scenario:
    """Return a rise by `pct` percent, 0 to 200, that forces the short to buy."""
    _inside("pct", pct, 0.0, 200.0)
    return Scenario("ShortSqueeze", pct / 100.0, 0.9, 4.0, 30)


def liquidity_vacuum() -> Scenario:
    """Return ten rounds in which nobody wants to trade."""
    return Scenario("LiquidityVacuum", -0.05, -0.7, 10.0, 10)


def geopolitical_crisis(severity: float = 0.5) -> Scenario:
    """Return a crisis of a severity above 0 up to 1."""
    _inside("severity", severity, 0.01, 1.0)
    return Scenario(
        "GeopoliticalCrisis",
        -0.08 * severity,
        -0.9 * severity,
        1.0 + 3.0 * severity,
        max(round(200 * severity), 1),
    )


def regulatory_crackdown(severity: float = 0.5) -> Scenario:
    """Return a crackdown by a regulator of a severity above 0 up to 1."""
    _inside("severity", severity, 0.01, 1.0)
    return Scenario("RegulatoryCrackdown", -0.12 * severity, -0.7 * severity, 2.0, 100)


def merger(premium: float = 0.2) -> Scenario:
    """Return a bid for the company at a premium, a fraction of 0 to 2."""
    _inside("premium", premium, 0.0, 2.0)
    return Scenario("Merger", 0.9 * premium, 0.5, 1.5, 30)


def dividend_cut() -> Scenario:
    """Return a cut of the dividend."""
    return Scenario("DividendCut", -0.08, -0.6, 1.8, 60)


def custom(
    price_shock: float, sentiment: float = 0.0, vol_multiplier: float = 1.0, rounds: int = 60
) -> Scenario:
    """Return a scenario of your own."""
    return Scenario("Custom", price_shock, sentiment, vol_multiplier, rounds)


class ScenarioEntry(NamedTuple):
    """How a scenario is made and what its parameters mean."""

    build: Callable[..., Scenario]
    parameters: Mapping[str, str]


_BPS = MappingProxyType({"bps": "change of the rate in basis points, 0 to 500"})
_SEVERITY = MappingProxyType({"severity": "how severe, .01 to 1"})
_NONE: Mapping[str, str] = MappingProxyType({})


def _percent(what: str) -> Mapping[str, str]:
    return MappingProxyType({"pct": what})


SCENARIOS: Mapping[str, ScenarioEntry] = MappingProxyType(
    {
        "fed_rate_hike": ScenarioEntry(fed_rate_hike, _BPS),
        "fed_rate_cut": ScenarioEntry(fed_rate_cut, _BPS),
        "cpi_surprise": ScenarioEntry(
            cpi_surprise,
            MappingProxyType({"surprise": "inflation less expectation, a fraction within .2"}),
        ),
        "earnings_beat": ScenarioEntry(earnings_beat, _percent("above expectation, 0 to 200 %")),
        "earnings_miss": ScenarioEntry(earnings_miss, _percent("below expectation, 0 to 100 %")),
        "oil_supply_shock": ScenarioEntry(oil_supply_shock, _percent("move of oil, within 200 %")),
        "exchange_collapse": ScenarioEntry(exchange_collapse, _NONE),
        "flash_crash": ScenarioEntry(flash_crash, _percent("depth of the fall, 0 to 90 %")),
        "short_squeeze": ScenarioEntry(short_squeeze, _percent("height of the rise, 0 to 200 %")),
        "liquidity_vacuum": ScenarioEntry(liquidity_vacuum, _NONE),
        "geopolitical_crisis": ScenarioEntry(geopolitical_crisis, _SEVERITY),
        "regulatory_crackdown": ScenarioEntry(regulatory_crackdown, _SEVERITY),
        "merger": ScenarioEntry(
            merger, MappingProxyType({"premium": "bid over the price, a fraction of 0 to 2"})
        ),
        "dividend_cut": ScenarioEntry(dividend_cut, _NONE),
        "custom": ScenarioEntry(
            custom,
            MappingProxyType(
                {
                    "price_shock": "relative move of the value, -.95 to 2",
                    "sentiment": "mood, -1 to 1",
                    "vol_multiplier": "factor on volatility, .01 to 100",
                    "rounds": "rounds until it is over, 1 or more",
                }
            ),
        ),
    }
)
"""Name of each scenario -> how to build it, and what its parameters mean."""
