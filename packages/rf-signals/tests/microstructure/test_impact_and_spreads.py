"""Impact, spreads without quotes, the micro-price: second methods and known answers."""

import math

import numpy as np
import pytest

from rf_signals.microstructure import (
    amihud_illiquidity,
    corwin_schultz_spread,
    fit_stoikov,
    hasbrouck_impact,
    kyle_lambda,
    roll_spread,
    stoikov_adjustment,
)

NAN = float("nan")


def test_kyle_is_the_least_squares_fit_of_a_linear_algebra_library():
    rng = np.random.default_rng(1)
    x = rng.normal(300.0, 1000.0, 200)
    y = 1e-5 + 2e-5 * x + rng.normal(0.0, 0.01, 200)
    fit = kyle_lambda(y, x)
    design = np.column_stack((np.ones(200), x))
    coef, sse, _, _ = np.linalg.lstsq(design, y, rcond=None)
    assert (fit.intercept, fit.slope) == pytest.approx(tuple(coef), rel=1e-9)
    cov = np.linalg.inv(design.T @ design) * sse[0] / 198
    assert fit.t_stat == pytest.approx(coef[1] / math.sqrt(cov[1, 1]), rel=1e-9)
    assert fit.r2 == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2, rel=1e-9)


@pytest.mark.parametrize("unit", [1e-150, 1.0, 1e150])
def test_kyle_scales_with_the_unit_of_volume_and_keeps_its_sign(unit):
    fit = kyle_lambda([0.3, 0.1, 0.2, 0.05], [1.0 * unit, 3.0 * unit, 2.0 * unit, 4.0 * unit])
    assert fit.slope * unit == pytest.approx(-0.085)


@pytest.mark.parametrize(
    ("dp", "volume"),
    [([1.0, 2.0], [1.0, 2.0]), ([1.0, 2.0, 3.0], [5.0] * 3), ([1.0, NAN, 3.0], [1.0, 2.0, 3.0])],
)
def test_kyle_refuses_what_cannot_be_fitted(dp, volume):
    with pytest.raises(ValueError, match="expected"):
        kyle_lambda(dp, volume)


def test_amihud_leaves_out_periods_without_volume():
    assert amihud_illiquidity([0.01, 0.5, -0.03], [100.0, 0.0, 100.0]) == pytest.approx(2e-4)
    for bad in (([0.1], [0.0]), ([0.1], [-1.0]), ([NAN], [1.0])):
        with pytest.raises(ValueError, match="expected"):
            amihud_illiquidity(*bad)


def test_roll_finds_the_spread_of_a_bouncing_price():
    rng = np.random.default_rng(2)
    mid = 100.0 + np.cumsum(rng.normal(0.0, 0.005, 100_000))
    px = mid + 0.05 * rng.choice([-1.0, 1.0], mid.size)
    assert roll_spread(px).spread == pytest.approx(0.1, rel=0.02)


def test_roll_by_hand_and_without_a_bounce():
    found = roll_spread([100.0, 100.0, 101.0, 100.0, 101.0, 100.0, 100.0, 101.0, 100.0])
    assert found.cov == pytest.approx(-2.0 / 3.0, abs=1e-15)
    assert found.spread == pytest.approx(2.0 * math.sqrt(2.0 / 3.0), abs=1e-15)
    trend = roll_spread([1.0, 2.0, 4.0, 8.0, 16.0])
    assert trend.cov > 0.0
    assert trend.spread == 0.0
    with pytest.raises(ValueError, match="at least 4"):
        roll_spread([1.0, 2.0, 3.0])


def test_a_pure_spread_without_volatility_is_recovered_from_highs_and_lows():
    # Mid 100 throughout: highs at the ask, lows at the bid. alpha = ln(ask / bid) by hand.
    found = corwin_schultz_spread([100.5] * 5, [99.5] * 5)
    assert found.spread == pytest.approx(0.01, rel=1e-12)
    assert np.isnan(found.by_day[0])


def test_the_overnight_gap_is_taken_out():
    high, low, close = [101.0, 106.0, 91.0], [100.0, 105.0, 90.0], [100.5, 105.5, 90.5]
    # Day 2 opens 4.5 above the close: moved down to (101.5, 100.5); day 3 moves up by 14.5.
    day_2 = corwin_schultz_spread([101.0, 101.5], [100.0, 100.5], negative="keep").by_day[1]
    day_3 = corwin_schultz_spread([106.0, 105.5], [105.0, 104.5], negative="keep").by_day[1]
    found = corwin_schultz_spread(high, low, close, negative="keep")
    np.testing.assert_allclose(found.by_day[1:], [day_2, day_3], atol=1e-15)


