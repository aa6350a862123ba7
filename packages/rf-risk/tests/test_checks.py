"""Each rule just below, at and just above its threshold, with its code, value and limit."""

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from rf_common import FeedState, Instrument, InstrumentId, OrderType, Side, SystemState, UnixNanos
from rf_common.clock import NANOS_PER_MILLI
from rf_risk import (
    HUMAN,
    Approved,
    Outcome,
    Refused,
    RiskChain,
    RiskState,
    SelfMatch,
    standard_checks,
)

Make = Callable[..., Any]
CHAIN = RiskChain(standard_checks())
BUY, SELL = Side.BUY, Side.SELL
LONG_50 = {"positions": {"sim:A": 50}, "marks": {"sim:A": 100}}


def _expect(verdict: Approved | Refused, rule: str, value: str = "", limit: str = "") -> None:
    """Check that exactly this rule refused with these numbers; no rule means approval."""
    if not rule:
        assert isinstance(verdict, Approved)
        return
    assert isinstance(verdict, Refused)
    assert (verdict.rule, verdict.value, verdict.limit) == (rule, value, limit)
    assert verdict.reason


def test_the_rules_run_in_the_order_of_the_requirements() -> None:
    assert CHAIN.rules == (
        "system_state",  # 1 state, mode, kill
        "strategy_enabled",
        "instrument",  # 2 instrument
        "market_orders",
        "order_sanity",  # 3 numbers
        "fresh_price",  # 4 price and collar
        "price_collar",
        "max_order_quantity",  # 5 one order
        "max_order_notional",
        "max_position",  # 6 exposure with open orders
        "max_gross",
        "max_net",
        "buying_power",  # 7 cash or margin
        "duplicate_order",  # 8 duplicate
        "order_rate",  # 9 rates
        "max_open_orders",
        "daily_loss",  # 10 the day and the peak
        "max_drawdown",
        "daily_notional",
        "self_match",  # 11 self-match
        "unattended_orders",  # 12 repeated execution
        "agreement",  # 13 safety gate
        "concentration",
        "volatility",
        "correlation",
        "value_at_risk",
        "trade_count",
    )


def test_an_ordinary_order_passes_unchanged(snapshot: Make, intent: Make) -> None:
    assert CHAIN.review(snapshot(), intent()) == Approved(intent())


# --- 1 to 3: state, instrument, numbers --------------------------------------------------------


@pytest.mark.parametrize("state", SystemState)
@pytest.mark.parametrize("reducing", [False, True])
def test_only_active_takes_new_orders_and_reducing_takes_exits(
    snapshot: Make, intent: Make, state: SystemState, reducing: bool
) -> None:
    seen = snapshot(system_state=state, state_reason="why", **(LONG_50 if reducing else {}))
    allowed = state is SystemState.ACTIVE or (state is SystemState.REDUCING and reducing)
    wanted = "ACTIVE, or reducing" if state is SystemState.REDUCING else "ACTIVE"

    verdict = CHAIN.review(seen, intent(side=SELL))

    _expect(verdict, "" if allowed else "system_state", state, wanted)


@pytest.mark.parametrize(
    ("held", "open_sells", "quantity", "passes"),
    [
        (50, 0, "49.9", True),
        (50, 0, "50", True),
        (50, 0, "50.1", False),
        (50, 30, "20", True),
        (50, 30, "20.1", False),
        (0, 0, "0.1", False),
        (-50, 0, "0.1", False),
    ],
)
def test_exits_together_never_go_beyond_the_position(
    snapshot: Make, intent: Make, open_order: Make, held: int, open_sells: int, quantity: str,
    passes: bool,
) -> None:  # fmt: skip
    resting = (open_order(SELL, open_sells, 101),) if open_sells else ()
    other = open_order(BUY, 500, 90, key="c-2", name="sim:B")
    seen = snapshot(
        system_state=SystemState.REDUCING,
        positions={"sim:A": held},
        marks={"sim:A": 100},
        open_orders=(*resting, other),
    )

    verdict = CHAIN.review(seen, intent(side=SELL, quantity=quantity))

    _expect(verdict, "" if passes else "system_state", "REDUCING", "ACTIVE, or reducing")


def test_a_disabled_strategy_sends_nothing_not_even_exits(snapshot: Make, intent: Make) -> None:
    seen = snapshot(disabled_strategies=frozenset({"momentum"}), **LONG_50)

    _expect(CHAIN.review(seen, intent(side=SELL)), "strategy_enabled", "disabled", "enabled")
    _expect(CHAIN.review(seen, intent(strategy_id="other")), "")


def test_an_unknown_or_halted_instrument_is_refused(snapshot: Make, intent: Make) -> None:
    halted = msgspec.structs.replace(snapshot().instrument, tradable=False)

    _expect(CHAIN.review(snapshot(instrument=None), intent()), "instrument", "unknown", "known")
    _expect(CHAIN.review(snapshot(instrument=halted), intent()), "instrument", "halted", "tradable")


