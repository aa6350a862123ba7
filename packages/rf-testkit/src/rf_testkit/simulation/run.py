"""One seed lived through: sessions, crashes, disk errors, restarts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from rf_common import commands
from rf_common.clock import NANOS_PER_MILLI, NANOS_PER_SECOND, DeterministicClock, UnixNanos
from rf_common.errors import StorageError
from rf_common.events import Envelope, OrderEvent, Payload, Quote, Trade, VenueReport
from rf_common.ids import ClientOrderId
from rf_common.orders import CancelOrder, OrderRequest, Output, ReplaceOrder
from rf_engine import Engine, Ledger
from rf_execution import Faults, PaperConfig, PaperVenue
from rf_execution.gateways import Gate, PaperGateway
from rf_testkit.simulation.market import RandomMarket, is_sane
from rf_testkit.simulation.operator import RandomOperator
from rf_testkit.simulation.promises import Promises
from rf_testkit.simulation.setting import CONFIG, FACTORIES, INSTRUMENTS

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_MORNING = 1_795_572_736 * NANOS_PER_SECOND
_EVENING = 1_795_651_140 * NANOS_PER_SECOND  # one minute to midnight UTC
_QUIET_S = 200
"""Time without market and commands after which everything must be known, seconds."""


class Crash(BaseException):
    """The process died here; nothing may catch it but the simulation."""


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
        self.rng = np.random.default_rng(seed)
        self.clock = DeterministicClock(UnixNanos(_MORNING if seed % 5 else _EVENING))
        self.promises = Promises(seed, self.clock)
        self._seed = seed
        self._disk = disk
        self._make_corridor = make_corridor
        self._venue_book = venue_book
        self._outlives = seed % 2 == 1
        self._market = RandomMarket(self.rng)
        self._operator = RandomOperator(self.rng, self._market)
        self._venue = self._new_venue()
        self._crash_in = self._fail_in = -1
        self._latched = False

    # --- the run ------------------------------------------------------------------------------

    def run(self, steps: int) -> None:
        """Live through `steps` steps, then through a quiet time, and stop cleanly.

        Raises
        ------
        Broken
            When a promise is not kept.
        """
        self._alive(lambda: self._begin(Found(None, 1)))
        for self.promises.step in range(1, steps + 1):
            self._alive(self._step)
            self.promises.check_account()
        self._crash_in = self._fail_in = -1
        for _ in range(_QUIET_S):  # lost answers are found out by asking
            self._pass(1_000)
            self._corridor.settle()
        self.promises.check_all_known()
        self._stop()

    def _alive(self, act: Callable[[], None]) -> None:
        """Do something that the process may not survive, as often as it takes to live on."""
        while True:
            try:
                act()
            except Crash:
                self.promises.count("crashes")
                self._journal.close(False)
                act = self._restart
            else:
                return

    def _begin(self, found: Found) -> None:
        nonce = "".join(_BASE32[i] for i in self.rng.integers(0, 32, 8))
        engine = self._engine = Engine(CONFIG, nonce, INSTRUMENTS, FACTORIES, found.ledger)
        self.promises.begin(engine, self._venue)
        self._journal = self._disk.begin(nonce, self.clock.now(), found)
        wire = Wire(self, self._venue)
        if not self._outlives:
            wire.restore(*self._venue_book(engine))
        self._gate = Gate(wire, self.clock, self._answer)
        self._corridor = self._make_corridor(
            engine,
            self.clock,
            self._gate,
            paper=wire,
            journal=Recorder(self, self._journal),
            first_seq=found.next_seq,
            on_step=self.promises.on_step,
        )
        self.promises.killed = engine.state.kill.engaged or self._latched
        if self._latched:  # as the daemon does with its kill file
            self._command(self._operator.make(commands.Kill, reason="kill file"))
            self._latched = False
        self._corridor.start()

    def _answer(self, event: OrderEvent) -> None:
        self._corridor.answer(event)

    def _restart(self) -> None:
        """Come back after a while and go on from what the disk kept."""
        self._crash_in = self._fail_in = -1
        self._be_dead()
        found = self._disk.recover()
        self.promises.check_recovered(found.ledger)
        self._check_replay()
        if not self._outlives and found.ledger is not None:
            self._venue = self._new_venue()
            self.promises.on_restored_venue(found.ledger)
        self._begin(found)

    def _be_dead(self) -> None:
        """Let the world go on without us; what the venue says meanwhile nobody hears."""
        for _ in range(int(self.rng.integers(1, 40))):
            now = self._later(int(self.rng.integers(50, 500)))
            self.clock.set(now)
            for payload in self._market.step(now):
                if isinstance(payload, Quote | Trade) and is_sane(payload):
                    self._venue.on_market(payload, now)
            self._venue.advance(now)

    def _stop(self) -> None:
        self._command(self._operator.make(commands.Shutdown, cancel_orders=False))
        state = self._engine.state
        self._journal.close(not state.storage_failed, state.state_hash())
        self._check_replay()

    def _check_replay(self) -> None:
        difference = self._disk.check()
        self.promises.promise("P7", not difference, difference)

    def _new_venue(self) -> PaperVenue:
        draw = self.rng.random
        faults = Faults(lost=0.25 * draw(), duplicated=0.25 * draw(), late=0.4 * draw())
        faults = faults if draw() < 0.7 else Faults()
        config = PaperConfig(maker_bps=0.5, taker_bps=2.0, faults=faults)
        return PaperVenue(config, np.random.default_rng(self._seed), self._market.views.get)

    # --- one step -----------------------------------------------------------------------------

    def _step(self) -> None:
        self._arm()
        pauses = self.rng.random() < 0.01
        self._pass(int(self.rng.integers(6_000, 12_000) if pauses else self.rng.integers(5, 300)))
        chance = self.rng.random()
        if chance < 0.25:
            for command in self._operator.act(self._engine.state):
                self._command(command)
        elif chance < 0.255:
            self._kill_from_outside()
        else:
            self._tell(self._market.step(self.clock.now()), whole=self.rng.random() < 0.5)

    def _arm(self) -> None:
        """Now and then decide that the process dies, or the disk fails, at a later write."""
        if self._crash_in < 0 and self.rng.random() < 0.02:
            self._crash_in = int(self.rng.integers(0, 40))
        if self._fail_in < 0 and self.rng.random() < 0.003:
            self._fail_in = int(self.rng.integers(0, 10))
        if self._engine.state.storage_failed and self.rng.random() < 0.05:
            raise Crash  # the operator repairs the disk and starts again

    def _pass(self, millis: int) -> None:
        now = self._later(millis)
        self._corridor.advance(now, self.clock.set)
        self.clock.set(now)

    def _later(self, millis: int) -> UnixNanos:
        return UnixNanos(self.clock.now() + millis * NANOS_PER_MILLI)

    def _tell(self, payloads: Sequence[Payload], *, whole: bool) -> None:
        for payload in payloads:
            self.promises.on_payload(payload)
            self._corridor.feed(payload)
            if not whole:
                self._corridor.settle()
        self._corridor.settle()

    def _command(self, command: commands.Command) -> None:
        if isinstance(command, commands.Kill):
            self.promises.killed = True
        self.promises.count(type(command).__name__)
        self._corridor.command(command)

    def _kill_from_outside(self) -> None:
        """Shut the gate as the operator's thread does, a while before the engine hears of it."""
        self._latched = self.promises.killed = True
        self._corridor.kills_asked += 1
        self._gate.halt()
        self._pass(int(self.rng.integers(1, 300)))
        self._tell(self._market.step(self.clock.now()), whole=True)
        self._command(self._operator.make(commands.Kill, reason="from outside"))
        self._latched = False

    # --- faults -------------------------------------------------------------------------------

    def at_write(self) -> None:
        """Die here when it was decided so."""
        if self._crash_in == 0:
            self._crash_in = -1
            raise Crash
        self._crash_in = max(self._crash_in - 1, -1)

    def disk_error_due(self) -> bool:
        """Return whether this commit fails."""
        due = self._fail_in == 0
        self._fail_in = max(self._fail_in - 1, -1)
        if due:
            self.promises.count("disk errors")
        return due


