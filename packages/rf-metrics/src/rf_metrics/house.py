"""The metrics of one running system: counters from the corridor, gauges from its status."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    generate_latest,
)

from rf_common.clock import NANOS_PER_MICRO, UnixNanos
from rf_common.enums import FeedState, SystemState
from rf_common.events import (
    Bar,
    BookDelta,
    BookSnapshot,
    Envelope,
    FeedGap,
    FeedStatus,
    MarketEvent,
    OrderAccepted,
    OrderCanceled,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    Quote,
    Trade,
    VenueReport,
)
from rf_common.ids import InstrumentId, symbol_of, venue_of
from rf_common.orders import Output, Refusal, StateChanged, SubmitOrder
from rf_metrics.labels import BoundedLabels, BoundedMap

PREFIX = "rf_"

PROCESS_US = (5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 20_000, 100_000)
"""Bucket bounds of a step of the engine, microseconds; the target is p99 below 500."""

_LATENCY_MS = (0.1, 0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000)
LATENCY_US = tuple(ms * 1_000.0 for ms in _LATENCY_MS)
"""Bucket bounds from submit to first answer, microseconds; at 5 s an order is UNKNOWN."""

WRITE_MS = (0.1, 0.5, 1, 2, 5, 10, 20, 50, 100, 250, 1_000, 5_000)
"""Bucket bounds of a durable write, milliseconds."""

_REMEMBERED = 4_096

Answer = OrderAccepted | OrderRejected | OrderDenied | OrderFilled | OrderCanceled | OrderExpired
_Pending = tuple[UnixNanos, InstrumentId]


class HouseMetrics:
    """Counts what passes, shows what is, and renders both for a scraper.

    Parameters
    ----------
    registry : CollectorRegistry, optional
        Where the metrics are registered; without it a registry of its own.
    max_symbols : int
        Distinct values of a ``symbol`` label; all further symbols share ``other``.

    Notes
    -----
    Everything is O(1) per event. What counts is called from one thread, `render` from any.
    """

    def __init__(self, registry: CollectorRegistry | None = None, *, max_symbols: int = 64) -> None:
        self.registry = registry if registry is not None else CollectorRegistry()
        self._symbols = BoundedLabels(max_symbols)
        self._reasons = BoundedLabels(max_symbols)
        self._pending: BoundedMap[_Pending] = BoundedMap(_REMEMBERED)
        self._executions: BoundedMap[None] = BoundedMap(_REMEMBERED)
        self._rejections: BoundedMap[None] = BoundedMap(_REMEMBERED)
        self._market_by_venue: dict[str, Counter] = {}
        self._was_live: dict[str, bool] = {}
        self._since: UnixNanos | None = None
        self._make_counters()
        self._make_gauges()
        self._make_histograms()
        self._inputs = self._input_table()
        self._results: dict[type, Callable[[UnixNanos, Any], None]] = {
            SubmitOrder: self._on_submit,
            Refusal: self._on_refusal,
            StateChanged: self._on_state,
        }

    def _make_counters(self) -> None:
        self._market_events = self._counter(
            "market_events_total", "Quotes, trades, books and bars received", "source"
        )
        self._reconnects = self._counter(
            "ws_reconnects_total", "Times a feed came back after a lost connection", "source"
        )
        self._gaps = self._counter("feed_gaps_total", "Runs of lost feed updates", "source")
        self._submitted = self._counter(
            "orders_submitted_total", "Orders handed to the venue", "symbol", "side"
        )
        self._filled = self._counter(
            "orders_filled_total", "Executions, each counted once", "symbol", "side"
        )
        self._rejected = self._counter(
            "orders_rejected_total",
            "Orders refused: by a rule of ours, by the last gate, by the venue",
            "symbol",
            "reason",
        )
        self._breaches = self._counter(
            "risk_breaches_total", "Risk rules that refused an order or reduced trading", "type"
        )
        self._db_writes = self._counter("db_writes_total", "Records made durable", "table")

    def _make_gauges(self) -> None:
        self._connected = self._gauge("ws_connected", "1 while a feed delivers", "source")
        self._open_orders = self._gauge("open_orders", "Orders open at the venue")
        self._kill = self._gauge("kill_switch_active", "1 while the kill switch is thrown")
        self._drawdown = self._gauge("portfolio_drawdown", "Fall from the peak, fraction")
        self._value = self._gauge("portfolio_value_usd", "Equity, account currency")
        self._db_queue = self._gauge("db_queue_depth", "Records that wait to be written")
        self._state = self._gauge("system_state", "1 for the present state, else 0", "state")
        for gauge in (self._open_orders, self._kill, self._drawdown, self._value):
            gauge.set(math.nan)

    def _make_histograms(self) -> None:
        self._latency = self._histogram(
            "order_latency_us", "Submit to first answer, microseconds", LATENCY_US
        )
        self._process = self._histogram(
            "engine_process_us", "One step of the engine, microseconds", PROCESS_US
        )
        self._db_latency = self._histogram(
            "db_write_latency_ms", "One durable write, milliseconds", WRITE_MS, "table"
        )

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(PREFIX + name, text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(PREFIX + name, text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: Sequence[float], *labels: str) -> Histogram:
        return Histogram(PREFIX + name, text, labels, buckets=buckets, registry=self.registry)

    def _input_table(self) -> dict[type, Callable[[UnixNanos, Any], None]]:
        table: dict[type, Callable[[UnixNanos, Any], None]] = {
            FeedStatus: self._on_feed_status,
            FeedGap: self._on_gap,
            OrderFilled: self._on_fill,
            OrderRejected: self._on_rejected,
            OrderDenied: self._on_denied,
            VenueReport: self._on_report,
        }
        table |= dict.fromkeys((Quote, Trade, BookSnapshot, BookDelta, Bar), self._on_market)
        table |= dict.fromkeys((OrderAccepted, OrderCanceled, OrderExpired), self._on_answer)
        return table

    # --- what passes --------------------------------------------------------------------------

    def observe(self, envelope: Envelope, outputs: Sequence[Output]) -> None:
        """Count one step of the engine: what entered and what it decided."""
        now = envelope.ts_init
        if self._since is None:
            self._since = now
        handler = self._inputs.get(type(envelope.payload))
        if handler is not None:
            handler(now, envelope.payload)
        for output in outputs:
            result = self._results.get(type(output))
            if result is not None:
                result(now, output)

    def market_passed(self, source: str, events: int) -> None:
        """Add market events that were counted elsewhere and not shown to `observe`."""
        self._market_events.labels(source).inc(events)

    def engine_took(self, elapsed_us: float) -> None:
        """Add the duration of one ``Engine.process``, microseconds."""
        self._process.observe(elapsed_us)

    def db_wrote(self, table: str, records: int, latency_ms: float) -> None:
        """Add one durable write of `records` to `table`."""
        self._db_writes.labels(table).inc(records)
        self._db_latency.labels(table).observe(latency_ms)

    def db_queue(self, depth: int) -> None:
        """Set the number of records that wait to be written."""
        self._db_queue.set(depth)

    def _on_market(self, _: UnixNanos, event: MarketEvent) -> None:
        venue = venue_of(event.instrument_id)
        counter = self._market_by_venue.get(venue)
        if counter is None:
            counter = self._market_by_venue[venue] = self._market_events.labels(venue)
        counter.inc()

    def _on_feed_status(self, _: UnixNanos, status: FeedStatus) -> None:
        live = status.state is FeedState.LIVE
        before = self._was_live.get(status.source)
        if live and before is False:
            self._reconnects.labels(status.source).inc()
        # Silence is not a lost connection, and the first connect is not a reconnect.
        lost = status.state in {FeedState.DOWN, FeedState.CONNECTING} and before is not None
        if live or lost:
            self._was_live[status.source] = live

    def _on_gap(self, _: UnixNanos, gap: FeedGap) -> None:
        self._gaps.labels(gap.source).inc()

    def _on_answer(self, now: UnixNanos, answer: Answer) -> None:
        pending = self._pending.take(answer.client_order_id)
        if pending is not None:
            self._latency.observe((now - pending[0]) / NANOS_PER_MICRO)

    def _on_fill(self, now: UnixNanos, fill: OrderFilled) -> None:
        self._on_answer(now, fill)
        self._count_fill(fill)

    def _on_rejected(self, now: UnixNanos, answer: OrderRejected) -> None:
        self._on_answer(now, answer)
        # The venue's own words are free text and would make labels without bound.
        self._count_rejection(answer.client_order_id, answer.instrument_id, "venue")

    def _on_denied(self, now: UnixNanos, answer: OrderDenied) -> None:
        self._on_answer(now, answer)
        self._count_rejection(answer.client_order_id, answer.instrument_id, "gate")

    def _on_report(self, _: UnixNanos, report: VenueReport) -> None:
        for fill in report.executions:
            # The report of a start repeats what an earlier process has counted.
            if self._since is not None and fill.ts_event >= self._since:
                self._count_fill(fill)
        filled = {fill.client_order_id for fill in report.executions}
        present = {order.client_order_id for order in report.orders}
        for key in report.asked:
            pending = self._pending.take(key)
            if pending is not None and key not in present and key not in filled:
                self._count_rejection(key, pending[1], "venue")

    def _count_fill(self, fill: OrderFilled) -> None:
        if self._executions.put(fill.execution_id, None):
            self._filled.labels(self._symbol(fill.instrument_id), fill.side.value).inc()

    def _count_rejection(self, key: str, instrument_id: InstrumentId, reason: str) -> None:
        if self._rejections.put(key, None):
            self._rejected.labels(self._symbol(instrument_id), reason).inc()

    def _on_submit(self, now: UnixNanos, output: SubmitOrder) -> None:
        request = output.request
        self._pending.put(request.client_order_id, (now, request.instrument_id))
        self._submitted.labels(self._symbol(request.instrument_id), request.side.value).inc()

    def _on_refusal(self, _: UnixNanos, refusal: Refusal) -> None:
        rule = self._reasons.of(refusal.rule)
        self._rejected.labels(self._symbol(refusal.instrument_id), rule).inc()
        self._breaches.labels(rule).inc()

    def _on_state(self, _: UnixNanos, change: StateChanged) -> None:
        if change.new is SystemState.REDUCING and change.actor == "risk":
            self._breaches.labels("reducing").inc()

    def _symbol(self, instrument_id: InstrumentId) -> str:
        return self._symbols.of(symbol_of(instrument_id))

    # --- what is ------------------------------------------------------------------------------

    def snapshot(self, status: Mapping[str, Any]) -> None:
        """Set the gauges from the status that the daemon gives to people.

        Parameters
        ----------
        status : mapping
            Needs ``state``, ``kill.engaged``, ``equity``, ``drawdown``, ``open_orders`` and
            ``feeds``; amounts are text, None where a value is not known.
        """
        for state in SystemState:
            self._state.labels(state.value).set(state.value == status["state"])
        self._kill.set(bool(status["kill"]["engaged"]))
        self._value.set(_known(status["equity"]))
        self._drawdown.set(_known(status["drawdown"]))
        self._open_orders.set(status["open_orders"])
        for feed in status["feeds"]:
            self._connected.labels(feed["source"]).set(feed["state"] == FeedState.LIVE)

    def render(self) -> tuple[bytes, str]:
        """Return the text exposition and its content type."""
        return generate_latest(_WithoutCreated(self.registry)), CONTENT_TYPE_LATEST


class _WithoutCreated:
    """A registry less the creation times, which are wall clock and not in our table."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            metric.samples = [s for s in metric.samples if not s.name.endswith("_created")]
            yield metric


def _known(value: str | float | None) -> float:
    return math.nan if value is None else float(value)
