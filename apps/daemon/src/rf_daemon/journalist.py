"""What a person reads in the logs: orders, fills, refusals, states; never a tick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog

from rf_common.enums import Severity
from rf_common.events import (
    Envelope,
    FeedStatus,
    OrderCanceled,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
)
from rf_common.intelligence import (
    AnalystSignal,
    GateDecided,
    GraphContext,
    QuantSnapshot,
    SwarmSignal,
)
from rf_common.orders import (
    CommandAnswer,
    FeedChanged,
    LimitChanged,
    Notice,
    Output,
    PositionAdopted,
    Refusal,
    StateChanged,
    StrategyChanged,
    SubmitOrder,
)

_LEVEL = {Severity.INFO: "info", Severity.WARNING: "warning", Severity.CRITICAL: "error"}


class Journalist:
    """Writes one line for each fact worth reading."""

    def __init__(self) -> None:
        self._log = structlog.get_logger("rf")
        self._tell: dict[type, Callable[[Any], None]] = {
            OrderFilled: self._filled,
            OrderCanceled: self._ended,
            OrderExpired: self._ended,
            OrderRejected: self._ended,
            OrderDenied: self._ended,
            OrderUnknown: self._ended,
            FeedStatus: self._feed,
            SubmitOrder: self._submitted,
            Refusal: self._refused,
            StateChanged: self._state,
            FeedChanged: self._instrument,
            StrategyChanged: self._strategy,
            LimitChanged: self._limit,
            PositionAdopted: self._adopted,
            Notice: self._notice,
            GateDecided: self._decided,
            QuantSnapshot: self._stage,
            SwarmSignal: self._stage,
            GraphContext: self._stage,
            AnalystSignal: self._stage,
            CommandAnswer: self._answer,
        }

    def __call__(self, envelope: Envelope, outputs: tuple[Output, ...]) -> None:
        """Hear of one step."""
        self._one(envelope.payload)
        for output in outputs:
            self._one(output)

    def _one(self, fact: object) -> None:
        tell = self._tell.get(type(fact))
        if tell is not None:
            tell(fact)

    def _filled(self, fill: OrderFilled) -> None:
        self._log.info(
            f"filled {fill.side} {fill.quantity} {fill.instrument_id} @ {fill.price}",
            order=fill.client_order_id,
            fee=str(fill.fee),
            liquidity=str(fill.liquidity),
        )

    def _ended(self, event: Any) -> None:
        name = type(event).__name__.removeprefix("Order").lower()
        self._log.info(f"order {name}: {event.reason}", order=event.client_order_id)

    def _feed(self, status: FeedStatus) -> None:
        self._log.info(f"feed {status.source} is {status.state}", reason=status.reason)

    def _submitted(self, output: SubmitOrder) -> None:
        request = output.request
        price = "market" if request.limit_price is None else request.limit_price
        self._log.info(
            f"order {request.side} {request.quantity} {request.instrument_id} @ {price}",
            order=request.client_order_id,
            actor=request.actor,
            reason=request.reason,
        )

    def _refused(self, refusal: Refusal) -> None:
        self._log.warning(
            f"refused by {refusal.rule}: {refusal.reason}",
            order=f"{refusal.side} {refusal.quantity} {refusal.instrument_id}",
            value=refusal.value,
            limit=refusal.limit,
            actor=refusal.actor,
        )

    def _state(self, change: StateChanged) -> None:
        self._log.warning(f"{change.old} -> {change.new}: {change.reason}", actor=change.actor)

    def _instrument(self, change: FeedChanged) -> None:
        self._log.info(f"{change.instrument_id} is {change.state}", reason=change.reason)

    def _strategy(self, change: StrategyChanged) -> None:
        word = "on" if change.enabled else "off"
        self._log.warning(f"strategy {change.strategy_id} is {word}: {change.reason}")

    def _limit(self, change: LimitChanged) -> None:
        self._log.warning(f"limit {change.rule}: {change.old} -> {change.new}", actor=change.actor)

    def _adopted(self, adopted: PositionAdopted) -> None:
        self._log.error(
            f"position of {adopted.instrument_id} taken from the venue",
            ours=str(adopted.old),
            venue=str(adopted.new),
        )

    def _stage(self, stage: Any) -> None:
        if stage.unavailable:
            name = type(stage).__name__
            self._log.warning(
                f"{name} of {stage.instrument_id} is unavailable: {stage.unavailable}",
                cycle=stage.cycle_id,
            )

    def _decided(self, decided: GateDecided) -> None:
        self._log.info(
            f"{decided.instrument_id} {decided.verdict}: {decided.reason}", cycle=decided.cycle_id
        )

    def _notice(self, notice: Notice) -> None:
        getattr(self._log, _LEVEL[notice.severity])(f"{notice.code} {notice.text}")

    def _answer(self, answer: CommandAnswer) -> None:
        self._log.info(f"command {answer.code}: {answer.text}", ok=answer.ok)
