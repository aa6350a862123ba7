"""Gamma exposure: exact strikes, signs, the spot at which it turns."""

import math
from decimal import Decimal

import numpy as np
import pytest

from rf_signals.gex import GexRegime, OptionContract, gex_surface, zero_gamma

# A chain of twelve months' round strikes; total and root at 40 digits with mpmath.
CALLS = {4300: (4933, 0.2117), 4400: (3541, 0.1962), 4450: (7635, 0.1844), 4500: (9069, 0.186),
         4550: (3436, 0.1941), 4600: (16417, 0.1821), 4700: (21309, 0.1804)}  # fmt: skip
PUTS = {4300: (2029, 0.2071), 4400: (20322, 0.1875), 4450: (5295, 0.2029), 4500: (5902, 0.1997),
        4550: (2100, 0.1885), 4600: (2848, 0.186), 4700: (8424, 0.1979)}  # fmt: skip
TAU = 0.0821917808219178


def chain():
    return [
        OptionContract(Decimal(strike), is_call, float(open_interest), vol=vol, tau=TAU)
        for is_call, side in ((True, CALLS), (False, PUTS))
        for strike, (open_interest, vol) in side.items()
    ]


def gamma(contract, spot, rate, dividend_yield):
    deviation = contract.vol * math.sqrt(contract.tau)
    drift = (rate - dividend_yield + contract.vol**2 / 2.0) * contract.tau
    d1 = (math.log(spot / float(contract.strike)) + drift) / deviation
    density = math.exp(-d1 * d1 / 2.0) / math.sqrt(2.0 * math.pi)
    return math.exp(-dividend_yield * contract.tau) * density / (spot * deviation)


def total(contracts, spot, rate=0.0, dividend_yield=0.0):
    return math.fsum(
        (1 if c.is_call else -1) * c.open_interest * c.multiplier
        * gamma(c, spot, rate, dividend_yield) * spot * spot * 0.01
        for c in contracts
    )  # fmt: skip


def test_a_chain_has_the_exposures_computed_with_forty_digits():
    found = gex_surface(chain(), 4500.0, rate=0.05, dividend_yield=0.015)
    assert found.total == pytest.approx(598971890.6643721, rel=1e-13)
    rows = {row.strike: row for row in found.by_strike}
    assert rows[Decimal(4400)].net == pytest.approx(-498016205.1940215, rel=1e-13)
    assert rows[Decimal(4600)].net == pytest.approx(441570684.69955474, rel=1e-13)
    assert found.max_positive_strike == 4600
    assert found.max_negative_strike == 4400
    assert found.zero_gamma == pytest.approx(4259.212554388114, rel=1e-12)
    assert found.regime is GexRegime.POSITIVE


def test_at_zero_gamma_the_total_of_all_gammas_worked_out_anew_vanishes():
    root = zero_gamma(chain(), 4500.0, rate=0.05, dividend_yield=0.015)
    size = sum(abs(total([c], root, 0.05, 0.015)) for c in chain())
    assert abs(total(chain(), root, 0.05, 0.015)) < 1e-9 * size


def test_of_several_roots_the_nearest_is_taken():
    contracts = [
        OptionContract(Decimal(90), False, 10.0, vol=0.1, tau=0.02),
        OptionContract(Decimal(100), True, 10.0, vol=0.1, tau=0.02),
        OptionContract(Decimal(110), False, 10.0, vol=0.1, tau=0.02),
    ]
    below, above = zero_gamma(contracts, 99.0), zero_gamma(contracts, 101.0)
    assert below == pytest.approx(math.sqrt(90.0 * 100.0), rel=1e-3)
    assert above == pytest.approx(math.sqrt(100.0 * 110.0), rel=1e-3)
    assert zero_gamma(contracts, below) == pytest.approx(below, rel=1e-12)


def test_the_root_of_two_strikes_is_at_their_geometric_mean():
    # |d1| is equal at ln S = (ln 90 + ln 110) / 2 - vol^2 tau / 2, whatever the size of gamma.
    for tau in (0.5, 1e-2, 1e-6):
        two = [
            OptionContract(Decimal(90), False, 1.0, vol=0.2, tau=tau),
            OptionContract(Decimal(110), True, 1.0, vol=0.2, tau=tau),
        ]
        root = zero_gamma(two, 100.0)
        assert root == pytest.approx(math.sqrt(9900.0) * math.exp(-0.02 * tau), rel=1e-12)


def test_there_is_no_root_where_nothing_turns():
    calls = [OptionContract(Decimal(100), True, 5.0, vol=0.2, tau=0.1)]
    assert zero_gamma(calls, 100.0) is None
    flat = [*calls, OptionContract(Decimal(100), False, 5.0, vol=0.2, tau=0.1)]
    assert zero_gamma(flat, 100.0) is None
    assert zero_gamma(chain(), 4500.0, search_range=(4400.0, 4600.0)) is None


