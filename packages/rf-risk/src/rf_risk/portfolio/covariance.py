"""Covariance matrices from few returns: sample, shrunk linearly and nonlinearly, and EWMA."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rf_risk.portfolio import _checks as check
from rf_risk.portfolio._checks import FloatArray

_ROOT = math.sqrt(5.0)
"""Half the width of the kernel of Epanechnikov with variance 1."""
_HEIGHT = 3.0 / (4.0 * _ROOT)
_FAR = 10.0


class Shrunk(NamedTuple):
    """A covariance shrunk towards a target, and the weight of the target in [0, 1]."""

    covariance: FloatArray
    shrinkage: float


class NonlinearShrunk(NamedTuple):
    """A covariance with shrunk eigenvalues, ascending, and those of the sample."""

    covariance: FloatArray
    eigenvalues: FloatArray
    sample_eigenvalues: FloatArray


def sample_covariance(returns: npt.ArrayLike) -> FloatArray:
    """Return the (p, p) sample covariance, n - 1, of (n, p) returns, n >= 2.

    Raises
    ------
    ValueError
        If there are fewer than two rows or a return is not finite.

    Examples
    --------
    >>> sample_covariance([[0.0], [2.0]]).tolist()
    [[2.0]]
    """
    centred = _centred(returns)
    found: FloatArray = _gram(centred) / (centred.shape[0] - 1)
    return found


def _centred(returns: npt.ArrayLike, rows: int = 2) -> FloatArray:
    values = check.matrix("returns", returns, rows)
    centred: FloatArray = values - values.mean(axis=0)
    return centred


def _gram(values: FloatArray) -> FloatArray:
    found: FloatArray = values.T @ values
    return (found + found.T) / 2.0


def correlation_of(covariance: npt.ArrayLike) -> FloatArray:
    """Return the (p, p) correlation matrix of a covariance.

    Raises
    ------
    ValueError
        If it is no covariance or a variance is zero.

    Examples
    --------
    >>> correlation_of([[4.0, 1.0], [1.0, 1.0]]).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    matrix = check.covariance("covariance", covariance)
    spread = np.sqrt(np.diagonal(matrix))
    if spread.min() <= 0.0:
        raise ValueError("expected positive variances, was 0")
    found: FloatArray = np.clip(matrix / np.outer(spread, spread), -1.0, 1.0)
    np.fill_diagonal(found, 1.0)
    return found


def ledoit_wolf(returns: npt.ArrayLike) -> Shrunk:
    """Return the covariance shrunk linearly towards ``mu I``.

    Parameters
    ----------
    returns : (n, p) array
        n >= 2; the mean is taken out.

    Returns
    -------
    Shrunk
        ``(1 - s) S + s mu I`` with S the sample covariance with 1/n, mu its mean variance and
        s the share that minimises the expected Frobenius loss, estimated.

    Raises
    ------
    ValueError
        If there are fewer than two rows or a return is not finite.

    References
    ----------
    Ledoit and Wolf (2004), "A well-conditioned estimator for large-dimensional covariance
    matrices", lemmas 3.2 to 3.5.

    Examples
    --------
    >>> found = ledoit_wolf([[0.01, 0.0], [-0.01, 0.02], [0.0, -0.02]])
    >>> 0.0 <= found.shrinkage <= 1.0
    True
    """
    centred = _centred(returns)
    n, p = centred.shape
    sample = _gram(centred) / n
    mu = float(np.trace(sample)) / p
    size = float(np.sum(sample**2))
    distance = size - p * mu * mu
    # Mean squared distance of the rank-one matrices x x' from their mean.
    lengths = np.einsum("ij,ij->i", centred, centred)
    noise = (float(np.mean(lengths**2)) - size) / n
    shrinkage = min(max(noise, 0.0) / distance, 1.0) if distance > 1e-15 * size else 1.0
    return Shrunk(_blend(sample, mu * np.eye(p), shrinkage), shrinkage)


def _blend(sample: FloatArray, target: FloatArray, shrinkage: float) -> FloatArray:
    return (1.0 - shrinkage) * sample + shrinkage * target