@pytest.mark.parametrize(
    "changes",
    [
        {"order_type": OrderType.MARKET, "limit_price": None},
        {"order_type": OrderType.STOP_MARKET, "limit_price": None, "stop_price": 100},
    ],
)
def test_orders_without_a_limit_price_need_a_permission(
    snapshot: Make, intent: Make, changes: dict[str, Any]
) -> None:
    order = intent(**changes)

    refused = CHAIN.review(snapshot(), order)
    allowed = CHAIN.review(snapshot(limits={"allow_market_orders": True}), order)

    _expect(refused, "market_orders", order.order_type, "LIMIT")
    _expect(allowed, "")


@pytest.mark.parametrize(
    ("changes", "value", "limit"),
    [
        ({"quantity": 0}, "0", "above 0"),
        ({"quantity": -10}, "-10", "above 0"),
        ({"quantity": "NaN"}, "NaN", "above 0"),
        ({"quantity": "Infinity"}, "Infinity", "above 0"),
        ({"quantity": "10.05"}, "10.05", "0.1"),
        ({"quantity": "0.01"}, "0.01", "0.1"),
        ({"limit_price": None}, "None", "above 0"),
        ({"limit_price": 0}, "0", "above 0"),
        ({"limit_price": -100}, "-100", "above 0"),
        ({"limit_price": "NaN"}, "NaN", "above 0"),
        ({"limit_price": "100.001"}, "100.001", "0.01"),
        ({"stop_price": 100}, "100", "none"),
        ({"order_type": OrderType.STOP_LIMIT}, "None", "above 0"),
        ({"order_type": OrderType.STOP_LIMIT, "stop_price": 0}, "0", "above 0"),
        ({"order_type": OrderType.STOP_LIMIT, "stop_price": "99.999"}, "99.999", "0.01"),
        ({"order_type": OrderType.MARKET}, "100", "none"),
    ],
)
def test_numbers_must_be_positive_on_grid_and_fit_the_type(
    snapshot: Make, intent: Make, changes: dict[str, Any], value: str, limit: str
) -> None:
    for strategy in ("momentum", HUMAN):
        order = intent(strategy_id=strategy, **changes)
        seen = snapshot(limits={"allow_market_orders": True})

        _expect(CHAIN.review(seen, order), "order_sanity", value, limit)


def test_a_signalling_nan_is_refused(snapshot: Make, intent: Make) -> None:
    assert isinstance(CHAIN.review(snapshot(), intent(quantity="sNaN")), Refused)
    assert isinstance(CHAIN.review(snapshot(), intent(limit_price="sNaN")), Refused)


@pytest.mark.parametrize(
    ("quantity", "rule"), [("0.1", "order_sanity"), ("0.9", "order_sanity"), ("1", ""), ("1.1", "")]
)
def test_an_order_has_the_venues_smallest_value(
    snapshot: Make, intent: Make, quantity: str, rule: str
) -> None:
    small = msgspec.structs.replace(snapshot().instrument, min_notional=Decimal(100))
    value = f"{Decimal(quantity) * 100:.8f}"

    verdict = CHAIN.review(snapshot(instrument=small), intent(quantity=quantity))
    exit_ = CHAIN.review(snapshot(instrument=small, **LONG_50), intent(side=SELL, quantity="0.1"))

    _expect(verdict, rule, value, "100")
    _expect(exit_, "")


@pytest.mark.parametrize(("quantity", "rule"), [("9.9", ""), ("10", ""), ("10.1", "order_sanity")])
def test_an_order_has_the_venues_largest_quantity(
    snapshot: Make, intent: Make, quantity: str, rule: str
) -> None:
    bounded = msgspec.structs.replace(snapshot().instrument, max_quantity=Decimal(10))

    for seen in (snapshot(instrument=bounded), snapshot(instrument=bounded, **LONG_50)):
        verdict = CHAIN.review(seen, intent(side=SELL, quantity=quantity))
        _expect(verdict, rule, quantity, "10")


@pytest.mark.parametrize(
    ("held", "rule"), [(50, ""), (10, ""), (9, "order_sanity"), (0, "order_sanity")]
)
def test_a_persons_reduce_only_order_must_reduce(
    snapshot: Make, intent: Make, held: int, rule: str
) -> None:
    seen = snapshot(positions={"sim:A": held}, marks={"sim:A": 100})

    verdict = CHAIN.review(seen, intent(strategy_id=HUMAN, side=SELL, reduce_only=True))

    _expect(verdict, rule, "not reducing", "reducing")


# --- 4: price ----------------------------------------------------------------------------------


