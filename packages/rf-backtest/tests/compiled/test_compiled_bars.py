import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_backtest.compiled import bars as compiled
from rf_backtest.compiled._kernels import account, scores, sweeps
from rf_backtest.compiled._rules import rule_rows
from rf_backtest.config import CostConfig
from rf_signals.streaming import Ema, RollingMean

FREE = CostConfig(taker_bps=0.0, slippage_bps=0.0, spread_bps=0.0)
RULES = [
    ("sma_cross", [[10, 30], [5, 50], [20, 100]]),
    ("ema_cross", [[10, 30], [5, 50], [20, 101]]),
    ("zscore_reversion", [[20, 2.0, 0.5], [50, 1.5, 0.0]]),
    ("momentum", [[10, 0.02], [20, 0.0]]),
]


def plain(kernel):
    return getattr(kernel, "py_func", kernel)  # NUMBA_DISABLE_JIT=1 leaves plain functions


def walk(n: int = 3_000, seed: int = 1) -> compiled.BarColumns:
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, n)))
    return compiled.BarColumns.of(close * np.exp(rng.normal(0.0, 1e-3, n)), close)


def ledger(opens, closes, signal, *, costs, funds, size, per_year):
    """The same account, one bar after the other in plain Python; no limit of leverage."""
    skew = (costs.slippage_bps + costs.spread_bps / 2.0) / 1e4
    held, want, cash, told = 0.0, 0.0, funds, []
    for i, (opened, closed) in enumerate(zip(opens, closes, strict=True)):
        if held < 0.0:
            cash += costs.borrow_rate / per_year * held * closes[i - 1]
        delta = want * size - held
        if delta:
            px = opened * (1.0 + math.copysign(skew, delta))
            cash -= delta * px + costs.taker_bps / 1e4 * px * abs(delta)
            held += delta
        told.append((cash + held * closed, cash, held))
        want = want if math.isnan(signal[i]) else signal[i]
    return np.array(told).T


def test_a_flip_with_fees_spread_slippage_and_borrow_matches_the_ledger_by_hand():
    # 10 units long at 100, flipped short at 110, covered at 105; 10 bps a side moves the price,
    # 20 bps fee, borrow of 2.52 a year of 252 bars: 1 % of the short's value a bar.
    columns = compiled.BarColumns.of([99.0, 100.0, 110.0, 104.0, 105.0], [99.5, 108, 107, 103, 106])
    costs = CostConfig(taker_bps=20.0, slippage_bps=5.0, spread_bps=10.0, borrow_rate=2.52)
    run = compiled.run(columns, [1, -1, math.nan, 0, 1], costs=costs, funds=10_000.0, size=10.0)
    # Bar 1 buys 10 at 100.10, fee 2.002; bar 2 sells 20 at 109.89, fee 4.3956; bars 3 and 4 pay
    # 10.70 and 10.30; bar 4 buys 10 at 105.105, fee 2.1021.
    cash = [10_000.0, 8_996.998, 11_190.4024, 11_179.7024, 10_116.2503]
    assert run.fill_bar.tolist() == [1, 2, 4]
    assert run.fill_units.tolist() == [10.0, -20.0, 10.0]
    assert run.fill_px == pytest.approx([100.10, 109.89, 105.105])
    assert run.fill_fees == pytest.approx([2.002, 4.3956, 2.1021])
    assert run.cash == pytest.approx(cash)
    assert run.position.tolist() == [0.0, 10.0, -10.0, -10.0, 0.0]
    assert run.equity == pytest.approx([10_000, 10_076.998, 10_120.4024, 10_149.7024, 10_116.2503])
    assert run.borrow_total == pytest.approx(21.0)
    assert run.fee_total == pytest.approx(8.4997)


