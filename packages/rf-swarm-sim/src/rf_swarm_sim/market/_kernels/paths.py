"""State for a path, its opening, and many paths side by side."""

from __future__ import annotations

from math import log

import numpy as np
from numba import njit, prange

from rf_swarm_sim.market._kernels.agents import endow, quote
from rf_swarm_sim.market._kernels.layout import (
    BLOCK,
    COLUMNS,
    MEMORY,
    P_MAX_POSITION,
    P_PX,
    R_BUYS,
    R_FLOW,
    R_LAST,
    R_MID,
    R_SELLS,
    R_VOLUME,
    S_NEWS,
    S_VALUE,
    SIGNALS,
    T_ASK,
    T_LAST,
    T_LEVELS,
    W_LOG_VALUE,
    WORLD,
    Account,
    Agents,
    Book,
    Log,
    Order,
    Slot,
)
from rf_swarm_sim.market._kernels.randoms import derive, normal
from rf_swarm_sim.market._kernels.rounds import observe, requote, run

OPENING_DRAWS = (1 << 42) + 1
PATH_DRAWS = 1 << 43


@njit(cache=True, nogil=True, error_model="numpy")
def make_agents(n, blocks):  # type: ignore[no-untyped-def]
    """Return empty state for n agents and the outside account."""
    m = n + 1
    return Agents(
        np.zeros(m, np.int8),
        np.zeros(m, Account),
        np.zeros(m, Order),
        np.zeros(m, np.float32),
        np.zeros(m, np.float32),
        np.zeros(m, np.float32),
        np.zeros(m, np.int32),
        np.zeros(m, np.int32),
        np.zeros(blocks, np.int64),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def make_book(makers, levels):  # type: ignore[no-untyped-def]
    """Return an empty book of price levels with two slots a maker."""
    top = np.zeros(8, np.int64)
    top[T_ASK] = levels
    top[T_LEVELS] = levels
    return Book(
        np.full(levels + 1, -1, np.int32),
        np.full(levels + 1, -1, np.int32),
        np.zeros(levels + 1, np.int64),
        np.zeros(2 * makers, Slot),
        top,
    )


@njit(cache=True, nogil=True, error_model="numpy")
def make_log(rows):  # type: ignore[no-untyped-def]
    """Return an empty log of so many rows."""
    return Log(
        np.zeros(rows, np.int32),
        np.zeros(rows, np.int32),
        np.zeros(rows, np.int8),
        np.zeros(rows, np.int32),
        np.zeros(rows, np.int32),
        np.zeros(1, np.int64),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def prepare(seed, starts, parameters, history, mids, world, signals, agents, book):  # type: ignore[no-untyped-def]
    """Endow the agents, fill the memory with the past, and let every maker quote once."""
    mids[: MEMORY + 1] = history
    world[W_LOG_VALUE] = log(parameters[P_PX])
    for k in range(1, 3):
        world[k] = normal(derive(seed, OPENING_DRAWS), k)
    endow(agents, starts, parameters, derive(seed, OPENING_DRAWS))
    observe(0, parameters, mids, world, book, signals)
    signals[S_VALUE], signals[S_NEWS] = parameters[P_PX], 0.0
    limit = parameters[P_MAX_POSITION] / parameters[P_PX]
    first = starts[2]
    for i in range(first, starts[3]):
        quote(derive(seed, OPENING_DRAWS + i), i, signals, parameters, agents, limit)
        requote(book, agents, first, i, int(limit))
    book.top[T_LAST] = 0


@njit(cache=True, nogil=True, error_model="numpy")
def run_path(path, seed, starts, levels, parameters, history, out):  # type: ignore[no-untyped-def]
    """Run one path of an ensemble; write px, mid, volume, flow, buys and sells a round."""
    rounds = out.shape[2]
    n = starts[7]
    blocks = (n + BLOCK - 1) // BLOCK
    agents = make_agents(n, blocks)
    book = make_book(starts[3] - starts[2], levels)
    mids = np.zeros(MEMORY + rounds + 1)
    world, signals = np.zeros(WORLD), np.zeros(SIGNALS)
    tape = np.zeros((rounds, COLUMNS))
    children = np.zeros(rounds, np.int64)
    order = np.zeros(n, np.int32)
    key = derive(seed, PATH_DRAWS + path)
    prepare(key, starts, parameters, history, mids, world, signals, agents, book)
    run(
        0, rounds, key, BLOCK, starts[2], parameters, children, mids, world, signals, agents,
        book, order, make_log(0), tape,
    )  # fmt: skip
    for r in range(rounds):
        out[path, 0, r] = tape[r, R_LAST]
        out[path, 1, r] = tape[r, R_MID]
        out[path, 2, r] = tape[r, R_VOLUME]
        out[path, 3, r] = tape[r, R_FLOW]
        out[path, 4, r] = tape[r, R_BUYS]
        out[path, 5, r] = tape[r, R_SELLS]


@njit(cache=True, nogil=True, error_model="numpy")
def run_paths(low, high, seed, starts, levels, parameters, history, out):  # type: ignore[no-untyped-def]
    """Run paths `low` to `high` one after the other."""
    for path in range(low, high):
        run_path(path, seed, starts, levels, parameters, history, out)


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def run_paths_together(low, high, seed, starts, levels, parameters, history, out):  # type: ignore[no-untyped-def]
    """Run paths `low` to `high` in several threads."""
    for path in prange(low, high):
        run_path(path, seed, starts, levels, parameters, history, out)
