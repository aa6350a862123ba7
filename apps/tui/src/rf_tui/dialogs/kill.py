"""The kill overlay: what was confirmed, and the phrase that is the only way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rf_dashboard import DashboardState, ResumeDialog, resume_dialog
from rf_dashboard.format import show
from rf_dashboard.views import SystemPanel
from rf_tui.dialogs.box import Box, Close
from rf_tui.dialogs.field import Field
from rf_tui.glyphs import clean
from rf_tui.outcome import Outcome
from rf_tui.paint import Line, wrapped

_NAMED = 12
"""How many confirmed orders are named one by one."""
_LABEL = "Type the phrase to resume: "


class KillBox(Box):
    """Full screen and red; Esc looks at the screen behind it, and never resumes.

    Parameters
    ----------
    close : callable
        Takes the overlay off the screen.
    state : DashboardState
        Where the phrase is, once the daemon has told it.
    resume : callable
        Takes the confirmed dialog to the daemon.
    actor : str
        Who resumes.
    """

    tone = "kill"
    edge = "kill strong"
    wanted = (1000, 1000)
    hint = "phrase + Enter resumes   K kill again   Esc look at the screen, stays killed"

    def __init__(
        self,
        close: Close,
        state: Callable[[], DashboardState],
        resume: Callable[[ResumeDialog], None],
        *,
        actor: str,
    ) -> None:
        super().__init__(close)
        self._state = state
        self._resume = resume
        self._actor = actor
        self._field = Field(_LABEL, width=24)
        self._row = 0
        self._said: list[tuple[str, str]] = []
        self.panel: SystemPanel | None = None

    def title(self) -> Line:
        """Return the title."""
        return [("kill strong", "KILL SWITCH")]

    def show(self, panel: SystemPanel) -> None:
        """Take what the bus says."""
        if panel != self.panel:
            self.panel = panel
            self.touched()

    def sent(self) -> None:
        """Say that the kill is on its way."""
        self._say([("kill strong", "KILL sent, waiting for the daemon")])

    def answered(self, outcome: Outcome) -> None:
        """Say what the daemon, and through it the venue, has confirmed."""
        if not outcome.ok:
            self._say([("kill strong", f"{outcome.code}  {outcome.text}"), ("kill", outcome.detail),
                       ("kill", f"fix: {outcome.fix}" if outcome.fix else "")])  # fmt: skip
            return
        self._say(_confirmed(outcome.data if isinstance(outcome.data, dict) else {}, outcome.text))

    def not_resumed(self, outcome: Outcome) -> None:
        """Say why the daemon did not resume."""
        text = f"not resumed: {outcome.code}  {outcome.text}"
        fix = outcome.fix or "rf resume"
        self._say([("kill strong", text), ("kill", f"fix: {fix}")])

    def _say(self, paragraphs: Sequence[tuple[str, str]]) -> None:
        self._said = [(role, clean(text)) for role, text in paragraphs if text]
        self.touched()

    def cursor(self) -> tuple[int, int] | None:
        """Return where typing goes."""
        return (self._field.cursor_column(len(_LABEL)), self._row) if self._phrase else None

    @property
    def _phrase(self) -> str:
        system = self._state().system
        return system.resume_phrase if system else ""

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return what was confirmed, what the bus says, and the field."""
        said = [*self._said, ("kill", ""), *self._of_bus()]
        lines: list[Line] = [[(role, line)] for role, text in said for line in wrapped(text, width)]
        lines = lines[: max(0, height - 4)]
        if self._phrase:
            shown = [("kill", "the phrase is  "), ("kill strong", clean(self._phrase))]
            lines += [(), shown, self._field.line(len(_LABEL), focus=True)]
            self._row = len(lines) - 1
        return [*lines, [("kill", "Esc looks at the screen; it does not resume.")]]

    def _of_bus(self) -> list[tuple[str, str]]:
        panel, state = self.panel, self._state()
        if panel is None or panel.killed.value is None:
            return [("kill", "the bus says    n/a: the daemon has not told its state")]
        kill = "ENGAGED" if panel.killed.value else "not engaged"
        held = sum(1 for p in (state.account.positions if state.account else ()) if p.quantity)
        unknown = sum(order.status == "UNKNOWN" for order in state.orders.values())
        return [
            ("kill", f"the bus says    {show(panel.mode, str)}  {show(panel.state, str)}  "
                     f"kill switch {kill}, number {show(panel.kill_number, str)}"),
            ("kill", f"reason          {clean(panel.kill_reason or panel.state_reason)}"),
            ("kill", f"still shown     {len(state.orders)} open orders, {unknown} of them unknown"),
            ("kill", f"kept            {held} positions: the kill does not close them"),
        ]  # fmt: skip

    def pressed(self, key: str) -> None:
        """Type the phrase; Enter asks, but only with the whole phrase."""
        if key != "enter":
            self._field.pressed(key)
            return
        try:
            dialog = resume_dialog(self._state(), self._actor).edit(self._field.text).confirm()
        except ValueError as error:
            self._say([("kill strong", str(error))])
            return
        if dialog.message:
            self._say([("kill strong", dialog.message)])
            return
        self._say([("kill strong", "resume sent, waiting for the daemon")])
        self._field.text = ""
        self._resume(dialog)


def _confirmed(data: dict[str, Any], text: str) -> list[tuple[str, str]]:
    names = [str(name) for name in data.get("confirmed", ())]
    told = [
        ("kill strong", "KILLED: no new order leaves."),
        ("kill strong", f"confirmed by the venue: {len(names)} orders cancelled"),
        *(("kill", f"  {name}") for name in names[:_NAMED]),
    ]
    if len(names) > _NAMED:
        told.append(("kill", f"  … and {len(names) - _NAMED} more"))
    return [*told, ("kill" if data.get("engine_answered") else "kill strong", text)]
