"""Settings of the paper venue."""

from __future__ import annotations

import msgspec

from rf_common.config import NOT_NEGATIVE, check

PROBABILITY = (lambda value: 0 <= value <= 1, "a probability from 0 to 1")


class Faults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How badly the paper venue behaves; everything is off by default."""

    lost: float = 0.0
    """Probability that an answer never arrives."""
    duplicated: float = 0.0
    """Probability that an answer arrives twice."""
    late: float = 0.0
    """Probability that an answer is late by up to `late_ms`, which also reorders answers."""
    late_ms: int = 3_000
    """Longest extra delay of a late answer, milliseconds."""

    def __post_init__(self) -> None:
        rules = dict.fromkeys(("lost", "duplicated", "late"), PROBABILITY)
        check(self, {**rules, "late_ms": NOT_NEGATIVE})


class PaperConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fees and speed of the paper venue.

    Examples
    --------
    >>> PaperConfig(faults=Faults(lost=0.1)).faults.lost
    0.1
    """

    maker_bps: float = 0.0
    """Fee of a fill that rested in the book, basis points of its value."""
    taker_bps: float = 1.0
    """Fee of a fill that took liquidity, basis points of its value."""
    latency_ms: float = 20.0
    """Time an order or an answer travels, milliseconds."""
    jitter_ms: float = 10.0
    """Largest random addition to it, milliseconds."""
    faults: Faults = Faults()
    """How it misbehaves."""

    def __post_init__(self) -> None:
        check(
            self,
            {
                "maker_bps": (lambda bps: -100 <= bps <= 1000, "basis points from -100 to 1000"),
                "taker_bps": (lambda bps: -100 <= bps <= 1000, "basis points from -100 to 1000"),
                "latency_ms": NOT_NEGATIVE,
                "jitter_ms": NOT_NEGATIVE,
            },
        )
