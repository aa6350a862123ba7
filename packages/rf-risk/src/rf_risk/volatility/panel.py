"""Many names side by side: one return each, or a whole panel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rf_risk.volatility._kernels.filters import filter_names, update_names

FloatArray = npt.NDArray[np.float64]


class GarchPanel:
    """GARCH or GJR variances of many names, moved together.

    Parameters
    ----------
    omega, alpha, beta, gamma : (k,) array or float
        Parameters in squared units of the returns.
    variances : (k,) array
        Of the coming period, above 0.

    Raises
    ------
    ValueError
        If shapes differ or a number is out of range.

    Notes
    -----
    The same arithmetic as `GarchState`, to the last bit; names are independent, so that the
    processor works on several at once.

    Examples
    --------
    >>> panel = GarchPanel(0.2, 0.2, 0.3, variances=[0.01, 0.04])
    >>> panel.update([0.1, 0.1]).round(3).tolist()
    [0.205, 0.214]
    """

    def __init__(
        self,
        omega: npt.ArrayLike,
        alpha: npt.ArrayLike,
        beta: npt.ArrayLike,
        *,
        gamma: npt.ArrayLike = 0.0,
        variances: npt.ArrayLike,
    ) -> None:
        self.variances: FloatArray = np.array(variances, dtype=np.float64)
        if self.variances.ndim != 1 or self.variances.size == 0:
            raise ValueError(f"expected variances of shape (k,), was {self.variances.shape}")
        size = self.variances.shape
        given = (omega, alpha, gamma, beta)
        try:
            parts = [np.broadcast_to(np.asarray(p, dtype=np.float64), size) for p in given]
        except ValueError:
            raise ValueError(f"expected parameters of shape {size} or single numbers") from None
        self._parts = [np.ascontiguousarray(part) for part in parts]
        o, a, g, b = self._parts
        sound = (o >= 0) & (a >= 0) & (b >= 0) & (a + g >= 0) & (a + 0.5 * g + b <= 1.0 + 1e-9)
        sound &= (self.variances > 0.0) & np.isfinite(self.variances) & np.isfinite(o)
        if not sound.all():
            where = int(np.argmin(sound))
            told = ", ".join(f"{part[where]}" for part in (*self._parts, self.variances))
            raise ValueError(
                f"expected stationary parameters and a variance above 0, was omega, alpha, gamma, "
                f"beta, variance {told} at index {where}"
            )

    def update(self, returns: npt.ArrayLike) -> FloatArray:
        """Take one return of every name, (k,); return the variances of the next period.

        The array returned is the panel's own and changes with the next update.

        Raises
        ------
        ValueError
            If the shape differs or a return is not finite; nothing has changed then.
        """
        found = self._checked(returns, 1)
        omega, alpha, gamma, beta = self._parts
        update_names(self.variances, found, omega, alpha, gamma, beta, self.variances)
        return self.variances

    def run(self, returns: npt.ArrayLike) -> FloatArray:
        """Take (n, k) returns; return (n + 1, k) variances, of each period and of the next.

        Raises
        ------
        ValueError
            If the shape differs or a return is not finite; nothing has changed then.
        """
        found = self._checked(returns, 2)
        out = np.empty((found.shape[0] + 1, found.shape[1]))
        out[0] = self.variances
        omega, alpha, gamma, beta = self._parts
        filter_names(found, omega, alpha, gamma, beta, out)
        self.variances[:] = out[-1]
        return out

    def _checked(self, returns: npt.ArrayLike, ndim: int) -> FloatArray:
        found = np.ascontiguousarray(returns, dtype=np.float64)
        if found.ndim != ndim or found.shape[-1] != self.variances.size:
            raise ValueError(
                f"expected returns of {self.variances.size} names in {ndim} dimensions, "
                f"was shape {found.shape}"
            )
        if not np.isfinite(found).all():
            raise ValueError("expected finite returns, was NaN or infinite for a name")
        return found
