from __future__ import annotations

import types
import typing
from decimal import Decimal
from enum import Enum

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common import FeedState, InstrumentId, OrderStatus, Severity, Side, SystemState, UnixNanos
from rf_common.events import CancelRejected, FeedGap, OrderRejected, Timer
from rf_common.orders import (
    FeedChanged,
    Notice,
    PositionAdopted,
    Refusal,
    Signal,
    SignalRaised,
    StateChanged,
    StrategyChanged,
)
from rf_dashboard import (
    AccountView,
    BusEvent,
    DashboardSnapshot,
    DashboardState,
    Live,
    PositionView,
    views,
)
from rf_dashboard.alerts import MAX_ALERTS, AlertKind
from rf_dashboard.minds import MAX_CYCLES_BYTES, MAX_LATEST_BYTES
from rf_dashboard.state import (
    MAX_CANDLES,
    MAX_CANDLES_EACH,
    MAX_FILLS,
    MAX_FINISHED,
    MAX_REFUSALS,
    MAX_SIGNALS,
    MAX_TRADES,
    MAX_TRADES_EACH,
)
from rf_testkit.strategies import of_type

MEBIBYTE = 1 << 20
_ORDER_IDS = [f"RF-S-K7QW3ZPA-{number:08d}" for number in range(1, 6)]


def _tamed(event, name, span):
    """Let events meet: few order and execution ids, times near each other."""
    changes = {}
    fields = event.__struct_fields__
    if "client_order_id" in fields:
        changes["client_order_id"] = name
    if "execution_id" in fields:
        changes["execution_id"] = name
    if "ts_event" in fields:
        changes["ts_event"] = span * 10**9
    return msgspec.structs.replace(event, **changes)


_positions = st.lists(of_type(PositionView), max_size=2).map(tuple)
# The testkit's strategy for a field named positions is that of a venue's report.
_accounts = st.builds(
    lambda account, held: msgspec.structs.replace(account, positions=held),
    of_type(AccountView),
    _positions,
)
_events = st.builds(
    _tamed,
    of_type(BusEvent).filter(lambda event: not isinstance(event, AccountView)) | _accounts,
    st.sampled_from(_ORDER_IDS),
    st.integers(0, 400),
)
_tapes = st.lists(st.tuples(_events, st.integers(0, 20)), max_size=25)


def _timed(tape):
    ts = 10**9
    for seq, (event, step) in enumerate(tape, 1):
        ts += step * 10**9
        yield event, UnixNanos(ts), seq


def _folded(tape, state=None):
    state = DashboardState() if state is None else state
    for event, ts, seq in tape:
        state.apply(event, ts, seq)
    return state


def _views(state, now):
    """Every view there is."""
    told = [
        views.header(state, now),
        views.watchlist(state, now),
        views.account(state, now),
        views.equity_curve(state, 100),
        views.positions(state, now),
        views.open_orders(state, now),
        views.orders(state, 500, now),
        views.fills(state, 500, now),
        views.alerts(state, 1_000, now),
        views.risk_bars(state, now),
        views.feeds(state, now),
        views.strategies(state, now),
        views.system(state, now),
        views.thinkers(state, now),
        views.cycles(state, now, 100),
    ]
    for name in (*state.minds.latest, InstrumentId("sim:NOBODY")):
        told += [views.dexter_card(state, name, now), views.mirofish_card(state, name, now)]
        told += [views.graph_panel(state, name, now), views.cycles(state, now, 5, name)]
    for name in state.markets:
        told += [views.book(state, name, 5, now), views.tape(state, name, 50)]
        told += [
            views.chart(state, name, interval, count=100, now=now)
            for interval in ("5s", "1m", "5m")
        ]
    return told


@given(_tapes)
@settings(deadline=None, max_examples=100)
def test_a_snapshot_of_any_state_restores_to_an_equal_one(tape):
    state = _folded(_timed(tape))
    assert DashboardState.from_snapshot(state.snapshot()) == state


