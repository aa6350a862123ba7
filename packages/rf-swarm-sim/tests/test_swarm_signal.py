"""The swarm's opinion: every field from the ensemble and the crowd, or unavailable with why."""

from __future__ import annotations

from math import sqrt

import msgspec
import numpy as np
import pytest

from rf_common.intelligence import Conviction, Direction, SwarmSignal
from rf_swarm_sim import signal as module
from rf_swarm_sim.market import SwarmConfig, simulate_ensemble
from rf_swarm_sim.mirofish import band_of, forecast
from rf_swarm_sim.score import ScoreBook
from rf_swarm_sim.signal import (
    Confidence,
    Ensemble,
    actionable,
    confidence,
    conviction_of,
    direction_of,
    forecast_of,
    regime_of,
    rsi_of,
    summarise,
    swarm_signal,
    unavailable,
    with_score,
)

CONFIG = SwarmConfig(agents=200)
PATHS, ROUNDS = 8, 10
YEAR = sqrt(390 * 252)


@pytest.fixture(scope="module")
def history():
    moves = np.random.default_rng(5).normal(0.0, 0.0006, 400)
    return 100.0 * np.exp(np.concatenate([[0.0], np.cumsum(moves)]))


def told_of(history, **changes):
    given = {
        "history": history,
        "config": CONFIG,
        "seed": 3,
        "paths": PATHS,
        "rounds": ROUNDS,
        "calibrated": False,
    } | changes
    return swarm_signal("c-1", "sim:X", 77, **given)


@pytest.fixture(scope="module")
def signal(history):
    return told_of(history)


def test_probabilities_are_counted_over_the_paths(signal, history):
    vol = forecast(history, horizon=ROUNDS, seed=3).vol
    run = simulate_ensemble(
        CONFIG,
        px=float(history[-1]),
        rounds=ROUNDS,
        paths=PATHS,
        seed=3,
        vol=vol * YEAR,
        history=history,
    )
    moved = [float(np.log(path[-1] / history[-1])) for path in run.mid]
    band = 0.5 * vol * sqrt(ROUNDS)
    bull = sum(m > band for m in moved) / PATHS
    bear = sum(m < -band for m in moved) / PATHS

    assert (signal.bull, signal.bear) == (bull, bear)
    assert signal.bull + signal.bear + signal.neutral == pytest.approx(1.0, abs=1e-12)
    worst = max(p * (1.0 - p) for p in (bull, bear, signal.neutral))
    assert signal.std_error == pytest.approx(sqrt(worst / PATHS))
    assert signal.net_flow == pytest.approx(run.net_flow.sum(axis=1).mean())
    assert signal.vol == pytest.approx(sqrt(np.mean(run.realised_vol**2)))


def test_the_crowd_fills_its_fields(signal, history):
    crowd = forecast(history, horizon=ROUNDS, seed=3)
    assert (signal.rally, signal.sideways, signal.dip) == crowd.probabilities
    assert (signal.base_rally, signal.base_sideways, signal.base_dip) == crowd.base_rate
    assert signal.mirofish_error == max(crowd.std_errors)
    assert signal.rally + signal.sideways + signal.dip == 1.0


def test_what_was_asked_for_is_told(signal, history):
    assert (signal.cycle_id, signal.instrument_id, signal.ts_event) == ("c-1", "sim:X", 77)
    assert (signal.agents, signal.paths, signal.rounds, signal.seed) == (200, PATHS, ROUNDS, 3)
    assert signal.px == history[-1]
    assert signal.synthetic
    assert not told_of(history, calibrated=True).synthetic
    assert signal.unavailable == ""
    assert (signal.brier, signal.scored) == (None, 0)


def test_the_same_arguments_give_the_same_bits_on_two_threads(signal, history):
    assert told_of(history) == signal
    assert told_of(history, threads=2) == signal
    assert told_of(history, seed=4) != signal


