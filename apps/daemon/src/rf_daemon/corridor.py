"""The corridor's shell: stamp, decide, write down, and only then act.

Synchronous and without I/O of its own: the live loop, a tape at full speed and the simulation
in the tests all push payloads through this one object. What must be durable is durable before
any output that needs it leaves (`settle`).
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from rf_common.clock import Clock, UnixNanos, monotonic_ns
from rf_common.commands import Command, Kill
from rf_common.enums import SystemState
from rf_common.errors import StorageError
from rf_common.events import (
    Bar,
    BookDelta,
    BookSnapshot,
    CancelRejected,
    Commanded,
    Envelope,
    OrderDenied,
    OrderEvent,
    Payload,
    Quote,
    StorageFailed,
    Timer,
    Trade,
)
from rf_common.ids import InstrumentId
from rf_common.orders import (
    CancelOrder,
    CommandAnswer,
    Output,
    ReplaceOrder,
    RequestBook,
    RequestReport,
    SetTimer,
    StateChanged,
    SubmitOrder,
)
from rf_engine import START, Engine, Ledger
from rf_execution.gateways import Gate, PaperGateway

_MARKET = frozenset({Quote, Trade, BookDelta, BookSnapshot, Bar})
_HELD_BACK = "the journal cannot be written: not sent"


class StepJournal(Protocol):
    """What the corridor needs of the journal."""

    def append(self, envelope: Envelope, outputs: tuple[Output, ...]) -> None:
        """Add a step."""
        ...

    def needs_commit(self, outputs: Iterable[Output]) -> bool:
        """Return whether these outputs may leave only after a commit."""
        ...

    def commit(self) -> None:
        """Return when everything appended is on disk."""
        ...

    def is_due(self, now: UnixNanos) -> bool:
        """Return whether appended steps have waited long enough."""
        ...

    @property
    def pending(self) -> int:
        """How many steps wait for the next commit."""
        ...

    @property
    def rotation_due(self) -> bool:
        """Whether the present segment is large enough."""
        ...

    def rotate(self, ledger: Ledger) -> None:
        """Go on in a new segment that begins with `ledger`."""
        ...


class Corridor:
    """One engine, one venue, one journal.

    Parameters
    ----------
    engine : Engine
        Decides.
    clock : Clock
        Stamps.
    gate : Gate
        The door to the venue.
    paper : PaperGateway, optional
        The paper venue behind the gate, which must be shown the market and given time.
    journal : StepJournal, optional
        Where every step is written; without one nothing survives the process.
    first_seq : int
        Sequence number of the first envelope.
    on_step : callable, optional
        Hears of every step that had outputs or was no market event, after its outputs left;
        the others are only counted, in `quiet`.
    on_market : callable, optional
        Hears of every market event, right after the engine.
    on_commit : callable, optional
        Hears how many steps a commit made durable, and how many nanoseconds it took.
    resync : callable, optional
        Asks the source for a new book of an instrument.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        gate: Gate,
        *,
        paper: PaperGateway | None = None,
        journal: StepJournal | None = None,
        first_seq: int = 1,
        on_step: Callable[[Envelope, tuple[Output, ...]], None] | None = None,
        on_market: Callable[[Payload], None] | None = None,
        on_commit: Callable[[int, int], None] | None = None,
        resync: Callable[[InstrumentId], None] | None = None,
    ) -> None:
        self.engine = engine
        self.gate = gate
        self.clock = clock
        self.next_seq = first_seq
        self.journal = journal
        self.quiet = 0
        self.kills_asked = 0
        self.kills_done = 0
        self._paper = paper
        self._on_step = on_step
        self._on_market = on_market
        self._on_commit = on_commit
        self._resync = resync
        self._timers: list[tuple[UnixNanos, int, str]] = []
        self._settling: deque[tuple[Envelope, tuple[Output, ...]]] = deque()
        self._answers: deque[Payload] = deque()
        self._waiters: dict[str, Callable[[CommandAnswer], None]] = {}
        self._must_commit = False
        self._dispatch: dict[type, Callable[[Any], None]] = {
            SubmitOrder: self._submit,
            CancelOrder: self._cancel,
            ReplaceOrder: self._replace,
            RequestReport: self._report,
            RequestBook: self._book,
            SetTimer: self._set_timer,
            StateChanged: self._state_changed,
            CommandAnswer: self._answered,
        }

    # --- in -----------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin: the engine asks the venue before it trades."""
        self.feed(Timer(START, self.clock.now()))
        self.settle()

    def feed(self, payload: Payload) -> None:
        """Take one payload through the engine; its outputs wait for `settle`."""
        envelope = Envelope(self.next_seq, self.clock.now(), payload)
        self.next_seq += 1
        outputs = self.engine.process(envelope)
        journal = self.journal
        if journal is not None:
            self._append(journal, envelope, outputs)
        kind = type(payload)
        if kind in _MARKET:
            paper = self._paper
            if paper is not None and paper.watches(payload.instrument_id):  # type: ignore[union-attr]  # a market event
                paper.on_market(payload, envelope.ts_init)  # type: ignore[arg-type]  # likewise
            if self._on_market is not None:
                self._on_market(payload)
            if outputs:
                self._settling.append((envelope, outputs))
            else:
                self.quiet += 1
        else:
            if kind is Commanded and isinstance(payload.command, Kill):  # type: ignore[union-attr]  # just compared
                self.kills_done += 1
            self._settling.append((envelope, outputs))

    def command(
        self, command: Command, answered: Callable[[CommandAnswer], None] | None = None
    ) -> None:
        """Take a person's command; `answered` hears the answer once it is settled."""
        if answered is not None:
            self._waiters[command.command_id] = answered
        self.feed(Commanded(command))
        self.settle()

    def answer(self, event: OrderEvent) -> None:
        """Take an answer of the gate itself; it is fed when the present step is settled."""
        self._answers.append(event)

    def advance(self, now: UnixNanos, at: Callable[[UnixNanos], None] | None = None) -> None:
        """Let timers run out and the venue's answers arrive, in the order of their time.

        `at` is told the time of each before it is fed: a tape moves its clock with it.
        """
        while True:
            due = self.next_due
            if due is None or due > now:
                break
            if at is not None:
                at(due)
            if self._timers and self._timers[0][0] <= due:
                _, _, name = heapq.heappop(self._timers)
                self.feed(Timer(name, due))
            elif self._paper is not None:
                for event in self._paper.advance(due if at is not None else now):
                    self.feed(event)
            self.settle()

    @property
    def next_due(self) -> UnixNanos | None:
        """When `advance` has something to do next."""
        venue = self._paper.next_due if self._paper is not None else None
        if not self._timers:
            return venue
        timer = self._timers[0][0]
        return timer if venue is None or timer < venue else venue

    # --- out ----------------------------------------------------------------------------------

    def settle(self) -> None:
        """Make durable what must be, then let outputs leave; repeat for what comes back."""
        if self._settling or self._answers:
            self._settle()
        journal = self.journal
        if journal is not None and journal.is_due(self.clock.now()):
            self._commit()
            if journal.rotation_due and self.journal is not None:
                self._rotate(journal)
            if self._settling:  # the disk refused: the halt must not wait for the next event
                self._settle()

    def _settle(self) -> None:
        while self._settling or self._answers:
            while self._answers:
                self.feed(self._answers.popleft())
            # Answers of the venue are durable before anybody hears of them, orders before they go.
            if self._must_commit or self._is_due():
                self._commit()
            if not self._settling:
                continue
            envelope, outputs = self._settling.popleft()
            for output in outputs:
                act = self._dispatch.get(type(output))
                if act is not None:
                    act(output)
            if self._on_step is not None:
                self._on_step(envelope, outputs)

    def _is_due(self) -> bool:
        return self.journal is not None and self.journal.is_due(self.clock.now())

    def _append(
        self, journal: StepJournal, envelope: Envelope, outputs: tuple[Output, ...]
    ) -> None:
        try:
            journal.append(envelope, outputs)
        except StorageError as error:
            self._storage_failed(error)
            return
        if outputs and journal.needs_commit(outputs):
            self._must_commit = True

    def _commit(self) -> None:
        self._must_commit = False
        journal = self.journal
        if journal is None:
            return
        steps, begun = journal.pending, monotonic_ns()
        try:
            journal.commit()
        except StorageError as error:
            self._storage_failed(error)
            return
        if self._on_commit is not None:
            self._on_commit(steps, monotonic_ns() - begun)

    def _rotate(self, journal: StepJournal) -> None:
        try:
            journal.rotate(self.engine.state.ledger())
        except StorageError as error:
            self._storage_failed(error)

    def _storage_failed(self, error: StorageError) -> None:
        """Go on without a journal, halted: the engine refuses, and nothing new is sent."""
        self.journal = None
        self._must_commit = False
        self.feed(StorageFailed(self.clock.now(), error.message))

    def _submit(self, output: SubmitOrder) -> None:
        request = output.request
        if self.engine.state.storage_failed:
            key, instrument_id = request.client_order_id, request.instrument_id
            self._answers.append(OrderDenied(key, instrument_id, self.clock.now(), _HELD_BACK))
            return
        self.gate.submit(request)

    def _cancel(self, output: CancelOrder) -> None:
        self.gate.cancel(output)

    def _replace(self, output: ReplaceOrder) -> None:
        if self.engine.state.storage_failed:
            key, instrument_id = output.client_order_id, output.instrument_id
            self._answers.append(CancelRejected(key, instrument_id, self.clock.now(), _HELD_BACK))
            return
        self.gate.replace(output)

    def _report(self, output: RequestReport) -> None:
        self._answers.append(self.gate.report(output.unresolved))

    def _book(self, output: RequestBook) -> None:
        if self._resync is not None:
            self._resync(output.instrument_id)

    def _set_timer(self, output: SetTimer) -> None:
        heapq.heappush(self._timers, (output.due, self.next_seq, output.name))

    def _state_changed(self, output: StateChanged) -> None:
        if output.new is SystemState.HALTED:
            self.gate.halt()
        elif output.old is SystemState.HALTED and self.kills_done >= self.kills_asked:
            self.gate.release()

    def _answered(self, output: CommandAnswer) -> None:
        waiter = self._waiters.pop(output.command_id, None)
        if waiter is not None:
            waiter(output)
