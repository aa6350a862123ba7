"""Events of the twin: each threshold from both sides, and crashes that really happen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rf_swarm_sim.market import (
    SwarmConfig,
    SwarmRun,
    TwinKind,
    flash_crash,
    simulate,
    twin_event,
    twin_events,
)

ROUNDS = 20


def calm(**columns: object) -> SwarmRun:
    """Return a run in which nothing moves, with some columns replaced."""
    run = simulate(SwarmConfig.twin(agents=1_000), px=100.0, rounds=ROUNDS, seed=1)
    flat = {
        "mid": np.full(ROUNDS, 100.0),
        "fundamental": np.full(ROUNDS, 100.0),
        "net_flow": np.zeros(ROUNDS),
        "spread_bps": np.full(ROUNDS, 2.0),
    }
    return replace(run, **(flat | columns))


def ramp(total: float) -> np.ndarray:
    """Return a price that moves by `total` in the rounds 8 to 12 and stays there."""
    return 100.0 * (1.0 + total * np.clip((np.arange(ROUNDS) - 7) / 5.0, 0.0, 1.0))


@pytest.fixture(scope="module")
def base() -> SwarmRun:
    return calm()


def test_nothing_happens_when_nothing_moves(base):
    assert twin_events(base) == ()
    assert twin_event(base, 3).kind is TwinKind.NORMAL


def test_a_fall_with_sales_is_a_flash_crash(base):
    sales = np.where((np.arange(ROUNDS) >= 8) & (np.arange(ROUNDS) < 13), -11_000.0, 0.0)
    run = replace(base, mid=ramp(-0.021), fundamental=ramp(-0.021), net_flow=sales)
    event = twin_event(run, 12)  # -2.1 % and -55,000, of -50,000 for 1,000 agents
    assert event.kind is TwinKind.FLASH_CRASH
    assert event.severity == pytest.approx(1.05)


@pytest.mark.parametrize(("fall", "sale"), [(-0.019, -11_000.0), (-0.021, -9_900.0)])
def test_a_smaller_fall_or_fewer_sales_are_no_crash(base, fall, sale):
    sales = np.where((np.arange(ROUNDS) >= 8) & (np.arange(ROUNDS) < 13), sale, 0.0)
    run = replace(base, mid=ramp(fall), fundamental=ramp(fall), net_flow=sales)
    assert twin_event(run, 12).kind is TwinKind.NORMAL


@pytest.mark.parametrize(
    ("spread", "flow", "kind"),
    [
        (101.0, 99.0, TwinKind.LIQUIDITY_VACUUM),
        (101.0, -101.0, TwinKind.NORMAL),
        (99.0, 0.0, TwinKind.NORMAL),
        (np.nan, 0.0, TwinKind.LIQUIDITY_VACUUM),
    ],
)
def test_a_wide_spread_without_trading_is_a_vacuum(base, spread, flow, kind):
    run = replace(base, spread_bps=np.full(ROUNDS, spread), net_flow=np.full(ROUNDS, flow))
    assert twin_event(run, 10).kind is kind


@pytest.mark.parametrize(("value", "kind"), [(95.0, TwinKind.BUBBLE), (95.3, TwinKind.NORMAL)])
def test_a_price_far_above_value_is_a_bubble(base, value, kind):
    run = replace(base, fundamental=np.full(ROUNDS, value))
    assert twin_event(run, 10).kind is kind


@pytest.mark.parametrize(("size", "kind"), [(1.1, TwinKind.MOMENTUM_CRASH), (0.4, TwinKind.NORMAL)])
def test_large_reversals_in_a_row_are_a_momentum_crash(base, size, kind):
    step = size * base.config.round_vol(base.vol)
    saw = 100.0 * (1.0 + step * (np.arange(ROUNDS) % 2))
    run = replace(base, mid=saw, fundamental=saw)
    assert twin_event(run, 15).kind is kind


def test_a_simulated_crash_is_seen():
    run = simulate(
        SwarmConfig(agents=5_000), px=100.0, rounds=30, seed=1, scenario=flash_crash(8.0)
    )
    crashes = [e for e in twin_events(run) if e.kind is TwinKind.FLASH_CRASH]
    assert crashes
    assert crashes[0].round < 10
    assert max(event.severity for event in crashes) > 2.0


@pytest.mark.parametrize("number", [-1, ROUNDS, 1.0])
def test_a_round_that_is_not_there_is_refused(base, number):
    with pytest.raises(ValueError, match="a round in"):
        twin_event(base, number)
