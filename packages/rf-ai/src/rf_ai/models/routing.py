"""How important a call is: no model, the cheap one, or the strong one."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import NamedTuple


class Trigger(StrEnum):
    """What asks for an opinion."""

    TICK = "tick"
    TIMER = "timer"
    DEMAND = "demand"
    NEWS = "news"
    DRIFT = "drift"
    EARNINGS = "earnings"
    FOMC = "fomc"
    GEX_FLIP = "gex_flip"
    DAILY_BRIEF = "daily_brief"
    TUNING = "tuning"


class Tier(StrEnum):
    """Which model answers."""

    NONE = "none"
    CHEAP = "cheap"
    STRONG = "strong"


class Route(NamedTuple):
    """A tier and why."""

    tier: Tier
    reason: str


STRONG_TRIGGERS = (
    Trigger.EARNINGS,
    Trigger.FOMC,
    Trigger.GEX_FLIP,
    Trigger.DAILY_BRIEF,
    Trigger.TUNING,
)
STRONG_CONFIDENCE = 0.85
STRONG_VALUE = 5_000.0
CHEAP_CONFIDENCE = 0.70


def route(
    trigger: Trigger, *, confidence: float | None = None, value: float | None = None
) -> Route:
    """Return which model should answer.

    Parameters
    ----------
    trigger : Trigger
        What asks.
    confidence : float, optional
        Confidence of the signal that is looked at, in [0, 1].
    value : float, optional
        What the order in question would be worth, US dollars.

    Raises
    ------
    ValueError
        If a number is not finite or `confidence` is outside [0, 1].

    Notes
    -----
    A tick never reaches a model. Otherwise one reason for the strong model is enough, whatever
    else holds, and without any the cheap model answers.

    Examples
    --------
    >>> route(Trigger.NEWS).tier.value, route(Trigger.TIMER, value=9_000.0).tier.value
    ('cheap', 'strong')
    """
    _check(confidence, value)
    if trigger is Trigger.TICK:
        return Route(Tier.NONE, "ticks are not shown to a model")
    if trigger in STRONG_TRIGGERS:
        return Route(Tier.STRONG, trigger.value)
    if confidence is not None and confidence > STRONG_CONFIDENCE:
        return Route(Tier.STRONG, f"confidence {confidence:.2f} above {STRONG_CONFIDENCE:.2f}")
    if value is not None and abs(value) > STRONG_VALUE:
        return Route(Tier.STRONG, f"worth {abs(value):,.0f}, above {STRONG_VALUE:,.0f}")
    if confidence is not None and confidence < CHEAP_CONFIDENCE:
        return Route(Tier.CHEAP, f"confidence {confidence:.2f} below {CHEAP_CONFIDENCE:.2f}")
    return Route(Tier.CHEAP, trigger.value)


def _check(confidence: float | None, value: float | None) -> None:
    if confidence is not None and not 0 <= confidence <= 1:
        raise ValueError(f"expected confidence in [0, 1], was {confidence}")
    if value is not None and not math.isfinite(value):
        raise ValueError(f"expected a finite value, was {value}")
