"""The house under one seed: market, operator, paper venue, disk, crashes; promises at each step.

The engine, the gate, the paper venue and the corridor that a test hands in are the real ones.
What is made up is the world around them: prices walk at random and are now and then impossible,
the operator asks for sensible and silly things, answers get lost, doubled and late, the disk
fails, and the process dies at any write. After a death the journal is recovered and a new
session begins, either with the venue as the ledger tells it or with one that lived on.

A broken promise raises `Broken`, which names the seed, the step and the promise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

import msgspec
import numpy as np

from rf_common import commands, money
from rf_common.canonical import canonical_bytes
from rf_common.clock import NANOS_PER_MILLI, NANOS_PER_SECOND, DeterministicClock, UnixNanos
from rf_common.enums import FeedState, OrderStatus, OrderType, Side, SystemState, TimeInForce
from rf_common.errors import StorageError
from rf_common.events import (
    Envelope,
    FeedGap,
    FeedStatus,
    Level,
    MarketEvent,
    OrderEvent,
    OrderFilled,
    Payload,
    Quote,
    Trade,
    VenueReport,
)
from rf_common.ids import ClientOrderId, InstrumentId, StrategyId, instrument_id
from rf_common.instruments import Instrument
from rf_common.orders import (
    CancelOrder,
    CommandAnswer,
    OrderRequest,
    Output,
    PositionAdopted,
    ReplaceOrder,
    Signal,
    StateChanged,
    SubmitOrder,
)
from rf_common.ports import Condition, StrategyContext
from rf_engine import Engine, EngineConfig, Ledger
from rf_execution import Faults, PaperConfig, PaperVenue
from rf_execution.gateways import Gate, PaperGateway

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_MORNING = 1_795_572_736 * NANOS_PER_SECOND
_EVENING = 1_795_651_140 * NANOS_PER_SECOND  # one minute to midnight UTC
_QUIET_S = 200
"""Time without market and commands after which everything must be known, seconds."""
INSTRUMENTS = (
    Instrument(instrument_id=instrument_id("sim", "AAA"), tick=Decimal("0.01"), lot=Decimal(1)),
    Instrument(instrument_id=instrument_id("sim", "BBB"), tick=Decimal("0.01"), lot=Decimal("0.1")),
)
_START_CENTS = (10_000, 5_000)
CONFIG = msgspec.convert(
    {
        "limits": {
            "max_order_notional": "4000",
            "max_position_notional": "6000",
            "max_open_orders": 5,
            "max_daily_loss": "1500",
            "orders_per_second": 20.0,
        },
        "sizer": {"target_vol": 1_000.0, "max_fraction": 0.03},
        "features": {"sample_ms": 100, "min_samples": 4},
        "strategies": [
            {"id": "flip", "factory": "flipper", "parameters": {"every": 7}},
            {"id": "odd", "factory": "flipper", "parameters": {"every": 11, "fails_at": 90}},
        ],
    },
    EngineConfig,
)
LIMITS = CONFIG.limits
_SIGNALS = ((1, 1.0), (0, 0.5), (-1, 0.7), (-1, 1.0), (0, 1.0), (1, 0.4))


class Broken(AssertionError):
    """A promise was not kept."""


class Crash(BaseException):
    """The process died here; nothing may catch it but the simulation."""


class Flipper:
    """A strategy that changes its opinion with every so many quotes, and may fail once."""

    def __init__(self, strategy_id: StrategyId, parameters: Mapping[str, Any]) -> None:
        self.strategy_id = strategy_id
        self.instruments: frozenset[InstrumentId] = frozenset()
        self._every = int(parameters.get("every", 7))
        self._fails_at = int(parameters.get("fails_at", 0))
        self._seen = 0

    def on_event(self, context: StrategyContext, event: MarketEvent) -> Signal | None:
        """Tell the next opinion of the list."""
        if type(event) is not Quote:
            return None
        self._seen += 1
        if self._seen == self._fails_at:
            raise ArithmeticError("it was told to fail")
        turn, rest = divmod(self._seen, self._every)
        if rest:
            return None
        direction, confidence = _SIGNALS[turn % len(_SIGNALS)]
        name = event.instrument_id
        return Signal(self.strategy_id, name, direction, confidence, event.bid_px, f"turn {turn}")

    def on_fill(self, context: StrategyContext, fill: OrderFilled) -> None:
        """Positions are read from the context."""

    def explain(self, instrument_id: InstrumentId) -> Sequence[Condition]:
        """There is nothing to explain."""
        return ()


FACTORIES = {"flipper": Flipper}


class Found(NamedTuple):
    """What a disk gives back: the ledger, the next sequence number, and its own notes."""

    ledger: Ledger | None
    next_seq: int
    notes: Any = None


class SessionJournal(Protocol):
    """What the simulation itself needs of a journal; the corridor needs more."""

    def append(self, envelope: Envelope, outputs: Sequence[Output]) -> None:
        """Add a step."""
        ...

    def commit(self) -> None:
        """Make everything appended durable."""
        ...

    def rotate(self, ledger: Ledger) -> None:
        """Go on in a new segment."""
        ...

    def close(self, clean: bool, state_hash: str = "") -> None:
        """Close the file."""
        ...


class Disk(Protocol):
    """Where sessions are kept; the test gives one over the real journal."""

    def begin(self, nonce: str, now: UnixNanos, found: Found) -> SessionJournal:
        """Begin a session."""
        ...

    def recover(self) -> Found:
        """Return what the last durable step left."""
        ...

    def check(self) -> str:
        """Replay the newest session; return the first difference, or nothing."""
        ...


class View:
    """The market as the venue sees it: the best bid and ask."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.quote: Quote | None = None

    def levels(self, bids: bool) -> Iterator[Level]:
        """Yield the best level of one side."""
        if self.quote is not None:
            quote = self.quote
            yield (quote.bid_px, quote.bid_qty) if bids else (quote.ask_px, quote.ask_qty)


