"""A round: what is seen, what is decided in parallel, what is matched one after the other."""

from __future__ import annotations

from math import exp, nan, sqrt

import numpy as np
from numba import njit, prange

from rf_swarm_sim.market._kernels.agents import QUOTE, decide
from rf_swarm_sim.market._kernels.book import cancel, rest, take
from rf_swarm_sim.market._kernels.layout import (
    DAY,
    DEPTH_BPS,
    HOUR,
    MEMORY,
    P_ACTIVATION,
    P_ATTENTION,
    P_BUSY,
    P_CLUSTERING,
    P_KNOWN,
    P_LEVERAGE,
    P_MAX_POSITION,
    P_NEWS_JUMP,
    P_NEWS_RATE,
    P_ROUNDS_DAY,
    P_SENTIMENT,
    P_SHOCK,
    P_SHOCK_ROUNDS,
    P_SHOCK_SENTIMENT,
    P_SHOCK_VOL,
    P_SIGMA,
    R_ASK,
    R_BID,
    R_BUYS,
    R_DEPTH,
    R_FLOW,
    R_HOLDS,
    R_LAST,
    R_MID,
    R_SELLS,
    R_SENTIMENT,
    R_TURNOVER,
    R_VALUE,
    R_VOL,
    R_VOLUME,
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
    T_ASK,
    T_ASK_ORDERS,
    T_BID,
    T_BID_ORDERS,
    T_LAST,
    T_LEVELS,
    W_FAST,
    W_LOG_VALUE,
    W_NEWS,
    W_SLOW,
)
from rf_swarm_sim.market._kernels.randoms import derive, normal, uniform

SLOW, FAST = 0.998, 0.95
SLOW_SHARE = 0.75
NEWS_MEMORY = 0.85
BUSY_START, BUSY_END = 120, 330
LOOKBACK, RSI_ROUNDS = 20, 14
WORLD_DRAWS = 1 << 40
SHUFFLE_DRAWS = 1 << 41
AHEAD = 24


