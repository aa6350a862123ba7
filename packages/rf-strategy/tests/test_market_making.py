from decimal import Decimal
from math import log, sqrt

import numpy as np
import pytest

from rf_common import Quote, Trade
from rf_common.enums import Side
from rf_strategy.market_making import (
    MarketMaking,
    MarketMakingParameters,
    build,
    time_left,
)

NAME = "binance:BTCUSDT"
SECOND = 10**9


def made(**parameters):
    chosen = {"min_samples": 5, "fair_fast": 2, "again_after": 1000, "gamma": 1e-6} | parameters
    return MarketMaking("m1", MarketMakingParameters(**chosen))


def show(strategy, context, px, *, spread=0.02):
    """Show one sample, a second after the last; return what is said."""
    context.now += SECOND
    context.features.mid_px = px
    context.features.samples += 1
    context.quote = Quote(NAME, context.now, px - spread / 2, 1.0, px + spread / 2, 1.0)
    return strategy.on_event(context, context.quote)


def follow(context, signal):
    """Hold what was asked for, at ten units for the full position."""
    if signal is not None:
        context.held = Decimal(str(signal.direction * signal.confidence * 10.0))


def calm(strategy, context, count=40):
    for place in range(count):
        show(strategy, context, 100.0 + 0.001 * (-1) ** place)


def test_a_market_that_falls_to_our_bid_is_bought_lot_by_lot(make_context):
    strategy, context = made(gamma=0.0), make_context()
    calm(strategy, context)
    told = []
    for px in (99.7, 99.4, 99.1):
        signal = show(strategy, context, px)
        follow(context, signal)
        told.append(signal)
    assert [(s.direction, round(s.confidence, 3)) for s in told] == [(1, 0.1), (1, 0.2), (1, 0.3)]
    assert "+0 lots, bid 99.745, ask 99.7949, fair 99.7699" in told[0].reason


def test_a_market_that_rises_to_our_ask_is_sold(make_context):
    strategy, context = made(), make_context()
    calm(strategy, context)
    assert show(strategy, context, 100.3).direction == -1


def test_a_calm_market_is_left_alone(make_context):
    strategy, context = made(), make_context()
    calm(strategy, context, 60)
    assert context.held == 0
    assert show(strategy, context, 100.0) is None


def test_inventory_is_bounded(make_context):
    strategy, context = made(max_inventory=2, gamma=0.0), make_context()
    calm(strategy, context)
    px, largest = 100.0, 0.0
    for _ in range(30):
        px *= 0.998
        signal = show(strategy, context, px)
        follow(context, signal)
        largest = max(largest, signal.confidence if signal is not None else 0.0)
    assert largest == 1.0


def test_the_quotes_are_those_of_the_paper_in_basis_points(make_context):
    gamma, kappa = 1e-3, 0.5
    strategy = made(gamma=gamma, kappa=kappa, min_spread_bps=0.001, max_spread_bps=1e6)
    context = make_context()
    prices = 100.0 * np.exp(1e-5 * np.random.default_rng(1).standard_normal(30).cumsum())
    for px in prices.tolist():
        show(strategy, context, px)
    fast = slow = None
    variance = None
    for place, px in enumerate(prices.tolist()):
        if place:
            ret = (px / prices[place - 1] - 1.0) * 1e4
            variance = ret**2 if variance is None else 0.94 * variance + 0.06 * ret**2
        if place == 1:
            fast = sum(prices[:2]) / 2
        elif place > 1:
            fast += 2.0 / 3.0 * (px - fast)
        if place == 4:
            slow = sum(prices[:5]) / 5
        elif place > 4:
            slow += 2.0 / 6.0 * (px - slow)
    fair = 0.5 * prices[-1] + 0.3 * fast + 0.2 * slow
    tau = 1.0 - 30.0 / 86_400.0
    risk = gamma * variance * 86_400.0 * tau
    half = 0.5 * (risk + 2.0 / gamma * log(1.0 + gamma / kappa))
    bid, ask = strategy._states[NAME].quotes
    assert bid == pytest.approx(fair * (1.0 - half * 1e-4), rel=1e-12)
    assert ask == pytest.approx(fair * (1.0 + half * 1e-4), rel=1e-12)
    held = strategy._quotes(fair, 2, sqrt(variance * 86_400.0), tau, None)
    shift = 2.0 * risk * 1e-4 * fair
    assert held.bid == pytest.approx(bid - shift, rel=1e-12)
    assert held.ask == pytest.approx(ask - shift, rel=1e-12)