def test_a_signal_survives_the_journal(signal):
    assert {type(value) for value in msgspec.structs.astuple(signal)} == {
        str, int, float, bool, type(None), Direction, Conviction
    }  # fmt: skip
    assert msgspec.json.decode(msgspec.json.encode(signal), type=SwarmSignal) == signal


def test_agreement_is_the_mean_share_of_the_larger_side(history):
    run = simulate_ensemble(CONFIG, px=100.0, rounds=6, paths=3, seed=1, history=history)
    shares = []
    for buys, sells in zip(run.buys.tolist(), run.sells.tolist(), strict=True):
        rounds = [max(b, s) / (b + s) for b, s in zip(buys, sells, strict=True) if b + s]
        shares.append(sum(rounds) / len(rounds))
    assert summarise(run, 0.001).agreement == pytest.approx(sum(shares) / 3)


@pytest.mark.parametrize(
    ("bull", "bear", "direction", "conviction"),
    [
        (0.50, 0.36, Direction.NEUTRAL, Conviction.LOW),
        (0.56, 0.40, Direction.LONG, Conviction.MEDIUM),
        (0.40, 0.56, Direction.SHORT, Conviction.MEDIUM),
        (0.61, 0.30, Direction.LONG, Conviction.HIGH),
        (0.0, 0.75, Direction.SHORT, Conviction.HIGH),
        (0.0, 0.0, Direction.NEUTRAL, Conviction.LOW),
    ],
)
def test_a_direction_needs_a_margin(bull, bear, direction, conviction):
    assert direction_of(bull, bear) is direction
    assert conviction_of(bull, bear) is conviction


def test_confidence_is_the_weighted_sum_and_is_clamped():
    parts = Confidence(agreement=0.6, flow=0.5, drift=0.4, vol=0.8, rsi=0.5)
    by_hand = 0.30 * 0.6 + 0.20 * 0.5 + 0.15 * 0.4 + 0.15 * 0.8 + 0.20 * 0.5
    assert parts.value == pytest.approx(by_hand)
    assert Confidence(0.0, 0.0, 0.0, 0.0, 0.0).value == 0.35
    assert Confidence(0.95, 1.0, 1.0, 1.0, 1.0).value == 0.92


def test_a_herd_lowers_confidence():
    agreed = Confidence(agreement=0.95, flow=0.2, drift=0.2, vol=0.5, rsi=0.5)
    herd = agreed._replace(agreement=0.96)
    assert herd.value == pytest.approx(agreed.value - 0.30 * (0.95 - 0.7))


def ensemble(**changes):
    given = {
        "bull": 0.5, "bear": 0.2, "neutral": 0.3, "std_error": 0.1, "agreement": 0.6,
        "net_flow": 10.0, "flow": 0.4, "drift": 0.002, "vol": 0.001, "paths": 25,
    }  # fmt: skip
    return Ensemble(**(given | changes))


def test_the_parts_of_confidence_by_hand():
    long = confidence(ensemble(), Direction.LONG, vol=0.001, rsi=30.0, rounds=64)
    assert long == pytest.approx((0.6, 0.4, 0.5, 1.0, 0.7))
    short = confidence(ensemble(vol=0.002), Direction.SHORT, vol=0.001, rsi=30.0, rounds=64)
    assert (short.vol, short.rsi) == pytest.approx((0.5, 0.3))
    neither = confidence(ensemble(drift=-9.0), Direction.NEUTRAL, vol=0.001, rsi=80.0, rounds=64)
    assert (neither.drift, neither.rsi) == pytest.approx((1.0, 0.4))
    with pytest.raises(ValueError, match="agreement"):
        confidence(ensemble(agreement=None), Direction.LONG, vol=0.001, rsi=30.0, rounds=64)


