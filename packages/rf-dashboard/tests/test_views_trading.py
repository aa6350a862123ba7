from __future__ import annotations

from decimal import Decimal

import pytest

from rf_common import FeedState, Mode, OrderStatus
from rf_common.orders import FeedChanged
from rf_dashboard import DashboardState, LimitView, Offline, PositionView, views


def test_a_position_is_shown_with_its_result_in_money_and_of_its_cost(desk, make):
    [row] = views.positions(desk, make.at(3))
    assert (row.symbol, row.quantity, row.average_price.value) == (
        "BTCUSDT", Decimal("-0.010"), Decimal("102.0"),
    )  # fmt: skip
    assert (row.mark.value, row.unrealised.value) == (Decimal("100.5"), Decimal("0.0150"))
    assert row.unrealised_fraction.value == pytest.approx(0.0150 / 1.02)
    assert (row.unrealised.source, row.unrealised.age_ms) == ("paper", 1_000)
    assert row.owners == (("momentum", Decimal("-0.010")),)


def test_a_position_without_a_price_has_no_result_and_says_why(desk, make):
    held = PositionView(make.ETH, Decimal(2), Decimal(10), None, None, Decimal(0), Decimal(0), ())
    desk.apply(make.account(positions=(held,)), make.at(3))
    [row] = views.positions(desk, make.at(3))
    for value in (row.mark, row.unrealised, row.unrealised_fraction):
        assert (value.value, value.reason) == (None, "no price to mark it with")


def test_a_stale_feed_makes_the_result_stale_but_not_the_cost(desk, make):
    desk.apply(FeedChanged(make.BTC, FeedState.DOWN, "reset"), make.at(3))
    [row] = views.positions(desk, make.at(3))
    assert row.mark.stale
    assert row.unrealised.stale
    assert row.unrealised_fraction.stale
    assert not row.average_price.stale


def test_the_account_is_told_in_full(desk, make):
    account = views.account(desk, make.at(4))
    assert (account.equity.value, account.cash.value, account.currency) == (
        Decimal("10024.50"), Decimal("10025.505"), "USDT",
    )  # fmt: skip
    assert account.day_fraction.value == pytest.approx(24.5 / 10_000)
    assert (account.equity.source, account.equity.age_ms) == ("paper", 2_000)
    assert account.refusals == (("max_order_notional", 2),)


def test_an_account_nobody_told_of_is_unknown_not_zero(make):
    account = views.account(DashboardState(), make.at(0))
    for name in ("equity", "cash", "day_pnl", "fees", "gross", "drawdown", "orders_today"):
        value = getattr(account, name)
        assert (value.value, value.reason) == (
            None, "the daemon has not told the account yet",
        )  # fmt: skip


def test_an_account_that_cannot_be_marked_says_so(desk, make):
    desk.apply(make.account(equity=None, day_pnl=None), make.at(3))
    account = views.account(desk, make.at(3))
    for value in (account.equity, account.day_pnl, account.day_fraction):
        assert (value.value, value.reason) == (None, "it cannot be computed without a price")
    assert account.cash.value == Decimal("10025.505")


@pytest.mark.parametrize(
    ("equity", "day"), [("-5", "-10005"), ("0", "0")], ids=["all is lost", "nothing was there"]
)
def test_a_day_that_began_without_money_has_no_percentage(desk, make, equity, day):
    told = make.account(equity=Decimal(equity), day_pnl=Decimal(day))
    desk.apply(told, make.at(3))
    value = views.account(desk, make.at(3)).day_fraction.value
    assert value is None if equity == "0" else value == pytest.approx(-1.0005)


def test_currency_is_left_out_when_instruments_do_not_agree(desk, make):
    other = make.instrument("alpaca:AAPL", "0.01", "1")
    desk.apply(type(other)(*[*_fields(other)[:4], "USD", *_fields(other)[5:]]), make.at(3))
    assert views.account(desk, make.at(3)).currency == ""


def _fields(told):
    return [getattr(told, name) for name in told.__struct_fields__]


def test_amounts_of_a_live_account_name_it_as_their_source(desk, make):
    desk.apply(make.system(mode=Mode.LIVE, account="ALPACA 7788"), make.at(3))
    assert views.account(desk, make.at(3)).equity.source == "alpaca 7788"


def test_the_equity_curve_has_the_last_word_of_each_minute(desk, make):
    for second, equity in ((30, "10030"), (65, "10010"), (70, "10020")):
        desk.apply(make.account(equity=Decimal(equity)), make.at(second))
    assert [(p.ts, p.equity) for p in views.equity_curve(desk, 10)] == [
        (make.at(60), 10_030.0), (make.at(120), 10_020.0),
    ]  # fmt: skip
    assert len(views.equity_curve(desk, 1)) == 1


def test_each_limit_has_its_use_and_its_level(desk, make):
    bars = views.risk_bars(desk, make.at(2))
    assert [(bar.rule, bar.used.value, bar.level) for bar in bars] == [
        ("daily_loss", 0.0, "ok"), ("max_gross", 0.85, "near"), ("max_drawdown", None, "unknown"),
    ]  # fmt: skip
    assert bars[2].used.reason == "its use is unknown"
    desk.apply(make.account(limits=(LimitView("max_gross", "21", "20", 1.05),)), make.at(3))
    assert [bar.level for bar in views.risk_bars(desk, make.at(3))] == ["over"]


# --- orders ---------------------------------------------------------------------------------------


def test_open_orders_say_what_is_left(desk, make):
    [row] = views.open_orders(desk, make.at(4))
    assert (row.remaining, row.limit_price.value, row.average_price.value) == (
        Decimal("0.015"), Decimal("99.5"), Decimal("99.5"),
    )  # fmt: skip
    assert (row.is_open, row.age_ms, row.stale) == (True, 3_000, False)


def test_orders_are_open_ones_then_finished_ones_newest_first(desk, make):
    desk.apply(make.order(3), make.at(3))
    desk.apply(make.order(4, OrderStatus.CANCELED), make.at(4))
    numbers = [int(row.client_order_id[-2:]) for row in views.orders(desk, 10, make.at(4))]
    assert numbers == [3, 1, 4, 2]
    assert len(views.orders(desk, 2, make.at(4))) == 2


def test_an_order_at_the_market_has_no_limit_and_says_so(desk, make):
    desk.apply(make.order(5, limit_price=None, average_price=None), make.at(3))
    row = views.orders(desk, 1, make.at(3))[0]
    assert (row.limit_price.reason, row.average_price.reason) == ("no limit", "nothing is filled")


def test_orders_are_marked_while_the_daemon_is_away(desk, make):
    desk.connection(Offline(make.at(3), "reset"))
    assert views.open_orders(desk, make.at(3))[0].stale


def test_fills_are_newest_first_with_the_strategy_of_their_order(desk, make):
    desk.apply(make.fill(2, client_order_id="RF-P-K7QW3ZPA-00000077"), make.at(3))
    rows = views.fills(desk, 10, make.at(3))
    assert [(row.execution_id, row.strategy_id) for row in rows] == [("e2", ""), ("e1", "momentum")]
    assert (rows[1].price, rows[1].fee, rows[1].age_ms) == (
        Decimal("99.5"), Decimal("0.0004975"), 2_000,
    )  # fmt: skip
    assert len(views.fills(desk, 1, make.at(3))) == 1
