"""What the screen knows of an order before it is sent, and how a ticket is opened."""

from __future__ import annotations

from decimal import Decimal

from rf_common import money
from rf_common.clock import UnixNanos
from rf_common.enums import Side, SystemState
from rf_common.ids import InstrumentId
from rf_dashboard.markets import Market
from rf_dashboard.state import DashboardState
from rf_dashboard.tickets import Ticket, TicketCheck
from rf_dashboard.values import age_ms, why_old, why_stale

OLD_QUOTE_MS = 5_000
"""Age of the quote from which a ticket is refused, ms."""


def open_ticket(
    state: DashboardState,
    instrument_id: InstrumentId,
    side: Side,
    *,
    command_id: str,
    actor: str,
    price: Decimal | None = None,
) -> Ticket:
    """Return a new ticket, its limit at `price` or at the side's own best price.

    Parameters
    ----------
    command_id : str
        A fresh id; it makes sending twice harmless.

    Raises
    ------
    ValueError
        If the daemon has told neither its mode nor the instrument.
    """
    market = state.markets.get(instrument_id)
    instrument = market.instrument if market else None
    if state.system is None:
        raise ValueError("the daemon has not told its mode yet: no ticket can be opened")
    if market is None or instrument is None:
        raise ValueError(f"the daemon has not told the grid of {instrument_id}: no ticket")
    return Ticket(
        command_id=command_id,
        actor=actor,
        mode=state.system.mode,
        instrument_id=instrument_id,
        tick=instrument.tick,
        lot=instrument.lot,
        min_notional=instrument.min_notional,
        side=side,
        limit=_first_price(market, side, price, instrument.tick),
    )


def _first_price(market: Market, side: Side, price: Decimal | None, tick: Decimal) -> str:
    quote = market.quote
    if price is not None:
        return money.to_text(money.to_price(price, tick, "nearest"))
    if quote is None:
        return ""
    px = quote.bid_px if side is Side.BUY else quote.ask_px
    return money.to_text(money.to_price(px, tick, "nearest"))


def ticket_check(state: DashboardState, ticket: Ticket, now: UnixNanos) -> TicketCheck:
    """Return what stands in the way of a ticket, and what it would do."""
    market = state.markets.get(ticket.instrument_id)
    age = age_ms(now, market.quote_ts) if market else None
    quantity, price = _typed(ticket, market)
    return TicketCheck(
        blocked=tuple(_blocks(state, ticket, market, age, now)),
        warnings=tuple(_warnings(state, ticket, market)),
        price=price,
        notional=None if quantity is None or price is None else money.notional(price, quantity),
        currency=market.instrument.currency if market and market.instrument else "",
        position_after=_position_after(state, ticket, quantity),
        quote_age_ms=age,
    )


def _blocks(
    state: DashboardState,
    ticket: Ticket,
    market: Market | None,
    age: int | None,
    now: UnixNanos,
) -> list[str]:
    blocked = [why_stale(state, market, now) if market else why_old(state, now)]
    system = state.system
    if system is None or state.system_state is None:
        blocked.append("the daemon has not told its state yet")
    elif system.killed:
        blocked.append(f"killed: {system.kill_reason}")
    elif state.system_state not in {SystemState.ACTIVE, SystemState.REDUCING}:
        blocked.append(f"the daemon is {state.system_state}: {state.state_reason}")
    if system is not None and system.mode is not ticket.mode:
        blocked.append(f"the ticket is for {ticket.mode}, the daemon runs {system.mode}")
    if market is None or market.quote is None or age is None:
        blocked.append("there is no price")
    elif age > OLD_QUOTE_MS:
        blocked.append(f"the price is {age // 1_000} s old; the limit is {OLD_QUOTE_MS // 1_000} s")
    if market is not None and _grid_changed(ticket, market):
        blocked.append("tick or lot changed: open a new ticket")
    return [reason for reason in blocked if reason]


def _grid_changed(ticket: Ticket, market: Market) -> bool:
    told = market.instrument
    return told is None or (told.tick, told.lot) != (ticket.tick, ticket.lot)


def _warnings(state: DashboardState, ticket: Ticket, market: Market | None) -> list[str]:
    warnings = []
    if state.system_state is SystemState.REDUCING:
        warnings.append("the daemon takes only orders that lower exposure")
    quote = market.quote if market else None
    limit = _number(ticket, "limit_price")
    if quote is not None and limit is not None:
        far = money.of_float(quote.ask_px if ticket.side is Side.BUY else quote.bid_px)
        if (limit - far) * ticket.side.sign >= 0:
            warnings.append(f"the limit crosses the best price {money.to_text(far)}: fills at once")
    return warnings


def _typed(ticket: Ticket, market: Market | None) -> tuple[Decimal | None, Decimal | None]:
    """Return quantity and the price to reckon with: limit, stop, or the other side's best."""
    price = _number(ticket, "limit_price") or _number(ticket, "stop_price")
    quote = market.quote if market else None
    if price is None and not ticket.has_limit and not ticket.has_stop and quote is not None:
        price = money.of_float(quote.ask_px if ticket.side is Side.BUY else quote.bid_px)
    return _number(ticket, "exact_quantity"), price


def _number(ticket: Ticket, name: str) -> Decimal | None:
    try:
        value: Decimal | None = getattr(ticket, name)
    except ValueError:
        return None
    return value


def _position_after(
    state: DashboardState, ticket: Ticket, quantity: Decimal | None
) -> Decimal | None:
    if quantity is None or state.account is None:
        return None
    held = sum(
        (p.quantity for p in state.account.positions if p.instrument_id == ticket.instrument_id),
        money.ZERO,
    )
    return held + ticket.side.sign * quantity
