"""Quotes: the papers' formulas and tables, and the engine in ticks."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_signals.quoting import (
    QuoteHalt,
    QuotingConfig,
    QuotingEngine,
    avellaneda_stoikov_quotes,
    fair_value,
    glft_quotes,
    simulate_market_making,
)
from rf_signals.regime import Regime

CHECKED = settings(deadline=None, max_examples=100)
NAN = float("nan")


@pytest.mark.parametrize(
    ("gamma", "inventory", "tau", "reservation", "spread"),
    [
        # Equations (29) and (30) with sigma 2, k 1.5 and mid 100, 25 digits.
        (0.1, 0.0, 1.0, 100.0, 1.6907704227514235),
        (0.1, 3.0, 0.5, 99.4, 1.4907704227514234),
        (0.1, -2.0, 0.25, 100.2, 1.3907704227514235),
        (0.5, 1.0, 1.0, 98.0, 3.1507282898071236),
    ],
)
def test_quotes_are_those_of_the_formula(gamma, inventory, tau, reservation, spread):
    quotes = avellaneda_stoikov_quotes(100.0, inventory, gamma=gamma, sigma=2.0, tau=tau, k=1.5)
    assert quotes.reservation == pytest.approx(reservation, abs=1e-13)
    assert quotes.spread == pytest.approx(spread, abs=1e-14)
    assert quotes.bid == pytest.approx(reservation - spread / 2.0, abs=1e-13)
    assert quotes.ask == pytest.approx(reservation + spread / 2.0, abs=1e-13)


@pytest.mark.parametrize("gamma", [0.0, 5e-324, 1e-300, 1e-17, 1e-12])
def test_without_risk_aversion_quotes_tend_to_the_limit(gamma):
    quotes = avellaneda_stoikov_quotes(100.0, 5.0, gamma=gamma, sigma=2.0, tau=1.0, k=1.5)
    assert quotes.reservation == pytest.approx(100.0, abs=1e-9)
    assert quotes.spread == pytest.approx(2.0 / 1.5, rel=1e-11)
    far = glft_quotes(0.0, gamma=gamma, sigma=0.0, arrival=0.9, k=1.5)
    assert far == pytest.approx((1.0 / 1.5, 1.0 / 1.5), rel=1e-11)


@pytest.mark.parametrize(
    ("inventory", "gamma", "bid", "ask"),
    [
        # Gueant, Lehalle and Fernandez-Tapia (2013) with sigma 0.3, A 0.9, k 0.3.
        (0.0, 0.01, 3.312915198564529, 3.312915198564529),
        (2.0, 0.05, 3.4744517457741724, 2.8481507070077625),
    ],
)
def test_asymptotic_quotes_are_those_of_the_formula(inventory, gamma, bid, ask):
    found = glft_quotes(inventory, gamma=gamma, sigma=0.3, arrival=0.9, k=0.3)
    assert found == pytest.approx((bid, ask), abs=1e-13)
    mirrored = glft_quotes(-inventory, gamma=gamma, sigma=0.3, arrival=0.9, k=0.3)
    assert mirrored == pytest.approx((ask, bid), abs=1e-13)


@pytest.mark.parametrize(
    "change",
    [{"gamma": -1.0}, {"sigma": NAN}, {"k": 0.0}, {"mid": math.inf}, {"inventory": None},
     {"gamma": 1e300, "sigma": 1e10}],
)  # fmt: skip
def test_bad_input_to_the_formulas_is_refused(change):
    given_ = {"mid": 100.0, "inventory": 1.0, "gamma": 0.1, "sigma": 2.0, "k": 1.5} | change
    with pytest.raises(ValueError, match="expected"):
        avellaneda_stoikov_quotes(**given_, tau=1.0)
    if "mid" not in change:
        given_.pop("mid")
        with pytest.raises(ValueError, match="expected"):
            glft_quotes(**(given_ | {"gamma": given_["gamma"] * 1e9}), arrival=1.0)


@pytest.mark.parametrize(
    ("strategy", "profit", "profit_std", "inventory_std"),
    [
        # 400,000 sessions of the paper's dynamics; its table 1 says 65, 6.6, 2.9 and 68, 12.7, 8.4.
        ("inventory", 64.90376, 6.542515, 2.930008),
        ("symmetric", 68.03151, 13.285476, 8.398362),
    ],
)
def test_the_simulation_reproduces_the_papers_table(strategy, profit, profit_std, inventory_std):
    found = simulate_market_making(strategy, paths=10_000, seed=1)
    assert found.average_spread == pytest.approx(1.4917704227514232, abs=1e-12)
    assert found.profit_mean == pytest.approx(profit, abs=4.0 * profit_std / 100.0)
    assert found.profit_std == pytest.approx(profit_std, rel=0.05)
    assert found.inventory_mean == pytest.approx(0.0, abs=4.0 * inventory_std / 100.0)
    assert found.inventory_std == pytest.approx(inventory_std, rel=0.05)


def test_a_simulation_repeats_with_its_seed_and_does_not_depend_on_the_mid():
    first = simulate_market_making(paths=50, seed=2)
    again = simulate_market_making(paths=50, seed=2, mid=1e6)
    np.testing.assert_array_equal(first.profit, again.profit)
    other = simulate_market_making(paths=50, seed=3)
    assert (first.profit != other.profit).any()


def test_a_market_that_never_trades_earns_nothing():
    found = simulate_market_making(arrival=0.0, paths=10)
    assert not found.profit.any()
    assert not found.inventory.any()


@pytest.mark.parametrize(
    "change",
    [{"strategy": "none"}, {"paths": 1}, {"dt": 0.0}, {"dt": 3.0}, {"sigma": NAN}, {"seed": -1},
     {"k": 0.0}],
)  # fmt: skip
def test_bad_input_to_the_simulation_is_refused(change):
    with pytest.raises(ValueError, match="expected"):
        simulate_market_making(**change)


def test_fair_value_lies_between_what_it_blends():
    assert fair_value(101.0, 100.0, 99.0) == pytest.approx(100.3)
    assert fair_value(101.0, 100.0, 99.0, trending=True) == pytest.approx(100.65)
    assert fair_value(7.3, 7.3, 7.3) == 7.3
    with pytest.raises(ValueError, match="slow"):
        fair_value(1.0, 1.0, NAN)


def test_the_engine_quotes_the_formula_rounded_away_from_the_fair_value():
    engine = QuotingEngine()
    quotes = engine.quote(1000.2, 2.0, sigma=3.0, tau=0.5)
    exact = avellaneda_stoikov_quotes(1000.2, 2.0, gamma=0.1, sigma=3.0, tau=0.5, k=1.5)
    assert quotes.reservation == pytest.approx(exact.reservation)
    assert quotes.half_spread == pytest.approx(exact.spread / 2.0)
    assert quotes.bid == math.floor(exact.bid)
    assert quotes.ask == math.ceil(exact.ask)


def test_order_flow_moves_both_quotes_by_its_weight():
    engine = QuotingEngine(QuotingConfig(ofi_weight=4.0))
    flat, bought = (engine.quote(1000.0, 0.0, sigma=1.0, ofi=ofi) for ofi in (0.0, 1.0))
    assert (bought.bid, bought.ask) == (flat.bid + 4, flat.ask + 4)


def test_vpin_and_toxicity_widen_and_then_halt():
    engine = QuotingEngine()
    base = engine.quote(1000.0, 0.0, sigma=3.0).half_spread
    quote = lambda **signs: engine.quote(1000.0, 0.0, sigma=3.0, **signs)  # noqa: E731
    assert quote(vpin=0.5, toxicity=0.35).half_spread == base
    assert quote(vpin=0.7).half_spread == pytest.approx(1.4 * base)
    assert quote(toxicity=0.45).half_spread == pytest.approx(2.5 * base)
    assert quote(vpin=0.7, toxicity=0.45).half_spread == pytest.approx(3.5 * base)
    toxic, informed = quote(toxicity=0.66), quote(vpin=0.86)
    assert (toxic.bid, toxic.ask, toxic.halt) == (None, None, QuoteHalt.TOXICITY)
    assert (informed.bid_size, informed.ask_size, informed.halt) == (0.0, 0.0, QuoteHalt.VPIN)


def test_sizes_lean_against_the_inventory_and_a_full_side_is_withdrawn():
    engine = QuotingEngine(QuotingConfig(max_inventory=10.0, order_size=2.0))
    half = engine.quote(1000.0, 5.0, sigma=1.0)
    assert (half.bid_size, half.ask_size) == pytest.approx((1.5, 2.3))
    short = engine.quote(1000.0, -5.0, sigma=1.0)
    assert (short.bid_size, short.ask_size) == pytest.approx((2.3, 1.5))
    full = engine.quote(1000.0, 12.0, sigma=1.0)
    assert full.bid is None
    assert full.ask_size == pytest.approx(2.6)


def test_a_regime_sets_risk_aversion_spread_size_and_limit():
    engine = QuotingEngine()
    low, crisis = (
        engine.quote(1000.0, 3.5, sigma=3.0, regime=regime)
        for regime in (Regime.LOW, Regime.CRISIS)
    )
    assert low.half_spread < crisis.half_spread
    assert crisis.bid is None  # the limit is 3 in a crisis
    assert crisis.ask_size == pytest.approx(0.2 * 1.3)


def test_quotes_never_cross_the_market_nor_fall_below_the_lowest_tick():
    engine = QuotingEngine()
    eager = engine.quote(1000.0, -20.0, sigma=3.0, best_bid=990, best_ask=991)
    assert eager.bid == 990
    assert eager.ask is None
    cheap = engine.quote(1.0, 0.0, sigma=3.0)
    assert cheap.bid is None
    assert cheap.ask is not None


@CHECKED
@given(
    st.floats(1.0, 1e6),
    st.floats(-30.0, 30.0),
    st.floats(0.0, 50.0),
    st.floats(-1.0, 1.0),
    st.floats(0.0, 1.0),
    st.floats(0.0, 1.0),
)
def test_quotes_are_integers_apart_and_on_their_side(fair, held, sigma, ofi, vpin, toxicity):
    quotes = QuotingEngine().quote(fair, held, sigma=sigma, ofi=ofi, vpin=vpin, toxicity=toxicity)
    assert (quotes.bid is None) == (quotes.bid_size == 0.0)
    assert (quotes.ask is None) == (quotes.ask_size == 0.0)
    if quotes.bid is not None:
        assert isinstance(quotes.bid, int)
        assert quotes.bid <= quotes.reservation
    if quotes.bid is not None and quotes.ask is not None:
        assert quotes.ask > quotes.bid
        assert quotes.ask >= quotes.reservation


@pytest.mark.parametrize(
    "change",
    [{"sigma": NAN}, {"fair": math.inf}, {"tau": -1.0}, {"ofi": 1.5}, {"vpin": NAN},
     {"toxicity": -0.1}, {"best_bid": 1.5}, {"sigma": 1e200}],
)  # fmt: skip
def test_bad_input_to_the_engine_is_refused(change):
    given_ = {"fair": 100.0, "inventory": 0.0, "sigma": 1.0} | change
    with pytest.raises(ValueError, match="expected"):
        QuotingEngine().quote(given_.pop("fair"), given_.pop("inventory"), **given_)


@pytest.mark.parametrize(
    "change",
    [{"gamma": -1.0}, {"kappa": 0.0}, {"min_half_spread": 0.1}, {"size_cut": 2.0},
     {"vpin_warn": 0.9}, {"toxicity_halt": 1.5}],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(change):
    with pytest.raises(ValueError, match="expected"):
        QuotingConfig(**change)


def test_the_live_half_loads_neither_numpy_nor_numba():
    program = (
        "import sys, rf_signals.quoting, rf_signals.regime, rf_signals.alpha, rf_signals.streaming;"
        "from rf_signals.microstructure import ToxicityDetector;"
        "heavy = {'numpy', 'numba', 'scipy', 'polars'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_every_public_name_can_be_loaded_and_no_other():
    import rf_signals.microstructure as room

    assert all(getattr(room, name) is not None for name in room.__all__)
    with pytest.raises(AttributeError):
        room.missing  # noqa: B018
