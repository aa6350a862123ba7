"""The first two lines, always: the mode word, money, feeds, age, risk; and the screens."""

from __future__ import annotations

from typing import NamedTuple

from rf_common.enums import Mode
from rf_dashboard.format import age, show
from rf_dashboard.views import Header
from rf_dashboard.views.system import NOT_CONNECTED
from rf_tui.dialogs.offline import LineState
from rf_tui.figures import mark, money_text, percent, usd
from rf_tui.glyphs import clean
from rf_tui.paint import Line, Span, span_width, spread
from rf_tui.widgets.feeds import feed_mark

SCREENS = ("Dashboard", "Charts", "Orderbook", "Positions", "AI", "Settings")
_SHORT = ("Dash", "Chart", "Book", "Pos", "AI", "Set")
_MODES = {
    Mode.SIM: ("mode sim", " SIM "),
    Mode.PAPER: ("mode paper", " PAPER "),
    Mode.LIVE: ("mode live", " LIVE - REAL MONEY !! "),
}
_BAR: Span = ("border", " │ ")


class Top(NamedTuple):
    """What the header shows: the view, and the line to the daemon."""

    header: Header
    line: LineState
    clock: str


def mode_span(header: Header, line: LineState) -> Span:
    """Return the mode word; without one, the word that says why there is none."""
    mode = header.mode.value
    if mode is None:
        return ("offline", " OFFLINE " if line.reason else " CONNECTING ")
    return _MODES[mode]


def first_row(top: Top, width: int) -> Line:
    """Return the mode word and as many of the other parts as fit, the important ones first."""
    line: list[Span] = [mode_span(top.header, top.line)]
    for part in _parts(top, wide=width >= 110):
        between = [_BAR] if len(line) > 1 else [("text", " ")]
        if span_width(line) + len(_BAR[1]) + span_width(part) <= width:
            line += [*between, *part]
    return spread(line, [("dim", f"{top.clock} ")], width)


def _parts(top: Top, *, wide: bool) -> list[list[Span]]:
    header, line = top.header, top.line
    parts: list[list[Span]] = []
    if header.killed.value:
        parts.append([("kill strong", " KILLED ")])
    if not line.live and line.reason:
        parts.append([("offline", f" DAEMON OFFLINE {line.counter} ")])
    elif header.stale:
        parts.append([("offline", " DAEMON SILENT ")])
    parts.append(_money(header, wide=wide))
    if header.state.value is not None and header.state.value != "ACTIVE":
        parts.append([("warn", f"{header.state.value}")])
    parts.append(_feeds(header))
    role = "warn" if header.tick_age_ms.stale else "text"
    parts.append([(role, f"{'age ' if wide else ''}{show(header.tick_age_ms, age)}")])
    parts.append([("text", f"risk {show(header.risk_used, lambda used: f'{used:.0%}')}")])
    parts.append([("dim", f"AI {_ai(header, wide=wide)}")])
    return parts


def _money(header: Header, *, wide: bool) -> list[Span]:
    account = "n/a" if header.account.value is None else clean(header.account.value)
    unit = "$" if header.currency in {"USD", "USDT", "USDC"} else ""
    spans: list[Span] = [("strong", f"{account} {money_text(header.equity, 14, unit=unit)}")]
    if wide:
        spans.append(("text", f"  day {money_text(header.day_pnl, 12, sign=True)}"))
    return [*spans, ("text", " "), percent(header.day_fraction)]


def _ai(header: Header, *, wide: bool) -> str:
    """Return what the analysts spent today, and of how much where there is room."""
    spent = usd(header.ai_spend)
    return spent if not wide or header.ai_cap.value is None else f"{spent}/{usd(header.ai_cap)}"


def _feeds(header: Header) -> list[Span]:
    here = [row for row in header.feeds if row.status != NOT_CONNECTED]
    spans: list[Span] = []
    for row in here:
        spans += [("text", f"{clean(row.name)[:6]}"), feed_mark(row), ("text", " ")]
    return spans[:-1] or [("dim", f"feeds n/a{mark(header.mode)}")]


def second_row(chosen: int, width: int) -> Line:
    """Return the names of the screens, the shown one in brackets."""
    wide = width >= 110
    spans: list[Span] = [("text", " ")]
    for number, name in enumerate(SCREENS if wide else _SHORT, 1):
        gap = " " if wide else ""
        text = f"{number}{gap}{name}"
        spans.append(("title", f"[{text}]") if number == chosen else ("dim", f" {text} "))
        spans.append(("text", "  " if wide else ""))
    right = "? help  : command  " if wide else "? : "
    return spread(spans, [("key", right), ("bad", "K KILL ")], width)


def screen_at(column: int, width: int, chosen: int) -> int:
    """Return the number of the screen whose name stands at a column, 0 for none."""
    at = 0
    number = 0
    for _, text in second_row(chosen, width):
        if at <= column < at + len(text) and text.strip("[ ")[:1].isdigit():
            number = int(text.strip("[ ")[0])
        at += len(text)
    return number
