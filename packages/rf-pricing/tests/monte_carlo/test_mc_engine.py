"""Seeds, threads, stopping, progress, bad input, and what a user's own payoff sees."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rf_pricing.monte_carlo import (
    Asian,
    Barrier,
    Basket,
    Digital,
    European,
    Gbm,
    Heston,
    Lookback,
    McResult,
    Merton,
    MultiAssetGbm,
    SimulationInterruptedError,
    mc_price,
)
from rf_pricing.monte_carlo.moments import Moments

GBM = Gbm(spot=100.0, vol=0.2, rate=0.03)
HESTON = Heston(spot=100.0, v0=0.04, kappa=1.5, theta=0.05, sigma=0.6, rho=-0.7, rate=0.03)
MERTON = Merton(spot=100.0, vol=0.2, intensity=0.8, jump_mean=-0.1, jump_sd=0.2)


@pytest.mark.parametrize(
    ("model", "payoff", "mode"),
    [
        (GBM, Asian(100.0), {"control": True}),
        (GBM, Lookback(), {"antithetic": True}),
        (HESTON, European(100.0), {"control": True}),
        (HESTON, Barrier(100.0, 80.0, "down-out"), {"sobol": True}),
    ],
)
def test_equal_seeds_give_equal_bits_on_any_number_of_threads(model, payoff, mode):
    runs = [
        mc_price(model, payoff, 1.0, paths=8192, steps=16, seed=42, threads=threads, **mode)
        for threads in (1, 2, 1, 3)
    ]
    assert len(set(runs)) == 1


def test_other_seeds_give_other_values():
    values = {
        mc_price(GBM, European(100.0), 1.0, paths=1024, steps=1, seed=seed).value
        for seed in (0, 1, 2**32, 2**64 - 1)
    }
    assert len(values) == 4


@pytest.mark.parametrize(
    "mode", [{}, {"antithetic": True}, {"control": True}, {"sobol": True, "control": True}]
)
def test_the_standard_error_is_that_of_repeated_runs(mode):
    runs = [
        mc_price(GBM, European(100.0), 1.0, paths=1024, steps=2, seed=seed, **mode)
        for seed in range(200)
    ]
    spread = np.std([run.value for run in runs], ddof=1)
    claimed = math.sqrt(np.mean([run.std_error**2 for run in runs]))
    assert spread == pytest.approx(claimed, rel=0.2)


def test_plain_and_controlled_errors_are_both_reported():
    found = mc_price(GBM, Asian(100.0), 1.0, paths=16384, steps=12, seed=1, control=True)
    plain = mc_price(GBM, Asian(100.0), 1.0, paths=16384, steps=12, seed=1)
    assert found.plain_std_error == pytest.approx(plain.std_error, rel=1e-12)
    assert found.std_error < plain.std_error / 20
    assert plain.plain_std_error == plain.std_error
    low, high = plain.interval()
    assert high - low == pytest.approx(2 * 1.96 * plain.std_error)


def test_progress_ends_at_all_paths_and_never_falls():
    seen = []
    mc_price(
        HESTON,
        European(100.0),
        1.0,
        paths=20000,
        steps=100,
        seed=1,
        antithetic=True,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen[-1] == (20000, 20000)
    assert len(seen) > 2
    assert seen == sorted(seen)


def test_a_target_ends_the_simulation_early():
    found = mc_price(
        HESTON, European(100.0), 1.0, paths=1_000_000, steps=50, seed=1, target_std_error=0.1
    )
    assert found.std_error <= 0.1
    assert not found.complete
    assert found.paths < 100_000
    quasi = mc_price(
        GBM, European(100.0), 1.0, paths=65536, steps=1, seed=1, sobol=True, target_std_error=1.0
    )
    assert quasi.paths == 32768


def test_an_interruption_carries_what_was_done():
    def stop_soon(done, total):
        if done > total // 3:
            raise KeyboardInterrupt

    with pytest.raises(SimulationInterruptedError) as caught:
        mc_price(HESTON, European(100.0), 1.0, paths=30000, steps=100, seed=1, progress=stop_soon)
    partial = caught.value.partial
    assert isinstance(partial, McResult)
    assert not partial.complete
    same = mc_price(HESTON, European(100.0), 1.0, paths=partial.paths, steps=100, seed=1)
    assert (partial.value, partial.std_error) == (same.value, same.std_error)


def test_a_number_of_paths_that_fills_no_chunk_counts_only_its_own():
    found = mc_price(GBM, European(100.0), 1.0, paths=101, steps=1, seed=1)
    assert found.paths == 101
    assert found.complete


@dataclass(frozen=True)
class AboveForDays:
    """A user's payoff: one unit for every time the spot is above the level."""

    level: float
    every_time: bool = True
    bridged: bool = False

    def fixings(self, tau):
        return (0.3 * tau,)

    def values(self, block):
        assert block.spot().shape == (block.count, block.times.size)
        return (block.spot() > self.level).sum(axis=1).astype(float)


