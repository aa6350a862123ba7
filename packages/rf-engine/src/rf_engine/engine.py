"""The one decision loop: an envelope in, a tuple of outputs out.

`Engine.process` is pure and synchronous: no clock, no randomness, no I/O, no logging. Live,
paper, replay and backtest call this very function; the same envelopes give the same outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from rf_common.enums import FeedState, Severity, SystemState
from rf_common.events import (
    Bar,
    BookDelta,
    BookSnapshot,
    CancelRejected,
    Commanded,
    Envelope,
    FeedGap,
    FeedStatus,
    MarketEvent,
    OrderEvent,
    Quote,
    StorageFailed,
    Timer,
    Trade,
    VenueReport,
    VolatilityFitted,
)
from rf_common.instruments import Instrument
from rf_common.intelligence import StageAnswer
from rf_common.orders import FeedChanged, Output, RequestBook, RequestReport
from rf_engine import desk, minds, supervision, trading
from rf_engine.config import EngineConfig
from rf_engine.core import Core
from rf_engine.ledger import Ledger
from rf_engine.market import Market
from rf_engine.state import HEARTBEAT, START, EngineState
from rf_risk.session_vol import GarchParams
from rf_strategy import Factory

_NOTHING: tuple[Output, ...] = ()


class Engine:
    """Market data, order answers, timers and commands in; orders and refusals out.

    Parameters
    ----------
    config : EngineConfig
        Settings; with the same settings, nonce, ledger and envelopes every run is the same.
    nonce : str
        Session nonce of the client order ids, eight base-32 characters.
    instruments : iterable of Instrument
        What can be traded.
    factories : mapping
        Strategy factories by name.
    ledger : Ledger, optional
        What an earlier session left.
    """

    def __init__(
        self,
        config: EngineConfig,
        nonce: str,
        instruments: Iterable[Instrument],
        factories: Mapping[str, Factory],
        ledger: Ledger | None = None,
    ) -> None:
        self.core = Core(config, nonce, instruments, factories, ledger)
        self.thinking = ""
        self._handlers: dict[type, Callable[[Any], None]] = {
            Quote: self._on_quote,
            Trade: self._on_trade,
            BookDelta: self._on_delta,
            BookSnapshot: self._on_snapshot,
            Bar: self._on_bar,
            FeedGap: self._on_gap,
            FeedStatus: self._on_feed_status,
            Timer: self._on_timer,
            VenueReport: self._on_report,
            StorageFailed: self._on_storage_failed,
            VolatilityFitted: self._on_fitted,
            Commanded: self._on_command,
        }
        for kind in get_args(OrderEvent):
            self._handlers[kind] = self._on_order_event
        for kind in get_args(StageAnswer):
            self._handlers[kind] = self._on_stage
        self._seq = 0

    @property
    def state(self) -> EngineState:
        """What the engine knows."""
        return self.core.state

    def process(self, envelope: Envelope) -> tuple[Output, ...]:
        """Take one envelope and return what follows from it.

        Raises
        ------
        TypeError
            If the payload is of a kind that does not belong in the corridor.
        """
        core = self.core
        core.state.now = envelope.ts_init
        self._seq = envelope.seq
        handler = self._handlers.get(type(envelope.payload))
        if handler is None:
            raise TypeError(f"expected a payload of the corridor, was {type(envelope.payload)}")
        handler(envelope.payload)
        if not core.outputs:
            return _NOTHING
        outputs = tuple(core.outputs)
        core.outputs.clear()
        return outputs

    # --- market -------------------------------------------------------------------------------

    def _on_quote(self, quote: Quote) -> None:
        market = self.core.state.on_quote(quote)
        if market is None:
            self._tell_unsound(quote)
            return
        instrument_id = quote.instrument_id
        if market.feed_state is not FeedState.LIVE:
            self.core.emit(FeedChanged(instrument_id, FeedState.LIVE, "prices arrive"))
        self.core.features[instrument_id].on_quote(quote, market.now)
        self._ask_strategies(market, quote)

    def _tell_unsound(self, quote: Quote) -> None:
        """Say once that an instrument has no price; until the next good quote it is stale."""
        market = self.core.state.markets.get(quote.instrument_id)
        if market is None or market.feed_state is FeedState.STALE:
            return
        told = f"{quote.bid_px} x {quote.bid_qty} / {quote.ask_px} x {quote.ask_qty}"
        reason = f"quote {told} was not taken: expected positive prices"
        text = f"{quote.instrument_id}: {reason}"
        self.core.notice(Severity.WARNING, "RF-D-022", text)
        self.core.emit(FeedChanged(quote.instrument_id, FeedState.STALE, reason))

    def _on_trade(self, trade: Trade) -> None:
        market = self.core.state.on_trade(trade)
        if market is not None:
            self.core.features[trade.instrument_id].on_trade(trade)
            self._ask_strategies(market, trade)

    def _on_delta(self, delta: BookDelta) -> None:
        difference = self.core.state.on_delta(delta)
        if difference:
            text = f"{delta.instrument_id}: the book cannot be right: {difference}"
            self.core.notice(Severity.CRITICAL, "RF-D-020", text)
            self.core.emit(RequestBook(delta.instrument_id, difference))
            return
        market = self.core.state.markets.get(delta.instrument_id)
        if market is not None:
            self._ask_strategies(market, delta)

    def _on_snapshot(self, snapshot: BookSnapshot) -> None:
        market = self.core.state.on_snapshot(snapshot)
        if market is not None:
            self._ask_strategies(market, snapshot)

    def _on_bar(self, bar: Bar) -> None:
        market = self.core.state.markets.get(bar.instrument_id)
        if market is not None:
            market.now = self.core.state.now
            self._ask_strategies(market, bar)

    def _ask_strategies(self, market: Market, event: MarketEvent) -> None:
        for strategy in self.core.registry.subscribers(event.instrument_id):
            self.thinking = strategy.strategy_id
            try:
                signal = strategy.on_event(market, event)
            except Exception as error:
                self._drop(strategy.strategy_id, error)
                continue
            if signal is not None and signal.strategy_id != strategy.strategy_id:
                text = f"it signed an opinion as {signal.strategy_id!r}"
                self._drop(strategy.strategy_id, ValueError(text))
            elif signal is not None:
                trading.follow(self.core, signal)
        self.thinking = ""

    def _drop(self, strategy_id: str, error: Exception) -> None:
        reason = f"it failed: {type(error).__name__}: {error}"
        trading.switch(self.core, strategy_id, enabled=False, reason=reason, actor="engine")
        self.core.notice(Severity.CRITICAL, "RF-E-001", f"strategy {strategy_id} is off: {reason}")

    def _on_gap(self, gap: FeedGap) -> None:
        self.core.state.on_gap(gap)
        span = f"{gap.first_missing} to {gap.last_missing}"
        text = f"{gap.instrument_id}: updates {span} are missing ({gap.reason})"
        self.core.notice(Severity.WARNING, "RF-D-021", text)

    def _on_feed_status(self, status: FeedStatus) -> None:
        if status.state is FeedState.LIVE:
            return
        for market in self.core.state.markets.values():
            ours = market.instrument.venue == status.source
            if ours and market.feed_state is FeedState.LIVE:
                instrument_id = market.instrument.instrument_id
                self.core.emit(FeedChanged(instrument_id, status.state, status.reason))

    # --- orders, time, people -----------------------------------------------------------------

    def _on_order_event(self, event: OrderEvent) -> None:
        core = self.core
        change = core.state.on_order_event(event)
        self._tell_alarms()
        is_open = change.order is not None and change.order.is_open
        if is_open and type(event) is CancelRejected:
            # Perhaps it is filled or gone already, and the answer that said so was lost.
            core.emit(RequestReport((event.client_order_id,), "a cancel or change was refused"))
        if change.fill is None:
            return
        supervision.check_identity(core)
        market = core.state.markets.get(change.fill.instrument_id)
        owner = change.order.request.strategy_id if change.order is not None else None
        strategy = core.registry.get(owner) if owner is not None else None
        if strategy is not None and market is not None:
            try:
                strategy.on_fill(market, change.fill)
            except Exception as error:
                self._drop(strategy.strategy_id, error)

    def _tell_alarms(self) -> None:
        for alarm in self.core.state.alarms:
            self.core.notice(Severity.WARNING, "RF-O-002", alarm)
        self.core.state.alarms.clear()

    def _on_timer(self, timer: Timer) -> None:
        self.core.state.on_timer(timer)
        if timer.name == HEARTBEAT:
            supervision.heartbeat(self.core, timer.ts_event)
        elif timer.name == START:
            supervision.start(self.core)

    def _on_report(self, report: VenueReport) -> None:
        self.core.state.on_report(report)
        self._tell_alarms()
        if supervision.check_identity(self.core):
            supervision.reconcile(self.core, report)

    def _on_fitted(self, fitted: VolatilityFitted) -> None:
        """Use a worker's parameters; what cannot be a volatility model is told and left."""
        garch = self.core.garch.get(fitted.instrument_id)
        if garch is None:
            return
        try:
            params = GarchParams(fitted.omega, fitted.alpha, fitted.beta, fitted.gamma)
            variance = garch.adopt(params, fitted.samples)
        except ValueError as error:
            text = f"{fitted.instrument_id}: a fitted volatility model was not used: {error}"
            self.core.notice(Severity.WARNING, "RF-R-014", text)
            return
        if variance is not None:
            self.core.features[fitted.instrument_id].use_variance(variance)

    def _on_stage(self, answer: StageAnswer) -> None:
        minds.on_stage(self.core, answer, self._seq)

    def _on_storage_failed(self, failed: StorageFailed) -> None:
        self.core.state.on_storage_failed(failed)
        self.core.move_to(SystemState.HALTED, f"journal: {failed.reason}", "system")

    def _on_command(self, commanded: Commanded) -> None:
        self.core.state.on_command(commanded)
        desk.handle(self.core, commanded.command)
