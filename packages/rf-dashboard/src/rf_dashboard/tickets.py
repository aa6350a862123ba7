"""The order ticket as a value: typed, reviewed, sent, answered, one step at a time.

An order leaves a ticket only after two confirmations: the first opens the review of what was
typed, the second sends it, in LIVE only with the symbol typed once more. Each asks for a fresh
`TicketCheck`, and a blocked ticket stays where it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from rf_common import money
from rf_common.commands import PlaceOrder
from rf_common.enums import Mode, OrderType, Side, TimeInForce
from rf_common.ids import ClientOrderId, InstrumentId, symbol_of

MAX_TYPED = 32
"""Longest text in a field, characters."""


class Stage(StrEnum):
    """Where a ticket or a dialog is."""

    EDITING = "editing"
    REVIEW = "review"
    SENT = "sent"
    ANSWERED = "answered"
    CLOSED = "closed"


class Move(StrEnum):
    """What may be done to a ticket or a dialog."""

    EDIT = "edit"
    CONFIRM = "confirm"
    BACK = "back"
    ANSWER = "answer"


TRANSITIONS: Mapping[tuple[Stage, Move], Stage] = {
    (Stage.EDITING, Move.EDIT): Stage.EDITING,
    (Stage.EDITING, Move.CONFIRM): Stage.REVIEW,
    (Stage.EDITING, Move.BACK): Stage.CLOSED,
    (Stage.REVIEW, Move.CONFIRM): Stage.SENT,
    (Stage.REVIEW, Move.BACK): Stage.EDITING,
    (Stage.SENT, Move.ANSWER): Stage.ANSWERED,
    (Stage.ANSWERED, Move.BACK): Stage.CLOSED,
}
"""A sent ticket cannot be closed: it waits for its answer, or for `Answer` of a lost one."""


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with one field."""

    field: str
    text: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a command; `ok` None is not known: it may have been done."""

    ok: bool | None
    code: str
    text: str
    fix: str = ""
    client_order_id: ClientOrderId | None = None

    @classmethod
    def of_reply(cls, reply: Mapping[str, Any]) -> Answer:
        """Return the answer that a bus reply carries."""
        return cls(
            ok=bool(reply.get("ok")),
            code=str(reply.get("code", "")),
            text=str(reply.get("text", "")),
            fix=str(reply.get("fix", "") or ""),
            client_order_id=reply.get("client_order_id"),
        )

    @classmethod
    def lost(cls, reason: str) -> Answer:
        """Return what to say when no answer came."""
        return cls(
            ok=None,
            code="UNKNOWN",
            text=f"sent, no answer ({reason}): it may have been done",
            fix="look at the orders before sending again",
        )


class TicketCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What the screen knows of an order before it is sent; empty `blocked` lets it pass."""

    blocked: tuple[str, ...]
    warnings: tuple[str, ...]
    price: Decimal | None
    notional: Decimal | None
    currency: str
    position_after: Decimal | None
    quote_age_ms: int | None


