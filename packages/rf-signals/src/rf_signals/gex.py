"""Dealer gamma exposure of an option chain: by strike, by expiry, and where it turns.

Convention: dealers are long the calls and short the puts that are open (naive, as published by
most vendors). A contract's exposure is ``gamma * open interest * multiplier * spot^2 * 0.01``:
USD per move of 1 %, positive for calls, negative for puts. Strikes are exact decimals.

Start with `OptionContract`, `gex_surface` and `zero_gamma`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from math import isfinite
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

FloatArray = npt.NDArray[np.float64]

_LOG_SQRT_2PI = 0.9189385332046727
_ABSOLUTE_THRESHOLD = 5e8
_MAX_POINTS = 20_001


class GexRegime(StrEnum):
    """What dealers' hedging does to moves: dampens (positive) or feeds them (negative)."""

    POSITIVE = "POSITIVE"
    NEUTRAL = "NEUTRAL"
    NEGATIVE = "NEGATIVE"


def _exact(value: Decimal | int | str | float) -> Decimal:
    try:
        strike = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"expected strike to be a decimal, was {value!r}") from None
    if not strike.is_finite() or strike <= 0:
        raise ValueError(f"expected strike to be positive and finite, was {value!r}")
    return strike


@dataclass(frozen=True, slots=True)
class OptionContract:
    """One row of an option chain.

    Attributes
    ----------
    strike : Decimal
        Given as Decimal, int or str; a float is taken by its shortest decimal text, so that
        100.29 is 100.29.
    is_call : bool
        Call or put.
    open_interest : float
        Contracts open, not negative.
    gamma : float, optional
        Per share at the current spot; without it, it is worked out from `vol` and `tau`.
    vol, tau : float, optional
        Implied volatility and years to expiry, needed for `zero_gamma`. Expired (`tau` 0): no
        gamma.
    multiplier : float
        Shares per contract.
    expiry : str
        Label for the breakdown by expiry.
    """

    strike: Decimal
    is_call: bool
    open_interest: float
    gamma: float | None = None
    vol: float | None = None
    tau: float | None = None
    multiplier: float = 100.0
    expiry: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "strike", _exact(self.strike))
        if not isinstance(self.is_call, bool):
            raise ValueError(f"expected is_call to be a bool, was {self.is_call!r}")
        for name in ("open_interest", "multiplier"):
            _not_negative(name, getattr(self, name))
        for name in ("gamma", "vol", "tau"):
            if getattr(self, name) is not None:
                _not_negative(name, getattr(self, name))
        if not self.is_priced and self.gamma is None:
            raise ValueError(f"expected gamma, or vol and tau, for strike {self.strike}")
        if self.vol == 0.0 and self.tau != 0.0:
            raise ValueError(f"expected vol to be positive, was 0 for strike {self.strike}")

    @property
    def is_priced(self) -> bool:
        """Whether gamma can be worked out at any spot."""
        return self.vol is not None and self.tau is not None


class StrikeGex(NamedTuple):
    """Exposure at one strike, USD per 1 %."""

    strike: Decimal
    net: float
    call: float
    put: float

    @property
    def magnitude(self) -> float:
        """Size of the calls' and the puts' exposure together."""
        return self.call - self.put


class ExpiryGex(NamedTuple):
    """Exposure of one expiry, USD per 1 %."""

    expiry: str
    net: float
    call: float
    put: float


