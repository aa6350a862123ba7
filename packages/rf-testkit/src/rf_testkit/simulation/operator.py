"""A person who asks for sensible and silly things, and sometimes asks twice."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np

from rf_common import commands
from rf_common.enums import OrderType, Side, SystemState, TimeInForce
from rf_common.ids import StrategyId
from rf_engine import EngineState
from rf_testkit.simulation.market import RandomMarket
from rf_testkit.simulation.setting import INSTRUMENTS

_BAD_QUANTITIES = ("NaN", "0", "-3", "1000000", "0.05")


class RandomOperator:
    """Makes commands; each has its own actor, so that its orders can be told apart.

    Parameters
    ----------
    rng : numpy.random.Generator
        Decides everything.
    market : RandomMarket
        Prices that orders are placed around.
    """

    def __init__(self, rng: np.random.Generator, market: RandomMarket) -> None:
        self._rng = rng
        self._market = market
        self._asked: list[commands.Command] = []
        self._number = 0

    def make(self, kind: type[Any], **fields: Any) -> Any:
        """Return a command of `kind` with a new id."""
        self._number += 1
        name = f"c{self._number}"
        command = kind(command_id=name, actor=f"op {name}", **fields)
        if kind not in (commands.Kill, commands.Resume):  # again, they would blur who is killed
            self._asked.append(command)
        return command

    def act(self, state: EngineState) -> Iterator[commands.Command]:
        """Yield what is asked for now, to be done one by one."""
        chance = self._rng.random()
        if state.system_state in {SystemState.HALTED, SystemState.REDUCING} and chance < 0.5:
            phrase = state.resume_phrase if self._rng.random() < 0.8 else "resume please"
            yield self.make(commands.Resume, phrase=phrase)
        elif chance < 0.45:
            yield self.make(commands.PlaceOrder, **self._wish())
        elif chance < 0.62:
            yield from self._change_one(state)
        elif chance < 0.75:
            yield from self._cancel_one(state)
        elif chance < 0.80:
            if self._asked:  # as a client does that saw no answer
                yield self._asked[int(self._rng.integers(len(self._asked)))]
        else:
            yield from self._act_rarely(state)

    def _act_rarely(self, state: EngineState) -> Iterator[commands.Command]:
        chance = self._rng.random()
        if chance < 0.2:
            yield self.make(commands.Kill, reason="practice")
        elif chance < 0.35:
            yield self.make(commands.CancelAllOrders)
        elif chance < 0.45:
            yield self.make(commands.Reduce, reason="enough")
        elif chance < 0.6:  # with an order still on its way
            yield self.make(commands.PlaceOrder, **self._wish())
            yield self.make(commands.Reduce, reason="by mistake")
            yield self.make(commands.Resume, phrase=state.resume_phrase)
        elif chance < 0.8:
            enabled = bool(self._rng.random() < 0.8)
            name = StrategyId("odd")
            yield self.make(commands.SetStrategyEnabled, strategy_id=name, enabled=enabled)
        else:
            text = '{"every": 5}' if self._rng.random() < 0.5 else '{"every": "often"}'
            fields = {"strategy_id": StrategyId("flip"), "factory": "flipper"}
            yield self.make(commands.SwapStrategy, parameters=text, **fields)

    def _wish(self) -> dict[str, Any]:
        rng = self._rng
        item = INSTRUMENTS[int(rng.integers(2))]
        side = Side.BUY if rng.random() < 0.5 else Side.SELL
        cents = self._market.cents[item.instrument_id] - side.sign * int(rng.integers(-5, 12))
        quantity, price = Decimal(int(rng.integers(1, 50))), Decimal(cents) / 100
        chance = rng.random()
        if chance < 0.05:
            quantity = Decimal(_BAD_QUANTITIES[int(rng.integers(len(_BAD_QUANTITIES)))])
        elif chance < 0.10:
            price = price * 2 if chance < 0.075 else price + Decimal("0.003")
        wish: dict[str, Any] = {
            "instrument_id": item.instrument_id,
            "side": side,
            "quantity": quantity,
            "limit_price": price,
            "time_in_force": tuple(TimeInForce)[int(rng.integers(4))],
            "reduce_only": bool(rng.random() < 0.1),
        }
        if rng.random() < 0.1:
            stop = Decimal(cents + side.sign * 10) / 100
            wish |= {"order_type": OrderType.STOP_LIMIT, "stop_price": stop}
        return wish

    def _change_one(self, state: EngineState) -> Iterator[commands.Command]:
        orders = list(state.orders.open_orders())
        if not orders:
            return
        rng = self._rng
        order = orders[int(rng.integers(len(orders)))]
        change: dict[str, Any] = {"quantity": Decimal(int(rng.integers(1, 60)))}
        if order.limit_price is not None and rng.random() < 0.5:
            change["limit_price"] = order.limit_price + Decimal(int(rng.integers(-5, 6))) / 100
        yield self.make(commands.ChangeOrder, client_order_id=order.client_order_id, **change)
        if rng.random() < 0.4:  # while the change is on its way
            wish = self._wish() | {"instrument_id": order.instrument_id, "side": order.side}
            yield self.make(commands.PlaceOrder, **wish | {"limit_price": order.limit_price})

    def _cancel_one(self, state: EngineState) -> Iterator[commands.Command]:
        orders = list(state.orders.open_orders())
        if orders:
            key = orders[int(self._rng.integers(len(orders)))].client_order_id
            yield self.make(commands.CancelOpenOrder, client_order_id=key)
