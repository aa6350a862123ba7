"""The rules of the seven kinds: from what an agent sees to an order, with the reason for it."""

from __future__ import annotations

from math import ceil, exp, floor, sqrt

import numpy as np
from numba import njit

from rf_swarm_sim.market._kernels.layout import (
    BLOCK,
    P_ANCHOR,
    P_DECAY,
    P_DEPLOY,
    P_DRIFT_CAP,
    P_ENDOWMENT,
    P_FUNDS,
    P_HALF,
    P_INTENSITY,
    P_MAKER_SIZE,
    P_MAX_POSITION,
    P_NOISE,
    P_PX,
    P_REACH,
    P_REVERSION,
    P_SIGMA,
    P_SIZE_SPREAD,
    P_SKEW,
    P_SLIPPAGE,
    P_SMALLEST,
    S_ASK,
    S_AWAKE,
    S_BID,
    S_DAY,
    S_FIVE,
    S_HOUR,
    S_MID,
    S_NEWS,
    S_NOISE,
    S_RETURN,
    S_RSI,
    S_SENTIMENT,
    S_VALUE,
    S_VOL,
)
from rf_swarm_sim.market._kernels.randoms import derive, normal, uniform, unit

RETAIL, FUND, MAKER, ARBITRAGE, MOMENTUM, NEWS, CONTRARIAN = range(7)
HOLD, BUY, SELL, QUOTE, CROSS = range(5)
(
    NONE,
    TREND,
    REVERSION,
    SHOCK,
    OVERBOUGHT,
    OVERSOLD,
    CAPTURE,
    DISLOCATION,
    PANIC,
    FOMO,
    BREAKOUT,
    LIMIT,
    CHANCE,
) = range(13)

HIGH_VOL = 1.5
WIDEST_IN_VOL = 2.5
PERCEPTION = 0.005
SECOND_VENUE = 0.002
ARBITRAGE_EDGE = 0.5e-4
TOLERATED = 1.5
LOSING_LOOKS = 3
RUSH = 2.0
REBALANCE = 0.05
DOUBT = 0.5
PATIENCE = 0.2


@njit(cache=True, nogil=True, error_model="numpy")
def endow(agents, starts, parameters, seed):  # type: ignore[no-untyped-def]
    """Give each agent its kind, money, inventory, size and private view."""
    n = agents.kind.size
    start = parameters[P_PX]
    for kind in range(7):
        for i in range(starts[kind], starts[kind + 1]):
            key = derive(seed, i)
            agents.kind[i] = kind
            agents.weight[i] = exp(parameters[P_SIZE_SPREAD] * normal(key, 0))
            u = uniform(key, 1)
            held = 0
            if kind in (RETAIL, NEWS, CONTRARIAN):
                worth = parameters[P_FUNDS] * parameters[P_ENDOWMENT] * 2.0 * u
                held = int(worth / start)
            account = agents.account[i]
            account.inventory = held
            agents.home[i] = held
            account.funds = np.int64(parameters[P_FUNDS])
            account.entry = start if held > 0 else 0.0
            account.seen = -1
            if kind == FUND:
                agents.belief[i] = 0.1 * (2.0 * u - 1.0)
            elif kind == MAKER:
                agents.belief[i] = 1.0 + (parameters[P_REACH] - 1.0) * sqrt(u)
    outside = n - 1
    agents.kind[outside] = -1
    agents.account[outside].funds = np.int64(1) << np.int64(60)


@njit(cache=True, nogil=True, error_model="numpy")
def _spend(parameters, weight, share):  # type: ignore[no-untyped-def]
    """Return what an agent commits: a share of its largest position, capped for one round."""
    cap = parameters[P_DEPLOY] * weight
    wanted = share * parameters[P_MAX_POSITION]
    return wanted if wanted < cap else cap


