"""The other questions of a screen as values: kill, resume, cancel, mode, quit.

Stopping is one step, starting again is a typed phrase. Esc is `back` everywhere, and never
resumes, cancels, kills or quits.
"""

from __future__ import annotations

from typing import Any

import msgspec

from rf_common.commands import CancelAllOrders, CancelOpenOrder
from rf_common.enums import Mode
from rf_common.ids import ClientOrderId
from rf_dashboard.state import DashboardState
from rf_dashboard.tickets import MAX_TYPED, Answer, Move, Stage

DIALOG_TRANSITIONS = {
    (Stage.EDITING, Move.EDIT): Stage.EDITING,
    (Stage.EDITING, Move.CONFIRM): Stage.SENT,
    (Stage.EDITING, Move.BACK): Stage.CLOSED,
    (Stage.SENT, Move.ANSWER): Stage.ANSWERED,
    (Stage.ANSWERED, Move.BACK): Stage.CLOSED,
}
"""Moves of the dialogs that ask the daemon for something; a kill begins as sent."""


def _after(stage: Stage, move: Move) -> Stage:
    following = DIALOG_TRANSITIONS.get((stage, move))
    if following is None:
        raise ValueError(f"a dialog that is {stage} cannot take {move}")
    return following


def _must_be_sent(stage: Stage) -> None:
    if stage is not Stage.SENT:
        raise ValueError(f"expected a confirmed dialog, was {stage}")


class KillOverlay(msgspec.Struct, frozen=True, kw_only=True):
    """A kill: no question is asked, so it begins as sent and only waits for its answer.

    `confirmed` are the orders whose cancelling the venue confirmed, `engine_answered` is False
    when the gate is shut but the engine hangs; both are the daemon's words.
    """

    actor: str
    reason: str = "by hand"
    stage: Stage = Stage.SENT
    answer: Answer | None = None
    confirmed: tuple[str, ...] = ()
    engine_answered: bool | None = None

    def to_args(self) -> dict[str, Any]:
        """Return the arguments of the bus verb ``kill``; asking again is harmless."""
        return {"reason": self.reason, "actor": self.actor}

    def answered(self, reply: dict[str, Any]) -> KillOverlay:
        """Return the overlay with what the daemon replied."""
        return msgspec.structs.replace(
            self,
            stage=_after(self.stage, Move.ANSWER),
            answer=Answer.of_reply(reply),
            confirmed=tuple(str(name) for name in reply.get("confirmed", ())),
            engine_answered=reply.get("engine_answered"),
        )

    def lost(self, reason: str) -> KillOverlay:
        """Return the overlay when no answer came: whether anything was stopped is not known."""
        answer = Answer(
            ok=None,
            code="UNKNOWN",
            text=f"no answer to the kill ({reason}): orders may still be working",
            fix="rf kill in another terminal",
        )
        return msgspec.structs.replace(self, stage=_after(self.stage, Move.ANSWER), answer=answer)

    def back(self) -> KillOverlay:
        """Return the overlay closed; the kill stays."""
        return msgspec.structs.replace(self, stage=_after(self.stage, Move.BACK))


class ResumeDialog(msgspec.Struct, frozen=True, kw_only=True):
    """Leaving a halt: `typed` must be the `phrase` that the kill showed, to the letter."""

    actor: str
    phrase: str
    kill_reason: str = ""
    typed: str = ""
    message: str = ""
    stage: Stage = Stage.EDITING
    answer: Answer | None = None

    def edit(self, typed: str) -> ResumeDialog:
        """Return the dialog with this text in its field."""
        stage = _after(self.stage, Move.EDIT)
        if len(typed) > 2 * MAX_TYPED:
            raise ValueError(f"expected at most {2 * MAX_TYPED} characters, was {len(typed)}")
        return msgspec.structs.replace(self, stage=stage, typed=typed, message="")

    def confirm(self) -> ResumeDialog:
        """Return the dialog as sent, or with a message when the phrase is not right."""
        stage = _after(self.stage, Move.CONFIRM)
        if not self.phrase or self.typed != self.phrase:
            message = "that is not the phrase; nothing was resumed"
            return msgspec.structs.replace(self, message=message)
        return msgspec.structs.replace(self, stage=stage, message="")

    def to_args(self) -> dict[str, Any]:
        """Return the arguments of the bus verb ``resume``; ValueError unless confirmed."""
        _must_be_sent(self.stage)
        return {"phrase": self.typed, "actor": self.actor}

    def answered(self, answer: Answer) -> ResumeDialog:
        """Return the dialog with what became of it."""
        return msgspec.structs.replace(self, stage=_after(self.stage, Move.ANSWER), answer=answer)

    def back(self) -> ResumeDialog:
        """Return the dialog closed; it never resumes."""
        return msgspec.structs.replace(self, stage=_after(self.stage, Move.BACK), typed="")