@njit(cache=True, nogil=True, error_model="numpy")
def _inform(number, key, parameters, world):  # type: ignore[no-untyped-def]
    """Move the fundamental and the news by one round; both come in clusters."""
    draw = derive(key, WORLD_DRAWS)
    sigma, spread = parameters[P_SIGMA], parameters[P_CLUSTERING]
    mixed = sqrt(SLOW_SHARE) * world[W_SLOW] + sqrt(1.0 - SLOW_SHARE) * world[W_FAST]
    heat = exp(spread * mixed - spread * spread)
    rate = parameters[P_NEWS_RATE] * min(heat, 3.0)
    jump = parameters[P_NEWS_JUMP]
    quiet = sqrt(max(1.0 - parameters[P_NEWS_RATE] * jump * jump, 0.1))
    fade = _fade(number, parameters)
    scale = sigma * heat * (1.0 + (parameters[P_SHOCK_VOL] - 1.0) * fade)
    z = normal(draw, 0)
    move = scale * quiet * z
    world[W_NEWS] *= NEWS_MEMORY
    if uniform(draw, 1) < rate:
        strength = normal(draw, 2)
        move += scale * jump * strength
        world[W_NEWS] += 0.4 * strength
        z = (z + jump * strength) / (1.0 + jump)
    world[W_LOG_VALUE] += move - 0.5 * scale * scale
    pull = parameters[P_LEVERAGE]
    rest_of = sqrt(1.0 - pull * pull)
    world[W_SLOW] = SLOW * world[W_SLOW] + sqrt(1.0 - SLOW * SLOW) * (
        rest_of * normal(draw, 3) - pull * z
    )
    world[W_FAST] = FAST * world[W_FAST] + sqrt(1.0 - FAST * FAST) * (
        rest_of * normal(draw, 4) - pull * z
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _fade(number, parameters):  # type: ignore[no-untyped-def]
    """Return how much of a scenario is left: 1 at its start, linearly to 0."""
    length = parameters[P_SHOCK_ROUNDS]
    return max(1.0 - number / length, 0.0) if length > 0.0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def observe(number, parameters, mids, world, book, signals):  # type: ignore[no-untyped-def]
    """Write what everybody sees at the start of a round."""
    now = MEMORY + number
    mid, sigma = mids[now], parameters[P_SIGMA]
    squares, up, down = 0.0, 0.0, 0.0
    known = int(parameters[P_KNOWN]) + number
    for k in range(LOOKBACK):
        if k >= known:
            squares += sigma * sigma
            continue
        change = mids[now - k] / mids[now - k - 1] - 1.0
        squares += change * change
        if k < RSI_ROUNDS:
            if change > 0.0:
                up += change
            else:
                down -= change
    fade = _fade(number, parameters)
    injected = parameters[P_SENTIMENT] * max(1.0 - number / DAY, 0.0)
    mood = world[W_NEWS] + injected + parameters[P_SHOCK_SENTIMENT] * fade
    ratio = sqrt(squares / LOOKBACK) / sigma
    place = number % parameters[P_ROUNDS_DAY]
    share = place * (DAY / parameters[P_ROUNDS_DAY])
    busy = parameters[P_BUSY] if share < BUSY_START or share > BUSY_END else 1.0
    stir = min(max(1.0 + parameters[P_ATTENTION] * (ratio - 1.0), 0.5), 3.0)
    signals[S_MID] = mid
    bids, asks = book.top[T_BID_ORDERS] > 0, book.top[T_ASK_ORDERS] > 0
    signals[S_BID] = book.top[T_BID] if bids else mid
    signals[S_ASK] = book.top[T_ASK] if asks else mid
    signals[S_RETURN] = mid / mids[now - 1] - 1.0
    signals[S_FIVE] = mid / mids[now - 5] - 1.0
    signals[S_HOUR] = mid / mids[now - HOUR] - 1.0
    signals[S_DAY] = mid / mids[now - DAY] - 1.0
    signals[S_RSI] = 100.0 * up / (up + down) if up + down > 0.0 else 50.0
    signals[S_VOL] = ratio
    signals[S_SENTIMENT] = min(max(mood, -1.0), 1.0)
    before = signals[S_VALUE] if number > 0 else mid
    signals[S_VALUE] = exp(world[W_LOG_VALUE]) * (1.0 + parameters[P_SHOCK] * fade)
    signals[S_NEWS] = signals[S_VALUE] / before - 1.0
    signals[S_NOISE] = 1.0 + (parameters[P_SHOCK_VOL] - 1.0) * fade
    signals[S_AWAKE] = min(parameters[P_ACTIVATION] * busy, 1.0) * stir


@njit(cache=True, nogil=True, error_model="numpy")
def requote(book, agents, first, i, limit):  # type: ignore[no-untyped-def]
    """Replace a maker's quotes; one that crosses trades at once and the remainder rests.

    What it sent is cut to the money and the room below `limit` lots that it has now: its old
    quotes may have traded since it decided.
    """
    slot = 2 * (i - first)
    cancel(book, slot)
    cancel(book, slot + 1)
    levels = book.top[T_LEVELS]
    lots, value, sign = 0, 0, 1
    tick, size = np.int64(agents.order[i].tick), np.int64(agents.order[i].size)
    if size > 0 and 0 < tick < levels:
        size = min(size, agents.account[i].funds // tick, limit - agents.account[i].inventory)
        if tick >= book.top[T_ASK] and size > 0:
            done, worth = take(book, agents, first, i, size, tick)
            size -= done
            lots, value = lots + done, value + worth
        if size > 0:
            rest(book, slot, tick, size)
    tick, size = np.int64(agents.order[i].ask_tick), np.int64(agents.order[i].ask_size)
    if size > 0 and 0 < tick < levels:
        held = agents.account[i].inventory
        size = min(size, min(limit, max(agents.account[i].funds // tick + held, 0)) + held)
        if tick <= book.top[T_BID] and size > 0:
            done, worth = take(book, agents, first, i, -size, tick)
            size -= done
            lots, value, sign = lots + done, value + worth, -1
        if size > 0:
            rest(book, slot + 1, tick, size)
    return lots, value, sign


@njit(cache=True, nogil=True, error_model="numpy")
def _gather(agents, blocks, block, order):  # type: ignore[no-untyped-def]
    """Collect who acts, block after block, and return how many."""
    used = 0
    for b in range(blocks):
        low = b * block
        for k in range(agents.used[b]):
            order[used] = agents.acting[low + k]
            used += 1
    return used


@njit(cache=True, nogil=True, error_model="numpy")
def _shuffle(order, used, key):  # type: ignore[no-untyped-def]
    """Put the first `used` agents in a pseudo-random order (Durstenfeld 1964)."""
    for k in range(used - 1, 0, -1):
        j = int(uniform(key, k) * (k + 1))
        order[k], order[j] = order[j], order[k]


@njit(cache=True, nogil=True, error_model="numpy")
def _note(log, number, i, action, tick, size):  # type: ignore[no-untyped-def]
    at = log.used[0]
    if at < log.number.size:
        log.number[at] = number
        log.agent[at] = i
        log.action[at] = action
        log.tick[at] = tick
        log.size[at] = size
        log.used[0] = at + 1


@njit(cache=True, nogil=True, error_model="numpy")
def clear(number, key, block, first, room, child, agents, book, order, log, row):  # type: ignore[no-untyped-def]
    """Match the orders of a round one after the other in shuffled order; count into `row`.

    `room` is the largest position in lots, `child` the signed order of the outside account,
    sent in the middle of the round. Returns a checksum that nobody needs: it keeps alive the
    reads ahead that bring the next agents into the cache.
    """
    used = _gather(agents, agents.used.size, block, order)
    _shuffle(order, used, derive(key, SHUFFLE_DRAWS))
    volume, turnover, flow = 0, 0, 0
    buys, sells, quotes = 0, 0, 0
    outside, levels = agents.kind.size - 1, book.top[T_LEVELS]
    touched, slots = 0, book.slot.size - 1
    for k in range(used + 1):
        ahead = order[min(k + AHEAD, used - 1)]
        touched += agents.order[ahead].size + agents.account[ahead].size
        touched += book.slot[min(max(2 * (ahead - first), 0), slots)].at
        if k == used // 2 and child != 0:
            limit = levels if child > 0 else 1
            done, worth = take(book, agents, first, outside, child, limit)
            volume, turnover = volume + done, turnover + worth
            flow += worth if child > 0 else -worth
        if k == used:
            break
        i = order[k]
        action = agents.account[i].action
        if action == QUOTE:
            done, worth, sign = requote(book, agents, first, i, room)
            volume, turnover, flow = volume + done, turnover + worth, flow + sign * worth
            quotes += 1
            _note(log, number, i, action, agents.order[i].tick, agents.order[i].size)
            continue
        size, limit = np.int64(agents.order[i].size), np.int64(agents.order[i].tick)
        done, worth = take(book, agents, first, i, size, limit)
        volume, turnover = volume + done, turnover + worth
        if size > 0:
            buys += 1
            flow += worth
        else:
            sells += 1
            flow -= worth
            done = -done
        last = book.top[T_LAST] if done != 0 else limit
        _note(log, number, i, action, last, done)
    row[R_VOLUME] = volume
    row[R_TURNOVER] = turnover
    row[R_FLOW] = flow
    row[R_BUYS] = buys
    row[R_SELLS] = sells
    row[R_HOLDS] = outside - buys - sells - quotes
    return touched


@njit(cache=True, nogil=True, error_model="numpy")
def _record(number, mids, book, signals, row):  # type: ignore[no-untyped-def]
    """Write prices and depth at the end of a round, and the new mid into the memory."""
    bids, asks = book.top[T_BID_ORDERS] > 0, book.top[T_ASK_ORDERS] > 0
    bid = float(book.top[T_BID]) if bids else nan
    ask = float(book.top[T_ASK]) if asks else nan
    mid = 0.5 * (bid + ask) if bids and asks else mids[MEMORY + number]
    mids[MEMORY + number + 1] = mid
    reach = int(mid * DEPTH_BPS * 1e-4)
    low, high = max(int(mid) - reach, 1), min(int(mid) + reach + 1, book.top[T_LEVELS])
    depth = 0
    for tick in range(low, high):
        depth += book.resting[tick]
    row[R_LAST] = book.top[T_LAST] if book.top[T_LAST] > 0 else mid
    row[R_MID] = mid
    row[R_BID] = bid
    row[R_ASK] = ask
    row[R_DEPTH] = depth
    row[R_SENTIMENT] = signals[S_SENTIMENT]
    row[R_VALUE] = signals[S_VALUE]
    row[R_VOL] = signals[S_VOL]


@njit(cache=True, nogil=True, error_model="numpy")
def _open(number, key, parameters, mids, world, book, signals):  # type: ignore[no-untyped-def]
    _inform(number, key, parameters, world)
    observe(number, parameters, mids, world, book, signals)


@njit(cache=True, nogil=True, error_model="numpy")
def run(begin, end, seed, block, first, parameters, children, mids, world, signals, agents, book, order, log, tape):  # type: ignore[no-untyped-def]  # noqa: E501  # fmt: skip
    """Run rounds `begin` to `end`, all in this thread."""
    for number in range(begin, end):
        key = derive(seed, number)
        _open(number, key, parameters, mids, world, book, signals)
        for b in range(agents.used.size):
            decide(b, number, key, first, signals, parameters, mids, MEMORY + number, agents, book)
        room = int(parameters[P_MAX_POSITION] / signals[S_MID])
        child = children[number]
        clear(number, key, block, first, room, child, agents, book, order, log, tape[number])
        _record(number, mids, book, signals, tape[number])


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def _decide_together(number, key, first, signals, parameters, mids, agents, book):  # type: ignore[no-untyped-def]
    for b in prange(agents.used.size):
        decide(b, number, key, first, signals, parameters, mids, MEMORY + number, agents, book)


@njit(cache=True, nogil=True, error_model="numpy")
def run_together(begin, end, seed, block, first, parameters, children, mids, world, signals, agents, book, order, log, tape):  # type: ignore[no-untyped-def]  # noqa: E501  # fmt: skip
    """Run rounds `begin` to `end`; blocks of agents decide in several threads."""
    for number in range(begin, end):
        key = derive(seed, number)
        _open(number, key, parameters, mids, world, book, signals)
        _decide_together(number, key, first, signals, parameters, mids, agents, book)
        room = int(parameters[P_MAX_POSITION] / signals[S_MID])
        child = children[number]
        clear(number, key, block, first, room, child, agents, book, order, log, tape[number])
        _record(number, mids, book, signals, tape[number])
