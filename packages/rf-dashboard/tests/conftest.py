"""A small desk on paper: two instruments, one position, a few orders, all numbers by hand."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace

import pytest

from rf_common import (
    ClientOrderId,
    FeedState,
    InstrumentId,
    Liquidity,
    Mode,
    OrderFilled,
    OrderStatus,
    OrderType,
    Quote,
    Side,
    StrategyId,
    SystemState,
    TimeInForce,
    Trade,
    UnixNanos,
    VenueOrderId,
)
from rf_common.events import Bar
from rf_dashboard import (
    AccountView,
    BookView,
    DashboardState,
    FeedView,
    InstrumentView,
    LimitView,
    Live,
    OrderView,
    PositionView,
    StrategyView,
    SystemView,
)

START_S = 1_699_999_980
"""2023-11-14 22:13:00 UTC, the start of a minute."""
BTC = InstrumentId("binance:BTCUSDT")
ETH = InstrumentId("binance:ETHUSDT")


def at(seconds: float) -> UnixNanos:
    return UnixNanos(START_S * 10**9 + round(seconds * 10**9))


def quote(bid: float, ask: float, seconds: float, name: InstrumentId = BTC, **sizes) -> Quote:
    return Quote(name, at(seconds), bid, sizes.get("bid_qty", 1.0), ask, sizes.get("ask_qty", 1.0))


def trade(px: float, qty: float, seconds: float, name: InstrumentId = BTC) -> Trade:
    return Trade(name, at(seconds), px, qty, Side.BUY)


def bar(seconds: float, *ohlcv: float, closed: bool = True, interval_s: int = 60) -> Bar:
    return Bar(BTC, at(seconds), interval_s * 10**9, *ohlcv, is_closed=closed)


def instrument(name: InstrumentId = BTC, tick: str = "0.5", lot: str = "0.001") -> InstrumentView:
    return InstrumentView(
        name, Decimal(tick), Decimal(lot), Decimal(5), "USDT", FeedState.LIVE, "prices arrive"
    )


def book(*, bids=(), asks=(), reason: str = "", seconds: float = 0.0) -> BookView:
    return BookView(BTC, at(seconds), 7, tuple(bids), tuple(asks), reason, "binance")


def order(number: int = 1, status: OrderStatus = OrderStatus.ACCEPTED, **changes) -> OrderView:
    fields = {
        "client_order_id": ClientOrderId(f"RF-P-K7QW3ZPA-{number:08d}"),
        "strategy_id": StrategyId("momentum"),
        "instrument_id": BTC,
        "side": Side.BUY,
        "order_type": OrderType.LIMIT,
        "time_in_force": TimeInForce.GTC,
        "quantity": Decimal("0.020"),
        "filled": Decimal("0.005"),
        "limit_price": Decimal("99.5"),
        "average_price": Decimal("99.5"),
        "status": status,
        "reason": "",
        "created": at(0),
        "updated": at(1),
    }
    return OrderView(**fields | changes)


def fill(number: int = 1, seconds: float = 1.0, **changes) -> OrderFilled:
    fields = {
        "client_order_id": ClientOrderId("RF-P-K7QW3ZPA-00000001"),
        "instrument_id": BTC,
        "ts_event": at(seconds),
        "venue_order_id": VenueOrderId("v1"),
        "execution_id": f"e{number}",
        "side": Side.BUY,
        "price": Decimal("99.5"),
        "quantity": Decimal("0.005"),
        "fee": Decimal("0.0004975"),
        "liquidity": Liquidity.MAKER,
    }
    return OrderFilled(**fields | changes)


def account(seconds: float = 2.0, **changes) -> AccountView:
    held = PositionView(
        BTC,
        Decimal("-0.010"),
        Decimal("102.0"),
        Decimal("100.5"),
        Decimal("0.0150"),
        Decimal("1.25"),
        Decimal("0.02"),
        ((StrategyId("momentum"), Decimal("-0.010")),),
    )
    flat = PositionView(ETH, Decimal(0), None, None, None, Decimal("3"), Decimal("0.1"), ())
    fields = {
        "ts": at(seconds),
        "equity": Decimal("10024.50"),
        "cash": Decimal("10025.505"),
        "day_pnl": Decimal("24.50"),
        "realised": Decimal("4.25"),
        "fees": Decimal("0.12"),
        "gross": Decimal("1.005"),
        "net": Decimal("-1.005"),
        "drawdown": 0.009,
        "positions": (held, flat),
        "limits": (
            LimitView("daily_loss", "0", "200", 0.0),
            LimitView("max_gross", "17000", "20000", 0.85),
            LimitView("max_drawdown", "n/a", "0.05", None),
        ),
        "orders_today": 9,
        "fills_today": 4,
        "signals": 12,
        "fills": 4,
        "refusals": (("max_order_notional", 2),),
    }
    return AccountView(**fields | changes)


def system(seconds: float = 2.0, **changes) -> SystemView:
    fields = {
        "ts": at(seconds),
        "version": "0.1.0",
        "session": "20231114-221300",
        "mode": Mode.PAPER,
        "account": "SIM-1",
        "state": SystemState.ACTIVE,
        "state_reason": "reconciled",
        "killed": False,
        "kill_number": 0,
        "kill_reason": "",
        "resume_phrase": "",
        "uptime_s": 62.0,
        "events_per_s": 412.0,
        "seq": 1_000,
        "journal_bytes": 2_048,
        "journal_bytes_per_day": 1e6,
        "feeds": (FeedView("binance", FeedState.LIVE, "", 40.0, at(seconds), 0),),
        "strategies": (
            StrategyView(StrategyId("momentum"), True, ""),
            StrategyView(StrategyId("reversion"), False, "switched off by a person"),
        ),
    }
    return SystemView(**fields | changes)


def fold(*told, state: DashboardState | None = None) -> DashboardState:
    """Apply pairs of seconds and event."""
    state = DashboardState() if state is None else state
    for number, (seconds, event) in enumerate(told, state.seq + 1):
        state.apply(event, at(seconds), number)
    return state


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    return SimpleNamespace(
        BTC=BTC,
        ETH=ETH,
        at=at,
        quote=quote,
        trade=trade,
        bar=bar,
        instrument=instrument,
        book=book,
        order=order,
        fill=fill,
        account=account,
        system=system,
        fold=fold,
    )


@pytest.fixture
def desk() -> DashboardState:
    """The desk two seconds after its start, its line live."""
    state = fold(
        (0, instrument()),
        (0, instrument(ETH, "0.01", "0.0001")),
        (0, quote(100.0, 101.0, 0)),
        (0, system(0)),
        (1, quote(100.5, 101.5, 1)),
        (1, trade(101.0, 2.0, 1)),
        (1, trade(101.5, 0.5, 1)),
        (1, book(bids=((100.5, 1.0), (100.0, 3.0)), asks=((101.5, 2.0), (102.0, 2.0)))),
        (1, order(1)),
        (1, fill(1)),
        (1.5, order(2, OrderStatus.REJECTED, reason="notional 19950 > limit 10000")),
        (2, account()),
        (2, system()),
    )
    state.connection(Live(at(0)))
    return state
