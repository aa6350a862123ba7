"""Candles, volume, price scale and time axis of one instrument."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from rf_common.clock import NANOS_PER_SECOND
from rf_common.enums import Side
from rf_dashboard.format import clock
from rf_dashboard.views.market import CandleRow, Chart
from rf_tui.figures import decimals, percent, px_text, shortened
from rf_tui.glyphs import BARS, clean
from rf_tui.messages import Message
from rf_tui.paint import Line, Span
from rf_tui.widgets.panel import Panel, missing

ZOOMS = (0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0)
"""Columns that one candle takes; below 1, several candles share a column."""
_SCALE = 11
_STEPS = 5


class ChartPanel(Panel):
    """View model: a `Chart`, with as many candles as `room` says."""

    name = "chart"
    tab = "Chart"
    view: Chart | None = None
    zoom = 1.0
    _room = 60

    @property
    def room(self) -> int:
        """How many candles fit."""
        return max(1, int(self._room / self.zoom))

    def heading(self, width: int) -> Line:
        """Return symbol, interval, price and change."""
        if self.view is None:
            return [("title", "Chart")]
        chart = self.view
        live = f"{chart.offset} back" if chart.offset else "stale" if chart.last.stale else "live"
        return [
            ("title", f"{clean(chart.symbol)} {chart.interval}  "),
            ("warn" if chart.last.stale else "dim", f"{live}  "),
            ("strong", f"{px_text(chart.last, chart.tick)} "),
            percent(chart.change),
        ]

    def footing(self) -> str:
        """Return the keys of the chart."""
        return "z/x zoom  t range"

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the picture."""
        self._room = max(1, width - _SCALE)
        chart = self.view
        if chart is None or not chart.candles:
            reason = "no instrument is chosen" if chart is None else chart.reason
            return [(), *missing(reason or "no candle in this range", width)]
        volume_rows = 0 if height < 7 else max(1, (height - 1) // 6)
        plot_rows = max(1, height - 1 - volume_rows)
        columns = _columns(chart.candles, self.zoom)
        return _drawn(chart, columns, (self._room, plot_rows, volume_rows), self.zoom)

    def wheeled(self, step: int) -> None:
        """Zoom."""
        self.send(Message("action", "zoom in" if step < 0 else "zoom out"))


def _columns(candles: Sequence[CandleRow], zoom: float) -> Sequence[CandleRow]:
    """Return one candle a drawn place: the candles, or groups of them when zoomed out."""
    group = round(1 / zoom) if zoom < 1 else 1
    if group == 1:
        return candles
    return [_merged(candles[at : at + group]) for at in range(0, len(candles), group)]


def _merged(group: Sequence[CandleRow]) -> CandleRow:
    first, last = group[0], group[-1]
    return CandleRow(
        ts=first.ts,
        open_px=first.open_px,
        high_px=max(c.high_px for c in group),
        low_px=min(c.low_px for c in group),
        close_px=last.close_px,
        volume=sum(c.volume for c in group),
        is_final=last.is_final,
    )


def _drawn(
    chart: Chart, candles: Sequence[CandleRow], room: tuple[int, int, int], zoom: float
) -> list[Line]:
    width, rows, volume_rows = room
    step = max(1, int(zoom))
    candles = candles[-max(1, width // step) :]
    high = max(c.high_px for c in candles)
    low = min(c.low_px for c in candles)
    grid = _Grid(width, rows, high, low)
    for number, candle in enumerate(candles):
        grid.candle(candle, number * step, max(1, step - 1))
    _mark_fills(chart, candles, grid, step)
    labels = _labels(chart, grid)
    lines: list[Line] = [[*grid.spans(row), labels[row]] for row in range(rows)]
    lines += _volume(candles, width, volume_rows, step)
    return [*lines, _axis(candles, width, step, chart.interval_ns)]


class _Grid:
    """Characters and their roles, by row and column, before they become spans."""

    def __init__(self, width: int, rows: int, high: float, low: float) -> None:
        self.rows, self.high, self.low = rows, high, low
        self.width = width
        self._text = [[" "] * width for _ in range(rows)]
        self._role = [["text"] * width for _ in range(rows)]

    def row_of(self, px: float) -> int:
        """Return the row of a price."""
        span = self.high - self.low
        if span <= 0:
            return self.rows // 2
        return min(self.rows - 1, max(0, round((self.high - px) / span * (self.rows - 1))))

    def put(self, row: int, column: int, char: str, role: str) -> None:
        """Set one cell."""
        if column < self.width:
            self._text[row][column] = char
            self._role[row][column] = role

    def candle(self, candle: CandleRow, column: int, width: int) -> None:
        """Draw wick and body."""
        rises = candle.close_px >= candle.open_px
        role, body = ("up", "█") if rises else ("down", "░")
        middle = column + width // 2
        for row in range(self.row_of(candle.high_px), self.row_of(candle.low_px) + 1):
            self.put(row, middle, "│", role)
        top, bottom = sorted((self.row_of(candle.open_px), self.row_of(candle.close_px)))
        for row in range(top, bottom + 1):
            for place in range(column, column + width):
                self.put(row, place, body, role)

    def spans(self, row: int) -> list[Span]:
        """Return one row, equal roles joined."""
        text, roles = self._text[row], self._role[row]
        cuts = [0, *(at for at in range(1, self.width) if roles[at] != roles[at - 1]), self.width]
        return [(roles[a], "".join(text[a:b])) for a, b in pairwise(cuts)]


def _mark_fills(chart: Chart, candles: Sequence[CandleRow], grid: _Grid, step: int) -> None:
    for fill in chart.marks:
        after = sum(candle.ts <= fill.ts for candle in candles)
        if after:
            letter = "B" if fill.side is Side.BUY else "S"
            grid.put(grid.row_of(float(fill.price)), (after - 1) * step, letter, "key")


def _labels(chart: Chart, grid: _Grid) -> list[Span]:
    places = decimals(chart.tick)
    labels: list[Span] = [("dim", " " * _SCALE)] * grid.rows
    steps = min(_STEPS, grid.rows)
    for number in range(steps):
        row = round(number * (grid.rows - 1) / max(1, steps - 1))
        px = grid.high - (grid.high - grid.low) * row / max(1, grid.rows - 1)
        labels[row] = ("dim", f"{px:>{_SCALE - 1}.{places}f} ")
    last = chart.last.value
    if last is not None and grid.low <= last <= grid.high:
        end = "?" if chart.last.stale else "<"
        labels[grid.row_of(last)] = ("strong", f"{last:>{_SCALE - 1}.{places}f}{end}")
    return labels


def _volume(candles: Sequence[CandleRow], width: int, rows: int, step: int) -> list[Line]:
    top = max(candle.volume for candle in candles)
    lines: list[Line] = []
    for row in range(rows):
        text = [" "] * width
        for number, candle in enumerate(candles):
            eighths = round(candle.volume / top * rows * 8) if top > 0 else 0
            left = min(8, max(0, eighths - (rows - 1 - row) * 8))
            for place in range(number * step, min(width, number * step + max(1, step - 1))):
                text[place] = BARS[left - 1] if left else " "
        label = f" vol {shortened(top, 6)}" if row == 0 else ""
        lines.append([("info", "".join(text)), ("dim", label)])
    return lines


def _axis(candles: Sequence[CandleRow], width: int, step: int, interval_ns: int) -> Line:
    seconds = interval_ns < 60 * NANOS_PER_SECOND
    text = [" "] * width
    size = 8 if seconds else 5
    for number in range(0, len(candles), max(1, 16 // step)):
        at = number * step
        if at + size <= width:
            text[at : at + size] = clock(candles[number].ts)[:size]
    return [("dim", "".join(text) + " UTC")]
