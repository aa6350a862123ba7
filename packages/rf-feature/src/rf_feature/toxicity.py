"""VPIN of a session whose usual trade size is not known beforehand."""

from __future__ import annotations

from rf_signals.streaming import Vpin

_CALIBRATION = 50
"""Trades whose mean size sets the volume of a bucket."""


class SessionVpin:
    """VPIN with buckets that hold `trades` trades of the mean size of the session's first fifty.

    The first trades only set the size; after that every bucket has the same volume.

    Parameters
    ----------
    trades : int
        Trades of mean size in one bucket.
    window : int
        Full buckets that the value is the mean of.
    """

    __slots__ = ("_seen", "_trades", "_volume", "_vpin", "_window", "value")

    def __init__(self, trades: int, window: int) -> None:
        self._trades = trades
        self._window = window
        self._seen = 0
        self._volume = 0.0
        self._vpin: Vpin | None = None
        self.value: float | None = None

    def update(self, px: float, qty: float, side: int = 0) -> float | None:
        """Add one trade (`side` 1 buy, -1 sell, 0 unknown); return the VPIN, None until known."""
        if self._vpin is None:
            self._calibrate(qty)
        else:
            # A print that fills the whole window says no more by being even larger.
            most = self._vpin.bucket_volume * self._window
            self.value = self._vpin.update(px, min(qty, most), side)
        return self.value

    def _calibrate(self, qty: float) -> None:
        self._seen += 1
        self._volume += qty
        if self._seen >= _CALIBRATION and self._volume > 0.0:
            self._vpin = Vpin(self._volume / self._seen * self._trades, self._window)
