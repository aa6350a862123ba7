"""Results and strategies whose worth is known because they are made here."""

from decimal import Decimal

import numpy as np
import pytest

from rf_backtest.result import BacktestResult, Fill, Trip
from rf_common.enums import Liquidity, Side

DAY = 86_400_000_000_000


def _fill(ts, side, price, quantity, fee):
    return Fill(
        ts=ts,
        instrument_id="sim:A",
        strategy_id="s",
        side=side,
        price=Decimal(price),
        quantity=Decimal(quantity),
        fee=Decimal(fee),
        liquidity=Liquidity.TAKER,
        client_order_id="c",
        reason="",
    )


def _trip(number, pnl, equity_ts, fee):
    return Trip(
        instrument_id="sim:A",
        strategy_id="s",
        quantity=Decimal(1),
        entry_price=Decimal(100),
        exit_price=Decimal(100) + Decimal(str(pnl)) + Decimal(fee),
        opened=2 * number,
        closed=2 * number + 1,
        opened_ts=equity_ts[0],
        closed_ts=equity_ts[1],
        fee=Decimal(fee),
    )


@pytest.fixture
def make_result():
    """Return a function that builds a result from returns and the P&L of its trips."""

    def build(returns, pnl=(), *, capital=100_000.0, periods=252.0, fee="0", **other):
        returns = np.asarray(returns, dtype=float)
        equity = capital * np.concatenate(([1.0], np.cumprod(1.0 + returns)))
        ts = DAY * np.arange(equity.size, dtype=np.int64)
        places = np.linspace(0, equity.size - 2, len(pnl)).astype(int)
        trips = tuple(
            _trip(number, value, (int(ts[place]), int(ts[place + 1])), fee)
            for number, (value, place) in enumerate(zip(pnl, places, strict=True))
        )
        size = str(capital / 1_000.0)
        fills = tuple(
            _fill(ts=int(when), side=side, price="100", quantity=size, fee=fee)
            for trip in trips
            for when, side in ((trip.opened_ts, Side.BUY), (trip.closed_ts, Side.SELL))
        )
        values = {
            "name": "made",
            "instruments": ("sim:A",),
            "ts": ts,
            "equity": equity,
            "cash": equity * 0.5,
            "gross": equity * 0.5,
            "mark_px": {},
            "fills": fills,
            "trips": trips,
            "orders": len(fills),
            "refusals": {},
            "rejected": (),
            "fees": Decimal(fee) * len(fills),
            "slippage": 0.0,
            "borrow": 0.0,
            "periods_per_year": periods,
            "started": 0,
            "ended": int(ts[-1]),
            "warnings": (),
            "data_hash": "d",
            "config_hash": "c",
            "output_hash": "o",
        }
        return BacktestResult(**(values | other))

    return build