@pytest.mark.parametrize("feed", FeedState)
def test_an_instrument_that_is_not_live_gets_no_order(
    snapshot: Make, intent: Make, feed: FeedState
) -> None:
    rule = "" if feed is FeedState.LIVE else "fresh_price"

    for seen in (snapshot(feed_state=feed), snapshot(feed_state=feed, **LONG_50)):
        _expect(CHAIN.review(seen, intent(side=SELL)), rule, feed, "LIVE")


@pytest.mark.parametrize(("age", "rule"), [(4_999, ""), (5_000, ""), (5_001, "fresh_price")])
def test_a_price_is_stale_after_its_age(snapshot: Make, intent: Make, age: int, rule: str) -> None:
    now = snapshot().now
    seen = snapshot(quote_ts=UnixNanos(now - age * NANOS_PER_MILLI))

    _expect(CHAIN.review(seen, intent()), rule, f"{age} ms", "5000 ms")


def test_without_a_price_nothing_is_sent(snapshot: Make, intent: Make) -> None:
    for order in (
        intent(),
        intent(side=SELL),
        intent(order_type=OrderType.MARKET, limit_price=None),
    ):
        seen = snapshot(quote=None, limits={"allow_market_orders": True}, **LONG_50)
        _expect(CHAIN.review(seen, order), "fresh_price", "none", "5000 ms")


@pytest.mark.parametrize(
    "quote",
    [
        (0.0, 100.0),
        (-1.0, 100.0),
        (100.0, 0.0),
        (math.nan, 100.0),
        (100.0, math.nan),
        (100.0, math.inf),
        (-math.inf, 100.0),
    ],
)
def test_a_market_without_two_sides_is_no_price(
    snapshot: Make, intent: Make, quote: tuple[float, float]
) -> None:
    verdict = CHAIN.review(snapshot(quote=quote), intent())

    _expect(verdict, "fresh_price", f"{quote[0]} / {quote[1]}", "bid and ask")


@pytest.mark.parametrize(
    ("quote", "rule"),
    [((99.99, 100.01), ""), ((100.0, 100.0), ""), ((100.01, 100.0), "fresh_price")],
)
def test_a_crossed_market_is_no_price(
    snapshot: Make, intent: Make, quote: tuple[float, float], rule: str
) -> None:
    _expect(CHAIN.review(snapshot(quote=quote), intent()), rule, "crossed", "bid <= ask")


@pytest.mark.parametrize(
    ("price", "rule", "shown"),
    [
        ("104.99", "", ""), ("105", "", ""), ("105.01", "price_collar", "5.01%"),
        ("95.01", "", ""), ("95", "", ""), ("94.99", "price_collar", "5.01%"),
        ("1", "price_collar", "99.00%"), ("10000", "price_collar", "9900.00%"),
    ],
)  # fmt: skip
def test_a_price_stays_within_the_collar_on_both_sides(
    snapshot: Make, intent: Make, price: str, rule: str, shown: str
) -> None:
    for side in Side:
        for seen in (snapshot(), snapshot(**LONG_50)):
            verdict = CHAIN.review(seen, intent(side=side, limit_price=price))
            _expect(verdict, rule, shown, "5.00%")
        stop = intent(side=side, order_type=OrderType.STOP_LIMIT, stop_price=price)
        _expect(CHAIN.review(snapshot(), stop), rule, shown, "5.00%")


# --- 5: one order ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "rule"), [("9.9", ""), ("10", ""), ("10.1", "max_order_quantity")]
)
def test_the_quantity_of_an_order(snapshot: Make, intent: Make, quantity: str, rule: str) -> None:
    limits = {"max_order_quantity": 10}
    order = intent(side=SELL, quantity=quantity)

    _expect(CHAIN.review(snapshot(limits=limits), order), rule, "10.10", "10.00")
    _expect(CHAIN.review(snapshot(limits=limits, **LONG_50), order), "")
    _expect(CHAIN.review(snapshot(limits=limits, **LONG_50), intent(quantity=quantity)), rule,
            "10.10", "10.00")  # fmt: skip


@pytest.mark.parametrize(
    ("limit", "rule"), [("1000.01", ""), ("1000", ""), ("999.99", "max_order_notional")]
)
def test_the_value_of_an_order(snapshot: Make, intent: Make, limit: str, rule: str) -> None:
    limits = {"max_order_notional": limit}

    for side in Side:
        verdict = CHAIN.review(snapshot(limits=limits), intent(side=side))
        _expect(verdict, rule, "1,000.00", "999.99")
    _expect(CHAIN.review(snapshot(limits=limits, **LONG_50), intent(side=SELL)), "")


def test_a_sale_below_the_market_is_worth_the_market(snapshot: Make, intent: Make) -> None:
    seen = snapshot(limits={"max_order_notional": 999})

    verdict = CHAIN.review(seen, intent(side=SELL, limit_price="95.01"))

    _expect(verdict, "max_order_notional", "999.90", "999.00")


