"""Value at risk and expected shortfall from a series of returns or from a distribution.

Losses are positive, in the units of what is passed; confidence 0.99 means the worst 1 %.
Whole portfolios are in `component`, `monte_carlo` and `report`, tails in `evt`.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from rf_risk.portfolio import _checks as check
from rf_risk.portfolio._checks import FloatArray

Method = Literal["linear", "order"]

_NORMAL = NormalDist()
_WHOLE = 1e-9
"""A tail of n (1 - c) observations this close to a whole number is that number."""
_CF_DOMAIN = _NORMAL.inv_cdf(1.0 - 1e-4)


class TailRisk(NamedTuple):
    """Value at risk and expected shortfall, positive for a loss."""

    var: float
    expected_shortfall: float


class CornishFisher(NamedTuple):
    """Modified value at risk and whether the expansion is a quantile function at all."""

    var: float
    expected_shortfall: float
    z: float
    """Quantile of the standardised return, negative."""
    domain_ok: bool
    """The expansion rises in z on (1e-4, 1 - 1e-4), Maillard (2012); if not, trust no number."""


class SampleMoments(NamedTuple):
    """Moments of a sample: `sd` with n - 1, skewness and excess kurtosis with n."""

    mean: float
    sd: float
    skew: float
    excess_kurtosis: float


def normal_quantile(confidence: float) -> float:
    """Return the standard normal quantile, relative accuracy 1e-15.

    Raises
    ------
    ValueError
        If `confidence` is not strictly between 0 and 1.

    Examples
    --------
    >>> round(normal_quantile(0.99), 6)
    2.326348
    """
    return _NORMAL.inv_cdf(check.share("confidence", confidence))


def sample_moments(returns: npt.ArrayLike) -> SampleMoments:
    """Return moments of a sample of (n,) returns, n >= 2.

    Skewness and kurtosis are NaN where all returns are equal.

    Raises
    ------
    ValueError
        If there are fewer than two returns or one is not finite.

    Examples
    --------
    >>> sample_moments([-1.0, 0.0, 1.0]).sd
    1.0
    """
    values = check.vector("returns", returns, 2)
    mean = float(values.mean())
    if values.min() == values.max():
        return SampleMoments(mean, 0.0, math.nan, math.nan)
    centred = values - mean
    scaled = centred / np.sqrt(np.mean(centred**2))
    return SampleMoments(
        mean,
        float(values.std(ddof=1)),
        float(np.mean(scaled**3)),
        float(np.mean(scaled**4)) - 3.0,
    )


def historical_var(
    returns: npt.ArrayLike,
    confidence: float = 0.99,
    *,
    method: Method = "linear",
    horizon: float = 1.0,
) -> TailRisk:
    """Return historical VaR and expected shortfall of a series of returns or of P&L.

    Parameters
    ----------
    returns : (n,) array
        Returns or P&L, losses negative, n >= 2.
    confidence : float
        0.99 for the worst 1 %.
    method : {"linear", "order"}
        "linear" interpolates the quantile (type 7 of Hyndman and Fan, numpy's default); "order"
        is the loss of the k-th worst return, k = ceil(n (1 - confidence)).
    horizon : float
        Periods; scaled by its square root.

    Returns
    -------
    TailRisk
        In the units of `returns`. The shortfall weighs the observation on the edge of the tail
        by the part that lies in it (Acerbi and Tasche 2002), whichever the method.

    Raises
    ------
    ValueError
        If there are fewer than two returns, one is not finite, or an option is out of range.

    Notes
    -----
    O(n): the tail is selected, not the whole sorted. A sample says nothing beyond its worst
    observation, which is the answer when ``n (1 - confidence) < 1``.

    References
    ----------
    Acerbi and Tasche (2002), "On the coherence of expected shortfall", eq. 4.

    Examples
    --------
    >>> returns = [-0.05, 0.01, 0.02, -0.02, 0.03, -0.01, 0.0, 0.015, -0.03, 0.005]
    >>> [round(x, 6) for x in historical_var(returns, 0.9)]
    [0.032, 0.05]
    """
    values = check.vector("returns", returns, 2)
    scale = math.sqrt(check.positive("horizon", horizon))
    found = tail_risk(values, check.share("confidence", confidence), method)
    return TailRisk(found.var * scale, found.expected_shortfall * scale)


def tail_places(n: int, tail: float) -> tuple[float, int, float]:
    """Return where the quantile lies, whole observations in the tail, and the part of the next."""
    amount = n * tail
    whole = math.floor(amount + _WHOLE)
    rest = amount - whole
    return (n - 1) * tail, whole, rest if rest > _WHOLE or whole == 0 else 0.0


def tail_risk(values: FloatArray, confidence: float, method: Method) -> TailRisk:
    """Return the tail risk of finite values, at least two; inputs are checked by the caller.

    Raises
    ------
    ValueError
        If the method is unknown.
    """
    if method not in {"linear", "order"}:
        raise ValueError(f"expected method linear or order, was {method!r}")
    n = values.size
    place, whole, rest = tail_places(n, 1.0 - confidence)
    low = min(math.floor(place), n - 1)
    last = min(max(low + 1, whole), n - 1)
    # Two places: numpy selects one place with another routine, several times slower on some CPUs.
    worst = np.partition(values, (last - 1, last))[: last + 1]
    worst.sort()
    if method == "linear":
        high = min(low + 1, last)
        quantile = float(worst[low] + (worst[high] - worst[low]) * (place - low))
    else:
        quantile = float(worst[whole if rest > 0.0 else whole - 1])
    total = float(worst[:whole].sum()) + (rest * float(worst[whole]) if rest > 0.0 else 0.0)
    return TailRisk(-quantile, -total / (whole + rest))


def weighted_historical_var(
    returns: npt.ArrayLike, confidence: float = 0.99, *, decay: float = 0.98
) -> TailRisk:
    """Return historical VaR with exponentially declining weights (BRW).

    Parameters
    ----------
    returns : (n,) array
        Oldest first, n >= 2.
    confidence : float
        0.99 for the worst 1 %.
    decay : float
        Weight of a return over that of the next; 1 weighs all alike.

    Returns
    -------
    TailRisk
        VaR is the smallest of the losses whose weight and that of the larger ones reaches
        ``1 - confidence``; with ``decay=1`` that of `historical_var` with method "order".

    Raises
    ------
    ValueError
        If there are fewer than two returns, one is not finite, or `decay` is not in (0, 1].

    References
    ----------
    Boudoukh, Richardson and Whitelaw (1998), "The best of both worlds", Risk 11(5).

    Examples
    --------
    >>> weighted_historical_var([-0.02, 0.01, -0.01, 0.03], 0.75, decay=0.5).var
    0.01
    """
    values = check.vector("returns", returns, 2)
    tail = 1.0 - check.share("confidence", confidence)
    if not 0.0 < decay <= 1.0:
        raise ValueError(f"expected decay in (0, 1], was {decay}")
    weights = decay ** np.arange(values.size - 1, -1, -1, dtype=np.float64)
    weights /= weights.sum()
    order = np.argsort(values, kind="stable")
    losses, weights = -values[order], weights[order]
    reached = np.cumsum(weights)
    edge = int(np.searchsorted(reached, tail * (1.0 - _WHOLE)))
    edge = min(edge, values.size - 1)
    before = float(reached[edge - 1]) if edge else 0.0
    inside = float(losses[:edge] @ weights[:edge])
    total = inside + max(tail - before, 0.0) * float(losses[edge])
    return TailRisk(float(losses[edge]), total / tail)


def parametric_var(
    value: float,
    sigma: float,
    confidence: float = 0.99,
    *,
    mean: float = 0.0,
    horizon: float = 1.0,
    z: float | None = None,
) -> TailRisk:
    """Return VaR and expected shortfall of a normal return on a value.

    Parameters
    ----------
    value : float
        What is held, currency, signed.
    sigma, mean : float
        Standard deviation and mean of the return of one period, decimal.
    confidence : float
        0.99 for the worst 1 %.
    horizon : float
        Periods: sigma grows with its square root, the mean with it.
    z : float, optional
        Quantile in place of the exact one, as 2.33 in printed examples.

    Returns
    -------
    TailRisk
        Currency: ``z sigma value sqrt(h) - mean value h`` and ``sigma pdf(z) / (1 - c)`` less
        the same mean.

    Raises
    ------
    ValueError
        If an input is not finite, `sigma` negative or `horizon` not positive.

    References
    ----------
    McNeil, Frey and Embrechts (2015), Quantitative Risk Management, ex. 2.11 and 2.14.

    Examples
    --------
    >>> round(parametric_var(10_000_000.0, 0.02, 0.99, horizon=10.0, z=2.33).var)
    1473621
    """
    confidence = check.share("confidence", confidence)
    quantile = normal_quantile(confidence) if z is None else check.finite("z", z)
    held, periods = check.finite("value", value), check.positive("horizon", horizon)
    spread = check.not_negative("sigma", sigma) * abs(held) * math.sqrt(periods)
    beyond = _NORMAL.pdf(quantile) / (1.0 - confidence)
    earned = check.finite("mean", mean) * held * periods
    return TailRisk(quantile * spread - earned, beyond * spread - earned)


def student_t_var(
    value: float,
    sigma: float,
    nu: float,
    confidence: float = 0.99,
    *,
    mean: float = 0.0,
    horizon: float = 1.0,
) -> TailRisk:
    """Return VaR and expected shortfall of a Student-t return with standard deviation `sigma`.

    Parameters
    ----------
    value, sigma, confidence, mean, horizon
        As in `parametric_var`; `sigma` is a standard deviation, not the scale of the t.
    nu : float
        Degrees of freedom above 2: about 5 for equities, 3.5 for crypto, 8 for bonds.

    Returns
    -------
    TailRisk
        Currency. The t quantile is multiplied by ``sqrt((nu - 2) / nu)``. A horizon above 1
        scales by its square root, an approximation: a sum of t variables is no t variable.

    Raises
    ------
    ValueError
        If `nu` is not above 2 or an input is out of range.

    References
    ----------
    McNeil, Frey and Embrechts (2015), eq. 2.25 and ex. 2.15.

    Examples
    --------
    >>> round(student_t_var(1.0, 1.0, 5.0, 0.99).var, 3)
    2.606
    """
    from scipy import special

    confidence = check.share("confidence", confidence)
    freedom = check.finite("nu", nu)
    if freedom <= 2.0:
        raise ValueError(f"expected nu above 2 (a finite variance), was {nu}")
    held, periods = check.finite("value", value), check.positive("horizon", horizon)
    spread = check.not_negative("sigma", sigma) * abs(held) * math.sqrt(periods)
    spread *= math.sqrt((freedom - 2.0) / freedom)
    quantile = float(special.stdtrit(freedom, confidence))
    # The ratio of gamma functions through its own function: differences of logarithms lose digits.
    ratio = float(special.poch(freedom / 2.0, 0.5)) / math.sqrt(freedom * math.pi)
    density = ratio * math.exp(-(freedom + 1.0) / 2.0 * math.log1p(quantile * quantile / freedom))
    beyond = density * (freedom + quantile * quantile) / ((freedom - 1.0) * (1.0 - confidence))
    earned = check.finite("mean", mean) * held * periods
    return TailRisk(quantile * spread - earned, beyond * spread - earned)


def cornish_fisher_var(
    sigma: float,
    skew: float,
    excess_kurtosis: float,
    confidence: float = 0.99,
    *,
    mean: float = 0.0,
) -> CornishFisher:
    """Return modified VaR: the normal quantile corrected for skewness and kurtosis.

    Parameters
    ----------
    sigma, mean : float
        Standard deviation and mean of the return.
    skew, excess_kurtosis : float
        Third and fourth standardised moments, 0 for a normal.
    confidence : float
        0.99 for the worst 1 %.

    Returns
    -------
    CornishFisher
        In the units of `sigma`; the shortfall is the exact mean of the expansion beyond `z`.
        Outside the domain the expansion turns back and can rank a worse tail as a better one:
        look at `domain_ok`.

    Raises
    ------
    ValueError
        If an input is not finite or `sigma` is negative.

    References
    ----------
    Favre and Galeano (2002), eq. 3; Maillard (2012), "A user's guide to the Cornish Fisher
    expansion", for the domain and the conditional mean.

    Examples
    --------
    >>> found = cornish_fisher_var(0.012, -0.8, 3.0, 0.99, mean=0.0004)
    >>> round(found.var, 6), found.domain_ok
    (0.040101, True)
    """
    s, k = check.finite("skew", skew), check.finite("excess_kurtosis", excess_kurtosis)
    spread, centre = check.not_negative("sigma", sigma), check.finite("mean", mean)
    confidence = check.share("confidence", confidence)
    z = -_NORMAL.inv_cdf(confidence)
    # Coefficients of 1, z, z^2 and z^3 in the expansion.
    c0, c1 = -s / 6.0, 1.0 - k / 8.0 + 5.0 * s * s / 36.0
    c2, c3 = s / 6.0, k / 24.0 - s * s / 18.0
    quantile = c0 + z * (c1 + z * (c2 + z * c3))
    tail, density = 1.0 - confidence, _NORMAL.pdf(z)
    # Integrals of 1, z, z^2 and z^3 times the density over (-inf, z).
    mean_z = c0 * tail - c1 * density + c2 * (tail - z * density) - c3 * (z * z + 2.0) * density
    return CornishFisher(
        -(centre + spread * quantile),
        -(centre + spread * mean_z / tail),
        quantile,
        _rises(c1, 2.0 * c2, 3.0 * c3),
    )


def _rises(a: float, b: float, c: float) -> bool:
    """Tell whether ``a + b z + c z^2`` is positive on the domain that is looked at."""
    edge = a - abs(b) * _CF_DOMAIN + c * _CF_DOMAIN * _CF_DOMAIN
    if c > 0.0 and abs(b) < 2.0 * c * _CF_DOMAIN:
        return a - b * b / (4.0 * c) > 0.0
    return edge > 0.0
