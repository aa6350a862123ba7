"""The heartbeat of each exchange that is connected, and the names of those that are not."""

from __future__ import annotations

from collections.abc import Sequence

from rf_dashboard.format import NA, age
from rf_dashboard.views.system import NOT_CONNECTED, FeedRow, SystemPanel
from rf_tui.figures import mark
from rf_tui.glyphs import clean
from rf_tui.paint import Line, Span, wrapped
from rf_tui.widgets.panel import Panel, missing

_MARKS = {
    "connected": ("good", "●"),
    "degraded": ("warn", "◐"),
    "connecting": ("warn", "◐"),
    "down": ("bad", "○"),
    NOT_CONNECTED: ("dim", "○"),
}


def feed_mark(row: FeedRow) -> Span:
    """Return role and glyph of an exchange's state; stale ones get a question mark."""
    role, glyph = _MARKS.get(row.status, ("warn", "◐"))
    return (role, glyph) if not row.stale else ("warn", "?")


class Feeds(Panel):
    """View model: the exchanges, and the daemon about itself."""

    name = "feeds"
    tab = "Feeds"
    view: tuple[Sequence[FeedRow], SystemPanel | None] = ((), None)

    def heading(self, width: int) -> Line:
        """Return the title."""
        return [("title", "Exchanges")]

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return connected ones, the daemon, and the rest by name."""
        rows, system = self.view
        here = [row for row in rows if row.status != NOT_CONNECTED]
        lines: list[Line] = [line for row in here for line in _row(row, width)]
        lines += _daemon(system)
        away = " ".join(row.name for row in rows if row.status == NOT_CONNECTED)
        if away:
            lines += [
                [("dim", f" {part}")] for part in wrapped(f"not connected: {away}", width - 2)
            ]
        return lines if rows else [(), *missing("no feed is known yet", width)]


def _row(row: FeedRow, width: int) -> list[Line]:
    latency = row.latency_ms.value
    delay = NA if latency is None else f"{latency:.0f}ms{mark(row.latency_ms)}"
    parts = [f"{row.status}", f"{delay}", f"{age(row.last_event_ms)} ago"]
    if row.lost_trades:
        parts.append(f"lost {row.lost_trades}")
    lines: list[Line] = [
        [
            ("text", " "),
            feed_mark(row),
            ("strong", f" {clean(row.name)} "),
            ("text", " ".join(parts)),
        ]
    ]
    if row.reason:
        lines += [[("dim", f"   {part}")] for part in wrapped(clean(row.reason), width - 4)[:2]]
    return lines


def _daemon(system: SystemPanel | None) -> list[Line]:
    if system is None or system.uptime_s.value is None:
        return []
    rate = system.events_per_s.value
    size = system.journal_bytes.value
    text = f" up {age(int(system.uptime_s.value * 1000))}"
    if rate is not None:
        text += f"  {rate:,.0f} ev/s"
    if size is not None:
        text += f"  journal {size / 1e6:.1f}MB"
    return [[("text", f"{text}{mark(system.uptime_s)}")]]
