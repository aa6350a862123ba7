"""A scripted session through a real engine, and what tests need to write and to spoil it."""

from __future__ import annotations

import sqlite3
import types
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rf_common import commands
from rf_common.clock import NANOS_PER_MILLI
from rf_common.enums import FeedState, Liquidity, OrderStatus, Side, SystemState
from rf_common.events import (
    Bar,
    BookDelta,
    BookSnapshot,
    CancelRejected,
    Commanded,
    Envelope,
    FeedGap,
    FeedStatus,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderUnknown,
    OrderUpdated,
    Payload,
    Quote,
    Timer,
    Trade,
    VenueOrder,
    VenueReport,
)
from rf_common.instruments import Instrument
from rf_common.orders import CancelOrder, Output, RequestReport, Signal, SubmitOrder
from rf_engine import HEARTBEAT, START, Engine, EngineConfig
from rf_feature.config import FeatureConfig
from rf_persistence import Journal, JournalConfig, session_header
from rf_strategy import SizerConfig, StrategySpec

BEGUN = 1_795_572_736_000_000_000
NONCE = "K7QW3ZPA"
A, B = "sim:AAPL", "sim:MSFT"
INSTRUMENTS = (
    Instrument(instrument_id=A, tick=Decimal("0.01"), lot=Decimal(1)),
    Instrument(instrument_id=B, tick=Decimal("0.01"), lot=Decimal(1)),
)


class Flipper:
    """Changes its opinion with every fifth quote."""

    instruments = frozenset({A})

    def __init__(self, strategy_id: str, parameters: Mapping[str, Any]) -> None:
        self.strategy_id = strategy_id
        self.every = int(parameters.get("every", 5))
        self.seen = 0

    def on_event(self, context: Any, event: Any) -> Signal | None:
        self.seen += type(event) is Quote
        if type(event) is not Quote or self.seen % self.every:
            return None
        direction = 1 if self.seen // self.every % 2 else 0
        return Signal(self.strategy_id, A, direction, 0.5, event.bid_px, f"quote {self.seen}")

    def on_fill(self, context: Any, fill: Any) -> None:
        pass

    def explain(self, instrument_id: str) -> tuple[()]:
        return ()


FACTORIES = {"flipper": Flipper}
CONFIG = EngineConfig(
    features=FeatureConfig(sample_ms=1, min_samples=4),
    sizer=SizerConfig(target_vol=1_000.0),
    strategies=(
        StrategySpec(id="flip", factory="flipper", parameters={"every": 5}),
        StrategySpec(id="off", factory="flipper", enabled=False),
    ),
)


class Desk:
    """A real engine and the venue's answers, written step by step."""

    def __init__(self, engine: Engine, on_step: Callable[[Envelope, tuple[Output, ...]], None]):
        self.engine = engine
        self.on_step = on_step
        self.seq = 0
        self.prefix = "c"
        self.now = BEGUN
        self.update = 0
        self.executions = 0
        self.orders: dict[str, SubmitOrder] = {}
        self.last: tuple[Output, ...] = ()

    def feed(self, payload: Payload, later_ms: int = 1) -> tuple[Output, ...]:
        self.seq += 1
        self.now += later_ms * NANOS_PER_MILLI
        envelope = Envelope(self.seq, self.now, payload)
        self.last = self.engine.process(envelope)
        self.on_step(envelope, self.last)
        for output in self.last:
            if isinstance(output, SubmitOrder):
                self.orders[output.request.client_order_id] = output
        return self.last

    def quote(self, name: str, px: float, later_ms: int = 1) -> tuple[Output, ...]:
        self.update += 1
        quote = Quote(name, self.now, px, 500.0, round(px + 0.02, 2), 400.0, self.update)
        return self.feed(quote, later_ms)

    def fill(self, key: str, quantity: str, price: str) -> tuple[Output, ...]:
        self.executions += 1
        request = self.orders[key].request
        return self.feed(
            OrderFilled(
                key,
                request.instrument_id,
                self.now,
                f"V-{key}",
                f"X-{self.prefix}{self.executions}",
                request.side,
                Decimal(price),
                Decimal(quantity),
                Decimal("0.35"),
                Liquidity.TAKER,
            )
        )

    def command(self, kind: type, number: int | str, **fields: Any) -> tuple[Output, ...]:
        return self.feed(
            Commanded(kind(command_id=f"{self.prefix}{number}", actor="ann", **fields))
        )

    def place(self, number: int, name: str, side: Side, quantity: int, price: str) -> str:
        before = set(self.orders)
        self.command(
            commands.PlaceOrder,
            number,
            instrument_id=name,
            side=side,
            quantity=Decimal(quantity),
            limit_price=Decimal(price),
        )
        new = set(self.orders) - before
        return new.pop() if new else ""

    def report(self, asked: tuple[str, ...] = (), **fields: Any) -> tuple[Output, ...]:
        told = {"orders": (), "executions": (), "positions": self.positions()} | fields
        outputs = self.feed(VenueReport("sim", self.now, asked, **told))
        again = next((o for o in outputs if isinstance(o, RequestReport)), None)
        if again is None or again.unresolved == asked:
            return outputs
        return self.report(again.unresolved, **fields)

    def positions(self) -> tuple[tuple[str, Decimal], ...]:
        held = self.engine.state.account.positions
        return tuple((name, p.quantity) for name, p in held.items() if p.quantity)

    def begin(self) -> None:
        # So late that no order of the session before can still be on its way to the venue.
        self.feed(Timer(START, self.now), 6_000)
        known = self.last and next(o for o in self.last if isinstance(o, RequestReport)).unresolved
        self.report(known)
        state = self.engine.state
        if state.system_state is not SystemState.ACTIVE:
            self.command(commands.Resume, 0, phrase=state.resume_phrase)
            self.report()


