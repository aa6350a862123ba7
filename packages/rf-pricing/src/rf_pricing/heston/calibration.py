"""Heston's parameters from quoted volatilities: least squares with analytic slopes."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite

import numpy as np
import numpy.typing as npt

from rf_pricing.heston._kernels.fit import levenberg, surface_vols
from rf_pricing.heston.model import FloatArray, HestonParams

_NAMES = ("v0", "kappa", "theta", "sigma", "rho")
_LOW = np.array([1e-6, 0.01, 1e-6, 0.01, -0.999])
_HIGH = np.array([4.0, 20.0, 4.0, 5.0, 0.999])
_MOST = 200
_MET = 1e-9
"""Root mean square below which a fit is taken for the parameters of the surface itself."""


@dataclass(frozen=True, slots=True)
class HestonFit:
    """A calibration and how well it reprices: errors are in volatility, decimals, unweighted.

    `converged` tells whether the least squares ended at a minimum; `at_bound` names parameters
    that stand at the end of their range; `iterations` counts those of the start that won,
    `starts` how many were tried.
    """

    params: HestonParams
    rmse_vol: float
    max_error: float
    quotes: int
    iterations: int
    starts: int
    converged: bool
    feller: bool
    at_bound: tuple[str, ...]


def calibrate_heston(
    spot: float,
    strikes: npt.ArrayLike,
    taus: npt.ArrayLike,
    vols: npt.ArrayLike,
    *,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
    weights: npt.ArrayLike | None = None,
    start: HestonParams | None = None,
) -> HestonFit:
    """Fit the model to quoted Black volatilities.

    Parameters
    ----------
    spot : float
        Price of the underlying.
    strikes, taus, vols : (n,) arrays
        Quotes: strike, years, volatility as a decimal; n of 5 or more.
    rate, dividend_yield : float
        Continuously compounded, per year, decimals.
    weights : (n,) array, optional
        Weights of the squared errors; equal if not given.
    start : HestonParams, optional
        Where to start; otherwise a few starts made from the quotes are tried.

    Returns
    -------
    HestonFit
        The best fit found, its errors, and whether it is a minimum. Feller's condition is told,
        not enforced.

    Raises
    ------
    ValueError
        If there are fewer than 5 quotes, one is not finite and positive, or no start can be
        priced.

    Notes
    -----
    Bounds: variances 1e-6 to 4, kappa 0.01 to 20, sigma 0.01 to 5, rho -0.999 to 0.999. All
    strikes of one expiry share the transform and its derivatives. The starts are tried in order
    until one meets every quote; the same quotes give the same fit.

    References
    ----------
    Cui, del Bano Rollin and Germano (2017) for the analytic gradient; More (1978).

    Examples
    --------
    >>> from rf_pricing.heston import heston_implied_vol
    >>> model = HestonParams(v0=0.04, kappa=2.0, theta=0.06, sigma=0.6, rho=-0.7)
    >>> strikes, taus = np.tile([80.0, 90.0, 100.0, 110.0], 3), np.repeat([0.25, 1.0, 2.0], 4)
    >>> quotes = heston_implied_vol(model, 100.0, strikes, taus)
    >>> fit = calibrate_heston(100.0, strikes, taus, quotes)
    >>> round(fit.params.kappa, 6), fit.rmse_vol < 1e-10
    (2.0, True)
    """
    surface = _Surface(spot, strikes, taus, vols, carry=rate - dividend_yield, weights=weights)
    starts = [start.array] if start is not None else surface.starts()
    best, lowest, iterations, converged, tried = starts[0], inf, 0, False, 0
    for first in starts:
        p = np.clip(first, 1.01 * _LOW, 0.99 * _HIGH)
        p[4] = np.clip(first[4], 0.99 * _LOW[4], 0.99 * _HIGH[4])
        cost, count, settled = levenberg(p, *surface.quotes, _LOW, _HIGH, _MOST)
        tried += 1
        if cost < lowest:
            best, lowest, iterations, converged = p, cost, int(count), bool(settled)
        if lowest <= _MET**2 * surface.weight:
            break
    if lowest == inf:
        raise ValueError("expected quotes that some start can price, was none of them")
    errors = surface.errors(best)
    at_bound = tuple(
        name
        for name, value, low, high in zip(_NAMES, best, _LOW, _HIGH, strict=True)
        if value <= low or value >= high
    )
    params = HestonParams(*map(float, best))
    return HestonFit(
        params=params,
        rmse_vol=float(np.sqrt(np.mean(errors**2))),
        max_error=float(np.abs(errors).max()),
        quotes=errors.size,
        iterations=iterations,
        starts=tried,
        converged=converged,
        feller=params.feller,
        at_bound=at_bound,
    )


class _Surface:
    """Quotes sorted by expiry, as the kernels take them."""

    def __init__(
        self,
        spot: float,
        strikes: npt.ArrayLike,
        taus: npt.ArrayLike,
        vols: npt.ArrayLike,
        *,
        carry: float,
        weights: npt.ArrayLike | None,
    ) -> None:
        named = {"strikes": strikes, "taus": taus, "vols": vols}
        columns = {name: _positive(name, value) for name, value in named.items()}
        shapes = [column.shape for column in columns.values()]
        if len(set(shapes)) != 1 or len(shapes[0]) != 1 or shapes[0][0] < 5:
            raise ValueError(f"expected 5 or more quotes in arrays of one length, was {shapes}")
        if not (isfinite(spot) and spot > 0.0):
            raise ValueError(f"expected spot to be positive and finite, was {spot!r}")
        if not isfinite(carry):
            raise ValueError(f"expected finite rates, was a difference of {carry!r}")
        order = np.argsort(columns["taus"], kind="stable")
        sorted_ = {name: column[order] for name, column in columns.items()}
        weighed = np.ones(order.size) if weights is None else _floats("weights", weights)
        if weighed.shape != order.shape or not ((weighed >= 0.0) & (weighed < inf)).all():
            raise ValueError(f"expected a finite weight of at least 0 per quote, was {weights!r}")
        self.weight = float(weighed.sum())
        if self.weight == 0.0:
            raise ValueError("expected a positive weight, was none")
        expiries, edges = np.unique(sorted_["taus"], return_index=True)
        self.log_strikes = np.log(sorted_["strikes"] / spot) - carry * sorted_["taus"]
        self.vols, self.taus = sorted_["vols"], sorted_["taus"]
        ends = np.append(edges, order.size).astype(np.int64)
        self.quotes = (self.log_strikes, ends, expiries, self.vols, weighed[order])

    def errors(self, p: FloatArray) -> FloatArray:
        """Return model less quoted volatilities, sorted by expiry."""
        found, slopes = np.empty(self.vols.size), np.empty((self.vols.size, 5))
        log_strikes, ends, expiries, quoted, _ = self.quotes
        surface_vols(p, log_strikes, ends, expiries, found, slopes)
        return found - quoted

    def starts(self) -> list[FloatArray]:
        """Return where to start: levels and the sign of the skew from the quotes."""
        near = np.abs(self.log_strikes) / np.sqrt(self.taus)
        first, last = self.taus == self.taus[0], self.taus == self.taus[-1]
        short = float(self.vols[first][np.argmin(near[first])]) ** 2
        long = float(self.vols[last][np.argmin(near[last])]) ** 2
        lean = float(np.dot(self.vols - self.vols.mean(), self.log_strikes / np.sqrt(self.taus)))
        sign = 1.0 if lean > 0.0 else -1.0
        vol = np.sqrt(max(short, long))
        return [
            np.array([short, 1.5, long, 2.0 * vol, 0.5 * sign]),
            np.array([short, 6.0, long, 5.0 * vol, 0.5 * sign]),
            np.array([short, 0.3, long, vol, 0.3 * sign]),
            np.array([long, 3.0, short, 3.0 * vol, -0.3 * sign]),
        ]


def _positive(name: str, value: npt.ArrayLike) -> FloatArray:
    column = _floats(name, value)
    good = np.isfinite(column) & (column > 0.0)
    if not good.all():
        raise ValueError(
            f"expected {name} to be positive and finite, was {float(column[~good].flat[0])!r}"
        )
    return column


def _floats(name: str, value: npt.ArrayLike) -> FloatArray:
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"expected {name} to be numeric, was {value!r:.60}") from None
