"""Where to quote: closed formulas of market making, and an engine in ticks; plain Python.

`avellaneda_stoikov_quotes` and `glft_quotes` are the formulas of the papers. `QuotingEngine`
turns a fair value, an inventory and the signs of danger into two integer tick prices and sizes.
`simulate_market_making` is loaded, with numpy, when it is first asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import ceil, exp, floor, inf, isfinite, log1p, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

from rf_signals.regime import PARAMETERS, Regime

if TYPE_CHECKING:
    from rf_signals.microstructure.market_making import simulate_market_making

__all__ = [
    "AvellanedaStoikovQuotes",
    "avellaneda_stoikov_quotes",
    "GlftQuotes",
    "glft_quotes",
    "fair_value",
    "QuotingConfig",
    "QuotingEngine",
    "TickQuotes",
    "QuoteHalt",
    "simulate_market_making",
]

_EDGE = 1e-9
"""A tick price that misses a tick by less than this is on it."""


def __getattr__(name: str) -> Any:
    if name == "simulate_market_making":
        from rf_signals.microstructure.market_making import simulate_market_making

        return simulate_market_making
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _number(name: str, value: float, least: float = -inf, *, above: bool = False) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"expected {name} to be a number, was {value!r}") from None
    if not isfinite(found) or found < least or (above and found == least):
        bound = "" if least == -inf else f" {'above' if above else 'of at least'} {least:g}"
        raise ValueError(f"expected a finite number{bound} for {name}, was {value!r}")
    return found


def _intensity_half(gamma: float, k: float) -> float:
    """Return ``ln(1 + gamma / k) / gamma``, 1 / k in the limit of no risk aversion."""
    ratio = gamma / k
    return log1p(ratio) / ratio / k if ratio > 1e-300 else 1.0 / k


class AvellanedaStoikovQuotes(NamedTuple):
    """Quotes of a risk-averse market maker, in the unit of the mid."""

    reservation: float
    """What the maker holds the asset to be worth, given the inventory."""
    spread: float
    bid: float
    ask: float


def avellaneda_stoikov_quotes(
    mid: float, inventory: float, *, gamma: float, sigma: float, tau: float, k: float
) -> AvellanedaStoikovQuotes:
    """Return the quotes of Avellaneda and Stoikov.

    ``reservation = mid - q gamma sigma^2 tau`` and
    ``spread = gamma sigma^2 tau + (2 / gamma) ln(1 + gamma / k)``.

    Parameters
    ----------
    mid : float
        Mid, currency.
    inventory : float
        q, in units of the order size; negative when short.
    gamma : float
        Risk aversion, per currency, not negative; 0 gives the limit: the mid and ``2 / k``.
    sigma : float
        Of the mid, in *currency* per square root of time, not in percent.
    tau : float
        Time to the end of the session, not negative, in the unit of time of `sigma`.
    k : float
        Decay of the probability of a fill with the distance, per currency, positive. It is not
        the arrival rate of trades.

    Returns
    -------
    AvellanedaStoikovQuotes
        Currency; not rounded to ticks.

    Raises
    ------
    ValueError
        If an input is not finite or out of its range, or the quotes are beyond what a float can
        hold.

    Notes
    -----
    A few ulps of the mid; the logarithm is taken without cancellation for every gamma.

    References
    ----------
    Avellaneda and Stoikov (2008), "High-frequency trading in a limit order book", equations (29)
    and (30).

    Examples
    --------
    >>> quotes = avellaneda_stoikov_quotes(100.0, 3.0, gamma=0.1, sigma=2.0, tau=0.5, k=1.5)
    >>> round(quotes.reservation, 4), round(quotes.spread, 4)
    (99.4, 1.4908)
    """
    centre, held = _number("mid", mid), _number("inventory", inventory)
    aversion = _number("gamma", gamma, 0.0)
    decay = _number("k", k, 0.0, above=True)
    deviation = _number("sigma", sigma, 0.0)
    risk = aversion * deviation * deviation * _number("tau", tau, 0.0)
    reservation = centre - held * risk
    spread = risk + 2.0 * _intensity_half(aversion, decay)
    bid, ask = reservation - 0.5 * spread, reservation + 0.5 * spread
    if not (isfinite(bid) and isfinite(ask)):
        raise ValueError(f"expected inputs with finite quotes, was bid {bid!r}, ask {ask!r}")
    return AvellanedaStoikovQuotes(reservation, spread, bid, ask)


class GlftQuotes(NamedTuple):
    """Distances of the quotes from the mid, currency; a negative one crosses the mid."""

    delta_bid: float
    delta_ask: float


def glft_quotes(
    inventory: float, *, gamma: float, sigma: float, arrival: float, k: float
) -> GlftQuotes:
    """Return the asymptotic quotes of Guéant, Lehalle and Fernandez-Tapia, far from the end.

    ``ln(1 + gamma/k) / gamma + (1 +- 2 q) / 2 sqrt(sigma^2 gamma / (2 k A)
    (1 + gamma/k)^(1 + k/gamma))``, plus for the bid, minus for the ask.

    Parameters
    ----------
    inventory : float
        q, in units of the order size.
    gamma : float
        Risk aversion, per currency, not negative; 0 gives the limit ``1 / k``.
    sigma : float
        Of the mid, currency per square root of time.
    arrival : float
        A: fills per time at the mid, positive.
    k : float
        Decay of the fill intensity, per currency, positive.

    Raises
    ------
    ValueError
        If an input is not finite or out of its range, or the distances are beyond a float.

    References
    ----------
    Guéant, Lehalle and Fernandez-Tapia (2013), "Dealing with the inventory risk", closed-form
    approximation of section 4.

    Examples
    --------
    >>> quotes = glft_quotes(2.0, gamma=0.05, sigma=0.3, arrival=0.9, k=0.3)
    >>> round(quotes.delta_bid, 4), round(quotes.delta_ask, 4)
    (3.4745, 2.8482)
    """
    held, aversion = _number("inventory", inventory), _number("gamma", gamma, 0.0)
    deviation = _number("sigma", sigma, 0.0)
    rate, decay = _number("arrival", arrival, 0.0, above=True), _number("k", k, 0.0, above=True)
    base = _intensity_half(aversion, decay)
    # (1 + x)^(1 + 1/x) = (1 + x) e^(ln(1 + x) / x), which is e at x = 0.
    ratio = aversion / decay
    try:
        power = (1.0 + ratio) * exp(base * decay)
    except OverflowError:
        power = inf
    slope = deviation * sqrt(aversion / (2.0 * decay * rate)) * sqrt(power)
    bid, ask = base + (0.5 + held) * slope, base + (0.5 - held) * slope
    if not (isfinite(bid) and isfinite(ask)):
        raise ValueError(f"expected inputs with finite distances, was {bid!r}, {ask!r}")
    return GlftQuotes(bid, ask)


def fair_value(microprice: float, fast: float, slow: float, *, trending: bool = False) -> float:
    """Return the blend of the microprice and two averages that quotes are centred on.

    Weights 0.5, 0.3, 0.2 of microprice, fast and slow average in a market that reverts to its
    mean, 0.7, 0.25, 0.05 in one that trends.

    Parameters
    ----------
    microprice, fast, slow : float
        In one unit, currency or ticks.
    trending : bool
        Which weights.

    Raises
    ------
    ValueError
        If an input is not finite.

    Examples
    --------
    >>> fair_value(101.0, 100.0, 99.0), fair_value(101.0, 100.0, 99.0, trending=True)
    (100.3, 100.65)
    """
    base = _number("microprice", microprice)
    to_fast, to_slow = _number("fast", fast) - base, _number("slow", slow) - base
    return base + (0.25 * to_fast + 0.05 * to_slow if trending else 0.3 * to_fast + 0.2 * to_slow)


class QuoteHalt(StrEnum):
    """Why there are no quotes."""

    TOXICITY = "TOXICITY"
    VPIN = "VPIN"


@dataclass(frozen=True, slots=True)
class QuotingConfig:
    """How the engine quotes. Distances are ticks, inventories units of the order size."""

    gamma: float = 0.1
    """Risk aversion, per tick, where no regime is given."""
    kappa: float = 1.5
    """Decay of the probability of a fill, per tick."""
    ofi_weight: float = 0.5
    """Ticks that both quotes move for a normalised order flow imbalance of 1."""
    min_half_spread: float = 0.5
    """Least half spread, ticks, at least half a tick."""
    order_size: float = 1.0
    """Size of a quote with a flat inventory, units."""
    max_inventory: float = 10.0
    """Inventory at which the side that adds to it is withdrawn, in orders."""
    size_cut: float = 0.5
    """How much smaller the side that adds is at the limit."""
    size_boost: float = 0.3
    """How much larger the side that reduces is at the limit."""
    vpin_warn: float = 0.5
    vpin_halt: float = 0.85
    toxicity_warn: float = 0.35
    toxicity_halt: float = 0.65
    lowest_tick: int = 1
    """Lowest tick at which a bid may stand."""

    def __post_init__(self) -> None:
        for name in ("gamma", "ofi_weight", "size_boost"):
            _number(name, getattr(self, name), 0.0)
        for name in ("kappa", "order_size", "max_inventory"):
            _number(name, getattr(self, name), 0.0, above=True)
        _number("min_half_spread", self.min_half_spread, 0.5)
        if not 0.0 <= self.size_cut <= 1.0:
            raise ValueError(f"expected size_cut in [0, 1], was {self.size_cut!r}")
        for warn, halt in (("vpin_warn", "vpin_halt"), ("toxicity_warn", "toxicity_halt")):
            low, high = getattr(self, warn), getattr(self, halt)
            if not 0.0 <= low <= high <= 1.0:
                raise ValueError(f"expected 0 <= {warn} <= {halt} <= 1, was {low!r}, {high!r}")


class TickQuotes(NamedTuple):
    """What to quote. A side that is not to be quoted is None with size 0."""

    bid: int | None
    ask: int | None
    bid_size: float
    ask_size: float
    reservation: float
    """Ticks, the shift by order flow included."""
    half_spread: float
    """Ticks, before rounding."""
    halt: QuoteHalt | None = None


_DEFAULT = QuotingConfig()


class QuotingEngine:
    """Two quotes in integer ticks from a fair value, an inventory and the signs of danger.

    ``reservation = fair value - q gamma sigma^2 tau + ofi_weight * ofi`` and half the spread
    ``gamma sigma^2 tau / 2 + ln(1 + gamma / kappa) / gamma``, at least `min_half_spread`. VPIN
    above its warning multiplies the half spread by ``1 + 2 (vpin - warn)``, toxicity by
    ``2 + 5 (toxicity - warn)``, a regime by its factor. The bid is rounded down, the ask up. Above
    a halt there are no quotes.

    Parameters
    ----------
    config : QuotingConfig
        Settings.

    References
    ----------
    Avellaneda and Stoikov (2008) for reservation and half spread.

    Examples
    --------
    >>> engine = QuotingEngine()
    >>> quotes = engine.quote(1000.0, 2.0, sigma=3.0, tau=1.0)
    >>> quotes.bid, quotes.ask, quotes.bid_size, quotes.ask_size
    (997, 1000, 0.9, 1.06)
    """

    __slots__ = ("config",)

    def __init__(self, config: QuotingConfig = _DEFAULT) -> None:
        self.config = config

    def quote(
        self,
        fair: float,
        inventory: float,
        *,
        sigma: float,
        tau: float = 1.0,
        ofi: float = 0.0,
        vpin: float | None = None,
        toxicity: float = 0.0,
        regime: Regime | None = None,
        best_bid: int | None = None,
        best_ask: int | None = None,
    ) -> TickQuotes:
        """Return the quotes.

        Parameters
        ----------
        fair : float
            Fair value, ticks.
        inventory : float
            In units of the order size, negative when short.
        sigma : float
            Ticks per square root of the unit of `tau`.
        tau : float
            Time over which the inventory is to be worked off.
        ofi : float
            Normalised order flow imbalance, -1 to 1.
        vpin, toxicity : float
            0 to 1; VPIN None while it warms up.
        regime : Regime, optional
            Sets gamma and the factors of spread, size and inventory limit.
        best_bid, best_ask : int, optional
            The market, ticks; our quotes then never cross it.

        Raises
        ------
        ValueError
            If an input is not finite or out of its range.
        """
        config = self.config
        held = _number("inventory", inventory)
        _require_ticks(best_bid=best_bid, best_ask=best_ask)
        half, skew = self._half_spread(sigma, tau, regime)
        half *= self._widening(vpin, toxicity)
        shift = config.ofi_weight * _fraction("ofi", ofi, -1.0)
        reservation = _number("fair", fair) - held * skew + shift
        if not (isfinite(reservation) and isfinite(half)):
            raise ValueError(f"expected finite quotes, was {reservation!r} +- {half!r}")
        halt = self._halt(vpin, toxicity)
        if halt is not None:
            return TickQuotes(None, None, 0.0, 0.0, reservation, half, halt)
        bid = floor(reservation - half + _EDGE)
        ask = ceil(reservation + half - _EDGE)
        bid = bid if best_ask is None else min(bid, best_ask - 1)
        ask = ask if best_bid is None else max(ask, best_bid + 1)
        bid_size, ask_size = self._sizes(held, regime)
        bid_size = bid_size if bid >= config.lowest_tick else 0.0
        ask_size = ask_size if ask >= config.lowest_tick else 0.0
        return TickQuotes(
            bid if bid_size > 0.0 else None,
            ask if ask_size > 0.0 else None,
            bid_size,
            ask_size,
            reservation,
            half,
        )

    def _half_spread(self, sigma: float, tau: float, regime: Regime | None) -> tuple[float, float]:
        """Return half the spread and the skew per unit of inventory, ticks."""
        config = self.config
        gamma = config.gamma if regime is None else PARAMETERS[regime].gamma
        deviation = _number("sigma", sigma, 0.0)
        skew = gamma * deviation * deviation * _number("tau", tau, 0.0)
        factor = 1.0 if regime is None else PARAMETERS[regime].spread
        half = (0.5 * skew + _intensity_half(gamma, config.kappa)) * factor
        return max(half, config.min_half_spread), skew

    def _widening(self, vpin: float | None, toxicity: float) -> float:
        config = self.config
        factor = 1.0
        if vpin is not None and _fraction("vpin", vpin) > config.vpin_warn:
            factor += 2.0 * (vpin - config.vpin_warn)
        if _fraction("toxicity", toxicity) > config.toxicity_warn:
            factor *= 2.0 + 5.0 * (toxicity - config.toxicity_warn)
        return factor

    def _halt(self, vpin: float | None, toxicity: float) -> QuoteHalt | None:
        if toxicity > self.config.toxicity_halt:
            return QuoteHalt.TOXICITY
        return QuoteHalt.VPIN if vpin is not None and vpin > self.config.vpin_halt else None

    def _sizes(self, held: float, regime: Regime | None) -> tuple[float, float]:
        """Return sizes of bid and ask: the side that adds shrinks, the other grows."""
        config = self.config
        size, limit = config.order_size, config.max_inventory
        if regime is not None:
            size *= PARAMETERS[regime].size
            limit *= PARAMETERS[regime].inventory
        used = min(abs(held) / limit, 1.0)
        adding = size * (1.0 - config.size_cut * used) if used < 1.0 else 0.0
        reducing = size * (1.0 + config.size_boost * used)
        return (adding, reducing) if held >= 0.0 else (reducing, adding)


def _require_ticks(**ticks: int | None) -> None:
    for name, tick in ticks.items():
        if tick is not None and (isinstance(tick, bool) or not isinstance(tick, int)):
            raise ValueError(f"expected {name} to be an integer tick, was {tick!r}")


def _fraction(name: str, value: float, low: float = 0.0) -> float:
    if not low <= value <= 1.0:
        raise ValueError(f"expected {name} in [{low:g}, 1], was {value!r}")
    return value
