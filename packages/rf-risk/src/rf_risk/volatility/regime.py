"""What a level of volatility means for sizes and for strategies."""

from __future__ import annotations

from enum import StrEnum
from math import inf


class VolRegime(StrEnum):
    """Level of annual volatility."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRISIS = "crisis"

    @property
    def position_scale(self) -> float:
        """Factor on the usual size."""
        return _SCALES[self][0]

    @property
    def momentum_weight(self) -> float:
        """Weight of trend-following opinions, 0 to 1."""
        return _SCALES[self][1]

    @property
    def reversion_weight(self) -> float:
        """Weight of mean-reverting opinions, 0 to 1."""
        return _SCALES[self][2]

    @property
    def risk_weight(self) -> float:
        """Weight of caution, 0 to 1."""
        return _SCALES[self][3]


_SCALES = {
    VolRegime.LOW: (1.5, 0.50, 0.20, 0.10),
    VolRegime.NORMAL: (1.0, 0.40, 0.30, 0.20),
    VolRegime.HIGH: (0.5, 0.20, 0.50, 0.40),
    VolRegime.CRISIS: (0.2, 0.10, 0.30, 0.70),
}


def regime_of(annual_vol: float) -> VolRegime:
    """Return the regime of an annual volatility: low below 15 %, normal 30 %, high 50 %.

    Raises
    ------
    ValueError
        If it is negative or not finite.

    Examples
    --------
    >>> regime_of(0.22)
    <VolRegime.NORMAL: 'normal'>
    """
    if not 0.0 <= annual_vol < inf:
        raise ValueError(f"annual_vol = {annual_vol}: expected a finite number of at least 0")
    if annual_vol < 0.15:
        return VolRegime.LOW
    if annual_vol < 0.30:
        return VolRegime.NORMAL
    return VolRegime.HIGH if annual_vol < 0.50 else VolRegime.CRISIS
