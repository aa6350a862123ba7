"""What a run writes down while it goes, and the result it makes of it."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

import numpy as np

from rf_backtest.config import BacktestConfig
from rf_backtest.data import Bars
from rf_backtest.result import BacktestResult, Fill, FloatArray, Trip
from rf_backtest.round_trips import round_trips
from rf_backtest.upkeep import owner_of
from rf_backtest.venue import fills_of
from rf_common import money
from rf_common.canonical import canonical_bytes, digest
from rf_common.clock import NANOS_PER_SECOND, UnixNanos
from rf_common.enums import Severity
from rf_common.events import OrderDenied, OrderFilled, OrderRejected, Payload
from rf_common.ids import InstrumentId, StrategyId
from rf_common.instruments import Instrument
from rf_common.orders import Notice, OrderIntent, Output, Refusal, SubmitOrder
from rf_engine import Engine
from rf_engine.state import EXTERNAL

_YEAR_NS = int(365.25 * 86_400) * NANOS_PER_SECOND
_MOST_LINES = 1_000
_BLOCK = 65_536


def instrument_names(instruments: Sequence[Instrument]) -> tuple[InstrumentId, ...]:
    """Return the ids of what can be traded.

    Raises
    ------
    ValueError
        If there is none, or one stands twice.
    """
    names = tuple(item.instrument_id for item in instruments)
    if not names or len(dict.fromkeys(names)) != len(names):
        raise ValueError(f"expected instruments, each once, was {', '.join(names) or 'none'}")
    return names


class Record:
    """Equity points, fills, refusals and hashes of one run.

    Parameters
    ----------
    engine : Engine
        Whose account is written down.
    config : BacktestConfig
        Goes into the hash.
    names : tuple of InstrumentId
        What can be traded, in order.
    orders : sequence of (ts, OrderIntent)
        Placed when their time has come.
    warnings : tuple of str
        What was said before the run.
    """

    def __init__(
        self,
        engine: Engine,
        config: BacktestConfig,
        names: tuple[InstrumentId, ...],
        orders: Sequence[tuple[int, OrderIntent]],
        warnings: tuple[str, ...],
    ) -> None:
        self.engine = engine
        self.names = names
        self.fills: list[Fill] = []
        self.borrow = money.ZERO
        self.dividends = money.ZERO
        self.splits: list[tuple[int, InstrumentId, Decimal]] = []
        self.sent = 0
        self._config = config
        self._script = sorted(orders, key=lambda item: item[0])
        self._next = 0
        self._data = hashlib.sha256()
        self._warnings = dict.fromkeys(warnings, 1)
        self._refusals: dict[str, int] = {}
        self._rejected: list[str] = []
        self._seen: dict[str, None] = {}
        self._ts = array("q")
        self._cashes = array("d")
        self._states = array("q")
        """Of each point, which row of holdings it has: they change with fills only."""
        self._marks = array("d")
        self._pending = bytearray()
        self._cash, self._holdings = 0.0, [[0.0] * len(names)]
        self._listeners: list[Callable[[Fill], None]] = []
        self.refresh()

    def hear_fills(self, listener: Callable[[Fill], None]) -> None:
        """Tell `listener` of every fill, right after the engine heard of it."""
        self._listeners.append(listener)

    # --- what the corridor tells --------------------------------------------------------------

    def answer(self, payload: Payload) -> None:
        """Take fills and rejections that just reached the engine."""
        for fill in fills_of(payload):
            if fill.execution_id not in self._seen:
                self._seen[fill.execution_id] = None
                self._take_fill(fill)
        if isinstance(payload, OrderRejected | OrderDenied):
            key, name = payload.client_order_id, payload.instrument_id
            self._reject(f"{payload.ts_event} {name} {key}: {payload.reason}")

    def _take_fill(self, fill: OrderFilled) -> None:
        order = self.engine.state.orders.get(fill.client_order_id)
        told = Fill(
            fill.ts_event,
            fill.instrument_id,
            owner_of(order.request.strategy_id) if order is not None else EXTERNAL,
            fill.side,
            fill.price,
            fill.quantity,
            fill.fee,
            fill.liquidity,
            fill.client_order_id,
            order.request.reason if order is not None else "",
        )
        self.fills.append(told)
        self.refresh()
        for listener in self._listeners:
            listener(told)

    def output(self, output: Output) -> None:
        """Count what leaves the engine."""
        if isinstance(output, SubmitOrder):
            self.sent += 1
        elif isinstance(output, Refusal):
            self._refusals[output.rule] = self._refusals.get(output.rule, 0) + 1
            told = f"{output.side} {output.quantity} {output.instrument_id}"
            now = self.engine.state.now
            self._reject(f"{now} {output.strategy_id} {told}: {output.rule}: {output.reason}")
        elif isinstance(output, Notice) and output.severity is not Severity.INFO:
            self.warn(f"{output.code}: {output.text}")

    def _reject(self, text: str) -> None:
        if len(self._rejected) < _MOST_LINES:
            self._rejected.append(text)

    def warn(self, text: str) -> None:
        """Say something once, and count how often."""
        if text in self._warnings or len(self._warnings) < _MOST_LINES:
            self._warnings[text] = self._warnings.get(text, 0) + 1

    # --- what the run tells -------------------------------------------------------------------

    def due(self, now: UnixNanos) -> list[OrderIntent]:
        """Return the given orders whose time has come."""
        begun = self._next
        while self._next < len(self._script) and self._script[self._next][0] <= now:
            self._next += 1
        return [intent for _, intent in self._script[begun : self._next]]

    @property
    def next_placing(self) -> int | None:
        """When the next order of one's own is to be placed."""
        return self._script[self._next][0] if self._next < len(self._script) else None

    def refresh(self) -> None:
        """Read cash and holdings anew: they changed."""
        account = self.engine.state.account
        self._cash = float(account.cash)
        held = [float(account.quantity(name)) for name in self.names]
        if held != self._holdings[-1]:
            self._holdings.append(held)

    def point(self, ts: int, marks: Sequence[float]) -> None:
        """Write down equity at `ts`; a second one of the same time replaces the first."""
        state = len(self._holdings) - 1
        if self._ts and self._ts[-1] == ts:
            self._cashes[-1], self._states[-1] = self._cash, state
            self._marks[-len(marks) :] = array("d", marks)
            return
        self._ts.append(ts)
        self._cashes.append(self._cash)
        self._states.append(state)
        self._marks.extend(marks)

    def hash_bars(self, data: Iterable[Bars]) -> None:
        """Take bars into the hash of the data."""
        for bars in data:
            self.hash_more(bars.hash.encode())

    def hash_more(self, content: bytes) -> None:
        """Take bytes into the hash of the data."""
        self._pending += content
        if len(self._pending) >= _BLOCK:
            self._data.update(self._pending)
            self._pending.clear()

    # --- the result ---------------------------------------------------------------------------

    def result(self, slippage: float, unmeasured: int) -> BacktestResult:
        """Return what was found."""
        self._last_words(unmeasured)
        self._data.update(self._pending)
        self._data.update(canonical_bytes(self._script))
        ts = np.array(self._ts, dtype=np.int64)
        marks = np.array(self._marks, dtype=np.float64).reshape(-1, len(self.names))
        points = self._points(marks)
        fills = tuple(self.fills)
        warnings = tuple(
            text if count == 1 else f"{text} ({count} times)"
            for text, count in self._warnings.items()
        )
        trips = self._trips()
        told = (
            [fill_key(fill) for fill in fills],
            self.sent,
            sorted(self._refusals.items()),
            self._rejected,
            warnings,
            str(self.borrow),
            slippage,
        )
        found = hashlib.sha256(canonical_bytes(told))
        for column in (ts, points, marks):
            found.update(np.ascontiguousarray(column).tobytes())
        return BacktestResult(
            name=self._config.name,
            instruments=self.names,
            ts=ts,
            equity=_column(points, 0),
            cash=_column(points, 1),
            gross=_column(points, 2),
            mark_px={name: _column(marks, k) for k, name in enumerate(self.names)},
            fills=fills,
            trips=trips,
            orders=self.sent,
            refusals=dict(sorted(self._refusals.items())),
            rejected=tuple(self._rejected),
            fees=sum((fill.fee for fill in fills), money.ZERO),
            slippage=slippage,
            borrow=float(self.borrow),
            periods_per_year=_frequency(ts),
            started=int(ts[0]) if ts.size else 0,
            ended=int(ts[-1]) if ts.size else 0,
            warnings=warnings,
            data_hash=self._data.hexdigest(),
            config_hash=digest(self._config),
            output_hash=found.hexdigest(),
        )

    def _points(self, marks: FloatArray) -> FloatArray:
        """Return equity, cash and gross value of each point, (points, 3)."""
        cash = np.array(self._cashes, dtype=np.float64)
        equity, gross = cash.copy(), np.zeros_like(cash)
        holdings, states = np.array(self._holdings), np.array(self._states, dtype=np.int64)
        for number in range(len(self.names)):
            held = holdings[states, number]
            value = held * marks[:, number]
            # What is not held counts for nothing, even where it has no price.
            np.add(equity, value, out=equity, where=held != 0)
            np.add(gross, np.abs(value), out=gross, where=held != 0)
        return np.stack((equity, cash, gross), axis=1)

    def _last_words(self, unmeasured: int) -> None:
        if unmeasured:
            self.warn(
                f"{unmeasured} fills without an impact: no volume or volatility was known yet"
            )
        for name in self.names:
            left = self.engine.state.account.quantity(name)
            if left:
                self.warn(f"{name}: {money.to_text(left)} are still held at the end")
        if not self.fills:
            worst = max(self._refusals.items(), key=lambda item: item[1], default=None)
            why = f"; most refusals: {worst[0]} ({worst[1]} times)" if worst else ""
            self.warn(f"nothing was filled: {self.sent} orders were sent{why}")
        if self._next < len(self._script):
            self.warn(f"{len(self._script) - self._next} given orders lie after the data's end")

    def _trips(self) -> tuple[Trip, ...]:
        """Match fills of each strategy and instrument, in the shares of the end."""
        groups: dict[tuple[InstrumentId, StrategyId], list[int]] = {}
        for number, fill in enumerate(self.fills):
            groups.setdefault((fill.instrument_id, fill.strategy_id), []).append(number)
        trips = [self._trip(numbers, trip) for numbers in groups.values()
                 for trip in round_trips(self._restated(n) for n in numbers)]  # fmt: skip
        return tuple(sorted(trips, key=lambda trip: (trip.closed, trip.opened)))

    def _restated(self, number: int) -> tuple[Decimal, Decimal]:
        fill = self.fills[number]
        factor = Decimal(1)
        for ts, name, new in self.splits:
            if name == fill.instrument_id and fill.ts < ts:
                factor *= new
        return fill.quantity * fill.side.sign * factor, fill.price / factor

    def _trip(self, numbers: list[int], trip: object) -> Trip:
        opened, closed = numbers[trip.opened], numbers[trip.closed]  # type: ignore[attr-defined]  # a RoundTrip
        quantity: Decimal = trip.quantity  # type: ignore[attr-defined]  # likewise
        fee = money.ZERO
        for number in (opened, closed):
            whole = abs(self._restated(number)[0])
            fee += money.to_cash(self.fills[number].fee * abs(quantity) / whole)
        first, last = self.fills[opened], self.fills[closed]
        return Trip(
            first.instrument_id,
            first.strategy_id,
            quantity,
            trip.entry_price,  # type: ignore[attr-defined]  # likewise
            trip.exit_price,  # type: ignore[attr-defined]  # likewise
            opened,
            closed,
            first.ts,
            last.ts,
            fee,
        )


def fill_key(fill: Fill) -> tuple[object, ...]:
    """Return everything of a fill, for a digest or a comparison."""
    return tuple(getattr(fill, name) for name in Fill.__slots__)


def _column(table: FloatArray, number: int) -> FloatArray:
    return np.ascontiguousarray(table[:, number])


def _frequency(ts: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float:
    """Return points in a year, as many as there really are."""
    span = int(ts[-1] - ts[0]) if ts.size > 1 else 0
    return (ts.size - 1) * _YEAR_NS / span if span > 0 else float("nan")