def oas(returns: npt.ArrayLike) -> Shrunk:
    """Return the oracle-approximating shrinkage towards ``mu I``, meant for normal returns.

    Parameters and errors are those of `ledoit_wolf`.

    Notes
    -----
    Of the two versions of the numerator in use this is the one without the factor
    ``1 - 2 / p``, as in scikit-learn.

    References
    ----------
    Chen, Wiesel, Eldar and Hero (2010), "Shrinkage algorithms for MMSE covariance estimation",
    eq. 23.

    Examples
    --------
    >>> oas([[0.01, 0.0], [-0.01, 0.02], [0.0, -0.02]]).shrinkage
    1.0
    """
    centred = _centred(returns)
    n, p = centred.shape
    sample = _gram(centred) / n
    mu = float(np.trace(sample)) / p
    alpha = float(np.mean(sample**2))
    numerator = alpha + mu * mu
    denominator = (n + 1.0) * (alpha - mu * mu / p)
    shrinkage = min(numerator / denominator, 1.0) if denominator > 0.0 else 1.0
    return Shrunk(_blend(sample, mu * np.eye(p), shrinkage), shrinkage)


def constant_correlation(returns: npt.ArrayLike) -> Shrunk:
    """Return the covariance shrunk towards one with all correlations equal.

    Parameters
    ----------
    returns : (n, p) array
        n >= 2, p >= 2; the mean is taken out.

    Returns
    -------
    Shrunk
        Variances are those of the sample (n - 1); the target has the sample's mean correlation.

    Raises
    ------
    ValueError
        If there are too few rows or columns, a return is not finite, or a column is constant.

    References
    ----------
    Ledoit and Wolf (2004), "Honey, I shrunk the sample covariance matrix", appendix B.

    Examples
    --------
    >>> found = constant_correlation([[0.01, 0.0], [-0.01, 0.02], [0.0, -0.02]])
    >>> found.covariance.shape
    (2, 2)
    """
    centred = _centred(check.matrix("returns", returns, 2, 2))
    n, p = centred.shape
    second = _gram(centred) / n
    sample = second * (n / (n - 1.0))
    variances = np.diagonal(sample)
    if variances.min() <= 0.0:
        raise ValueError("expected no constant column in returns")
    spread = np.sqrt(variances)
    outer = np.outer(spread, spread)
    mean_rho = float((np.sum(sample / outer) - p) / (p * (p - 1)))
    target = mean_rho * outer
    np.fill_diagonal(target, variances)
    squares = centred**2
    noise = squares.T @ squares / n - 2.0 * second * sample + sample**2
    # Covariance of a variance's error with that of a covariance, all pairs.
    moments = (centred**3).T @ centred / n
    own = np.diagonal(second)[:, None]
    together = moments - own * sample - second * variances[:, None] + variances[:, None] * sample
    np.fill_diagonal(together, 0.0)
    shared = float(np.trace(noise))
    shared += mean_rho * float(np.sum(np.outer(1.0 / spread, spread) * together))
    distance = float(np.sum((sample - target) ** 2))
    shrinkage = 1.0
    if distance > 1e-30 * float(np.sum(sample**2)):
        shrinkage = min(max((float(noise.sum()) - shared) / distance / n, 0.0), 1.0)
    return Shrunk(_blend(sample, target, shrinkage), shrinkage)