def script(desk: Desk) -> Iterator[None]:
    """Drive everything that can happen; yields between scenes."""
    state = desk.engine.state
    desk.begin()
    for n in range(12):
        desk.quote(A, 100 + n / 100)
        desk.quote(B, 50 + n / 100)
    yield
    desk.feed(Timer(HEARTBEAT, desk.now), 500)
    desk.feed(Trade(A, desk.now, 100.1, 7.0, Side.BUY, 1))
    desk.feed(BookSnapshot(A, desk.now, desk.update, ((100.0, 5.0),), ((100.2, 6.0), (100.3, 1.0))))
    ids = (desk.update + 1, desk.update + 1)
    desk.feed(BookDelta(A, desk.now, *ids, ((99.9, 3.0), (100.0, 0.0)), ((100.3, 0.0),)))
    desk.feed(Bar(A, desk.now, 60_000_000_000, 100.0, 101.0, 99.0, 100.5, 1e4))
    yield
    first = desk.place(1, B, Side.BUY, 40, "50.20")
    desk.feed(OrderAccepted(first, B, desk.now, f"V-{first}"))
    desk.fill(first, "10", "50.13")
    desk.fill(first, "5", "50.14")
    desk.quote(B, 50.5)
    yield
    desk.command(commands.ChangeOrder, 2, client_order_id=first, quantity=Decimal(50))
    desk.feed(OrderUpdated(first, B, desk.now, Decimal(50), Decimal("50.20")))
    desk.command(commands.CancelOpenOrder, 3, client_order_id=first)
    desk.feed(CancelRejected(first, B, desk.now, "too late"))
    desk.fill(first, "35", "50.15")
    desk.fill(first, "1", "50.15")
    yield
    second = desk.place(4, B, Side.BUY, 20, "50.30")
    desk.feed(OrderUnknown(second, B, desk.now, "timeout"))
    desk.feed(Timer(HEARTBEAT, desk.now), 6_000)
    desk.quote(A, 100.2)
    desk.quote(B, 50.3)
    theirs = VenueOrder(
        second, B, f"V-{second}", OrderStatus.ACCEPTED, Decimal(20), Decimal("50.30"), Decimal(0)
    )
    desk.report((second,), orders=(theirs,))
    desk.command(commands.ChangeOrder, 5, client_order_id=second, limit_price=Decimal("50.31"))
    yield
    changed = VenueOrder(
        second, B, f"V-{second}", OrderStatus.ACCEPTED, Decimal(20), Decimal("50.31"), Decimal(0)
    )
    desk.report((second,), orders=(changed,))
    desk.place(6, B, Side.BUY, 100_000, "50.30")  # refused
    desk.place(7, A, Side.SELL, 10, "1.00")  # refused: stale, far from the market
    desk.quote(A, 100.5)
    desk.quote(B, 50.6)
    yield
    for key in [order.client_order_id for order in state.orders.open_orders()]:
        desk.feed(OrderAccepted(key, desk.orders[key].request.instrument_id, desk.now, f"V-{key}"))
    desk.command(commands.Kill, 8, reason="practice")
    for output in desk.last:
        if isinstance(output, CancelOrder):
            key, name = output.client_order_id, output.instrument_id
            desk.feed(OrderCanceled(key, name, desk.now, "kill switch"))
    desk.place(9, B, Side.BUY, 10, "50.70")  # refused: halted
    yield
    desk.command(commands.Resume, 10, phrase="wrong")
    desk.command(commands.Resume, 11, phrase=state.resume_phrase)
    desk.report(positions=((A, Decimal(3)), (B, Decimal(45))))  # the venue's positions differ
    desk.command(commands.Kill, 8, reason="the same command again")
    yield
    desk.feed(FeedGap(A, desk.now, "sim", 5, 9, "lost"))
    desk.feed(FeedStatus("sim", desk.now, FeedState.DOWN, "reset"))
    desk.command(commands.SetStrategyEnabled, 12, strategy_id="off", enabled=True)
    desk.command(commands.SetStrategyEnabled, 13, strategy_id="flip", enabled=False)
    desk.command(commands.SwapStrategy, 14, strategy_id="flip", factory="flipper")
    desk.command(commands.SetStrategyEnabled, 15, strategy_id="flip", enabled=True)
    yield
    for n in range(30):
        desk.quote(A, 101 + n / 50)
        desk.feed(Timer(HEARTBEAT, desk.now), 500)
        if n % 7 == 3:
            for order in list(state.orders.open_orders()):
                desk.fill(order.client_order_id, "1", "101.50")
    yield
    desk.feed(Timer(HEARTBEAT, desk.now), 26 * 3_600_000)  # the next day
    desk.quote(B, 49.0)
    desk.command(commands.Reduce, 16, reason="enough")
    desk.place(17, B, Side.BUY, 10, "49.05")
    desk.place(18, B, Side.SELL, 10, "48.95")
    desk.command(commands.CancelAllOrders, 19)
    yield
    desk.command(commands.Shutdown, 20)


