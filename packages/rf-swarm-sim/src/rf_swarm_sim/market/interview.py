"""Ask an agent of a finished run what it did last and why; it answers from what it recorded."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from rf_swarm_sim.market.kinds import Action, AgentKind, Reason
from rf_swarm_sim.market.run import SwarmRun

NEAR_LIMIT = 0.75
AT_LIMIT = 1.0
RSI_ROUNDS = 14
HOUR = 60


class RiskStatus(StrEnum):
    """How far an agent's position is from its largest one."""

    HEALTHY = "Healthy"
    NEAR_LIMIT = "NearLimit"
    AT_LIMIT = "AtLimit"


@dataclass(frozen=True, slots=True)
class Interview:
    """What one agent says of itself.

    `position` is in lots, `position_value` and `unrealised_pnl` in the quote currency at the last
    mid, `limit_used` the share of the largest position; `fair_value` is None for kinds that have
    no such view, `last_round` -1 for one who was never awake.
    """

    agent: int
    kind: AgentKind
    action: Action
    summary: str
    reason: Reason
    factors: tuple[str, ...]
    position: int
    position_value: float
    unrealised_pnl: float
    pnl: float
    limit_used: float
    risk: RiskStatus
    last_round: int
    loss_streak: int
    fair_value: float | None


def interview(run: SwarmRun, agent: int) -> Interview:
    """Return what an agent did last, its recorded reason, and how it stands.

    Raises
    ------
    ValueError
        If there is no such agent.

    Examples
    --------
    >>> from rf_swarm_sim.market import SwarmConfig, simulate
    >>> run = simulate(SwarmConfig(agents=200), px=100.0, rounds=30, seed=1)
    >>> interview(run, 125).reason
    <Reason.SPREAD_CAPTURE: 6>
    """
    table = run.agents
    count = table.kind.size
    if isinstance(agent, bool) or not isinstance(agent, int) or not 0 <= agent < count:
        raise ValueError(f"expected an agent in [0, {count - 1}], was {agent!r}")
    position = int(table.inventory[agent])
    value = position * run.lot * float(run.mid[-1])
    used = abs(value) / run.config.max_position
    fair = float(table.fair_value[agent])
    return Interview(
        agent=agent,
        kind=AgentKind(table.kind[agent]),
        action=Action(table.last_action[agent]),
        summary=_summary(run, agent),
        reason=Reason(table.last_reason[agent]),
        factors=_factors(run, agent, used),
        position=position,
        position_value=value,
        unrealised_pnl=float(table.unrealised_pnl[agent]),
        pnl=float(table.pnl[agent]),
        limit_used=used,
        risk=risk_status(used),
        last_round=int(table.last_round[agent]),
        loss_streak=int(table.loss_streak[agent]),
        fair_value=fair if isfinite(fair) else None,
    )


def risk_status(limit_used: float) -> RiskStatus:
    """Return the status for a used share of the largest position.

    Examples
    --------
    >>> risk_status(0.75)
    <RiskStatus.NEAR_LIMIT: 'NearLimit'>
    """
    if limit_used >= AT_LIMIT:
        return RiskStatus.AT_LIMIT
    return RiskStatus.NEAR_LIMIT if limit_used >= NEAR_LIMIT else RiskStatus.HEALTHY


def _summary(run: SwarmRun, agent: int) -> str:
    """Return one sentence on the last action."""
    table = run.agents
    number = int(table.last_round[agent])
    kind, action = AgentKind(table.kind[agent]), Action(table.last_action[agent])
    if number < 0:
        return f"{kind.label} was never awake"
    size = int(table.last_size[agent])
    if action is Action.HOLD:
        return f"{kind.label} held in round {number}"
    if action is Action.PROVIDE_LIQUIDITY:
        return f"{kind.label} quoted both sides in round {number}, {size} lots to buy"
    verb = "buy" if size > 0 else "sell"
    how = " across the spread" if action is Action.CROSS_SPREAD else ""
    return f"{kind.label} sent an order to {verb} {abs(size)} lots{how} in round {number}"


def _factors(run: SwarmRun, agent: int, used: float) -> tuple[str, ...]:
    """Return what the market and the agent's own books showed when it last decided."""
    table = run.agents
    number = int(table.last_round[agent])
    if number < 0:
        return ()
    factors = [
        f"news sentiment {run.sentiment[number]:+.2f}",
        f"realised volatility {run.realised_vol[max(number - 1, 0)]:.1%} a year",
    ]
    if number > RSI_ROUNDS:
        factors.append(f"RSI {_rsi(run, number):.0f}")
    if number > HOUR:
        factors.append(f"last hour {run.mid[number - 1] / run.mid[number - 1 - HOUR] - 1.0:+.2%}")
    fair = float(table.fair_value[agent])
    if isfinite(fair):
        factors.append(f"fair value {fair:.6g}")
    factors.append(f"position {used:.0%} of the limit")
    if table.loss_streak[agent] > 0:
        factors.append(f"losing for {int(table.loss_streak[agent])} looks")
    return tuple(factors)


def _rsi(run: SwarmRun, number: int) -> float:
    """Return the index of 14 rounds that agents saw at the start of a round."""
    window = run.mid[number - 1 - RSI_ROUNDS : number]
    moves = window[1:] / window[:-1] - 1.0
    up, total = float(moves.clip(0.0).sum()), float(abs(moves).sum())
    return 100.0 * up / total if total > 0.0 else 50.0
