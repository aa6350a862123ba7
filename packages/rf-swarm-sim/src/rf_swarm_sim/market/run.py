"""What a run of the simulated market leaves behind: its rounds, its book and its agents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rf_swarm_sim.market.config import SwarmConfig
from rf_swarm_sim.market.kinds import Action, AgentKind
from rf_swarm_sim.market.scenarios import Scenario

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
I8 = npt.NDArray[np.int8]


class ActionLog(NamedTuple):
    """Columns of what agents did, in the order in which it was matched; holds are left out.

    `tick` is the price of the last fill in ticks, or the limit when nothing was filled; `size`
    the lots filled, negative when sold. For a maker they are its bid and the size of it.
    """

    round: I32
    agent: I32
    kind: I8
    action: I8
    tick: I32
    size: I32


class BookDepth(NamedTuple):
    """Price levels of one side of the final book, best first."""

    ticks: I32
    sizes: I64


class Conservation(NamedTuple):
    """Change of the sum of all funds and of all inventories over a run; both are exactly 0."""

    funds: int
    inventory: int


@dataclass(frozen=True, eq=False)
class AgentTable:
    """State of the n agents at the end, one element an agent, sorted by kind.

    Funds are in the quote currency and exact in `funds_units`, ticks times lots; inventory is in
    lots; `pnl` marks the inventory at the last mid; `entry` is the average price paid, 0 when
    flat; `last_round` is -1 for one who was never awake; `last_size` is what it last sent, in
    lots and signed; `fair_value` is what it holds the asset to be worth, NaN for kinds that have
    no such view.
    """

    kind: I8
    funds_units: I64
    funds: F64
    inventory: I32
    pnl: F64
    unrealised_pnl: F64
    entry: F64
    loss_streak: npt.NDArray[np.int16]
    last_action: I8
    last_reason: I8
    last_round: I32
    last_size: I32
    sentiment: npt.NDArray[np.float32]
    fair_value: F64


@dataclass(frozen=True, eq=False)
class SwarmRun:
    """One simulated market.

    Arrays have one element a round. `px` is the last traded price, before the first trade the
    mid; `bid`, `ask` and `spread_bps` are NaN where a side of the book was empty; `volume` is in
    lots, `net_flow` and `turnover` are in the quote currency, signed by who took liquidity;
    `depth` is the size within 25 basis points of the mid, in lots; `buys`, `sells` and `holds`
    count agents; `agreement` is the share of acting takers on the larger side, .5 when none
    acted; `realised_vol` is that of the last 20 rounds, per year.
    """

    config: SwarmConfig
    scenario: Scenario | None
    seed: int
    start: float
    vol: float
    tick: float
    lot: float
    rounds: int
    px: F64
    mid: F64
    bid: F64
    ask: F64
    spread_bps: F64
    volume: I64
    turnover: F64
    buys: I64
    sells: I64
    holds: I64
    net_flow: F64
    depth: I64
    sentiment: F64
    fundamental: F64
    agreement: F64
    realised_vol: F64
    bids: BookDepth
    asks: BookDepth
    agents: AgentTable
    drift: Conservation
    log: ActionLog | None

    def conservation(self) -> Conservation:
        """Return how far the sums of funds and inventories moved: (0, 0), always."""
        return self.drift

    def pnl_by_kind(self) -> dict[AgentKind, float]:
        """Return the summed profit of each kind in the quote currency, marked at the last mid."""
        kind, pnl = self.agents.kind, self.agents.pnl
        return {k: float(pnl[kind == k].sum()) for k in AgentKind}

    def actions_by_kind(self) -> dict[AgentKind, dict[Action, int]]:
        """Return how many agents of each kind last did what; who was never awake is left out."""
        table = self.agents
        awake = table.last_round >= 0
        return {
            k: {
                a: int((awake & (table.kind == k) & (table.last_action == a)).sum()) for a in Action
            }
            for k in AgentKind
        }

    def returns(self) -> F64:
        """Return the log returns of the mid, one a round."""
        path = np.log(np.concatenate([[self.start], self.mid]))
        steps: F64 = np.diff(path)
        return steps
