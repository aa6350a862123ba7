"""Profit and loss by strategy, symbol, source, hour and five minutes, exact to the last digit.

Ledger values are `Decimal`; every breakdown adds up to the total without a rounding. Light: no
numpy.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow, localcontext

import msgspec

from rf_common.clock import NANOS_PER_SECOND, UnixNanos
from rf_common.ids import InstrumentId, StrategyId

_ZERO = Decimal(0)
_HOUR = 3_600 * NANOS_PER_SECOND
_FIVE_MINUTES = 300 * NANOS_PER_SECOND
_EXACT = Context(prec=400, traps=[Inexact, InvalidOperation, Overflow])


class PnlEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What one execution brought, account currency.

    `realised` is at fill prices, so `slippage` (positive: paid against the decision price) is
    contained in it and is shown, not subtracted again. `commission` is positive when paid.
    """

    ts_event: UnixNanos
    instrument_id: InstrumentId
    strategy_id: StrategyId
    source: str
    """Where the signal came from: ``dexter``, ``mirofish``, ``manual``, ``bracket_tp``."""
    realised: Decimal = _ZERO
    commission: Decimal = _ZERO
    slippage: Decimal = _ZERO
    quantity: Decimal = _ZERO
    """Units that changed hands, positive for a purchase; zero when it was no fill."""
    price: Decimal | None = None
    """Price of the fill; needed with a quantity."""
    win: bool | None = None
    """Whether a trade was won; told from the sign of `realised` when it is not given."""


class OpenPosition(msgspec.Struct, frozen=True, kw_only=True):
    """A position to be valued: signed quantity, average entry and mark price."""

    instrument_id: InstrumentId
    strategy_id: StrategyId
    source: str
    quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal

    @property
    def unrealised(self) -> Decimal:
        """Value at the mark less value at entry."""
        with _exactly():
            return self.quantity * (self.mark_price - self.entry_price)


class PnlShare(msgspec.Struct):
    """Part of the P&L that one strategy, symbol, source or span of time has.

    ``total = realised + unrealised``, ``net = total - commission``, ``before_costs = total +
    slippage``: what decision prices would have brought.
    """

    realised: Decimal = _ZERO
    unrealised: Decimal = _ZERO
    commission: Decimal = _ZERO
    slippage: Decimal = _ZERO
    trades: int = 0
    """Events that realised something or say whether they won."""
    wins: int = 0
    losses: int = 0
    largest_win: Decimal = _ZERO
    largest_loss: Decimal = _ZERO
    """The most negative `realised` of one event, 0 without a loss."""
    drawdown: Decimal = _ZERO
    """Deepest fall of realised less commission below its running peak, positive."""
    _level: Decimal = _ZERO
    _peak: Decimal = _ZERO

    @property
    def total(self) -> Decimal:
        """Realised and unrealised."""
        with _exactly():
            return self.realised + self.unrealised

    @property
    def net(self) -> Decimal:
        """Total less commission."""
        with _exactly():
            return self.realised + self.unrealised - self.commission

    @property
    def before_costs(self) -> Decimal:
        """Total with slippage given back."""
        with _exactly():
            return self.realised + self.unrealised + self.slippage

    def _take(self, event: PnlEvent) -> None:
        self.realised += event.realised
        self.commission += event.commission
        self.slippage += event.slippage
        self._level += event.realised - event.commission
        self._peak = max(self._peak, self._level)
        self.drawdown = max(self.drawdown, self._peak - self._level)
        won = event.win
        if won is None and event.realised:
            won = event.realised > 0
        if won is not None:
            self.trades += 1
            self.wins += won
            self.losses += not won
        self.largest_win = max(self.largest_win, event.realised)
        self.largest_loss = min(self.largest_loss, event.realised)


class SymbolActivity(msgspec.Struct):
    """What was traded in a symbol and what is left."""

    volume: Decimal = _ZERO
    """Sum of quantity times price over all fills, currency."""
    net_quantity: Decimal = _ZERO
    last_price: Decimal | None = None
    entry_price: Decimal | None = None
    """Of the open position as it was valued; None when flat, not valued, or held by several."""


class Attribution(msgspec.Struct, frozen=True):
    """P&L and where it came from; each mapping's shares add up to `total`, in every field.

    Keys are in sorted order. Unrealised P&L belongs to a strategy, symbol and source; the hours
    and five minutes hold events only and add up to the total without it.
    """

    total: PnlShare
    by_strategy: Mapping[StrategyId, PnlShare]
    by_symbol: Mapping[InstrumentId, PnlShare]
    by_source: Mapping[str, PnlShare]
    by_hour: Mapping[int, PnlShare]
    """Hour of the day in UTC, 0 to 23."""
    by_five_minutes: Mapping[UnixNanos, PnlShare]
    """By the start of each five minutes since the epoch that have an event."""
    activity: Mapping[InstrumentId, SymbolActivity]


@contextmanager
def _exactly() -> Iterator[None]:
    try:
        with localcontext(_EXACT):
            yield
    except (Inexact, InvalidOperation, Overflow) as error:
        raise ValueError(f"expected ledger values of less than 400 digits, was {error!r}") from None


