"""Everything that is asked of the daemon, and how its answers are told.

Each request is told at once as "sent, waiting", and again when the daemon has answered. Nothing
is sent twice by itself: an answer that does not come leaves the outcome unknown, and says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rf_tui import latch
from rf_tui.answer import Answer, Ask

ACTOR = "tui"
KILL_PATIENCE_S = 1.5
"""How long a kill waits for the daemon before it is written to the kill file, seconds."""

Say = Callable[[str, str], None]
"""Shows a palette role and a text in the message line."""


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

    async def request(self, verb: str, args: Mapping[str, Any], what: str) -> Answer:
        """Ask one verb; `what` names it in the message line."""
        self._say("info", f"{what}: sent, waiting")
        answer = await self._ask(verb, args)
        role, word = ("good", "done") if answer.ok else ("bad", "refused")
        if not answer.reached:
            role, word = "warn", "no answer, outcome unknown"
        parts = [f"{what}: {word}", answer.code, answer.text]
        if answer.fix and not answer.ok:
            parts.append(f"fix: {answer.fix}")
        self._say(role, "  ".join(part for part in parts if part))
        return answer

    async def kill(self, reason: str) -> Answer:
        """Kill through the daemon, or by the file that it watches; never asks anybody."""
        try:
            async with asyncio.timeout(KILL_PATIENCE_S):
                answer = await self._ask("kill", {"reason": reason, "actor": ACTOR})
        except TimeoutError:
            answer = Answer(ok=False, text="the daemon did not answer in time", reached=False)
        if answer.ok:
            self._say("bad", f"KILLED  {answer.text}")
            return answer
        latched = self._latched(answer, reason)
        self._say("bad", f"{latched.code}  {latched.text}")
        return latched

    def _latched(self, answer: Answer, reason: str) -> Answer:
        why = f"{answer.code} {answer.text}".strip()
        if not self._is_local:
            return Answer(
                ok=False, code="NOT KILLED", text=why, fix="rf kill, on the daemon's machine"
            )
        try:
            path = latch.throw(self._data_dir, reason, ACTOR)
        except OSError as error:
            return Answer(
                ok=False,
                code="NOT KILLED",
                text=f"{why}; and the kill file cannot be written: {error.strerror}",
                detail="the daemon, if one runs, goes on trading",
                fix="stop the daemon's process, and cancel at the venue's own page",
            )
        return Answer(
            ok=False,
            code="LATCHED",
            text=f"{why}; the kill is written to {path}",
            detail="A running daemon obeys that file within a second, one that starts does too. "
            "No venue has confirmed anything: orders may still be open there.",
            fix="rf status",
        )
