"""The ordered chain: the first refusal wins, a change is checked again, an empty chain refuses.

An order is judged by everything that may go wrong with it, in one place and in one order,
whoever asks: strategy, person, analyst. What cannot be computed refuses and says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

import msgspec

from rf_common import money
from rf_common.clock import NANOS_PER_MILLI, UnixNanos
from rf_common.enums import FeedState, Mode, Side, SystemState
from rf_common.events import Quote
from rf_common.ids import ClientOrderId, InstrumentId, StrategyId
from rf_common.instruments import Instrument
from rf_common.orders import OrderIntent
from rf_risk.config import RiskLimits
from rf_risk.state import RiskState


class OpenOrder(msgspec.Struct, frozen=True, gc=False):
    """What the checks need to know of one of our open orders."""

    client_order_id: ClientOrderId
    instrument_id: InstrumentId
    side: Side
    remaining: Decimal
    price: Decimal | None
    notional: Decimal


class Measures(Protocol):
    """What is known of the whole account from the session's own prices."""

    def value_at_risk(self, exposures: Mapping[InstrumentId, float]) -> float | None:
        """Return the one-day 95 % VaR of holdings in currency, None when unavailable."""
        ...

    def correlation(self, exposures: Mapping[InstrumentId, float]) -> float | None:
        """Return the mean pairwise correlation of holdings' P&L, None when unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class RiskSnapshot:
    """Everything a check may look at, as it is at the moment of the review.

    Positions and marks are by instrument; `instrument` is None for an unknown one. `vol` and
    `average_vol` are decimals per year, None while they cannot be computed. `measures` tells VaR
    and correlation of holdings. `agreement` is the share of the swarm's agents on the larger
    side, None unless a swarm spoke about the instrument of late.
    """

    now: UnixNanos
    system_state: SystemState
    state_reason: str
    mode: Mode
    limits: RiskLimits
    instrument: Instrument | None
    feed_state: FeedState
    quote: Quote | None
    quote_ts: UnixNanos
    positions: Mapping[InstrumentId, Decimal]
    marks: Mapping[InstrumentId, Decimal]
    open_orders: Sequence[OpenOrder]
    risk: RiskState
    disabled_strategies: frozenset[StrategyId]
    vol: float | None
    average_vol: float | None
    measures: Measures
    agreement: float | None

    @property
    def mid(self) -> Decimal | None:
        """Mid of the best bid and ask, currency."""
        if self.quote is None:
            return None
        return (money.of_float(self.quote.bid_px) + money.of_float(self.quote.ask_px)) / 2

    def price_of(self, intent: OrderIntent) -> Decimal | None:
        """Return the most that a unit can be worth in this order, None when it is not known.

        A buy costs at most its limit or stop. A sale brings at least that: where the market
        bids more, the market's price counts.
        """
        asked = intent.limit_price if intent.limit_price is not None else intent.stop_price
        if self.quote is None:
            return asked
        if intent.side is Side.BUY:
            return asked if asked is not None else money.of_float(self.quote.ask_px)
        bid = money.of_float(self.quote.bid_px)
        return bid if asked is None else max(asked, bid)

    def pending(self, instrument_id: InstrumentId, side: Side) -> Decimal:
        """Return the open quantity of one side of an instrument."""
        return sum(
            (
                order.remaining
                for order in self.open_orders
                if order.instrument_id == instrument_id and order.side is side
            ),
            money.ZERO,
        )

    def reduces(self, intent: OrderIntent) -> bool:
        """Return whether the order can only bring its position nearer to zero."""
        held = self.positions.get(intent.instrument_id, money.ZERO)
        if held * intent.side.sign >= 0:
            return False
        pending = self.pending(intent.instrument_id, intent.side)
        return intent.quantity + pending <= abs(held)

    @property
    def quote_age_ms(self) -> int:
        """Age of the newest quote, milliseconds."""
        return (self.now - self.quote_ts) // NANOS_PER_MILLI


class Outcome(StrEnum):
    """How one check judged.

    UNAVAILABLE is for measures the order does not depend on: shown, not blocking. A check that
    needs a measure and does not have it refuses.
    """

    PASS = "pass"
    REFUSE = "refuse"
    MODIFY = "modify"
    UNAVAILABLE = "unavailable"


class Judgement(msgspec.Struct, frozen=True):
    """One check's answer with its numbers."""

    rule: str
    outcome: Outcome
    value: str = ""
    limit: str = ""
    reason: str = ""
    fix: str = ""
    intent: OrderIntent | None = None
    cancels: tuple[ClientOrderId, ...] = ()