def test_a_market_order_is_worth_the_far_side_of_the_quote(snapshot: Make, intent: Make) -> None:
    seen = snapshot(limits={"max_order_notional": 900, "allow_market_orders": True})
    market = {"order_type": OrderType.MARKET, "limit_price": None}

    _expect(CHAIN.review(seen, intent(**market)), "max_order_notional", "1,000.10", "900.00")
    _expect(
        CHAIN.review(seen, intent(side=SELL, **market)), "max_order_notional", "999.90", "900.00"
    )


def test_a_refusal_shows_the_digits_that_decided(snapshot: Make, intent: Make) -> None:
    seen = snapshot(limits={"max_order_notional": "999.999"})

    _expect(CHAIN.review(seen, intent()), "max_order_notional", "1,000", "999.999")


# --- 6 and 7: exposure -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "side", "value"),
    [
        (0, BUY, "1,000.00"),
        (40, BUY, "5,000.00"),
        (-40, SELL, "5,000.00"),
        (-3, BUY, "700.00"),
        (3, SELL, "700.00"),
    ],
)
def test_the_resulting_position_is_limited_and_not_the_order(
    snapshot: Make, intent: Make, held: int, side: Side, value: str
) -> None:
    at = Decimal(value.replace(",", ""))
    for limit, rule in ((at + 1, ""), (at, ""), (at - 1, "max_position")):
        seen = snapshot(
            limits={"max_position_notional": limit},
            positions={"sim:A": held},
            marks={"sim:A": 100},
        )
        _expect(CHAIN.review(seen, intent(side=side)), rule, value, f"{at - 1:,.2f}")


def test_open_orders_of_the_side_count_in_the_position(
    snapshot: Make, intent: Make, open_order: Make
) -> None:
    pending = (
        open_order(BUY, 20, 99, "c-1"),
        open_order(SELL, 500, 104, "c-2", "sim:B"),
    )
    for limit, rule in ((3_000, ""), ("2999.99", "max_position")):
        seen = snapshot(open_orders=pending, limits={"max_position_notional": limit})
        _expect(CHAIN.review(seen, intent()), rule, "3,000.00", "2,999.99")


def test_open_orders_of_the_other_side_do_not_make_room(
    snapshot: Make, intent: Make, open_order: Make
) -> None:
    seen = snapshot(
        open_orders=(open_order(SELL, 100, 104),),
        positions={"sim:A": 100},
        marks={"sim:A": 100},
        limits={"max_position_notional": 10_500, "self_match": SelfMatch.CANCEL_RESTING},
    )

    _expect(CHAIN.review(seen, intent()), "max_position", "11,000.00", "10,500.00")


def test_what_is_held_counts_at_its_mark_and_not_at_a_low_limit(
    snapshot: Make, intent: Make
) -> None:
    seen = snapshot(
        positions={"sim:A": 100}, marks={"sim:A": 100}, limits={"max_position_notional": 10_000}
    )

    verdict = CHAIN.review(seen, intent(quantity=1, limit_price="95.01"))

    _expect(verdict, "max_position", "10,100.00", "10,000.00")


def test_an_exit_is_exempt_from_the_position_limit_and_a_flip_is_not(
    snapshot: Make, intent: Make
) -> None:
    seen = snapshot(limits={"max_position_notional": 100}, **LONG_50)

    _expect(CHAIN.review(seen, intent(side=SELL, quantity=50)), "")
    _expect(CHAIN.review(seen, intent(side=SELL, quantity=40)), "")
    _expect(
        CHAIN.review(seen, intent(side=SELL, quantity="51.1")), "max_position", "110.00", "100.00"
    )


@pytest.mark.parametrize(
    ("rule", "name", "value"), [("max_gross", "max_gross_notional", "5,000.00"),
                                ("max_net", "max_net_notional", "3,000.00")],
)  # fmt: skip
def test_the_whole_account_is_limited(
    snapshot: Make, intent: Make, rule: str, name: str, value: str
) -> None:
    # 30 A long at 100 and 20 B short at 50, and the order buys 10 A at 100
    held = {"positions": {"sim:A": 30, "sim:B": -20}, "marks": {"sim:A": 100, "sim:B": 50}}
    at = Decimal(value.replace(",", ""))
    for limit, expected in ((at + 1, ""), (at, ""), (at - 1, rule)):
        seen = snapshot(limits={name: limit}, **held)
        _expect(CHAIN.review(seen, intent()), expected, value, f"{at - 1:,.2f}")
    _expect(CHAIN.review(snapshot(limits={name: 1}, **held), intent(side=SELL)), "")