def test_negative_estimates_are_zero_kept_or_dropped_as_asked():
    high, low = [101.0, 111.0, 111.0], [100.0, 110.0, 110.0]
    kept = corwin_schultz_spread(high, low, negative="keep").by_day[1:]
    assert kept[0] < 0.0 < kept[1]
    assert corwin_schultz_spread(high, low).spread == pytest.approx(kept[1] / 2.0)
    dropped = corwin_schultz_spread(high, low, negative="drop")
    assert dropped.spread == pytest.approx(kept[1])
    assert np.isnan(dropped.by_day[1])
    with pytest.raises(ValueError, match="dropped"):
        corwin_schultz_spread(high[:2], low[:2], negative="drop")
    with pytest.raises(ValueError, match="low at most high"):
        corwin_schultz_spread([1.0, 1.0], [1.0, 2.0])


def simulated_trades(n, a, b, c, d, seed):
    """Return returns and trades of a known system of order 1."""
    rng = np.random.default_rng(seed)
    r, x = np.zeros(n), np.zeros(n)
    for i in range(1, n):
        x[i] = c * r[i - 1] + d * x[i - 1] + rng.normal()
        r[i] = a * r[i - 1] + b[0] * x[i] + b[1] * x[i - 1] + 0.5 * rng.normal()
    return r, x


def test_the_impact_of_a_known_system_is_recovered():
    r, x = simulated_trades(20_000, -0.2, (0.6, 0.1), -0.1, 0.3, seed=4)
    found = hasbrouck_impact(r, x, lags=1, horizon=40)
    # (1 + 0.2) R = 0.7 X and (1 - 0.3) X = 1 - 0.1 R.
    assert found.long_run == pytest.approx(0.7 / (1.2 * 0.7 + 0.7 * 0.1), rel=0.03)
    assert found.stable
    assert found.return_on_trade == pytest.approx([0.6, 0.1], abs=0.03)
    assert found.trade_on_return[0] == pytest.approx(-0.1, abs=0.03)
    assert 0.0 < found.trade_share < 1.0


def test_the_response_tends_to_the_long_run_and_starts_with_the_trade():
    r, x = simulated_trades(2000, -0.2, (0.6, 0.1), -0.1, 0.3, seed=5)
    found = hasbrouck_impact(r, x, lags=3, horizon=200)
    assert found.response[-1] == pytest.approx(found.long_run, rel=1e-12)
    assert found.response[0] == found.return_on_trade[0]
    scaled = hasbrouck_impact(1e-6 * r, 1e4 * x, lags=3)
    assert scaled.long_run == pytest.approx(1e-10 * found.long_run, rel=1e-8)
    assert scaled.trade_share == pytest.approx(found.trade_share, rel=1e-8)


def test_an_explosive_system_is_flagged_and_has_no_long_run():
    x = np.random.default_rng(6).normal(size=60)
    r = 0.1 * x
    r[1:] += 0.0
    for i in range(1, 60):
        r[i] += 1.2 * r[i - 1]
    found = hasbrouck_impact(r + 1e-9 * np.random.default_rng(7).normal(size=60), x, lags=1)
    assert not found.stable
    assert math.isnan(found.long_run)
    assert math.isnan(found.trade_share)


@pytest.mark.parametrize(
    ("returns", "trades"),
    [
        (np.arange(9.0), np.arange(9.0) % 2),
        (np.zeros(40), np.random.default_rng(1).normal(size=40)),
        (np.random.default_rng(1).normal(size=40), np.ones(40)),
    ],
)
def test_impact_refuses_too_little_and_what_does_not_vary(returns, trades):
    with pytest.raises(ValueError, match="expected"):
        hasbrouck_impact(returns, trades, lags=2)


# Stoikov's three-state example; G1 = 3/2200, G* = 3/2500 by exact fractions.
Q = [[0.5, 0.2, 0.05], [0.15, 0.4, 0.15], [0.05, 0.2, 0.5]]
R = [[0.2, 0.05], [0.15, 0.15], [0.05, 0.2]]
T = [[0.025, 0.125, 0.1], [0.075, 0.15, 0.075], [0.1, 0.125, 0.025]]
K = [-0.005, 0.005]


def test_the_micro_price_adjustment_of_a_small_model_is_exact():
    found = stoikov_adjustment(Q, R, T, K)
    np.testing.assert_allclose(found.first, [-0.003 / 2.2, 0.0, 0.003 / 2.2], atol=1e-17)
    np.testing.assert_allclose(found.total, [-0.0012, 0.0, 0.0012], atol=1e-16)


