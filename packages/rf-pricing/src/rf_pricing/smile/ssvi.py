"""SSVI: a whole surface of SVI slices with closed conditions against arbitrage."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares

from rf_pricing.smile.svi import SviSlice

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SsviSurface:
    """SSVI with the power law ``phi(theta) = eta / (theta**gamma (1 + theta)**(1 - gamma))``.

    ``w(k, theta) = theta / 2 (1 + rho phi k + sqrt((phi k + rho)**2 + 1 - rho**2))``, theta the
    total variance at the money.

    Attributes
    ----------
    taus, thetas : tuple of floats
        Expiries in years, rising, and total variances at the money, positive.
    rho, eta, gamma : float
        In (-1, 1); positive; in [0, 1].

    Raises
    ------
    ValueError
        If an entry is out of range.

    References
    ----------
    Gatheral and Jacquier (2014), section 4 and remark 4.4.

    Examples
    --------
    >>> surface = SsviSurface((0.5, 1.0), (0.02, 0.04), -0.4, 0.8, 0.5)
    >>> surface.arbitrage_free()
    True
    """

    taus: tuple[float, ...]
    thetas: tuple[float, ...]
    rho: float
    eta: float
    gamma: float

    def __post_init__(self) -> None:
        taus, thetas = np.array(self.taus), np.array(self.thetas)
        if taus.ndim != 1 or taus.size == 0 or taus.shape != thetas.shape:
            raise ValueError(
                f"expected taus and thetas of one length, were {taus.shape} and {thetas.shape}"
            )
        if not np.isfinite(taus).all() or taus[0] <= 0.0 or (np.diff(taus) <= 0.0).any():
            raise ValueError(f"expected taus to be positive and rising, were {self.taus!r}")
        if not (np.isfinite(thetas) & (thetas > 0.0)).all():
            raise ValueError(f"expected thetas to be positive and finite, were {self.thetas!r}")
        if not abs(self.rho) < 1.0:
            raise ValueError(f"expected rho in (-1, 1), was {self.rho!r}")
        if not 0.0 < self.eta < math.inf:
            raise ValueError(f"expected eta to be positive and finite, was {self.eta!r}")
        if not 0.0 <= self.gamma <= 1.0:
            raise ValueError(f"expected gamma in [0, 1], was {self.gamma!r}")

    def theta(self, tau: float) -> float:
        """Return total variance at the money: linear in time, from zero at zero.

        Beyond the last expiry its volatility stays.
        """
        if not 0.0 < tau < math.inf:
            raise ValueError(f"expected tau to be positive and finite, was {tau!r}")
        if tau > self.taus[-1]:
            return self.thetas[-1] * tau / self.taus[-1]
        return float(np.interp(tau, (0.0, *self.taus), (0.0, *self.thetas)))

    def phi(self, theta: float) -> float:
        """Return the curvature function at a total variance at the money."""
        return float(self.eta / (theta**self.gamma * (1.0 + theta) ** (1.0 - self.gamma)))

    def total_variance(self, log_moneyness: npt.ArrayLike, tau: float) -> FloatArray:
        """Return total variance at each log-moneyness for `tau` years."""
        k = np.asarray(log_moneyness, dtype=np.float64)
        theta = self.theta(tau)
        return _ssvi(k, theta, self.rho, self.phi(theta))

    def implied_vol(self, log_moneyness: npt.ArrayLike, tau: float) -> FloatArray:
        """Return Black's volatility at each log-moneyness for `tau` years."""
        return np.sqrt(self.total_variance(log_moneyness, tau) / tau)

    def slice(self, tau: float) -> SviSlice:
        """Return the raw SVI slice of an expiry."""
        theta = self.theta(tau)
        phi = self.phi(theta)
        root = math.sqrt((1.0 - self.rho) * (1.0 + self.rho))
        return SviSlice(
            0.5 * theta * root * root, 0.5 * theta * phi, self.rho, -self.rho / phi, root / phi
        )

    def butterfly_free(self) -> bool:
        """Tell whether the sufficient conditions of theorem 4.2 hold at every expiry given."""
        lean = 1.0 + abs(self.rho)
        return all(
            t * self.phi(t) * lean < 4.0 and t * self.phi(t) ** 2 * lean <= 4.0 for t in self.thetas
        )

    def calendar_free(self) -> bool:
        """Tell whether total variance rises with time at every strike (theorem 4.1).

        Total variance at the money must not fall. The condition on phi holds for the power law:
        ``(theta phi)' / phi = 1 - gamma - (1 - gamma) theta / (1 + theta)`` lies in [0, 1].
        """
        return bool((np.diff(np.array((0.0, *self.thetas))) >= 0.0).all())

    def arbitrage_free(self) -> bool:
        """Tell whether the conditions against butterflies and calendars both hold."""
        return self.butterfly_free() and self.calendar_free()