class Recorder:
    """The journal with a disk that may fail and a process that may die at it."""

    def __init__(self, simulation: Simulation, journal: SessionJournal) -> None:
        self._simulation = simulation
        self._journal = journal
        self._waiting: list[Output] = []
        self.rotation_due = False

    def append(self, envelope: Envelope, outputs: tuple[Output, ...]) -> None:
        """Add a step."""
        self._simulation.at_write()
        self._journal.append(envelope, outputs)
        self._waiting += outputs

    def commit(self) -> None:
        """Commit, fail or die, before or after."""
        simulation = self._simulation
        simulation.at_write()
        if simulation.disk_error_due():
            raise StorageError("the disk refused")
        self._journal.commit()
        simulation.promises.on_durable(self._waiting)
        self._waiting = []
        self.rotation_due = simulation.rng.random() < 0.01
        simulation.at_write()

    def rotate(self, ledger: Ledger) -> None:
        """Go on in a new segment, or die at it."""
        self.rotation_due = False
        self._simulation.at_write()
        self._journal.rotate(ledger)
        self._simulation.at_write()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


class Wire(PaperGateway):
    """The last yard to the venue: what passes here has left the house."""

    def __init__(self, simulation: Simulation, venue: PaperVenue) -> None:
        super().__init__(venue, simulation.clock)
        self._simulation = simulation

    def submit(self, request: OrderRequest) -> None:
        """Check an order and send it, or die before or after."""
        self._simulation.at_write()
        self._simulation.promises.on_submit(request)
        super().submit(request)
        self._simulation.at_write()

    def replace(self, order: ReplaceOrder) -> None:
        """Check a change and send it, or die before or after."""
        self._simulation.at_write()
        self._simulation.promises.on_replace(order)
        super().replace(order)
        self._simulation.at_write()

    def cancel(self, order: CancelOrder) -> None:
        """Send a cancel, or die before."""
        self._simulation.at_write()
        super().cancel(order)

    def report(self, asked: Sequence[ClientOrderId]) -> VenueReport:
        """Ask, or die before."""
        self._simulation.at_write()
        return super().report(asked)
