from __future__ import annotations

from decimal import Decimal

import pytest

from rf_common import FeedState, InstrumentId, Mode, Severity, Side, SystemState
from rf_common.orders import Notice, Refusal, Signal, SignalRaised
from rf_dashboard import Connecting, DashboardState, FeedView, LimitView, Live, Offline, views
from rf_dashboard.views.system import EXCHANGES


def test_the_header_says_mode_money_risk_and_the_age_of_the_newest_tick(desk, make):
    head = views.header(desk, make.at(3))
    assert (head.mode.value, head.account.value, head.equity.value) == (
        Mode.PAPER, "SIM-1", Decimal("10024.50"),
    )  # fmt: skip
    assert (head.tick_age_ms.value, head.risk_used.value) == (2_000, 0.85)
    assert (head.state.value, head.killed.value) == (SystemState.ACTIVE, False)
    assert (head.link, head.link_ms, head.stale) == ("live", 3_000, False)


def test_a_threshold_that_stops_no_order_is_no_risk_used(desk, make):
    limits = (
        LimitView("max_gross", "10", "20", 0.5),
        LimitView("trade_count", "166", "50", 3.32, blocks=False),
    )
    desk.apply(make.account(limits=limits), make.at(3))
    assert views.header(desk, make.at(3)).risk_used.value == 0.5


def test_the_header_of_a_screen_that_knows_nothing_invents_nothing(make):
    head = views.header(DashboardState(), make.at(0))
    for value in (head.mode, head.account, head.equity, head.day_pnl, head.state, head.killed,
                  head.risk_used, head.tick_age_ms, head.ai_spend):  # fmt: skip
        assert value.value is None
        assert value.reason
    assert (head.link, head.stale) == ("connecting", True)


def test_what_the_analysts_spend_is_unknown_until_it_is_told(desk, make):
    spend = views.header(desk, make.at(3)).ai_spend
    assert (spend.value, spend.reason) == (None, "the daemon told nothing of an analyst")


@pytest.mark.parametrize(
    ("link", "name", "said"),
    [
        (Connecting(), "connecting", "connecting to the daemon"),
        (Connecting(reason="try 2"), "connecting", "connecting to the daemon: try 2"),
        (Offline(1, "refused"), "offline", "the daemon is offline: refused"),
    ],
)
def test_without_a_live_line_everything_is_marked_with_the_reason(desk, make, link, name, said):
    desk.connection(link)
    head = views.header(desk, make.at(3))
    assert (head.link, head.stale) == (name, True)
    for value in (head.mode, head.equity, head.state, head.killed, head.risk_used):
        assert (value.stale, value.reason) == (True, said)


def test_a_line_that_is_open_but_silent_counts_as_old(desk, make):
    assert not views.header(desk, make.at(7)).stale
    head = views.header(desk, make.at(9))
    assert (head.stale, head.equity.reason) == (True, "no word from the daemon for 7 s")
    desk.heard(make.at(8.5))
    assert not views.header(desk, make.at(9)).stale


def test_a_screen_that_just_connected_waits_before_it_calls_the_daemon_silent(desk, make):
    desk.connection(Live(make.at(100)))
    assert not views.header(desk, make.at(104)).stale
    assert views.header(desk, make.at(106)).stale


# --- feeds ----------------------------------------------------------------------------------------


def test_only_what_is_connected_says_so(desk, make):
    rows = {row.name: row for row in views.feeds(desk, make.at(3))}
    assert tuple(rows) == EXCHANGES
    assert rows["CRYPTO"].status == "connected"
    assert (rows["CRYPTO"].latency_ms.value, rows["CRYPTO"].last_event_ms) == (40.0, 1_000)
    for name in set(EXCHANGES) - {"CRYPTO"}:
        assert (rows[name].status, rows[name].latency_ms.value) == ("not connected", None)