class _Recorder:
    """The journal with a disk that may fail and a process that may die at it."""

    def __init__(self, simulation: Simulation, journal: SessionJournal) -> None:
        self._simulation = simulation
        self._journal = journal
        self._waiting: list[Output] = []
        self.rotation_due = False

    def append(self, envelope: Envelope, outputs: tuple[Output, ...]) -> None:
        self._simulation.at_write()
        self._journal.append(envelope, outputs)
        self._waiting += outputs

    def commit(self) -> None:
        simulation = self._simulation
        simulation.at_write()
        if simulation.disk_error_due():
            raise StorageError("the disk refused")
        self._journal.commit()
        simulation.on_durable(self._waiting)
        self._waiting = []
        self.rotation_due = simulation.rng.random() < 0.01
        simulation.at_write()

    def rotate(self, ledger: Ledger) -> None:
        self.rotation_due = False
        self._simulation.at_write()
        self._journal.rotate(ledger)
        self._simulation.at_write()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


class _Wire(PaperGateway):
    """The last yard to the venue: what passes here has left the house."""

    def __init__(self, simulation: Simulation, venue: PaperVenue) -> None:
        super().__init__(venue, simulation.clock)
        self._simulation = simulation

    def submit(self, request: OrderRequest) -> None:
        self._simulation.at_write()
        self._simulation.on_submit(request)
        super().submit(request)
        self._simulation.at_write()

    def replace(self, order: ReplaceOrder) -> None:
        self._simulation.at_write()
        self._simulation.on_replace(order)
        super().replace(order)
        self._simulation.at_write()

    def cancel(self, order: CancelOrder) -> None:
        self._simulation.at_write()
        super().cancel(order)

    def report(self, asked: Sequence[ClientOrderId]) -> VenueReport:
        self._simulation.at_write()
        return super().report(asked)


