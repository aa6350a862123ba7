from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_common.enums import Side
from rf_execution.almgren_chriss import Impact, measured_impact, trajectory
from rf_execution.schedules import by_weight, iceberg, participation, targets, twap, u_shape
from rf_execution.shortfall import implementation_shortfall, slippage_bps

MARKET = Impact(sigma=0.95, eta=2.5e-6, gamma=2.5e-7, epsilon=0.0625)


@given(
    st.integers(1, 10_000),
    st.lists(st.integers(0, 50), min_size=1, max_size=30).filter(any),
    st.sampled_from(["1", "0.01", "5"]),
)
def test_children_are_on_the_lot_and_follow_their_targets_within_one(lots, weights, lot):
    lot = Decimal(lot)
    quantity = lots * lot

    children = by_weight(quantity, weights, lot)

    assert sum(children) == quantity
    assert all(child >= 0 and child % lot == 0 for child in children)
    due = targets(quantity, weights)
    for k in range(1, len(due) + 1):
        assert (
            abs(sum(children[:k]) - Decimal(sum(due[:k]).numerator) / sum(due[:k]).denominator)
            < lot
        )


def test_equal_slices_and_a_busy_open_and_close():
    assert twap(Decimal(9), 3, Decimal(1)) == [3, 3, 3]
    weights = u_shape(5)
    assert weights[0] == weights[-1] == 3
    assert weights[2] == 1


def test_participation_never_exceeds_its_share_and_stops_at_the_order():
    due = participation(
        Decimal(600), Decimal("0.1"), [Decimal(v) for v in (500, 300, 0, 1200, 50, 4000)],
        lot=Decimal(1),
    )  # fmt: skip
    assert due == [50, 80, 80, 200, 205, 600]
    ours = participation(
        Decimal(600), Decimal("0.1"), [Decimal(450)], lot=Decimal(1), own_included=True
    )
    assert ours == [50]


def test_an_iceberg_shows_its_tip():
    assert iceberg(Decimal(1000), Decimal(300)) == [300, 300, 300, 100]
    assert iceberg(Decimal(200), Decimal(300)) == [200]


@pytest.mark.parametrize(
    "call",
    [
        lambda: twap(Decimal(10), 0, Decimal(1)),
        lambda: twap(Decimal("10.5"), 2, Decimal(1)),
        lambda: by_weight(Decimal(10), [0, 0], Decimal(1)),
        lambda: by_weight(Decimal(10), [1, -1], Decimal(1)),
        lambda: iceberg(Decimal(0), Decimal(1)),
        lambda: participation(Decimal(1), Decimal(1), [], lot=Decimal(1)),
    ],
)
def test_orders_that_cannot_be_cut_are_refused(call):
    with pytest.raises(ValueError, match="expected"):
        call()


def test_the_published_trajectory_of_almgren_and_chriss():
    plan = trajectory(1e6, 5.0, 5, impact=MARKET, risk_aversion=1e-6)
    assert plan.kappa == pytest.approx(0.6070761632470627)
    assert plan.holdings[1] == pytest.approx(541_955.5543739223)
    assert plan.expected_cost == pytest.approx(911_226.9863037935)


def test_no_risk_aversion_is_equal_trades_and_much_of_it_front_loads():
    calm = trajectory(1e6, 5.0, 5, impact=MARKET, risk_aversion=0.0)
    keen = trajectory(1e6, 5.0, 5, impact=MARKET, risk_aversion=1e-3)

    assert calm.trades == pytest.approx([200_000] * 5)
    assert keen.trades[0] > 100 * keen.trades[1]
    assert keen.variance < calm.variance
    assert keen.expected_cost > calm.expected_cost


@given(st.floats(1e-9, 1e-3), st.integers(2, 40))
def test_the_planned_trajectory_is_the_cheapest_nearby(aversion, steps):
    plan = trajectory(1e5, 1.0, steps, impact=MARKET, risk_aversion=aversion)
    tau = 1.0 / steps
    moved = plan.holdings.copy()
    moved[1] *= 0.99

    def utility(x):
        trades = -(x[1:] - x[:-1])
        cost = 0.5 * MARKET.gamma * 1e10 + MARKET.epsilon * abs(trades).sum()
        cost += plan.eta_tilde / tau * (trades @ trades)
        return cost + aversion * MARKET.sigma**2 * tau * (x[1:] @ x[1:])

    assert plan.utility == pytest.approx(utility(plan.holdings))
    assert utility(moved) >= plan.utility - 1e-6 * abs(plan.utility)


def test_the_ibm_example_of_almgren_and_others():
    told = measured_impact(0.1, duration=0.2, sigma=0.0157, shares_per_volume=263.0)
    assert told.permanent * 1e4 == pytest.approx(20, abs=0.5)
    assert told.temporary * 1e4 == pytest.approx(15, abs=0.5)


def test_the_shortfall_example_of_the_cfa_institute():
    told = implementation_shortfall(
        Side.BUY,
        Decimal(1000),
        decision=Decimal(10),
        arrival=Decimal("10.05"),
        fills=[(Decimal(800), Decimal("10.07"))],
        commission=Decimal(14),
        close=Decimal("10.08"),
    )
    assert (told.explicit, told.trading, told.delay) == (
        Decimal("0.0014"), Decimal("0.0016"), Decimal("0.004"),
    )  # fmt: skip
    assert told.missed == Decimal("0.0016")
    assert told.total == Decimal("0.0086")


def test_a_better_price_is_a_negative_cost_on_both_sides():
    assert slippage_bps(Side.BUY, Decimal(99), Decimal(100)) == -100
    assert slippage_bps(Side.SELL, Decimal(101), Decimal(100)) == -100
