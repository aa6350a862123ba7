"""The real terminal against the real daemon, in a pseudo-terminal, read as a person reads it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyte
import pytest

pytestmark = pytest.mark.e2e


class Screen:
    """A `tui` in a pseudo-terminal."""

    def __init__(self, folder: Path, env: dict[str, str], columns: int = 120, rows: int = 40):
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._master, slave = pty.openpty()
        self._size(columns, rows)
        self.process = subprocess.Popen(
            [str(Path(sys.executable).with_name("tui"))],
            cwd=folder,
            env=env | {"TERM": "xterm-256color"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def _size(self, columns: int, rows: int) -> None:
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)

    def resize(self, columns: int, rows: int) -> None:
        self._size(columns, rows)
        self.screen.resize(rows, columns)
        self.process.send_signal(signal.SIGWINCH)

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def read(self, wait_s: float = 0.1) -> str:
        ready, _, _ = select.select([self._master], [], [], wait_s)
        if ready:
            with contextlib.suppress(OSError):  # the terminal may be gone with its program
                self._stream.feed(os.read(self._master, 1 << 16))
        return "\n".join(self.screen.display)

    def until(self, holds: Callable[[str], object], what: str, timeout_s: float = 20.0) -> str:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            text = self.read()
            if holds(text):
                return text
        raise AssertionError(f"the screen never showed {what}:\n{self.read()}")

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10.0)
        os.close(self._master)


@pytest.fixture
def look(tmp_path: Path) -> Iterator[Callable[..., Screen]]:
    """Open terminals that close with the test."""
    opened: list[Screen] = []

    def begin(columns: int = 120, rows: int = 40) -> Screen:
        env = {k: v for k, v in os.environ.items() if not k.startswith("RF_")}
        opened.append(Screen(tmp_path, env, columns, rows))
        return opened[-1]

    yield begin
    for screen in opened:
        screen.close()


def buy(screen: Screen, quantity: str) -> None:
    screen.type("b")
    screen.until(lambda text: "Order ticket" in text, "the ticket")
    screen.type(quantity)
    screen.until(lambda text: f"quantity    {quantity}" in text, "the quantity")
    screen.type("\r")
    screen.until(lambda text: "(2 of 2)" in text, "the review")
    screen.until(lambda text: "price_collar" in text, "the answers of the risk checks")


def test_a_person_buys_sees_the_fill_and_kills(start, look):
    daemon = start().ready()
    daemon.ask("strategy", "disable", "momentum")
    daemon.ask("strategy", "disable", "mean_reversion")
    screen = look()
    screen.until(lambda text: "Watchlist 13" in text and "SIM-1" in text, "the dashboard")

    buy(screen, "7")
    assert not [row for row in daemon.ask("order", "list", "--all") if row["quantity"] == "7"]
    screen.type("\r")

    daemon.until(
        lambda: [r for r in daemon.ask("positions") if r["quantity"] == "7"], "the position"
    )
    screen.until(lambda text: "accepted" in text, "the daemon's answer")

    screen.type("K")
    screen.until(lambda text: "confirmed by the venue" in text, "the venue's counts")
    assert daemon.status()["state"] == "HALTED"
    screen.type("\x1b")
    screen.until(lambda text: "the phrase is" not in text, "what is behind the overlay")
    assert daemon.status()["state"] == "HALTED"
    orders = daemon.status()["orders_today"]
    screen.type("K")
    screen.until(lambda text: "the phrase is" in text, "the phrase")
    screen.type(daemon.status()["kill"]["phrase"] + "\r")
    daemon.until(lambda: daemon.status()["state"] == "ACTIVE", "trading again")
    assert daemon.status()["orders_today"] == orders


def test_a_killed_daemon_is_seen_at_once_and_its_return_too(start, look):
    daemon = start().ready()
    screen = look()
    screen.until(lambda text: "Watchlist 13" in text, "the dashboard")

    daemon.send(signal.SIGKILL)
    daemon.wait(10.0)
    text = screen.until(lambda text: "OFFLINE" in text, "that the daemon is gone", timeout_s=5.0)
    assert text.splitlines()[0].startswith(" SIM")
    assert "?" in text

    again = start().ready()
    screen.until(lambda text: "OFFLINE" not in text and "age 0." in text, "the return")
    assert again.process.poll() is None


def test_killing_the_terminal_does_nothing_to_the_daemon(start, look):
    daemon = start().ready()
    screen = look()
    screen.until(lambda text: "Watchlist 13" in text, "the dashboard")
    before = daemon.status()["engine"]["seq"]

    screen.process.kill()

    daemon.until(lambda: daemon.status()["engine"]["seq"] > before + 50, "the market goes on")
    assert daemon.status()["state"] == "ACTIVE"


def test_resizing_while_typing_loses_nothing(start, look):
    daemon = start().ready()
    screen = look(200, 60)
    screen.until(lambda text: "Watchlist 13" in text, "the dashboard")
    screen.type("b")
    screen.until(lambda text: "Order ticket" in text, "the ticket")
    screen.type("12")
    for columns, rows in ((120, 40), (80, 24), (60, 14), (100, 30), (200, 60)):
        screen.resize(columns, rows)
        text = screen.until(lambda t: t.splitlines()[0].startswith(" SIM"), "the mode word")
        assert "Traceback" not in text
    screen.type("3")
    screen.until(lambda text: "quantity    123" in text, "what was typed")
    assert daemon.process.poll() is None
    assert screen.process.poll() is None
