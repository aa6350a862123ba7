"""What a backtest found: equity points, fills, round trips, costs and hashes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from rf_common.enums import Liquidity, Side
from rf_common.ids import ClientOrderId, InstrumentId, StrategyId

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution: when, what, at which price, and why."""

    ts: int
    instrument_id: InstrumentId
    strategy_id: StrategyId
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    liquidity: Liquidity
    client_order_id: ClientOrderId
    reason: str


@dataclass(frozen=True, slots=True)
class Trip:
    """A quantity of one strategy that one fill opened and a later one closed, first in first out.

    `quantity` is positive for a long trip; `opened` and `closed` number the fills; `fee` is both
    fills' share, currency.
    """

    instrument_id: InstrumentId
    strategy_id: StrategyId
    quantity: Decimal
    entry_price: Decimal
    exit_price: Decimal
    opened: int
    closed: int
    opened_ts: int
    closed_ts: int
    fee: Decimal

    @property
    def pnl(self) -> Decimal:
        """P&L after fees, currency."""
        return self.quantity * (self.exit_price - self.entry_price) - self.fee


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """Everything a run found; times are nanoseconds UTC, values account currency.

    `ts`, `equity`, `cash` and `gross` have one point per distinct time (per bar close over
    bars); `mark_px` has the same length for each instrument. The three hashes are SHA-256 over
    canonical content: the same inputs give the same `output_hash`.
    """

    name: str
    instruments: tuple[InstrumentId, ...]
    ts: IntArray
    equity: FloatArray
    cash: FloatArray
    gross: FloatArray
    mark_px: dict[InstrumentId, FloatArray]
    fills: tuple[Fill, ...]
    trips: tuple[Trip, ...]
    orders: int
    refusals: dict[str, int]
    rejected: tuple[str, ...]
    fees: Decimal
    slippage: float
    borrow: float
    periods_per_year: float
    started: int
    ended: int
    warnings: tuple[str, ...]
    data_hash: str
    config_hash: str
    output_hash: str

    def returns(self) -> FloatArray:
        """Return simple returns of equity from point to point, decimals, one shorter."""
        if self.equity.size < 2:
            return np.empty(0)
        return np.asarray(self.equity[1:] / self.equity[:-1] - 1.0, dtype=np.float64)
