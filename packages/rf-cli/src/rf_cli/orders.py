"""``rf order``: place, check, list and cancel."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from cyclopts import Parameter

from rf_cli.context import Context, Flag, Rf
from rf_cli.exits import Exit
from rf_cli.instruments import resolve
from rf_cli.output import Answer, UnknownOutcome, shown, table, usage
from rf_common import money
from rf_common.commands import CancelAllOrders, CancelOpenOrder, Command, PlaceOrder
from rf_common.enums import OrderType, Side, TimeInForce
from rf_common.errors import RfError
from rf_common.ids import ClientOrderId, InstrumentId

if TYPE_CHECKING:
    from rich.console import RenderableType


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an order may say besides side, instrument and quantity.

    Parameters
    ----------
    limit
        Limit price.
    type
        Kind of order; without it the prices decide: limit, stop market or stop limit.
    stop
        Stop price.
    tif
        How long the order lives.
    reduce_only
        Only bring the position nearer to zero.
    """

    limit: str | None = None
    type: OrderType | None = None
    stop: str | None = None
    tif: TimeInForce = TimeInForce.DAY
    reduce_only: Flag = False


NO_TERMS = Terms()


def buy(
    symbol: str,
    quantity: str,
    /,
    *,
    terms: Terms = NO_TERMS,
    check: Flag = False,
    rf: Rf,
) -> Answer:
    """Buy; the order passes the same risk checks as any other.

    Parameters
    ----------
    symbol
        Symbol, or full id such as binance:BTCUSDT.
    quantity
        Units.
    check
        Show what each rule says; send nothing.
    """
    command = place(rf, Side.BUY, symbol, quantity, terms=terms)
    return judged(rf, command) if check else sent(rf, command)


def sell(
    symbol: str,
    quantity: str,
    /,
    *,
    terms: Terms = NO_TERMS,
    check: Flag = False,
    rf: Rf,
) -> Answer:
    """Sell; the order passes the same risk checks as any other.

    Parameters
    ----------
    symbol
        Symbol, or full id such as binance:BTCUSDT.
    quantity
        Units.
    check
        Show what each rule says; send nothing.
    """
    command = place(rf, Side.SELL, symbol, quantity, terms=terms)
    return judged(rf, command) if check else sent(rf, command)


def list_orders(*, all: Flag = False, rf: Rf) -> Answer:
    """List open orders.

    Parameters
    ----------
    all
        Also those that are done.
    """
    return Answer("orders", rf.ask("orders", {"all": all}), _orders_text)


def cancel(
    order_id: str | None = None, /, *, all: Flag = False, yes: Flag = False, rf: Rf
) -> Answer:
    """Cancel one order, or all.

    Parameters
    ----------
    order_id
        Client order id, as rf order list shows it.
    all
        Every open order.
    yes
        Do not ask.
    """
    if all == (order_id is not None):
        raise usage("expected the id of an order, or --all", fix="rf order list")
    if order_id is not None:
        key = ClientOrderId(order_id)
        return sent(rf, CancelOpenOrder(client_order_id=key, **rf.new_command()))
    if not yes:
        count = len(rf.ask("orders", {"all": False}))
        rf.confirm(f"cancel {count} open orders?", flag="--yes")
    return sent(rf, CancelAllOrders(**rf.new_command()))


# --- shared with rf risk check --------------------------------------------------------------------


def place(rf: Context, side: Side, symbol: str, quantity: str, *, terms: Terms) -> PlaceOrder:
    """Return the command of what was typed."""
    limit_price, stop_price = _price(terms.limit, "--limit"), _price(terms.stop, "--stop")
    order_type = terms.type or _implied_type(limit_price, stop_price)
    amount = _number(quantity, "QUANTITY")
    return PlaceOrder(
        instrument_id=InstrumentId(resolve(rf, symbol)),
        side=side,
        quantity=amount,
        order_type=order_type,
        limit_price=limit_price,
        stop_price=stop_price,
        time_in_force=terms.tif,
        reduce_only=terms.reduce_only,
        **rf.new_command(),
    )


