"""The application: gives keys to whom they belong, opens dialogs, shows what was answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import urwid

from rf_common.clock import Clock, monotonic_ns
from rf_common.enums import Side
from rf_dashboard import format, views
from rf_tui import commands, keys
from rf_tui.desk import Desk, fresh_id
from rf_tui.dialogs.box import Box
from rf_tui.glyphs import clean
from rf_tui.messages import Message
from rf_tui.overlays import Overlays
from rf_tui.paint import Line, fit, spread
from rf_tui.ports import Daemon, Options
from rf_tui.screens.ai import AiScreen
from rf_tui.screens.dashboard import Dashboard
from rf_tui.screens.layout import Form
from rf_tui.shell import Bars, Root
from rf_tui.thinking import Thinking
from rf_tui.widgets.header import Top, first_row, screen_at, second_row
from rf_tui.widgets.panel import log_failure

_LOG = logging.getLogger(__name__)
B = TypeVar("B", bound=Box)
AI = 5
"""The number of the screen that shows the intelligence."""


class App:
    """Routes; it holds no truth about the market or the account.

    Parameters
    ----------
    daemon : Daemon
        The line.
    options : Options
        What the command line says.
    clock : Clock
        The time that ages are counted to.
    leave : callable
        Ends the program.
    durations : callable
        A clock for durations, ns.
    ids : callable
        Draws the id of each command.
    """

    def __init__(  # noqa: PLR0917  # each one is named where it is made
        self,
        daemon: Daemon,
        options: Options,
        clock: Clock,
        leave: Callable[[], None],
        durations: Callable[[], int] = monotonic_ns,
        ids: Callable[[], str] = fresh_id,
    ) -> None:
        self.daemon = daemon
        self.options = options
        self.clock = clock
        self.leave = leave
        self.durations = durations
        self.ids = ids
        self.desk = Desk(daemon.ask, self.say, options.data_dir, is_local=options.is_local)
        self.dashboard: Dashboard = Dashboard(self.take)
        self.ai = AiScreen(self.take)
        self.number = 1
        self.thinking: Thinking = Thinking(self)
        self.message: tuple[str, str] = ("dim", "")
        self.seen_alert = 0
        self._pasting = False
        self._failure = ""
        self.overlays = Overlays(self)
        self._tasks: set[asyncio.Task[None]] = set()
        self._header = Bars(self._top_lines, self.header_clicked)
        self._footer = Bars(self._bottom_lines)
        # Dialogs cover the screen only: mode word, messages and hints can always be read.
        self._body: urwid.WidgetPlaceholder[urwid.Widget] = urwid.WidgetPlaceholder(self.dashboard)
        self.stack = urwid.OverlayStack(self._body)
        frame = urwid.Frame(self.stack, header=self._header, footer=self._footer)
        self.root = Root(frame, self, ascii_only=options.ascii_only)
        if options.screen != 1:
            commands.show_screen(self, str(options.screen))

    # --- keys and messages ----------------------------------------------------------------

    @property
    def dialog(self) -> Box | None:
        """The dialog that takes the keys, if one is open."""
        levels = self.stack.levels
        return levels[-1] if levels else None  # type: ignore[return-value]  # only boxes are opened

    def pressed(self, key: str) -> None:
        """Take one key: the kill first, then the open dialog, then the table."""
        self.daemon.changed.set()
        if key in {"begin paste", "end paste"}:
            self._pasting = key == "begin paste"
            return
        dialog = self.dialog
        binding = keys.binding_of(key)
        if self._pasting:
            if dialog is not None and len(key) == 1:
                dialog.keypress((0, 0), key)
        elif dialog is not None and not _kills(key, dialog):
            dialog.keypress((0, 0), key)
        elif binding is not None:
            self.act(binding.action, key)
        elif len(key) == 1:
            self.say("dim", f"{key!r} does nothing here; ? shows the keys")

    def take(self, message: Message) -> None:
        """Take what a person did on a panel or chose in the palette."""
        self.daemon.changed.set()
        name, value, side = message
        if name == "focus":
            self.screen.focus_panel(value)
        elif name == "instrument":
            self.dashboard.choose(value)
        elif name == "price":
            commands.open_ticket(self, Side(side), value)
        elif name == "screen":
            commands.show_screen(self, value)
        elif name == "action":
            self.act(value)
        self.refresh()

    @property
    def screen(self) -> Dashboard | AiScreen:
        """The screen whose panels the keys go to; a small terminal has the essentials only."""
        return self.ai if self.number == AI and self.dashboard.form is not Form.SMALL else (
            self.dashboard
        )  # fmt: skip

    def show_number(self, number: int) -> None:
        """Show the screen of this number."""
        self.number = number
        self._arrange()

    def _arrange(self) -> None:
        screen = self.screen
        self.dashboard.hidden = screen is not self.dashboard
        if self._body.original_widget is not screen:
            self._body.original_widget = screen

    def act(self, action: str, key: str = "") -> None:
        """Do one action of the table."""
        try:
            commands.ACTIONS[action](self, key)
        except Exception:
            reference = log_failure(f"action {action}")
            self.say("bad", f"{action} failed, log line {reference}; nothing was sent by it")
        self.refresh()

    def header_clicked(self, column: int, row: int) -> None:
        """Change the screen by a click on its name."""
        number = screen_at(column, self.dashboard.columns, self.number) if row == 1 else 0
        if number:
            commands.show_screen(self, str(number))

    # --- saying and asking ----------------------------------------------------------------

    def say(self, role: str, text: str) -> None:
        """Show one message, and log it."""
        self.message = (role, clean(text))
        self.daemon.changed.set()
        _LOG.info("message: %s", text)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the screen; its failure is told, never lost."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.daemon.changed.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOG.error("a request failed", exc_info=error)
            self.say("bad", f"a request failed: {error}; look at the open orders")

    def open(self, box: Box) -> None:
        """Put a dialog on top."""
        width, height = box.wanted
        self.stack.open(box, width=width, height=height)
        self.daemon.changed.set()

    def show(self, make: Callable[[Callable[[], None]], B]) -> B:
        """Open the dialog that `make` builds from its closing function, and return it."""
        made: list[B] = []
        made.append(make(lambda: self.shut(made[0])))
        self.open(made[0])
        return made[0]

    def shut(self, box: Box) -> None:
        """Take a dialog off the screen, if it is there; those above it stay."""
        levels = list(self.stack.levels)
        if box in levels:
            above = levels[levels.index(box) + 1 :]
            self.stack.close(widget=box)
            for other in above:
                self.open(other)  # type: ignore[arg-type]  # only boxes are opened
        self.daemon.changed.set()

    # --- picture --------------------------------------------------------------------------

    def resized(self, columns: int, rows: int) -> None:
        """Arrange everything for this size."""
        if (columns, rows) != self.dashboard.size:
            self.dashboard.resize(columns, rows)
            self.ai.resize(columns, rows)
            self._arrange()
            self.refresh()

    def refresh(self) -> None:
        """Bring every widget up to the state; only what is different is painted again."""
        now = self.clock.now()
        try:
            self.overlays.follow(now)
            self.thinking.follow()
            self.dashboard.update(self.daemon.state, now)
            if self.screen is self.ai:
                self.ai.update(self.daemon.state, now, self.dashboard.chosen,
                               tuple(self.thinking.exchanges))  # fmt: skip
        except Exception:
            self._failure = log_failure("refresh", self._failure)
            self.say("bad", f"the screen cannot be brought up to date, log line {self._failure}")
        self._header.refresh()
        self._footer.refresh()

    def _top_lines(self, width: int) -> list[Line]:
        now = self.clock.now()
        try:
            header = views.header(self.daemon.state, now)
            first = first_row(Top(header, self.daemon.line, format.clock(now)), width)
        except Exception:
            self._failure = log_failure("header", self._failure)
            first = [("bad", f" the header cannot be shown, log line {self._failure}")]
        return [first] if self.dashboard.form is Form.SMALL else [
            first, second_row(self.number, width),
        ]  # fmt: skip

    def _bottom_lines(self, width: int) -> list[Line]:
        role, text = self.message
        unread = max(0, self.daemon.state.log.number - self.seen_alert)
        right = [("warn", f"{unread} unread alerts ")] if unread else []
        dialog = self.dialog
        hint = dialog.hint if dialog is not None else keys.hints(
            width - 2, self.number, self.thinking.cost_hint()
        )  # fmt: skip
        if dialog is None and self.dashboard.form is Form.SMALL:
            hint = keys.essentials()
        return [spread(fit([(role, f" {text}")], max(1, width - 20)), right, width),
                [("key", f" {hint}")]]  # fmt: skip


def _kills(key: str, dialog: Box) -> bool:
    return key == "f12" or (key == "K" and not dialog.takes_text)