@njit(cache=True, nogil=True, error_model="numpy")
def _retail(key, signals, parameters, weight, streak, held):  # type: ignore[no-untyped-def]
    """Return wanted value (signed) and reason of a retail agent."""
    low = parameters[P_SMALLEST]
    high = min(0.1 * parameters[P_MAX_POSITION], parameters[P_DEPLOY])
    value = weight * (low + (high - low) * uniform(key, 1))
    if streak >= LOSING_LOOKS and held > 0:
        return -value, PANIC
    u = uniform(key, 2)
    rush = min(0.02, RUSH * parameters[P_SIGMA] * sqrt(5.0))
    if signals[S_FIVE] > rush and u < 0.6:
        return value, FOMO
    mood = 0.3 * signals[S_SENTIMENT]
    if abs(mood) >= 0.03 and uniform(key, 3) < abs(mood):
        return (value if mood > 0.0 else -value), SHOCK
    rsi = signals[S_RSI] + 15.0 * (2.0 * uniform(key, 4) - 1.0)
    if rsi < 35.0:
        return value, OVERSOLD
    if rsi > 65.0 and held > 0:
        return -value, OVERBOUGHT
    noise = parameters[P_NOISE]
    if u < noise:
        return (value if u < 0.5 * noise else -value), CHANCE
    return 0.0, NONE


@njit(cache=True, nogil=True, error_model="numpy")
def _fund(key, i, signals, parameters, agents, weight):  # type: ignore[no-untyped-def]
    """Return wanted value and reason of a hedge fund; its private view moves now and then."""
    view = float(agents.belief[i])
    if uniform(key, 1) < 0.05:
        view += 0.01 * normal(key, 2) - parameters[P_REVERSION] * view
        cap = parameters[P_DRIFT_CAP]
        view = min(max(view, -cap), cap)
        agents.belief[i] = view
    blur = PERCEPTION * signals[S_NOISE] * (2.0 * uniform(key, 4) - 1.0)
    discount = signals[S_VALUE] * (1.0 + view) / (signals[S_MID] * (1.0 + blur)) - 1.0
    if abs(discount) <= 0.03:
        return 0.0, NONE
    value = _spend(parameters, weight, min(abs(discount), 0.20) * 2.0)
    return (value if discount > 0.0 else -value), REVERSION


@njit(cache=True, nogil=True, error_model="numpy")
def _momentum(key, signals, parameters, weight):  # type: ignore[no-untyped-def]
    """Return wanted value and reason of a follower of trends."""
    hour, day = signals[S_HOUR], signals[S_DAY]
    strength = 0.5 * (abs(hour) + abs(day))
    lead = 0.6 * np.sign(hour) + 0.4 * np.sign(day)
    least = min(0.005, 0.5 * parameters[P_SIGMA] * sqrt(60.0))
    if strength < least or lead == 0.0 or uniform(key, 1) >= 0.7:
        return 0.0, NONE
    value = _spend(parameters, weight, 0.3 * strength * 10.0)
    reason = TREND
    if signals[S_VOL] > HIGH_VOL:
        value *= 0.4
        if signals[S_RETURN] * lead > 2.0 * parameters[P_SIGMA] * abs(lead):
            reason = BREAKOUT
    return (value if lead > 0.0 else -value), reason


@njit(cache=True, nogil=True, error_model="numpy")
def _news(key, signals, parameters, weight):  # type: ignore[no-untyped-def]
    """Return wanted value and reason of a trader on news."""
    mood = signals[S_SENTIMENT]
    if abs(mood) < 0.1:
        return 0.0, NONE
    value = _spend(parameters, weight, abs(mood) * 0.5 * (0.5 + 0.5 * uniform(key, 1)))
    return (value if mood > 0.0 else -value), SHOCK


@njit(cache=True, nogil=True, error_model="numpy")
def _contrarian(key, signals, parameters, weight):  # type: ignore[no-untyped-def]
    """Return wanted value and reason of one who bets against the last hour."""
    hour = signals[S_HOUR]
    least = min(0.003, 0.6 * parameters[P_SIGMA] * sqrt(60.0))
    if abs(hour) < least or uniform(key, 1) >= 0.6:
        return 0.0, NONE
    value = _spend(parameters, weight, 0.25)
    reason = REVERSION
    if signals[S_RSI] > 70.0:
        value *= 1.5
        reason = OVERBOUGHT if hour > 0.0 else REVERSION
    elif signals[S_RSI] < 30.0:
        value *= 1.5
        reason = OVERSOLD if hour < 0.0 else REVERSION
    return (-value if hour > 0.0 else value), reason


