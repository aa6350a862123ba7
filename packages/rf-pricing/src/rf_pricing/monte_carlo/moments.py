"""Running means and covariances, merged block by block in order."""

from __future__ import annotations

import math

import numpy as np

from rf_pricing.monte_carlo._checks import FloatArray

_ROUNDING = 1e-13


class Moments:
    """Mean and scatter of rows of samples, and the means of independent groups.

    Chan, Golub and LeVeque's (1983) merge keeps the digits that a sum of squares would lose. A
    group is a randomisation of a quasi-random point set: its samples depend on each other, only
    its mean is a sample of its own.
    """

    def __init__(self, rows: int) -> None:
        self.count = 0
        self.mean = np.zeros(rows)
        self.scatter = np.zeros((rows, rows))
        self.groups: list[FloatArray] = []

    def add(self, samples: FloatArray) -> None:
        """Merge samples of shape (rows, n)."""
        n = samples.shape[1]
        mean = samples.mean(axis=1)
        centred = samples - mean[:, None]
        gap = mean - self.mean
        total = self.count + n
        self.scatter += centred @ centred.T + np.outer(gap, gap) * (self.count * n / total)
        self.mean += gap * (n / total)
        self.count = total

    def slopes(self) -> FloatArray:
        """Return the least-squares slopes of the first row on the others."""
        if self.mean.size == 1:
            return np.zeros(0)
        # A payoff that varies by rounding only has nothing to explain: its slopes would be noise.
        if self.scatter[0, 0] <= self.count * (_ROUNDING * self.mean[0]) ** 2:
            return np.zeros(self.mean.size - 1)
        among, across = self.scatter[1:, 1:], self.scatter[1:, 0]
        size = np.sqrt(np.maximum(np.diag(among), 1e-300))
        scaled = among / np.outer(size, size)
        found = np.linalg.lstsq(scaled, across / size, rcond=1e-12)[0]
        return np.asarray(found / size)

    def combined(self, weights: FloatArray) -> tuple[float, float]:
        """Return mean and standard error of a combination of the rows."""
        mean = float(weights @ self.mean)
        if self.groups:
            means = np.array([weights @ group for group in self.groups])
            if means.size < 2:
                return mean, math.nan
            return mean, float(means.std(ddof=1) / math.sqrt(means.size))
        if self.count < 2:
            return mean, math.nan
        spread = max(float(weights @ self.scatter @ weights), 0.0)
        return mean, math.sqrt(spread / (self.count - 1.0) / self.count)
