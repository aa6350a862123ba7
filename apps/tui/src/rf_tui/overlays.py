"""The two boxes that follow the state by themselves: kill overlay and offline box."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rf_common.clock import UnixNanos
from rf_dashboard import ResumeDialog, views
from rf_tui.desk import ACTOR
from rf_tui.dialogs.kill import KillBox
from rf_tui.dialogs.offline import Offline

if TYPE_CHECKING:
    from rf_tui.app import App


class Overlays:
    """Opens, fills and closes them; a person's Esc closes each until it is needed again.

    Parameters
    ----------
    app : App
        Whose screen they cover.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._was_killed = False
        self._offline: Offline | None = None
        self._kill: KillBox | None = None

    def follow(self, now: UnixNanos) -> None:
        """Bring both up to the state."""
        self._follow_line()
        system = self._app.daemon.state.system
        killed = system is not None and system.killed
        if killed and not self._was_killed:
            self.kill_box()
        self._was_killed = killed
        if self._kill is not None and self._kill in self._app.stack.levels:
            self._kill.show(views.system(self._app.daemon.state, now))

    def _follow_line(self) -> None:
        app, line, box = self._app, self._app.daemon.line, self._offline
        if line.live and box is not None:
            self._offline = None
            app.shut(box)
            app.say("good", "connected to the daemon")
        elif line.reason and not line.live and box is None:
            self._offline = app.show(lambda close: Offline(close, line, app.act))
        elif box is not None and line != box.line:
            box.line = line
            box.touched()

    def kill_box(self) -> KillBox:
        """Return the kill overlay, opened if it was not."""
        app = self._app
        if self._kill is None:
            self._kill = app.show(
                lambda close: KillBox(close, lambda: app.daemon.state, self._resume, actor=ACTOR)
            )
        elif self._kill not in app.stack.levels:
            app.open(self._kill)
        return self._kill

    def kill(self) -> None:
        """Kill, without a question, whatever is open."""
        box = self.kill_box()
        box.sent()
        self._app.start(self._killing(box))

    async def _killing(self, box: KillBox) -> None:
        box.answered(await self._app.desk.kill("K in the terminal"))

    def _resume(self, dialog: ResumeDialog) -> None:
        self._app.start(self._resuming(self.kill_box(), dialog))

    async def _resuming(self, box: KillBox, dialog: ResumeDialog) -> None:
        outcome = await self._app.desk.request("resume", dialog.to_args(), "resume")
        if outcome.ok:
            self._app.shut(box)
        else:
            box.not_resumed(outcome)
