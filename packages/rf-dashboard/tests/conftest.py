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
from rf_common.intelligence import (
    AnalystSignal,
    ContextRow,
    Conviction,
    Direction,
    GateCheck,
    GateDecided,
    GraphContext,
    GraphImpact,
    Horizon,
    QuantSnapshot,
    Recommendation,
    RowKind,
    SwarmSignal,
    Verdict,
)
from rf_dashboard import (
    AccountView,
    BookView,
    DashboardState,
    FeedView,
    InstrumentView,
    IntelligenceView,
    LimitView,
    Live,
    OrderView,
    OutcomeView,
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


def _stage(seconds: float, **changes):
    start = {"cycle_id": "c1", "instrument_id": BTC, "ts_event": at(seconds), "unavailable": ""}
    return start | changes


def quant(seconds: float = 1.0, **changes) -> QuantSnapshot:
    fields = _stage(
        seconds, trigger="timer", samples=120, px=101.0, rsi=71.2, macd_histogram=0.5,
        garch_vol=0.6, average_vol=0.5, heston_vol=0.62, bsm_value=None, vwap=100.5,
        imbalance=0.1, momentum_short=0.01, momentum_long=None, momentum=1.0,
    )  # fmt: skip
    return QuantSnapshot(**fields | changes)


def swarm(seconds: float = 1.0, **changes) -> SwarmSignal:
    fields = _stage(
        seconds, direction=Direction.LONG, conviction=Conviction.HIGH, confidence=0.63, bull=0.5,
        bear=0.2, neutral=0.3, std_error=0.02, agreement=0.62, net_flow=5.0, regime="TRENDING",
        px=101.0, vol=0.6, rally=0.414, sideways=0.373, dip=0.213, mirofish_error=0.014,
        base_rally=0.38, base_sideways=0.41, base_dip=0.21, brier=0.21, scored=12, agents=5_000,
        paths=256, rounds=60, seed=42, synthetic=True,
    )  # fmt: skip
    return SwarmSignal(**fields | changes)


def row(row_id: str = "F3", text: str = "rsi14 = 71.2", seconds: float = 0.5) -> ContextRow:
    kind = next(kind for kind in RowKind if kind.letter == row_id[0])
    return ContextRow(row_id, kind, text, "rf_signals", at(seconds))


def graph(seconds: float = 1.0, **changes) -> GraphContext:
    fields = _stage(
        seconds, entity_id="E1", entity_name="Bitcoin", nodes=18, facts=(row("G1", "a fact"),),
        impacts=(GraphImpact("E2", "Ether", 0.04, 0.9, "BTC -> ETH"),), narrative="It spreads.",
    )  # fmt: skip
    return GraphContext(**fields | changes)


def analyst(seconds: float = 1.0, **changes) -> AnalystSignal:
    fields = _stage(
        seconds, analyst="claude", model="model-1", direction=Direction.LONG, confidence=0.58,
        entry_px=101.0, stop_px=95.0, take_profit_px=112.0, position_size_pct=0.02,
        time_horizon=Horizon.SWING, thesis="RSI is 71.2 [F3]. Momentum is up 1.1 points [F4].",
        key_risks=("a report is near [N2]",), catalyst="", recommendation=Recommendation.BUY,
        rows=(row("F3"), row("F4", "momentum 1.1"), row("N2", "a report")),
        cited=("F3", "F4"), unsupported=(), figures_checked=2, input_tokens=1_900,
        output_tokens=300, cached_tokens=0, cost_usd=Decimal("0.0108"), call_id="k1",
    )  # fmt: skip
    return AnalystSignal(**fields | changes)


def gate(seconds: float = 1.0, **changes) -> GateDecided:
    fields = {
        "cycle_id": "c1",
        "instrument_id": BTC,
        "ts_event": at(seconds),
        "verdict": Verdict.REJECTED,
        "reason": "not sure enough",
        "direction": Direction.LONG,
        "quantity": Decimal(0),
        "stop_px": 95.0,
        "take_profit_px": 112.0,
        "confidence": 0.58,
        "checks": (
            GateCheck("agreement", "0.62", "0.85", True),
            GateCheck("confidence", "0.58", "0.65", False),
        ),
        "seqs": (7, 8, 9, 10),
    }
    return GateDecided(**fields | changes)


def outcome(seconds: float = 1.0, **changes) -> OutcomeView:
    fields = {
        "cycle_id": "c1",
        "instrument_id": BTC,
        "ts_event": at(seconds),
        "strategy_id": StrategyId("ai_momentum"),
        "orders": (ClientOrderId("RF-P-K7QW3ZPA-00000001"),),
        "refusals": (),
    }
    return OutcomeView(**fields | changes)


def minds(seconds: float = 1.0, **changes) -> IntelligenceView:
    fields = {
        "ts_event": at(seconds),
        "worker": "READY",
        "worker_reason": "",
        "analyst": "rules",
        "model": "",
        "why_rules": "no ANTHROPIC_API_KEY",
        "instruments": (BTC,),
        "every_s": 300,
        "running": (),
        "spent_day": Decimal("0.07"),
        "cap_day": Decimal("2.00"),
        "spent_month": Decimal("1.12"),
        "cap_month": Decimal("20.00"),
        "calls_day": 6,
        "estimate_usd": Decimal("0.012"),
        "cache_share": 0.81,
        "scored": 61,
        "hit_rate": 0.52,
        "brier": 0.244,
        "base_brier": 0.25,
        "may_trade": "never",
    }
    return IntelligenceView(**fields | changes)


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
        quant=quant,
        swarm=swarm,
        graph=graph,
        analyst=analyst,
        gate=gate,
        outcome=outcome,
        minds=minds,
        row=row,
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