@njit(cache=True, nogil=True, error_model="numpy")
def quote(key, i, signals, parameters, agents, limit):  # type: ignore[no-untyped-def]
    """Write a maker's bid and ask around its centre, shifted against its inventory.

    Returns how many ticks an old quote may be away from the new one and still stay.
    """
    mid, premium = signals[S_MID], float(agents.belief[i])
    account, order = agents.account[i], agents.order[i]
    held = float(account.inventory)
    half = parameters[P_HALF] * premium * min(max(signals[S_VOL], 1.0), WIDEST_IN_VOL) * mid
    blur = DOUBT * half * signals[S_NOISE] * (2.0 * unit(key) - 1.0)
    centre = mid * (1.0 + signals[S_NEWS]) + blur
    centre += parameters[P_ANCHOR] * (signals[S_VALUE] - centre)
    centre -= parameters[P_SKEW] * mid * min(max(held / limit, -1.0), 1.0)
    bid, ask = floor(centre - half), ceil(centre + half)
    wanted = parameters[P_MAKER_SIZE] * parameters[P_MAX_POSITION] * agents.weight[i] / mid
    bid_size = min(wanted, limit - held, account.funds / max(bid, 1))
    ask_size = min(wanted, min(limit, max(account.funds / mid + held, 0.0)) + held)
    order.tick, order.size = bid, max(int(bid_size), 0)
    order.ask_tick, order.ask_size = ask, max(int(ask_size), 0)
    return PATIENCE * half


@njit(cache=True, nogil=True, error_model="numpy")
def _stays(slot, tick, size, patience):  # type: ignore[no-untyped-def]
    """Return whether a resting order is near enough to the one that would replace it."""
    if slot.at == 0:
        return size <= 0
    return abs(slot.at - tick) <= patience and 2 * slot.left >= size and size > 0


@njit(cache=True, nogil=True, error_model="numpy")
def _allowed(kind, value, held, funds, mid, worst, limit):  # type: ignore[no-untyped-def]
    """Return the lots that money, inventory and position limit leave of a wanted value.

    A short position is covered by the agent's own money, as a long one is paid by it.
    """
    lots = value / mid
    if value > 0.0:
        return int(max(min(lots, funds / worst, limit - held), 0.0))
    short = kind in (FUND, ARBITRAGE, MOMENTUM)
    most = min(limit, max(funds / mid + held, 0.0)) + held if short else held
    return -int(max(min(-lots, most), 0.0))


@njit(cache=True, nogil=True, error_model="numpy")
def _wake(low, high, key, signals, parameters, agents):  # type: ignore[no-untyped-def]
    """List the agents of a block that are awake and return the end of the list."""
    used = low
    for i in range(low, high):
        agents.acting[used] = i
        chance = signals[S_AWAKE] * parameters[P_INTENSITY + agents.kind[i]]
        used += 1 if unit(derive(key, i)) < chance else 0
    return used


@njit(cache=True, nogil=True, error_model="numpy")
def _look(account, number, mids, now):  # type: ignore[no-untyped-def]
    """Update the streak of losses: is a losing position worth less than at the last look?"""
    then, held = account.seen, account.inventory
    account.seen = number
    if then < 0 or held == 0:
        return
    change = (mids[now] - mids[now - (number - then)]) * held
    if change < 0.0 and (mids[now] - account.entry) * held < 0.0:
        account.streak = min(account.streak + 1, 30_000)
    elif change > 0.0:
        account.streak = 0


