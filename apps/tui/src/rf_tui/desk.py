"""Everything that is asked of the daemon, and how its answers are told.

Each request is told at once as "sent, waiting", and again when the daemon has answered. Nothing
is sent twice by itself: when no answer comes the outcome is unknown, and that is said.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rf_dashboard import CancelDialog
from rf_tui import latch
from rf_tui.outcome import Ask, Outcome

ACTOR = "tui"
KILL_PATIENCE_S = 1.5
"""How long a kill waits for the daemon before it is written to the kill file, seconds."""

Say = Callable[[str, str], None]
"""Shows a palette role and a text in the message line."""


def fresh_id() -> str:
    """Return an id for one command; the same id is never done twice."""
    return secrets.token_hex(8)


class Desk:
    """Asks, and says what came of it.

    Parameters
    ----------
    ask : callable
        The way to the daemon.
    say : callable
        The message line.
    data_dir : Path
        Where the kill file goes when no daemon answers.
    is_local : bool
        Whether that folder is the daemon's: it is not when the daemon runs elsewhere.
    """

    def __init__(self, ask: Ask, say: Say, data_dir: Path, *, is_local: bool) -> None:
        self._ask = ask
        self._say = say
        self._data_dir = data_dir
        self._is_local = is_local

    async def request(self, verb: str, args: Mapping[str, Any], what: str) -> Outcome:
        """Ask one verb; `what` names it in the message line."""
        self._say("info", f"{what}: sent, waiting")
        outcome = await self._ask(verb, args)
        role, word = ("good", "done") if outcome.ok else ("bad", "refused")
        if not outcome.reached:
            role, word = "warn", "no answer, it may have been done"
        self._say(role, f"{what}: {word}  {outcome.line}")
        return outcome

    async def cancel(self, dialog: CancelDialog) -> Outcome:
        """Cancel what a confirmed dialog names."""
        one = dialog.client_order_id
        what = f"cancel {one}" if one else f"cancel all {dialog.open_orders} orders"
        return await self.request("order", dialog.to_args(), what)

    async def kill(self, reason: str) -> Outcome:
        """Kill through the daemon, or by the file that it watches; never asks anybody."""
        try:
            async with asyncio.timeout(KILL_PATIENCE_S):
                outcome = await self._ask("kill", {"reason": reason, "actor": ACTOR})
        except TimeoutError:
            outcome = Outcome(ok=False, text="the daemon did not answer in time", reached=False)
        if not outcome.ok:
            outcome = self._latched(outcome.line, reason)
        self._say("bad", outcome.line if outcome.code else f"KILLED  {outcome.line}")
        return outcome

    def _latched(self, why: str, reason: str) -> Outcome:
        if not self._is_local:
            fix = "rf kill, on the daemon's machine"
            return Outcome(ok=False, code="NOT KILLED", text=why, fix=fix)
        try:
            path = latch.throw(self._data_dir, reason, ACTOR)
        except OSError as error:
            return Outcome(
                ok=False,
                code="NOT KILLED",
                text=f"{why}; and the kill file cannot be written: {error.strerror}",
                detail="The daemon, if one runs, goes on trading.",
                fix="stop the daemon's process, and cancel at the venue's own page",
            )
        return Outcome(
            ok=False,
            code="LATCHED",
            text=f"{why}; the kill is written to {path}",
            detail="A running daemon obeys that file within a second, one that starts does too. "
            "No venue has confirmed anything: orders may still be open there.",
            fix="rf status",
        )
