"""The kill overlay: what was confirmed, and the phrase that is the only way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rf_tui.answer import Answer
from rf_tui.dialogs.box import Box, Close, wrapped
from rf_tui.dialogs.field import Field
from rf_tui.paint import Line


class KillState(NamedTuple):
    """What the bus says of the kill switch now.

    Parameters
    ----------
    word : str
        The mode, then the state of the system.
    killed : bool
        Whether the kill switch is engaged.
    text : str
        Number, reason, and what stays, for people.
    open_orders : int
        Orders that the bus still shows as open.
    phrase : str
        What must be typed to resume; empty while nothing has to be resumed.
    """

    word: str = "n/a"
    killed: bool = False
    text: str = ""
    open_orders: int = 0
    phrase: str = ""


class KillBox(Box):
    """Full screen and red; Esc looks at the screen behind it, and never resumes.

    Parameters
    ----------
    close : callable
        Takes the overlay off the screen.
    resume : callable
        Asks the daemon to resume with the phrase that was typed.
    """

    tone = "kill"
    edge = "kill strong"
    wanted = (1000, 1000)
    hint = "type the phrase, then Enter = resume   K kill again   Esc look at the screen (killed)"

    def __init__(self, close: Close, resume: Callable[[str], None]) -> None:
        super().__init__(close)
        self._resume = resume
        self._field = Field("Type the phrase to resume: ", width=24)
        self._row = 0
        self._paragraphs: list[tuple[str, str]] = []
        self.state = KillState()

    def title(self) -> Line:
        """Return the title."""
        return [("kill strong", "KILL SWITCH")]

    def sent(self) -> None:
        """Say that the kill is on its way."""
        self._say([("kill strong", "KILL sent, waiting for the daemon")])

    def answered(self, answer: Answer) -> None:
        """Say what the daemon, and through it the venue, has confirmed."""
        data = answer.data if isinstance(answer.data, dict) else {}
        if not answer.ok:
            self._say([("kill strong", f"{answer.code} {answer.text}"), ("kill", answer.detail),
                       ("kill", f"fix: {answer.fix}" if answer.fix else "")])  # fmt: skip
            return
        confirmed = [str(name) for name in data.get("confirmed", ())]
        told = [
            ("kill strong", "KILLED: no new order leaves."),
            ("kill strong", f"confirmed by the venue: {len(confirmed)} orders cancelled"),
            *(("kill", f"  {name}") for name in confirmed[:12]),
        ]
        if len(confirmed) > len(told) - 2:
            told.append(("kill", f"  … and {len(confirmed) - 12} more"))
        if data.get("engine_answered") is False:
            told.append(("kill strong", answer.text))
        self._say(told)

    def resumed(self, answer: Answer) -> None:
        """Say why the daemon did not resume; the application closes the overlay when it did."""
        words = [("kill strong", f"not resumed: {answer.code} {answer.text}")]
        self._say([*words, ("kill", f"fix: {answer.fix}" if answer.fix else "")])

    def show(self, state: KillState) -> None:
        """Take what the bus says."""
        if state != self.state:
            self.state = state
            self.touched()

    def _say(self, paragraphs: Sequence[tuple[str, str]]) -> None:
        self._paragraphs = [entry for entry in paragraphs if entry[1]]
        self.touched()

    def cursor(self) -> tuple[int, int] | None:
        """Return where typing goes."""
        if not self.state.phrase:
            return None
        return self._field.cursor_column(len(self._field.label)), self._row

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return what was confirmed, what the bus says, and the field."""
        said = [*self._paragraphs, ("kill", ""), *self._of_state()]
        lines: list[Line] = [[(role, line)] for role, text in said for line in wrapped(text, width)]
        if self.state.phrase:
            shown = [[("kill", f'the phrase is   {self.state.phrase}')],
                     self._field.line(len(self._field.label), focus=True)]  # fmt: skip
            lines = lines[: max(0, height - len(shown) - 2)] + [[("kill", "")]] + shown
            self._row = len(lines) - 1
        return [*lines, [("kill", "Esc looks at the screen; it does not resume.")]]

    def _of_state(self) -> list[tuple[str, str]]:
        state = self.state
        return [
            ("kill", f"the bus says   {state.word}, kill switch "
                     f"{'ENGAGED' if state.killed else 'not engaged'}"),
            ("kill", state.text),
            ("kill", f"orders still shown open   {state.open_orders}"),
        ]  # fmt: skip

    def pressed(self, key: str) -> None:
        """Type the phrase; Enter asks, but only with the whole phrase."""
        if key != "enter":
            self._field.pressed(key)
        elif not self.state.phrase:
            self._say([("kill strong", "there is nothing to resume yet")])
        elif self._field.text != self.state.phrase:
            self._say([("kill strong", f"not resumed: expected {self.state.phrase!r}, "
                                       f"was {self._field.text!r}")])  # fmt: skip
        else:
            self._say([("kill strong", "resume sent, waiting for the daemon")])
            self._resume(self._field.text)
            self._field.text = ""