def make_engine(ledger: Any = None, nonce: str = NONCE, config: EngineConfig = CONFIG) -> Engine:
    return Engine(config, nonce, INSTRUMENTS, FACTORIES, ledger)


def make_header(**changes: Any) -> Any:
    fields: dict[str, Any] = {"started": BEGUN, "source": "mock", "seed": 7, "version": "0.1.0"}
    nonce = changes.pop("nonce", NONCE)
    return session_header(CONFIG, nonce, INSTRUMENTS, **(fields | changes))


class Unsynced(sqlite3.Connection):
    """Does not wait for the disk: what is tested here survives without a loss of power."""

    def execute(self, statement: str, *parameters: Any) -> sqlite3.Cursor:
        if statement == "PRAGMA synchronous = FULL":
            statement = "PRAGMA synchronous = OFF"
        return super().execute(statement, *parameters)


def unsynced(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, factory=Unsynced)


def write_session(
    data_dir: Path,
    *,
    rotate_after: tuple[int, ...] = (),
    clean: bool = True,
    batch: int = 5,
    **header: Any,
) -> tuple[Journal, Desk]:
    """Write the whole script; rotate after the scenes named, commit every `batch` steps."""
    start = make_header(**header)
    journal = Journal.create(data_dir, start, JournalConfig(), unsynced)

    def on_step(envelope: Envelope, outputs: tuple[Output, ...]) -> None:
        journal.append(envelope, outputs)
        if journal.pending >= batch or journal.needs_commit(outputs):
            journal.commit()

    desk = Desk(make_engine(ledger=start.ledger, nonce=start.nonce), on_step)
    desk.seq = start.first_seq - 1
    desk.prefix = f"{start.nonce}-"
    desk.now = start.started
    for scene, _ in enumerate(script(desk)):
        if scene in rotate_after:
            journal.rotate(desk.engine.state.ledger())
    journal.commit()
    journal.close(clean, desk.engine.state.state_hash())
    return journal, desk


@pytest.fixture(scope="session")
def session() -> Any:
    """The helpers above, for test modules, which cannot import each other."""
    return types.SimpleNamespace(**globals())
