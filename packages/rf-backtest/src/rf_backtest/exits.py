"""Stops and targets that follow every position of a run over bars.

Levels are kept here and become orders when the market reaches them: at the open when a gap is
beyond them, else inside the bar, the stop before the target. The orders are reduce-only, pass
the risk chain like any other and carry the strategy's name with ``.exit`` behind it, so that a
strategy that was switched off stays protected; what they close is booked to the strategy. Each
trade of the strategy itself fits the levels to its average entry. A trailing stop follows the
closes.
"""

from __future__ import annotations

from decimal import Decimal

from rf_backtest import upkeep
from rf_backtest.config import ExitConfig
from rf_backtest.corridor import Corridor
from rf_backtest.record import Record
from rf_backtest.result import Fill
from rf_common import money
from rf_common.enums import OrderType, Side, TimeInForce
from rf_common.events import Bar
from rf_common.ids import ClientOrderId, InstrumentId, StrategyId
from rf_common.orders import CancelOrder, OrderIntent
from rf_execution.trailing import Percent, TrailingStop

Holding = tuple[StrategyId, InstrumentId]


class _Guard:
    """What protects one holding: its average entry, its levels, its order on the way."""

    __slots__ = ("entered", "entry", "held", "order", "stop", "target", "trail")

    def __init__(self) -> None:
        self.entry = self.held = money.ZERO
        self.entered = 0
        self.order: ClientOrderId | None = None
        self.stop: Decimal | None = None
        self.target: Decimal | None = None
        self.trail: TrailingStop | None = None

    def took(self, fill: Fill, held: Decimal) -> None:
        """Move the average entry with a fill of the strategy."""
        before = self.held
        if before * held <= 0 or not before:
            self.entry = fill.price
        elif abs(held) > abs(before):
            added = abs(held) - abs(before)
            self.entry = (self.entry * abs(before) + fill.price * added) / abs(held)
        self.held = held