def attribute(events: Iterable[PnlEvent], positions: Iterable[OpenPosition] = ()) -> Attribution:
    """Return the P&L of events and open positions by where it came from.

    Parameters
    ----------
    events : iterable of PnlEvent
        In time order.
    positions : iterable of OpenPosition
        What is open, valued at its mark.

    Returns
    -------
    Attribution

    Raises
    ------
    ValueError
        If an event is older than the one before, a value is not finite, a fill has no positive
        price, or a commission-free exact sum would need more than 400 digits.

    Examples
    --------
    >>> event = PnlEvent(
    ...     ts_event=UnixNanos(0),
    ...     instrument_id=InstrumentId("sim:A"),
    ...     strategy_id=StrategyId("momentum"),
    ...     source="dexter",
    ...     realised=Decimal("12.50"),
    ...     commission=Decimal("0.10"),
    ... )
    >>> attribute([event]).by_strategy["momentum"].net
    Decimal('12.40')
    """
    total = PnlShare()
    strategies: dict[StrategyId, PnlShare] = {}
    symbols: dict[InstrumentId, PnlShare] = {}
    sources: dict[str, PnlShare] = {}
    hours: dict[int, PnlShare] = {}
    spans: dict[UnixNanos, PnlShare] = {}
    activity: dict[InstrumentId, SymbolActivity] = {}
    newest = None
    with _exactly():
        for event in events:
            if newest is not None and event.ts_event < newest:
                raise ValueError(f"expected ts_event >= {newest}, was {event.ts_event}")
            newest = event.ts_event
            _check_event(event)
            span = UnixNanos(newest - newest % _FIVE_MINUTES)
            for share in (
                total,
                strategies.setdefault(event.strategy_id, PnlShare()),
                symbols.setdefault(event.instrument_id, PnlShare()),
                sources.setdefault(event.source, PnlShare()),
                hours.setdefault(newest // _HOUR % 24, PnlShare()),
                spans.setdefault(span, PnlShare()),
            ):
                share._take(event)
            _trade(activity.setdefault(event.instrument_id, SymbolActivity()), event)
        for held in positions:
            _check_position(held)
            for share in (
                total,
                strategies.setdefault(held.strategy_id, PnlShare()),
                symbols.setdefault(held.instrument_id, PnlShare()),
                sources.setdefault(held.source, PnlShare()),
            ):
                share.unrealised += held.unrealised
            _value(activity.setdefault(held.instrument_id, SymbolActivity()), held)
    return Attribution(
        total,
        dict(sorted(strategies.items())),
        dict(sorted(symbols.items())),
        dict(sorted(sources.items())),
        dict(sorted(hours.items())),
        dict(sorted(spans.items())),
        dict(sorted(activity.items())),
    )


def _check_event(event: PnlEvent) -> None:
    for name in ("realised", "commission", "slippage", "quantity"):
        _check_finite(name, getattr(event, name), event.instrument_id)
    if event.quantity and not (event.price is not None and event.price > 0):
        raise ValueError(f"expected a positive price, was {event.price} ({event.instrument_id})")
    if event.price is not None:
        _check_finite("price", event.price, event.instrument_id)


def _check_position(held: OpenPosition) -> None:
    for name in ("quantity", "entry_price", "mark_price"):
        _check_finite(name, getattr(held, name), held.instrument_id)


def _check_finite(name: str, value: Decimal, instrument: InstrumentId) -> None:
    if not value.is_finite():
        raise ValueError(f"expected finite {name}, was {value} ({instrument})")


def _trade(row: SymbolActivity, event: PnlEvent) -> None:
    if event.price is not None and event.quantity:
        row.volume += abs(event.quantity) * event.price
        row.net_quantity += event.quantity
        row.last_price = event.price


def _value(row: SymbolActivity, held: OpenPosition) -> None:
    first = row.entry_price is None
    row.entry_price = held.entry_price if held.quantity and first else None
    row.last_price = held.mark_price


class RollingPnl:
    """Net P&L of the newest span of time, event by event.

    Parameters
    ----------
    span_ns : int
        Length of the window, five minutes unless told otherwise. An event exactly that old has
        left it.

    Examples
    --------
    >>> rolling = RollingPnl()
    >>> rolling.add(UnixNanos(0), Decimal("2.5"))
    >>> rolling.total(UnixNanos(299_999_999_999)), rolling.total(UnixNanos(300_000_000_000))
    (Decimal('2.5'), Decimal('0.0'))
    """

    def __init__(self, span_ns: int = _FIVE_MINUTES) -> None:
        if span_ns <= 0:
            raise ValueError(f"expected span_ns to be positive, was {span_ns}")
        self._span = span_ns
        self._rows: deque[tuple[UnixNanos, Decimal]] = deque()
        self._total = _ZERO
        self._now = UnixNanos(0)

    def add(self, ts_event: UnixNanos, net: Decimal) -> None:
        """Take the net P&L of one event, no older than any seen.

        Raises
        ------
        ValueError
            If it is older, or `net` is not finite; nothing has changed then.
        """
        if not net.is_finite():
            raise ValueError(f"expected finite net, was {net}")
        self._forget(ts_event)
        with _exactly():
            self._total += net
        self._rows.append((ts_event, net))

    def total(self, now: UnixNanos) -> Decimal:
        """Return the net P&L of events younger than the span.

        Raises
        ------
        ValueError
            If `now` lies before an instant already seen.
        """
        self._forget(now)
        return self._total

    def _forget(self, now: UnixNanos) -> None:
        if now < self._now:
            raise ValueError(f"expected an instant >= {self._now}, was {now}")
        self._now = now
        with _exactly():
            while self._rows and now - self._rows[0][0] >= self._span:
                self._total -= self._rows.popleft()[1]