def test_a_payoff_of_ones_own_sees_the_whole_path_at_its_dates():
    found = mc_price(GBM, AboveForDays(100.0), 1.0, paths=8192, steps=4, seed=1, control=True)
    assert found.steps == 5
    assert 1.0 < found.value < 5.0


def test_dates_on_the_grid_are_not_doubled():
    dates = (0.1, 0.2, 0.30000000000000004, 1.0)
    found = mc_price(GBM, Asian(100.0, dates=dates), 1.0, paths=1024, steps=10, seed=1)
    assert found.steps == 10


@settings(max_examples=25, deadline=None)
@example(v0=2.220446049250313e-16, theta=0.0, kappa=0.0, sigma=1.0, rho=0.0, tau=1.5879855770128302)
@example(v0=1e-30, theta=0.0, kappa=1.0, sigma=1.0, rho=0.0, tau=1.0)
@given(
    v0=st.floats(0.0, 1.0),
    theta=st.floats(0.0, 1.0),
    kappa=st.floats(0.0, 20.0),
    sigma=st.floats(0.0, 2.0),
    rho=st.floats(-1.0, 0.2),
    tau=st.floats(0.01, 5.0),
)
def test_heston_keeps_the_forward_for_any_parameters(v0, theta, kappa, sigma, rho, tau):
    model = Heston(spot=100.0, v0=v0, kappa=kappa, theta=theta, sigma=sigma, rho=rho, rate=0.02)
    payoffs = [European(100.0, is_call=is_call) for is_call in (True, False)]
    call, put = (
        mc_price(model, payoff, tau, paths=1024, steps=64, seed=1, control=True)
        for payoff in payoffs
    )
    parity = 100.0 - 100.0 * math.exp(-0.02 * tau)
    sure = 6.0 * (call.std_error + put.std_error) + 1e-6 * 100.0  # a millionth of the spot
    assert abs(call.value - put.value - parity) < sure
    assert math.isfinite(call.std_error)


def test_moments_merged_in_blocks_are_those_of_the_whole():
    samples = np.random.default_rng(1).normal(1e6, 1.0, (3, 1000))
    moments = Moments(3)
    for part in np.array_split(samples, 7, axis=1):
        moments.add(part)
    assert np.allclose(moments.mean, samples.mean(axis=1), rtol=1e-14)
    assert np.allclose(moments.scatter / 999, np.cov(samples), rtol=1e-9, atol=1e-12)


