import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from rf_backtest.compiled import ticks
from rf_backtest.compiled._kernels import desk as desks
from rf_backtest.compiled._kernels import loop, strategies
from rf_backtest.compiled._kernels.book import CLEAR, DEPTH, TOP, TRADE
from rf_backtest.compiled.columns import EventColumns, events_from_quotes
from rf_backtest.config import CostConfig
from rf_signals.quoting import avellaneda_stoikov_quotes

# Without a compiler NumPy tells of the products of 64 bits that wrap in the jitter, as they must.
pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered")

FREE = CostConfig(maker_bps=0.0, taker_bps=0.0)
BUY, SELL = 1, -1
MAKE = (0.05, 0.8, 2.0, 60.0, 1.0, 4.0, 5.0, 1.0)


def plain(kernel):
    return getattr(kernel, "py_func", kernel)  # NUMBA_DISABLE_JIT=1 leaves plain functions


def market_data(rows, feed: int = 0) -> EventColumns:
    """Rows (time at the venue, kind, side, px, qty); rows of one time are one message."""
    ts, kind, side, px, qty = (np.array(c, dtype=np.int64) for c in zip(*rows, strict=True))
    last = np.append(ts[1:] != ts[:-1], True).astype(np.int8)
    return EventColumns(
        ts, ts + feed, kind.astype(np.int8), side.astype(np.int8), px, qty, last, 1.0, 1.0
    )


def opening(ts=0, bids=((99, 5), (98, 7)), asks=((101, 4), (102, 6))):
    rows = [(ts, DEPTH, BUY, px, qty) for px, qty in bids]
    return rows + [(ts, DEPTH, SELL, px, qty) for px, qty in asks]


def scripted(*orders):
    """A strategy that places its orders at their local times; runs as plain Python."""

    def step(state, params, event, book, desk):
        while state[0] < len(orders) and orders[int(state[0])][0] <= event[0]:
            _, op, *rest = orders[int(state[0])]
            desks.cancel(desk, *rest) if op == desks.CANCEL else desks.send(desk, op, *rest)
            state[0] += 1

    def replay(*rest):
        return plain(loop.replay)(step, *rest)

    return ticks.Strategy(step, 1, (), replay)


def fills(rows, *orders, feed=0, **options):
    run = ticks.run(
        market_data(rows, feed), scripted(*orders), (), costs=options.pop("costs", FREE), **options
    )
    columns = (run.fill_ts, run.fill_side, run.fill_ticks, run.fill_lots, run.fill_maker)
    return list(zip(*(c.tolist() for c in columns), strict=True)), run


def test_a_market_order_walks_the_displayed_levels_and_no_more():
    rows = [*opening(), (10, TRADE, BUY, 101, 1), (20, DEPTH, SELL, 103, 9)]
    found, run = fills(rows, (0, desks.MARKET, BUY, 0, 50), costs=CostConfig(taker_bps=100.0))
    assert found == [(0, BUY, 101, 4, False), (0, BUY, 102, 6, False)]
    assert (run.final_position, run.final_cash) == (10, -404 - 612)
    assert run.fill_fees == pytest.approx([4.04, 6.12])
    assert run.fee_total == pytest.approx(10.16)


def test_what_was_taken_stays_taken_until_the_level_is_told_anew():
    rows = [*opening(), (10, TRADE, 0, 100, 1), (20, DEPTH, SELL, 101, 3), (30, TRADE, 0, 100, 1)]
    found, _ = fills(
        rows,
        (0, desks.IOC, BUY, 101, 4),
        (10, desks.IOC, BUY, 101, 4),
        (20, desks.IOC, BUY, 101, 4),
    )
    assert found == [(0, BUY, 101, 4, False), (20, BUY, 101, 3, False)]


def test_an_order_meets_the_book_of_its_arrival_not_of_its_decision():
    rows = [
        *opening(),
        (100, DEPTH, SELL, 101, 0),  # seen by nobody here before 150, in force at 100
        (140, DEPTH, SELL, 103, 2),
        (300, TRADE, 0, 100, 1),
    ]
    latency = ticks.Latency(entry_ns=60, answer_ns=10)
    # Decided at 50 with 101 in sight, at the venue at 110: 101 is gone.
    found, _ = fills(rows, (50, desks.IOC, BUY, 102, 8), feed=50, latency=latency)
    assert found == [(110, BUY, 102, 6, False)]