def test_open_sells_do_not_hide_open_buys_in_gross_or_net(
    snapshot: Make, intent: Make, open_order: Make
) -> None:
    pending = (open_order(BUY, 40, 99), open_order(SELL, 40, 101, "c-2"))
    other = (open_order(BUY, 10, 50, "c-3", "sim:B"), open_order(SELL, 30, 50, "c-4", "sim:B"))
    limits = {"self_match": SelfMatch.CANCEL_RESTING}

    gross = snapshot(open_orders=pending + other, limits=limits | {"max_gross_notional": 6_000})
    net = snapshot(open_orders=pending + other, limits=limits | {"max_net_notional": 5_000})

    # A: 10 + 40 at 100; B: 30 sold at 50
    _expect(CHAIN.review(gross, intent()), "max_gross", "6,500.00", "6,000.00")
    # 1 000 ordered + 3 960 + 500 bought against 1 000 - 4 040 - 1 500 sold
    _expect(CHAIN.review(net, intent()), "max_net", "5,460.00", "5,000.00")


@pytest.mark.parametrize("rule", ["max_position", "max_gross", "max_net", "buying_power"])
def test_a_position_without_a_price_refuses(snapshot: Make, intent: Make, rule: str) -> None:
    check = standard_checks()[CHAIN.rules.index(rule)]
    own = snapshot(positions={"sim:A": 5}, quote=None)
    other = snapshot(positions={"sim:B": 5})

    assert check.review(own, intent()).outcome is Outcome.REFUSE
    assert (check.review(other, intent()).outcome is Outcome.REFUSE) == (rule != "max_position")


@pytest.mark.parametrize(
    "rule",
    [
        "price_collar",
        "max_order_notional",
        "max_position",
        "max_gross",
        "max_net",
        "buying_power",
        "daily_notional",
        "concentration",
    ],
)
def test_a_market_order_without_a_quote_has_no_value_and_is_refused(
    snapshot: Make, intent: Make, rule: str
) -> None:
    check = standard_checks()[CHAIN.rules.index(rule)]
    order = intent(order_type=OrderType.MARKET, limit_price=None)

    assert check.review(snapshot(quote=None), order).outcome is Outcome.REFUSE


@pytest.mark.parametrize(
    ("equity", "leverage", "limit", "rule"),
    [
        ("1000.01", 1, "1,000.01", ""),
        ("1000", 1, "1,000.00", ""),
        ("999.99", 1, "999.99", "buying_power"),
        ("500", 2, "1,000.00", ""),
        ("499.99", 2, "999.98", "buying_power"),
        ("0", 2, "0.00", "buying_power"),
        ("-5000", 2, "0.00", "buying_power"),
    ],
)
def test_exposure_needs_equity_behind_it(
    snapshot: Make, intent: Make, risk_state: Make, equity: str, leverage: int, limit: str,
    rule: str,
) -> None:  # fmt: skip
    held = {"positions": {"sim:B": -10, "sim:C": 0}, "marks": {"sim:B": 50}}
    seen = snapshot(risk=risk_state(equity), limits={"max_leverage": leverage}, **held)

    _expect(CHAIN.review(seen, intent(quantity=5)), rule, "1,000.00", limit)


@pytest.mark.parametrize("equities", [("100",), ("0",), ("-5000",), (1_000_000, "-5000"), None])
def test_an_exit_needs_no_equity_and_no_marks(
    snapshot: Make, intent: Make, risk_state: Make, equities: tuple[object, ...] | None
) -> None:
    risk = RiskState(1_000.0) if equities is None else risk_state(*equities)
    seen = snapshot(risk=risk, positions={"sim:A": 50, "sim:B": 5}, limits={"max_drawdown": 0.05})

    _expect(CHAIN.review(seen, intent(side=SELL)), "")
    assert isinstance(CHAIN.review(seen, intent()), Refused)
    assert isinstance(CHAIN.review(seen, intent(side=SELL, quantity="50.1")), Refused)


def test_before_equity_is_known_nothing_is_bought(snapshot: Make, intent: Make) -> None:
    seen = snapshot(risk=RiskState(1_000.0))

    _expect(CHAIN.review(seen, intent()), "buying_power", "unknown", "equity")
    for rule in ("daily_loss", "max_drawdown", "concentration"):
        check = standard_checks()[CHAIN.rules.index(rule)]
        assert check.review(seen, intent()).outcome is Outcome.REFUSE


# --- 8 and 9: pace -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age_ns", "rule"),
    [(0, "duplicate_order"), (999_999_999, "duplicate_order"), (1_000_000_000, ""), (10**10, "")],
)
def test_an_identical_order_within_the_window_is_a_duplicate(
    snapshot: Make, intent: Make, sent: Make, age_ns: int, rule: str
) -> None:
    for held in ({}, LONG_50):
        seen = snapshot(**held)
        seen.risk.sent(sent(intent(side=SELL)), Decimal(1_000), UnixNanos(seen.now - age_ns))
        verdict = CHAIN.review(seen, intent(side=SELL))
        _expect(verdict, rule, f"{age_ns // NANOS_PER_MILLI} ms", "1000 ms")


