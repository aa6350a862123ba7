"""A real engine moved by hand, the venue's answers written by the test."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from rf_common import commands
from rf_common.clock import NANOS_PER_MILLI
from rf_common.enums import Liquidity, OrderStatus, Side
from rf_common.events import (
    Commanded,
    Envelope,
    OrderAccepted,
    OrderFilled,
    Quote,
    Timer,
    VenueOrder,
    VenueReport,
)
from rf_common.instruments import Instrument
from rf_common.orders import CommandAnswer, Signal, SubmitOrder
from rf_engine import HEARTBEAT, START, Engine, EngineConfig
from rf_feature import FeatureConfig
from rf_risk import RiskLimits
from rf_risk.config import MeasureConfig
from rf_strategy import SizerConfig, StrategySpec

A, B = "sim:AAA", "sim:BBB"
NONCE = "K7QW3ZPA"
BEGUN = 1_795_572_736_000_000_000
INSTRUMENTS = (
    Instrument(instrument_id=A, tick=Decimal("0.01"), lot=Decimal(1)),
    Instrument(instrument_id=B, tick=Decimal("0.01"), lot=Decimal(1)),
)


class Puppet:
    """A strategy that tells the opinions it was given, one a quote; an exception is raised."""

    def __init__(self, strategy_id, parameters):
        self.strategy_id = strategy_id
        self.instruments = frozenset(parameters.get("instruments", ()))
        self.opinions = []
        self.seen = []
        self.fills = []
        if parameters.get("breaks"):
            raise LookupError("it cannot be built")

    def say(self, direction, name=A, *, signed=None):
        signed = self.strategy_id if signed is None else signed
        self.opinions.append(Signal(signed, name, direction, 1.0, 100.0, "told to"))

    def on_event(self, context, event):
        self.seen.append(event)
        if not self.opinions or not isinstance(event, Quote):
            return None
        opinion = self.opinions.pop(0)
        if isinstance(opinion, Exception):
            raise opinion
        return opinion

    def on_fill(self, context, fill):
        self.fills.append(fill)

    def explain(self, instrument_id):
        return ()


@dataclass
class Driver:
    """Numbers, stamps and feeds payloads; keeps the outputs of the last step."""

    ledger: Any = None
    nonce: str = NONCE
    now: int = BEGUN
    seq: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    last: tuple[Any, ...] = ()
    executions: int = 0

    def __post_init__(self):
        limits = {
            "max_position_notional": Decimal(20_000),
            "orders_per_second": 100.0,
            "max_daily_var": 1.0,
            "max_account_vol": 1e9,
            "max_correlation": 1.0,
        }
        fields = {
            "sizer": SizerConfig(target_vol=1_000.0),
            "features": FeatureConfig(sample_ms=1, min_samples=3),
            "measures": MeasureConfig(
                var_sample_ms=500, var_window=60, var_min_samples=2, garch_min_samples=2
            ),
            "strategies": (
                StrategySpec(id="one", factory="puppet"),
                StrategySpec(id="two", factory="puppet"),
            ),
        }
        limits |= self.settings.pop("limits", {})
        config = EngineConfig(limits=RiskLimits(**limits), **(fields | self.settings))
        self.engine = Engine(config, self.nonce, INSTRUMENTS, {"puppet": Puppet}, self.ledger)
        self.steps = []

    @property
    def state(self):
        return self.engine.state

    @property
    def system_state(self):
        return self.engine.state.system_state

    def strategy(self, name="one"):
        return self.engine.core.registry.get(name)

    def feed(self, payload, later_ms=1):
        self.seq += 1
        self.now += later_ms * NANOS_PER_MILLI
        envelope = Envelope(self.seq, self.now, payload)
        self.last = self.engine.process(envelope)
        self.steps.append((envelope, self.last))
        return self.last

    def told(self, kind):
        """Return the outputs of one kind of the last step."""
        return [output for output in self.last if isinstance(output, kind)]

    def quote(self, name=A, bid=99.99, ask=100.01, *, size=100.0, update_id=0, later_ms=1):
        return self.feed(Quote(name, self.now, bid, size, ask, size, update_id), later_ms)

    def quotes(self, count=6, later_ms=1):
        for n in range(count):
            cents = n % 2
            self.quote(A, (9_999 + cents) / 100, (10_001 + cents) / 100, later_ms=later_ms)
            self.quote(B, (4_999 + cents) / 100, (5_001 + cents) / 100, later_ms=later_ms)

    def heartbeat(self, later_ms=500, late_ms=0):
        due = self.now + (later_ms - late_ms) * NANOS_PER_MILLI
        return self.feed(Timer(HEARTBEAT, due), later_ms)

    def start(self):
        self.feed(Timer(START, self.now))
        self.report()
        for count in (3, 4, 3, 4):  # prices that differ from heartbeat to heartbeat
            self.quotes(count)
            self.heartbeat()
        return self

    def command(self, kind, number=None, **fields):
        """Feed a command and return its answer."""
        name = f"{self.nonce}-{self.seq}" if number is None else f"c{number}"
        self.feed(Commanded(kind(command_id=name, actor="ann", **fields)))
        answers = self.told(CommandAnswer)
        return answers[-1] if answers else None

    def place(self, side=Side.BUY, quantity=10, price="100.00", name=A, **fields):
        """Place an order; return its id, or None when it was refused."""
        answer = self.command(
            commands.PlaceOrder,
            instrument_id=name,
            side=side,
            quantity=Decimal(quantity),
            limit_price=Decimal(price),
            **fields,
        )
        return answer.client_order_id

    def working(self, *args, **fields):
        """Place an order that the venue accepts; return its id."""
        key = self.place(*args, **fields)
        self.accept(key)
        return key

    def request(self, key):
        return self.state.orders.get(key).request

    def status(self, key):
        return self.state.orders.get(key).status

    def accept(self, key):
        name = self.request(key).instrument_id
        return self.feed(OrderAccepted(key, name, self.now, f"V-{key}"))

    def execution(self, key, quantity, price="100.00", number=None):
        self.executions += 1
        number = self.executions if number is None else number
        request = self.request(key)
        return OrderFilled(
            key,
            request.instrument_id,
            self.now,
            f"V-{key}",
            f"X{number}",
            request.side,
            Decimal(price),
            Decimal(quantity),
            Decimal("0.10"),
            Liquidity.TAKER,
        )

    def fill(self, key, quantity, price="100.00"):
        return self.feed(self.execution(key, quantity, price))

    def theirs(self, key, status=OrderStatus.ACCEPTED, filled=0, quantity=None, price=None):
        """Return an order as the venue reports it."""
        order = self.state.orders.get(key)
        return VenueOrder(
            key,
            order.instrument_id,
            f"V-{key}",
            status,
            order.quantity if quantity is None else Decimal(quantity),
            order.limit_price if price is None else Decimal(price),
            Decimal(filled),
        )

    def report(self, asked=(), orders=(), executions=(), positions=None):
        """Feed a report; positions are ours with the executions told, unless given."""
        if positions is None:
            held = {n: p.quantity for n, p in self.state.account.positions.items()}
            for fill in executions:
                held[fill.instrument_id] = (
                    held.get(fill.instrument_id, Decimal(0)) + fill.quantity * fill.side.sign
                )
            positions = tuple((name, quantity) for name, quantity in held.items() if quantity)
        return self.feed(
            VenueReport("sim", self.now, tuple(asked), tuple(orders), tuple(executions), positions)
        )

    def submitted(self):
        """Return the request of the order that left in the last step, or None."""
        found = self.told(SubmitOrder)
        return found[0].request if found else None


@pytest.fixture(scope="session")
def make_driver():
    """Build a driver; keywords other than ledger, nonce and now are engine settings."""

    def build(*, ledger=None, nonce=NONCE, now=BEGUN, **settings):
        return Driver(ledger=ledger, nonce=nonce, now=now, settings=settings)

    return build


@pytest.fixture
def driver(make_driver):
    """A driver of an engine that is ACTIVE and has prices."""
    return make_driver().start()
