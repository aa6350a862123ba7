"""Real processes: a daemon, a fake venue, the command line; each in a folder of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
QUICK = {
    "RF_MOCK__STEP_MS": "20",
    "RF_ENGINE__FEATURES__SAMPLE_MS": "40",
    "RF_ENGINE__HEARTBEAT_MS": "100",
    "RF_BUS_PORT": "0",
    "RF_HTTP_PORT": "0",
    "RF_AI__ENABLED": "false",
}
"""A market and a grid fast enough for strategies to trade within two seconds; no thinkers."""


def program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def clean_environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("RF_", "USE_MOCK"))}
    return kept | {"NO_COLOR": "1"}


class Process:
    """A program of the house, with what it printed."""

    def __init__(self, arguments: list[str], folder: Path, env: dict[str, str]) -> None:
        self.out: list[str] = []
        self.err: list[str] = []
        self.process = subprocess.Popen(
            arguments,
            cwd=folder,
            env=clean_environment() | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._readers = [
            threading.Thread(target=self._read, args=(stream, lines), daemon=True)
            for stream, lines in (
                (self.process.stdout, self.out),
                (self.process.stderr, self.err),
            )
        ]
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _read(stream, lines: list[str]) -> None:
        for line in stream:
            lines.append(line.rstrip("\n"))
        stream.close()

    def until(self, holds: Callable[[], object], what: str, timeout_s: float = 30.0):
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            found = holds()
            if found:
                return found
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        tail = "\n".join(self.err[-15:])
        raise AssertionError(f"{what} did not happen (exit {self.process.poll()}):\n{tail}")

    def wait(self, timeout_s: float = 30.0) -> int:
        code = self.process.wait(timeout_s)
        for reader in self._readers:
            reader.join(5.0)
        return code

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10.0)
        for reader in self._readers:
            reader.join(5.0)


class Daemon(Process):
    """A daemon on its own data folder."""

    def __init__(self, folder: Path, *arguments: str, env: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.data = folder / "rf-data"
        with contextlib.suppress(FileNotFoundError):
            (self.data / "daemon.json").unlink()
        super().__init__([program("daemon"), *arguments], folder, QUICK | (env or {}))

    @property
    def info(self) -> dict:
        try:
            return json.loads((self.data / "daemon.json").read_text())
        except (FileNotFoundError, ValueError):
            return {}

    def ready(self) -> Daemon:
        self.until(lambda: self.info, "listening")
        self.until(lambda: self.status().get("instruments"), "the first status")
        return self

    def rf(self, *arguments: str, timeout_s: float = 30.0) -> tuple[int, str, str]:
        done = subprocess.run(
            [program("rf"), *arguments],
            cwd=self.folder,
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def ask(self, *arguments: str):
        _, out, err = self.rf(*arguments, "--json")
        told = json.loads(out or err)
        assert told["ok"], told
        return told["data"]

    def status(self) -> dict:
        code, out, _ = self.rf("status", "--json")
        return json.loads(out)["data"] if code == 0 else {}

    def stop(self) -> int:
        self.send(signal.SIGINT)
        return self.wait(15.0)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Daemon]]:
    """Start daemons that end with the test."""
    running: list[Process] = []

    def begin(*arguments: str, env: dict[str, str] | None = None) -> Daemon:
        daemon = Daemon(tmp_path, *arguments, env=env)
        running.append(daemon)
        return daemon

    yield begin
    for process in running:
        process.close()


@pytest.fixture
def fake_binance(tmp_path: Path) -> Iterator[Callable[..., tuple[Process, str, str]]]:
    """Start fake venues that end with the test."""
    running: list[Process] = []

    def begin(*arguments: str) -> tuple[Process, str, str]:
        process = Process([program("rf-testkit"), "binance", *arguments], tmp_path, {})
        running.append(process)
        process.until(lambda: process.out, "the fake venue's address")
        urls = json.loads(process.out[0])
        return process, urls["ws_url"], urls["rest_url"]

    yield begin
    for process in running:
        process.close()


def recordings() -> list[Path]:
    shared = Path(os.environ.get("RUSTFORGE_SHARED", ROOT.parent / "shared"))
    return sorted((shared / "data" / "binance").glob("*_spot_*.gz"))


@pytest.fixture
def real_recordings() -> list[Path]:
    """The two recordings of Binance spot."""
    found = recordings()
    if not found:
        pytest.skip("the recordings are not on this machine")
    return found
