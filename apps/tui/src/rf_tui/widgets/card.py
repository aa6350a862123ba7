"""A part of the terminal that is not there yet: its card says so."""

from __future__ import annotations

from collections.abc import Sequence

from rf_dashboard.views.system import Card
from rf_tui.paint import Line, wrapped
from rf_tui.widgets.panel import Panel


class CardPanel(Panel):
    """View model: a `Card`."""

    view: Card | None = None

    def heading(self, width: int) -> Line:
        """Return the card's title."""
        return [("title", self.view.title if self.view else self.tab)]

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return why there is nothing to show, and where it says when there will be."""
        if self.view is None:
            return []
        text = [("warn", "not connected yet"), ("text", self.view.text),
                ("dim", f"see {self.view.pointer}")]  # fmt: skip
        return [[(role, f" {line}")] for role, words in text for line in wrapped(words, width - 2)]


class Dexter(CardPanel):
    """The analyst."""

    name = "dexter"
    tab = "AI"


class Mirofish(CardPanel):
    """The swarm."""

    name = "swarm"
    tab = "Swarm"
