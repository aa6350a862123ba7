"""How often a frame may be drawn."""

from __future__ import annotations

FRAME_NS = 100_000_000
"""Shortest time from one frame to the next: ten a second; ns."""


class Pacer:
    """Spaces frames, and lets a late one show all that changed before it.

    Examples
    --------
    >>> pacer = Pacer(100)
    >>> pacer.wait(0), pacer.wait(30), pacer.wait(250)
    (0, 70, 0)
    """

    def __init__(self, frame_ns: int = FRAME_NS) -> None:
        self._frame_ns = frame_ns
        self._last_ns: int | None = None

    def wait(self, now_ns: int) -> int:
        """Return how long a frame wanted now has to wait, ns; 0 means that it is drawn now."""
        if self._last_ns is not None and now_ns - self._last_ns < self._frame_ns:
            return self._frame_ns - (now_ns - self._last_ns)
        self._last_ns = now_ns
        return 0
