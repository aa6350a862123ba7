"""Where everything lies: parameters, signals and state as arrays with named places."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
I8 = npt.NDArray[np.int8]
Records = npt.NDArray[np.void]

BLOCK = 4_096
MEMORY = 400
HOUR = 60
DAY = 390
FAN = 8
DEPTH_BPS = 25.0

# parameters: one float64 array, money in ticks times lots
(
    P_SIGMA,
    P_ACTIVATION,
    P_BUSY,
    P_ROUNDS_DAY,
    P_MAX_POSITION,
    P_FUNDS,
    P_ENDOWMENT,
    P_DEPLOY,
    P_SMALLEST,
    P_HALF,
    P_REVERSION,
    P_DRIFT_CAP,
    P_DECAY,
    P_SLIPPAGE,
    P_ANCHOR,
    P_SKEW,
    P_REACH,
    P_MAKER_SIZE,
    P_SIZE_SPREAD,
    P_CLUSTERING,
    P_LEVERAGE,
    P_NEWS_RATE,
    P_NEWS_JUMP,
    P_NOISE,
    P_ATTENTION,
    P_SENTIMENT,
    P_SHOCK,
    P_SHOCK_SENTIMENT,
    P_SHOCK_VOL,
    P_SHOCK_ROUNDS,
    P_KNOWN,
    P_PX,
    P_INTENSITY,
) = range(33)
PARAMETERS = P_INTENSITY + 7

# signals: what everybody sees at the start of a round
(
    S_MID,
    S_BID,
    S_ASK,
    S_RETURN,
    S_FIVE,
    S_HOUR,
    S_DAY,
    S_RSI,
    S_VOL,
    S_SENTIMENT,
    S_VALUE,
    S_NOISE,
    S_AWAKE,
    S_NEWS,
) = range(14)
SIGNALS = 14

# the world outside: state of the exogenous processes
W_LOG_VALUE, W_SLOW, W_FAST, W_NEWS, W_SPREAD = range(5)
WORLD = 5

# top of the book
T_BID, T_ASK, T_BID_ORDERS, T_ASK_ORDERS, T_BID_SIZE, T_ASK_SIZE, T_LAST, T_LEVELS = range(8)

# columns of the tape, one row a round
(
    R_LAST,
    R_MID,
    R_BID,
    R_ASK,
    R_VOLUME,
    R_BUYS,
    R_SELLS,
    R_HOLDS,
    R_FLOW,
    R_DEPTH,
    R_SENTIMENT,
    R_VALUE,
    R_TURNOVER,
    R_VOL,
) = range(14)
COLUMNS = 14


Account = np.dtype(
    [
        ("funds", np.int64),
        ("entry", np.float64),
        ("inventory", np.int32),
        ("size", np.int32),
        ("seen", np.int32),
        ("streak", np.int16),
        ("action", np.int8),
        ("reason", np.int8),
    ]
)
"""An agent in 32 bytes: a trade touches one line of the cache on each side."""

Order = np.dtype(
    [("tick", np.int32), ("size", np.int32), ("ask_tick", np.int32), ("ask_size", np.int32)]
)
"""What an agent sends: lots (signed) up to a tick; of a maker its bid and its ask."""

Slot = np.dtype([("before", np.int32), ("after", np.int32), ("at", np.int32), ("left", np.int32)])
"""A resting order: its neighbours in the queue, its tick (0 when it rests nowhere), its size."""


class Agents(NamedTuple):
    """State of n agents and of one outside account behind them, sorted by kind.

    `home` is the inventory that an idle agent returns to, that of its start; `belief` a fund's
    private view or a maker's half-spread in units of the tightest.
    """

    kind: I8
    account: Records
    order: Records
    belief: F32
    weight: F32
    mood: F32
    home: I32
    acting: I32
    used: I64


class Book(NamedTuple):
    """Price levels with a first-in first-out queue of resting orders each.

    Maker m owns slot 2m for its bid and 2m + 1 for its ask. `head` and `tail` are slots, -1 for
    an empty level.
    """

    head: I32
    tail: I32
    resting: I64
    slot: Records
    top: I64


class Log(NamedTuple):
    """Columns of actions; `used[0]` rows are filled, none when the columns are empty."""

    number: I32
    agent: I32
    action: I8
    tick: I32
    size: I32
    used: I64
