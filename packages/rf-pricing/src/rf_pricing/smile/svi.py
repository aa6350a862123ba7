"""SVI slices: raw total variance in log-moneyness, arbitrage checks and a fit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares, minimize_scalar

FloatArray = npt.NDArray[np.float64]

_LARGEST_SLOPE = 2.0


@dataclass(frozen=True, slots=True)
class SviSlice:
    """Raw SVI: ``w(k) = a + b (rho (k - m) + sqrt((k - m)**2 + sigma**2))``.

    `k` is ln(strike / forward), `w` is implied variance times years.

    Raises
    ------
    ValueError
        If an entry is not finite, ``b < 0``, ``abs(rho) >= 1``, ``sigma <= 0`` or the lowest
        total variance is negative.

    References
    ----------
    Gatheral and Jacquier (2014), Arbitrage-free SVI volatility surfaces, equation 3.1.

    Examples
    --------
    >>> slice_ = SviSlice(a=0.04, b=0.4, rho=-0.4, m=0.0, sigma=0.1)
    >>> round(float(slice_.total_variance(0.0)), 6), slice_.butterfly_free()
    (0.08, True)
    """

    a: float
    b: float
    rho: float
    m: float
    sigma: float

    def __post_init__(self) -> None:
        for name in ("a", "b", "rho", "m", "sigma"):
            if not math.isfinite(getattr(self, name)):
                raise ValueError(f"expected {name} to be finite, was {getattr(self, name)!r}")
        if self.b < 0.0:
            raise ValueError(f"expected b not to be negative, was {self.b!r}")
        if not abs(self.rho) < 1.0:
            raise ValueError(f"expected rho in (-1, 1), was {self.rho!r}")
        if not self.sigma > 0.0:
            raise ValueError(f"expected sigma to be positive, was {self.sigma!r}")
        if self.lowest_variance < -1e-15:
            raise ValueError(f"expected no negative variance, lowest is {self.lowest_variance!r}")

    @property
    def lowest_variance(self) -> float:
        """Lowest total variance of any strike."""
        return self.a + self.b * self.sigma * math.sqrt((1.0 - self.rho) * (1.0 + self.rho))

    def total_variance(self, log_moneyness: npt.ArrayLike) -> FloatArray:
        """Return total variance at each log-moneyness, not below zero."""
        x = np.asarray(log_moneyness, dtype=np.float64) - self.m
        spread = self.rho * x + np.hypot(x, self.sigma)
        return np.maximum(self.a + self.b * spread, 0.0)

    def implied_vol(self, log_moneyness: npt.ArrayLike, tau: float) -> FloatArray:
        """Return Black's volatility at each log-moneyness for `tau` years, positive."""
        if not 0.0 < tau < math.inf:
            raise ValueError(f"expected tau to be positive and finite, was {tau!r}")
        return np.sqrt(self.total_variance(log_moneyness) / tau)

    def butterfly_density(self, log_moneyness: npt.ArrayLike) -> FloatArray:
        """Return g(k), the density relative to the lognormal one; negative means arbitrage."""
        k = np.asarray(log_moneyness, dtype=np.float64)
        x = k - self.m
        root = np.hypot(x, self.sigma)
        w = self.total_variance(k)
        first = self.b * (self.rho + x / root)
        second = self.b * (self.sigma / root) ** 2 / root
        with np.errstate(divide="ignore", invalid="ignore"):
            lean = 1.0 - 0.5 * k * first / w
            g = lean * lean - 0.25 * first * first * (1.0 / w + 0.25) + 0.5 * second
        return np.where(w > 0.0, g, -np.inf)

    def butterfly_free(self, *, tolerance: float = 1e-12) -> bool:
        """Tell whether no butterfly costs less than nothing.

        The slopes of the wings ``b (1 + abs(rho))`` are at most 2, and ``g(k) >= -tolerance`` on
        4,001 points reaching far into both wings and at the minima refined between them. Above
        the points the sign is that of the wing's limit ``(4 - slope**2) / 16``.

        References
        ----------
        Gatheral and Jacquier (2014), equation 2.1 and lemma 2.2; Lee (2004).
        """
        if self.b == 0.0:
            return self.a > 0.0
        if self.b * (1.0 + abs(self.rho)) > _LARGEST_SLOPE:
            return False
        reach = max(10.0, 20.0 * self.sigma, 5.0 * abs(self.m))
        grid = self.m + self.sigma * np.sinh(
            np.linspace(-1.0, 1.0, 4001) * math.asinh(reach / self.sigma)
        )
        grid = np.union1d(grid, np.linspace(-3.0, 3.0, 1201))
        g = self.butterfly_density(grid)
        if g.min() < -tolerance:
            return False
        inner = np.flatnonzero((g[1:-1] <= g[:-2]) & (g[1:-1] <= g[2:])) + 1
        lowest = sorted(inner, key=lambda i: float(g[i]))[:5]
        return all(self._local_minimum(grid[i - 1], grid[i + 1]) >= -tolerance for i in lowest)

    def _local_minimum(self, low: float, high: float) -> float:
        found = minimize_scalar(
            lambda k: float(self.butterfly_density(k)), bounds=(low, high), method="bounded"
        )
        return float(found.fun)

    def crosses(self, later: SviSlice, *, tolerance: float = 1e-12) -> bool:
        """Tell whether total variance falls anywhere towards a later slice.

        That is calendar arbitrage. Exact: slices can only meet at roots of a quartic, and the
        sign of the difference is looked at between them.

        References
        ----------
        Gatheral and Jacquier (2014), lemma 2.1 and section 3.1.
        """
        reach = 10.0 + 20.0 * max(self.sigma, later.sigma) + 5.0 * max(abs(self.m), abs(later.m))
        marks = [-reach, reach, self.m, later.m, *_meetings(self, later)]
        ks = np.unique(np.array(marks))
        ks = np.union1d(ks, 0.5 * (ks[1:] + ks[:-1]))
        gaps = later.total_variance(ks) - self.total_variance(ks)
        left = later.b * (1.0 - later.rho) - self.b * (1.0 - self.rho)
        right = later.b * (1.0 + later.rho) - self.b * (1.0 + self.rho)
        return bool(gaps.min() < -tolerance or min(left, right) < -tolerance)


