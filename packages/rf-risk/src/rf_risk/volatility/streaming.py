"""One GARCH or GJR recursion, one return at a time, in plain Python.

The engine imports this module on its tick path: it loads neither numpy nor numba.
"""

from __future__ import annotations

from math import inf


class GarchState:
    """Variance of the next period, moved by each return.

    ``sigma2 = omega + (alpha + gamma [eps < 0]) eps^2 + beta sigma2``.

    Parameters
    ----------
    omega, alpha, beta, gamma : float
        Parameters in squared units of the returns; gamma 0 is a plain GARCH(1,1).
    variance : float
        Variance of the coming period before any return, positive.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Examples
    --------
    >>> state = GarchState(0.2, 0.2, 0.3, 0.01)
    >>> round(state.update(0.1) ** 0.5, 6)
    0.452769
    """

    __slots__ = ("_alpha", "_beta", "_gamma", "_omega", "variance")

    def __init__(
        self, omega: float, alpha: float, beta: float, variance: float, *, gamma: float = 0.0
    ) -> None:
        sound = 0.0 <= omega < inf and alpha >= 0.0 and beta >= 0.0 and alpha + gamma >= 0.0
        if not (sound and alpha + beta + 0.5 * gamma <= 1.0):
            told = f"omega={omega}, alpha={alpha}, beta={beta}, gamma={gamma}"
            raise ValueError(f"expected a stationary recursion with parts >= 0, was {told}")
        if not 0.0 < variance < inf:
            raise ValueError(f"expected a positive variance, was {variance}")
        self._omega, self._alpha, self._beta, self._gamma = omega, alpha, beta, gamma
        self.variance = variance

    def update(self, ret: float) -> float:
        """Take one return; return the variance of the next period."""
        reaction = self._alpha + self._gamma if ret < 0.0 else self._alpha
        self.variance = self._omega + reaction * (ret * ret) + self._beta * self.variance
        return self.variance