class Check(Protocol):
    """One rule; `rule` is its stable code."""

    @property
    def rule(self) -> str:
        """Stable code of the rule."""
        ...

    def review(self, snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
        """Judge one order."""
        ...


class Approved(msgspec.Struct, frozen=True):
    """The order may leave as it stands here, after these resting orders are cancelled."""

    intent: OrderIntent
    cancels: tuple[ClientOrderId, ...] = ()


class Refused(msgspec.Struct, frozen=True):
    """The order must not leave."""

    rule: str
    value: str
    limit: str
    reason: str
    cancels: tuple[ClientOrderId, ...] = ()


class RiskChain:
    """Checks in a fixed order.

    Parameters
    ----------
    checks : sequence of Check
        An empty sequence refuses everything.
    """

    def __init__(self, checks: Sequence[Check]) -> None:
        self._checks = tuple(checks)

    @property
    def rules(self) -> tuple[str, ...]:
        """Codes of the checks, in order."""
        return tuple(check.rule for check in self._checks)

    def review(self, snapshot: RiskSnapshot, intent: OrderIntent) -> Approved | Refused:
        """Return the order as it may be sent, or the first refusal.

        A check that changes the order has the whole chain run again; a second change by
        another check refuses. An exception inside a check refuses.
        """
        if not self._checks:
            return Refused("empty_chain", "0 checks", "at least 1", "the risk chain is empty")
        cancels: tuple[ClientOrderId, ...] = ()
        modified_by = ""
        for _ in range(2):
            verdict, cancels = self._pass(snapshot, intent, modified_by)
            if verdict is None:
                return Approved(intent, cancels)
            if verdict.outcome is not Outcome.MODIFY or verdict.intent is None:
                return Refused(
                    verdict.rule, verdict.value, verdict.limit, verdict.reason, verdict.cancels
                )
            if modified_by:
                break
            modified_by, intent = verdict.rule, verdict.intent
        return Refused(modified_by, "changed twice", "changed once", "two checks change the order")

    def explain(self, snapshot: RiskSnapshot, intent: OrderIntent) -> tuple[Judgement, ...]:
        """Return the answer of every check, without stopping at the first refusal."""
        return tuple(_safe(check, snapshot, intent) for check in self._checks)

    def _pass(
        self, snapshot: RiskSnapshot, intent: OrderIntent, modified_by: str
    ) -> tuple[Judgement | None, tuple[ClientOrderId, ...]]:
        cancels: tuple[ClientOrderId, ...] = ()
        for check in self._checks:
            if check.rule == modified_by:  # the order is as this check wants it
                continue
            judged = _safe(check, snapshot, intent)
            if judged.outcome not in {Outcome.PASS, Outcome.UNAVAILABLE}:
                return judged, ()
            cancels += judged.cancels
        return None, cancels


def _safe(check: Check, snapshot: RiskSnapshot, intent: OrderIntent) -> Judgement:
    try:
        judged = check.review(snapshot, intent)
        if not isinstance(judged, Judgement):
            raise TypeError(f"expected a Judgement, was {type(judged).__name__}")
        return judged
    except Exception as error:
        return Judgement(
            check.rule,
            Outcome.REFUSE,
            value=type(error).__name__,
            limit="no error",
            reason=f"the check failed: {error}",
        )
