"""One GARCH or GJR recursion, one return at a time, in plain Python.

The engine imports this module on its tick path: it loads neither numpy nor numba.
"""

from __future__ import annotations

from math import inf
from typing import NamedTuple

FLOOR = 1e-18
"""Least variance: a volatility of 1e-9 per period, below that of any traded series in decimals."""


class GarchSnapshot(NamedTuple):
    """All that a `GarchState` is; plain numbers to be stored."""

    omega: float
    alpha: float
    beta: float
    gamma: float
    variance: float
    floor: float


class GarchState:
    """Variance of the next period, moved by each return.

    ``sigma2 = omega + (alpha + gamma [ret < 0]) ret^2 + beta sigma2``, not below `floor`.

    Parameters
    ----------
    omega, alpha, beta, gamma : float
        Parameters in squared units of the returns; gamma 0 is a plain GARCH(1,1).
    variance : float
        Variance of the coming period before any return, positive.
    floor : float
        Least variance, so that an omega of zero and a series of zeros do not end at none.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Notes
    -----
    Bit for bit what `garch_filter` gives for the series in one call.

    Examples
    --------
    >>> state = GarchState(0.2, 0.2, 0.3, 0.01)
    >>> round(state.update(0.1) ** 0.5, 6)
    0.452769
    """

    __slots__ = ("_alpha", "_beta", "_floor", "_gamma", "_omega", "_reaction_down", "variance")

    def __init__(
        self,
        omega: float,
        alpha: float,
        beta: float,
        variance: float,
        gamma: float = 0.0,
        *,
        floor: float = FLOOR,
    ) -> None:
        sound = 0.0 <= omega < inf and alpha >= 0.0 and beta >= 0.0 and alpha + gamma >= 0.0
        # A fit on the boundary of stationarity may stand an ulp beyond it.
        if not (sound and alpha + beta + 0.5 * gamma <= 1.0 + 1e-9):
            told = f"omega={omega}, alpha={alpha}, beta={beta}, gamma={gamma}"
            raise ValueError(f"expected a stationary recursion with parts >= 0, was {told}")
        if not 0.0 < variance < inf:
            raise ValueError(f"expected a positive variance, was {variance}")
        if not 0.0 <= floor < inf:
            raise ValueError(f"expected a floor of at least 0, was {floor}")
        self._omega, self._alpha, self._beta, self._gamma = omega, alpha, beta, gamma
        self._reaction_down = alpha + gamma
        self._floor = floor
        self.variance = variance

    def update(self, ret: float) -> float:
        """Take one return; return the variance of the next period.

        Raises
        ------
        ValueError
            If the return is not finite; the state has not changed then.
        """
        if not -inf < ret < inf:
            raise ValueError(f"expected a finite return, was {ret}")
        reaction = self._reaction_down if ret < 0.0 else self._alpha
        found = self._omega + reaction * (ret * ret) + self._beta * self.variance
        self.variance = found if found > self._floor else self._floor
        return self.variance

    def snapshot(self) -> GarchSnapshot:
        """Return the parameters and the variance, to be stored."""
        return GarchSnapshot(
            self._omega, self._alpha, self._beta, self._gamma, self.variance, self._floor
        )

    @classmethod
    def restore(cls, snapshot: GarchSnapshot) -> GarchState:
        """Return the state that a snapshot was taken of.

        Raises
        ------
        ValueError
            If a number is out of range.
        """
        omega, alpha, beta, gamma, variance, floor = snapshot
        return cls(omega, alpha, beta, variance, gamma, floor=floor)

    def copy(self) -> GarchState:
        """Return a state that goes its own way from here."""
        return self.restore(self.snapshot())