class Exits:
    """Places, fits and withdraws protective orders.

    Parameters
    ----------
    config : ExitConfig
        Distances.
    corridor : Corridor
        Takes the orders, through the risk chain like any other.
    record : Record
        Hears of exits that were refused.
    """

    def __init__(self, config: ExitConfig, corridor: Corridor, record: Record) -> None:
        self._config = config
        self._corridor = corridor
        self._record = record
        self._guards: dict[Holding, _Guard] = {}
        self._legs: dict[ClientOrderId, Holding] = {}
        self._heard: list[Fill] = []

    def on_fill(self, fill: Fill) -> None:
        """Hear of a fill; `act` does what follows from it."""
        self._heard.append(fill)

    def act(self) -> bool:
        """Do what follows from the fills heard of; return whether there were any."""
        heard, self._heard = self._heard, []
        for fill in heard:
            holding = self._legs.get(fill.client_order_id)
            if holding is not None:
                self._closed(holding, fill)
            else:
                self._traded((fill.strategy_id, fill.instrument_id), fill)
        return bool(heard)

    def at_open(self, name: InstrumentId, px: float) -> None:
        """Send exits of which an open is at or beyond the level."""
        self._look(name, px, px, 0)

    def inside(self, bar: Bar, now: int) -> bool:
        """Send exits that a bar reached; return whether there was one.

        A target is not believed in the bar in which its position was opened.
        """
        return self._look(bar.instrument_id, bar.low_px, bar.high_px, now)

    def on_close(self, bar: Bar) -> None:
        """Let trailing stops follow a close."""
        for holding, guard in self._guards.items():
            if holding[1] == bar.instrument_id and guard.trail is not None and guard.held:
                guard.trail.observe(money.of_float(bar.close_px))
                self._fit(holding, guard)

    def _look(self, name: InstrumentId, low: float, high: float, now: int) -> bool:
        sent = False
        for holding, guard in self._guards.items():
            if holding[1] != name or not guard.held or self._is_open(guard):
                continue
            worst, best = (low, high) if guard.held > 0 else (high, low)
            sign = 1 if guard.held > 0 else -1
            if guard.stop is not None and (worst - float(guard.stop)) * sign <= 0:
                sent |= self._send(holding, guard, OrderType.STOP_MARKET, guard.stop)
            elif self._is_hit(guard, best, sign) and guard.entered != now:
                sent |= self._send(holding, guard, OrderType.LIMIT, guard.target)  # type: ignore[arg-type]  # it is hit
        return sent

    def _is_hit(self, guard: _Guard, best: float, sign: int) -> bool:
        return guard.target is not None and (best - float(guard.target)) * sign > 0

    def _closed(self, holding: Holding, fill: Fill) -> None:
        strategy_id, name = holding
        owner = StrategyId(strategy_id + upkeep.EXIT)
        moved = fill.quantity * fill.side.sign
        upkeep.transfer(self._corridor.engine, name, owner, strategy_id, moved)
        guard = self._guards[holding]
        guard.held = self._corridor.engine.state.account.held_by(strategy_id, name)

    def _traded(self, holding: Holding, fill: Fill) -> None:
        account = self._corridor.engine.state.account
        guard = self._guards.setdefault(holding, _Guard())
        before = guard.held
        guard.took(fill, account.held_by(*holding))
        guard.entered = fill.ts
        if before * guard.held <= 0:
            guard.trail = None
        if self._is_open(guard):
            order = CancelOrder(guard.order, holding[1], "the position changed")  # type: ignore[arg-type]  # it is open
            self._corridor.cancel(order)
        self._fit(holding, guard)

    def _fit(self, holding: Holding, guard: _Guard) -> None:
        """Set the levels to the average entry and to where the trail stands."""
        guard.stop = guard.target = None
        if not guard.held:
            return
        config, sign = self._config, 1 if guard.held > 0 else -1
        tick = self._corridor.engine.state.markets[holding[1]].instrument.tick
        rounding: money.Rounding = "down" if sign > 0 else "up"
        stops: list[Decimal] = []
        if config.stop:
            level = guard.entry * (1 - sign * Decimal(str(config.stop)))
            stops.append(money.to_price(level, tick, rounding))
        if config.trail:
            stops.append(self._trail(guard, tick))
        if stops:
            guard.stop = max(stops) if sign > 0 else min(stops)
        if config.target:
            level = guard.entry * (1 + sign * Decimal(str(config.target)))
            guard.target = money.to_price(level, tick, "nearest")

    def _trail(self, guard: _Guard, tick: Decimal) -> Decimal:
        """Return the trailing stop, begun at the entry when there is none yet."""
        if guard.trail is None or guard.trail.stop is None:
            side = Side.BUY if guard.held > 0 else Side.SELL
            distance = Percent(Decimal(str(self._config.trail)) * 100)
            guard.trail = TrailingStop(side, guard.entry, abs(guard.held), distance, tick=tick)
        return guard.trail.stop if guard.trail.stop is not None else guard.entry

    def _send(self, holding: Holding, guard: _Guard, kind: OrderType, level: Decimal) -> bool:
        strategy_id, name = holding
        is_stop = kind is OrderType.STOP_MARKET
        reason = "stop" if is_stop else "target"
        intent = OrderIntent(
            strategy_id=StrategyId(strategy_id + upkeep.EXIT),
            instrument_id=name,
            side=Side.SELL if guard.held > 0 else Side.BUY,
            quantity=abs(guard.held),
            order_type=kind,
            limit_price=None if is_stop else level,
            stop_price=level if is_stop else None,
            time_in_force=TimeInForce.GTC,
            reduce_only=True,
            actor=f"exit of {strategy_id}",
            reason=reason,
        )
        guard.order = self._corridor.place(intent)
        if guard.order is None:
            self._record.warn(f"{strategy_id}: its {reason} was refused")
            return False
        self._legs[guard.order] = holding
        return True

    def _is_open(self, guard: _Guard) -> bool:
        order = None if guard.order is None else self._corridor.engine.state.orders.get(guard.order)
        return order is not None and order.is_open
