"""``rf demo``: the mock market in a folder of its own, without key and network."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rf_cli import daemon_link
from rf_cli.context import Flag, Rf
from rf_cli.environment import is_secret_name
from rf_cli.exits import Exit
from rf_cli.output import Answer
from rf_cli.status import status_text
from rf_common.clock import NANOS_PER_SECOND, monotonic_ns
from rf_common.errors import RfError

DAEMON = (sys.executable, "-m", "rf_daemon")
_START_S = 20.0
_STOP_S = 5.0
_POLL_S = 0.1


def demo(*, once: Flag = False, rf: Rf) -> Answer | None:
    """Run the mock market in a temporary folder: no key, no network.

    Parameters
    ----------
    once
        Print one snapshot as soon as prices move, then stop.
    """
    with tempfile.TemporaryDirectory(prefix="rf-demo-") as folder:
        if once:
            data = snapshot(Path(folder), DAEMON)
            return Answer("demo", data, status_text, asof=data.get("asof") or "")
        print(
            f"rf demo   SIM data, no keys, no network; look with  rf --data-dir {folder} status"
            "   Ctrl-C stops it",
            file=sys.stderr,
        )
        return foreground(Path(folder), DAEMON)


def snapshot(folder: Path, command: Sequence[str]) -> Any:
    """Start a daemon, return its status once prices move and equity is known, stop it.

    Raises
    ------
    RfError
        If that does not happen in time, or the daemon ends before; with its last words.
    """
    log = folder / "demo.log"
    with log.open("wb") as words:
        process = subprocess.Popen(
            command, cwd=folder, env=_environment(folder), stdout=words, stderr=words
        )
    try:
        return _wait_for_prices(folder, process)
    except RfError as error:
        error.detail = "\n".join([error.detail, *_last_words(log)]).strip()
        raise
    finally:
        _stop(folder, process)


def foreground(folder: Path, command: Sequence[str]) -> Answer:
    """Run a daemon until it ends or Ctrl-C; both get the signal, the daemon stops by itself."""
    process = subprocess.Popen(command, cwd=folder, env=_environment(folder))
    try:
        code = process.wait()
    except KeyboardInterrupt:
        code = _wait(process)
    ended = Exit.OK if code == 0 else Exit.FAILED
    return Answer("demo.end", {"exit": code}, lambda _: "the demo has ended", exit_code=ended)


def _environment(folder: Path) -> Mapping[str, str]:
    """Return our environment less every setting and key of ours, for the mock market."""
    kept = {k: v for k, v in os.environ.items() if not (k.startswith("RF_") or is_secret_name(k))}
    data_dir = folder / "rf-data"
    return kept | {
        "USE_MOCK": "true",
        "RF_DATA_DIR": str(data_dir),
        "RF_BUS_PORT": "0",
        "RF_HTTP_PORT": "0",
    }


def _wait_for_prices(folder: Path, process: subprocess.Popen[bytes]) -> Any:
    first: dict[str, Any] = {}
    deadline = monotonic_ns() + round(_START_S * NANOS_PER_SECOND)
    while monotonic_ns() < deadline:
        if process.poll() is not None:
            raise RfError(f"the demo's daemon ended with exit code {process.returncode}")
        status = _status(folder)
        if status is not None:
            bids = {i["instrument_id"]: i["bid"] for i in status["instruments"] if i["bid"]}
            first = bids | first
            if status["equity"] is not None and any(first[name] != bids[name] for name in bids):
                return status
        time.sleep(_POLL_S)
    raise RfError(f"no moving prices within {_START_S:g} s", exit_code=Exit.NO_DAEMON)


def _status(folder: Path) -> Any:
    """Return the daemon's status, None while it is not there yet."""
    try:
        return daemon_link.ask(folder / "rf-data", "status", {}, _STOP_S)
    except RfError as error:
        if error.exit_code == Exit.NO_DAEMON:
            return None
        raise


def _stop(folder: Path, process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        try:
            daemon_link.ask(folder / "rf-data", "shutdown", {"cancel_orders": True}, _STOP_S)
        except RfError:
            process.terminate()
    _wait(process)


def _wait(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _last_words(log: Path) -> list[str]:
    return log.read_text(errors="replace").splitlines()[-10:]