def test_a_request_and_a_row_of_one_time_meet_the_row_first():
    rows = [*opening(), (60, DEPTH, SELL, 101, 0), (70, TRADE, 0, 100, 1)]
    found, _ = fills(rows, (0, desks.IOC, BUY, 101, 1), latency=ticks.Latency(entry_ns=60))
    assert found == []


def test_behind_the_queue_only_prints_move_an_order_up():
    rows = [
        *opening(),
        (10, TRADE, SELL, 99, 3),  # 2 are left before us
        (11, DEPTH, BUY, 99, 2),
        (20, DEPTH, BUY, 99, 6),  # four came behind us
        (30, DEPTH, BUY, 99, 3),  # three left: behind us
        (40, TRADE, BUY, 99, 9),  # a buyer does not hit bids
        (50, TRADE, SELL, 99, 3),  # two before us, one of ours
        (60, TRADE, SELL, 99, 1),
        (70, TRADE, SELL, 99, 4),
    ]
    found, run = fills(rows, (0, desks.LIMIT, BUY, 99, 3), costs=CostConfig(maker_bps=100.0))
    assert found == [(50, BUY, 99, 1, True), (60, BUY, 99, 1, True), (70, BUY, 99, 1, True)]
    assert run.fee_total == pytest.approx(2.97)


def test_never_is_more_before_an_order_than_is_displayed():
    rows = [*opening(), (10, DEPTH, BUY, 99, 1), (20, TRADE, SELL, 99, 2)]
    found, _ = fills(rows, (0, desks.LIMIT, BUY, 99, 3))
    assert found == [(20, BUY, 99, 1, True)]


@pytest.mark.parametrize(
    ("queue", "front"),
    [
        (ticks.Queue("behind"), 7.0),
        (ticks.Queue("uniform"), 10.0 - 7.0 * 10.0 / 14.0),
        (ticks.Queue("log"), 10.0 - 7.0 * math.log(11.0) / (math.log(11.0) + math.log(5.0))),
        (ticks.Queue("power", 2.0), 10.0 - 7.0 * 100.0 / 116.0),
    ],
)
def test_cancelled_volume_was_before_us_with_the_probability_of_the_model(queue, front):
    rows = [
        *opening(bids=((99, 10),)),
        (10, DEPTH, BUY, 99, 14),  # four behind us
        (20, DEPTH, BUY, 99, 7),  # seven were cancelled
        (30, TRADE, SELL, 99, 7),
        (40, TRADE, 0, 100, 1),
    ]
    found, _ = fills(rows, (0, desks.LIMIT, BUY, 99, 20), queue=queue)
    lots = math.floor(7.0 - front + 1e-9)
    assert found == ([(30, BUY, 99, lots, True)] if lots else [])


def test_a_print_and_the_level_that_follows_it_count_once():
    rows = [*opening(bids=((99, 10),)), (10, TRADE, SELL, 99, 4), (11, DEPTH, BUY, 99, 6),
            (20, TRADE, SELL, 99, 7)]  # fmt: skip
    found, _ = fills(rows, (0, desks.LIMIT, BUY, 99, 5), queue=ticks.Queue("uniform"))
    assert found == [(20, BUY, 99, 1, True)]


def test_a_print_beyond_the_limit_fills_best_price_first_up_to_its_size():
    rows = [*opening(), (10, TRADE, SELL, 96, 5), (20, TRADE, SELL, 90, 100)]
    found, _ = fills(rows, (0, desks.LIMIT, BUY, 97, 4), (0, desks.LIMIT, BUY, 98, 3))
    assert found == [(10, BUY, 98, 3, True), (10, BUY, 97, 2, True), (20, BUY, 97, 2, True)]


