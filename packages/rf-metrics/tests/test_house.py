import math
from decimal import Decimal

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from rf_common.enums import (
    FeedState,
    Liquidity,
    OrderStatus,
    OrderType,
    Side,
    SystemState,
    TimeInForce,
)
from rf_common.events import (
    Envelope,
    FeedGap,
    FeedStatus,
    OrderAccepted,
    OrderDenied,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    Quote,
    Timer,
    Trade,
    VenueOrder,
    VenueReport,
)
from rf_common.orders import OrderRequest, Refusal, StateChanged, SubmitOrder
from rf_metrics import HouseMetrics

BTC = "binance:BTCUSDT"
TABLE = {
    "rf_market_events": ("counter", {"source"}),
    "rf_ws_reconnects": ("counter", {"source"}),
    "rf_ws_connected": ("gauge", {"source"}),
    "rf_feed_gaps": ("counter", {"source"}),
    "rf_orders_submitted": ("counter", {"symbol", "side"}),
    "rf_orders_filled": ("counter", {"symbol", "side"}),
    "rf_orders_rejected": ("counter", {"symbol", "reason"}),
    "rf_order_latency_us": ("histogram", set()),
    "rf_open_orders": ("gauge", set()),
    "rf_risk_breaches": ("counter", {"type"}),
    "rf_kill_switch_active": ("gauge", set()),
    "rf_portfolio_drawdown": ("gauge", set()),
    "rf_portfolio_value_usd": ("gauge", set()),
    "rf_system_state": ("gauge", {"state"}),
    "rf_engine_process_us": ("histogram", set()),
    "rf_db_writes": ("counter", {"table"}),
    "rf_db_write_latency_ms": ("histogram", {"table"}),
    "rf_db_queue_depth": ("gauge", set()),
}
STATUS = {
    "state": "ACTIVE",
    "kill": {"engaged": False},
    "equity": "100123.45",
    "drawdown": 0.012,
    "open_orders": 3,
    "feeds": [{"source": "binance", "state": "LIVE"}, {"source": "mock", "state": "STALE"}],
}


def submit(key="RF-S-1", instrument=BTC, side=Side.BUY):
    request = OrderRequest(
        key,
        "momentum",
        instrument,
        side,
        Decimal("0.01"),
        OrderType.LIMIT,
        Decimal(100),
        None,
        TimeInForce.DAY,
        False,
        "strategy momentum",
        "",
    )
    return SubmitOrder(request, 100.0)


def refusal(rule="max_order_notional", instrument=BTC):
    return Refusal("momentum", instrument, Side.BUY, Decimal(1), None, rule, "", "", "", "")


def filled(key="RF-S-1", execution="x1", ts=1_000, instrument=BTC):
    price, quantity = Decimal(100), Decimal("0.01")
    return OrderFilled(
        key, instrument, ts, "v1", execution, Side.BUY, price, quantity, Decimal(0), Liquidity.TAKER
    )


def at(us, payload):
    return Envelope(1, us * 1_000, payload)


TICK = Timer("heartbeat", 0)


def test_market_events_are_counted_by_venue(metrics, value):
    metrics.observe(at(1, Quote(BTC, 1, 1.0, 1.0, 2.0, 1.0)), ())
    metrics.observe(at(2, Trade(BTC, 1, 1.0, 1.0, Side.BUY)), ())
    metrics.observe(at(3, Quote("sim:AAPL", 1, 1.0, 1.0, 2.0, 1.0)), ())
    assert value("rf_market_events_total", source="binance") == 2
    assert value("rf_market_events_total", source="sim") == 1