def test_one_set_of_parameters_fits_every_price(make_context):
    cheap, dear = (
        [
            signal and (signal.direction, round(signal.confidence, 9))
            for signal in (show(strategy, context, px * unit, spread=0.02 * unit) for px in path)
        ]
        for unit, strategy, context, path in (
            (unit, made(min_samples=60, fair_fast=20), make_context(), _path())
            for unit in (0.5, 60_000.0)
        )
    )
    assert cheap == dear
    assert [word for word in cheap if word]


def _path():
    return (100.0 + np.random.default_rng(3).standard_normal(300).cumsum() * 0.05).tolist()


@pytest.mark.parametrize(("spread", "least"), [(4.0, 4.0), (50.0, 50.0)])
def test_the_spread_keeps_to_its_limits(make_context, spread, least):
    strategy, context = made(min_spread_bps=spread, max_spread_bps=spread), make_context()
    calm(strategy, context)
    bid, ask = strategy._states[NAME].quotes
    assert (ask - bid) / (ask + bid) * 2e4 == pytest.approx(least, rel=1e-3)


def test_outside_its_session_it_is_flat(make_context):
    strategy = made(session_start_s=0, session_s=45)
    context = make_context()
    calm(strategy, context)
    follow(context, show(strategy, context, 99.5))
    assert context.held > 0
    told = [show(strategy, context, 99.5) for _ in range(8)]
    closing = [signal for signal in told if signal is not None and signal.direction == 0]
    assert closing[0].reason == "outside the session"


def test_one_sided_prints_widen_and_then_withdraw_the_quotes(make_context):
    usual, apart = made(), make_context()
    calm(usual, apart)
    assert show(usual, apart, 99.5).direction == 1
    strategy, context = made(vpin_bucket=1.0, vpin_window=4, kappa=0.1), make_context()
    calm(strategy, context)
    for place in range(8):
        trade = Trade(NAME, context.now, 100.0, 1.0, Side.BUY, place)
        assert strategy.on_event(context, trade) is None
    assert show(strategy, context, 99.5) is None
    assert strategy._states[NAME].quotes is None
    wide = strategy._quotes(100.0, 0, 100.0, 1.0, 0.8)
    near = strategy._quotes(100.0, 0, 100.0, 1.0, 0.7)
    assert (wide.ask - wide.bid) / (near.ask - near.bid) == pytest.approx(1.3)


def test_a_position_that_nobody_remembers_counts_as_a_full_one(make_context):
    strategy, context = made(gamma=1.0), make_context()
    context.held = Decimal(3)
    told = []
    for place in range(40):
        signal = show(strategy, context, 100.0 + 0.01 * (-1) ** place)
        told.append(signal)
    lots = [round(s.confidence * 10) for s in told if s is not None and s.direction == 1]
    assert lots[:3] == [9, 8, 7]  # the skew of a full position sells at once


def test_time_left_is_a_share_of_the_session():
    half_past_two = 52_200 * SECOND
    assert time_left(half_past_two, 52_200, 23_400) == 1.0
    assert time_left(half_past_two - 1, 52_200, 23_400) is None
    assert time_left(half_past_two + 11_700 * SECOND, 52_200, 23_400) == 0.5
    assert time_left(half_past_two + 23_399 * SECOND, 52_200, 23_400) == 0.001
    assert time_left(86_400 * SECOND - 1, 43_200, 86_400) == pytest.approx(0.5)


def test_it_explains_itself(make_context):
    strategy, context = made(), make_context()
    assert [c.name for c in strategy.explain(NAME)] == ["window"]
    calm(strategy, context)
    window, bid, ask = strategy.explain(NAME)
    assert window.met
    assert bid.needed.startswith("ask at 99.9")
    assert ask.needed.startswith("bid at 100.0")
    assert not bid.met
    assert not ask.met


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"kappa": 0}, "kappa = 0.0: expected a number above 0"),
        ({"gamma": -1}, "gamma = -1"),
        ({"session_s": 90_000}, "at most a day"),
        ({"session_start_s": 86_400}, "session_start_s"),
        ({"max_spread_bps": 1.0}, "max_spread_bps = 1.0: expected at least 5.0"),
        ({"vol_decay": 1.0}, "vol_decay"),
        ({"quote_size": 1}, "quote_size"),
    ],
)
def test_the_factory_names_a_wrong_parameter(parameters, message):
    with pytest.raises(ValueError, match=message):
        build("m1", parameters)