def test_the_adjustment_is_the_sum_of_the_series():
    rng = np.random.default_rng(8)
    both = rng.random((6, 12))
    both /= both.sum(axis=1, keepdims=True)
    turn = np.eye(6)[::-1]
    quiet, after = ((part + turn @ part @ turn) / 2.0 for part in (both[:, :6], both[:, 6:]))
    down = after.sum(axis=1) * rng.random(6)
    moves = np.column_stack((down, after.sum(axis=1) - down))
    moves = (moves + turn @ moves[:, ::-1]) / 2.0
    found = stoikov_adjustment(quiet, moves, after, [-0.5, 0.5])
    chain = np.linalg.solve(np.eye(6) - quiet, after)
    total, term = np.zeros(6), found.first
    for _ in range(300):
        total, term = total + term, chain @ term
    np.testing.assert_allclose(found.total, total, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("K", [-0.005, 0.006], "drift"),
        ("R", [[0.25, 0.05], [0.15, 0.15], [0.05, 0.2]], "sum to at most 1"),
        ("T", np.zeros((3, 3)), "one sum"),
        ("Q", np.eye(3), "sum to at most 1"),
        ("Q", [[0.5]], "expected Q"),
        ("T", -np.array(T), "not negative"),
    ],
)
def test_models_without_an_answer_are_refused(name, value, match):
    model = {"Q": Q, "R": R, "T": T, "K": K} | {name: value}
    with pytest.raises(ValueError, match=match):
        stoikov_adjustment(*model.values())


def test_a_periodic_chain_and_a_mid_that_never_moves_are_refused():
    swap = [[0.0, 1.0], [1.0, 0.0]]
    with pytest.raises(ValueError, match="converge"):
        stoikov_adjustment(np.zeros((2, 2)), [[1.0, 0.0], [0.0, 1.0]], swap, [-1.0, 1.0])
    with pytest.raises(ValueError, match="singular"):
        stoikov_adjustment(np.eye(2), np.zeros((2, 1)), np.zeros((2, 2)), [1.0])


def simulated_quotes(n, seed):
    """Return quotes whose next change of the mid follows the heavier side three times in four."""
    rng = np.random.default_rng(seed)
    bid, bid_size, ask_size = np.empty(n), np.empty(n), np.empty(n)
    px = 100
    for i in range(n):
        heavy = rng.random() < 0.5
        bid[i], bid_size[i], ask_size[i] = px, (9.0 if heavy else 1.0), (1.0 if heavy else 9.0)
        if rng.random() < 0.4:
            px += 1 if (rng.random() < 0.75) == heavy else -1
    return bid, bid_size, bid + 1.0, ask_size


def test_a_fitted_model_finds_the_known_adjustment_and_is_symmetric():
    quotes = simulated_quotes(20_000, seed=9)
    model = fit_stoikov(*quotes, tick=1.0, n_imbalance=2, n_spread=1)
    # States are drawn anew each time. A move comes at once with 0.4 (mean 0.5 ticks to the heavy
    # side); else the next state is heavy or light alike: the expected first move is 0.4 * 0.5.
    np.testing.assert_allclose(model.total, [[-0.2, 0.2]], atol=0.02)
    assert model.total[0, 0] == pytest.approx(-model.total[0, 1], rel=1e-9)
    assert model.visits.sum() == 2 * 19_999
    px = model.micro_price([100.0], [9.0], [101.0], [1.0])
    assert px[0] == pytest.approx(100.5 + model.total[0, 1])


def test_states_never_seen_have_no_micro_price():
    quotes = simulated_quotes(500, seed=10)
    model = fit_stoikov(*quotes, tick=1.0, n_imbalance=10, n_spread=3)
    assert np.isnan(model.micro_price([100.0], [5.0], [101.0], [5.0])[0])
    assert np.isnan(model.total).sum() == 28
    assert np.isfinite(model.micro_price([100.0], [1.0], [101.0], [9.0])[0])


def test_a_balanced_book_is_worth_its_mid():
    bid, bid_size, ask, ask_size = simulated_quotes(4000, seed=11)
    bid_size[::5] = ask_size[::5] = 5.0
    model = fit_stoikov(bid, bid_size, ask, ask_size, tick=1.0, n_imbalance=4, n_spread=1)
    assert model.micro_price([100.0], [5.0], [101.0], [5.0]).tolist() == [100.5]
    np.testing.assert_allclose(model.total, -model.total[:, ::-1], atol=1e-12)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"ask_px": [10.0, 12.0]}, "spread"),
        ({"bid_sz": [0.0, 1.0], "ask_sz": [0.0, 1.0]}, "size"),
        ({"tick": 0.0}, "tick"),
        ({"bid_px": [10.0]}, "one shape"),
        ({}, "singular"),
    ],
)
def test_quotes_that_cannot_be_fitted_are_refused(change, match):
    given = {
        "bid_px": [10.0, 10.0],
        "bid_sz": [1.0, 1.0],
        "ask_px": [11.0, 11.0],
        "ask_sz": [1.0, 1.0],
    }
    options = {"tick": 1.0, "n_imbalance": 1, "n_spread": 1}
    options |= {name: value for name, value in change.items() if name in options}
    given |= {name: value for name, value in change.items() if name in given}
    with pytest.raises(ValueError, match=match):
        fit_stoikov(*given.values(), **options)
