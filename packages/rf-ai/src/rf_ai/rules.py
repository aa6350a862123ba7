"""The analyst without a model: the same rows, the same schema, arithmetic that anybody can follow.

Five pieces of evidence, each in [-1, 1] and positive for up, are weighed and added; one that is
missing counts as nothing. An opinion needs quant and swarm on one side. Outside text is not read.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from rf_ai.context import IMPACT_SOURCE, Context, is_outside
from rf_ai.schema import DexterSignal
from rf_common.intelligence import (
    Direction,
    GraphContext,
    Horizon,
    QuantSnapshot,
    Recommendation,
    SwarmSignal,
)
from rf_risk.volatility.regime import VolRegime, regime_of

RULES_VERSION = "rules/2"
YEAR_S = 365.0 * 86_400.0
DAY_S = 86_400.0
MIN_SCORE = 0.15
MAX_CONFIDENCE = 0.90
SLOPE = 0.55
REGIME_SHARE = 0.8
RSI_UNIT = 20.0
STOP_SIGMAS = 2.0
TARGET_SIGMAS = 3.0
MIN_STOP = 0.001
MAX_STOP = 0.20
HERDING = 0.85
VOL_RATIO = 1.5
VOL_HALT = 2.5


class Evidence(NamedTuple):
    """One piece: its name, its value in [-1, 1], its weight, the rows it rests on."""

    name: str
    value: float
    weight: float
    rows: tuple[str, ...]

    @property
    def score(self) -> float:
        """What it adds."""
        return self.value * self.weight


class Distances(NamedTuple):
    """How far stop and target are from the entry, as shares of the price."""

    stop: float
    target: float


class Opinion(NamedTuple):
    """What the rules say; `answer` is None when they cannot, for the reason in `unavailable`."""

    answer: DexterSignal | None
    unavailable: str
    evidence: tuple[Evidence, ...] = ()
    distances: Distances | None = None


def rules_opinion(
    quant: QuantSnapshot,
    swarm: SwarmSignal,
    graph: GraphContext,
    context: Context,
    *,
    horizon_s: float = 3_600.0,
    year_s: float = YEAR_S,
) -> Opinion:
    """Return what the rules make of a cycle.

    Parameters
    ----------
    quant, swarm, graph : QuantSnapshot, SwarmSignal, GraphContext
        Stages 1 to 3; an unavailable one makes the opinion unavailable.
    context : Context
        Its rows, which the thesis cites.
    horizon_s : float
        How long the opinion is meant to hold, seconds; scales stop and target.
    year_s : float
        Trading seconds in a year: volatilities are per year.

    Notes
    -----
    ``score = 0.8 w_m momentum + 0.8 w_r clip((50 - RSI) / 20) + 0.15 imbalance
    + 0.25 (bull - bear) + 0.20 clip(2 ((rally - base) - (dip - base)))``. The weights of going
    with a move and against it are those of the volatility's regime
    (`rf_risk.volatility.regime`): from .50 and .20 in calm markets to .20 and .50 in wild ones.
    With quant and swarm on one side and ``|score| >= 0.15`` the direction is its sign and the
    confidence ``0.5 + 0.55 |score|`` less penalties for a surge of volatility, herding, a
    simulation that is not calibrated and contagion. Everything turns round with its signs.
    """
    lacking = _lacking(quant, swarm, graph)
    if lacking or quant.px is None:
        return Opinion(None, lacking or "there is no price")
    evidence = (*_quant_evidence(quant), *_swarm_evidence(swarm))
    distances = _distances(quant.garch_vol, horizon_s, year_s)
    side = _side(evidence, swarm)
    if side is not Direction.NEUTRAL and distances is None:
        return Opinion(None, "no volatility: a stop cannot be computed", evidence)
    score = math.fsum(piece.score for piece in evidence)
    confidence = 0.5
    if side is not Direction.NEUTRAL:
        confidence = min(MAX_CONFIDENCE, 0.5 + SLOPE * abs(score))
        confidence = max(0.5, confidence - _penalty(quant, swarm, graph))
    recommendation = _recommendation(side, quant)
    stop, target = distances if distances is not None else (0.0, 0.0)
    sign = side.sign
    answer = DexterSignal(
        symbol=quant.instrument_id,
        direction=side,
        confidence=round(confidence, 4),
        entry_px=quant.px,
        stop_px=quant.px * (1.0 - sign * stop),
        take_profit_px=quant.px * (1.0 + sign * target),
        position_size_pct=round(size_for(confidence), 4) if sign else 0.0,
        time_horizon=horizon_name(horizon_s),
        thesis=_thesis(side, evidence[:3], context),
        key_risks=_risks(quant, swarm, graph, context),
        catalyst=None,
        recommendation=recommendation,
    )
    return Opinion(answer, "", evidence, distances)


def size_for(confidence: float) -> float:
    """Return the fraction of the account for a confidence: 0.2 of what is above one half.

    Examples
    --------
    >>> round(size_for(0.6), 3), round(size_for(0.8), 3), size_for(0.4)
    (0.02, 0.06, 0.0)
    """
    return min(max(0.2 * (confidence - 0.5), 0.0), 0.10 if confidence >= 0.70 else 0.05)


def horizon_name(horizon_s: float) -> Horizon:
    """Return INTRADAY up to a day, SWING up to five, else POSITION."""
    if horizon_s <= DAY_S:
        return Horizon.INTRADAY
    return Horizon.SWING if horizon_s <= 5 * DAY_S else Horizon.POSITION


def lacking_stage(quant: QuantSnapshot, swarm: SwarmSignal, graph: GraphContext) -> str:
    """Return which stage is unavailable and why, empty when all three answered."""
    return _lacking(quant, swarm, graph)


def _lacking(quant: QuantSnapshot, swarm: SwarmSignal, graph: GraphContext) -> str:
    stages = (("quant snapshot", quant), ("swarm", swarm), ("knowledge graph", graph))
    for name, stage in stages:
        if stage.unavailable:
            return f"{name} unavailable: {stage.unavailable}"
    return ""


def _quant_evidence(quant: QuantSnapshot) -> tuple[Evidence, ...]:
    momentum = 0.0 if quant.momentum is None else _unit(quant.momentum)
    imbalance = 0.0 if quant.imbalance is None else _unit(quant.imbalance)
    stretched = 0.0 if quant.rsi is None else _unit((50.0 - quant.rsi) / RSI_UNIT)
    trend, reversion = _regime_weights(quant.garch_vol)
    return (
        Evidence("momentum", momentum, trend, ("F12",)),
        Evidence("rsi", stretched, reversion, ("F2",)),
        Evidence("imbalance", imbalance, 0.15, ("F9",)),
    )


def _regime_weights(vol: float | None) -> tuple[float, float]:
    """Return the weights of going with a move and of going against it, by level of volatility."""
    known = vol is not None and math.isfinite(vol) and vol >= 0.0
    regime = regime_of(vol) if known and vol is not None else VolRegime.NORMAL
    return REGIME_SHARE * regime.momentum_weight, REGIME_SHARE * regime.reversion_weight


def _swarm_evidence(swarm: SwarmSignal) -> tuple[Evidence, ...]:
    edge = (swarm.rally - swarm.base_rally) - (swarm.dip - swarm.base_dip)
    return (
        Evidence("swarm", _unit(swarm.bull - swarm.bear), 0.25, ("S1", "S3")),
        Evidence("mirofish", _unit(2.0 * edge), 0.20, ("S8", "S9")),
    )


def _unit(value: float) -> float:
    """Return `value` within [-1, 1]; what is no number counts as nothing."""
    return min(max(value, -1.0), 1.0) if math.isfinite(value) else 0.0


def _side(evidence: tuple[Evidence, ...], swarm: SwarmSignal) -> Direction:
    quant_score = math.fsum(piece.score for piece in evidence[:3])
    swarm_score = math.fsum(piece.score for piece in evidence[3:])
    score = quant_score + swarm_score
    sign = swarm.direction.sign
    agree = sign * quant_score > 0 and sign * swarm_score > 0
    if not agree or abs(score) < MIN_SCORE:
        return Direction.NEUTRAL
    return swarm.direction


def _distances(vol: float | None, horizon_s: float, year_s: float) -> Distances | None:
    if vol is None or not math.isfinite(vol) or vol <= 0:
        return None
    sigma = vol * math.sqrt(horizon_s / year_s)
    stop = max(MIN_STOP, STOP_SIGMAS * sigma)
    stop = min(stop, MAX_STOP)
    return Distances(stop, stop * TARGET_SIGMAS / STOP_SIGMAS)


def _ratio(quant: QuantSnapshot) -> float | None:
    if quant.garch_vol is None or not quant.average_vol:
        return None
    return quant.garch_vol / quant.average_vol


def _penalty(quant: QuantSnapshot, swarm: SwarmSignal, graph: GraphContext) -> float:
    ratio = _ratio(quant)
    surge = 0.0 if ratio is None else 0.05 * _unit(max(0.0, ratio - VOL_RATIO))
    herding = 0.05 if swarm.agreement > HERDING else 0.0
    return surge + herding + (0.01 if swarm.synthetic else 0.0) + _contagion(graph)


def _contagion(graph: GraphContext) -> float:
    """Up to 0.03 by how far a shock would spread; in full when a document had a say in it."""
    if any(is_outside(fact) for fact in graph.facts):
        return 0.03
    spread = max((abs(i.score) * i.confidence for i in graph.impacts), default=0.0)
    return 0.03 * _unit(spread)


def _recommendation(side: Direction, quant: QuantSnapshot) -> Recommendation:
    if side is Direction.LONG:
        return Recommendation.BUY
    if side is Direction.SHORT:
        return Recommendation.SELL
    ratio = _ratio(quant)
    return Recommendation.RISK if ratio is not None and ratio > VOL_HALT else Recommendation.HOLD


_NAMES = {"F12": "momentum composite", "F9": "imbalance", "F2": "RSI(14)"}


def _thesis(side: Direction, quant: tuple[Evidence, ...], context: Context) -> str:
    word = {"LONG": "both point up", "SHORT": "both point down"}.get(
        side.value, "do not point one way"
    )
    parts = {key: (_NAMES[key], key) for key in _NAMES}
    against = [p.rows[0] for p in quant if side.sign and p.score * side.sign < 0.0]
    speaking = tuple(part for key, part in parts.items() if key not in against)
    first = _sentence(f"Offline rules: quant and swarm {word}", context, speaking)
    if against:
        other = _sentence("Against it speaks", context, tuple(parts[key] for key in against))
        first = f"{first} {other}".strip()
    second = _sentence(
        "Simulated markets",
        context,
        (("bull/bear/neutral", "S3"), ("rally/sideways/dip", "S8"), ("base rates", "S9")),
    )
    third = _sentence("Volatility", context, (("GARCH", "F4"), ("average", "F5")))
    return " ".join(part for part in (first, second, third) if part)


def _sentence(begin: str, context: Context, parts: tuple[tuple[str, str], ...]) -> str:
    told = [f"{name} {_value(context, key)} [{key}]" for name, key in parts if context.row(key)]
    return f"{begin}: {', '.join(told)}." if told else ""


def _value(context: Context, row_id: str) -> str:
    row = context.row(row_id)
    return "" if row is None else row.text.partition(" = ")[2]


def _risks(
    quant: QuantSnapshot, swarm: SwarmSignal, graph: GraphContext, context: Context
) -> tuple[str, ...]:
    risks = []
    ratio = _ratio(quant)
    if ratio is not None and ratio > 1.0:
        garch, average = _value(context, "F4"), _value(context, "F5")
        risks.append(f"Volatility {garch} [F4] is above its average {average} [F5]")
    if swarm.agreement > HERDING:
        risks.append(f"Herding: agreement {_value(context, 'S4')} [S4]")
    if swarm.synthetic:
        risks.append("The simulated market is not calibrated to this instrument [S11]")
    impact = next((r for r in context.rows if r.source == IMPACT_SOURCE), None)
    if impact is not None:
        risks.append(f"Contagion: {impact.text} [{impact.row_id}]")
    return tuple(risks[:3])
