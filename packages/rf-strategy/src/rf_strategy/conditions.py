"""One line of an explanation: what was needed and what was there."""

from __future__ import annotations

import msgspec


class StrategyCondition(msgspec.Struct, frozen=True, gc=False):
    """A comparison that a strategy makes."""

    name: str
    value: str
    needed: str
    met: bool


def warming_up(seen: int, needed: int) -> StrategyCondition:
    """Return the condition that a window is full.

    Examples
    --------
    >>> warming_up(5, 60).value, warming_up(5, 60).met
    ('5 samples', False)
    """
    return StrategyCondition("window", f"{seen} samples", f"{needed} samples", seen >= needed)