def resume_dialog(state: DashboardState, actor: str) -> ResumeDialog:
    """Return the dialog that leaves the present halt.

    Raises
    ------
    ValueError
        If the daemon has told no phrase: nothing is to be resumed, or nothing is known.
    """
    system = state.system
    if system is None or not system.resume_phrase:
        raise ValueError("nothing is to be resumed: the daemon shows no phrase")
    reason = system.kill_reason or state.state_reason
    return ResumeDialog(actor=actor, phrase=system.resume_phrase, kill_reason=reason)


class CancelDialog(msgspec.Struct, frozen=True, kw_only=True):
    """Cancelling one order, or all of them when `client_order_id` is None."""

    command_id: str
    actor: str
    client_order_id: ClientOrderId | None = None
    open_orders: int = 0
    stage: Stage = Stage.EDITING
    answer: Answer | None = None

    def confirm(self) -> CancelDialog:
        """Return the dialog as sent."""
        return msgspec.structs.replace(self, stage=_after(self.stage, Move.CONFIRM))

    def to_args(self) -> dict[str, Any]:
        """Return the arguments of the bus verb ``order``; ValueError unless confirmed."""
        _must_be_sent(self.stage)
        common = {"command_id": self.command_id, "actor": self.actor}
        command = (
            CancelAllOrders(**common)
            if self.client_order_id is None
            else CancelOpenOrder(**common, client_order_id=self.client_order_id)
        )
        return {"command": msgspec.to_builtins(command)}

    def answered(self, answer: Answer) -> CancelDialog:
        """Return the dialog with what became of it."""
        return msgspec.structs.replace(self, stage=_after(self.stage, Move.ANSWER), answer=answer)

    def back(self) -> CancelDialog:
        """Return the dialog closed; it never cancels an order."""
        return msgspec.structs.replace(self, stage=_after(self.stage, Move.BACK))


class ModeDialog(msgspec.Struct, frozen=True, kw_only=True):
    """What mode the daemon is in; a screen cannot change it, so there is nothing to confirm."""

    mode: Mode | None
    account: str
    lines: tuple[str, ...]


def mode_dialog(state: DashboardState) -> ModeDialog:
    """Return what is to be said of the mode."""
    system = state.system
    return ModeDialog(
        mode=system.mode if system else None,
        account=system.account if system else "",
        lines=(
            "The mode is chosen when the daemon starts and stays until it stops.",
            "SIM: simulated market. PAPER: real prices, fills on paper. LIVE: real money.",
            "To change it, stop the daemon and start it with the other source.",
            "LIVE trading does not exist yet, see docs/roadmap.md.",
        ),
    )


class QuitDialog(msgspec.Struct, frozen=True, kw_only=True):
    """Leaving the screen; it asks when orders are open or when it cannot know."""

    open_orders: int
    positions: int
    known: bool
    stage: Stage = Stage.EDITING

    @property
    def asks(self) -> bool:
        """Whether the question has to be put at all."""
        return self.open_orders > 0 or not self.known

    @property
    def leaves(self) -> bool:
        """Whether the screen may close."""
        return self.stage is Stage.SENT

    @property
    def lines(self) -> tuple[str, ...]:
        """What will keep running."""
        if not self.known:
            return ("The daemon is not reached: open orders and positions are not known.",)
        return (
            f"{self.open_orders} open orders stay at the venue, {self.positions} positions stay.",
            "The daemon and its strategies keep running; only this screen closes.",
        )

    def confirm(self) -> QuitDialog:
        """Return the dialog with which the screen closes."""
        return msgspec.structs.replace(self, stage=_after(self.stage, Move.CONFIRM))

    def back(self) -> QuitDialog:
        """Return the dialog closed; the screen stays."""
        return msgspec.structs.replace(self, stage=_after(self.stage, Move.BACK))


def quit_dialog(state: DashboardState, *, known: bool) -> QuitDialog:
    """Return the question; `known` tells whether the daemon is reached."""
    held = state.account.positions if state.account else ()
    return QuitDialog(
        open_orders=len(state.orders),
        positions=sum(1 for position in held if position.quantity),
        known=known,
    )
