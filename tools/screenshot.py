"""Take pictures of the terminal: the real daemon and the real `tui`, as SVG files for the docs.

    python tools/screenshot.py [FOLDER]        default docs/screenshots

Each picture is what a terminal of that size shows, cell by cell with its colours; nothing is
drawn by hand. The market is the simulated one with a fixed seed.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Callable
from html import escape
from itertools import groupby
from pathlib import Path
from time import monotonic
from typing import Any

import pyte

CELL_WIDTH, CELL_HEIGHT, FONT_SIZE = 8.4, 18, 14
OPINION = "match a source row"
INK, GROUND = "#e2e8f0", "#0a0c0f"
PATIENCE_S = 30.0
SECONDS_OF_MARKET = 170.0
"""How long the market runs before the first picture: the swarm needs a history to simulate on."""
CYCLE_S, TRIES = 65.0, 3
"""How long one cycle of the thinkers may take, and how often one is asked for."""

_NAMED = {
    "black": "#000000", "red": "#cd3131", "green": "#0dbc79", "brown": "#e5e510",
    "blue": "#2472c8", "magenta": "#bc3fbc", "cyan": "#11a8cd", "white": "#e5e5e5",
}  # fmt: skip


class Tui:
    """The program on a terminal of its own."""

    def __init__(self, data_dir: Path, size: tuple[int, int], *flags: str) -> None:
        self.columns, self.rows = size
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            program = "from rf_tui.main import main; main()"
            words = [sys.executable, "-c", program, "--data-dir", str(data_dir), *flags]
            os.execve(sys.executable, words, os.environ | {"TERM": "xterm-256color"})
        window = struct.pack("HHHH", self.rows, self.columns, 0, 0)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, window)

    def watch(self, seconds: float) -> None:
        """Read what is drawn for so long."""
        end = monotonic() + seconds
        while (left := end - monotonic()) > 0:
            if select.select([self._fd], [], [], left)[0]:
                try:
                    self._stream.feed(os.read(self._fd, 65_536))
                except OSError as error:  # Linux says so when the program has ended
                    shown = "\n".join(self.screen.display).strip()
                    raise SystemExit(f"the program ended:\n{shown}") from error

    def until(self, text: str) -> None:
        """Read until `text` is on the screen."""
        end = monotonic() + PATIENCE_S
        while text not in "\n".join(self.screen.display):
            if monotonic() > end:
                shown = "\n".join(self.screen.display)
                raise SystemExit(f"expected {text!r} on the screen, was\n{shown}")
            self.watch(0.1)

    def hopes(self, text: str, seconds: float) -> bool:
        """Read until `text` is on the screen, at most so long; return whether it is."""
        end = monotonic() + seconds
        while text not in "\n".join(self.screen.display) and monotonic() < end:
            self.watch(0.1)
        return text in "\n".join(self.screen.display)

    def press(self, keys: str) -> None:
        """Type, and see what comes of it."""
        os.write(self._fd, keys.encode())
        self.watch(0.6)

    def close(self) -> None:
        """End the program."""
        os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)
        os.close(self._fd)


def svg(screen: Any) -> str:
    """Return the screen as SVG: a ground for each run of cells, and its text."""
    width, height = screen.columns * CELL_WIDTH, screen.lines * CELL_HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f"font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" "
        f'font-size="{FONT_SIZE}">',
        f'<rect width="{width:g}" height="{height:g}" fill="{GROUND}"/>',
    ]
    for row in range(screen.lines):
        parts += _row(screen.buffer[row], row, screen.columns)
    return "\n".join([*parts, "</svg>\n"])


def _row(cells: Any, row: int, columns: int) -> list[str]:
    parts: list[str] = []
    column = 0
    for style, run in groupby((cells[at] for at in range(columns)), key=_style):
        text = "".join(cell.data for cell in run)
        parts += _run(text, style, column, row)
        column += len(text)
    return parts


def _style(cell: Any) -> tuple[str, str, bool]:
    ink, ground = _colour(cell.fg, INK), _colour(cell.bg, GROUND)
    return (ground, ink, cell.bold) if cell.reverse else (ink, ground, cell.bold)


def _colour(name: str, default: str) -> str:
    if name == "default":
        return default
    return _NAMED.get(name.removeprefix("bright"), f"#{name}")


def _run(text: str, style: tuple[str, str, bool], column: int, row: int) -> list[str]:
    ink, ground, bold = style
    x, y, width = column * CELL_WIDTH, row * CELL_HEIGHT, len(text) * CELL_WIDTH
    parts: list[str] = []
    if ground != GROUND:
        parts.append(
            f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{CELL_HEIGHT}" '
            f'fill="{ground}"/>'
        )
    if bare := text.strip():
        weight = ' font-weight="bold"' if bold else ""
        x += (len(text) - len(text.lstrip())) * CELL_WIDTH
        parts.append(
            f'<text x="{x:.1f}" y="{y + FONT_SIZE}" textLength="{len(bare) * CELL_WIDTH:.1f}" '
            f'xml:space="preserve" fill="{ink}"{weight}>{escape(bare)}</text>'
        )
    return parts


def _dashboard(tui: Tui) -> None:
    """Show the dashboard with an opinion where it has its own place."""
    if tui.columns >= 120:
        _thought(tui)
    tui.watch(1.0)


def _thought(tui: Tui) -> None:
    """Have an opinion with its verdict on the screen, or why there is none."""
    if tui.hopes(OPINION, 1.0):
        return
    for _ in range(TRIES):
        tui.press("d")
        if tui.hopes(OPINION, CYCLE_S):
            break
    else:
        print("no opinion came: the picture shows why", file=sys.stderr)
    tui.watch(2.0)


def _ai(tui: Tui) -> None:
    """Show the AI screen."""
    tui.press("5")
    _thought(tui)


def _decisions(tui: Tui) -> None:
    """Show the chain of reasons of the newest decision."""
    _ai(tui)
    tui.press("h")
    tui.until("Decisions")


def _ticket(tui: Tui) -> None:
    tui.press("b10")
    tui.press("\r")
    tui.until("rules:")


def _help(tui: Tui) -> None:
    tui.press("?")


def _killed(tui: Tui) -> None:
    tui.press("K")
    tui.until("confirmed by the venue")


PICTURES: tuple[tuple[str, tuple[int, int], tuple[str, ...], Callable[[Tui], None]], ...] = (
    ("dashboard", (120, 40), (), _dashboard),
    ("dashboard-light", (120, 40), ("--theme", "light"), _dashboard),
    ("dashboard-80x24", (80, 24), (), _dashboard),
    ("ai", (120, 40), (), _ai),
    ("ai-80x24", (80, 24), (), _ai),
    ("ai-decisions", (120, 40), (), _decisions),
    ("review", (120, 40), (), _ticket),
    ("help", (120, 40), (), _help),
    ("kill", (120, 40), (), _killed),
)
"""Name, size, flags, and what is typed first; the kill comes last, it ends the trading."""


def main(folder: Path) -> None:
    """Start the daemon, take every picture, stop the daemon."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        words = ["--source", "mock", "--seed", "7", "--data-dir", data]
        ports = ["--bus-port", "0", "--http-port", "0"]
        program = "from rf_daemon.main import main; main()"
        daemon = subprocess.Popen(
            [sys.executable, "-c", program, *words, *ports],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _take(Path(data), folder)
        finally:
            daemon.terminate()
            daemon.wait(timeout=PATIENCE_S)


def _take(data: Path, folder: Path) -> None:
    for number, (name, size, flags, prepare) in enumerate(PICTURES):
        tui = Tui(data, size, "--colours", "true", *flags)
        try:
            tui.until("Watchlist 13")
            tui.watch(1.0 if number else SECONDS_OF_MARKET)
            prepare(tui)
            (folder / f"{name}.svg").write_text(svg(tui.screen), encoding="utf-8")
            print(folder / f"{name}.svg")
        finally:
            tui.close()


if __name__ == "__main__":
    here = Path(__file__).resolve().parents[1]
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else here / "docs" / "screenshots")
