"""``rf journal``: the recorded sessions, whether they are whole, how large they are."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from rf_cli.context import Rf
from rf_cli.output import Answer, table
from rf_cli.progress import progress
from rf_common.clock import NANOS_PER_SECOND, to_iso
from rf_common.enums import Mode
from rf_common.errors import DataError
from rf_persistence import SessionReader, session_bytes, sessions, verify

if TYPE_CHECKING:
    from rich.console import RenderableType

LATEST = "latest"
_DAY_S = 86_400
_MIN_SPAN_S = 60


def list_sessions(*, rf: Rf) -> Answer:
    """List the recorded sessions."""
    return Answer("journal", [_row(path) for path in recorded(rf.data_dir)], _list_text)


def verify_sessions(session: str | None = None, /, *, rf: Rf) -> Answer:
    """Verify the hash chain of a session; all of them when none is named.

    Exit code 0: clean; 1: damaged; 2: unreadable.

    Parameters
    ----------
    session
        Its id, or latest.
    """
    chosen = [find(rf.data_dir, session)] if session is not None else all_of(rf.data_dir)
    reports = []
    with progress("verify", len(chosen)) as tell:
        for done, path in enumerate(chosen, start=1):
            reports.append(verify(path))
            tell(done)
    rows = [msgspec.to_builtins(report) for report in reports]
    worst = max(report.status.exit_code for report in reports)
    return Answer("journal.verify", rows, _verify_text, exit_code=worst)


def size(*, rf: Rf) -> Answer:
    """Show how large the journal is and how fast it grows."""
    paths = all_of(rf.data_dir)
    data = {
        "sessions": len(paths),
        "bytes": sum(map(session_bytes, paths)),
        "latest": paths[-1].name,
        "latest_bytes": session_bytes(paths[-1]),
        "bytes_per_day": _growth(paths[-1]),
        "disk_free_bytes": shutil.disk_usage(rf.data_dir).free,
    }
    return Answer("journal.size", data, _size_text)


def recorded(data_dir: Path) -> list[Path]:
    """Return the folders of the sessions of every mode, oldest first.

    The daemon keeps one folder a mode in its data folder, so that paper and live never mix.
    """
    homes = (data_dir, *(data_dir / mode.lower() for mode in Mode))
    return sorted((path for home in homes for path in sessions(home)), key=lambda path: path.name)


def all_of(data_dir: Path) -> list[Path]:
    """Return the folders of all sessions, oldest first; DataError when there is none."""
    found = recorded(data_dir)
    if not found:
        raise DataError(f"no session is recorded in {data_dir}", fix="uv run daemon")
    return found


def find(data_dir: Path, session: str) -> Path:
    """Return the folder of a session by its id or ``latest``; DataError when it is not there."""
    found = {path.name: path for path in all_of(data_dir)}
    if session == LATEST:
        return list(found.values())[-1]
    if session not in found:
        raise DataError(f"no session {session} is recorded in {data_dir}", fix="rf journal list")
    return found[session]


def _row(path: Path) -> dict[str, Any]:
    row: dict[str, Any] = {"session": path.name, "bytes": session_bytes(path), "error": ""}
    try:
        reader = SessionReader(path)
    except DataError as error:
        return row | {"started": None, "mode": None, "source": None, "error": error.message}
    header = reader.header
    return row | {
        "started": to_iso(header.started),
        "mode": str(header.mode),
        "source": header.source,
        "segments": len(reader.segments),
    }


def _growth(path: Path) -> int | None:
    """Return bytes per day of a session, None while it is too short to tell."""
    try:
        reader = SessionReader(path)
    except DataError:
        return None
    written = max(file.stat().st_mtime_ns for file in path.iterdir())
    span_s = (written - reader.header.started) / NANOS_PER_SECOND
    return round(session_bytes(path) * _DAY_S / span_s) if span_s > _MIN_SPAN_S else None


def _list_text(rows: Any) -> RenderableType:
    cells = [
        (r["session"], r["started"] or "n/a", r["mode"] or "n/a", megabytes(r["bytes"]), r["error"])
        for r in rows
    ]
    return table(("session", "started", "mode", ">size", ""), cells, empty="no sessions")


def _verify_text(rows: Any) -> str:
    lines: list[str] = []
    for row in rows:
        stop = "clean stop" if row["is_clean_stop"] else "no clean stop"
        counts = f"{row['records']} records, {row['steps']} steps, {stop}"
        lines.append(f"{row['status'].upper():<11}{row['session_id']}  {counts}")
        lines += [f"           {problem}" for problem in row["problems"]]
        lines += [f"           cut short: {row['torn']}"] if row["torn"] else []
        lines += [f"           note: {note}" for note in row["notes"]]
        lines.append(f"           head {row['head']}")
    return "\n".join(lines)


def _size_text(data: Any) -> str:
    growth = data["bytes_per_day"]
    per_day = "n/a, the latest session is too short" if growth is None else megabytes(growth)
    return (
        f"sessions   {data['sessions']}, {megabytes(data['bytes'])}\n"
        f"latest     {data['latest']}, {megabytes(data['latest_bytes'])}\n"
        f"per day    {per_day}\n"
        f"disk free  {megabytes(data['disk_free_bytes'])}"
    )


def megabytes(count: int) -> str:
    """Return bytes as megabytes for people."""
    return f"{count / 1e6:,.1f} MB"