def nonlinear_shrinkage(returns: npt.ArrayLike) -> NonlinearShrunk:
    """Return the covariance whose every eigenvalue is shrunk by its own amount.

    Parameters
    ----------
    returns : (n, p) array
        n >= 13; p may exceed n. The mean is taken out, which costs one observation.

    Returns
    -------
    NonlinearShrunk
        The sample's eigenvectors with eigenvalues from the kernel estimate (Epanechnikov,
        bandwidth ``n^(-1/3)``) of their density and its Hilbert transform.

    Raises
    ------
    ValueError
        If there are too few rows, a return is not finite, or the sample has less than full
        rank (a constant or repeated column).

    Notes
    -----
    O(p^3) for the eigenvectors and O(p^2) for the rest.

    References
    ----------
    Ledoit and Wolf (2020), "Analytical nonlinear shrinkage of large-dimensional covariance
    matrices", Annals of Statistics 48(5), eqs. 4.7 to 4.9 and C.1.

    Examples
    --------
    >>> returns = np.random.default_rng(5).standard_normal((60, 20))
    >>> found = nonlinear_shrinkage(returns)
    >>> bool(np.ptp(found.eigenvalues) < np.ptp(found.sample_eigenvalues))
    True
    """
    centred = _centred(returns, 13)
    n, p = centred.shape[0] - 1, centred.shape[1]
    values, vectors = np.linalg.eigh(_gram(centred) / n)
    rank = min(n, p)
    kept = values[p - rank :]
    if kept[0] <= 1e-13 * kept[-1] or kept[-1] <= 0.0:
        raise ValueError("expected returns of full rank, with no constant or repeated column")
    bandwidth = n ** (-1.0 / 3.0)
    density, hilbert = _spectrum(kept, bandwidth)
    ratio = p / n
    if p <= n:
        pull = math.pi * ratio * kept
        shrunk = kept / ((pull * density) ** 2 + (1.0 - ratio - pull * hilbert) ** 2)
    else:
        regular = 1.0 / (math.pi**2 * kept * (density**2 + hilbert**2))
        at_zero = 1.0 / (math.pi * (ratio - 1.0) * _hilbert_at_zero(kept, bandwidth))
        shrunk = np.concatenate([np.full(p - rank, at_zero), regular])
    matrix = (vectors * shrunk) @ vectors.T
    return NonlinearShrunk((matrix + matrix.T) / 2.0, shrunk, np.maximum(values, 0.0))


def _spectrum(values: FloatArray, bandwidth: float) -> tuple[FloatArray, FloatArray]:
    """Return the density of the eigenvalues at each of them, and its Hilbert transform."""
    width = bandwidth * values[None, :]
    x = (values[:, None] - values[None, :]) / width
    bump = np.maximum(1.0 - x**2 / 5.0, 0.0)
    density = np.mean(_HEIGHT * bump / width, axis=1)
    return density, np.mean(_swing(x) / width, axis=1) / math.pi


def _swing(x: FloatArray) -> FloatArray:
    """Return pi times the Hilbert transform of the kernel.

    Far out the closed form is a small difference of large terms: there it is the series of the
    kernel's moments, ``-sum 3 / ((2k + 1)(2k + 3)) 5^k / x^(2k + 1)``.
    """
    far = np.abs(x) > _FAR
    edge = np.abs(np.abs(x) - _ROOT) < 1e-12
    near = np.where(far | edge, 0.0, x)
    log = np.log(np.abs((_ROOT - near) / (_ROOT + near)))
    closed = -0.3 * x + _HEIGHT * np.where(edge, 0.0, 1.0 - near**2 / 5.0) * log
    inverse = 1.0 / np.where(far, x, _FAR)
    square = 5.0 * inverse**2
    series = np.zeros_like(x)
    for k in range(13, -1, -1):
        series = series * square + 3.0 / ((2 * k + 1) * (2 * k + 3))
    return np.where(far, -inverse * series, closed)


def _hilbert_at_zero(values: FloatArray, bandwidth: float) -> float:
    h = bandwidth
    log = math.log((1.0 + _ROOT * h) / (1.0 - _ROOT * h))
    factor = 0.3 / h**2 + _HEIGHT / h * (1.0 - 1.0 / (5.0 * h**2)) * log
    return factor / math.pi * float(np.mean(1.0 / values))


def ewma_covariance(returns: npt.ArrayLike, decay: float = 0.94) -> FloatArray:
    """Return the exponentially weighted covariance after the last row.

    Parameters
    ----------
    returns : (n, p) array
        Oldest first; means are taken as zero.
    decay : float
        In (0, 1): ``S <- decay S + (1 - decay) r r'``, starting from the mean of ``r r'``.

    Returns
    -------
    (p, p) array

    Raises
    ------
    ValueError
        If a return is not finite or `decay` is out of range.

    References
    ----------
    RiskMetrics (1996), Technical Document, section 5.2.

    Examples
    --------
    >>> ewma_covariance([[1.0], [1.0]], 0.9).round(12).tolist()
    [[1.0]]
    """
    values = check.matrix("returns", returns)
    decay = check.share("decay", decay)
    n = values.shape[0]
    weights = (1.0 - decay) * decay ** np.arange(n - 1, -1, -1, dtype=np.float64)
    found: FloatArray = _gram(values * np.sqrt(weights)[:, None]) + decay**n * (_gram(values) / n)
    return found
