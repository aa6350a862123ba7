"""The log likelihood of a variance model, its score for every observation, and its Hessian."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rf_risk.volatility.innovations import Innovations
from rf_risk.volatility.models import Filtered, Model

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """A likelihood at one vector of parameters: (mean), the model's, the shape's."""

    loglik: float
    scores: Floats
    """(n, k) derivatives of each observation's log likelihood."""
    filtered: Filtered
    residuals: Floats

    @cached_property
    def gradient(self) -> Floats:
        """Derivative of the log likelihood, (k,)."""
        total: Floats = self.scores.sum(axis=0)
        return total


@dataclass(frozen=True)
class Likelihood:
    """Log likelihood of returns, complete with its constants and summed.

    References
    ----------
    Fiorentini, Calzolari and Panattoni (1996) for the start of the recursion: squared residual
    and variance before the sample are the mean square at the present parameters.
    """

    returns: Floats
    model: Model
    innovations: Innovations
    has_mean: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters in the order of their vector."""
        mean = ("mu",) if self.has_mean else ()
        return (*mean, *self.model.names, *self.innovations.shape_names)

    def vector(self, params: Mapping[str, float]) -> Floats:
        """Return parameters by name as a vector.

        Raises
        ------
        ValueError
            If one is missing, or unknown.
        """
        unknown = params.keys() - set(self.names)
        missing = [name for name in self.names if name not in params]
        if missing or unknown:
            told = ", ".join(params)
            raise ValueError(f"expected parameters {', '.join(self.names)}, was {told}")
        return np.array([float(params[name]) for name in self.names])

    def at(self, theta: Floats) -> Point:
        """Return the likelihood at a vector of parameters."""
        offset = int(self.has_mean)
        k = len(self.model.names)
        eps = self.returns - theta[0] if self.has_mean else self.returns
        filtered = self.model.run(eps, np.ascontiguousarray(theta[offset : offset + k]))
        s2 = filtered.variances
        if not (s2.min() > 0.0 and np.isfinite(s2).all()):
            return self._impossible(filtered, eps)
        sigma = np.sqrt(s2)
        z = eps / sigma
        density = self.innovations.density(z, theta[offset + k :])
        value = float(np.sum(density.value) - np.sum(np.log(sigma)))
        by_variance = -0.5 * (1.0 + density.score * z) / s2
        scores = np.empty((eps.size, theta.size))
        scores[:, offset : offset + k] = by_variance[:, None] * filtered.grad[:, :k]
        scores[:, offset + k :] = density.shape
        if self.has_mean:
            scores[:, 0] = by_variance * filtered.grad[:, k] - density.score / sigma
        return Point(value, scores, filtered, eps)

    def _impossible(self, filtered: Filtered, eps: Floats) -> Point:
        return Point(-np.inf, np.zeros((eps.size, len(self.names))), filtered, eps)

    def hessian(self, theta: Floats, scale: Floats) -> Floats:
        """Return second derivatives: fourth-order differences of the analytic gradient."""
        k = theta.size
        rows = np.empty((k, k))
        for i in range(k):
            width = 1e-4 * scale[i]
            steps = []
            for times in (-2, -1, 1, 2):
                moved = theta.copy()
                moved[i] += times * width
                steps.append(self.at(moved).gradient)
            a, b, c, d = steps
            rows[i] = (a - 8.0 * b + 8.0 * c - d) / (12.0 * width)
        symmetric: Floats = 0.5 * (rows + rows.T)
        return symmetric