class Judgement(msgspec.Struct, frozen=True):
    """What one rule of the daemon says of the order."""

    rule: str
    outcome: str
    value: str
    limit: str
    reason: str
    fix: str = ""


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """One order being typed.

    Parameters
    ----------
    command_id, actor : str
        Given once: a command sent twice under one id is done once.
    mode : Mode
        Mode of the daemon when the ticket was opened; sending needs the same one.
    instrument_id, tick, lot, min_notional
        What is traded and on which grid; currency for the notional.
    quantity, limit, stop : str
        As typed; `limit` and `stop` count only for the order types that have them.
    typed_symbol : str
        What LIVE asks for in the review.
    tried : bool
        Whether a confirmation was refused: only then are problems to be shown.
    messages : tuple of str
        Why the last confirmation was refused.
    """

    command_id: str
    actor: str
    mode: Mode
    instrument_id: InstrumentId
    tick: Decimal
    lot: Decimal
    min_notional: Decimal
    side: Side
    order_type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.DAY
    reduce_only: bool = False
    quantity: str = ""
    limit: str = ""
    stop: str = ""
    stage: Stage = Stage.EDITING
    typed_symbol: str = ""
    tried: bool = False
    messages: tuple[str, ...] = ()
    answer: Answer | None = None

    @property
    def symbol(self) -> str:
        """The venue's own symbol."""
        return symbol_of(self.instrument_id)

    @property
    def has_limit(self) -> bool:
        """Whether the order type has a limit price."""
        return self.order_type in {OrderType.LIMIT, OrderType.STOP_LIMIT}

    @property
    def has_stop(self) -> bool:
        """Whether the order type has a stop price."""
        return self.order_type in {OrderType.STOP_MARKET, OrderType.STOP_LIMIT}

    # --- what is typed ------------------------------------------------------------------------

    def edit(self, **fields: Any) -> Ticket:
        """Return the ticket with new `side`, `order_type`, `quantity`, `limit` and the like.

        Raises
        ------
        ValueError
            If the ticket is not being edited, a field cannot be edited, or text is too long.
        """
        stage = self._after(Move.EDIT)
        unknown = fields.keys() - _EDITABLE
        if unknown:
            raise ValueError(f"expected fields of {sorted(_EDITABLE)}, was {sorted(unknown)}")
        _check_lengths(fields)
        return msgspec.structs.replace(self, stage=stage, messages=(), **fields)

    def type_symbol(self, text: str) -> Ticket:
        """Return the ticket under review with this text in the field that LIVE asks for."""
        if self.stage is not Stage.REVIEW:
            raise ValueError(f"expected a ticket under review, was {self.stage}")
        _check_lengths({"typed_symbol": text})
        return msgspec.structs.replace(self, typed_symbol=text, messages=())

    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong with the fields, in their order on the screen."""
        found = [self._problem("quantity", self.quantity, self.lot, "lot")]
        if self.has_limit:
            found.append(self._problem("limit", self.limit, self.tick, "tick"))
        if self.has_stop:
            found.append(self._problem("stop", self.stop, self.tick, "tick"))
        problems = tuple(Problem(*problem) for problem in found if problem is not None)
        return problems or self._value_problems()

    def _problem(self, field: str, text: str, step: Decimal, name: str) -> tuple[str, str] | None:
        if not text.strip():
            return field, f"{field} is missing"
        try:
            value = money.parse(text.strip(), field=field)
        except ValueError as error:
            return field, str(error)
        if value <= 0:
            return field, f"expected a positive {field}, was {money.to_text(value)}"
        if not money.on_step(value, step):
            shown = money.to_text(value)
            return field, f"expected {field} on {name} {money.to_text(step)}, was {shown}"
        return None

    def _value_problems(self) -> tuple[Problem, ...]:
        price = self.limit_price or self.stop_price
        if price is None:
            return ()
        value = money.notional(price, self.exact_quantity)
        if value >= self.min_notional:
            return ()
        least, was = money.to_text(self.min_notional), money.to_text(value.normalize())
        return (Problem("quantity", f"expected a value of at least {least}, was {was}"),)

    @property
    def exact_quantity(self) -> Decimal:
        """The quantity typed; ValueError when it is no number."""
        return money.parse(self.quantity.strip(), field="quantity")

    @property
    def limit_price(self) -> Decimal | None:
        """The limit typed, None when the order type has none; ValueError when no number."""
        return money.parse(self.limit.strip(), field="limit") if self.has_limit else None

    @property
    def stop_price(self) -> Decimal | None:
        """The stop typed, None when the order type has none; ValueError when no number."""
        return money.parse(self.stop.strip(), field="stop") if self.has_stop else None

    # --- where it goes ------------------------------------------------------------------------

    def confirm(self, check: TicketCheck) -> Ticket:
        """Return the ticket one step nearer to the venue, or with the reasons why it stays.

        Parameters
        ----------
        check : TicketCheck
            A fresh one of this ticket: what was true at the review may not be any more.

        Raises
        ------
        ValueError
            If the ticket is neither edited nor under review.
        """
        stage = self._after(Move.CONFIRM)
        reasons = [problem.text for problem in self.problems()] + list(check.blocked)
        if stage is Stage.SENT and self.mode is Mode.LIVE and self.typed_symbol != self.symbol:
            reasons.append(f"type {self.symbol} to send a LIVE order")
        if reasons:
            return msgspec.structs.replace(self, tried=True, messages=tuple(reasons))
        return msgspec.structs.replace(self, stage=stage, tried=False, messages=())

    def back(self) -> Ticket:
        """Return the ticket one step back: from the review to the fields, from there closed."""
        return msgspec.structs.replace(
            self, stage=self._after(Move.BACK), typed_symbol="", tried=False, messages=()
        )

    def answered(self, answer: Answer) -> Ticket:
        """Return the sent ticket with what became of it."""
        return msgspec.structs.replace(self, stage=self._after(Move.ANSWER), answer=answer)

    def _after(self, move: Move) -> Stage:
        stage = TRANSITIONS.get((self.stage, move))
        if stage is None:
            raise ValueError(f"a ticket that is {self.stage} cannot take {move}")
        return stage

    # --- what is sent -------------------------------------------------------------------------

    def to_command(self) -> PlaceOrder:
        """Return the order.

        Raises
        ------
        ValueError
            If it was not confirmed twice, or was answered already.
        """
        if self.stage is not Stage.SENT:
            raise ValueError(f"expected a ticket confirmed twice, was {self.stage}")
        return self._command()

    def to_args(self) -> dict[str, Any]:
        """Return the arguments of the bus verb ``order``; ValueError as for `to_command`."""
        return {"command": msgspec.to_builtins(self.to_command())}

    def check_args(self) -> dict[str, Any]:
        """Return the arguments of the bus verb ``check``, which sends nothing.

        Raises
        ------
        ValueError
            If a field is not a number.
        """
        return {"command": msgspec.to_builtins(self._command())}

    def _command(self) -> PlaceOrder:
        return PlaceOrder(
            command_id=self.command_id,
            actor=self.actor,
            instrument_id=self.instrument_id,
            side=self.side,
            quantity=self.exact_quantity,
            order_type=self.order_type,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
            time_in_force=self.time_in_force,
            reduce_only=self.reduce_only,
        )


_EDITABLE = frozenset(
    {"side", "order_type", "time_in_force", "reduce_only", "quantity", "limit", "stop"}
)


def _check_lengths(fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        typed = isinstance(value, str) and name in {"quantity", "limit", "stop", "typed_symbol"}
        if typed and len(value) > MAX_TYPED:
            raise ValueError(f"expected {name} of at most {MAX_TYPED} characters, was {len(value)}")


def judgements_of(reply: Mapping[str, Any]) -> tuple[Judgement, ...]:
    """Return what the daemon's rules say, from the reply to ``check``."""
    rows: list[Judgement] = msgspec.convert(reply.get("judgements", []), list[Judgement])
    return tuple(rows)