def _meetings(one: SviSlice, two: SviSlice) -> list[float]:
    """Return candidates for points where two slices have one total variance."""
    poly = np.polynomial.Polynomial
    line_1 = poly([one.a - one.b * one.rho * one.m, one.b * one.rho])
    line_2 = poly([two.a - two.b * two.rho * two.m, two.b * two.rho])
    arc_1 = one.b**2 * poly([one.m**2 + one.sigma**2, -2.0 * one.m, 1.0])
    arc_2 = two.b**2 * poly([two.m**2 + two.sigma**2, -2.0 * two.m, 1.0])
    line = line_2 - line_1
    rest = arc_1 + arc_2 - line**2
    quartic = (rest**2 - 4.0 * arc_1 * arc_2).trim(0.0)
    if quartic.degree() < 1:
        return []
    roots = quartic.roots()
    return [float(root.real) for root in roots if np.isfinite(root)]


@dataclass(frozen=True, slots=True)
class SviFit:
    """A fitted slice."""

    slice: SviSlice
    rmse: float
    """Root of the mean squared difference of total variance."""
    converged: bool
    butterfly_free: bool


def fit_svi(log_moneyness: npt.ArrayLike, total_variance: npt.ArrayLike) -> SviFit:
    """Fit raw SVI to the total variances of one expiry, by unweighted least squares.

    Parameters
    ----------
    log_moneyness, total_variance : array, shape (n,)
        At least five different points; total variance positive.

    Returns
    -------
    SviFit
        `butterfly_free` tells whether the fit admits arbitrage; the fit is not forced.

    Raises
    ------
    ValueError
        If shapes differ, there are fewer than five points, or an entry is out of range.

    Notes
    -----
    For fixed m and sigma the rest is a linear problem, solved exactly on a fixed grid; the three
    best points start a least squares search in all five parameters. Slices are recovered to
    about 1e-7.

    References
    ----------
    Zeliade Systems (2009), Quasi-explicit calibration of Gatheral's SVI model.

    Examples
    --------
    >>> k = np.linspace(-0.4, 0.4, 9)
    >>> fit = fit_svi(k, SviSlice(0.02, 0.2, -0.3, 0.05, 0.2).total_variance(k))
    >>> round(fit.slice.rho, 6), fit.converged, fit.butterfly_free
    (-0.3, True, True)
    """
    k, w = _points(log_moneyness, total_variance)
    scale = float(w.max())
    best: tuple[float, FloatArray, bool] | None = None
    for start in _starts(k, w / scale)[:3]:
        found = least_squares(
            _misses, start, args=(k, w / scale), method="trf", xtol=1e-15, ftol=1e-15, gtol=1e-15,
            max_nfev=500, x_scale="jac",
        )  # fmt: skip
        if best is None or found.cost < best[0]:
            best = (float(found.cost), found.x, found.status > 0)
    if best is None:
        raise ValueError("expected total_variance that some slice comes near: no start was valid")
    fitted = _slice_of(best[1], scale)
    rmse = float(np.sqrt(np.mean((fitted.total_variance(k) - w) ** 2)))
    return SviFit(fitted, rmse, best[2], fitted.butterfly_free())