def test_regimes_are_tried_in_their_order():
    flat, trending = np.full(100, 100.0), np.linspace(100.0, 103.0, 100)
    cases = [
        (ensemble(vol=0.0016, flow=0.9), trending, "HighVolatility"),
        (ensemble(vol=0.0005, flow=0.9), trending, "OrderImbalance"),
        (ensemble(vol=0.0005), trending, "Trending"),
        (ensemble(vol=0.0005), flat, "LowVolatility"),
        (ensemble(), flat, "MeanReverting"),
    ]
    for told, px, regime in cases:
        assert regime_of(told, px, 0.001) == regime


def test_rsi_is_wilders():
    # His own worked figures are not at hand: by hand for a period of 2.
    assert rsi_of([10.0, 11.0, 10.5, 10.5, 12.0], period=2) == pytest.approx(93.3333, abs=1e-3)
    assert rsi_of(np.arange(20.0)) == 100.0
    assert rsi_of(-np.arange(20.0)) == 0.0
    for bad in (np.arange(10.0), np.ones(20)):
        with pytest.raises(ValueError, match="px"):
            rsi_of(bad)


def test_actionable_needs_all_of_it(signal):
    good = msgspec.structs.replace(
        signal,
        direction=Direction.LONG,
        conviction=Conviction.MEDIUM,
        regime="Trending",
        confidence=0.41,
    )
    assert actionable(good)
    for changes in (
        {"direction": Direction.NEUTRAL},
        {"conviction": Conviction.LOW},
        {"regime": "HighVolatility"},
        {"confidence": 0.40},
        {"unavailable": "no worker"},
    ):
        assert not actionable(msgspec.structs.replace(good, **changes)), changes


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (np.full(400, 100.0), "flat"),
        (np.linspace(100.0, 101.0, 30), "61 closes or more, was 30"),
        (np.append(np.linspace(100.0, 101.0, 300), np.nan), "finite"),
    ],
)
def test_a_history_that_says_nothing_gives_no_opinion(bad, reason):
    told = told_of(bad)
    assert reason in told.unavailable
    assert told.direction is Direction.NEUTRAL
    assert told.confidence == 0.0
    assert not actionable(told)


def test_no_opinion_when_nobody_acts(history):
    asleep = told_of(history, config=CONFIG.with_(activation=0.0, vol_attention=0.0))
    assert asleep.unavailable == "no agent acted in any path"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"paths": 1}, "paths"),
        ({"paths": 2.0}, "paths"),
        ({"rounds": 0}, "horizon"),
        ({"seed": -1}, "seed"),
        ({"sentiment": 2.0}, "sentiment"),
    ],
)
def test_options_out_of_range_raise(history, changes, told):
    with pytest.raises(ValueError, match=told):
        told_of(history, **changes)


def test_no_opinion_needs_a_reason():
    with pytest.raises(ValueError, match="reason"):
        unavailable("c", "sim:X", 0, "")


def test_an_opinion_is_scored_by_its_forecast(signal, history):
    band = band_of(history, horizon=ROUNDS)
    book = ScoreBook()
    for i in range(30):
        cycle = msgspec.structs.replace(signal, cycle_id=f"c-{i}")
        book.add(forecast_of(cycle, horizon_ns=60, band=band))
        (row,) = book.settle("sim:X", 137, signal.px * np.exp(2.0 * band))
        assert row.outcome == 0
    scored = with_score(signal, book)
    one = (signal.rally - 1.0) ** 2 + signal.sideways**2 + signal.dip**2
    assert scored.brier == pytest.approx(one)
    assert scored.scored == 30
    assert with_score(signal, ScoreBook()).brier is None
    with pytest.raises(ValueError, match="no worker"):
        forecast_of(unavailable("c", "sim:X", 0, "no worker"), horizon_ns=60, band=band)


def test_the_names_of_regimes_are_those_of_the_field():
    names = {module.HIGH_VOLATILITY, module.ORDER_IMBALANCE, module.TRENDING}
    names |= {module.LOW_VOLATILITY, module.MEAN_REVERTING}
    assert names == {
        "HighVolatility", "OrderImbalance", "Trending", "LowVolatility", "MeanReverting"
    }  # fmt: skip