@dataclass(frozen=True, slots=True)
class GexSurface:
    """Exposure of a chain, USD per 1 % move.

    Attributes
    ----------
    total : float
        Calls less puts.
    by_strike : tuple of StrikeGex
        Rising strikes.
    by_expiry : tuple of ExpiryGex
        In order of appearance.
    max_positive_strike, max_negative_strike : Decimal or None
        Strikes with the largest (pin) and the most negative net exposure (accelerator); None where
        no strike has that sign.
    cumulative_flip : Decimal or None
        First strike at which the running sum of exposures from the lowest strike changes sign: a
        common heuristic, not the spot at which gamma turns (that is `zero_gamma`).
    zero_gamma : float or None
        Spot nearest to the current one at which the total, with every gamma worked out anew, is
        zero; None where there is none in the search range or a contract lacks vol or tau.
    regime : GexRegime
        Positive above `threshold`, negative below its opposite.
    threshold : float
        USD per 1 %.
    """

    total: float
    by_strike: tuple[StrikeGex, ...]
    by_expiry: tuple[ExpiryGex, ...]
    max_positive_strike: Decimal | None
    max_negative_strike: Decimal | None
    cumulative_flip: Decimal | None
    zero_gamma: float | None
    regime: GexRegime
    threshold: float


def gex_surface(
    contracts: Sequence[OptionContract],
    spot: float,
    *,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
    adv: float | None = None,
    threshold_share: float = 0.01,
    search_range: tuple[float, float] | None = None,
) -> GexSurface:
    """Return the gamma exposure of a chain.

    Parameters
    ----------
    contracts : sequence of OptionContract
        The chain, at least one.
    spot : float
        Price of the underlying, USD.
    rate, dividend_yield : float
        Per year, continuously compounded.
    adv : float, optional
        Average value of the underlying traded in a day, USD. The threshold of the regime is
        `threshold_share` of it; without it, 500 million USD.
    threshold_share : float
        Share of `adv` that hedging a move of 1 % must reach to matter.
    search_range : (float, float), optional
        Where to look for `zero_gamma`; 0.7 to 1.3 times the spot if not given.

    Returns
    -------
    GexSurface
        USD per move of 1 %.

    Raises
    ------
    ValueError
        If there is no contract, or an input is not finite or out of its range.

    Notes
    -----
    A given gamma is used for the exposures, vol and tau for `zero_gamma`. The error of a sum is
    about 1e-15 of the magnitudes in it.

    References
    ----------
    Black and Scholes (1973), Merton (1973) for gamma; Barbon and Buraschi (2021), "Gamma
    fragility", for hedging demand against the market's volume.

    Examples
    --------
    >>> chain = [OptionContract(Decimal(100), True, 1000.0, gamma=0.02),
    ...          OptionContract(Decimal(100), False, 400.0, gamma=0.02)]
    >>> round(gex_surface(chain, 100.0).total, 6)
    120000.0
    """
    if not contracts:
        raise ValueError("expected at least one contract")
    px = _positive("spot", spot)
    carry = (_finite("rate", rate), _finite("dividend_yield", dividend_yield))
    exposures = _exposures(contracts, px, *carry)
    rows = _by_strike(contracts, exposures)
    threshold = _threshold(adv, threshold_share)
    total = float(exposures.sum())
    root = None
    if all(contract.is_priced for contract in contracts):
        root = zero_gamma(contracts, px, rate=rate, dividend_yield=dividend_yield,
                          search_range=search_range)  # fmt: skip
    highest, lowest = max(rows, key=lambda row: row.net), min(rows, key=lambda row: row.net)
    regime = GexRegime.NEUTRAL
    if abs(total) > threshold:
        regime = GexRegime.POSITIVE if total > 0.0 else GexRegime.NEGATIVE
    return GexSurface(
        total=total,
        by_strike=rows,
        by_expiry=_by_expiry(contracts, exposures),
        max_positive_strike=highest.strike if highest.net > 0.0 else None,
        max_negative_strike=lowest.strike if lowest.net < 0.0 else None,
        cumulative_flip=_cumulative_flip(rows),
        zero_gamma=root,
        regime=regime,
        threshold=threshold,
    )


