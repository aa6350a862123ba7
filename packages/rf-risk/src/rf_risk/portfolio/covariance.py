"""Covariance matrices of many assets from few observations."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Shrunk(NamedTuple):
    """A covariance matrix and how far it was moved to its target, 0 to 1."""

    covariance: Floats
    shrinkage: float


def sample_covariance(returns: npt.ArrayLike, *, ddof: int = 1) -> Floats:
    """Return the sample covariance of (n, p) returns."""
    x = _table(returns)
    centred = x - x.mean(axis=0)
    matrix: Floats = centred.T @ centred / (x.shape[0] - ddof)
    return matrix


def correlation(covariance: npt.ArrayLike) -> Floats:
    """Return the correlation matrix; NaN for an asset that does not vary."""
    sigma = np.asarray(covariance, dtype=np.float64)
    scale = np.sqrt(np.diag(sigma))
    with np.errstate(divide="ignore", invalid="ignore"):
        matrix: Floats = sigma / np.outer(scale, scale)
    return matrix


def ledoit_wolf(returns: npt.ArrayLike) -> Shrunk:
    """Return the covariance shrunk towards a multiple of the identity.

    Parameters
    ----------
    returns : (n, p) array
        n of 2 or more; the target is ``mu I`` with mu the mean variance.

    References
    ----------
    Ledoit and Wolf (2004), "A well-conditioned estimator", section 3.3.
    """
    x = _centred(returns)
    n, p = x.shape
    s = x.T @ x / n
    mu = float(np.trace(s)) / p
    delta = float(((s - mu * np.eye(p)) ** 2).sum()) / p
    squares = x * x
    beta = (float((squares.T @ squares).sum()) / n - float((s * s).sum())) / (n * p)
    share = 0.0 if delta == 0.0 else min(beta, delta) / delta
    return Shrunk((1.0 - share) * s + share * mu * np.eye(p), share)


def oracle_approximating(returns: npt.ArrayLike) -> Shrunk:
    """Return the covariance shrunk by the oracle approximation (Chen et al. 2010, eq. 23)."""
    x = _centred(returns)
    n, p = x.shape
    s = x.T @ x / n
    mu = float(np.trace(s)) / p
    alpha = float((s * s).mean())
    below = (n + 1.0) * (alpha - mu**2 / p)
    share = 1.0 if below == 0.0 else min((alpha + mu**2) / below, 1.0)
    return Shrunk((1.0 - share) * s + share * mu * np.eye(p), share)


def constant_correlation(returns: npt.ArrayLike) -> Shrunk:
    """Return the covariance shrunk towards equal correlations (Ledoit and Wolf 2003)."""
    x = _centred(returns)
    n, p = x.shape
    raw = x.T @ x / n
    s = raw * n / (n - 1)
    variances = np.diag(s)
    roots = np.sqrt(variances)
    if (roots == 0.0).any() or p < 2:
        raise ValueError("expected two or more columns that vary, was a constant or single one")
    mean_rho = float((correlation(s).sum() - p) / (p * (p - 1)))
    target = mean_rho * np.outer(roots, roots)
    np.fill_diagonal(target, variances)
    squares = x * x
    pi_matrix = squares.T @ squares / n - 2.0 * raw * s + s * s
    own = variances[:, None]
    theta = (x**3).T @ x / n - np.diag(raw)[:, None] * s - raw * own + own * s
    np.fill_diagonal(theta, 0.0)
    rho = float(np.trace(pi_matrix)) + mean_rho * float((np.outer(1 / roots, roots) * theta).sum())
    gamma = float(((s - target) ** 2).sum())
    kappa = (float(pi_matrix.sum()) - rho) / gamma if gamma > 0.0 else 0.0
    share = max(0.0, min(1.0, kappa / n))
    return Shrunk(share * target + (1.0 - share) * s, share)


def nonlinear_shrinkage(returns: npt.ArrayLike) -> Floats:
    """Return the covariance with each eigenvalue shrunk on its own, in closed form.

    Parameters
    ----------
    returns : (n, p) array
        n of 12 or more, as the kernel needs; p may exceed n.

    References
    ----------
    Ledoit and Wolf (2020), "Analytical nonlinear shrinkage of large-dimensional covariance
    matrices", section 4: Epanechnikov kernel with bandwidth n^(-1/3).
    """
    x = _centred(returns)
    n, p = x.shape[0] - 1, x.shape[1]
    if n < 11:
        raise ValueError(f"expected at least 12 rows of returns, was {n + 1}")
    values, vectors = np.linalg.eigh(x.T @ x / n)
    first = max(0, p - n)
    kept = np.maximum(values[first:], 0.0)
    count = kept.size
    spread = np.repeat(kept[:, None], count, axis=1)
    width = n ** (-1.0 / 3.0)
    scale = width * spread.T
    u = (spread - spread.T) / scale
    density = 0.75 / np.sqrt(5.0) * np.mean(np.maximum(1.0 - u**2 / 5.0, 0.0) / scale, axis=1)
    root5 = np.sqrt(5.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.abs((root5 - u) / (root5 + u)))
        hilbert = -0.3 / np.pi * u + 0.75 / root5 / np.pi * (1.0 - u**2 / 5.0) * logs
    edge = np.isclose(np.abs(u), root5, rtol=1e-12, atol=0.0)
    hilbert[edge] = (-0.3 / np.pi * u)[edge]
    transform = np.mean(hilbert / scale, axis=1)
    ratio = p / n
    if p <= n:
        below = (np.pi * ratio * kept * density) ** 2
        below += (1.0 - ratio - np.pi * ratio * kept * transform) ** 2
        shrunk = kept / below
    else:
        h2 = width**2
        zero = (
            (1.0 / np.pi)
            * (0.3 / h2 + 0.75 / root5 / width * (1.0 - 0.2 / h2)
               * np.log((1.0 + root5 * width) / (1.0 - root5 * width)))
            * float(np.mean(1.0 / kept))
        )  # fmt: skip
        null = 1.0 / (np.pi * (p - n) / n * zero)
        nonzero = kept / (np.pi**2 * kept**2 * (density**2 + transform**2))
        shrunk = np.concatenate((np.full(p - n, null), nonzero))
    matrix: Floats = (vectors * shrunk) @ vectors.T
    return matrix


def ewma_covariance(
    returns: npt.ArrayLike, *, decay: float = 0.94, start: npt.ArrayLike | None = None
) -> Floats:
    """Return the exponentially weighted covariance after the last row, means taken as zero.

    `start` is the matrix before the first row, the mean of ``r r'`` if not given.
    """
    x = _table(returns)
    if not 0.0 < decay < 1.0:
        raise ValueError(f"decay = {decay}: expected within 0 and 1")
    n = x.shape[0]
    matrix = x.T @ x / n if start is None else np.array(start, dtype=np.float64)
    weights = (1.0 - decay) * decay ** np.arange(n - 1, -1, -1, dtype=np.float64)
    found: Floats = decay**n * matrix + (x * weights[:, None]).T @ x
    return found


def _centred(returns: npt.ArrayLike) -> Floats:
    x = _table(returns)
    centred: Floats = x - x.mean(axis=0)
    return centred


def _table(returns: npt.ArrayLike) -> Floats:
    x = np.asarray(returns, dtype=np.float64)
    if x.ndim != 2 or x.shape[0] < 2 or x.shape[1] < 1 or not np.isfinite(x).all():
        raise ValueError(f"expected a finite table of two or more rows, was shape {x.shape}")
    return x
