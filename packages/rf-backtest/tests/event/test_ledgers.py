"""Ledgers that were computed by hand, to the cent.

Bars are daily; bar k opens at day k and closes at day k + 1. An order placed at day k therefore
meets the open of bar k. A quiet bar on day 0, which no case counts, gives the engine its first
price. Fees are 10 bps for taking and 2 bps for resting unless a case says otherwise; without a
word there is no spread and no slippage.
"""

from decimal import Decimal

import numpy as np
import pytest

from rf_backtest.config import CostConfig, bars_config
from rf_backtest.data import Bars
from rf_backtest.engine import run_backtest
from rf_common.enums import Liquidity, OrderType, Side, TimeInForce
from rf_common.instruments import Instrument
from rf_common.orders import OrderIntent

DAY = 86_400 * 10**9
BEGUN = 19_000 * DAY
CASH = Decimal(10_000)
BUY, SELL = Side.BUY, Side.SELL
FEES = CostConfig(maker_bps=2.0, taker_bps=10.0, slippage_bps=0.0, spread_bps=0.0)


def bars(rows, symbol="A", days=None, **others):
    """Return daily bars of (open, high, low, close), or of closes alone."""
    rows, first = [_first(rows[0]), *rows], [0]
    days = first + list(days if days is not None else range(1, len(rows)))
    table = np.array([(row if isinstance(row, tuple) else (row,) * 4) for row in rows], float)
    item = Instrument(instrument_id=f"sim:{symbol}", tick=Decimal("0.01"), lot=Decimal(1))
    volume = list(others.pop("volume", np.full(len(rows) - 1, 1_000.0)))
    return Bars(
        instrument=item,
        ts=BEGUN + np.array(days) * DAY,
        open=table[:, 0],
        high=table[:, 1],
        low=table[:, 2],
        close=table[:, 3],
        volume=np.array([volume[0], *volume], float),
        interval_ns=DAY,
        **others,
    )


def _first(row):
    return row[0] if isinstance(row, tuple) else row


def at(day):
    return int(BEGUN + day * DAY)


def order(day, side, quantity, *, limit=None, stop=None, symbol="A", reduce_only=False):
    kinds = {
        (False, False): OrderType.MARKET,
        (True, False): OrderType.LIMIT,
        (False, True): OrderType.STOP_MARKET,
        (True, True): OrderType.STOP_LIMIT,
    }
    intent = OrderIntent(
        strategy_id="human",
        instrument_id=f"sim:{symbol}",
        side=side,
        quantity=Decimal(quantity),
        order_type=kinds[limit is not None, stop is not None],
        limit_price=None if limit is None else Decimal(str(limit)),
        stop_price=None if stop is None else Decimal(str(stop)),
        time_in_force=TimeInForce.GTC,
        reduce_only=reduce_only,
        actor="ann",
        reason="by hand",
    )
    return at(day), intent


def run(data, *orders, costs=FEES, **others):
    config = bars_config(DAY, {}, cash=CASH, costs=costs, **others)
    result = run_backtest(data, config, {}, orders=orders)
    assert result.equity[0] == float(CASH)
    return result