def zero_gamma(
    contracts: Sequence[OptionContract],
    spot: float,
    *,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
    search_range: tuple[float, float] | None = None,
) -> float | None:
    """Return the spot nearest to the current one at which total gamma exposure is zero.

    Every gamma is worked out anew at every spot tried, volatilities held by strike.

    Parameters
    ----------
    contracts, spot, rate, dividend_yield, search_range
        As for `gex_surface`; every contract needs `vol` and `tau`.

    Returns
    -------
    float or None
        USD, to about 1e-12 of the spot; None where the total does not change sign in the range.

    Raises
    ------
    ValueError
        If there is no contract, one lacks vol or tau, or an input is out of its range.

    Notes
    -----
    The range is walked in steps of a quarter of the narrowest gamma's width (at most 20,001
    points), then each change of sign is narrowed by Brent's method. Exposures are scaled by the
    largest one, so that the sign is right where all of them are below the smallest float. Two
    roots within one step are not seen.

    Examples
    --------
    >>> chain = [OptionContract(Decimal(90), False, 100.0, vol=0.2, tau=0.1),
    ...          OptionContract(Decimal(110), True, 100.0, vol=0.2, tau=0.1)]
    >>> round(zero_gamma(chain, 100.0), 4)
    99.2999
    """
    if not contracts:
        raise ValueError("expected at least one contract")
    lacking = [str(contract.strike) for contract in contracts if not contract.is_priced]
    if lacking:
        raise ValueError(f"expected vol and tau of every contract, strikes {lacking[:5]} lack one")
    px = _positive("spot", spot)
    low, high = search_range if search_range is not None else (0.7 * px, 1.3 * px)
    if not 0.0 < low < high < float("inf"):
        raise ValueError(f"expected 0 < low < high for search_range, was {low!r}, {high!r}")
    curve = _Curve(contracts, _finite("rate", rate), _finite("dividend_yield", dividend_yield))
    return curve.nearest_root(px, low, high)


class _Curve:
    """Sign and size of total exposure as a function of spot, divided by its largest term."""

    def __init__(
        self, contracts: Sequence[OptionContract], rate: float, dividend_yield: float
    ) -> None:
        alive = [c for c in contracts if c.tau and c.open_interest and c.multiplier]
        self._log_strike = np.log(np.array([float(c.strike) for c in alive]))
        vol, tau = np.array([c.vol for c in alive]), np.array([c.tau for c in alive])
        self._deviation = vol * np.sqrt(tau)
        self._drift = (rate - dividend_yield + 0.5 * vol * vol) * tau
        size = np.array([c.open_interest * c.multiplier for c in alive])
        sign = np.array([1.0 if c.is_call else -1.0 for c in alive])
        self._sign = sign
        self._log_size = np.log(size) - np.log(self._deviation) - dividend_yield * tau

    def __call__(self, spot: float) -> float:
        return float(self.at(np.array([spot]))[0])

    def at(self, spots: FloatArray) -> FloatArray:
        moneyness = np.log(spots)[:, None] - self._log_strike
        d1 = (moneyness + self._drift) / self._deviation
        exponent = self._log_size - 0.5 * d1 * d1
        exponent -= exponent.max(axis=1, keepdims=True)
        return np.asarray(np.exp(exponent) @ self._sign, dtype=np.float64)

    def nearest_root(self, spot: float, low: float, high: float) -> float | None:
        if self._sign.size == 0 or (self._sign == self._sign[0]).all():
            return None
        points = self._grid(spot, low, high)
        values = np.concatenate([self.at(part) for part in np.array_split(points, 64) if part.size])
        # What rounding leaves of terms that cancel has no sign: a flat book has no root.
        told = np.abs(values) > 1e-15 * self._sign.size
        points, values = points[told], values[told]
        turns = np.flatnonzero(values[:-1] * values[1:] < 0.0)
        # The nearest root lies in the last change of sign below the spot or the first above,
        # which may straddle it.
        below, above = turns[points[turns] <= spot][-1:], turns[points[turns] > spot][:1]
        roots = []
        for i in (*below, *above):
            left, right = float(points[i]), float(points[i + 1])
            roots.append(float(brentq(self, left, right, xtol=1e-13 * spot, rtol=1e-14)))
        return min(roots, key=lambda root: abs(root - spot), default=None)

    def _grid(self, spot: float, low: float, high: float) -> FloatArray:
        """Return rising points with equal ratios, the current spot among them."""
        width = np.log(high / low)
        steps = 4.0 * width / float(self._deviation.min())
        number = int(min(max(steps, 400.0), _MAX_POINTS - 1)) + 1
        points = np.exp(np.linspace(np.log(low), np.log(high), number))
        points[0], points[-1] = low, high
        return np.unique(np.append(points, spot)) if low < spot < high else points


