"""Screen 1: the panels of the dashboard, what they show, and what is chosen on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import urwid

from rf_common.clock import UnixNanos
from rf_common.ids import InstrumentId
from rf_dashboard import INTERVALS, DashboardState, views
from rf_tui.messages import Message
from rf_tui.screens.essentials import Essentials, Small
from rf_tui.screens.layout import FRAME_ROWS, TABBED, Form, form_of, tabbed, wide
from rf_tui.widgets.alerts import SHOWN, Alerts
from rf_tui.widgets.book import BookPanel
from rf_tui.widgets.chart import ZOOMS, ChartPanel
from rf_tui.widgets.dexter import Dexter
from rf_tui.widgets.feeds import Feeds
from rf_tui.widgets.mirofish import Mirofish
from rf_tui.widgets.orders import Orders
from rf_tui.widgets.panel import Panel
from rf_tui.widgets.positions import Positions
from rf_tui.widgets.risk import Risk
from rf_tui.widgets.signals import SignalsPanel
from rf_tui.widgets.tabs import Tabs
from rf_tui.widgets.watchlist import Watchlist

_BOOK_LEVELS = 20
_SCROLL = 5
"""How many columns a step to the left or right is."""


class Dashboard(urwid.WidgetPlaceholder[urwid.Widget]):
    """Arranges the panels for the size at hand and fills those that are seen.

    Parameters
    ----------
    send : callable
        Takes what a person did on a panel.
    """

    def __init__(self, send: Callable[[Message], None]) -> None:
        kinds = (Watchlist, ChartPanel, SignalsPanel, Positions, Risk, Alerts, BookPanel, Orders,
                 Feeds, Dexter, Mirofish)  # fmt: skip
        made: Sequence[Panel] = [kind(send) for kind in kinds]
        self.panels = {panel.name: panel for panel in made}
        self.chart: ChartPanel = self.panels["chart"]  # type: ignore[assignment]  # made above
        self.orders: Orders = self.panels["orders"]  # type: ignore[assignment]  # made above
        self.alerts: Alerts = self.panels["alerts"]  # type: ignore[assignment]  # made above
        self._tabs = Tabs(send, [self.panels[name] for name in TABBED])
        self._essentials = Essentials(send)
        self.size = (0, 0)
        self.form = Form.SMALL
        self.hidden = False
        self.active = "watchlist"
        self.chosen = InstrumentId("")
        self.interval = INTERVALS[0][0]
        self._zoom = ZOOMS.index(1.0)
        self._offset = 0
        super().__init__(self._essentials)

    # --- size and focus -------------------------------------------------------------------

    @property
    def columns(self) -> int:
        """Columns of the terminal."""
        return self.size[0]

    def resize(self, columns: int, rows: int) -> None:
        """Arrange the panels for a whole terminal of this size."""
        if (columns, rows) == self.size:
            return
        self.size = (columns, rows)
        self.form = form_of(columns, rows)
        if self.form is Form.WIDE:
            self.original_widget = wide(self.panels, columns, rows - FRAME_ROWS)
        elif self.form is Form.TABBED:
            self.original_widget = tabbed(self.panels, self._tabs, columns, rows - FRAME_ROWS)
        else:
            self.original_widget = self._essentials
        self.focus_panel(self.active)

    def focus_panel(self, name: str) -> None:
        """Let the keys go to the panel of this name."""
        if name not in self.panels:
            return
        self.active = name
        for panel in self.panels.values():
            panel.activate(panel.name == name)
        self._tabs.choose(name)

    def next_panel(self, step: int) -> None:
        """Let the keys go to the next panel, or to the one before."""
        names = list(self.panels)
        self.focus_panel(names[(names.index(self.active) + step) % len(names)])

    def move(self, step: int) -> None:
        """Move in the panel that the keys go to; in the watch list where that has no list."""
        is_list = self.form is not Form.SMALL and self.panels[self.active].has_list
        name = self.active if is_list else "watchlist"
        self.panels[name].move(step)
        self.panels[name].refresh()

    def step_symbol(self, step: int) -> None:
        """Choose the instrument `step` further in the watch list."""
        self.panels["watchlist"].move(step)

    # --- chart ----------------------------------------------------------------------------

    def choose(self, instrument_id: str) -> None:
        """Show this instrument in chart and book."""
        if instrument_id != self.chosen:
            self.chosen, self._offset = InstrumentId(instrument_id), 0

    def zoom(self, step: int) -> str:
        """Zoom the chart and return how far it is."""
        self._zoom = max(0, min(len(ZOOMS) - 1, self._zoom + step))
        self.chart.zoom = ZOOMS[self._zoom]
        return f"zoom x{ZOOMS[self._zoom]:g}"

    def scroll(self, step: int) -> str:
        """Scroll the chart in time and return how far back it is."""
        width = max(1, round(_SCROLL / ZOOMS[self._zoom]))
        self._offset = max(0, self._offset + step * width)
        return f"chart {self._offset} candles back" if self._offset else "chart at the newest"

    def next_interval(self) -> str:
        """Show the next interval and return its name."""
        names = [name for name, _ in INTERVALS]
        self.interval = names[(names.index(self.interval) + 1) % len(names)]
        self._offset = 0
        return f"candles of {self.interval}"

    # --- content --------------------------------------------------------------------------

    def update(self, state: DashboardState, now: UnixNanos) -> None:
        """Give every panel that is seen its slice of the state."""
        if self.chosen not in state.markets and state.markets:
            self.chosen = next(iter(state.markets))
        watch = views.watchlist(state, now)
        account, header = views.account(state, now), views.header(state, now)
        if self.form is Form.SMALL:
            small = Small(*self.size, watch, self.chosen, views.positions(state, now), account,
                          header, len(state.orders), len(state.log.alerts))  # fmt: skip
            self._fill(self._essentials, lambda: small)
            self.panels["watchlist"].view = (watch, self.chosen)
            self._fill(self.orders, lambda: views.open_orders(state, now))
            return
        slices: dict[str, Callable[[], Any]] = {
            "watchlist": lambda: (watch, self.chosen),
            "chart": lambda: self._chart(state, now),
            "book": lambda: views.book(state, self.chosen, _BOOK_LEVELS, now),
            "signals": lambda: views.signals(state, self.chosen, now),
            "positions": lambda: (views.positions(state, now), account),
            "orders": lambda: views.open_orders(state, now),
            "risk": lambda: (views.risk_bars(state, now), account, header),
            "alerts": lambda: views.alerts(state, SHOWN, now),
            "feeds": lambda: (header.feeds, views.system(state, now)),
            "dexter": lambda: views.dexter_card(state, self.chosen, now),
            "swarm": lambda: views.mirofish_card(state, self.chosen, now),
        }
        self.panels["watchlist"].view = slices["watchlist"]()  # other screens move in it too
        for name, view in slices.items():
            if name == "orders" or self.sees(name):  # which order `c` means is always known
                self._fill(self.panels[name], view)
        self._tabs.refresh()

    def sees(self, name: str) -> bool:
        """Return whether the panel of this name is on the screen."""
        if self.hidden:
            return False
        if self.form is Form.TABBED:
            return name not in TABBED or name == self._tabs.shown.name
        return self.form is Form.WIDE

    def _chart(self, state: DashboardState, now: UnixNanos) -> views.Chart | None:
        if not self.chosen:
            return None
        chart = views.chart(
            state, self.chosen, self.interval, count=self.chart.room, offset=self._offset, now=now
        )
        self._offset = chart.offset
        return chart

    def _fill(self, panel: Panel, view: Callable[[], Any]) -> None:
        try:
            panel.show(view())
        except Exception:
            panel.fail()
