"""``rf kill`` and ``rf resume``: stopping is one word, starting again is a phrase."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

from rf_cli.context import DEFAULT_DATA_DIR, Context, Rf
from rf_cli.exits import Exit
from rf_cli.orders import answer_text, ask_once, refusal
from rf_cli.output import Answer
from rf_common.errors import ConfigError, RfError, StorageError

LATCH_FILE = "KILL"
_PATIENCE_S = 3.0


def kill(*words: str, reason: str | None = None, rf: Rf) -> Answer:
    """Refuse new orders and cancel what is open, at once and without a question.

    If no daemon answers within three seconds, the kill is written to the file KILL in the data
    folder: a running daemon watches it, and a daemon that starts obeys it.

    Parameters
    ----------
    words
        The same as --reason: nobody should have to look up an option now.
    reason
        Why; it is shown until the resume.
    """
    reason = reason or " ".join(words) or "by hand"
    try:
        return _over_the_bus(rf, reason)
    except Exception as error:  # whatever keeps the daemon from answering, the latch must be thrown
        return _throw_latch(rf, reason, f"{type(error).__name__}: {error}")


def resume(*, confirm: str | None = None, rf: Rf) -> Answer:
    """Leave the kill switch or a loss limit; asks for the phrase that the kill showed.

    Parameters
    ----------
    confirm
        The phrase.
    """
    phrase = confirm if confirm is not None else _ask_phrase(rf)
    data = ask_once(rf, "resume", {"phrase": phrase, "actor": rf.actor})
    if not data["ok"]:
        raise refusal(rf, data)
    return Answer("resume", data, answer_text)


def _ask_phrase(rf: Context) -> str:
    flag = '--confirm "<phrase>"'
    if not rf.is_interactive:
        return rf.question("the phrase", flag=flag)
    kill = rf.ask("status")["kill"]
    return rf.question(f"killed: {kill['reason']}\ntype: {kill['phrase']}\n>", flag=flag)


def _over_the_bus(rf: Context, reason: str) -> Answer:
    answer = rf.ask("kill", {"reason": reason, "actor": rf.actor}, timeout_s=_PATIENCE_S)
    if not answer["ok"]:
        raise RfError(f"the daemon answered {answer['text']}")
    doubts: tuple[str, ...] = ()
    if not answer["engine_answered"]:
        doubts = ("the engine did not answer; the gateway refuses new orders by itself",)
    data = {**answer, "daemon_answered": True, "daemon_runs": True, "latch": None}
    return Answer("kill", data, _kill_text, warnings=doubts)


def _throw_latch(rf: Context, reason: str, why: str) -> Answer:
    folder = _data_dir(rf)
    running = _daemon_runs(folder)
    latch = folder.resolve() / LATCH_FILE
    try:
        _write(latch, {"reason": reason, "actor": rf.actor})
    except OSError as error:
        raise StorageError(
            f"NOT KILLED: {why}; and {latch} cannot be written: {error.strerror or error}",
            code="RF-K-001",
            detail="the daemon, if one runs, goes on trading",
            fix="stop the daemon's process, and cancel at the venue's own page",
        ) from error
    data = {
        "ok": True,
        "code": "LATCHED",
        "text": f"no answer from a daemon ({why}); the kill is written to {latch}",
        "fix": "rf status" if running else "",
        "confirmed": [],
        "engine_answered": False,
        "daemon_answered": False,
        "daemon_runs": running,
        "latch": str(latch),
    }
    doubt = "no venue has confirmed anything: orders may still be open there"
    return Answer("kill", data, _kill_text, warnings=(doubt,), exit_code=Exit.NO_DAEMON)


def _data_dir(rf: Context) -> Path:
    """Return the data folder, the default one when the settings cannot be read."""
    try:
        return rf.data_dir
    except ConfigError:
        return Path(DEFAULT_DATA_DIR)


def _daemon_runs(folder: Path) -> bool:
    from rf_cli.daemon_link import find

    try:
        return find(folder).is_alive
    except RfError as error:
        # A file that is there and cannot be read says that a daemon may run.
        return error.exit_code != Exit.NO_DAEMON


def _write(path: Path, content: dict[str, str]) -> None:
    """Write `content` whole or not at all, and return when it is on disk."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(json.dumps(content).encode())
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    with contextlib.suppress(OSError):  # it is thrown already; some file systems cannot do this
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def _kill_text(data: Any) -> str:
    lines = ["KILLED" if data["daemon_answered"] else "LATCHED", data["text"]]
    if data["daemon_answered"]:
        lines.append(f"confirmed by the venue: {len(data['confirmed'])} orders cancelled")
        lines += [f"  {key}" for key in data["confirmed"]]
    elif data["daemon_runs"]:
        lines.append("the daemon's process runs and watches that file; look whether it obeyed")
    else:
        lines.append("no daemon runs with this data folder; the next one obeys it when it starts")
        lines.append("a daemon with another data folder goes on: rf --data-dir FOLDER kill")
    if data["fix"]:
        lines.append(f"next  {data['fix']}")
    return "\n".join(lines)