def _exposures(
    contracts: Sequence[OptionContract], spot: float, rate: float, dividend_yield: float
) -> FloatArray:
    """Return the signed exposure of each contract, USD per 1 %."""
    gammas = np.array([_gamma(contract, spot, rate, dividend_yield) for contract in contracts])
    sizes = np.array([c.open_interest * c.multiplier for c in contracts])
    signs = np.array([1.0 if c.is_call else -1.0 for c in contracts])
    found = signs * gammas * sizes * (spot * spot * 0.01)
    if not np.isfinite(found).all():
        raise ValueError("expected exposures that a float can hold")
    return np.asarray(found, dtype=np.float64)


def _gamma(contract: OptionContract, spot: float, rate: float, dividend_yield: float) -> float:
    """Return the given gamma, or ``exp(-q tau) n(d1) / (spot vol sqrt(tau))``."""
    if contract.gamma is not None:
        return contract.gamma
    vol, tau = contract.vol, contract.tau
    if vol is None or not tau:
        return 0.0
    deviation = vol * np.sqrt(tau)
    log_ratio = np.log(spot / float(contract.strike))
    d1 = (log_ratio + (rate - dividend_yield + 0.5 * vol * vol) * tau) / deviation
    log_density = -0.5 * d1 * d1 - _LOG_SQRT_2PI - dividend_yield * tau
    return float(np.exp(log_density) / (spot * deviation))


def _by_strike(contracts: Sequence[OptionContract], exposures: FloatArray) -> tuple[StrikeGex, ...]:
    calls: dict[Decimal, float] = {}
    puts: dict[Decimal, float] = {}
    for contract, exposure in zip(contracts, exposures.tolist(), strict=True):
        side = calls if contract.is_call else puts
        side[contract.strike] = side.get(contract.strike, 0.0) + exposure
    return tuple(
        StrikeGex(
            strike,
            calls.get(strike, 0.0) + puts.get(strike, 0.0),
            calls.get(strike, 0.0),
            puts.get(strike, 0.0),
        )
        for strike in sorted(calls.keys() | puts.keys())
    )


def _by_expiry(contracts: Sequence[OptionContract], exposures: FloatArray) -> tuple[ExpiryGex, ...]:
    found: dict[str, list[float]] = {}
    for contract, exposure in zip(contracts, exposures.tolist(), strict=True):
        sides = found.setdefault(contract.expiry, [0.0, 0.0])
        sides[0 if contract.is_call else 1] += exposure
    return tuple(ExpiryGex(expiry, call + put, call, put) for expiry, (call, put) in found.items())


def _cumulative_flip(rows: Sequence[StrikeGex]) -> Decimal | None:
    total = 0.0
    for row in rows:
        before, total = total, total + row.net
        if before * total < 0.0:
            return row.strike
    return None


def _threshold(adv: float | None, share: float) -> float:
    if adv is None:
        return _ABSOLUTE_THRESHOLD
    return _positive("adv", adv) * _positive("threshold_share", share)


def _finite(name: str, value: float) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"expected {name} to be a number, was {value!r}") from None
    if not isfinite(found):
        raise ValueError(f"expected {name} to be finite, was {value!r}")
    return found


def _not_negative(name: str, value: float) -> float:
    if _finite(name, value) < 0.0:
        raise ValueError(f"expected {name} to be not negative, was {value!r}")
    return float(value)


def _positive(name: str, value: float) -> float:
    if _finite(name, value) <= 0.0:
        raise ValueError(f"expected {name} to be positive, was {value!r}")
    return float(value)
