"""Screen 5: the analyst's opinion, its sources, questions to it, swarm, graph and budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import urwid

from rf_common.clock import UnixNanos
from rf_common.ids import InstrumentId
from rf_dashboard import DashboardState, views
from rf_tui.messages import Message
from rf_tui.screens.layout import AI_SHARED, FRAME_ROWS, Form, ai_tabbed, ai_wide, form_of
from rf_tui.widgets.ask import Ask, Exchange
from rf_tui.widgets.dexter import Dexter
from rf_tui.widgets.minds import Budget, SwarmGraph
from rf_tui.widgets.panel import Panel
from rf_tui.widgets.sources import Sources
from rf_tui.widgets.tabs import Tabs

STOPS = ("dexter", "sources", "ask", "swarm graph")
"""The panels that Tab goes through."""


class Opinion(Dexter):
    """The opinion as the AI screen has it."""

    def footing(self) -> str:
        """Return the keys of this panel here."""
        return "d ask  ↑↓ symbol  Enter whole"


class AiScreen(urwid.WidgetPlaceholder[urwid.Widget]):
    """Arranges the panels for the size at hand and fills them.

    Parameters
    ----------
    send : callable
        Takes what a person did on a panel.
    """

    def __init__(self, send: Callable[[Message], None]) -> None:
        kinds = (Opinion, Sources, Ask, SwarmGraph, Budget)
        made: Sequence[Panel] = [kind(send) for kind in kinds]
        self.panels = {panel.name: panel for panel in made}
        self.sources: Sources = self.panels["sources"]  # type: ignore[assignment]  # made above
        self._tabs = Tabs(send, [self.panels[name] for name in AI_SHARED])
        self.size = (0, 0)
        self.active = "dexter"
        super().__init__(self.panels["dexter"])

    def resize(self, columns: int, rows: int) -> None:
        """Arrange the panels for a whole terminal of this size."""
        if (columns, rows) == self.size:
            return
        self.size = (columns, rows)
        form = form_of(columns, rows)
        if form is Form.WIDE:
            self.original_widget = ai_wide(self.panels, columns, rows - FRAME_ROWS)
        elif form is Form.TABBED:
            self.original_widget = ai_tabbed(self.panels, self._tabs, columns, rows - FRAME_ROWS)
        self.focus_panel(self.active)

    def focus_panel(self, name: str) -> None:
        """Let the keys go to the panel of this name."""
        if name not in STOPS:
            return
        self.active = name
        for panel in self.panels.values():
            panel.activate(panel.name == name)
        self._tabs.choose(name)

    def next_panel(self, step: int) -> None:
        """Let the keys go to the next panel, or to the one before."""
        self.focus_panel(STOPS[(STOPS.index(self.active) + step) % len(STOPS)])

    def move(self, step: int) -> bool:
        """Move in the panel that the keys go to; return whether it has anything to move in."""
        panel = self.panels[self.active]
        if panel.has_list:
            panel.move(step)
            self._tabs.refresh()
        return panel.has_list

    def update(
        self,
        state: DashboardState,
        now: UnixNanos,
        chosen: InstrumentId,
        exchanges: Sequence[Exchange],
    ) -> None:
        """Give every panel its slice of the state."""
        slices: dict[str, Callable[[], Any]] = {
            "dexter": lambda: views.dexter_card(state, chosen, now),
            "sources": lambda: views.dexter_card(state, chosen, now),
            "ask": lambda: exchanges,
            "swarm graph": lambda: (
                views.mirofish_card(state, chosen, now),
                views.graph_panel(state, chosen, now),
                views.thinkers(state, now),
            ),
            "budget": lambda: views.thinkers(state, now),
        }
        for name, view in slices.items():
            try:
                self.panels[name].show(view())
            except Exception:
                self.panels[name].fail()
        self._tabs.refresh()
