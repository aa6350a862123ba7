"""Heston's parameters from quoted volatilities: least squares with analytic slopes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares

from rf_pricing.heston import _kernels
from rf_pricing.heston.model import HestonParams
from rf_pricing.heston.quadrature import rule
from rf_pricing.vanilla import black76_greeks, black76_implied_vol

Floats = npt.NDArray[np.float64]

_LOW = np.array([1e-6, 0.01, 1e-6, 0.01, -0.999])
_HIGH = np.array([4.0, 20.0, 4.0, 5.0, 0.999])
_PANELS = 12


@dataclass(frozen=True, slots=True)
class HestonFit:
    """A calibration and how well it reprices: errors are in volatility, decimals.

    `converged` tells whether the least squares ended at a minimum; `at_bound` names parameters
    that stand at the end of their range.
    """

    params: HestonParams
    rmse_vol: float
    max_error: float
    quotes: int
    evaluations: int
    converged: bool
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
        If there are fewer than 5 quotes, or one is not finite and positive.

    References
    ----------
    Cui, del Bano Rollin and Germano (2017) for the analytic gradient; bounds as usual: variances
    1e-6 to 4, kappa 0.01 to 20, sigma 0.01 to 5, rho -0.999 to 0.999.
    """
    quotes = _Quotes(
        spot, strikes, taus, vols, rate=rate, dividend_yield=dividend_yield, weights=weights
    )
    starts = [start.array] if start is not None else quotes.starts()
    best = None
    evaluations = 0
    for first in starts:
        found = least_squares(
            quotes.residuals,
            np.clip(first, _LOW * 1.01, _HIGH * 0.99),
            jac=quotes.jacobian,
            bounds=(_LOW, _HIGH),
            x_scale=np.array([0.05, 2.0, 0.05, 0.5, 0.5]),
            ftol=1e-14,
            xtol=1e-13,
            gtol=1e-14,
            max_nfev=150,
        )
        evaluations += int(found.nfev)
        if best is None or found.cost < best.cost:
            best = found
        if best.cost < 1e-14 * quotes.count:
            break
    assert best is not None
    params = HestonParams(*map(float, best.x))
    errors = quotes.errors(best.x)
    names = ("v0", "kappa", "theta", "sigma", "rho")
    near = (best.x <= _LOW * 1.001 + 1e-12) | (best.x >= _HIGH * 0.999)
    return HestonFit(
        params=params,
        rmse_vol=float(np.sqrt(np.mean(errors**2))),
        max_error=float(np.abs(errors).max()),
        quotes=quotes.count,
        evaluations=evaluations,
        converged=bool(best.status > 0) and bool(np.isfinite(errors).all()),
        at_bound=tuple(name for name, is_near in zip(names, near, strict=True) if is_near),
    )


class _Quotes:
    """A quoted surface by expiry, with the model's volatilities and their slopes."""

    def __init__(
        self,
        spot: float,
        strikes: npt.ArrayLike,
        taus: npt.ArrayLike,
        vols: npt.ArrayLike,
        *,
        rate: float,
        dividend_yield: float,
        weights: npt.ArrayLike | None,
    ) -> None:
        columns = [np.asarray(x, dtype=np.float64) for x in (strikes, taus, vols)]
        sizes = {column.shape for column in columns}
        if len(sizes) != 1 or columns[0].ndim != 1 or columns[0].size < 5:
            raise ValueError(f"expected 5 or more quotes in arrays of one length, was {sizes}")
        if not (spot > 0.0 and all((np.isfinite(c) & (c > 0.0)).all() for c in columns)):
            raise ValueError("expected finite positive spot, strikes, times and volatilities")
        self.strikes, self.taus, self.vols = columns
        self.count = self.strikes.size
        self.weights = np.ones(self.count) if weights is None else np.asarray(weights, float)
        if self.weights.shape != self.vols.shape or not (self.weights >= 0.0).all():
            raise ValueError("expected a weight of at least 0 for each quote")
        self.roots = np.sqrt(self.weights)
        self.forwards = spot * np.exp((rate - dividend_yield) * self.taus)
        self.is_call = self.strikes >= self.forwards
        self.groups = [np.flatnonzero(self.taus == tau) for tau in np.unique(self.taus)]
        self._at: tuple[bytes, Floats, Floats] | None = None

    def starts(self) -> list[Floats]:
        near = np.argsort(np.abs(np.log(self.strikes / self.forwards)) / np.sqrt(self.taus))
        level = float(np.median(self.vols[near[: max(3, self.count // 6)]])) ** 2
        short = self.groups[0]
        first = float(self.vols[short].min()) ** 2
        return [
            np.array([level, 2.0, level, 0.4, -0.7]),
            np.array([first, 1.0, level, 0.6, -0.3]),
            np.array([level, 5.0, level, 1.0, 0.3]),
        ]

    def errors(self, p: Floats) -> Floats:
        return self._evaluated(p)[0]

    def residuals(self, p: Floats) -> Floats:
        weighted: Floats = self.roots * self._evaluated(p)[0]
        return weighted

    def jacobian(self, p: Floats) -> Floats:
        weighted: Floats = self.roots[:, None] * self._evaluated(p)[1]
        return weighted

    def _evaluated(self, p: Floats) -> tuple[Floats, Floats]:
        key = p.tobytes()
        if self._at is None or self._at[0] != key:
            self._at = (key, *self._computed(p))
        return self._at[1], self._at[2]

    def _computed(self, p: Floats) -> tuple[Floats, Floats]:
        errors, slopes = np.empty(self.count), np.empty((self.count, 5))
        model = HestonParams(*map(float, p))
        for rows in self.groups:
            tau = float(self.taus[rows[0]])
            forward = float(self.forwards[rows[0]])
            strikes, is_call = self.strikes[rows], self.is_call[rows]
            variance = model.mean_variance(tau)
            scale = 1.0 / np.sqrt(variance)
            nodes, weights = rule(_PANELS, min(0.5, scale), _end(model, tau, variance))
            out = np.empty((8, rows.size))
            _kernels.integrals(
                nodes, weights, np.log(forward / strikes), tau, p, variance, 1.0 + 0.0j, out
            )
            factor = np.sqrt(forward * strikes) / np.pi
            control = black76_greeks(
                forward, strikes, tau, np.sqrt(variance / tau), is_call=is_call
            )
            px = np.maximum(control.value + factor * out[0], 1e-300)
            vols = np.asarray(black76_implied_vol(px, forward, strikes, tau, is_call=is_call))
            lost = ~np.isfinite(vols)
            vols = np.where(lost, np.sqrt(variance / tau), vols)
            vega = np.asarray(black76_greeks(forward, strikes, tau, vols, is_call=is_call).vega)
            errors[rows] = vols - self.vols[rows]
            slopes[rows] = np.where(
                lost[:, None], 0.0, (factor * out[3:] / np.maximum(vega, 1e-12)).T
            )
        return errors, slopes


def _end(model: HestonParams, tau: float, variance: float) -> float:
    """Return where the integrand is below 1e-13; nothing depends on it but speed and digits."""
    p = (model.v0, model.kappa, model.theta, model.sigma, model.rho)
    u = max(1.0, 1.0 / float(np.sqrt(variance)))
    while _kernels.exponent(complex(u), tau, *p).real > -30.0 and u < 1e6:
        u *= 1.4
    return u