def test_a_share_of_the_equity_spends_it_whole_fees_included():
    columns = compiled.BarColumns.of([10.0, 20.0, 30.0, 30.0], [10.0, 25.0, 30.0, 30.0])
    costs = CostConfig(taker_bps=100.0, slippage_bps=0.0, spread_bps=0.0)
    run = compiled.run(columns, [1, 1, -1, 0], costs=costs, funds=1_010.0, sizing="share")
    # 1010 / (20 x 1.01) = 50 units. The flip at 30 leaves 1500 - 15 = 1485, which is 1485 /
    # (30 x 1.01) units short; the fee of those is 1 % of their value.
    assert run.fill_units == pytest.approx([50.0, -50.0 - 1_485.0 / 30.3])
    assert run.cash[1] == pytest.approx(0.0, abs=1e-9)
    assert run.equity[3] == pytest.approx(1_485.0 * (1.0 - 0.01 / 1.01))
    assert run.refusals == 0


def test_an_order_beyond_buying_power_is_refused_and_counted_and_a_flip_still_closes():
    columns = compiled.BarColumns.of([100.0, 100.0, 100.0, 400.0, 400.0], [100, 100, 100, 400, 400])
    run = compiled.run(columns, [3, 1, -5, math.nan, 0], costs=FREE, funds=250.0)
    assert run.position.tolist() == [0.0, 0.0, 1.0, 0.0, 0.0]  # 3 x 100 > 250; 5 x 400 > 550
    assert run.refusals == 2
    assert run.cash[-1] == pytest.approx(550.0)


def test_a_fill_at_the_close_is_the_close_of_the_decision():
    columns = compiled.BarColumns.of([10.0, 11.0, 12.0], [10.5, 11.5, 12.5])
    run = compiled.run(columns, [1.0, 1.0, 0.0], costs=FREE, at="close")
    assert run.fill_bar.tolist() == [0, 2]
    assert run.fill_px.tolist() == [10.5, 12.5]


def test_times_that_are_not_even_charge_borrow_by_the_time_that_passed():
    day = 86_400 * 10**9
    columns = compiled.BarColumns.of(
        [100.0] * 4, [100.0] * 4, ts=np.array([0, 1, 4, 5], dtype=np.int64) * day
    )
    run = compiled.run(columns, [-1.0] * 4, costs=CostConfig(
        taker_bps=0.0, slippage_bps=0.0, spread_bps=0.0, borrow_rate=3.6525))  # fmt: skip
    assert np.diff(run.cash)[1:] == pytest.approx([-3.0, -1.0])  # a hundredth of 100 a day


bar = st.floats(1.0, 1_000.0)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(bar, bar, st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0, math.nan])),
             min_size=1, max_size=40),
    st.floats(0.0, 50.0),
    st.floats(0.0, 50.0),
    st.floats(0.0, 1.0),
)  # fmt: skip
def test_every_account_is_that_of_the_plain_ledger(rows, fee, slip, rate):
    opens, closes, signal = map(list, zip(*rows, strict=True))
    costs = CostConfig(taker_bps=fee, slippage_bps=slip, spread_bps=slip, borrow_rate=rate)
    columns = compiled.BarColumns.of(opens, closes)
    run = compiled.run(columns, signal, costs=costs, size=3.0, leverage=1e12)
    equity, cash, held = ledger(
        opens, closes, signal, costs=costs, funds=100_000.0, size=3.0, per_year=252.0
    )
    assert run.position == pytest.approx(held)
    assert run.cash == pytest.approx(cash, rel=1e-9)
    assert run.equity == pytest.approx(equity, rel=1e-9)
    assert run.equity == pytest.approx(run.cash + run.position * columns.px[1], rel=1e-12)
    assert (run.fill_bar >= 1).all()  # nothing is traded before a decision


@pytest.mark.parametrize(("rule", "sets"), RULES)
def test_what_comes_later_changes_no_earlier_decision(rule, sets):
    columns = walk()
    changed = columns.px.copy()
    cut = 2_100  # inside the second block
    changed[:, cut:] *= np.random.default_rng(3).uniform(0.5, 2.0, changed[:, cut:].shape)
    other = compiled.BarColumns(changed, columns.years, columns.periods_per_year)
    for parameters in sets:
        before = compiled.signal(columns, rule, parameters)
        assert np.array_equal(before[:cut], compiled.signal(other, rule, parameters)[:cut])
        first, second = compiled.run(columns, before), compiled.run(other, before)
        assert np.array_equal(first.equity[:cut], second.equity[:cut])


