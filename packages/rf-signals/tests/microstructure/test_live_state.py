"""Toxicity, regimes, the health of signals and stakes: one value at a time."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from rf_signals.alpha import (
    Alpha,
    AlphaHealth,
    AlphaState,
    KellyTracker,
    alpha_state,
    composite,
    fractional_kelly,
    spearman_ic,
)
from rf_signals.microstructure import ToxicityAction, ToxicityConfig, ToxicityDetector
from rf_signals.regime import PARAMETERS, Regime, RegimeClassifier, VolRatio

CHECKED = settings(deadline=None, max_examples=60)
NAN = float("nan")


def fill_and_move(detector, side, move):
    """Let one fill be judged after a move of the mid."""
    detector.on_fill(side, 100.0)
    for _ in range(3):
        detector.on_mid(100.0 + move)


def test_a_fill_is_not_judged_before_the_look_back_is_over():
    detector = ToxicityDetector()
    detector.on_fill(1, 100.0)
    assert [detector.on_mid(mid) for mid in (90.0, 90.0)] == [0.0, 0.0]
    assert detector.n_waiting == 1
    assert detector.on_mid(99.9) == 0.0  # the price came back in time
    assert detector.toxic_share == 0.0
    detector.on_fill(1, 100.0)
    assert [detector.on_mid(mid) for mid in (101.0, 101.0, 99.4)] == [0.0, 0.0, 0.15]


def test_the_side_decides_what_is_adverse_and_the_threshold_is_exclusive():
    detector = ToxicityDetector()
    fill_and_move(detector, -1, 0.6)
    fill_and_move(detector, 1, 0.6)
    fill_and_move(detector, 1, -0.5)
    assert detector.toxic_share == pytest.approx(1.0 / 3.0)


def test_toxic_fills_widen_and_five_in_a_row_halt():
    detector = ToxicityDetector()
    actions = []
    for _ in range(5):
        fill_and_move(detector, 1, -1.0)
        actions.append(detector.action)
    normal, widen = ToxicityAction.NORMAL, ToxicityAction.WIDEN
    assert actions == [normal, normal, widen, widen, ToxicityAction.HALT_PASSIVE]
    assert detector.score == pytest.approx(1.0 - 0.85**5)
    assert detector.size_factor == 0.0
    fill_and_move(detector, 1, 1.0)
    assert detector.action is widen
    excess = 0.85 * (1.0 - 0.85**5) - 0.35
    assert detector.spread_factor == pytest.approx(2.0 + 5.0 * excess)
    assert detector.size_factor == pytest.approx(max(0.5 - excess, 0.1))


def test_a_high_score_halts_without_a_row_and_a_reset_forgets():
    detector = ToxicityDetector(ToxicityConfig(consecutive=100))
    for _ in range(7):
        fill_and_move(detector, 1, -1.0)
    assert detector.score > 0.65
    assert detector.action is ToxicityAction.HALT_PASSIVE
    detector.on_fill(1, 100.0)
    detector.reset()
    assert (detector.score, detector.run, detector.n_waiting) == (0.0, 0, 0)
    assert detector.toxic_share is None
    assert (detector.spread_factor, detector.size_factor) == (1.0, 1.0)


@pytest.mark.parametrize(
    "change",
    [{"alpha": 0.0}, {"warn": 0.7}, {"adverse_move": NAN}, {"lookback": 0}, {"history": 1.5}],
)
def test_settings_of_the_detector_that_cannot_be_are_refused(change):
    with pytest.raises(ValueError, match="expected"):
        ToxicityConfig(**change)


def test_bad_fills_and_mids_are_refused():
    detector = ToxicityDetector()
    for bad in ((0, 100.0), (1, NAN)):
        with pytest.raises(ValueError, match="expected"):
            detector.on_fill(*bad)
    with pytest.raises(ValueError, match="expected"):
        detector.on_mid(math.inf)


def test_the_ratio_starts_at_one_and_does_not_depend_on_the_unit():
    values = np.abs(np.random.default_rng(1).normal(size=50))
    one, other = VolRatio(), VolRatio()
    told = [one.update(float(v)) for v in values]
    assert told[0] == 1.0
    assert [other.update(1e-3 * float(v)) for v in values] == pytest.approx(told, rel=1e-12)
    fast = slow = values[0]
    for v in values[1:]:
        fast, slow = fast + 0.15 * (v - fast), slow + 0.03 * (v - slow)
    assert told[-1] == pytest.approx(fast / slow)


def test_quiet_values_before_the_first_move_are_not_a_crisis():
    regime = RegimeClassifier()
    assert [regime.update(vol) for vol in (0.0, 0.0, 0.01, 0.01)] == [Regime.NORMAL] * 4
    assert regime.ratio == 1.0


def test_a_regime_changes_after_five_agreeing_values_and_a_crisis_at_once():
    regime = RegimeClassifier()
    for _ in range(50):
        regime.update(1.0)
    told = [regime.update(20.0) for _ in range(8)]
    first = told.index(Regime.HIGH) if Regime.HIGH in told else None
    crisis = told.index(Regime.CRISIS)
    assert first is None or first >= 4
    assert regime.ratio > 2.5
    assert told[crisis:] == [Regime.CRISIS] * (8 - crisis)
    assert regime.parameters is PARAMETERS[Regime.CRISIS]
    calm = [regime.update(0.1) for _ in range(60)]
    assert calm[0] is Regime.CRISIS
    assert calm[-1] is Regime.LOW


def test_one_value_that_disagrees_starts_the_count_anew():
    regime = RegimeClassifier(fast=1.0, slow=1e-9, debounce=3)
    regime.update(1.0)
    told = [regime.update(v) for v in (2.0, 2.0, 1.0, 2.0, 2.0, 0.5, 2.0, 2.0, 2.0)]
    assert told == [Regime.NORMAL] * 8 + [Regime.HIGH]


def test_bad_input_to_the_classifier_is_refused():
    for change in ({"fast": 0.01}, {"low": 2.0}, {"debounce": 0}, {"crisis": math.inf}):
        with pytest.raises(ValueError, match="expected"):
            RegimeClassifier(**change)
    for vol in (-1.0, NAN, math.inf):
        with pytest.raises(ValueError, match="vol"):
            RegimeClassifier().update(vol)


@CHECKED
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=40))
def test_the_rank_correlation_is_that_of_a_statistics_library(pairs):
    x, y = ([float(value) for value in column] for column in zip(*pairs, strict=True))
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert math.isnan(spearman_ic(x, y))
    else:
        assert spearman_ic(x, y) == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)


def test_bad_pairs_are_refused():
    for x, y in (([1.0], [1.0]), ([1.0, 2.0], [1.0]), ([1.0, NAN], [1.0, 2.0])):
        with pytest.raises(ValueError, match="expected"):
            spearman_ic(x, y)


@pytest.mark.parametrize(
    ("ic", "hits", "state"),
    [
        (0.031, 0.521, AlphaState.HEALTHY),
        (0.03, 0.6, AlphaState.DEGRADED),
        (0.2, 0.52, AlphaState.DEGRADED),
        (0.009, 0.479, AlphaState.DECAYED),
        (0.01, 0.4, AlphaState.DEGRADED),
        (-0.5, 0.48, AlphaState.DEGRADED),
    ],
)
def test_states_have_the_bounds_of_their_definition(ic, hits, state):
    assert alpha_state(ic, hits) is state


def test_health_follows_the_last_pairs_only():
    rng = np.random.default_rng(2)
    health = AlphaHealth(window=100, least=20)
    assert (health.ic, health.hit_rate, health.state, health.weight) == (None, None, None, 0.0)
    signals = rng.normal(size=300)
    for signal in signals[:100]:
        health.update(signal, 0.5 * signal + rng.normal())
    assert health.state is AlphaState.HEALTHY
    assert health.weight == 1.0
    for signal in signals[100:]:
        health.update(signal, -0.5 * signal + rng.normal())
    assert len(health) == 100
    assert health.state is AlphaState.DECAYED
    assert health.weight == 0.0


def test_pairs_with_a_zero_have_no_hit_and_a_flat_side_has_no_state():
    health = AlphaHealth(window=4, least=2)
    for signal, ret in ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (-1e-200, -1e-200)):
        health.update(signal, ret)
    assert health.hit_rate == 1.0
    flat = AlphaHealth(window=4, least=2)
    for _ in range(4):
        flat.update(1.0, 1.0)
    assert (flat.ic, flat.state, flat.weight) == (None, None, 0.0)
    for bad in ({"window": 1}, {"window": 10, "least": 11}):
        with pytest.raises(ValueError, match="expected"):
            AlphaHealth(**bad)
    with pytest.raises(ValueError, match="expected"):
        flat.update(NAN, 1.0)


def test_the_composite_weighs_by_coefficient_and_health():
    alphas = [
        Alpha(1.0, 0.06),
        Alpha(-1.0, 0.04, health=0.5),
        Alpha(0.7, -0.1),
        Alpha(1.0, 0.1, 0.0),
    ]
    found = composite(alphas)
    assert found.score == pytest.approx((0.06 - 0.02) / 0.08)
    assert found.conviction == pytest.approx(1.0)
    crisis = composite(alphas, regime=Regime.CRISIS, toxicity=0.2)
    assert crisis.score == pytest.approx(0.5 * 0.1 * 0.7)
    assert crisis.conviction == pytest.approx(0.07)
    assert composite(alphas, toxicity=0.7).score == 0.0
    nothing = composite([])
    assert (nothing.score, nothing.conviction, nothing.weight) == (0.0, 0.0, 0.0)
    for bad in (Alpha(1.1, 0.1), Alpha(0.1, NAN), Alpha(0.1, 0.1, 2.0)):
        with pytest.raises(ValueError, match="expected"):
            composite([bad])


def test_the_stake_is_a_fraction_of_kelly_shrunk_by_experience():
    assert fractional_kelly(0.6, 2.0, fraction=1.0) == pytest.approx(0.4)
    assert fractional_kelly(0.6, 2.0, trades=30) == pytest.approx(0.05)
    assert fractional_kelly(0.1, 2.0) == 0.0
    for bad in ((1.1, 1.0), (0.5, 0.0), (0.5, math.inf), (NAN, 1.0)):
        with pytest.raises(ValueError, match="expected"):
            fractional_kelly(*bad)


def test_the_tracker_stakes_nothing_until_it_has_won_and_lost():
    tracker = KellyTracker()
    assert (tracker.win_rate, tracker.payoff, tracker.stake) == (None, None, 0.0)
    for pnl in (2.0, 0.0, 4.0):
        tracker.update(pnl)
    assert (tracker.wins, tracker.losses, tracker.average_win, tracker.stake) == (2, 0, 3.0, 0.0)
    tracker.update(-1.5)
    assert (tracker.average_loss, tracker.payoff) == (1.5, 2.0)
    assert tracker.stake == pytest.approx((2.0 / 3.0 - (1.0 / 3.0) / 2.0) * 0.25 * 3.0 / 33.0)
    full = tracker.target_qty(1000.0)
    assert full == pytest.approx(1000.0 * tracker.stake)
    high = tracker.target_qty(1000.0, conviction=0.5, regime=Regime.HIGH, toxicity=0.25)
    assert high == pytest.approx(full * 0.5 * 0.6 * 0.5)
    assert tracker.target_qty(1000.0, toxicity=0.6) == 0.0
    with pytest.raises(ValueError, match="pnl"):
        tracker.update(NAN)