@dataclass(frozen=True, slots=True)
class SsviFit:
    """A fitted surface."""

    surface: SsviSurface
    rmse: float
    """Root of the mean squared difference of total variance."""
    converged: bool
    arbitrage_free: bool


def fit_ssvi(
    log_moneyness: npt.ArrayLike, taus: npt.ArrayLike, total_variance: npt.ArrayLike
) -> SsviFit:
    """Fit one SSVI surface to quotes of several expiries, by unweighted least squares.

    Parameters
    ----------
    log_moneyness, taus, total_variance : array, shape (n,)
        One quote a row; at least three quotes of every expiry, total variance positive.

    Raises
    ------
    ValueError
        If shapes differ, an expiry has fewer than three quotes, or an entry is out of range.

    Notes
    -----
    Total variance at the money of every expiry, rho, eta and gamma are fitted together from
    several fixed starts. `arbitrage_free` reports the sufficient conditions; they are not forced.

    Examples
    --------
    >>> surface = SsviSurface((0.5, 1.0), (0.02, 0.04), -0.4, 0.8, 0.5)
    >>> k = np.linspace(-0.3, 0.3, 7)
    >>> w = [surface.total_variance(k, tau) for tau in (0.5, 1.0)]
    >>> fit = fit_ssvi(np.tile(k, 2), np.repeat([0.5, 1.0], 7), np.concatenate(w))
    >>> round(fit.surface.rho, 6), round(fit.surface.gamma, 5), fit.arbitrage_free
    (-0.4, 0.5, True)
    """
    k, at, w = (np.array(x, dtype=np.float64) for x in (log_moneyness, taus, total_variance))
    expiries, row = _expiries(k, at, w)
    scale = float(w.max())
    atm = [_near_the_money(k[row == i], w[row == i]) for i in range(expiries.size)]
    best: tuple[float, FloatArray, bool] | None = None
    for rho in (-0.6, 0.0, 0.6):
        for eta in (0.3, 1.5):
            start = np.array([*np.log(atm), math.atanh(rho), math.log(eta), 0.5])
            low = np.array([*(start[:-3] - 3.0), -8.0, -10.0, 0.0])
            high = np.array([*(start[:-3] + 3.0), 8.0, 6.0, 1.0])
            found = least_squares(
                _misses, start, args=(k, row, w, scale), bounds=(low, high),
                xtol=1e-14, ftol=1e-14, gtol=1e-14, max_nfev=300,
            )  # fmt: skip
            if best is None or found.cost < best[0]:
                best = (float(found.cost), found.x, found.status > 0)
    if best is None:
        raise ValueError("expected quotes that some surface comes near: no start was valid")
    x = best[1]
    thetas = tuple(float(t) for t in np.exp(x[:-3]))
    surface = SsviSurface(
        tuple(float(t) for t in expiries), thetas, math.tanh(x[-3]), math.exp(x[-2]), float(x[-1])
    )
    rmse = float(np.sqrt(np.mean(_misses(x, k, row, w, 1.0) ** 2)))
    return SsviFit(surface, rmse, best[2], surface.arbitrage_free())


def _expiries(
    k: FloatArray, at: FloatArray, w: FloatArray
) -> tuple[FloatArray, npt.NDArray[np.intp]]:
    if k.ndim != 1 or not k.shape == at.shape == w.shape or k.size == 0:
        raise ValueError(f"expected three columns alike, were {k.shape}, {at.shape}, {w.shape}")
    if not np.isfinite(k).all():
        raise ValueError(f"expected log_moneyness to be finite, was {k!r:.60}")
    for name, column in (("taus", at), ("total_variance", w)):
        if not (np.isfinite(column) & (column > 0.0)).all():
            raise ValueError(f"expected {name} to be positive and finite, was {column!r:.60}")
    expiries, row, counts = np.unique(at, return_inverse=True, return_counts=True)
    if counts.min() < 3:
        raise ValueError(f"expected three quotes of every expiry, were {counts.tolist()}")
    return expiries, row


def _near_the_money(k: FloatArray, w: FloatArray) -> float:
    order = np.argsort(k, kind="stable")
    return float(np.interp(0.0, k[order], w[order]))


def _ssvi(
    k: FloatArray, theta: float | FloatArray, rho: float, phi: float | FloatArray
) -> FloatArray:
    x = phi * k
    root = np.sqrt((x + rho) ** 2 + (1.0 - rho) * (1.0 + rho))
    return np.asarray(0.5 * theta * (1.0 + rho * x + root))


def _misses(
    point: FloatArray, k: FloatArray, row: npt.NDArray[np.intp], w: FloatArray, scale: float
) -> FloatArray:
    theta = np.exp(point[:-3])[row]
    rho, eta, gamma = math.tanh(point[-3]), math.exp(point[-2]), point[-1]
    phi = eta / (theta**gamma * (1.0 + theta) ** (1.0 - gamma))
    return np.asarray((_ssvi(k, theta, rho, phi) - w) / scale)