@njit(cache=True, nogil=True, error_model="numpy")
def _arbitrage(key, signals, parameters, weight):  # type: ignore[no-untyped-def]
    """Return wanted value, reason and the second venue's price, beyond which it does not go."""
    wide = SECOND_VENUE * signals[S_NOISE]
    other = signals[S_VALUE] * (1.0 + wide * (2.0 * uniform(key, 1) - 1.0))
    value, reason = 0.0, NONE
    if other > signals[S_ASK] * (1.0 + ARBITRAGE_EDGE):
        value, reason = _spend(parameters, weight, 0.5), DISLOCATION
    elif other < signals[S_BID] * (1.0 - ARBITRAGE_EDGE):
        value, reason = -_spend(parameters, weight, 0.5), DISLOCATION
    return value, reason, other


@njit(cache=True, nogil=True, error_model="numpy")
def decide(block, number, key, first, signals, parameters, mids, now, agents, book):  # type: ignore[no-untyped-def]
    """Let every agent of one block that is awake decide; list those that act.

    `number` is the round, `now` its place in `mids`, `first` the first maker.
    """
    low = block * BLOCK
    high = min(low + BLOCK, agents.kind.size - 1)
    mid = signals[S_MID]
    limit = parameters[P_MAX_POSITION] / mid
    top = ceil(signals[S_ASK] * (1.0 + parameters[P_SLIPPAGE]))
    bottom = max(floor(signals[S_BID] * (1.0 - parameters[P_SLIPPAGE])), 1)
    end = _wake(low, high, key, signals, parameters, agents)
    used = low
    for k in range(low, end):
        i = agents.acting[k]
        draw = derive(key + np.uint64(1), i)
        kind = agents.kind[i]
        account = agents.account[i]
        _look(account, number, mids, now)
        if kind == MAKER:
            patience = quote(draw, i, signals, parameters, agents, limit)
            account.action, account.reason = QUOTE, CAPTURE
            order, slot = agents.order[i], 2 * (i - first)
            account.size = order.size
            if not (
                _stays(book.slot[slot], order.tick, order.size, patience)
                and _stays(book.slot[slot + 1], order.ask_tick, order.ask_size, patience)
            ):
                agents.acting[used] = i
                used += 1
            continue
        weight, held = float(agents.weight[i]), account.inventory
        value, reason, worst_buy, worst_sell = 0.0, NONE, top, bottom
        if abs(held) > TOLERATED * limit:
            value, reason = -0.5 * held * mid, LIMIT
        elif kind == RETAIL:
            value, reason = _retail(draw, signals, parameters, weight, account.streak, held)
            agents.mood[i] = 0.3 * signals[S_SENTIMENT]
        elif kind == FUND:
            value, reason = _fund(draw, i, signals, parameters, agents, weight)
        elif kind == ARBITRAGE:
            value, reason, other = _arbitrage(draw, signals, parameters, weight)
            if reason == DISLOCATION:
                worst_buy = min(floor(other), top)
                worst_sell = max(ceil(other), bottom)
        elif kind == MOMENTUM:
            value, reason = _momentum(draw, signals, parameters, weight)
        elif kind == NEWS:
            value, reason = _news(draw, signals, parameters, weight)
            agents.mood[i] = signals[S_SENTIMENT]
        else:
            value, reason = _contrarian(draw, signals, parameters, weight)
        excess = held - agents.home[i]
        if value == 0.0 and excess != 0 and uniform(draw, 5) * REBALANCE < parameters[P_DECAY]:
            part = max(abs(REBALANCE * excess), 1.0) * mid
            value, reason = (-part if excess > 0 else part), CHANCE
        size = 0
        if value != 0.0:
            worst = float(worst_buy)
            size = _allowed(kind, value, held, account.funds, mid, worst, limit)
        account.size = size
        if size == 0:
            account.action, account.reason = HOLD, NONE
            continue
        if reason == PANIC:
            account.streak = 0
        account.reason = reason
        if reason == DISLOCATION:
            account.action = CROSS
        else:
            account.action = BUY if size > 0 else SELL
        agents.order[i].size = size
        agents.order[i].tick = worst_buy if size > 0 else worst_sell
        agents.acting[used] = i
        used += 1
    agents.used[block] = used - low