@pytest.mark.parametrize(
    "changes",
    [{"side": SELL}, {"quantity": "10.1"}, {"limit_price": "100.01"}],
)
def test_an_order_that_differs_is_no_duplicate(
    snapshot: Make, intent: Make, sent: Make, changes: dict[str, Any]
) -> None:
    seen = snapshot()
    seen.risk.sent(sent(intent()), Decimal(1_000), seen.now)
    seen.risk.sent(sent(intent(instrument_id=InstrumentId("sim:B"))), Decimal(1_000), seen.now)

    _expect(CHAIN.review(seen, intent(**changes)), "")


@pytest.mark.parametrize(
    ("taken", "rule"), [(8, ""), (9, ""), (10, "order_rate"), (12, "order_rate")]
)
def test_orders_have_a_rate(
    snapshot: Make, intent: Make, risk_state: Make, taken: int, rule: str
) -> None:
    for held in ({}, LONG_50):
        seen = snapshot(risk=risk_state(rate=10.0), **held)
        for _ in range(taken):
            seen.risk.bucket.take(seen.now)
        verdict = CHAIN.review(seen, intent(side=SELL))
        _expect(verdict, rule, f"{10 - taken:.2f} left", "10/s")


@pytest.mark.parametrize(
    ("count", "rule"), [(1, ""), (2, "max_open_orders"), (3, "max_open_orders")]
)
def test_open_orders_are_counted(
    snapshot: Make, intent: Make, open_order: Make, count: int, rule: str
) -> None:
    resting = tuple(open_order(BUY, 1, 50, f"c-{n}", "sim:B") for n in range(count))
    limits = {"max_open_orders": 2}

    verdict = CHAIN.review(snapshot(open_orders=resting, limits=limits), intent())
    exit_ = CHAIN.review(snapshot(open_orders=resting, limits=limits, **LONG_50), intent(side=SELL))

    _expect(verdict, rule, str(count), "2")
    _expect(exit_, "")


# --- 10: the day and the peak ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("equity", "rule"), [("998000.01", ""), ("998000", ""), ("997999.99", "daily_loss")]
)
def test_the_loss_of_the_day(
    snapshot: Make, intent: Make, risk_state: Make, equity: str, rule: str
) -> None:
    changes = {"risk": risk_state(1_000_000, equity), "limits": {"max_daily_loss": 2_000}}

    _expect(CHAIN.review(snapshot(**changes), intent()), rule, "2,000.01", "2,000.00")
    _expect(CHAIN.review(snapshot(**changes, **LONG_50), intent(side=SELL)), "")


@pytest.mark.parametrize(
    ("equity", "rule", "shown"),
    [("950001", "", ""), ("950000", "", ""), ("949000", "max_drawdown", "5.10%")],
)
def test_the_fall_from_the_running_peak(
    snapshot: Make, intent: Make, risk_state: Make, equity: str, rule: str, shown: str
) -> None:
    risk = risk_state(500_000, 1_000_000, 980_000, equity)
    changes = {"risk": risk, "limits": {"max_drawdown": 0.05}}

    _expect(CHAIN.review(snapshot(**changes), intent()), rule, shown, "5.00%")
    _expect(CHAIN.review(snapshot(**changes, **LONG_50), intent(side=SELL)), "")


@pytest.mark.parametrize(
    ("before", "rule"), [("3999.99", ""), ("4000", ""), ("4000.01", "daily_notional")]
)
def test_the_value_sent_in_a_day(
    snapshot: Make, intent: Make, sent: Make, before: str, rule: str
) -> None:
    for held, expected in (({}, rule), (LONG_50, "")):
        seen = snapshot(limits={"max_daily_notional": 5_000}, **held)
        seen.risk.sent(sent(intent(quantity=1)), Decimal(before), seen.now)
        verdict = CHAIN.review(seen, intent(side=SELL))
        _expect(verdict, expected, "4,999.90" if not rule else "5,000.01", "5,000.00")


# --- 11 to 13: self-match, attendance, safety gate ---------------------------------------------


@pytest.mark.parametrize(
    ("side", "resting", "crosses"),
    [
        (BUY, "100.01", False), (BUY, "100", True), (BUY, "99.99", True),
        (SELL, "99.99", False), (SELL, "100", True), (SELL, "100.01", True),
    ],
)  # fmt: skip
def test_an_order_must_not_trade_against_our_own(
    snapshot: Make, intent: Make, open_order: Make, side: Side, resting: str, crosses: bool
) -> None:
    own = (
        open_order(side.opposite, 1, resting, "c-1"),
        open_order(side, 1, resting, "c-2"),
        open_order(side.opposite, 1, resting, "c-3", "sim:B"),
    )
    verdict = CHAIN.review(snapshot(open_orders=own), intent(side=side))

    _expect(verdict, "self_match" if crosses else "", "c-1", "no own order across")
    assert verdict.cancels == ()


