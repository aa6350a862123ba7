"""From the state at the end of a run to its results, in units of price and money."""

from __future__ import annotations

from math import sqrt

import numpy as np
import numpy.typing as npt

from rf_swarm_sim.market._kernels import layout
from rf_swarm_sim.market._kernels.layout import F64, I64
from rf_swarm_sim.market.kinds import AgentKind
from rf_swarm_sim.market.run import ActionLog, AgentTable, BookDepth, Conservation, SwarmRun
from rf_swarm_sim.market.scenarios import Scenario
from rf_swarm_sim.market.state import Market

VOL_ROUNDS = 20


def result(
    market: Market, px: float, scenario: Scenario | None, logs: list[ActionLog] | None
) -> SwarmRun:
    """Return what a run leaves behind."""
    tape, setup = market.tape, market.setup
    tick, money = setup.tick, setup.money
    buys, sells = _count(tape, layout.R_BUYS), _count(tape, layout.R_SELLS)
    bid, ask = tape[:, layout.R_BID] * tick, tape[:, layout.R_ASK] * tick
    return SwarmRun(
        config=setup.config,
        scenario=scenario,
        seed=setup.seed,
        start=px,
        vol=setup.vol,
        tick=tick,
        lot=setup.lot,
        rounds=market.children.size,
        px=tape[:, layout.R_LAST] * tick,
        mid=tape[:, layout.R_MID] * tick,
        bid=bid,
        ask=ask,
        spread_bps=(ask - bid) / (0.5 * (ask + bid)) * 1e4,
        volume=_count(tape, layout.R_VOLUME),
        turnover=tape[:, layout.R_TURNOVER] * money,
        buys=buys,
        sells=sells,
        holds=_count(tape, layout.R_HOLDS),
        net_flow=tape[:, layout.R_FLOW] * money,
        depth=_count(tape, layout.R_DEPTH),
        sentiment=tape[:, layout.R_SENTIMENT].copy(),
        fundamental=tape[:, layout.R_VALUE] * tick,
        agreement=agreement(buys, sells),
        realised_vol=_realised(market),
        bids=_side(market, bid=True),
        asks=_side(market, bid=False),
        agents=_table(market),
        drift=_drift(market),
        log=None if logs is None else ActionLog(*map(np.concatenate, zip(*logs, strict=True))),
    )


def agreement(buys: I64, sells: I64) -> F64:
    """Return the share of acting takers on the larger side, .5 when none acted.

    Examples
    --------
    >>> agreement(np.array([3, 0]), np.array([1, 0])).tolist()
    [0.75, 0.5]
    """
    acting = buys + sells
    larger = np.maximum(buys, sells)
    share: F64 = np.where(acting > 0, larger / np.maximum(acting, 1), 0.5)
    return share


def _count(tape: F64, column: int) -> I64:
    return tape[:, column].astype(np.int64)


def _realised(market: Market) -> F64:
    """Return the volatility of the last 20 rounds at the end of each, per year."""
    config = market.setup.config
    moves = np.diff(market.mids) / market.mids[:-1]
    squares = np.cumsum(np.concatenate([[0.0], moves * moves]))
    ends = np.arange(squares.size - market.children.size, squares.size)
    mean = (squares[ends] - squares[ends - VOL_ROUNDS]).clip(0.0) / VOL_ROUNDS
    vol: F64 = np.sqrt(mean) * sqrt(config.rounds_per_day * config.days_per_year)
    return vol


def _side(market: Market, *, bid: bool) -> BookDepth:
    """Return the levels of one side of the book, best first."""
    resting, top = market.book.resting, market.book.top
    if bid:
        ticks = np.flatnonzero(resting[: int(top[layout.T_BID]) + 1])[::-1]
    else:
        best = int(top[layout.T_ASK])
        ticks = np.flatnonzero(resting[best:]) + best
    return BookDepth(ticks.astype(np.int32), resting[ticks].copy())


def _drift(market: Market) -> Conservation:
    account = market.agents.account
    return Conservation(
        int(account["funds"].sum()) - market.funds,
        int(account["inventory"].sum(dtype=np.int64)) - market.inventory,
    )


def _table(market: Market) -> AgentTable:
    """Return the agents' state, without the outside account."""
    n, money, tick = market.setup.config.agents, market.setup.money, market.setup.tick
    account = market.agents.account[:n]
    units, inventory = account["funds"].copy(), account["inventory"].copy()
    last = float(market.mids[-1])
    gain = np.where(inventory != 0, last - account["entry"], 0.0)
    wealth = units + inventory * last
    return AgentTable(
        kind=market.agents.kind[:n],
        funds_units=units,
        funds=_scaled(units, money),
        inventory=inventory,
        pnl=(wealth - market.wealth[:n]) * money,
        unrealised_pnl=_scaled(gain * inventory, money),
        entry=account["entry"] * tick,
        loss_streak=account["streak"].copy(),
        last_action=account["action"].copy(),
        last_reason=account["reason"].copy(),
        last_round=account["seen"].copy(),
        last_size=account["size"].copy(),
        sentiment=market.agents.mood[:n],
        fair_value=_views(market, n),
    )


def _scaled(values: npt.NDArray[np.int64] | F64, factor: float) -> F64:
    scaled: F64 = values.astype(np.float64) * factor
    return scaled


def _views(market: Market, n: int) -> F64:
    """Return each agent's fair value at the end; uninformed kinds have none."""
    tick = market.setup.tick
    kind, value = market.agents.kind[:n], market.tape[-1, layout.R_VALUE] * tick
    anchor, mid = market.setup.config.maker_anchor, market.mids[-1] * tick
    views = np.full(n, np.nan)
    fund = kind == AgentKind.HEDGE_FUND
    views[fund] = value * (1.0 + market.agents.belief[:n][fund].astype(np.float64))
    views[kind == AgentKind.MARKET_MAKER] = mid + anchor * (value - mid)
    views[kind == AgentKind.ARBITRAGE_BOT] = value
    return views