def sent(rf: Context, command: Command) -> Answer:
    """Hand a command to the engine; its refusal is an error (exit code 6)."""
    data = ask_once(rf, "order", {"command": as_json(command)})
    if not data["ok"]:
        raise refusal(rf, data)
    return Answer("order", data, answer_text)


def judged(rf: Context, command: PlaceOrder) -> Answer:
    """Ask what each rule says of an order that is not sent; exit code 6 if one refuses."""
    data = rf.ask("check", {"command": as_json(command)})
    refused = any(row["outcome"] == "refuse" for row in data["judgements"])
    code = Exit.REFUSED if refused else Exit.OK
    return Answer("risk.check", data, _judgements_text, exit_code=code)


def ask_once(rf: Context, verb: str, args: dict[str, Any]) -> Any:
    """Ask what must not be repeated blindly: without an answer it may have been done."""
    from rf_event_bus.errors import BusUnreachable

    try:
        return rf.ask(verb, args)
    except BusUnreachable as error:
        raise UnknownOutcome(
            error.message, detail=error.detail, fix="rf order list --all"
        ) from error


def as_json(command: Command) -> Any:
    """Return a command as plain JSON values; amounts become text."""
    import msgspec

    return msgspec.to_builtins(command)


def refusal(rf: Context, data: Any) -> RfError:
    """Return the error for a command that the engine refused."""
    code, fix = data["code"], data["fix"]
    exit_code = _EXITS.get(code, Exit.REFUSED)
    if code == "system_state" and rf.ask("status")["kill"]["engaged"]:
        exit_code, fix = Exit.KILLED, "rf status, then rf resume"
    return RfError(
        data["text"],
        code=code,
        detail="nothing was changed" if code in _EXITS else "nothing was sent",
        fix=fix,
        exit_code=exit_code,
    )


_EXITS = {
    "NO_SUCH_ORDER": Exit.USAGE,
    "QUANTITY": Exit.USAGE,
    "UNKNOWN_STRATEGY": Exit.USAGE,
    "BAD_STRATEGY": Exit.USAGE,
    "PHRASE": Exit.KILLED,
    "STORAGE": Exit.FAILED,
}
"""Answers of the engine that are no refusal by a rule."""


def answer_text(data: Any) -> str:
    """Return the engine's answer as people read it."""
    lines = [data["text"]]
    if data.get("client_order_id"):
        lines.append(f"order {data['client_order_id']}")
    if data.get("fix"):
        lines.append(f"next  {data['fix']}")
    return "\n".join(lines)


def _price(text: str | None, field: str) -> Decimal | None:
    return None if text is None else _number(text, field)


def _number(text: str, field: str) -> Decimal:
    try:
        return money.parse(text, field=field)
    except ValueError as error:
        raise usage(str(error)) from error


def _implied_type(limit: Decimal | None, stop: Decimal | None) -> OrderType:
    if limit is not None:
        return OrderType.LIMIT if stop is None else OrderType.STOP_LIMIT
    if stop is not None:
        return OrderType.STOP_MARKET
    raise usage("an order needs a price", fix="give --limit PRICE, or --type MARKET")


def _orders_text(rows: Any) -> RenderableType:
    columns = ("order", "strategy", "instrument", "side", ">filled", ">quantity", "type", ">limit")
    cells = [
        (
            row["client_order_id"],
            row["strategy_id"],
            row["instrument_id"],
            row["side"],
            shown(row["filled"]),
            shown(row["quantity"]),
            row["order_type"],
            shown(row["limit_price"]),
            f"{row['status']} {row['reason'] or ''}".rstrip(),
            shown(row["created"]),
        )
        for row in rows
    ]
    return table((*columns, "status", "created"), cells, empty="no orders")


def _judgements_text(data: Any) -> RenderableType:
    cells = [
        (row["rule"], row["outcome"], row["value"], row["limit"], row["reason"])
        for row in data["judgements"]
    ]
    return table(("rule", "outcome", "value", "limit", "reason"), cells, empty="no rules")