@pytest.mark.parametrize("sizing", ["share", "units"])
@pytest.mark.parametrize("long_only", [False, True])
@pytest.mark.parametrize(("rule", "sets"), RULES)
def test_a_row_of_a_sweep_is_the_single_run(rule, sets, long_only, sizing):
    columns, costs = walk(), CostConfig(borrow_rate=0.03)
    how = {"costs": costs, "sizing": sizing, "size": 1.0 if sizing == "share" else 100.0}
    table = compiled.sweep(columns, rule, sets, long_only=long_only, **how)
    for k, parameters in enumerate(sets):
        asked = compiled.signal(columns, rule, parameters, long_only=long_only)
        run = compiled.run(columns, asked, **how)
        peak = np.maximum.accumulate(np.concatenate([[run.funds], run.equity]))[1:]
        returns = run.returns()
        assert table.equity[k] == pytest.approx(run.equity[-1], rel=1e-12)
        assert table.fills[k] == run.fill_bar.size > 3
        assert table.refusals[k] == run.refusals
        assert table.fees[k] == pytest.approx(run.fee_total, rel=1e-12)
        assert table.borrow[k] == pytest.approx(run.borrow_total, rel=1e-12)
        assert table.max_drawdown[k] == pytest.approx((run.equity / peak - 1.0).min(), rel=1e-9)
        assert table.exposure[k] == pytest.approx((run.position != 0.0).mean())
        assert table.turnover[k] == pytest.approx(np.abs(run.fill_units * run.fill_px).sum())
        sharpe = returns.mean() / returns.std(ddof=1) * math.sqrt(252.0)
        assert table.sharpe[k] == pytest.approx(sharpe, rel=1e-9)


