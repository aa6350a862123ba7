"""What a frame of the Dashboard costs at 120x40, written to a terminal that swallows it."""

from __future__ import annotations

import asyncio
import io
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from urwid.display.raw import Screen

from rf_common.clock import NANOS_PER_SECOND, DeterministicClock, UnixNanos
from rf_common.enums import FeedState, Side
from rf_common.events import Quote, Trade
from rf_dashboard import BookView, DashboardState, InstrumentView, Live
from rf_tui import palette
from rf_tui.app import App
from rf_tui.dialogs.offline import LineState
from rf_tui.outcome import Outcome
from rf_tui.ports import Options

SIZE = (120, 40)
START = 1_760_000_000 * NANOS_PER_SECOND
NAMES = [f"sim:SYM{number:02d}" for number in range(13)]


class Silent:
    """A daemon that has told a market and answers nothing."""

    def __init__(self) -> None:
        self.state = DashboardState()
        self.line = LineState("127.0.0.1:7001", live=True)
        self.changed = asyncio.Event()

    async def ask(self, verb: str, args: Any) -> Outcome:
        return Outcome(ok=True)

    def retry(self) -> None:
        pass


class Bench:
    """The application, its clock and the terminal."""

    def __init__(self, folder: Path) -> None:
        self.daemon = Silent()
        self.clock = DeterministicClock(UnixNanos(START))
        self.app = App(self.daemon, Options(folder), self.clock, lambda: None)
        self.written = io.StringIO()
        with open(os.devnull, encoding="utf-8") as nothing:
            self.screen = Screen(input=nothing, output=self.written)
        self.screen.register_palette(palette.entries("dark"))
        self.screen.set_terminal_properties(colors=2**24)
        self.screen._started = True
        self.step = 0
        self._fill()

    def _fill(self) -> None:
        state, now = self.daemon.state, self.clock.now()
        state.connection(Live(since=now))
        for name in NAMES:
            grid = (Decimal("0.01"), Decimal("0.001"), Decimal(1))
            state.apply(InstrumentView(name, *grid, "USD", FeedState.LIVE, ""), now)
        for _ in range(600):
            self.tick(26, seconds=1)
        self.frame()

    def tick(self, events: int, *, seconds: int = 0) -> None:
        """Tell so many quotes, trades and books, at a new time."""
        self.step += 1
        self.clock.set(UnixNanos(self.clock.now() + seconds * NANOS_PER_SECOND + 1_000_000))
        state, ts = self.daemon.state, self.clock.now()
        for number in range(events):
            name = NAMES[number % len(NAMES)]
            px = 200.0 + 0.01 * ((self.step * 7 + number * 13) % 101)
            if number % 3:
                state.apply(Quote(name, ts, px - 0.01, 5.0, px + 0.01, 4.0), ts)
            else:
                state.apply(Trade(name, ts, px, 1.0, Side.BUY, number), ts)
        levels = [(round(200 + 0.01 * n, 2), float(self.step % 9 + n)) for n in range(1, 21)]
        bids = tuple((400.0 - px, qty) for px, qty in levels)
        state.apply(BookView(NAMES[0], ts, self.step, bids, tuple(levels), "", "sim"), ts)

    def frame(self) -> None:
        """Bring the screen up to the state and write it out."""
        self.app.refresh()
        self.screen.draw_screen(SIZE, self.app.root.render(SIZE, True))
        self.written.seek(0)
        self.written.truncate()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_full_redraw(benchmark, bench):
    """Every panel changes: views, painting, and the bytes to the terminal; budget 8 ms."""
    benchmark.pedantic(
        bench.frame, setup=lambda: bench.tick(39, seconds=1), rounds=100, warmup_rounds=5
    )


def test_frame_without_a_change(benchmark, bench):
    """What a frame costs in which nothing is different."""
    benchmark.pedantic(bench.frame, rounds=100, warmup_rounds=5)


def test_storm_of_5000_events_a_second_at_10_frames(benchmark, bench):
    """A tenth of a second of it: 500 events into the state, then one frame."""

    def tenth() -> None:
        bench.tick(500)
        bench.frame()

    benchmark.pedantic(tenth, rounds=100, warmup_rounds=5)
