"""``rf doctor``: the health of this machine, of the settings and of the last session."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rf_cli import daemon_link
from rf_cli.context import Context, Rf
from rf_cli.exits import Exit
from rf_cli.journal import megabytes, recorded
from rf_cli.kill import LATCH_FILE
from rf_cli.output import Answer, table
from rf_common.clock import to_iso
from rf_common.errors import ConfigError, RfError
from rf_persistence import Status, verify

if TYPE_CHECKING:
    from rich.console import RenderableType

    from rf_cli.settings import Settings

OK, WARN, FAIL, SKIP = "ok", "warn", "FAIL", "skip"
_LEAST_FREE = 1_000_000_000
_EARLIEST_NS = 1_735_689_600_000_000_000
"""2025-01-01: this program did not exist before."""

Row = dict[str, str]


def doctor(*, rf: Rf) -> Answer:
    """Check the health of this machine and of the last session.

    Exit code 8 when something is wrong; warnings alone leave it at 0.
    """
    rows = [*_machine(rf), *_with_settings(rf)]
    failed = sum(row["verdict"] == FAIL for row in rows)
    warned = sum(row["verdict"] == WARN for row in rows)
    data = {"rows": rows, "failed": failed, "warnings": warned}
    return Answer("doctor", data, _text, exit_code=Exit.FOUND if failed else Exit.OK)


def _machine(rf: Context) -> Iterator[Row]:
    version = platform.python_version()
    is_new = sys.version_info >= (3, 11)
    yield _row("python", OK if is_new else FAIL, version, "install Python 3.11 or later")
    yield _clock(rf)


def _with_settings(rf: Context) -> Iterator[Row]:
    try:
        settings, _ = rf.settings()
        data_dir = rf.data_dir
    except ConfigError as error:
        yield _row("config", FAIL, error.message, "rf config check")
        return
    yield _row("config", OK, "valid", "")
    yield from _keys(settings)
    yield from _data_dir(data_dir)
    yield _latch(data_dir)
    yield from _ports(rf, settings)
    yield _last_session(data_dir)


def _keys(settings: Settings) -> Iterator[Row]:
    given = settings.keys.given()
    if not given:
        yield _row("keys", SKIP, "none; the mock market needs none", "")
    for name, key in given.items():
        # Whether a venue accepts it is not asked here: that would need the network.
        yield _row("keys", OK, f"{name} {key}, not tried", "")


def _data_dir(folder: Path) -> Iterator[Row]:
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not (existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)):
        fix = "give a folder with --data-dir or RF_DATA_DIR"
        yield _row("data folder", FAIL, f"{existing} cannot be written", fix)
        return
    if existing != folder:
        yield _row("data folder", OK, f"{folder} will be made", "")
    else:
        mode = stat.S_IMODE(folder.stat().st_mode)
        others = bool(mode & (stat.S_IRWXG | stat.S_IRWXO))
        note = f"{folder} mode {mode:04o}" + (": others can look into it" if others else "")
        yield _row("data folder", WARN if others else OK, note, f"chmod 700 {folder}")
    free = shutil.disk_usage(existing).free
    verdict = OK if free >= _LEAST_FREE else FAIL
    yield _row("disk", verdict, f"{megabytes(free)} free", "make room; the journal needs it")


def _latch(data_dir: Path) -> Row:
    if not (data_dir / LATCH_FILE).exists():
        return _row("kill latch", OK, "not thrown", "")
    note = f"{data_dir / LATCH_FILE} is there: a daemon that starts is halted"
    return _row("kill latch", WARN, note, "start the daemon, then rf resume")


def _ports(rf: Context, settings: Settings) -> Iterator[Row]:
    ours = _our_daemon(rf)
    taken_by_us = {ours.port, ours.http_port} if ours is not None else set()
    for name, port in (("port", settings.bus_port), ("http", settings.http_port)):
        if port == 0:
            yield _row(name, OK, "0, any free one", "")
        elif port in taken_by_us:
            yield _row(name, OK, f"{port} is our daemon", "")
        elif _is_free(settings.bind, port):
            yield _row(name, OK, f"{port} is free", "")
        else:
            fix = f"stop that program, or set RF_{'CONTROL' if name == 'port' else 'HTTP'}_PORT"
            yield _row(name, FAIL, f"{port} is taken by another program", fix)


def _our_daemon(rf: Context) -> daemon_link.DaemonFile | None:
    """Return what a daemon wrote about itself, None unless it answers."""
    try:
        rf.ask("status")
        return daemon_link.find(rf.data_dir)
    except RfError:
        return None


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError:
        return False
    return True


def _last_session(data_dir: Path) -> Row:
    found = recorded(data_dir)
    if not found:
        return _row("journal", SKIP, "no session yet", "")
    report = verify(found[-1])
    note = f"{report.session_id} {report.status}, {report.records} records"
    if report.status is Status.CLEAN:
        return _row("journal", OK, note, "")
    problem = next(iter((*report.problems, report.torn)), "")
    return _row("journal", FAIL, f"{note}: {problem}", "rf journal verify latest")


def _clock(rf: Context) -> Row:
    now = rf.clock.now()
    note = f"{to_iso(now)}, not compared with any other clock"
    if now < _EARLIEST_NS:
        return _row("clock", FAIL, f"{to_iso(now)} is in the past", "set the clock")
    return _row("clock", OK, note, "")


def _row(check: str, verdict: str, note: str, fix: str) -> Row:
    return {
        "check": check,
        "verdict": verdict,
        "note": note,
        "fix": "" if verdict in {OK, SKIP} else fix,
    }


def _text(data: Any) -> RenderableType:
    from rich.console import Group

    cells = [
        (r["verdict"], r["check"], r["note"] + (f"     fix: {r['fix']}" if r["fix"] else ""))
        for r in data["rows"]
    ]
    counts = f"{data['failed']} wrong, {data['warnings']} warnings"
    return Group(table(("", "check", ""), cells, empty="nothing was checked"), counts)