def test_latency_is_from_submit_to_the_first_answer_only(metrics, value):
    metrics.observe(at(100, TICK), (submit(),))
    metrics.observe(at(150, OrderUnknown("RF-S-1", BTC, 0, "time-out")), ())
    metrics.observe(at(700, OrderAccepted("RF-S-1", BTC, 0, "v1")), ())
    metrics.observe(at(99_000, filled()), ())
    assert value("rf_order_latency_us_count") == 1
    assert value("rf_order_latency_us_sum") == 600
    assert value("rf_order_latency_us_bucket", le="500.0") == 0
    assert value("rf_order_latency_us_bucket", le="1000.0") == 1
    assert value("rf_orders_submitted_total", symbol="BTCUSDT", side="BUY") == 1


def test_an_answer_to_an_order_we_did_not_send_has_no_latency(metrics, value):
    metrics.observe(at(1, OrderAccepted("RF-S-9", BTC, 0, "v9")), ())
    assert value("rf_order_latency_us_count") == 0


def test_an_execution_counts_once_however_often_it_arrives(metrics, value):
    metrics.observe(at(1, TICK), (submit(),))
    report = VenueReport("binance", 2_000, ("RF-S-1",), (), (filled(), filled(execution="x2")), ())
    for payload in (filled(), filled(), report, report):
        metrics.observe(at(2, payload), ())
    assert value("rf_orders_filled_total", symbol="BTCUSDT", side="BUY") == 2


def test_executions_from_before_this_process_are_not_counted_again(metrics, value):
    report = VenueReport("binance", 5_000, ("RF-S-1",), (), (filled(ts=1_999),), ())
    metrics.observe(at(2, report), ())
    assert value("rf_orders_filled_total", symbol="BTCUSDT", side="BUY") is None


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (OrderRejected("RF-S-1", BTC, 0, "any words of the venue"), "venue"),
        (OrderDenied("RF-S-1", BTC, 0, "halted"), "gate"),
    ],
)
def test_a_rejection_is_counted_once_with_a_bounded_reason(metrics, value, payload, reason):
    metrics.observe(at(1, TICK), (submit(),))
    metrics.observe(at(2, payload), ())
    metrics.observe(at(3, payload), ())
    assert value("rf_orders_rejected_total", symbol="BTCUSDT", reason=reason) == 1
    assert value("rf_order_latency_us_count") == 1


def test_an_order_that_the_venue_proves_not_to_have_is_rejected(metrics, value):
    metrics.observe(at(1, TICK), (submit("RF-S-1"), submit("RF-S-2"), submit("RF-S-3")))
    open_order = VenueOrder("RF-S-2", BTC, "v2", OrderStatus.ACCEPTED, Decimal(1), None, Decimal(0))
    asked = ("RF-S-1", "RF-S-2", "RF-S-3")
    report = VenueReport("binance", 1, asked, (open_order,), (filled("RF-S-3"),), ())
    metrics.observe(at(2, report), ())
    metrics.observe(at(3, report), ())
    assert value("rf_orders_rejected_total", symbol="BTCUSDT", reason="venue") == 1


def test_a_refusal_counts_as_rejected_order_and_as_breach(metrics, value):
    metrics.observe(at(1, TICK), (refusal(), refusal("price_collar")))
    assert value("rf_orders_rejected_total", symbol="BTCUSDT", reason="price_collar") == 1
    assert value("rf_risk_breaches_total", type="max_order_notional") == 1


def test_a_loss_limit_that_reduces_trading_is_a_breach_and_a_person_is_not(metrics, value):
    active, reducing = SystemState.ACTIVE, SystemState.REDUCING
    metrics.observe(at(1, TICK), (StateChanged(active, reducing, "daily loss", "risk"),))
    metrics.observe(at(2, TICK), (StateChanged(active, reducing, "lunch", "cli:me"),))
    assert value("rf_risk_breaches_total", type="reducing") == 1


def test_a_reconnect_is_a_live_feed_after_a_lost_connection(metrics, value):
    states = ["CONNECTING", "LIVE", "STALE", "LIVE", "DOWN", "CONNECTING", "LIVE", "LIVE"]
    for state in states:
        metrics.observe(at(1, FeedStatus("binance", 0, FeedState(state))), ())
    assert value("rf_ws_reconnects_total", source="binance") == 1