def test_a_sweep_gives_the_same_bits_on_one_thread_and_two_and_in_any_company():
    columns = walk()
    sets = [[fast, slow] for fast in range(3, 12) for slow in range(20, 60, 10)]
    one = compiled.sweep(columns, "sma_cross", sets)
    two = compiled.sweep(columns, "sma_cross", sets, threads=2)
    for name in ("equity", "sharpe", "max_drawdown", "fees", "turnover", "mean", "std"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()
    alone = compiled.sweep(columns, "sma_cross", sets[7:8])
    assert alone.equity[0] == one.equity[7]


@pytest.mark.parametrize(("rule", "make"), [("sma_cross", RollingMean), ("ema_cross", Ema)])
def test_crosses_are_those_of_the_streaming_averages(rule, make):
    columns, asked, side, last = walk(2_500), [], 0.0, 0
    fast, slow = make(7), make(23)
    for px in columns.px[1]:
        quick, calm = fast.update(float(px)), slow.update(float(px))
        if quick is not None and calm is not None:
            now = 1 if quick > calm else -1
            side = float(now) if now * last < 0 else side
            last = now
        asked.append(side)
    assert compiled.signal(columns, rule, [7, 23]).tolist() == asked


def test_zscores_and_returns_are_those_of_the_plain_window():
    columns = walk(2_200)
    close = columns.px[1]
    asked, want = [], 0.0
    for i in range(close.size):
        if i >= 19:
            window = close[i - 19 : i + 1]
            score = (close[i] - window.mean()) / window.std()
            want = -1.0 if score > 2 else 1.0 if score < -2 else 0.0 if abs(score) <= 0.5 else want
        asked.append(want)
    assert compiled.signal(columns, "zscore_reversion", [20, 2.0, 0.5]).tolist() == asked
    moves = np.concatenate([np.zeros(10), close[10:] / close[:-10] - 1.0])
    trend = np.where(moves > 0.02, 1.0, np.where(moves < -0.02, -1.0, 0.0))
    assert np.array_equal(compiled.signal(columns, "momentum", [10, 0.02]), trend)


def test_a_flat_market_trades_nothing():
    columns = compiled.BarColumns.of(np.full(500, 100.1), np.full(500, 100.1))
    for rule, sets in RULES:
        assert compiled.sweep(columns, rule, sets).fills.tolist() == [0] * len(sets)


def test_an_account_that_lost_everything_has_no_sharpe():
    columns = compiled.BarColumns.of([10, 10, 10, 40.0], [10.0, 9.0, 11.0, 40.0])
    table = compiled.sweep(
        columns, "momentum", [[1, 0.0]], costs=FREE, funds=10.0, leverage=1e9, sizing="units"
    )
    assert table.max_drawdown[0] <= -1.0
    assert math.isnan(table.sharpe[0])


def test_kernels_do_what_their_python_does():
    columns = walk(300)
    costs = np.array([1e-3, 5e-4, 0.05, 1.0, 1.0, 1.0])
    for rule, sets in RULES:
        family, windows, rules = rule_rows(rule, np.array(sets[:1], dtype=float))
        fast, slow = np.empty(300), np.empty(300)
        scores.signal(columns.px[1], family, windows, rules[0], False, fast)
        plain(scores.signal)(columns.px[1], family, windows, rules[0], False, slow)
        assert np.array_equal(fast, slow)
        found = []
        for call in (account.simulate, plain(account.simulate)):
            paths, log, totals = np.empty((3, 300)), np.zeros((4, 99)), np.zeros(3)
            made = call(columns.px, columns.years, fast, costs, 1e5, False, paths, log, totals)
            found.append((made, paths.tobytes(), log.tobytes(), totals.tobytes()))
        assert found[0] == found[1]
    state = np.zeros((2, sweeps.SLOTS))
    state[:, [sweeps.EQUITY, sweeps.PEAK, sweeps.FLOOR]] = 1e5
    worth = np.concatenate([[0.0], 1e5 * columns.px[1] / 100.0])
    sweeps.measure(300, state[0], worth.copy(), np.empty(300))
    plain(sweeps.measure)(300, state[1], worth.copy(), np.empty(300))
    assert state[0].tobytes() == state[1].tobytes()


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda c: compiled.signal(c, "nothing", [1]), "a rule of"),
        (lambda c: compiled.sweep(c, "nothing", [[1]]), "a rule of"),
        (lambda c: compiled.sweep(c, "sma_cross", [1, 2]), "shape"),
        (lambda c: compiled.signal(c, "sma_cross", [20, 10]), "fast < slow"),
        (lambda c: compiled.signal(c, "sma_cross", [1.5, 10]), "whole fast"),
        (lambda c: compiled.signal(c, "sma_cross", [math.nan, 10]), "finite"),
        (lambda c: compiled.signal(c, "zscore_reversion", [20, 1, 2]), "exit < entry"),
        (lambda c: compiled.signal(c, "momentum", [5, -1]), "threshold >= 0"),
        (lambda c: compiled.run(c, [1.0]), "signals"),
        (lambda c: compiled.run(c, np.full(c.size, np.inf)), "infinite"),
        (lambda c: compiled.run(c, np.ones(c.size), funds=0.0), "funds"),
        (lambda c: compiled.run(c, np.ones(c.size), size=-1.0), "size"),
        (lambda c: compiled.run(c, np.ones(c.size), at="never"), "next_open"),
        (lambda c: compiled.run(c, np.ones(c.size), sizing="all"), "sizing"),
        (lambda c: compiled.run(c, np.ones(c.size), out=np.empty(3)), "out"),
        (lambda c: compiled.run(c, np.ones(c.size), costs=CostConfig(impact_eta=0.1)), "impact"),
        (lambda c: compiled.sweep(c, "momentum", [[5, 0]], threads=0), "threads"),
        (lambda c: compiled.BarColumns.of([1.0, math.nan], [1.0, 1.0]), "row 1"),
        (lambda c: compiled.BarColumns.of([1.0, 0.0], [1.0, 1.0]), "row 1"),
        (lambda c: compiled.BarColumns.of([], []), "positive"),
        (lambda c: compiled.BarColumns.of([1.0, 1.0], [1.0, 1.0], ts=[2, 2]), "rising"),
    ],
)
def test_bad_input_is_named(call, told):
    with pytest.raises(ValueError, match=told):
        call(walk(50))
