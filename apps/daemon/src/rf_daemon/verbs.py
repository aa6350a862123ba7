"""What the bus understands: questions about the engine, and commands to it.

Runs in the operator's thread. A kill does not need the engine: it sets the latch and shuts the
gate itself, and only then tells the engine.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from rf_common.commands import (
    AcceptVerdict,
    CancelAllOrders,
    CancelOpenOrder,
    ChangeOrder,
    Command,
    Kill,
    PlaceOrder,
    Reduce,
    Resume,
    SetStrategyEnabled,
    Shutdown,
    SwapStrategy,
    TightenRisk,
)
from rf_common.errors import RfError
from rf_common.orders import CommandAnswer, OrderIntent
from rf_daemon import status
from rf_daemon.asking import Asking, Word
from rf_daemon.folder import KillLatch
from rf_daemon.thinking import Thinking
from rf_daemon.thoughts import Thoughts
from rf_event_bus.messages import Role
from rf_risk import HUMAN

ROLES: Mapping[str, Role] = {
    **dict.fromkeys(
        ("status", "positions", "orders", "why", "risk", "mode", "thoughts"), Role.READ
    ),
    **dict.fromkeys(("order", "check", "kill", "reduce", "risk_adjust", "strategy"), Role.TRADE),
    **dict.fromkeys(("think", "ask", "accept", "news"), Role.TRADE),
    **dict.fromkeys(("resume", "shutdown"), Role.ADMIN),
}
"""Least role for each verb."""

ANSWER_S = 1.0
"""How long the engine may take to answer before it counts as hung, seconds."""

STATUS_ANSWER_S = 0.3
"""How long a status waits for the engine before the newest one there is will do, seconds."""

KILL_ANSWER_S = 0.7
"""The same for a kill: whoever asked wants to know soon that the gate is shut, seconds."""

_TIGHTER, _LOOSER = 0.9, 1.1
LIVE_NEEDS = (
    "a live venue: none is built in, orders go to the paper venue only",
    "a daemon started with --allow-live: this version has no such flag",
    "arming by a person at the daemon's own terminal: never over the bus",
)
"""Conditions of live trading that this version cannot meet."""

_ORDERS = PlaceOrder | ChangeOrder | CancelOpenOrder | CancelAllOrders
_EXIT = {"SENT": 0, "PHRASE": 10, "system_state": 10}


class Verbs:
    """The handler of what is asked over the bus.

    Parameters
    ----------
    loop : Asking
        The loop that runs the engine.
    latch : KillLatch
        The kill file.
    refresh : callable
        Takes a new status; run between two steps of the engine.
    latest : callable
        Returns the newest status.
    stop : callable
        Ends the daemon; takes the shutdown command.
    thoughts : Thoughts
        What is asked of the thinkers.
    """

    def __init__(
        self,
        loop: Asking,
        latch: KillLatch,
        refresh: Callable[[], None],
        latest: Callable[[], dict[str, Any]],
        stop: Callable[[Shutdown], None],
        *,
        thinking: Thinking | None = None,
    ) -> None:
        self._loop = loop
        self._latch = latch
        self._refresh = refresh
        self._latest = latest
        self._stop = stop
        self._thoughts = Thoughts(loop, thinking)
        self._killing: Word | None = None
        self._verbs: dict[str, Callable[[Mapping[str, Any]], Awaitable[object]]] = {
            "status": self._status,
            "positions": self._positions,
            "orders": self._orders,
            "order": self._order,
            "check": self._check,
            "kill": self._kill,
            "resume": self._resume,
            "reduce": self._reduce,
            "risk_adjust": self._risk_adjust,
            "mode": self._mode,
            "strategy": self._strategy,
            "why": self._why,
            "risk": self._risk,
            "shutdown": self._shutdown,
            "think": self._thoughts.think,
            "thoughts": self._thoughts.show,
            "ask": self._thoughts.ask,
            "news": self._thoughts.news,
            "accept": self._accept,
        }

    async def __call__(self, verb: str, args: Mapping[str, Any], peer: str, role: Role) -> object:
        """Answer one request of `peer`; that its role is enough the bus has seen to."""
        handler = self._verbs.get(verb)
        if handler is None:
            known = ", ".join(self._verbs)
            raise RfError(f"verb = {verb!r}: expected one of {known}", code="RF-N-020", exit_code=2)
        return await handler(args)

    # --- questions ----------------------------------------------------------------------------

    async def _status(self, _: Mapping[str, Any]) -> object:
        """Return the present status, or the newest there is while the engine does not answer."""
        with contextlib.suppress(TimeoutError, RuntimeError):
            word = asyncio.wrap_future(self._loop.ask(self._refresh))
            await asyncio.wait_for(word, timeout=STATUS_ANSWER_S)
        return self._latest()

    async def _positions(self, _: Mapping[str, Any]) -> object:
        return await self._engine(status.positions)

    async def _orders(self, args: Mapping[str, Any]) -> object:
        everything = bool(args.get("all", False))
        return await self._engine(lambda e: status.orders(e, everything=everything))

    async def _risk(self, _: Mapping[str, Any]) -> object:
        return await self._engine(
            lambda e: {
                "limits": status.limits(e.state.limits),
                "used": status.limits_used(e),
                "refusals": dict(sorted(e.state.risk.refusals.items())),
            }
        )

    async def _why(self, args: Mapping[str, Any]) -> object:
        name, only = args.get("strategy_id"), args.get("instrument_id")
        try:
            return await self._engine(lambda e: status.why(e, name, only))  # type: ignore[arg-type]  # looked up
        except KeyError as error:
            known = await self._engine(lambda e: list(e.core.registry))
            raise RfError(
                f"strategy_id = {name!r}: expected one of {', '.join(known) or 'none'}",
                code="RF-E-010",
                exit_code=2,
            ) from error

    async def _check(self, args: Mapping[str, Any]) -> object:
        wanted = _decoded(args.get("command"), PlaceOrder)
        intent = OrderIntent(
            strategy_id=HUMAN,  # type: ignore[arg-type]  # the id of people
            instrument_id=wanted.instrument_id,
            side=wanted.side,
            quantity=wanted.quantity,
            order_type=wanted.order_type,
            limit_price=wanted.limit_price,
            stop_price=wanted.stop_price,
            time_in_force=wanted.time_in_force,
            reduce_only=wanted.reduce_only,
            actor=wanted.actor,
            reason="only looked at",
        )
        return {"judgements": await self._engine(lambda e: status.judgements(e, intent))}

    # --- commands -----------------------------------------------------------------------------

    async def _order(self, args: Mapping[str, Any]) -> object:
        command: Command = _decoded(args.get("command"), _ORDERS)
        return _shown(await self._command(command))

    async def _resume(self, args: Mapping[str, Any]) -> object:
        phrase = str(args.get("phrase", ""))
        answer = await self._command(
            Resume(command_id=_fresh_id(), actor=_actor(args), phrase=phrase)
        )
        if answer.ok:
            self._latch.clear()
        return _shown(answer)

    async def _reduce(self, args: Mapping[str, Any]) -> object:
        command = Reduce(command_id=_fresh_id(), actor=_actor(args), reason=_reason(args))
        return _shown(await self._command(command))

    async def _risk_adjust(self, args: Mapping[str, Any]) -> object:
        common = {"type": "tighten", "command_id": _fresh_id(), "actor": _actor(args)}
        fraction = _TIGHTER if float(args.get("delta", 0)) < 0 else _LOOSER
        return _shown(await self._command(_decoded({**common, "fraction": fraction}, TightenRisk)))

    async def _mode(self, _: Mapping[str, Any]) -> object:
        mode = self._latest().get("mode", "")
        return {"mode": mode, "open": list(LIVE_NEEDS), "text": "live trading is not possible"}

    async def _strategy(self, args: Mapping[str, Any]) -> object:
        name = args.get("strategy_id")
        common = {"command_id": _fresh_id(), "actor": _actor(args), "strategy_id": name}
        command: Command
        if "factory" in args:
            given = {"factory": args["factory"], "parameters": args.get("parameters", "{}")}
            command = _decoded({"type": "strategy_swap", **common, **given}, SwapStrategy)
        else:
            given = {"enabled": args.get("enabled")}
            command = _decoded({"type": "strategy_enabled", **common, **given}, SetStrategyEnabled)
        return _shown(await self._command(command))

    async def _accept(self, args: Mapping[str, Any]) -> object:
        common = {"type": "accept_verdict", "command_id": _fresh_id(), "actor": _actor(args)}
        given = {name: args.get(name) for name in ("instrument_id", "cycle_id")}
        return _shown(await self._command(_decoded({**common, **given}, AcceptVerdict)))

    async def _shutdown(self, args: Mapping[str, Any]) -> object:
        cancel = bool(args.get("cancel_orders", True))
        self._stop(Shutdown(command_id=_fresh_id(), actor=_actor(args), cancel_orders=cancel))
        return {"ok": True, "code": "STOPPING", "text": "the daemon is stopping", "fix": ""}

    async def _kill(self, args: Mapping[str, Any]) -> object:
        return await self.kill(_reason(args), _actor(args))

    async def kill(self, reason: str, actor: str) -> dict[str, Any]:
        """Stop new orders, cancel what is open, tell the engine; works while it hangs."""
        self._latch.write(reason, actor)
        corridor = self._loop.corridor
        corridor.kills_asked += 1
        confirmed = corridor.gate.halt()
        command = Kill(command_id=_fresh_id(), actor=actor, reason=reason)
        shown: dict[str, Any] = {"confirmed": list(confirmed), "engine_answered": True}
        self._killing = word = self._loop.command(command)
        try:
            answer = await asyncio.wait_for(
                asyncio.shield(asyncio.wrap_future(word)), timeout=KILL_ANSWER_S
            )
        except (TimeoutError, RuntimeError):
            hung = corridor.engine.thinking
            text = "no new orders: the gate is shut; the engine itself does not answer"
            return shown | {
                "ok": True,
                "code": "KILLED",
                "text": f"{text}{f', strategy {hung} hangs' if hung else ''}",
                "fix": "kill -9 the daemon and start it again; the kill stays latched",
                "engine_answered": False,
            }
        self._latch.clear()
        return shown | _shown(answer)

    @property
    def is_killing(self) -> bool:
        """Whether the engine still owes the answer to a kill."""
        return self._killing is not None and not self._killing.done()

    # --- the way to the engine ----------------------------------------------------------------

    async def _engine(self, question: Callable[[Any], Any]) -> Any:
        engine = self._loop.corridor.engine
        return await self._heard(self._loop.ask(lambda: question(engine)))

    async def _command(self, command: Command) -> CommandAnswer:
        answer: CommandAnswer = await self._heard(self._loop.command(command))
        return answer

    async def _heard(self, word: Word) -> Any:
        try:
            return await asyncio.wait_for(asyncio.wrap_future(word), timeout=ANSWER_S)
        except TimeoutError as error:
            hung = self._loop.corridor.engine.thinking
            raise RfError(
                f"the engine has not answered for {ANSWER_S:g} s",
                code="RF-E-011",
                detail=f"strategy {hung} is thinking" if hung else "",
                fix="rf kill works without the engine",
                exit_code=5,
            ) from error
        except RuntimeError as error:
            raise RfError(str(error), code="RF-E-012", fix="rf status", exit_code=5) from error


def _decoded(given: object, kind: Any) -> Any:
    """Return `given` as a command; one clear error names what is wrong with it."""
    try:
        return msgspec.convert(given, kind, strict=False)
    except (msgspec.ValidationError, ValueError) as error:
        raise RfError(f"command: {error}", code="RF-N-021", exit_code=2) from error


def _shown(answer: CommandAnswer) -> dict[str, Any]:
    shown = {
        "ok": answer.ok,
        "code": answer.code,
        "text": answer.text,
        "fix": answer.fix,
        "client_order_id": answer.client_order_id,
    }
    if not answer.ok:
        shown["exit"] = _EXIT.get(answer.code, 6)
    return shown


def _fresh_id() -> str:
    return secrets.token_hex(8)


def _actor(args: Mapping[str, Any]) -> str:
    return str(args.get("actor", "door"))[:80]


def _reason(args: Mapping[str, Any]) -> str:
    return str(args.get("reason") or "by hand")[:200]