@pytest.mark.parametrize(
    ("mode", "approved", "cancels"),
    [
        (SelfMatch.CANCEL_AGGRESSIVE, False, ()),
        (SelfMatch.CANCEL_RESTING, True, ("c-1", "c-2")),
        (SelfMatch.CANCEL_BOTH, False, ("c-1", "c-2")),
    ],
)
def test_self_match_cancels_as_configured(
    snapshot: Make, intent: Make, open_order: Make, mode: SelfMatch, approved: bool,
    cancels: tuple[str, ...],
) -> None:  # fmt: skip
    own = (
        open_order(SELL, 1, 100, "c-1"),
        open_order(SELL, 1, 99, "c-2"),
        open_order(SELL, 1, 101, "c-3"),
    )
    verdict = CHAIN.review(snapshot(open_orders=own, limits={"self_match": mode}), intent())

    assert isinstance(verdict, Approved) == approved
    assert verdict.cancels == cancels


def test_a_market_order_crosses_everything_and_a_stop_is_crossed_by_everything(
    snapshot: Make, intent: Make, open_order: Make
) -> None:
    limits = {"allow_market_orders": True}
    far = open_order(SELL, 1, 104)
    unpriced = msgspec.structs.replace(far, price=None)
    market = intent(order_type=OrderType.MARKET, limit_price=None)

    for resting, order in ((far, market), (unpriced, intent())):
        verdict = CHAIN.review(snapshot(open_orders=(resting,), limits=limits), order)
        _expect(verdict, "self_match", "c-1", "no own order across")


@pytest.mark.parametrize(
    ("count", "rule"), [(1, ""), (2, "unattended_orders"), (3, "unattended_orders")]
)
def test_a_strategy_needs_a_person_now_and_then(
    snapshot: Make, intent: Make, count: int, rule: str
) -> None:
    seen = snapshot(limits={"max_unattended_orders": 2}, **LONG_50)
    seen.risk.unattended |= {"momentum": count, HUMAN: count}

    _expect(CHAIN.review(seen, intent(side=SELL)), rule, str(count), "2")
    _expect(CHAIN.review(seen, intent(strategy_id=HUMAN)), "")
    seen.risk.attended("momentum")
    _expect(CHAIN.review(seen, intent()), "")


@pytest.mark.parametrize(
    ("equity", "rule", "shown"),
    [("5001", "", ""), ("5000", "", ""), ("4950", "concentration", "20.2%")],
)
def test_one_instrument_is_a_share_of_equity(
    snapshot: Make, intent: Make, risk_state: Make, equity: str, rule: str, shown: str
) -> None:
    changes = {"risk": risk_state(equity), "limits": {"max_concentration": 0.20}}

    _expect(CHAIN.review(snapshot(**changes), intent()), rule, shown, "20%")
    _expect(CHAIN.review(snapshot(**changes, **LONG_50), intent(side=SELL)), "")


@pytest.mark.parametrize(
    ("vol", "rule"), [(0.4999, ""), (0.5, ""), (0.501, "volatility"), (1e300, "volatility")]
)
def test_volatility_against_its_own_average(
    snapshot: Make, intent: Make, vol: float, rule: str
) -> None:
    shown = f"{vol / 0.2:.2f}x"

    _expect(CHAIN.review(snapshot(vol=vol), intent()), rule, shown, "2.5x")
    _expect(CHAIN.review(snapshot(vol=vol), intent(strategy_id=HUMAN)), rule, shown, "2.5x")
    _expect(CHAIN.review(snapshot(vol=vol, **LONG_50), intent(side=SELL)), "")


@pytest.mark.parametrize("bad", [None, 0.0, -0.1, math.nan, math.inf])
@pytest.mark.parametrize("name", ["vol", "average_vol"])
def test_without_volatility_only_people_and_exits_pass(
    snapshot: Make, intent: Make, name: str, bad: float | None
) -> None:
    changes = {name: bad}

    _expect(CHAIN.review(snapshot(**changes), intent()), "volatility", "unavailable", "2.5x")
    _expect(CHAIN.review(snapshot(**changes), intent(strategy_id=HUMAN)), "")
    _expect(CHAIN.review(snapshot(**changes, **LONG_50), intent(side=SELL)), "")


@pytest.mark.parametrize(("fills", "quantity"), [(49, "10"), (50, "2.5"), (51, "2.5")])
def test_after_many_trades_orders_become_smaller(
    snapshot: Make, intent: Make, fills: int, quantity: str
) -> None:
    seen = snapshot()
    seen.risk.fills_today = fills

    assert CHAIN.review(seen, intent()) == Approved(intent(quantity=quantity))
    assert CHAIN.review(seen, intent(quantity="1.9")).intent.quantity == (
        Decimal("0.4") if fills >= 50 else Decimal("1.9")
    )
    by_hand = intent(strategy_id=HUMAN)
    assert CHAIN.review(seen, by_hand) == Approved(by_hand)


