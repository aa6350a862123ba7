"""Where the panels stand at which size: all of them, some as tabs, or the essentials."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import urwid

from rf_tui.widgets.panel import Panel
from rf_tui.widgets.tabs import Tabs

FRAME_ROWS = 4
"""Header, screens, message line and key hints."""


class Form(StrEnum):
    """How a terminal of some size is used."""

    WIDE = "wide"
    TABBED = "tabbed"
    SMALL = "small"


def form_of(columns: int, rows: int) -> Form:
    """Return the form for a whole terminal of this size."""
    if columns >= 120 and rows >= 40:
        return Form.WIDE
    return Form.TABBED if columns >= 80 and rows >= 24 else Form.SMALL


TABBED = ("positions", "orders", "book", "risk", "feeds", "dexter", "swarm", "signals")
"""Which panels share one place on a terminal of 80x24."""


def wide(panels: Mapping[str, Panel], columns: int, rows: int) -> urwid.Widget:
    """Return all panels in three bands, for a body of this size."""
    side = 32 + (columns - 120) // 5
    low, middle = 8 + (rows - 36) // 8, 10 + (rows - 36) // 4
    high = rows - low - middle
    held = max(8, high - 10)
    columns_of_signals = max(1, (columns - 2 * side - 2) // 18)
    signals = 2 + -(-10 // columns_of_signals)
    top = _beside(
        columns,
        (side, panels["watchlist"]),
        (0, _stacked((high - signals, panels["chart"]), (signals, panels["signals"]))),
        (side, _stacked((held, panels["positions"]), (high - held, panels["risk"]))),
    )
    centre = _beside(
        columns, (side, panels["alerts"]), (0, panels["book"]), (side, panels["orders"])
    )
    card = (columns - side - 2) // 2
    bottom = _beside(
        columns, (side + 2, panels["feeds"]), (card, panels["dexter"]), (0, panels["swarm"])
    )
    return _stacked((high, top), (middle, centre), (low, bottom))


def tabbed(panels: Mapping[str, Panel], tabs: Tabs, columns: int, rows: int) -> urwid.Widget:
    """Return watch list, alerts and chart, the others as tabs, for a body of this size."""
    side = 32 + (columns - 80) // 6
    low = max(5, rows - max(15, rows * 2 // 3))
    plot = rows * 11 // 20
    left = _stacked((rows - low, panels["watchlist"]), (low, panels["alerts"]))
    right = _stacked((plot, panels["chart"]), (rows - plot, tabs))
    return _beside(columns, (side, left), (0, right))


def _beside(columns: int, *parts: tuple[int, urwid.Widget]) -> urwid.Columns:
    """Return widgets side by side; the one with width 0 gets what is left."""
    rest = columns - sum(width for width, _ in parts)
    return urwid.Columns([(width or rest, widget) for width, widget in parts])


def _stacked(*parts: tuple[int, urwid.Widget]) -> urwid.Pile:
    return urwid.Pile([(height, widget) for height, widget in parts])


AI_SHARED = ("ask", "sources")
"""Which panels of the AI screen share one place on a terminal of 80x24."""


def ai_wide(panels: Mapping[str, Panel], columns: int, rows: int) -> urwid.Widget:
    """Return the panels of the AI screen in two bands and a line, for a body of this size."""
    low = 16 + (rows - 36) // 3
    right = 46 + (columns - 120) // 3
    return _stacked(
        (
            rows - low - 1,
            _beside(columns, (columns - right, panels["dexter"]), (0, panels["sources"])),
        ),
        (low, _beside(columns, (columns - right, panels["ask"]), (0, panels["swarm graph"]))),
        (1, panels["budget"]),
    )


def ai_tabbed(panels: Mapping[str, Panel], tabs: Tabs, columns: int, rows: int) -> urwid.Widget:
    """Return opinion, questions and swarm, the sources as a tab, for a body of this size."""
    low = 8 + (rows - 20) // 3
    right = 37 + (columns - 80) // 3
    return _stacked(
        (rows - low - 1, panels["dexter"]),
        (low, _beside(columns, (columns - right, tabs), (0, panels["swarm graph"]))),
        (1, panels["budget"]),
    )