def _points(
    log_moneyness: npt.ArrayLike, total_variance: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    k = np.array(log_moneyness, dtype=np.float64)
    w = np.array(total_variance, dtype=np.float64)
    if k.ndim != 1 or k.shape != w.shape:
        raise ValueError(
            f"expected log_moneyness and total_variance alike, were {k.shape} and {w.shape}"
        )
    if not np.isfinite(k).all():
        raise ValueError(f"expected log_moneyness to be finite, was {k!r:.60}")
    if not (np.isfinite(w) & (w > 0.0)).all():
        raise ValueError(f"expected total_variance to be positive and finite, was {w!r:.60}")
    if np.unique(k).size < 5:
        raise ValueError(f"expected at least five different points, was {np.unique(k).size}")
    return k, w


def _slice_of(point: FloatArray, scale: float) -> SviSlice:
    """Return the slice of free parameters: ln lowest variance, ln b, atanh rho, m, ln sigma."""
    lowest, b, sigma = (math.exp(point[i]) for i in (0, 1, 4))
    rho = min(max(math.tanh(point[2]), -1.0 + 1e-12), 1.0 - 1e-12)
    a = lowest - b * sigma * math.sqrt((1.0 - rho) * (1.0 + rho))
    return SviSlice(scale * a, scale * b, rho, float(point[3]), sigma)


def _misses(point: FloatArray, k: FloatArray, w: FloatArray) -> FloatArray:
    if not (np.abs(point) < 200.0).all():
        return np.full(k.shape, 1e6)
    rho, sigma = math.tanh(point[2]), math.exp(point[4])
    x = k - point[3]
    arc = np.hypot(x, sigma) - sigma * math.sqrt(max((1.0 - rho) * (1.0 + rho), 0.0))
    found = math.exp(point[0]) + math.exp(point[1]) * (rho * x + arc) - w
    return np.asarray(np.clip(found, -1e6, 1e6))


def _starts(k: FloatArray, w: FloatArray) -> list[FloatArray]:
    """Return starts, best first: linear in a, b rho and b for every m and sigma of a grid."""
    span = float(k.max() - k.min())
    found: list[tuple[float, FloatArray]] = []
    for m in np.linspace(k.min() - 0.25 * span, k.max() + 0.25 * span, 13):
        for sigma in span * np.array([0.02, 0.06, 0.15, 0.35, 0.8, 2.0]):
            x = k - m
            matrix = np.column_stack([np.ones_like(k), x, np.hypot(x, sigma)])
            a, slope, b = np.linalg.lstsq(matrix, w, rcond=None)[0]
            b = max(float(b), 1e-4)
            rho = min(max(float(slope) / b, -0.99), 0.99)
            a = float(np.mean(w - b * (rho * x + np.hypot(x, sigma))))
            lowest = max(a + b * sigma * math.sqrt(1.0 - rho * rho), 1e-4)
            point = np.array([math.log(lowest), math.log(b), math.atanh(rho), m, math.log(sigma)])
            found.append((float((_misses(point, k, w) ** 2).sum()), point))
    return [point for _, point in sorted(found, key=lambda pair: pair[0])]