def test_an_exit_is_never_made_smaller(snapshot: Make, intent: Make) -> None:
    seen = snapshot(**LONG_50)
    seen.risk.fills_today = 500

    assert CHAIN.review(seen, intent(side=SELL)) == Approved(intent(side=SELL))


def test_an_order_too_small_to_be_made_smaller_is_refused(snapshot: Make, intent: Make) -> None:
    seen = snapshot()
    seen.risk.fills_today = 50

    _expect(CHAIN.review(seen, intent(quantity="0.3")), "trade_count", "50", "50")


def test_an_order_is_made_smaller_once(snapshot: Make, intent: Make) -> None:
    seen = snapshot()
    seen.risk.fills_today = 50

    # a quarter of 0.8 is 0.2; a quarter of that would be less than a lot
    assert CHAIN.review(seen, intent(quantity="0.8")) == Approved(intent(quantity="0.2"))


def test_a_smaller_order_passes_every_rule_again(snapshot: Make, intent: Make, sent: Make) -> None:
    small = Instrument(
        instrument_id=InstrumentId("sim:A"),
        tick=Decimal("0.01"),
        lot=Decimal("0.1"),
        min_notional=Decimal(500),
    )
    seen = snapshot(instrument=small)
    seen.risk.fills_today = 50
    _expect(CHAIN.review(seen, intent()), "order_sanity", "250.00000000", "500")

    seen = snapshot()
    seen.risk.fills_today = 50
    seen.risk.sent(sent(intent(quantity="2.5")), Decimal(250), seen.now)
    _expect(CHAIN.review(seen, intent()), "duplicate_order", "0 ms", "1000 ms")


def test_without_a_swarm_agreement_is_unavailable_and_does_not_block(
    snapshot: Make, intent: Make
) -> None:
    seen = snapshot(agreement=None)

    judged = {told.rule: told for told in CHAIN.explain(seen, intent())}["agreement"]

    assert judged.outcome is Outcome.UNAVAILABLE
    _expect(CHAIN.review(seen, intent()), "")


# --- measures of the session -------------------------------------------------------------------


@pytest.mark.parametrize(("rho", "passes"), [(0.79, True), (0.81, False), (-0.9, True)])
def test_holdings_that_move_together_are_one_bet(
    snapshot: Make, intent: Make, measured: Make, rho: float, passes: bool
) -> None:
    seen = snapshot(
        positions={"sim:B": 10}, marks={"sim:B": 100}, measures=measured(correlation=rho)
    )

    verdict = CHAIN.review(seen, intent())

    assert isinstance(verdict, Approved) is passes
    if not passes:
        assert (verdict.rule, verdict.limit) == ("correlation", "0.80")


@pytest.mark.parametrize(("share", "passes"), [(0.5, True), (500.0, False)])
def test_the_var_of_all_holdings_counts_the_order(
    snapshot: Make, intent: Make, measured: Make, share: float, passes: bool
) -> None:
    measures = measured(var_share=share)

    verdict = CHAIN.review(snapshot(measures=measures), intent())

    assert isinstance(verdict, Approved) is passes
    assert measures.asked[-1] == {"sim:A": pytest.approx(1_000.0)}
    if not passes:
        assert verdict.rule == "value_at_risk"


@pytest.mark.parametrize("rule", ["correlation", "value_at_risk"])
def test_strategies_wait_for_what_cannot_be_measured_and_people_decide(
    snapshot: Make, intent: Make, measured: Make, rule: str
) -> None:
    measures = measured(
        var_share=None if rule == "value_at_risk" else 0.0,
        correlation=None if rule == "correlation" else 0.0,
    )
    seen = snapshot(positions={"sim:B": 10}, marks={"sim:B": 100}, measures=measures)

    refused = CHAIN.review(seen, intent())

    assert (refused.rule, refused.value) == (rule, "unavailable")
    assert isinstance(CHAIN.review(seen, intent(strategy_id="human")), Approved)


def test_an_exit_is_not_measured(snapshot: Make, intent: Make, measured: Make) -> None:
    measures = measured(var_share=None, correlation=None)
    seen = snapshot(positions={"sim:A": 20, "sim:B": 10}, marks={"sim:B": 100}, measures=measures)

    assert isinstance(CHAIN.review(seen, intent(side=Side.SELL)), Approved)


@pytest.mark.parametrize(("share", "passes"), [(0.85, True), (0.851, False)])
def test_a_swarm_that_stands_on_one_side_is_a_herd(
    snapshot: Make, intent: Make, share: float, passes: bool
) -> None:
    expected = ("",) if passes else ("agreement", "85.1%", "85%")
    _expect(CHAIN.review(snapshot(agreement=share), intent()), *expected)