def test_a_level_that_reaches_the_limit_fills_at_the_limit_up_to_its_size():
    rows = [*opening(), (10, DEPTH, SELL, 98, 2), (20, DEPTH, SELL, 98, 2), (30, TOP, SELL, 97, 9)]
    found, run = fills(rows, (0, desks.LIMIT, BUY, 99, 5))
    assert found == [(10, BUY, 99, 2, True), (20, BUY, 99, 2, True), (30, BUY, 99, 1, True)]
    assert run.final_cash == -495


def test_a_post_that_would_take_is_refused_and_its_slot_is_free_again():
    rows = [*opening(), (10, TRADE, 0, 100, 1), (20, TRADE, 0, 100, 1)]
    found, run = fills(rows, (0, desks.POST, BUY, 101, 1), (10, desks.MARKET, BUY, 0, 1))
    assert found == [(10, BUY, 101, 1, False)]
    assert (run.refused, run.fill_slot.tolist()) == (1, [0])


def test_a_cancel_on_its_way_loses_against_a_print():
    rows = [*opening(), (10, TRADE, 0, 100, 1), (30, TRADE, SELL, 98, 9), (90, TRADE, SELL, 97, 9)]
    latency = ticks.Latency(entry_ns=25, answer_ns=5)
    orders = [(0, desks.LIMIT, BUY, 99, 1), (10, desks.CANCEL, 0)]
    assert fills(rows, *orders, latency=latency)[0] == [(30, BUY, 99, 1, True)]
    assert fills(rows, *orders)[0] == []


def test_without_depth_volume_before_a_hidden_price_is_not_known():
    quotes = [
        (t, TOP, s, px, 5) for t, bid in ((0, 99), (10, 98)) for s, px in ((1, bid), (-1, 101))
    ]
    rows = [
        *quotes[:2],
        (5, TRADE, SELL, 98, 50),  # at our price, behind a best bid of 99: who knows
        *quotes[2:],  # now our price is the best: five before us
        (20, TRADE, SELL, 98, 5),
        (30, TRADE, SELL, 98, 1),
    ]
    found, _ = fills(rows, (0, desks.LIMIT, BUY, 98, 2))
    assert found == [(30, BUY, 98, 1, True)]


def test_a_quote_replaces_what_stood_before_it_where_only_the_best_is_told():
    rows = [(t, TOP, s, px, 5) for t, mid in ((0, 100), (10, 104), (20, 100)) for s, px in
            ((1, mid - 1), (-1, mid + 1))]  # fmt: skip
    found, _ = fills([*rows, (30, TRADE, 0, 100, 1)], (20, desks.MARKET, SELL, 0, 50))
    assert found == [(20, SELL, 99, 5, False)]


def test_an_emptied_book_fills_nothing():
    rows = [*opening(), (10, CLEAR, BUY, 0, 0), (10, CLEAR, SELL, 0, 0), (20, TRADE, 0, 100, 1)]
    found, run = fills(rows, (10, desks.MARKET, BUY, 0, 5), samples=np.array([25]))
    assert found == []
    assert math.isnan(run.mid[0])
    assert run.equity[0] == 100_000.0


def book_data(n: int, seed: int, feed: int = 5_000) -> EventColumns:
    rng = np.random.default_rng(seed)
    mid = 1_000 + np.cumsum(rng.integers(-1, 2, n) * (rng.random(n) < 0.3))
    kind = np.where(rng.random(n) < 0.3, TRADE, DEPTH)
    side = np.where(rng.random(n) < 0.5, 1, -1)
    px = np.where(kind == TRADE, mid + side, mid - side * rng.integers(1, 8, n))
    qty = np.where((kind == DEPTH) & (rng.random(n) < 0.4), 0, rng.integers(1, 20, n))
    qty = np.maximum(qty, kind == TRADE)
    ts = np.cumsum(rng.integers(100, 10_000_000, n))
    return EventColumns(
        ts, ts + feed, kind.astype(np.int8), side.astype(np.int8), px, qty,
        np.ones(n, np.int8), 0.5, 0.1,
    )  # fmt: skip