def test_gaps_are_counted_by_source(metrics, value):
    metrics.observe(at(1, FeedGap(BTC, 0, "binance", 1, 2, "lost")), ())
    assert value("rf_feed_gaps_total", source="binance") == 1


def test_symbols_beyond_the_bound_share_one_label(metrics, value):
    outputs = tuple(submit(f"k{n}", f"sim:S{n}") for n in range(10))
    metrics.observe(at(1, TICK), outputs)
    assert value("rf_orders_submitted_total", symbol="S2", side="BUY") == 1
    assert value("rf_orders_submitted_total", symbol="S3", side="BUY") is None
    assert value("rf_orders_submitted_total", symbol="other", side="BUY") == 7


def test_the_snapshot_sets_every_gauge(metrics, value):
    metrics.snapshot(STATUS)
    assert value("rf_portfolio_value_usd") == 100123.45
    assert value("rf_portfolio_drawdown") == 0.012
    assert value("rf_open_orders") == 3
    assert value("rf_kill_switch_active") == 0
    assert value("rf_ws_connected", source="binance") == 1
    assert value("rf_ws_connected", source="mock") == 0
    assert value("rf_system_state", state="ACTIVE") == 1
    assert sum(value("rf_system_state", state=s.value) for s in SystemState) == 1


def test_the_kill_switch_shows(metrics, value):
    metrics.snapshot(STATUS | {"state": "HALTED", "kill": {"engaged": True}})
    assert value("rf_kill_switch_active") == 1
    assert value("rf_system_state", state="HALTED") == 1
    assert value("rf_system_state", state="ACTIVE") == 0


def test_what_is_not_known_is_nan_and_never_zero(metrics, value):
    for name in ("portfolio_value_usd", "portfolio_drawdown", "open_orders", "kill_switch_active"):
        assert math.isnan(value(f"rf_{name}"))
    metrics.snapshot(STATUS)
    metrics.snapshot(STATUS | {"equity": None, "drawdown": None})
    assert math.isnan(value("rf_portfolio_value_usd"))
    assert math.isnan(value("rf_portfolio_drawdown"))


def test_durations_and_the_journal_queue_are_exported(metrics, value):
    metrics.engine_took(42.0)
    metrics.db_wrote("journal", 10, 1.5)
    metrics.db_wrote("journal", 5, 0.5)
    metrics.db_queue(7)
    assert value("rf_engine_process_us_bucket", le="50.0") == 1
    assert value("rf_db_writes_total", table="journal") == 15
    assert value("rf_db_write_latency_ms_count", table="journal") == 2
    assert value("rf_db_queue_depth") == 7


def test_the_page_has_exactly_the_published_names_types_and_labels(metrics):
    metrics.observe(at(1, Quote(BTC, 1, 1.0, 1.0, 2.0, 1.0)), (submit(), refusal()))
    metrics.observe(at(2, filled()), ())
    metrics.observe(at(3, FeedGap(BTC, 0, "binance", 1, 2, "lost")), ())
    for state in ("LIVE", "DOWN", "LIVE"):
        metrics.observe(at(4, FeedStatus("binance", 0, FeedState(state))), ())
    metrics.db_wrote("journal", 1, 1.0)
    metrics.snapshot(STATUS)
    text, content_type = metrics.render()
    families = {f.name: f for f in text_string_to_metric_families(text.decode())}
    assert content_type.startswith("text/plain; version=")
    assert {name: family.type for name, family in families.items()} == {
        name: kind for name, (kind, _) in TABLE.items()
    }
    for name, (_, labels) in TABLE.items():
        for sample in families[name].samples:
            assert set(sample.labels) - {"le"} == labels, sample


def test_two_registries_do_not_meet():
    shared = CollectorRegistry()
    HouseMetrics(shared)
    HouseMetrics()
    with pytest.raises(ValueError, match="Duplicated"):
        HouseMetrics(shared)