@given(_tapes)
@settings(deadline=None, max_examples=50)
def test_a_snapshot_survives_being_written_and_read(tape):
    told = _folded(_timed(tape)).snapshot()
    text = msgspec.json.encode(told)
    assert msgspec.json.decode(text, type=DashboardSnapshot) == told


@given(_tapes, st.data())
@settings(deadline=None, max_examples=100)
def test_snapshot_and_rest_show_the_same_as_the_whole(tape, data):
    told = list(_timed(tape))
    cut = data.draw(st.integers(0, len(told)))
    whole = _folded(told)
    parts = DashboardState.from_snapshot(_folded(told[:cut]).snapshot())
    _folded(told[cut:], parts)
    now = UnixNanos(whole.ts + 10**9)
    for state in (whole, parts):
        state.connection(Live(UnixNanos(10**9)))
    assert parts == whole
    assert _views(parts, now) == _views(whole, now)


@given(_tapes)
@settings(deadline=None, max_examples=50)
def test_every_view_can_be_written_as_json_whatever_was_told(tape):
    state = _folded(_timed(tape))
    told = _views(state, UnixNanos(state.ts + 1))
    assert msgspec.json.decode(msgspec.json.encode(told))


@given(st.lists(st.tuples(_events, st.integers(0, 20)), min_size=1, max_size=10))
@settings(deadline=None, max_examples=30)
def test_sequence_and_time_are_the_newest_told(tape):
    told = list(_timed(tape))
    state = _folded(told)
    assert (state.seq, state.ts) == (len(told), told[-1][1])


def test_what_does_not_travel_on_the_bus_is_a_type_error():
    with pytest.raises(TypeError, match="expected an event of the bus"):
        DashboardState().apply(Timer("late", UnixNanos(1)), UnixNanos(1))


def test_states_are_compared_by_what_they_know(make):
    assert make.fold((0, make.quote(1.0, 2.0, 0))) != make.fold((0, make.quote(1.0, 3.0, 0)))
    assert DashboardState() != "a state"


def test_a_heartbeat_is_a_sign_of_life_and_nothing_else(desk, make):
    before = desk.snapshot()
    desk.heard(make.at(9), seq=99)
    after = desk.snapshot()
    assert (after.ts, after.seq) == (make.at(9), 99)
    assert msgspec.structs.replace(after, ts=before.ts, seq=before.seq) == before


# --- bounds ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def flooded(make):
    """Thirteen instruments and every list told more than it keeps."""
    from rf_common import Bar, Liquidity, OrderFilled, Quote, Trade

    state = DashboardState()
    names = [InstrumentId(f"binance:SYMBOL{n:02d}USDT") for n in range(13)]
    start = 1_700_000_000 * 10**9

    def tell(event, step):
        state.apply(event, UnixNanos(start + step * 10**9), step + 1)

    for minute in range(600):
        for name in names:
            ts = UnixNanos(start + minute * 60 * 10**9)
            tell(
                Quote(name, ts, 61_837.63 + minute, 1.5, 61_837.64 + minute, 2.5, 10**9),
                minute * 60,
            )
            tell(Trade(name, ts, 61_837.64, 0.00123, Side.BUY, 4_000_000_000), minute * 60)
            tell(Bar(name, ts, 60 * 10**9, 1.0, 2.0, 0.5, 1.5, 100.0), minute * 60)
        equity = Decimal("100000.12345678") + minute
        tell(make.account(equity=equity), minute * 60)
    text = "x" * 1_000
    for n in range(1_200):
        name, number = names[n % 13], f"RF-P-K7QW3ZPA-{n + 1:08d}"
        step = 600 * 60 + n
        tell(Notice(Severity.INFO, "RF-X-001", f"{n} {text}"), step)
        tell(
            Refusal(
                "momentum",
                name,
                Side.BUY,
                Decimal("0.00123"),
                Decimal("61837.64"),
                f"rule{n}",
                "19950.00",
                "10000.00",
                "x" * 200,
                "momentum",
            ),
            step,
        )
        tell(
            OrderFilled(
                number,
                name,
                UnixNanos(start),
                "123456789012",
                f"execution-{n}",
                Side.BUY,
                Decimal("61837.64000000"),
                Decimal("0.00123000"),
                Decimal("0.07606030"),
                Liquidity.TAKER,
            ),
            step,
        )
        tell(make.order(n + 1, OrderStatus.REJECTED, reason="x" * 100), step)
        tell(SignalRaised(Signal(f"strategy{n}", name, 1, 0.5, 61_837.64, "z 1.3 above 1.0")), step)
    return state, names  # fmt: skip


