from datetime import date

import numpy as np
import pytest

from rf_pricing.rates import (
    DayCount,
    FixedRateBond,
    HullWhite,
    ZeroCurve,
    bond_analytics,
    bond_value,
    bond_yield,
    day_count_fraction,
    taylor_change,
)

TIMES = np.arange(1, 11) / 2.0
AMOUNTS = np.where(TIMES == 5.0, 104.5, 4.5)


def test_fabozzis_bond_has_its_durations_and_convexity() -> None:
    found = bond_analytics(TIMES, AMOUNTS, 0.09, frequency=2)
    assert found.value == pytest.approx(100.0, rel=1e-13)
    assert found.modified == pytest.approx(3.9563590885550832, rel=1e-12)
    assert found.convexity == pytest.approx(19.45256432514299, rel=1e-12)


@pytest.mark.parametrize("frequency", [0, 1, 2, 12])
@pytest.mark.parametrize("rate", [-0.01, 0.0, 0.05, 0.6])
def test_the_yield_reprices_the_bond(frequency: int, rate: float) -> None:
    value = bond_value(TIMES, AMOUNTS, rate, frequency=frequency)
    assert bond_yield(TIMES, AMOUNTS, value, frequency=frequency) == pytest.approx(rate, abs=1e-12)


@pytest.mark.parametrize("frequency", [0, 2])
def test_durations_are_derivatives(frequency: int) -> None:
    found = bond_analytics(TIMES, AMOUNTS, 0.04, frequency=frequency)
    h = 1e-4
    up, down = (bond_value(TIMES, AMOUNTS, 0.04 + x, frequency=frequency) for x in (h, -h))
    assert -(up - down) / (2 * h) / found.value == pytest.approx(found.modified, rel=1e-6)
    second = (up + down - 2 * found.value) / h**2 / found.value
    assert second == pytest.approx(found.convexity, rel=1e-6)


def test_the_second_order_change_is_close_for_a_small_move() -> None:
    found = bond_analytics(TIMES, AMOUNTS, 0.04, frequency=2)
    change = bond_value(TIMES, AMOUNTS, 0.041, frequency=2) - found.value
    guess = taylor_change(found.modified, found.convexity, found.value, 0.001)
    assert guess == pytest.approx(change, abs=1e-5)


@pytest.mark.parametrize(
    ("start", "end", "convention", "expected"),
    [
        (date(2024, 1, 31), date(2024, 2, 29), DayCount.THIRTY_360_US, 29 / 360),
        (date(2024, 2, 29), date(2024, 8, 31), DayCount.THIRTY_360_US, 0.5),
        (date(2024, 2, 29), date(2024, 8, 31), DayCount.THIRTY_360_EU, 181 / 360),
        (date(2024, 1, 1), date(2024, 7, 1), DayCount.ACT_360, 182 / 360),
        (date(2024, 1, 1), date(2025, 1, 1), DayCount.ACT_365F, 366 / 365),
        # ISDA (1998), EMU and market conventions: 1 Nov 2003 to 1 May 2004.
        (date(2003, 11, 1), date(2004, 5, 1), DayCount.ACT_ACT_ISDA, 61 / 365 + 121 / 366),
    ],
)
def test_day_counts_agree_with_their_rules(
    start: date, end: date, convention: DayCount, expected: float
) -> None:
    assert day_count_fraction(start, end, convention) == pytest.approx(expected, rel=1e-15)


def test_icma_gives_a_whole_coupon_for_a_whole_period() -> None:
    period = (date(2003, 11, 1), date(2004, 5, 1))
    assert day_count_fraction(*period, DayCount.ACT_ACT_ICMA, period=period, frequency=2) == 0.5
    with pytest.raises(ValueError, match="period"):
        day_count_fraction(*period, DayCount.ACT_ACT_ICMA)


def test_clean_and_dirty_differ_by_accrued_interest_and_yield_comes_back() -> None:
    bond = FixedRateBond(date(2020, 3, 31), date(2030, 9, 30), 0.045, 2)
    day = date(2024, 6, 17)
    assert bond.dirty(day, 0.05) - bond.clean(day, 0.05) == pytest.approx(bond.accrued(day))
    assert bond.yield_at_clean(day, bond.clean(day, 0.05)) == pytest.approx(0.05, abs=1e-12)
    assert bond.coupon_dates()[0] == date(2020, 9, 30)
    assert date(2024, 3, 31) in bond.coupon_dates()
    with pytest.raises(ValueError, match="settlement"):
        bond.accrued(date(2030, 9, 30))


def test_the_forward_is_the_slope_of_the_log_discount() -> None:
    curve = ZeroCurve([1.0, 2.0, 5.0], [0.01, 0.03, 0.02])
    for t in (0.3, 1.4, 3.3, 7.0):
        h = 1e-5
        slope = -np.log(curve.discount(t + h) / curve.discount(t - h)) / (2 * h)
        assert curve.forward_rate(t) == pytest.approx(slope, abs=1e-9)


def test_calls_and_puts_on_a_zero_bond_keep_parity() -> None:
    zeros = [0.0501772, 0.0509389, 0.0579733, 0.0630595, 0.0673464, 0.0694816]
    curve = ZeroCurve([0.0082, 1.0055, 2.0027, 3.0027, 4.0027, 5.0027], zeros)
    model = HullWhite(curve, 0.1, 0.01)
    call, put = (model.bond_option(3.0, 5.0, 85.0, face=100.0, is_call=c) for c in (True, False))
    parity = 100.0 * curve.discount(5.0) - 85.0 * curve.discount(3.0)
    assert call - put == pytest.approx(parity, abs=1e-12)


def test_mean_reversion_goes_continuously_to_zero() -> None:
    values = [
        HullWhite(ZeroCurve.flat(0.04), a, 0.01).bond_option(1.0, 3.0, 0.92)
        for a in (-1e-9, 0.0, 1e-300, 1e-9)
    ]
    assert values[1] == pytest.approx(0.008662352743369389, rel=1e-12)
    assert values == pytest.approx([values[1]] * 4, rel=1e-7)


def test_bonds_follow_the_curve_at_its_own_short_rate() -> None:
    model = HullWhite(ZeroCurve([1.0, 5.0], [0.02, 0.04]), 0.1, 0.01)
    assert model.zero_bond(0.0, 4.0, 0.02) == pytest.approx(model.curve.discount(4.0), rel=1e-14)


@pytest.mark.parametrize(
    "call",
    [
        lambda: bond_analytics([1.0], [np.nan], 0.05, frequency=2),
        lambda: bond_analytics([1.0], [1.0], -2.0, frequency=2),
        lambda: bond_analytics([], [], 0.05, frequency=2),
        lambda: bond_yield([1.0], [100.0], -1.0, frequency=2),
        lambda: bond_yield([1.0], [-100.0], 1.0, frequency=2),
        lambda: ZeroCurve([2.0, 1.0], [0.01, 0.02]),
        lambda: ZeroCurve.flat(0.01).discount(-1.0),
        lambda: HullWhite(ZeroCurve.flat(0.01), 0.1, -0.01),
        lambda: HullWhite(ZeroCurve.flat(0.01), 0.1, 0.01).bond_option(2.0, 1.0, 0.9),
        lambda: FixedRateBond(date(2024, 1, 1), date(2023, 1, 1), 0.05, 2),
    ],
)
def test_bad_rates_input_is_refused(call) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="expected"):
        call()
