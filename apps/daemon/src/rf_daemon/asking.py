"""How other threads put questions and commands to the engine."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable
from typing import Any

from rf_common.commands import Command
from rf_common.orders import CommandAnswer
from rf_daemon.corridor import Corridor

Word = concurrent.futures.Future[Any]
"""An answer that is on its way."""


class Asking:
    """What both loops offer to the operator's thread.

    Parameters
    ----------
    corridor : Corridor
        Where commands go.
    """

    def __init__(self, corridor: Corridor) -> None:
        self.corridor = corridor
        self._post: Callable[[Callable[[], None]], object] | None = None
        """Has a function run between two steps of the engine; None while nothing runs."""

    def ask(self, question: Callable[[], Any]) -> Word:
        """Answer `question` between two steps of the engine."""
        word: Word = concurrent.futures.Future()

        def answer() -> None:
            if not word.set_running_or_notify_cancel():
                return
            try:
                word.set_result(question())
            except Exception as error:
                word.set_exception(error)

        self._offer(answer, word)
        return word

    def command(self, command: Command) -> Word:
        """Feed a person's command and return its answer."""
        word: Word = concurrent.futures.Future()

        def answered(answer: CommandAnswer) -> None:
            if word.set_running_or_notify_cancel():
                word.set_result(answer)

        self._offer(lambda: self.corridor.command(command, answered), word)
        return word

    def _offer(self, item: Callable[[], None], word: Word) -> None:
        if self._post is None:
            word.set_exception(RuntimeError("the engine is not running"))
            return
        self._post(item)