def test_every_list_is_bounded(flooded):
    state, names = flooded
    assert len(state.log.alerts) == MAX_ALERTS
    assert len(state.refusals) == MAX_REFUSALS
    assert len(state.fills) == MAX_FILLS
    assert len(state.signals) == MAX_SIGNALS
    assert len(state.equity.candles) <= MAX_CANDLES_EACH
    each = MAX_TRADES // len(names)
    assert [len(m.trades) for m in state.markets.values()] == [each] * len(names)
    lengths = [len(s.candles) for m in state.markets.values() for s in (m.fine, m.coarse)]
    assert lengths == [MAX_CANDLES // (2 * len(names))] * (2 * len(names))
    assert max(len(alert.text) for alert in state.log.alerts) <= 240


def test_the_newest_is_what_is_kept(flooded):
    state, _ = flooded
    assert list(state.fills)[-1] == "execution-1199"
    assert next(iter(state.fills)) == "execution-700"
    assert state.refusals[-1].refusal.rule == "rule1199"


def test_a_full_snapshot_fits_one_frame_of_the_bus(flooded):
    # MessagePack writes the same fields; for floats, integers and text it is never shorter.
    state, names = flooded
    books = len(names) * 1_000
    minds = MAX_LATEST_BYTES + MAX_CYCLES_BYTES + 1_000
    assert len(msgspec.msgpack.encode(state.snapshot())) + books + minds < MEBIBYTE


def test_few_instruments_keep_no_more_than_their_own_bound(make):
    told = [(n, make.trade(10.0, 1.0, n)) for n in range(MAX_TRADES_EACH + 50)]
    told += [(5 * n, make.quote(10.0, 11.0, 5 * n)) for n in range(MAX_CANDLES_EACH + 50)]
    market = make.fold(*told).markets[make.BTC]
    assert (len(market.trades), len(market.fine.candles)) == (MAX_TRADES_EACH, MAX_CANDLES_EACH)


def test_finished_orders_are_bounded_and_open_ones_are_all_kept(make):
    told = [(n, make.order(n + 1, OrderStatus.FILLED)) for n in range(MAX_FINISHED + 10)]
    told += [(n, make.order(n + 1_000)) for n in range(300)]
    state = make.fold(*told)
    assert (len(state.finished), len(state.orders)) == (MAX_FINISHED, 300)
    assert min(state.finished) == "RF-P-K7QW3ZPA-00000011"


def _parts(kind):
    """Return the types a type is made of; fail for one that Postcard has no form for."""
    arguments = typing.get_args(kind)
    if isinstance(kind, typing.NewType):
        return [kind.__supertype__]
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        assert len(arguments) == 2, f"{kind} is not an optional"
        assert type(None) in arguments, f"{kind} is not an optional"
        return arguments
    if typing.get_origin(kind) is tuple:
        return [member for member in arguments if member is not Ellipsis]
    if issubclass(kind, msgspec.Struct):
        return [field.type for field in msgspec.structs.fields(kind)]
    assert issubclass(kind, Enum) or kind in {bool, int, float, str, Decimal, type(None)}, kind
    return []


def test_a_snapshot_is_made_only_of_what_postcard_knows():
    seen, waiting = set(), [DashboardSnapshot]
    while waiting:
        kind = waiting.pop()
        if kind not in seen:
            seen.add(kind)
            waiting += _parts(kind)
    assert {Decimal, FeedState, AccountView} <= seen


# --- market ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bid", "ask", "qty"),
    [(0.0, 1.0, 1.0), (-1.0, 1.0, 1.0), (float("nan"), 1.0, 1.0), (1.0, float("inf"), 1.0),
     (1.0, 2.0, float("nan"))],
)  # fmt: skip
def test_a_quote_that_is_no_price_changes_nothing(desk, make, bid, ask, qty):
    before = desk.markets[make.BTC].snapshot()
    desk.apply(make.quote(bid, ask, 3, bid_qty=qty), make.at(3))
    assert desk.markets[make.BTC].snapshot() == before