LATENCY = ticks.Latency(entry_ns=3_000_000, answer_ns=2_000_000, jitter_ns=500_000)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["behind", "uniform", "log", "power"]))
def test_cash_and_position_are_the_sum_of_the_fills(seed, model):
    events = book_data(2_000, seed)
    costs = CostConfig(maker_bps=-1.0, taker_bps=5.0)
    run = ticks.run(
        events, ticks.MARKET_MAKER, MAKE, costs=costs, latency=LATENCY, queue=ticks.Queue(model)
    )
    value = run.fill_ticks * run.fill_lots
    assert run.final_position == (run.fill_side * run.fill_lots).sum()
    assert run.final_cash == -(run.fill_side * value).sum()
    rate = np.where(run.fill_maker, -1e-4, 5e-4)
    assert run.fill_fees == pytest.approx(value * 0.05 * rate)
    assert run.cash[-1] == pytest.approx(100_000.0 + run.final_cash * 0.05 - run.fee_total)
    both = ~np.isnan(run.mid)
    worth = run.cash[both] + run.position[both] * run.mid[both]
    assert run.equity[both] == pytest.approx(worth)
    assert run.fills == 0 or run.fill_ts.min() >= events.ts_local[0] + LATENCY.entry_ns
    assert (np.abs(run.position) <= (5 + 1) * 4 * 0.1 + 1e-9).all()
    assert (np.diff(run.fill_ts) >= 0).all()


@pytest.mark.parametrize("strategy", [ticks.MARKET_MAKER, ticks.EMA_CROSS])
def test_rows_of_later_change_no_earlier_fill(strategy):
    params = MAKE if strategy is ticks.MARKET_MAKER else (5, 20, 3)
    events = book_data(4_000, 3)
    cut = 3_000
    other = book_data(4_000, 99)
    parts = {
        name: np.concatenate([getattr(events, name)[:cut], getattr(other, name)[cut:]])
        for name in ("kind", "side", "px", "qty")
    }
    parts["px"] = np.clip(parts["px"], *events.px[[events.px.argmin(), events.px.argmax()]])
    changed = EventColumns(
        events.ts_exchange, events.ts_local, *parts.values(), events.last, 0.5, 0.1
    )
    first, second = (ticks.run(e, strategy, params, latency=LATENCY) for e in (events, changed))
    until = events.ts_exchange[cut]
    for name in ("fill_ts", "fill_side", "fill_ticks", "fill_lots"):
        a, b = (getattr(r, name)[r.fill_ts < until] for r in (first, second))
        assert a.size > 5
        assert np.array_equal(a, b)
    before = first.ts <= events.ts_local[cut]
    assert np.array_equal(first.equity[before], second.equity[before], equal_nan=True)


@pytest.mark.parametrize("strategy", [ticks.MARKET_MAKER, ticks.EMA_CROSS])
def test_compiled_and_plain_replays_are_one(strategy):
    params = MAKE if strategy is ticks.MARKET_MAKER else (5, 20, 3)
    events = book_data(600, 4)

    def replay(*rest):
        return plain(loop.replay)(plain(strategy.step), *rest)

    slow = ticks.Strategy(strategy.step, strategy.state, strategy.parameters, replay)
    a, b = (ticks.run(events, s, params, latency=LATENCY) for s in (strategy, slow))
    assert a.fills == b.fills > 0
    for name in ("fill_ts", "fill_ticks", "fill_lots", "equity", "cash", "state"):
        assert getattr(a, name).tobytes() == getattr(b, name).tobytes()


def test_a_strategy_of_ones_own_is_compiled_into_the_loop():
    @njit
    def step(state, params, event, book, desk):
        state[0] += 1.0
        if state[0] == params[0]:
            ticks.market(desk, ticks.BUY, 2)
        if state[0] == params[0] + 2.0 and ticks.position(desk) == 2 and ticks.working(desk) == 0:
            ticks.limit(desk, ticks.SELL, book.top[0], 2)

    events = events_from_quotes(
        np.arange(1, 9), ([9.0] * 8, [5.0] * 8), ([10.0] * 8, [5.0] * 8), tick=1.0, lot=1.0
    )
    own = ticks.Strategy(step, 1, ("when",))
    run = ticks.run(events, own, [3.0], costs=FREE, samples=1)
    assert run.fill_ticks.tolist() == [10, 9]
    assert run.fill_ts.tolist() == [3, 5]
    assert run.equity.tolist() == [99_998.0]


