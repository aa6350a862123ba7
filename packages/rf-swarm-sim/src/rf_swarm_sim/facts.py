"""Stylised facts of returns: what every liquid market shows and a simulated one must show too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

LAGS = 50
AGGREGATIONS = (5, 20)
TAIL = 0.05


@dataclass(frozen=True, slots=True)
class StylizedFacts:
    """Statistics of one series of log returns after Cont (2001).

    Autocorrelations are biased estimates at lags 1 to 50 (or as many as the series allows);
    kurtosis is in excess of the normal; `leverage[k-1]` is the correlation of a return with the
    squared return k periods later; `hill_left` is the tail index of losses.
    """

    n: int
    mean: float
    deviation: float
    skew: float
    excess_kurtosis: float
    acf: FloatArray
    acf_abs: FloatArray
    acf_squared: FloatArray
    ljung_box_squared: float
    jarque_bera: float
    arch_lm: float
    hill_k: int
    hill_left: float
    leverage: FloatArray
    kurtosis_aggregated: Mapping[int, float]
    volume_correlation: float

    def accepted(self) -> dict[str, bool]:
        """Return whether each fact is inside the band that a simulated market must reach.

        The bands: little autocorrelation of returns, slow decay of that of their size, fat tails
        that thin out with aggregation, a tail index of 2 to 6, and, where known, volume that
        rises with volatility. For series of 2,000 returns or more.
        """
        bands = {
            "no autocorrelation of returns": abs(self.acf[0]) < 0.1,
            "volatility clusters": 0.1 <= self.acf_abs[0] <= 0.45,
            "clusters decay slowly": bool((self.acf_abs > 0.0).all()),
            "fat tails": self.excess_kurtosis > 1.5,
            "tail index 2 to 6": 2.0 <= self.hill_left <= 6.0,
            "tails thin out with aggregation": self.kurtosis_aggregated[20] < self.excess_kurtosis,
            "leverage effect": float(self.leverage[:5].mean()) < 0.0,
        }
        if not np.isnan(self.volume_correlation):
            bands["volume rises with volatility"] = self.volume_correlation > 0.1
        return {name: bool(good) for name, good in bands.items()}


def stylized_facts(returns: npt.ArrayLike, volume: npt.ArrayLike | None = None) -> StylizedFacts:
    """Return the stylised facts of a series of log returns.

    Parameters
    ----------
    returns : (n,) array
        Log returns, n of 100 or more.
    volume : (n,) array, optional
        Volume of the same periods.

    Raises
    ------
    ValueError
        If there are too few values, one is not finite, nothing varies, or lengths differ.

    References
    ----------
    Cont (2001); Hill (1975) for the tail; Engle (1982) for the ARCH test with 5 lags; Ljung and
    Box (1978) with 10 lags of squares; Jarque and Bera (1980).
    """
    r = np.asarray(returns, dtype=np.float64)
    if r.ndim != 1 or r.size < 100:
        raise ValueError(f"expected 100 or more returns in one dimension, was shape {r.shape}")
    if not np.isfinite(r).all() or np.ptp(r) == 0.0:
        raise ValueError("expected finite returns that vary, was a series that is not")
    squares = r * r
    skew, kurtosis = _shape(r)
    lags = min(LAGS, r.size // 2)
    acf_squared = _acf(squares, lags)
    tail = int(r.size * TAIL)
    return StylizedFacts(
        n=r.size,
        mean=float(r.mean()),
        deviation=float(r.std(ddof=1)),
        skew=skew,
        excess_kurtosis=kurtosis,
        acf=_acf(r, lags),
        acf_abs=_acf(np.abs(r), lags),
        acf_squared=acf_squared,
        ljung_box_squared=_ljung_box(acf_squared[:10], r.size),
        jarque_bera=r.size / 6.0 * (skew**2 + kurtosis**2 / 4.0),
        arch_lm=_arch_lm(r, 5),
        hill_k=tail,
        hill_left=_hill(-r, tail),
        leverage=np.array([_correlation(r[:-k], squares[k:]) for k in range(1, 21)]),
        kurtosis_aggregated={k: _shape(_aggregate(r, k))[1] for k in AGGREGATIONS},
        volume_correlation=nan if volume is None else _with_volume(r, volume),
    )


def _shape(x: FloatArray) -> tuple[float, float]:
    """Return skewness and excess kurtosis from biased moments."""
    centred = x - x.mean()
    largest = float(np.abs(centred).max())
    if largest == 0.0:
        return nan, nan
    centred = centred / largest  # squares of tiny returns would be 0
    variance = float(np.mean(centred**2))
    skew = float(np.mean(centred**3)) / variance**1.5
    return skew, float(np.mean(centred**4)) / variance**2 - 3.0


def _acf(x: FloatArray, lags: int) -> FloatArray:
    centred = x - x.mean()
    total = float(centred @ centred)
    return np.array([float(centred[:-k] @ centred[k:]) / total for k in range(1, lags + 1)])


def _ljung_box(acf: FloatArray, n: int) -> float:
    lags = np.arange(1, acf.size + 1)
    return float(n * (n + 2) * np.sum(acf**2 / (n - lags)))


def _arch_lm(resid: FloatArray, lags: int) -> float:
    """Return observations times R^2 of squares on their own lags."""
    squares = resid * resid
    columns = [squares[lags - k : squares.size - k] for k in range(1, lags + 1)]
    design = np.column_stack([np.ones(squares.size - lags), *columns])
    target = squares[lags:]
    fitted = design @ np.linalg.lstsq(design, target, rcond=None)[0]
    total = float(np.sum((target - target.mean()) ** 2))
    return target.size * (1.0 - float(np.sum((target - fitted) ** 2)) / total)


def _hill(losses: FloatArray, k: int) -> float:
    """Return the tail index of the k largest losses."""
    ranked = np.sort(losses)[::-1]
    if k < 1 or ranked[k] <= 0.0:
        return nan
    return k / float(np.sum(np.log(ranked[:k] / ranked[k])))


def _aggregate(r: FloatArray, k: int) -> FloatArray:
    """Return sums of k returns that do not overlap; the incomplete tail is left out."""
    whole = r.size // k * k
    sums: FloatArray = r[:whole].reshape(-1, k).sum(axis=1)
    return sums


def _correlation(x: FloatArray, y: FloatArray) -> float:
    a, b = x - x.mean(), y - y.mean()
    scale = sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / scale if scale > 0.0 else nan


def _with_volume(r: FloatArray, volume: npt.ArrayLike) -> float:
    v = np.asarray(volume, dtype=np.float64)
    if v.shape != r.shape:
        raise ValueError(f"expected a volume for each of {r.size} returns, was {v.shape}")
    return _correlation(v, np.abs(r))