def test_strikes_are_exact_decimals():
    contracts = [
        OptionContract(strike, True, 1.0, gamma=0.01)
        for strike in ("100.29", 100.29, Decimal("100.290"))
    ]
    rows = gex_surface(
        [*contracts, OptionContract("100.28", True, 1.0, gamma=0.01)], 100.0
    ).by_strike
    assert [str(row.strike) for row in rows] == ["100.28", "100.29"]
    assert rows[1].net == pytest.approx(300.0)


def test_calls_add_puts_take_and_the_rows_sum_to_the_total():
    contracts = [
        OptionContract(Decimal(100), True, 1000.0, gamma=0.02, expiry="2025-01-17"),
        OptionContract(Decimal(100), False, 400.0, gamma=0.02, expiry="2025-02-21"),
        OptionContract(Decimal(90), False, 900.0, gamma=0.01, expiry="2025-01-17"),
    ]
    found = gex_surface(contracts, 100.0)
    assert found.total == pytest.approx(30_000.0)
    assert found.total == pytest.approx(sum(row.net for row in found.by_strike))
    low, high = found.by_strike
    assert (low.net, low.call, low.put) == pytest.approx((-90_000.0, 0.0, -90_000.0))
    assert high.magnitude == pytest.approx(280_000.0)
    by_expiry = {row.expiry: row.net for row in found.by_expiry}
    assert by_expiry == pytest.approx({"2025-01-17": 110_000.0, "2025-02-21": -80_000.0})
    assert found.cumulative_flip == 100
    assert found.zero_gamma is None


def test_the_regime_is_relative_to_the_markets_volume():
    contracts = [OptionContract(Decimal(100), False, 1000.0, gamma=0.02)]
    exposure = gex_surface(contracts, 100.0)
    assert exposure.total == pytest.approx(-200_000.0)
    assert (exposure.regime, exposure.threshold) == (GexRegime.NEUTRAL, 5e8)
    assert gex_surface(contracts, 100.0, adv=1e7).regime is GexRegime.NEGATIVE
    assert gex_surface(contracts, 100.0, adv=3e7).regime is GexRegime.NEUTRAL
    assert gex_surface(contracts, 100.0, adv=1e7, threshold_share=0.05).regime is GexRegime.NEUTRAL


def test_an_expired_contract_has_no_gamma():
    expired = OptionContract(Decimal(100), True, 1e6, vol=0.2, tau=0.0)
    assert gex_surface([expired], 100.0).total == 0.0
    both = gex_surface([*chain(), expired], 4500.0, rate=0.05, dividend_yield=0.015)
    assert both.zero_gamma == pytest.approx(4259.212554388114, rel=1e-12)


@pytest.mark.parametrize(
    "change",
    [
        {"strike": "x"},
        {"strike": 0},
        {"strike": float("nan")},
        {"is_call": 1},
        {"open_interest": -1.0},
        {"open_interest": float("nan")},
        {"gamma": -0.1},
        {"gamma": None},
        {"gamma": None, "vol": 0.2},
        {"vol": 0.0, "tau": 0.1},
        {"tau": -1.0},
        {"multiplier": None},
    ],
)
def test_contracts_that_cannot_be_are_refused(change):
    given = {"strike": 100, "is_call": True, "open_interest": 1.0, "gamma": 0.1} | change
    with pytest.raises(ValueError, match="expected"):
        OptionContract(**given)


def test_bad_input_to_the_surface_is_refused():
    for call in (
        lambda: gex_surface([], 100.0),
        lambda: gex_surface(chain(), 0.0),
        lambda: gex_surface(chain(), float("nan")),
        lambda: gex_surface(chain(), 100.0, rate=float("inf")),
        lambda: gex_surface(chain(), 100.0, adv=0.0),
        lambda: zero_gamma([], 100.0),
        lambda: zero_gamma(chain(), 100.0, search_range=(2.0, 1.0)),
        lambda: zero_gamma([OptionContract(1, True, 1.0, gamma=0.1)], 100.0),
    ):
        with pytest.raises(ValueError, match="expected"):
            call()


def test_a_random_chain_turns_where_a_plain_scan_says():
    rng = np.random.default_rng(3)
    contracts = [
        OptionContract(
            int(strike),
            bool(rng.random() < 0.5),
            float(rng.integers(1, 999)),
            vol=float(rng.uniform(0.1, 0.4)),
            tau=float(rng.uniform(0.02, 0.5)),
        )
        for strike in rng.integers(80, 120, 30)
    ]
    spots = np.linspace(70.0, 130.0, 6001)
    values = np.array([total(contracts, spot) for spot in spots])
    turns = spots[:-1][values[:-1] * values[1:] < 0.0]
    nearest = turns[np.abs(turns - 100.0).argmin()]
    assert zero_gamma(contracts, 100.0) == pytest.approx(nearest, abs=0.011)