def told(result):
    return [
        ((f.ts - BEGUN) // DAY, str(f.side), float(f.price), int(f.quantity)) for f in result.fills
    ]


def cents(values):
    """Return a series from day 1 on; the uncounted day 0 comes before it."""
    return [round(float(value), 6) for value in values[1:]]


def test_a_round_trip():
    result = run(bars([100, 110, 120]), order(1, BUY, 10), order(3, SELL, 10))
    # 10000 - 1000 - 1.00, then + 1200 - 1.20
    assert told(result) == [(1, "BUY", 100, 10), (3, "SELL", 120, 10)]
    assert cents(result.cash) == [8999.0, 8999.0, 10197.8]
    assert cents(result.equity) == [9999.0, 10099.0, 10197.8]
    assert cents(result.gross) == [1000.0, 1100.0, 0.0]
    assert result.fees == Decimal("2.20")
    assert [(trip.quantity, trip.pnl) for trip in result.trips] == [
        (Decimal(10), Decimal("197.80"))
    ]


def test_a_flip_realises_the_long_and_opens_the_short():
    result = run(bars([100, 110, 105]), order(1, BUY, 10), order(2, SELL, 15), order(3, BUY, 5))
    # long 10 from 100 to 110: +100; short 5 from 110 to 105: +25; fees 1.00 + 1.65 + 0.525
    assert told(result) == [(1, "BUY", 100, 10), (2, "SELL", 110, 15), (3, "BUY", 105, 5)]
    assert cents(result.equity) == [9999.0, 10097.35, 10121.825]
    assert [(t.quantity, t.entry_price, t.exit_price) for t in result.trips] == [
        (Decimal(10), Decimal(100), Decimal(110)),
        (Decimal(-5), Decimal(110), Decimal(105)),
    ]
    assert sum(trip.pnl for trip in result.trips) == Decimal("121.825")


def test_a_partial_fill_takes_what_a_share_of_past_volume_allows():
    costs = CostConfig(maker_bps=0, taker_bps=0, slippage_bps=0, spread_bps=0, participation=0.01)
    data = bars([100, 100, (100, 100, 100, 100), 101, 102], volume=[1000, 1000, 400, 1000, 1000])
    result = run(data, order(2, BUY, 15, limit=101), costs=costs)
    # a tenth of a thousand: 10 of bar 2 and 5 of bar 3, where 2/21 of (400 - 1000) came off: 9.42
    assert told(result) == [(2, "BUY", 100, 10), (3, "BUY", 100, 5)]
    assert cents(result.equity) == [10000.0, 10000.0, 10000.0, 10015.0, 10030.0]


def test_of_stop_and_target_in_one_bar_the_stop_is_believed():
    data = bars([100, (100, 112, 88, 100), 100])
    result = run(
        data,
        order(1, BUY, 10),
        order(1.5, SELL, 10, stop=90, reduce_only=True),
        order(1.5, SELL, 10, limit=110, reduce_only=True),
    )
    # the stop: 10 at 90 less 0.90; the target has nothing left to sell
    assert told(result) == [(1, "BUY", 100, 10), (3, "SELL", 90, 10)]
    assert cents(result.equity) == [9999.0, 9898.1, 9898.1]


def test_a_target_alone_fills_at_its_limit_and_pays_the_maker_fee():
    result = run(
        bars([100, (100, 112, 95, 111)]),
        order(1, BUY, 10),
        order(1.5, SELL, 10, limit=110, reduce_only=True),
    )
    # 10 at 110 less 1100 * 0.0002 = 0.22
    assert result.fills[1].liquidity is Liquidity.MAKER
    assert cents(result.equity) == [9999.0, 10098.78]


def test_two_interleaved_instruments_fill_each_on_its_own_next_bar():
    first = bars([100, 101, 102, 103], days=[1, 2, 3, 4])
    second = bars([50, 52, 54], symbol="B", days=[1, 4, 5])
    result = run(
        [first, second], order(2, BUY, 10), order(2, BUY, 20, symbol="B"), order(5, SELL, 10)
    )
    # A at bar 2's open 101; B has no bar before day 4: 20 at 52; A is never sold: no bar 5
    names = [(f.instrument_id, (f.ts - BEGUN) // DAY, float(f.price)) for f in result.fills]
    assert names == [("sim:A", 2, 101.0), ("sim:B", 4, 52.0)]
    assert [int(ts - BEGUN) // DAY for ts in result.ts] == [1, 2, 3, 4, 5, 6]
    # cash 10000 - 1010 - 1.01 = 8988.99, then - 1040 - 1.04 = 7947.95; A 102, 103; B 52, 54
    assert cents(result.equity) == [10000.0, 9998.99, 10008.99, 10017.95, 10057.95]
    assert cents(result.mark_px["sim:B"]) == [50.0, 50.0, 50.0, 52.0, 54.0]


def test_a_short_pays_borrow_for_every_day_it_is_held():
    costs = CostConfig(taker_bps=10, slippage_bps=0, spread_bps=0, borrow_rate=0.0365)
    data = bars([50, 50, 40, 40], days=[1, 2, 5, 6])
    result = run(data, order(1, SELL, 100), order(5, BUY, 100), costs=costs)
    # a day of 5000 costs 0.50: one in bar 1, one in bar 2, two until day 5 at the mark of 50
    assert cents(result.cash) == [14994.5, 14994.0, 10989.0, 10989.0]
    assert cents(result.equity) == [9994.5, 9994.0, 10989.0, 10989.0]
    assert result.borrow == pytest.approx(2.0)


def test_a_split_doubles_the_shares_and_halves_the_price():
    data = bars([100, 100, 50, 55], splits=((at(3), 2.0),))
    result = run(data, order(1, BUY, 10), order(4, SELL, 20))
    # 20 new shares at 55: 1100 less 1.10
    assert cents(result.equity) == [9999.0, 9999.0, 9999.0, 10097.9]
    trip = result.trips[0]
    assert (trip.quantity, trip.entry_price, trip.pnl) == (20, 50, Decimal("97.90"))
    assert any("split 2 for 1" in line for line in result.warnings)


def test_a_reverse_split_pays_out_what_is_no_whole_share():
    data = bars([10, 10, 40, 40], splits=((at(3), 0.25),))
    result = run(data, order(1, BUY, 10))
    # 10 become 2.5: two shares of 40 and 20 in cash; 10000 - 100 - 0.10 + 20
    assert cents(result.cash) == [9899.9, 9899.9, 9919.9, 9919.9]
    assert cents(result.equity) == [9999.9, 9999.9, 9999.9, 9999.9]


def test_a_dividend_is_paid_on_what_was_held_before_the_day():
    data = bars([100, 100, 98, 98], dividends=((at(3), 2.0),))
    result = run(data, order(1, BUY, 10), order(3, BUY, 10))
    # 10 * 2.00 on day 3; the second ten, bought at that open, get none
    assert cents(result.cash) == [8999.0, 8999.0, 8038.02, 8038.02]
    assert cents(result.equity) == [9999.0, 9999.0, 9998.02, 9998.02]


def test_who_is_short_owes_the_dividend():
    data = bars([100, 100, 98], dividends=((at(3), 2.0),))
    result = run(data, order(1, SELL, 10))
    # 10000 + 1000 - 1 - 20 - 10 * 98
    assert cents(result.equity) == [9999.0, 9999.0, 9999.0]


def test_a_delisted_instrument_is_closed_at_its_last_price():
    gone = bars([100, 90, 20], delisted_ts=at(4))
    other = bars([10, 10, 10, 10, 10], symbol="B")
    result = run([gone, other], order(1, BUY, 10), order(4, BUY, 5))
    # 10 at 20 without a fee; the order of day 4 finds no market
    assert told(result) == [(1, "BUY", 100, 10), (4, "SELL", 20, 10)]
    assert cents(result.equity) == [9999.0, 9899.0, 9199.0, 9199.0, 9199.0]
    assert result.fills[1].reason == "delisted"
    assert result.refusals == {"instrument": 1}
    assert any("delisted; 10 closed at 20.00" in line for line in result.warnings)


def test_a_limit_that_is_only_touched_does_not_fill():
    data = bars([100, (100, 102, 95, 101), (100, 102, 94.99, 101)])
    result = run(data, order(1.5, BUY, 10, limit=95))
    # touched on day 2, crossed on day 3: at the limit, 0.19 for the maker
    assert told(result) == [(4, "BUY", 95, 10)]
    assert cents(result.equity) == [10000.0, 10000.0, 10059.81]


def test_a_gap_through_the_stop_fills_at_the_open():
    data = bars([100, 100, (80, 85, 78, 82)])
    result = run(data, order(1, BUY, 10), order(1.5, SELL, 10, stop=95, reduce_only=True))
    # the open of 80, not the stop of 95: - 200, fees 1.00 + 0.80
    assert told(result)[1] == (3, "SELL", 80, 10)
    assert cents(result.equity) == [9999.0, 9999.0, 9798.2]


def test_a_gap_beyond_a_resting_limit_fills_at_the_better_open():
    result = run(bars([100, 100, (90, 92, 89, 91)]), order(1.5, BUY, 10, limit=95))
    # 10 at 90, fee 900 * 0.0002 = 0.18, close 91
    assert told(result) == [(3, "BUY", 90, 10)]
    assert cents(result.equity) == [10000.0, 10000.0, 10009.82]


def test_a_stop_inside_the_bar_fills_at_the_stop():
    data = bars([100, (100, 101, 93, 96)])
    result = run(data, order(1, BUY, 10), order(1.5, SELL, 10, stop=95, reduce_only=True))
    assert told(result)[1] == (3, "SELL", 95, 10)
    # - 50, fees 1.00 + 0.95
    assert cents(result.equity) == [9999.0, 9948.05]


def test_spread_and_slippage_are_paid_beyond_the_open():
    costs = CostConfig(maker_bps=0, taker_bps=5, slippage_bps=1, spread_bps=2)
    result = run(bars([100, 100]), order(1, BUY, 10), order(2, SELL, 10), costs=costs)
    # 100 * (1 +- 0.0002): 100.02 and 99.98; fees 1000.20 and 999.80 * 0.0005
    assert told(result) == [(1, "BUY", 100.02, 10), (2, "SELL", 99.98, 10)]
    assert cents(result.cash) == [8999.2999, 9998.6]
    assert result.slippage == pytest.approx(0.40)
    assert result.fees == Decimal("1.00000000")


def test_impact_is_of_bars_that_were_over():
    costs = CostConfig(maker_bps=0, taker_bps=0, slippage_bps=0, spread_bps=0, impact_eta=1.0)
    result = run(bars([100, 101, 101], volume=[400, 400, 9]), order(3, BUY, 16), costs=costs)
    # returns 0 and 1 %: variance 2/21 * 0.0001; 16 of a usual 400: 0.0030861 * 0.2 of 101 = 0.06234
    assert told(result) == [(3, "BUY", 101.07, 16)]


def test_an_order_beyond_buying_power_is_refused_and_told():
    result = run(bars([100, 100, 100]), order(1, BUY, 101), order(2, BUY, 99))
    assert told(result) == [(2, "BUY", 100, 99)]
    assert result.refusals == {"buying_power": 1}
    assert "buying_power" in result.rejected[0]
    assert cents(result.cash) == [10000.0, 90.1, 90.1]


def test_an_order_placed_over_a_weekend_waits_for_the_next_open():
    data = bars([100, 104, 105], days=[1, 4, 5])
    result = run(data, order(2, BUY, 10))
    assert told(result) == [(4, "BUY", 104, 10)]
    assert cents(result.equity) == [10000.0, 9998.96, 10008.96]


def test_a_stop_limit_that_wakes_inside_waits_for_the_next_open():
    data = bars([100, (100, 106, 99, 105), (104, 104, 103, 104)])
    result = run(data, order(1.5, BUY, 10, stop=105, limit=104.5))
    # woken at 105, above its limit; 104 at the next open
    assert told(result) == [(3, "BUY", 104, 10)]