def test_the_simulated_market_is_no_exchange(desk, make):
    desk.apply(make.quote(10.0, 11.0, 3, InstrumentId("sim:AAPL")), make.at(3))
    feed = FeedView("sim", FeedState.LIVE, "", None, make.at(3), 0)
    desk.apply(make.system(3, feeds=(feed,)), make.at(3))
    *exchanges, sim = views.feeds(desk, make.at(3))
    assert {row.status for row in exchanges} == {"not connected"}
    assert (sim.name, sim.status, sim.reason) == (
        "SIM", "connected", "simulates 1 instruments; no exchange is connected",
    )  # fmt: skip
    assert (sim.latency_ms.value, sim.latency_ms.reason) == (None, "not measured")


@pytest.mark.parametrize(
    ("state", "status"),
    [(FeedState.STALE, "degraded"), (FeedState.CONNECTING, "connecting"), (FeedState.DOWN, "down")],
)
def test_a_feed_in_trouble_keeps_its_reason(desk, make, state, status):
    feed = FeedView("binance", state, "reset by peer", None, make.at(2), 3)
    desk.apply(make.system(3, feeds=(feed,)), make.at(3))
    row = views.feeds(desk, make.at(3))[EXCHANGES.index("CRYPTO")]
    assert (row.status, row.reason, row.lost_trades) == (status, "reset by peer", 3)


def test_no_feed_is_called_connected_while_the_daemon_is_away(desk, make):
    desk.connection(Offline(make.at(3), "refused"))
    assert {row.status for row in views.feeds(desk, make.at(3))} == {"not connected", "unknown"}


# --- alerts ---------------------------------------------------------------------------------------


def test_alerts_and_refusals_stand_in_one_list_newest_first(desk, make):
    refusal = Refusal(
        "human", make.BTC, Side.BUY, Decimal("50"), Decimal("399"), "max_order_notional",
        "19950", "10000", "the order is too large", "tui",
    )  # fmt: skip
    desk.apply(Notice(Severity.INFO, "RF-X-001", "first"), make.at(3))
    desk.apply(refusal, make.at(4))
    desk.apply(refusal, make.at(5))
    desk.apply(Notice(Severity.CRITICAL, "RF-X-002", "last"), make.at(6))
    rows = views.alerts(desk, 10, make.at(7))
    assert [(row.severity, row.code, row.count, row.age_ms) for row in rows] == [
        (Severity.CRITICAL, "RF-X-002", 1, 1_000),
        (Severity.WARNING, "max_order_notional", 2, 2_000),
        (Severity.INFO, "RF-X-001", 1, 4_000),
    ]
    assert rows[1].text == (
        "BUY 50 binance:BTCUSDT refused: 19950 (limit 10000): the order is too large"
    )
    assert views.header(desk, make.at(7)).newest_alert == rows[0].number
    assert len(views.alerts(desk, 2, make.at(7))) == 2


# --- strategies and the daemon --------------------------------------------------------------------


def test_strategies_say_why_they_are_off_and_what_they_think(desk, make):
    said = Signal("momentum", make.BTC, 1, 0.6, 101.0, "z 1.3 above 1.0")
    desk.apply(SignalRaised(said), make.at(2))
    on, off = views.strategies(desk, make.at(3))
    assert (on.enabled, [(o.direction, o.age_ms) for o in on.opinions]) == (True, [(1, 1_000)])
    assert (off.enabled, off.reason, off.opinions) == (False, "switched off by a person", ())


def test_the_daemon_shows_a_phrase_only_while_something_is_to_be_resumed(desk, make):
    panel = views.system(desk, make.at(3))
    assert (panel.resume_phrase.value, panel.resume_phrase.reason) == (
        None, "nothing is to be resumed",
    )  # fmt: skip
    desk.apply(make.system(killed=True, resume_phrase="resume PAPER 1"), make.at(3))
    panel = views.system(desk, make.at(3))
    assert (panel.resume_phrase.value, panel.killed.value) == ("resume PAPER 1", True)
