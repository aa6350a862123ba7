import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_backtest import bootstrap, first_passage, gamblers_ruin, round_trips, walk_forward
from rf_backtest.resampling import block_length


def test_a_bootstrap_has_the_moments_of_its_sample():
    rng = np.random.default_rng(1)
    pnl = rng.normal(5.0, 100.0, 200)

    told = bootstrap(pnl, start=10_000.0, simulations=20_000, rng=rng, compound=False)

    assert told.final.mean() == pytest.approx(10_000.0 + pnl.sum(), abs=4 * pnl.std())
    assert told.final.std() == pytest.approx(pnl.std() * np.sqrt(pnl.size), rel=0.03)


def test_the_same_seed_gives_the_same_futures():
    pnl = np.linspace(-1.0, 1.2, 30)
    first, second = (
        bootstrap(pnl, start=5.0, simulations=50, rng=np.random.default_rng(3), compound=False)
        for _ in range(2)
    )
    assert np.array_equal(first.final, second.final)


def test_blocks_keep_streaks_together():
    streaky = np.repeat([0.02, -0.02] * 10, 10)
    rng = np.random.default_rng(6)

    alone = bootstrap(streaky, start=1.0, simulations=2_000, rng=rng)
    together = bootstrap(streaky, start=1.0, simulations=2_000, rng=rng, block=10)

    assert together.drawdown.mean() > 1.3 * alone.drawdown.mean()


def test_ruin_counts_a_touch_at_any_time():
    told = bootstrap(
        [-5.0, 5.0], start=10.0, simulations=5_000, rng=np.random.default_rng(8),
        compound=False, ruin=5.0,
    )  # fmt: skip
    assert told.ruined == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("win", [0.3, 0.5, 0.6])
def test_ruin_is_that_of_simulated_gamblers(win):
    rng = np.random.default_rng(5)
    steps = np.where(rng.random((4_000, 600)) < win, 1, -1).cumsum(axis=1) + 4
    low = np.where((steps <= 0).any(axis=1), (steps <= 0).argmax(axis=1), 10_000)
    high = np.where((steps >= 10).any(axis=1), (steps >= 10).argmax(axis=1), 10_000)
    assert gamblers_ruin(win, start=4, target=10) == pytest.approx((low < high).mean(), abs=0.03)


@given(st.floats(0.0, 1.0), st.integers(1, 400), st.integers(1, 400))
def test_ruin_is_a_probability_however_long_the_game(win, start, more):
    assert 0.0 <= gamblers_ruin(win, start=start, target=start + more) <= 1.0


def test_a_watched_barrier_is_touched_as_often_as_theory_says():
    rng = np.random.default_rng(12)
    dt = 1.0 / 2_000
    moves = rng.normal((0.1 - 0.02) * dt, 0.2 * np.sqrt(dt), (4_000, 2_000)).cumsum(axis=1)
    shift = np.exp(0.5826 * 0.2 * np.sqrt(dt))
    seen = (np.exp(moves.min(axis=1)) < 0.9 * shift).mean()
    assert first_passage(0.9, mu=0.1, sigma=0.2, tau=1.0) == pytest.approx(seen, abs=0.03)


@given(st.integers(10, 200), st.integers(1, 6), st.integers(0, 3))
def test_tests_follow_their_training_and_cover_the_end(n, folds, gap):
    if n // (folds + 1) < 1 or n - folds * (n // (folds + 1)) - gap < 1:
        return
    windows = walk_forward(n, folds, gap=gap)
    assert windows[-1].test_end == n
    for window in windows:
        assert 0 <= window.train_start < window.train_end
        assert window.test_start - window.train_end == gap


def test_rolling_windows_forget():
    assert all(w.train_end - w.train_start <= 7 for w in walk_forward(60, 4, max_train_size=7))


@pytest.mark.parametrize("bad", [{"folds": 0}, {"folds": 60}, {"folds": 2, "gap": -1}])
def test_windows_that_do_not_fit_are_refused(bad):
    with pytest.raises(ValueError, match="expected"):
        walk_forward(50, **bad)


@given(
    st.lists(
        st.tuples(st.integers(-20, 20).filter(bool), st.integers(1, 500)), min_size=1, max_size=30
    )
)
def test_round_trips_and_what_is_left_explain_the_cash(fills):
    from decimal import Decimal

    exact = [(Decimal(q), Decimal(p)) for q, p in fills]
    trips = round_trips(exact)
    cash = -sum(q * p for q, p in exact)
    held = sum(q for q, _ in exact)
    mark = Decimal(250)
    realised = sum(trip.pnl for trip in trips)
    left = [[q, p] for q, p in exact]
    for trip in trips:
        left[trip.opened][0] -= trip.quantity
        left[trip.closed][0] += trip.quantity
    open_pnl = sum(q * (mark - p) for q, p in left)
    assert sum(q for q, _ in left) == held
    assert realised + open_pnl == cash + held * mark


@pytest.mark.parametrize("rho", [0.3, 0.6])
def test_the_block_of_an_autoregression_is_that_of_its_closed_form(rho):
    """With covariance r0 rho^k the best block is (2 rho / (1 - rho^2))^(2/3) n^(1/3)."""
    rng = np.random.default_rng(12)
    found = []
    for _ in range(40):
        shocks = rng.standard_normal(2_000)
        path = np.empty(2_000)
        value = 0.0
        for place, shock in enumerate(shocks):
            value = rho * value + shock
            path[place] = value
        found.append(block_length(path))
    best = (2.0 * rho / (1.0 - rho**2)) ** (2.0 / 3.0) * 2_000 ** (1.0 / 3.0)
    assert np.median(found) == pytest.approx(best, rel=0.2)


def test_noise_needs_no_blocks_and_a_flat_series_neither():
    rng = np.random.default_rng(13)
    assert np.median([block_length(rng.standard_normal(500)) for _ in range(50)]) < 2.0
    assert block_length([0.5] * 10) == 1.0
    with pytest.raises(ValueError, match="at least 3"):
        block_length([0.1, 0.2])
