"""What people ask of the engine: each command checked, done once, and answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rf_common import commands as asked
from rf_common.enums import OrderStatus, SystemState
from rf_common.intelligence import Verdict
from rf_common.orders import (
    CancelOrder,
    CommandAnswer,
    LimitChanged,
    OrderIntent,
    ReplaceOrder,
    RequestReport,
    StrategyChanged,
)
from rf_engine import minds, trading
from rf_engine.core import Core
from rf_oms.orders import Order
from rf_risk import HUMAN, Refused

_LOSS_LIMITS = ("max_drawdown", "max_daily_loss")
_CHANGEABLE = {OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED}


def handle(core: Core, command: asked.Command) -> None:
    """Do what a command asks and answer it; a repeated id gets its first answer again."""
    before = core.state.answers.get(command.command_id)
    if before is not None:
        core.outputs.append(before)
        return
    _HANDLERS[type(command)](core, command)


def _place(core: Core, command: asked.PlaceOrder) -> None:
    intent = OrderIntent(
        strategy_id=HUMAN,  # type: ignore[arg-type]  # the id of people
        instrument_id=command.instrument_id,
        side=command.side,
        quantity=command.quantity,
        order_type=command.order_type,
        limit_price=command.limit_price,
        stop_price=command.stop_price,
        time_in_force=command.time_in_force,
        reduce_only=command.reduce_only,
        actor=command.actor,
        reason="placed by hand",
    )
    sent = trading.submit(core, intent)
    if isinstance(sent, Refused):
        _refused(core, command, sent)
        return
    text = f"{command.side} {command.quantity} {command.instrument_id} is on its way"
    core.emit(CommandAnswer(command.command_id, True, "SENT", text, client_order_id=sent))


def _change(core: Core, command: asked.ChangeOrder) -> None:
    order = core.state.orders.get(command.client_order_id)
    if order is None or order.status not in _CHANGEABLE:
        _no_such_order(core, command.command_id, command.client_order_id, order)
        return
    quantity = command.quantity if command.quantity is not None else order.quantity
    limit = command.limit_price if command.limit_price is not None else order.limit_price
    if quantity <= order.filled:
        text = f"{order.filled} of it are filled already; the new quantity must be larger"
        core.answer(command.command_id, False, "QUANTITY", text)
        return
    request = order.request
    intent = OrderIntent(
        strategy_id=request.strategy_id,
        instrument_id=request.instrument_id,
        side=request.side,
        quantity=quantity - order.filled,
        order_type=request.order_type,
        limit_price=limit,
        stop_price=request.stop_price,
        time_in_force=request.time_in_force,
        reduce_only=request.reduce_only,
        actor=command.actor,
        reason="changed by hand",
    )
    seen = trading.snapshot(core, request.instrument_id, leave_out=order.client_order_id)
    verdict = core.chain.review(seen, intent)
    if isinstance(verdict, Refused):
        trading.refuse(core, intent, verdict)
        _refused(core, command, verdict)
        return
    core.emit(ReplaceOrder(order.client_order_id, order.instrument_id, quantity, limit))
    text = f"change of {order.client_order_id} is on its way"
    key = order.client_order_id
    core.emit(CommandAnswer(command.command_id, True, "SENT", text, client_order_id=key))


def _cancel(core: Core, command: asked.CancelOpenOrder) -> None:
    order = core.state.orders.get(command.client_order_id)
    if order is None or not order.is_open:
        _no_such_order(core, command.command_id, command.client_order_id, order)
        return
    core.emit(CancelOrder(order.client_order_id, order.instrument_id, f"by {command.actor}"))
    text = f"cancel of {order.client_order_id} is on its way"
    key = order.client_order_id
    core.emit(CommandAnswer(command.command_id, True, "SENT", text, client_order_id=key))


def _cancel_all(core: Core, command: asked.CancelAllOrders) -> None:
    count = trading.cancel_all(core, f"by {command.actor}")
    core.answer(command.command_id, True, "SENT", f"cancel of {count} orders is on its way")


def _kill(core: Core, command: asked.Kill) -> None:
    core.move_to(SystemState.HALTED, f"killed: {command.reason}", command.actor)
    count = trading.cancel_all(core, "kill switch")
    text = f"no new orders; cancel of {count} open orders is on its way"
    fix = f'rf resume --confirm "{core.state.resume_phrase}"'
    core.answer(command.command_id, True, "KILLED", text, fix)


def _resume(core: Core, command: asked.Resume) -> None:
    state = core.state
    stopped = state.system_state in {SystemState.HALTED, SystemState.REDUCING}
    # The switch was released when the command was applied, if the phrase was right.
    if state.storage_failed:
        text = f"the journal cannot be written: {state.storage_failed}"
        core.answer(command.command_id, False, "STORAGE", text, "repair the disk and restart")
    elif command.phrase != state.resume_phrase and (
        stopped or state.kill.engaged or state.reducing
    ):
        text = "that is not the phrase; nothing was resumed"
        fix = f'rf resume --confirm "{state.resume_phrase}"'
        core.answer(command.command_id, False, "PHRASE", text, fix)
    elif not stopped:
        core.answer(command.command_id, True, "NOT_HALTED", f"the system is {state.system_state}")
    else:
        core.move_to(SystemState.RECONCILING, "resumed", command.actor)
        open_ids = tuple(order.client_order_id for order in state.orders.open_orders())
        core.emit(RequestReport(open_ids, "resumed"))
        core.answer(command.command_id, True, "RESUMED", "reconciling, then trading again")


def _reduce(core: Core, command: asked.Reduce) -> None:
    if core.state.system_state is SystemState.ACTIVE:
        core.move_to(SystemState.REDUCING, command.reason, command.actor)
    text = f"only orders that lower exposure are allowed; state {core.state.system_state}"
    fix = f'rf resume --confirm "{core.state.resume_phrase}"'
    core.answer(command.command_id, True, "REDUCING", text, fix)


def _tighten(core: Core, command: asked.TightenRisk) -> None:
    if not 0.0 < command.fraction < 1.0:
        text = (
            f"loss limits are only tightened while running; {command.fraction:g} times is no less"
        )
        fix = "limits are raised in the settings only, and then by a restart"
        core.answer(command.command_id, False, "LOOSENING", text, fix)
        return
    told: list[str] = []
    for rule in _LOSS_LIMITS:
        old = getattr(core.state.limits, rule)
        new = type(old)(f"{float(old) * command.fraction:.6g}")
        core.emit(LimitChanged(rule, str(old), str(new), command.actor))
        told.append(f"{rule} {new}")
    core.answer(command.command_id, True, "TIGHTENED", ", ".join(told))


def _enable(core: Core, command: asked.SetStrategyEnabled) -> None:
    if core.registry.get(command.strategy_id) is None:
        known = ", ".join(core.registry) or "none"
        text = f"no strategy is called {command.strategy_id!r}; known: {known}"
        core.answer(command.command_id, False, "UNKNOWN_STRATEGY", text)
        return
    trading.switch(
        core,
        command.strategy_id,
        enabled=command.enabled,
        reason=f"by {command.actor}",
        actor=command.actor,
    )
    word = "on" if command.enabled else "off"
    core.answer(command.command_id, True, "DONE", f"{command.strategy_id} is {word}")


def _swap(core: Core, command: asked.SwapStrategy) -> None:
    try:
        parameters = json.loads(command.parameters)
        if not isinstance(parameters, dict):
            raise ValueError(f"expected a JSON object, was {command.parameters}")
        core.registry.put(command.strategy_id, command.factory, parameters)
    except Exception as error:  # a factory is code of others
        text = f"{command.strategy_id} was not swapped: {error}"
        core.answer(command.command_id, False, "BAD_STRATEGY", text)
        return
    enabled = command.strategy_id not in core.state.disabled
    reason = f"now {command.factory} {command.parameters}"
    core.emit(StrategyChanged(command.strategy_id, enabled, reason, command.actor))
    core.answer(command.command_id, True, "DONE", f"{command.strategy_id} is {reason}")


def _accept(core: Core, command: asked.AcceptVerdict) -> None:
    decided = market.verdict if (market := core.state.markets.get(command.instrument_id)) else None
    allowed = core.config.gate.may_trade
    problem = ""
    if allowed == "never":
        problem = "engine.gate.may_trade is never: verdicts do not become orders"
    elif decided is None or decided.cycle_id != command.cycle_id:
        problem = f"cycle {command.cycle_id} is not the newest of {command.instrument_id}"
    elif decided.verdict is Verdict.REJECTED:
        problem = f"the gate rejected it: {decided.reason}"
    if problem or decided is None:
        core.answer(command.command_id, False, "NO_VERDICT", problem, "rf ai show")
        return
    text = minds.trade_verdict(core, decided, actor=command.actor)
    core.answer(command.command_id, text.startswith("sent"), "VERDICT", text)


def _shutdown(core: Core, command: asked.Shutdown) -> None:
    core.move_to(SystemState.STOPPING, "shutdown", command.actor)
    count = trading.cancel_all(core, "shutdown") if command.cancel_orders else 0
    core.answer(command.command_id, True, "STOPPING", f"cancel of {count} orders is on its way")


def _refused(core: Core, command: asked.Command, refused: Refused) -> None:
    text = f"refused by {refused.rule}: {refused.reason}"
    core.answer(command.command_id, False, refused.rule, text, "rf risk limits")


def _no_such_order(core: Core, command_id: str, key: str, order: Order | None) -> None:
    status = "not known" if order is None else str(order.status)
    text = f"order {key} is {status}; only open orders can be changed"
    core.answer(command_id, False, "NO_SUCH_ORDER", text, "rf order list")


_HANDLERS: dict[type, Callable[[Core, Any], None]] = {
    asked.PlaceOrder: _place,
    asked.ChangeOrder: _change,
    asked.CancelOpenOrder: _cancel,
    asked.CancelAllOrders: _cancel_all,
    asked.Kill: _kill,
    asked.Resume: _resume,
    asked.Reduce: _reduce,
    asked.TightenRisk: _tighten,
    asked.SetStrategyEnabled: _enable,
    asked.SwapStrategy: _swap,
    asked.AcceptVerdict: _accept,
    asked.Shutdown: _shutdown,
}