def pricing(model=GBM, payoff=None, tau=1.0, **changes):
    wanted = {"paths": 1024, "steps": 2, "seed": 1} | changes
    return mc_price(model, payoff or European(100.0), tau, **wanted)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: Gbm(spot=0.0, vol=0.2), "spot"),
        (lambda: Gbm(spot=100.0, vol=-0.2), "vol"),
        (lambda: Gbm(spot=100.0, vol=math.nan), "vol"),
        (lambda: Gbm(spot=100.0, vol=0.2, rate=math.inf), "rate"),
        (lambda: Gbm(spot="100", vol=0.2), "spot"),
        (lambda: Gbm(spot=True, vol=0.2), "spot"),
        (lambda: Merton(spot=1.0, vol=0.1, intensity=-1.0, jump_mean=0.0, jump_sd=0.1), "intens"),
        (lambda: Merton(spot=1.0, vol=0.1, intensity=1.0, jump_mean=900.0, jump_sd=0.1), "jump_m"),
        (lambda: Heston(spot=1.0, v0=-0.1, kappa=1, theta=0.1, sigma=0.1, rho=0), "v0"),
        (lambda: Heston(spot=1.0, v0=0.1, kappa=1, theta=0.1, sigma=0.1, rho=1.1), "rho"),
        (lambda: MultiAssetGbm(spot=[1, 2], vol=[0.1], correlation=np.eye(2)), "vol"),
        (lambda: MultiAssetGbm(spot=[1, 2], vol=[0.1, 0.1], correlation=np.eye(3)), "correlation"),
        (
            lambda: MultiAssetGbm(spot=[1, 2], vol=[0.1, 0.1], correlation=[[1, 2], [2, 1]]),
            "correlation",
        ),
        (
            lambda: MultiAssetGbm(spot=[1, 2], vol=[0.1, 0.1], correlation=[[1, 0], [0.5, 1]]),
            "correlation",
        ),
        (lambda: European(-1.0), "strike"),
        (lambda: European(100.0, is_call=1), "is_call"),
        (lambda: Digital(math.nan), "strike"),
        (lambda: Asian(100.0, "harmonic"), "average"),
        (lambda: Asian(100.0, dates=(0.5, 0.5)), "dates"),
        (lambda: Asian(100.0, dates=(0.5,), continuous=True), "dates"),
        (lambda: Asian(100.0, dates=()), "dates"),
        (lambda: Barrier(100.0, 90.0, "out"), "kind"),
        (lambda: Barrier(100.0, 0.0, "up-out"), "level"),
        (lambda: Lookback(0.0), "strike"),
        (lambda: Basket(1.0, ()), "weights"),
        (lambda: pricing(tau=0.0), "tau"),
        (lambda: pricing(tau=math.nan), "tau"),
        (lambda: pricing(paths=1), "paths"),
        (lambda: pricing(paths=100.0), "paths"),
        (lambda: pricing(steps=0), "steps"),
        (lambda: pricing(seed=-1), "seed"),
        (lambda: pricing(seed=2**64), "seed"),
        (lambda: pricing(threads=0), "threads"),
        (lambda: pricing(paths=101, antithetic=True), "antithetic"),
        (lambda: pricing(sobol=True, antithetic=True), "sobol"),
        (lambda: pricing(paths=1000, sobol=True), "paths"),
        (lambda: pricing(sobol=True, steps=30000), "sobol"),
        (lambda: pricing(target_std_error=0.0), "target_std_error"),
        (lambda: pricing(payoff=Asian(100.0, dates=(0.5, 2.0))), "dates"),
        (lambda: pricing(payoff=Basket(100.0, (0.5, 0.5))), "weights"),
        (lambda: pricing(MERTON, Barrier(100.0, 90.0, "down-out")), "continuous"),
        (lambda: pricing(Gbm(spot=1.0, vol=0.2, rate=800.0)), "rate"),
        (
            lambda: pricing(
                Heston(spot=1.0, v0=0.1, kappa=10.0, theta=0.1, sigma=2.0, rho=0.9), tau=4.0
            ),
            "steps",
        ),
        (
            lambda: pricing(
                Merton(spot=1.0, vol=0.1, intensity=2000.0, jump_mean=0.0, jump_sd=0.01)
            ),
            "jumps",
        ),
    ],
)
def test_bad_input_is_refused_by_name(call, named):
    with pytest.raises(ValueError, match=named):
        call()


def test_spots_out_of_range_are_no_number():
    with pytest.raises(OverflowError, match="range"):
        pricing(Gbm(spot=1e308, vol=1.0), European(1.0))
