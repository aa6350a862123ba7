"""The application on a terminal: urwid on asyncio, at most ten frames a second."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import urwid

from rf_common.clock import NANOS_PER_SECOND
from rf_tui.app import App
from rf_tui.pacer import FRAME_NS, Pacer
from rf_tui.palette import Entry

_LOG = logging.getLogger(__name__)
_IDLE_S = 0.9
"""How long nothing is painted while nothing happens, seconds."""


class Source(Protocol):
    """What runs beside the screen and wakes it."""

    changed: asyncio.Event

    async def run(self) -> None:
        """Run until cancelled."""
        ...


class PacedLoop(urwid.MainLoop):
    """Draws when something changed, and never more often than the pacer allows."""

    def __init__(self, *args: Any, durations: Callable[[], int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._durations = durations
        self._pacer = Pacer()
        self._waiting: Any = None

    def entering_idle(self) -> None:
        """Draw now, or as soon as the next frame may come."""
        if self._waiting is not None or not self.screen.started:
            return
        wait_ns = self._pacer.wait(self._durations())
        if wait_ns == 0:
            self.draw_screen()
            return
        loop = asyncio.get_running_loop()
        self._waiting = loop.call_later(wait_ns / NANOS_PER_SECOND, self._draw_late)

    def _draw_late(self) -> None:
        self._waiting = None
        self.entering_idle()

    def stop(self) -> None:
        """Draw no more."""
        if self._waiting is not None:
            self._waiting.cancel()
        super().stop()


async def run(
    app: App,
    source: Source,
    screen: Any,
    palette: Sequence[Entry],
    *,
    leaving: asyncio.Event,
    mouse: bool,
    durations: Callable[[], int],
) -> None:
    """Show the application until somebody leaves."""
    guarded = urwid.GuardedEventLoop(
        urwid.AsyncioEventLoop(loop=asyncio.get_running_loop()),
        lambda error: _failed(app, leaving, error),
    )
    loop = PacedLoop(
        app.root, palette, screen, handle_mouse=mouse, event_loop=guarded, durations=durations
    )
    with _signals(app, leaving), loop.start():
        line = asyncio.create_task(source.run(), name="line")
        pace = asyncio.create_task(_keep_painting(app, source, loop), name="pace")
        tasks = (line, pace, asyncio.create_task(leaving.wait(), name="leaving"))
        done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
    for task in done:
        task.result()


async def _keep_painting(app: App, source: Source, loop: PacedLoop) -> None:
    """Refresh when something came or was done, and once a second for what only gets older."""
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_IDLE_S):
                await source.changed.wait()
        source.changed.clear()
        app.refresh()
        loop.entering_idle()
        await asyncio.sleep(FRAME_NS / NANOS_PER_SECOND)


def _failed(app: App, leaving: asyncio.Event, error: Exception) -> None:
    _LOG.error("the screen failed", exc_info=error)
    if isinstance(error, (urwid.ExitMainLoop, EOFError, OSError)):
        leaving.set()  # the terminal has gone
    else:
        app.say("bad", f"the screen failed: {type(error).__name__}, see tui.log")


@contextlib.contextmanager
def _signals(app: App, leaving: asyncio.Event) -> Any:
    """Let Ctrl-C ask as `q` does, the second one leave, and an ending session leave at once."""
    loop = asyncio.get_running_loop()
    asked: list[bool] = []

    def interrupt() -> None:
        if asked:
            leaving.set()
        asked.append(True)
        app.act("quit")

    loop.add_signal_handler(signal.SIGINT, interrupt)
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, leaving.set)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)