def test_the_same_seed_gives_the_same_bits_and_another_one_other_arrivals():
    events = book_data(4_000, 8)
    runs = [
        ticks.run(events, ticks.EMA_CROSS, (5, 20, 3), latency=ticks.Latency(0, 0, 9_000_000, seed))
        for seed in (1, 1, 2)
    ]
    assert runs[0].fill_ts.tobytes() == runs[1].fill_ts.tobytes()
    assert runs[0].fill_ts.tobytes() != runs[2].fill_ts.tobytes()


@pytest.mark.parametrize("held", [0, 8, -4])
def test_the_market_maker_quotes_the_formula_of_the_paper(held):
    gamma, k, sigma, _, tau, qty, _, _ = MAKE
    top = np.array([990, 5, 1_011, 5, 1, 1])
    book = desks.Book(top, np.zeros(1, np.int64), np.zeros(1, np.int64), 0)
    slots = (np.zeros(desks.SLOTS, np.int64) for _ in range(4))
    desk = desks.Desk(np.zeros((desks.REQUESTS, 5), np.int64), np.zeros(8, np.int64), *slots)
    desk.numbers[desks.POSITION] = held
    event = np.array([10**9, 0, TOP, 1, 990, 5])
    strategies.market_maker(np.zeros(6), np.array(MAKE), event, book, desk)
    told = avellaneda_stoikov_quotes(1_000.5, held / qty, gamma=gamma, sigma=sigma, tau=tau, k=k)
    assert desk.requests[:2].tolist() == [
        [desks.POST, 0, BUY, math.floor(told.bid), 4],
        [desks.POST, 1, SELL, math.ceil(told.ask), 4],
    ]


def test_an_ema_cross_on_quotes_is_the_plain_ledger():
    rng = np.random.default_rng(2)
    n = 3_000
    mid = 1_000 + np.cumsum(rng.integers(-2, 3, n))
    events = events_from_quotes(
        np.arange(n) * 1_000 + 1,
        (mid - 1.0, np.full(n, 9.0)),
        (mid + 1.0, np.full(n, 9.0)),
        tick=1.0,
        lot=1.0,
    )
    run = ticks.run(events, ticks.EMA_CROSS, (10, 40, 2), costs=FREE, samples=1)
    fast, slow, side, held, cash = mid[:10].mean(), mid[:40].mean(), 0, 0, 0
    for i in range(10, 40):
        fast += 2.0 / 11.0 * (mid[i] - fast)
    count = 0
    for i in range(39, n):
        if i > 39:
            fast += 2.0 / 11.0 * (mid[i] - fast)
            slow += 2.0 / 41.0 * (mid[i] - slow)
        now = 1 if fast > slow else -1
        if now * side < 0:
            # Decided on quote i, filled against it: nothing newer is there when it arrives.
            cash -= (2 * now - held) * (mid[i] + (1 if now > 0 else -1))
            held, count = 2 * now, count + 1
        side = now
    assert run.fills == count > 20
    assert (run.final_position, run.final_cash) == (held, cash)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"params": (1, 2)}, "params"),
        ({"params": (1, math.nan, 2)}, "finite params"),
        ({"costs": CostConfig(borrow_rate=0.1)}, "borrow_rate"),
        ({"costs": CostConfig(impact_eta=0.1)}, "impact_eta"),
        ({"latency": ticks.Latency(entry_ns=-1)}, "entry_ns"),
        ({"queue": ticks.Queue("front")}, "queue model"),
        ({"queue": ticks.Queue("power", 0.0)}, "exponent"),
        ({"samples": 0}, "samples"),
        ({"samples": np.array([3, 2])}, "in order"),
    ],
)
def test_bad_settings_are_named(options, told):
    params = options.pop("params", (1, 2, 3))
    with pytest.raises(ValueError, match=told):
        ticks.run(book_data(50, 1), ticks.EMA_CROSS, params, **options)


def test_too_much_in_flight_is_an_error_not_a_loss():
    orders = [(0, desks.LIMIT, BUY, 90, 1)] * 5
    with pytest.raises(ValueError, match="in_flight = 4"):
        fills([*opening(), (10, TRADE, 0, 100, 1)], *orders, in_flight=4)
