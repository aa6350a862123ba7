"""Standard errors of a maximum, also of one that stands on constraints."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def tangent_covariance(
    hess: FloatArray, outer: FloatArray, held: FloatArray, kind: str
) -> FloatArray:
    """Return the covariance of parameters along the constraints that hold, (k, k).

    With Z a basis of what the (m, k) rows `held` leave free and A the Hessian along it:
    ``Z inv(-A) Z'``, ``Z inv(B) Z'`` with B the sum of squared scores, or
    ``Z inv(A) B inv(A) Z'``. NaN when the matrix to invert is not positive definite.

    Raises
    ------
    ValueError
        If `kind` is not "hessian", "opg" or "robust".
    """
    if kind not in {"hessian", "opg", "robust"}:
        raise ValueError(f"expected kind hessian, opg or robust, was {kind!r}")
    size = hess.shape[0]
    basis = _free_directions(held, size)
    # Each direction in units of its curvature: omega's and nu's differ by orders of magnitude.
    information = -(basis.T @ hess @ basis)
    scores = basis.T @ outer @ basis
    chosen = scores if kind == "opg" else information
    spread = np.diag(chosen)
    if chosen.size == 0 or not (spread > 0.0).all():
        return np.full((size, size), np.nan if chosen.size else 0.0)
    unit = 1.0 / np.sqrt(spread)
    try:
        factor = np.linalg.cholesky(chosen * np.outer(unit, unit))
    except np.linalg.LinAlgError:
        return np.full((size, size), np.nan)
    half = np.linalg.inv(factor) * unit
    inverse = half.T @ half
    if kind == "robust":
        inverse = inverse @ scores @ inverse
    found: FloatArray = basis @ inverse @ basis.T
    return found


def projected_slope(grad: FloatArray, hess: FloatArray, held: FloatArray) -> float:
    """Return the largest slope along the constraints that hold, in units of its curvature.

    Squared and halved it is at most what a Newton step would gain, so at a maximum it is near
    zero whatever the optimiser believes.
    """
    basis = _free_directions(held, grad.size)
    bend = np.abs(np.einsum("ik,ij,jk->k", basis, hess, basis))
    slope = np.abs(basis.T @ grad)
    return float(np.max(slope / np.sqrt(bend + 1.0), initial=0.0))


def _free_directions(held: FloatArray, size: int) -> FloatArray:
    if held.shape[0] == 0:
        return np.eye(size)
    _, singular, turned = np.linalg.svd(held)
    rank = int(np.sum(singular > 1e-12))
    basis: FloatArray = turned[rank:].T
    return basis
