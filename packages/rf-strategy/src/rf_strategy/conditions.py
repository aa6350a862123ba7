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
    """Return the condition that a window is full."""
    return StrategyCondition("window", f"{seen} samples", f"{needed} samples", seen >= needed)