class Simulation:
    """One seed.

    Parameters
    ----------
    seed : int
        Decides everything. Odd seeds have a venue that outlives crashes, even ones a venue
        that is restored from the recovered ledger; every fifth begins shortly before midnight.
    disk : Disk
        Where sessions are kept.
    make_corridor : callable
        `rf_daemon.corridor.Corridor`.
    venue_book : callable
        Returns open orders and positions of an engine, for a venue that is restored.
    """

    def __init__(
        self,
        seed: int,
        disk: Disk,
        make_corridor: Callable[..., Any],
        venue_book: Callable[[Engine], tuple[Any, Any]],
    ) -> None:
        self.seed = seed
        self.rng = np.random.default_rng(seed)
        self.clock = DeterministicClock(UnixNanos(_MORNING if seed % 5 else _EVENING))
        self.number = 0
        self.counts: dict[str, int] = {}
        self._disk = disk
        self._make_corridor = make_corridor
        self._venue_book = venue_book
        self._outlives = seed % 2 == 1
        self._views = {item.instrument_id: View(item) for item in INSTRUMENTS}
        self._cents = dict(zip(self._views, _START_CENTS, strict=True))
        self._told: dict[InstrumentId, tuple[Quote, UnixNanos]] = {}
        self._asked: list[commands.Command] = []
        self._numbers = 0
        self._crash_in = self._fail_in = -1
        self._sent: dict[ClientOrderId, OrderRequest] = {}
        self._by_command: dict[str, ClientOrderId] = {}
        self._durable: set[object] = set()
        self._durable_ledger = b""
        self._killed = self._latched = False
        self._reconciled = False
        self._changes: dict[ClientOrderId, ReplaceOrder] = {}
        self._venue = self._new_venue()
        self._base_cash = CONFIG.starting_equity
        self._base_filled: dict[ClientOrderId, Decimal] = {}

    # --- the run ------------------------------------------------------------------------------

    def run(self, steps: int) -> None:
        """Live through `steps` steps, then through a quiet time, and stop cleanly."""
        self._alive(lambda: self._begin(Found(None, 1)))
        for self.number in range(1, steps + 1):
            self._alive(self._step)
            self._check_account()
        self._crash_in = self._fail_in = -1
        self._be_quiet()
        self._check_all_known()
        self._stop()

    def _alive(self, act: Callable[[], None]) -> None:
        """Do something that the process may not survive, as often as it takes to live on."""
        while True:
            try:
                act()
            except Crash:
                self._count("crashes")
                self._journal.close(False)
                act = self._restart
            else:
                return

    def _begin(self, found: Found) -> None:
        nonce = "".join(_BASE32[i] for i in self.rng.integers(0, 32, 8))
        engine = self.engine = Engine(CONFIG, nonce, INSTRUMENTS, FACTORIES, found.ledger)
        self._durable_ledger = canonical_bytes(engine.state.ledger())
        self._journal = self._disk.begin(nonce, self.clock.now(), found)
        self._durable, self._changes = set(), {}
        self._reconciled = False
        wire = _Wire(self, self._venue)
        if not self._outlives:
            wire.restore(*self._venue_book(engine))
        self._gate = Gate(wire, self.clock, self._answer)
        self._corridor = self._make_corridor(
            engine,
            self.clock,
            self._gate,
            paper=wire,
            journal=_Recorder(self, self._journal),
            first_seq=found.next_seq,
            on_step=self._on_step,
        )
        self._killed = engine.state.kill.engaged or self._latched
        if self._latched:  # as the daemon does with its kill file
            self._order(commands.Kill, reason="kill file")
            self._latched = False
        self._corridor.start()

    def _answer(self, event: OrderEvent) -> None:
        self._corridor.answer(event)

    def _restart(self) -> None:
        """Come back after a while and go on from what the disk kept."""
        self._crash_in = self._fail_in = -1
        self._die_a_while()
        found = self._disk.recover()
        self._promise(
            "recovery",
            canonical_bytes(found.ledger) == self._durable_ledger,
            "the recovered ledger is not that of the last durable step",
        )
        self._check_replay()
        if not self._outlives and found.ledger is not None:
            self._venue = self._new_venue()
            self._base_cash = found.ledger.account.cash
            self._base_filled = {o.request.client_order_id: o.filled for o in found.ledger.orders}
        self._begin(found)

    def _die_a_while(self) -> None:
        """Let the world go on without us; what the venue says meanwhile nobody hears."""
        for _ in range(int(self.rng.integers(1, 40))):
            now = self._later(int(self.rng.integers(50, 500)))
            self.clock.set(now)
            for payload in self._market(now):
                if isinstance(payload, Quote | Trade) and _is_sane(payload):
                    self._venue.on_market(payload, now)
            self._venue.advance(now)

    def _stop(self) -> None:
        self._order(commands.Shutdown, cancel_orders=False)
        lost = bool(self.engine.state.storage_failed)
        self._journal.close(not lost, self.engine.state.state_hash())
        self._check_replay()

    def _new_venue(self) -> PaperVenue:
        draw = self.rng.random
        faults = Faults(lost=0.25 * draw(), duplicated=0.25 * draw(), late=0.4 * draw())
        config = PaperConfig(
            maker_bps=0.5, taker_bps=2.0, faults=faults if draw() < 0.7 else Faults()
        )
        return PaperVenue(config, np.random.default_rng(self.seed), self._views.get)

    # --- one step -----------------------------------------------------------------------------

    def _step(self) -> None:
        chance = self.rng.random()
        pause_ms = int(self.rng.integers(6_000, 12_000)) if chance < 0.01 else 0
        now = self._later(pause_ms or int(self.rng.integers(5, 300)))
        self._arm()
        self._corridor.advance(now, self.clock.set)
        self.clock.set(now)
        if self.rng.random() < 0.25:
            self._operate()
        else:
            whole_batch = self.rng.random() < 0.5
            for payload in self._market(now):
                self._tell(payload)
                if not whole_batch:
                    self._corridor.settle()
            self._corridor.settle()

    def _tell(self, payload: Payload) -> None:
        if isinstance(payload, Quote) and _is_sane(payload):
            self._told[payload.instrument_id] = (payload, self.clock.now())
        elif isinstance(payload, Quote):
            self._told.pop(payload.instrument_id, None)
        self._corridor.feed(payload)

    def _arm(self) -> None:
        """Now and then decide that the process dies, or the disk fails, at a later write."""
        if self._crash_in < 0 and self.rng.random() < 0.02:
            self._crash_in = int(self.rng.integers(0, 40))
        if self._fail_in < 0 and self.rng.random() < 0.003:
            self._fail_in = int(self.rng.integers(0, 10))
        if self.engine.state.storage_failed and self.rng.random() < 0.05:
            raise Crash  # the operator repairs the disk and starts again

    def _later(self, millis: int) -> UnixNanos:
        return UnixNanos(self.clock.now() + millis * NANOS_PER_MILLI)

    # --- market -------------------------------------------------------------------------------

    def _market(self, now: UnixNanos) -> list[Payload]:
        told: list[Payload] = []
        for name in self._views:
            self._cents[name] = max(100, self._cents[name] + int(self.rng.integers(-4, 5)))
            if self.rng.random() < 0.9:
                told.append(self._quote(name, now))
            if self.rng.random() < 0.2:
                px = (self._cents[name] + int(self.rng.integers(-6, 7))) / 100
                told.append(Trade(name, now, px, float(self.rng.integers(1, 30)), None))
        if self.rng.random() < 0.02:
            told.append(self._trouble(now))
        return told

    def _quote(self, name: InstrumentId, now: UnixNanos) -> Quote:
        mid, half = self._cents[name], int(self.rng.integers(1, 3))
        bid, ask = (mid - half) / 100, (mid + half) / 100
        sizes = self.rng.integers(1, 60, 2)
        quote = Quote(name, now, bid, float(sizes[0]), ask, float(sizes[1]))
        self._views[name].quote = quote
        if self.rng.random() < 0.01:
            return self._spoilt(quote)
        return quote

    def _spoilt(self, quote: Quote) -> Quote:
        changes: tuple[dict[str, float], ...] = (
            {"bid_px": float("nan")},
            {"ask_px": float("inf")},
            {"bid_px": 0.0},
            {"ask_px": -1.0},
            {"bid_qty": float("nan")},
            {"bid_px": quote.ask_px + 1.0},
        )
        change = changes[int(self.rng.integers(len(changes)))]
        return msgspec.structs.replace(quote, **change)

    def _trouble(self, now: UnixNanos) -> Payload:
        name = INSTRUMENTS[int(self.rng.integers(2))].instrument_id
        kinds: tuple[Payload, ...] = (
            FeedGap(name, now, "sim", 5, 9, "lost"),
            FeedStatus("sim", now, FeedState.DOWN, "reset"),
            FeedStatus("sim", now, FeedState.LIVE),
            Trade(name, now, float("nan"), 1.0, None),
        )
        return kinds[int(self.rng.integers(len(kinds)))]

    # --- operator -----------------------------------------------------------------------------

    def _operate(self) -> None:
        state = self.engine.state
        chance = self.rng.random()
        if state.system_state in {SystemState.HALTED, SystemState.REDUCING} and chance < 0.5:
            phrase = state.resume_phrase if self.rng.random() < 0.8 else "resume please"
            self._order(commands.Resume, phrase=phrase)
        elif chance < 0.45:
            self._order(commands.PlaceOrder, **self._wish())
        elif chance < 0.62:
            self._change_one()
        elif chance < 0.75:
            self._cancel_one()
        elif chance < 0.80:
            self._again()
        else:
            self._rarely()

    def _rarely(self) -> None:
        chance = self.rng.random()
        if chance < 0.15:
            self._order(commands.Kill, reason="practice")
        elif chance < 0.25:
            self._kill_from_outside()
        elif chance < 0.35:
            self._order(commands.CancelAllOrders)
        elif chance < 0.45:
            self._order(commands.Reduce, reason="enough")
        elif chance < 0.55:  # with an order still on its way
            self._order(commands.PlaceOrder, **self._wish())
            self._order(commands.Reduce, reason="by mistake")
            self._order(commands.Resume, phrase=self.engine.state.resume_phrase)
        elif chance < 0.8:
            enabled = bool(self.rng.random() < 0.8)
            self._order(commands.SetStrategyEnabled, strategy_id=StrategyId("odd"), enabled=enabled)
        else:
            text = '{"every": 5}' if self.rng.random() < 0.5 else '{"every": "often"}'
            self._order(
                commands.SwapStrategy,
                strategy_id=StrategyId("flip"),
                factory="flipper",
                parameters=text,
            )

    def _wish(self) -> dict[str, Any]:
        item = INSTRUMENTS[int(self.rng.integers(2))]
        side = Side.BUY if self.rng.random() < 0.5 else Side.SELL
        cents = self._cents[item.instrument_id] - side.sign * int(self.rng.integers(-5, 12))
        quantity, price = Decimal(int(self.rng.integers(1, 50))), Decimal(cents) / 100
        chance = self.rng.random()
        if chance < 0.05:
            quantity = Decimal(("NaN", "0", "-3", "1000000", "0.05")[int(self.rng.integers(5))])
        elif chance < 0.10:
            price = price * 2 if chance < 0.075 else price + Decimal("0.003")
        wish: dict[str, Any] = {
            "instrument_id": item.instrument_id,
            "side": side,
            "quantity": quantity,
            "limit_price": price,
            "time_in_force": tuple(TimeInForce)[int(self.rng.integers(4))],
            "reduce_only": bool(self.rng.random() < 0.1),
        }
        if self.rng.random() < 0.1:
            stop = Decimal(cents + side.sign * 10) / 100
            wish |= {"order_type": OrderType.STOP_LIMIT, "stop_price": stop}
        return wish

    def _one_open(self) -> ClientOrderId | None:
        keys = [order.client_order_id for order in self.engine.state.orders.open_orders()]
        return keys[int(self.rng.integers(len(keys)))] if keys else None

    def _change_one(self) -> None:
        key = self._one_open()
        if key is None:
            return
        order = self.engine.state.orders.get(key)
        assert order is not None
        change: dict[str, Any] = {"quantity": Decimal(int(self.rng.integers(1, 60)))}
        if order.limit_price is not None and self.rng.random() < 0.5:
            change["limit_price"] = order.limit_price + Decimal(int(self.rng.integers(-5, 6))) / 100
        self._order(commands.ChangeOrder, client_order_id=key, **change)
        if self.rng.random() < 0.4:  # while the change is on its way
            wish = self._wish() | {"instrument_id": order.instrument_id, "side": order.side}
            wish["limit_price"] = order.limit_price
            self._order(commands.PlaceOrder, **wish)

    def _cancel_one(self) -> None:
        key = self._one_open()
        if key is not None:
            self._order(commands.CancelOpenOrder, client_order_id=key)

    def _again(self) -> None:
        """Send an older command once more, as a client that saw no answer does."""
        if self._asked:
            self._corridor.command(self._asked[int(self.rng.integers(len(self._asked)))])

    def _kill_from_outside(self) -> None:
        """Shut the gate as the operator's thread does, a while before the engine hears of it."""
        self._latched = self._killed = True
        self._corridor.kills_asked += 1
        self._gate.halt()
        now = self._later(int(self.rng.integers(1, 300)))
        self._corridor.advance(now, self.clock.set)
        self.clock.set(now)
        for payload in self._market(now):
            self._tell(payload)
        self._corridor.settle()
        self._order(commands.Kill, reason="from outside")
        self._latched = False

    def _order(self, kind: type[Any], **fields: Any) -> None:
        self._numbers += 1
        name = f"c{self._numbers}"
        command = kind(command_id=name, actor=f"op {name}", **fields)
        if kind is commands.Kill:
            self._killed = True
        elif kind is not commands.Resume:  # an old resume again would make a kill look undone
            self._asked.append(command)
        self._count(kind.__name__)
        self._corridor.command(command)

    # --- faults -------------------------------------------------------------------------------

    def at_write(self) -> None:
        """Die here when it was decided so."""
        if self._crash_in == 0:
            self._crash_in = -1
            raise Crash
        if self._crash_in > 0:
            self._crash_in -= 1

    def disk_error_due(self) -> bool:
        """Return whether this commit fails."""
        due = self._fail_in == 0
        self._fail_in = max(self._fail_in - 1, -1)
        if due:
            self._count("disk errors")
        return due

    # --- what is promised ---------------------------------------------------------------------

    def on_durable(self, outputs: Sequence[Output]) -> None:
        """Note what has just become durable."""
        for output in outputs:
            if isinstance(output, SubmitOrder):
                self._durable.add(output.request.client_order_id)
            elif isinstance(output, ReplaceOrder):
                self._durable.add(output)
        self._durable_ledger = canonical_bytes(self.engine.state.ledger())

    def on_submit(self, request: OrderRequest) -> None:
        """Check what leaves: P1 to P6."""
        self._count("orders")
        key, state = request.client_order_id, self.engine.state
        self._promise("P1", key not in self._sent, f"{key} leaves twice")
        self._sent[key] = request
        if request.actor.startswith("op "):
            other = self._by_command.setdefault(request.actor, key)
            self._promise("P1", other == key, f"{request.actor} gave {other} and {key}")
        self._promise("P2", self._reconciled, f"{key} leaves before the venue was asked")
        self._promise("P3", key in self._durable, f"{key} is not on disk")
        self._promise("P5", not self._killed, f"{key} leaves after a kill")
        active = {SystemState.ACTIVE, SystemState.REDUCING}
        self._promise("P4", state.system_state in active, f"{key} leaves in {state.system_state}")
        self._promise("P3", not state.storage_failed, f"{key} leaves without a journal")
        told = self._told.get(request.instrument_id)
        if told is None:
            raise self._broken("P6", f"{key} leaves without a price")
        age_ms = (self.clock.now() - told[1]) // NANOS_PER_MILLI
        self._promise("P6", age_ms <= LIMITS.stale_after_ms, f"{key} at a price {age_ms} ms old")
        self._check_limits(request.client_order_id, request.side, request.quantity, told[0])

    def on_replace(self, change: ReplaceOrder) -> None:
        """Check a change that leaves."""
        self._count("changes")
        self._promise("P3", change in self._durable, f"{change} is not on disk")
        self._promise("P3", not self.engine.state.storage_failed, f"{change} without a journal")
        self._promise("P5", not self._killed, f"{change} leaves after a kill")
        self._promise("P1", change.client_order_id in self._sent, f"{change} of what never left")
        self._changes[change.client_order_id] = change

    def _check_limits(
        self, key: ClientOrderId, side: Side, quantity: Decimal, quote: Quote
    ) -> None:
        """Compute size, count and position anew, from orders and positions alone."""
        state = self.engine.state
        order = state.orders.get(key)
        assert order is not None
        assert order.limit_price is not None
        bid = money.of_float(quote.bid_px)
        price = order.limit_price if side is Side.BUY else max(order.limit_price, bid)
        held = state.account.quantity(order.instrument_id) * side.sign
        others = self._others(key, order.instrument_id, side)
        reduces = held < 0 and quantity + others <= -held
        value = price * quantity
        self._promise("P4", value <= LIMITS.max_order_notional or reduces, f"{key}: value {value}")
        count = state.orders.open_count
        self._promise("P4", count <= LIMITS.max_open_orders or reduces, f"{key}: {count} open")
        reach = (held + quantity + others) * price
        limit = LIMITS.max_position_notional * Decimal("1.01")  # prices may move within a batch
        self._promise("P4", reach <= limit or reduces, f"{key}: position may become {reach}")

    def _others(self, key: ClientOrderId, name: InstrumentId, side: Side) -> Decimal:
        """Return what older orders may fill on this side, changes on their way included."""
        total = money.ZERO
        for order in self.engine.state.orders.open_orders():
            other = order.client_order_id
            if other == key:
                break
            if order.instrument_id != name or order.side is not side:
                continue
            change = self._changes.get(other)
            if change is not None and order.status is OrderStatus.PENDING_UPDATE:
                total += max(order.remaining, change.quantity - order.filled)
            else:
                total += order.remaining
        return total

    def _on_step(self, envelope: Envelope, outputs: tuple[Output, ...]) -> None:
        for output in outputs:
            if isinstance(output, StateChanged) and output.old is SystemState.RECONCILING:
                self._reconciled = True
                if output.new is not SystemState.HALTED:
                    self._check_venue()
            elif isinstance(output, PositionAdopted):
                raise self._broken("fills", f"{output}, though the venue knows every fill")
            elif isinstance(output, CommandAnswer) and output.code == "RESUMED":
                self._killed = False

    def _check_venue(self) -> None:
        """P2: when trading begins, positions and open orders are the venue's."""
        report = self._venue.report((), self.clock.now())
        state = self.engine.state
        ours = {n: p.quantity for n, p in state.account.positions.items() if p.quantity}
        self._promise("P2", ours == dict(report.positions), f"{ours} is not {report.positions}")
        theirs = {o.client_order_id: (o.quantity, o.limit_price) for o in report.orders}
        open_orders = state.orders.open_orders()
        known = {o.client_order_id: (o.quantity, o.limit_price) for o in open_orders}
        self._promise("P2", known == theirs, f"open are {known}, at the venue {theirs}")

    def _check_account(self) -> None:
        state = self.engine.state
        halted = state.system_state is SystemState.HALTED or not state.storage_failed
        self._promise("P3", halted, f"{state.system_state} without a journal")
        gap = state.account.identity_gap()
        self._promise("identity", gap == 0, f"the account is off by {gap}")

    def _be_quiet(self) -> None:
        """Let time pass without market or commands: lost answers are found out by asking."""
        for _ in range(_QUIET_S):
            now = self._later(1_000)
            self._corridor.advance(now, self.clock.set)
            self.clock.set(now)
            self._corridor.settle()

    def _check_all_known(self) -> None:
        """Every execution of the venue is booked, once; what is open here is open there."""
        state = self.engine.state
        report = self._venue.report(tuple(self._sent), self.clock.now())
        filled = dict(self._base_filled)
        cash = self._base_cash
        for fill in report.executions:
            key = fill.client_order_id
            filled[key] = filled.get(key, money.ZERO) + fill.quantity
            cash -= money.notional(fill.price, fill.quantity) * fill.side.sign + fill.fee
        ours = {order.client_order_id: order.filled for order in state.orders if order.filled}
        theirs = {key: quantity for key, quantity in filled.items() if quantity}
        self._promise("fills", ours == theirs, f"{_unlike(ours, theirs)}")
        self._promise("cash", state.account.cash == cash, f"{state.account.cash} is not {cash}")
        open_here = {order.client_order_id for order in state.orders.open_orders()}
        open_there = {o.client_order_id for o in report.orders if not o.status.is_terminal}
        self._promise("P2", open_here == open_there, f"open {open_here}, there {open_there}")
        if self._killed:
            self._promise("P5", not open_here, f"{open_here} are open long after a kill")

    def _check_replay(self) -> None:
        difference = self._disk.check()
        self._promise("P7", not difference, difference)

    def _promise(self, name: str, kept: bool, text: str) -> None:
        if not kept:
            raise self._broken(name, text)

    def _broken(self, name: str, text: str) -> Broken:
        return Broken(f"seed {self.seed}, step {self.number}: {name}: {text}")

    def _count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1


def _is_sane(event: Quote | Trade) -> bool:
    if isinstance(event, Trade):
        return event.px > 0
    sized = event.bid_qty >= 0 and event.ask_qty >= 0
    return sized and 0 < event.bid_px <= event.ask_px < float("inf")


def _unlike(ours: Mapping[Any, Any], theirs: Mapping[Any, Any]) -> dict[Any, tuple[Any, Any]]:
    keys = [key for key in {**ours, **theirs} if ours.get(key) != theirs.get(key)]
    return {key: (ours.get(key), theirs.get(key)) for key in keys}
