"""``rf daemon``: whether it runs, and stopping it."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from rf_cli.context import Flag, Rf
from rf_cli.daemon_link import DaemonFile, find
from rf_cli.exits import Exit
from rf_cli.output import Answer
from rf_common.clock import NANOS_PER_SECOND, monotonic_ns

_POLL_S = 0.05


def status(*, rf: Rf) -> Answer:
    """Show whether the daemon runs and where."""
    daemon = find(rf.data_dir)
    seen = rf.ask("status")
    data = msgspec.to_builtins(daemon) | {
        "state": seen["state"],
        "version": seen["version"],
        "uptime_s": seen["uptime_s"],
        "engine_answering": seen["engine"]["answering"],
    }
    return Answer("daemon", data, _status_text)


def stop(*, keep_orders: Flag = False, rf: Rf) -> Answer:
    """Stop the daemon; its open orders are cancelled.

    Parameters
    ----------
    keep_orders
        Leave open orders at the venue.
    """
    daemon = find(rf.data_dir)
    told = rf.ask("shutdown", {"cancel_orders": not keep_orders})
    gone = wait_until_gone(daemon, rf.timeout_s)
    data = {"pid": daemon.pid, "gone": gone, "answer": told}
    return Answer("daemon.stop", data, _stop_text, exit_code=Exit.OK if gone else Exit.FOUND)


def wait_until_gone(daemon: DaemonFile, timeout_s: float) -> bool:
    """Return whether the daemon's process ended in time."""
    deadline = monotonic_ns() + round(timeout_s * NANOS_PER_SECOND)
    while daemon.is_alive:
        if monotonic_ns() >= deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _status_text(data: Any) -> str:
    answering = "" if data["engine_answering"] else "   engine NOT ANSWERING"
    return (
        f"{data['mode']}  daemon runs   pid {data['pid']}   {data['host']}:{data['port']}   "
        f"http {data['http_port']}   session {data['session']}   {data['state']}{answering}"
    )


def _stop_text(data: Any) -> str:
    if data["gone"]:
        return f"stopped: process {data['pid']} is gone"
    return f"process {data['pid']} was told to stop and still runs"