@pytest.mark.parametrize(("px", "qty"), [(0.0, 1.0), (float("nan"), 1.0), (1.0, float("inf"))])
def test_a_print_that_is_no_price_changes_nothing(desk, make, px, qty):
    before = desk.markets[make.BTC].snapshot()
    desk.apply(make.trade(px, qty, 3), make.at(3))
    assert desk.markets[make.BTC].snapshot() == before


def test_a_gap_makes_the_book_unknown_until_it_is_told_again(desk, make):
    gap = FeedGap(make.BTC, make.at(2), "binance", 10, 19, "sequence jumped")
    desk.apply(gap, make.at(2))
    lost = views.book(desk, make.BTC, 5, make.at(3))
    assert (lost.bids, lost.spread.value, lost.reason) == (
        (), None, "updates were lost: sequence jumped",
    )  # fmt: skip
    desk.apply(make.book(bids=((100.0, 1.0),), asks=((101.0, 1.0),)), make.at(4))
    assert views.book(desk, make.BTC, 5, make.at(4)).spread.value == Decimal("1.0")
    assert views.book(desk, make.BTC, 5, make.at(4)).gaps == 1


def test_a_gap_told_as_fact_and_as_notice_is_one_alert(make):
    text = "binance:BTCUSDT: updates 10 to 19 are missing (jump)"
    state = make.fold(
        (1, FeedGap(make.BTC, make.at(1), "binance", 10, 19, "jump")),
        (1, Notice(Severity.WARNING, "RF-D-021", text)),
    )
    [alert] = state.log.alerts
    assert (alert.kind, alert.count, alert.text) == (AlertKind.GAP, 1, text)


def test_a_feed_that_begins_is_no_alert_and_one_that_fails_or_returns_is(make):
    state = make.fold(
        (0, FeedChanged(make.BTC, FeedState.LIVE, "prices arrive")),
        (1, FeedChanged(make.BTC, FeedState.STALE, "silent for 5 s")),
        (2, FeedChanged(make.BTC, FeedState.LIVE, "prices arrive")),
    )
    assert [(a.severity, a.code) for a in state.log.alerts] == [
        (Severity.WARNING, "feed stale"),
        (Severity.INFO, "feed live"),
    ]


# --- orders ---------------------------------------------------------------------------------------


def test_an_order_is_open_until_its_end_and_only_in_one_place(make):
    state = make.fold((0, make.order(1)), (1, make.order(2)))
    make.fold((2, make.order(1, OrderStatus.FILLED)), state=state)
    assert list(state.orders) == ["RF-P-K7QW3ZPA-00000002"]
    assert list(state.finished) == ["RF-P-K7QW3ZPA-00000001"]


def test_a_fill_counts_once_per_execution_id(make):
    again = make.fill(1, seconds=5)
    state = make.fold((1, make.fill(1)), (2, make.fill(2)), (3, again))
    assert [r.fill.execution_id for r in state.fills.values()] == ["e1", "e2"]
    assert state.fills["e1"].ts == make.at(1)


