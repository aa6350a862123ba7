"""Computed evidence is the anchor: how far an answer may move away from what rules compute.

Without outside text in the prompt a model may tilt confidence, stop and target within a band.
With outside text it may agree or withhold its agreement, nothing else: every field that an order
could follow is then the computed one, so that no headline can be the reason for it.
"""

from __future__ import annotations

import msgspec

from rf_ai.checks import AnswerLimits, Checked
from rf_ai.rules import Distances, Opinion, size_for
from rf_ai.schema import DexterSignal
from rf_common.intelligence import Direction, Recommendation

_FITTING = {
    Direction.LONG: {Recommendation.BUY},
    Direction.SHORT: {Recommendation.SELL},
    Direction.NEUTRAL: {Recommendation.HOLD, Recommendation.RISK},
}


def bound(
    answer: DexterSignal, opinion: Opinion, *, outside: bool, limits: AnswerLimits | None = None
) -> Checked:
    """Return `answer` inside the band around the computed `opinion`, or why it is void.

    Parameters
    ----------
    answer : DexterSignal
        A model's answer after `rf_ai.checks.enforce`.
    opinion : Opinion
        What rules compute from the same cycle without reading outside text.
    outside : bool
        Whether the prompt held outside text.
    limits : AnswerLimits, optional
        The bands.

    Notes
    -----
    The rules give the direction a probability: their confidence for their own side, one less it
    for the other, one half when they are neutral. An answer's confidence may be at most
    `confidence_tilt` above that.
    """
    limits = limits or AnswerLimits()
    if answer.recommendation not in _FITTING[answer.direction]:
        words = f"{answer.direction.value} with {answer.recommendation.value}"
        return Checked(answer, (), f"direction and recommendation contradict: {words}")
    anchor = opinion.answer
    if anchor is None:
        return Checked(answer, (), f"nothing to measure the answer by: {opinion.unavailable}")
    if answer.direction is Direction.NEUTRAL:
        return Checked(_neutral(answer, anchor, outside=outside), (), "")
    if opinion.distances is None:
        return Checked(answer, (), "no volatility: a stop cannot be computed")
    if outside:
        return _confirmed(answer, anchor, limits)
    return _tilted(answer, anchor, opinion.distances, limits)


def _neutral(answer: DexterSignal, anchor: DexterSignal, *, outside: bool) -> DexterSignal:
    entry = anchor.entry_px
    made = msgspec.structs.replace(
        answer, entry_px=entry, stop_px=entry, take_profit_px=entry, position_size_pct=0.0
    )
    if not outside:
        return made
    agrees = anchor.direction is Direction.NEUTRAL
    return msgspec.structs.replace(
        made,
        confidence=anchor.confidence if agrees else 0.5,
        time_horizon=anchor.time_horizon,
        recommendation=anchor.recommendation if agrees else Recommendation.HOLD,
    )


def _confirmed(answer: DexterSignal, anchor: DexterSignal, limits: AnswerLimits) -> Checked:
    """Return the computed numbers with the model's words, if it agrees with them."""
    if answer.direction is not anchor.direction:
        return Checked(
            answer,
            (),
            f"outside text was in the prompt and the answer {answer.direction.value} is not what "
            f"the computed evidence says, {anchor.direction.value}",
        )
    if answer.confidence < anchor.confidence - limits.confidence_tilt:
        return Checked(
            answer,
            (),
            f"outside text was in the prompt and confidence {answer.confidence:.2f} is more than "
            f"{limits.confidence_tilt:g} below the computed {anchor.confidence:.2f}",
        )
    numbers = {
        name: getattr(anchor, name)
        for name in (
            "confidence",
            "entry_px",
            "stop_px",
            "take_profit_px",
            "position_size_pct",
            "time_horizon",
            "recommendation",
        )
    }
    made = msgspec.structs.replace(answer, **numbers)
    change = "outside text was in the prompt: the numbers are the computed ones"
    return Checked(made, (change,) if made != answer else (), "")


def _tilted(
    answer: DexterSignal, anchor: DexterSignal, distances: Distances, limits: AnswerLimits
) -> Checked:
    changes = []
    most = min(1.0, _probability(answer.direction, anchor) + limits.confidence_tilt)
    confidence = min(answer.confidence, most)
    if confidence != answer.confidence:
        changes.append(f"confidence {answer.confidence:.2f} became {confidence:.2f}")
    sign, entry = answer.direction.sign, answer.entry_px
    stop = _near(abs(answer.stop_px / entry - 1.0), distances.stop, limits.distance_tilt)
    target = _near(abs(answer.take_profit_px / entry - 1.0), distances.target, limits.distance_tilt)
    stop_px, target_px = entry * (1.0 - sign * stop), entry * (1.0 + sign * target)
    size = min(answer.position_size_pct, size_for(confidence))
    for name, old, new in (
        ("stop_loss", answer.stop_px, stop_px),
        ("take_profit", answer.take_profit_px, target_px),
        ("position_size_pct", answer.position_size_pct, size),
    ):
        if abs(old - new) > 1e-9 * max(1.0, abs(old)):
            changes.append(f"{name} {old:g} became {new:g}")
    made = msgspec.structs.replace(
        answer,
        confidence=confidence,
        stop_px=stop_px,
        take_profit_px=target_px,
        position_size_pct=size,
    )
    return Checked(made, tuple(changes), "")


def _probability(direction: Direction, anchor: DexterSignal) -> float:
    if anchor.direction is Direction.NEUTRAL:
        return 0.5
    return anchor.confidence if direction is anchor.direction else 1.0 - anchor.confidence


def _near(given: float, computed: float, tilt: float) -> float:
    return min(max(given, (1.0 - tilt) * computed), (1.0 + tilt) * computed)
