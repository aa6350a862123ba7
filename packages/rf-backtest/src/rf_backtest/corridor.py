"""The corridor without a disk: stamp, decide, let outputs leave, in the order of a session.

The order of timers, market events and answers is that of the daemon playing a recording, so the
same recording gives the same envelopes, orders and fills. Over bars, `Corridor.wake` delivers
timers where a bar ends instead of on their own.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from typing import Any

from rf_common.clock import UnixNanos
from rf_common.enums import SystemState
from rf_common.events import (
    Bar,
    BookDelta,
    BookSnapshot,
    CancelRejected,
    Envelope,
    OrderDenied,
    OrderFilled,
    OrderRejected,
    Payload,
    Quote,
    Timer,
    Trade,
    VenueReport,
)
from rf_common.ids import ClientOrderId
from rf_common.orders import (
    CancelOrder,
    OrderIntent,
    Output,
    ReplaceOrder,
    RequestReport,
    SetTimer,
    StateChanged,
    SubmitOrder,
)
from rf_engine import START, Engine, trading
from rf_execution.paper import PaperVenue
from rf_risk import Refused

_MARKET = frozenset({Quote, Trade, BookDelta, BookSnapshot, Bar})
_TOLD = frozenset({OrderFilled, OrderRejected, OrderDenied, VenueReport})
_SHUT = "kill switch: held back at the last gate"


class Corridor:
    """One engine and one simulated venue.

    Parameters
    ----------
    engine : Engine
        Decides.
    venue : PaperVenue
        Fills.
    on_answer : callable
        Hears of fills, rejections and reports, right after the engine.
    on_output : callable
        Hears of every output that leaves.
    shows_market : bool
        Whether the venue matches against market events as they pass; over bars it does not.
    """

    def __init__(
        self,
        engine: Engine,
        venue: PaperVenue,
        *,
        on_answer: Callable[[Payload], None],
        on_output: Callable[[Output], None],
        shows_market: bool = True,
    ) -> None:
        self.engine = engine
        self.venue = venue
        self.now = UnixNanos(0)
        self.next_seq = 1
        self._process = engine.process
        self._on_answer = on_answer
        self._on_output = on_output
        self._shows_market = shows_market
        self._is_shut = False
        self._timers: list[tuple[UnixNanos, int, str]] = []
        self._settling: deque[tuple[Output, ...]] = deque()
        self._answers: deque[Payload] = deque()
        self._dispatch: dict[type, Callable[[Any], None]] = {
            SubmitOrder: self._submit,
            CancelOrder: self._cancel,
            ReplaceOrder: self._replace,
            RequestReport: self._report,
            SetTimer: self._set_timer,
            StateChanged: self._state_changed,
        }

    def start(self, now: UnixNanos) -> None:
        """Begin: the engine asks the venue before it trades."""
        self.now = now
        self.feed(Timer(START, now))
        self.settle()

    def feed(self, payload: Payload) -> None:
        """Take one payload through the engine; its outputs wait for `settle`."""
        now = self.now
        outputs = self._process(Envelope(self.next_seq, now, payload))
        self.next_seq += 1
        kind = type(payload)
        if kind in _MARKET:
            if self._shows_market and self.venue.watches(payload.instrument_id):  # type: ignore[union-attr]  # a market event
                self.venue.on_market(payload, now)  # type: ignore[arg-type]  # likewise
        elif kind in _TOLD:
            self._on_answer(payload)
        if outputs:
            self._settling.append(outputs)

    def place(self, intent: OrderIntent) -> ClientOrderId | None:
        """Place an order of one's own, reviewed as any other; return its id unless refused."""
        core = self.engine.core
        core.state.now = self.now
        sent = trading.submit(core, intent)
        outputs = tuple(core.outputs)
        core.outputs.clear()
        self._settling.append(outputs)
        self.settle()
        return None if isinstance(sent, Refused) else sent

    def cancel(self, order: CancelOrder) -> None:
        """Ask for a cancel in the engine's name."""
        core = self.engine.core
        core.state.now = self.now
        core.emit(order)
        outputs = tuple(core.outputs)
        core.outputs.clear()
        self._settling.append(outputs)
        self.settle()

    def frame(self, ts: UnixNanos, payloads: Any) -> None:
        """Feed what arrived together at `ts`, after everything that was due by then."""
        due = self.next_due
        if due is not None and due <= ts:
            self.advance(ts)
        self.now = max(ts, self.now)
        for payload in payloads:
            self.feed(payload)
        if self._settling or self._answers:
            self.settle()

    def frame_now(self, payload: Payload) -> None:
        """Feed one payload at the present time; nothing else is due before it."""
        self.feed(payload)
        if self._settling or self._answers:
            self.settle()

    def advance(self, now: UnixNanos) -> None:
        """Let timers run out and answers arrive by `now`, in the order of their time."""
        while True:
            due = self.next_due
            if due is None or due > now:
                return
            self.now = max(due, self.now)
            if self._timers and self._timers[0][0] <= due:
                _, _, name = heapq.heappop(self._timers)
                self.feed(Timer(name, due))
            else:
                for event in self.venue.advance(due):
                    self.feed(event)
            self.settle()

    def answer_until(self, now: UnixNanos) -> None:
        """Let answers arrive by `now`, and no timer: `wake` delivers those."""
        while True:
            due = self.venue.next_due
            if due is None or due > now:
                return
            self.now = max(due, self.now)
            for event in self.venue.advance(due):
                self.feed(event)
            self.settle()

    def wake(self, now: UnixNanos) -> None:
        """Deliver each timer that is due by `now` once; those it sets again may wait."""
        timers = self._timers
        due = []
        while timers and timers[0][0] <= now:
            due.append(heapq.heappop(timers))
        for ts, _, name in due:
            self.feed(Timer(name, ts))
            self.settle()

    @property
    def next_due(self) -> UnixNanos | None:
        """When `advance` has something to do next."""
        venue = self.venue.next_due
        if not self._timers:
            return venue
        timer = self._timers[0][0]
        return timer if venue is None or timer < venue else venue

    def settle(self) -> None:
        """Let outputs leave; repeat for what comes back at once."""
        settling, answers, dispatch = self._settling, self._answers, self._dispatch
        while settling or answers:
            while answers:
                self.feed(answers.popleft())
            if not settling:
                continue
            for output in settling.popleft():
                act = dispatch.get(type(output))
                if act is not None:
                    act(output)
                self._on_output(output)

    def _submit(self, output: SubmitOrder) -> None:
        request = output.request
        if self._is_shut:
            key, instrument_id = request.client_order_id, request.instrument_id
            self._answers.append(OrderDenied(key, instrument_id, self.now, _SHUT))
            return
        self.venue.send(request, self.now)

    def _cancel(self, output: CancelOrder) -> None:
        self.venue.send(output, self.now)

    def _replace(self, output: ReplaceOrder) -> None:
        if self._is_shut:
            key, instrument_id = output.client_order_id, output.instrument_id
            self._answers.append(CancelRejected(key, instrument_id, self.now, _SHUT))
            return
        self.venue.send(output, self.now)

    def _report(self, output: RequestReport) -> None:
        self._answers.append(self.venue.report(output.unresolved, self.now))

    def _set_timer(self, output: SetTimer) -> None:
        heapq.heappush(self._timers, (output.due, self.next_seq, output.name))

    def _state_changed(self, output: StateChanged) -> None:
        if output.new is SystemState.HALTED:
            self._is_shut = True
            self.venue.halt(self.now)
        elif output.old is SystemState.HALTED:
            self._is_shut = False