def _refusal(make, rule="max_order_notional", side=Side.BUY):
    return Refusal(
        "human", make.BTC, side, Decimal(50), Decimal("399.00"), rule, "19950", "10000",
        "the order is too large", "tui",
    )  # fmt: skip


def test_like_refusals_in_a_row_are_counted_and_others_are_told_apart(make):
    state = make.fold(
        (0, _refusal(make)), (1, _refusal(make)), (2, _refusal(make, side=Side.SELL)),
        (3, _refusal(make)),
    )  # fmt: skip
    assert [(r.ts, r.count) for r in state.refusals] == [
        (make.at(1), 2), (make.at(2), 1), (make.at(3), 1),
    ]  # fmt: skip


def test_what_the_venue_refuses_and_changes_is_an_alert(make):
    name = "RF-P-K7QW3ZPA-00000001"
    state = make.fold(
        (0, OrderRejected(name, make.BTC, make.at(0), "no balance")),
        (1, CancelRejected(name, make.BTC, make.at(1), "filled already")),
        (2, PositionAdopted(make.BTC, Decimal("0.010"), Decimal("0.030"), Decimal("99.5"))),
    )
    assert [a.text for a in state.log.alerts] == [
        f"binance:BTCUSDT: the venue rejected {name}: no balance",
        f"binance:BTCUSDT: the venue refused to cancel or change {name}: filled already",
        "binance:BTCUSDT: the venue has 0.030, we had 0.010; entered at 99.5",
    ]


# --- system ---------------------------------------------------------------------------------------


def test_a_kill_is_told_once_and_a_new_one_again(make):
    killed = {"killed": True, "kill_number": 3, "kill_reason": "prices look wrong"}
    state = make.fold(
        (0, make.system(0)),
        (1, make.system(1, **killed)),
        (2, make.system(2, **killed)),
        (3, make.system(3)),
        (4, make.system(4, **killed | {"kill_number": 4})),
    )
    kills = [a for a in state.log.alerts if a.kind is AlertKind.KILL]
    assert [(a.severity, a.text) for a in kills] == [
        (Severity.CRITICAL, "kill 3: prices look wrong"),
        (Severity.CRITICAL, "kill 4: prices look wrong"),
    ]


def test_a_change_of_state_counts_before_the_next_picture_of_the_system(make):
    state = make.fold(
        (0, make.system(0)),
        (1, StateChanged(SystemState.ACTIVE, SystemState.HALTED, "disk is full", "engine")),
    )
    assert (state.system_state, state.state_reason) == (SystemState.HALTED, "disk is full")
    assert state.log.alerts[-1].severity is Severity.CRITICAL
    make.fold((2, make.system(2)), state=state)
    assert state.system_state is SystemState.ACTIVE


def test_a_strategy_switched_off_is_off_before_the_next_picture(make):
    state = make.fold(
        (0, make.system(0)), (1, StrategyChanged("momentum", False, "it failed", "engine"))
    )
    assert not state.strategies["momentum"].enabled
    assert state.log.alerts[-1].text == "momentum by engine: it failed"


def test_only_the_newest_opinion_of_a_strategy_on_an_instrument_is_kept(make):
    def said(direction):
        return SignalRaised(Signal("momentum", make.BTC, direction, 0.5, 100.0, "z"))

    state = make.fold((0, said(1)), (1, said(-1)))
    [record] = state.signals.values()
    assert (record.ts, record.signal.direction) == (make.at(1), -1)


def test_a_repeated_notice_is_moved_to_the_end_and_counted(make):
    def notice(text):
        return Notice(Severity.WARNING, "RF-X-001", text)

    state = make.fold((0, notice("a")), (1, notice("b")), (2, notice("a")))
    assert [(a.text, a.count, a.number) for a in state.log.alerts] == [("b", 1, 2), ("a", 2, 3)]
