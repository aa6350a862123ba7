"""The data folder: private, used by one daemon at a time, with what others need to find it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rf_common.errors import StorageError
from rf_event_bus.messages import Role

KILL_FILE = "KILL"
INFO_FILE = "daemon.json"
TOKEN_FILES = {
    Role.READ: "read.token",
    Role.TRADE: "trade.token",
    Role.ADMIN: "admin.token",
}
"""Where the bus tokens of this run are, readable by their owner only."""


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold `folder` alone; the lock dies with the process.

    Raises
    ------
    StorageError
        If the folder cannot be used, or another daemon holds it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StorageError(
            f"data_dir = {folder}: expected a folder that can be written, {error.strerror}",
            code="RF-S-002",
            fix="choose another folder with --data-dir, or repair its permissions",
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StorageError(
                f"data_dir = {folder}: another daemon uses it{_who(folder)}",
                code="RF-S-003",
                fix="stop it with rf daemon stop, or choose another folder with --data-dir",
            ) from error
        yield
    finally:
        os.close(handle)


def _who(folder: Path) -> str:
    with contextlib.suppress(OSError, ValueError, KeyError):
        info = json.loads((folder / INFO_FILE).read_text(encoding="utf-8"))
        return f" (pid {info['pid']})"
    return ""


def write_private(path: Path, text: str) -> None:
    """Replace a file, readable by its owner only, all at once and durably."""
    beside = path.with_name(path.name + ".new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def tell(folder: Path, info: dict[str, Any]) -> None:
    """Write where the daemon of this folder is reached."""
    write_private(folder / INFO_FILE, json.dumps(info) + "\n")


def forget(folder: Path) -> None:
    """Take that back."""
    (folder / INFO_FILE).unlink(missing_ok=True)


class KillLatch:
    """The kill switch as a file: it works when all else hangs, and outlives the process.

    Its content is a JSON object with `reason` and `actor`; any other content kills as well.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / KILL_FILE

    def read(self) -> tuple[str, str] | None:
        """Return reason and actor when the file is there."""
        try:
            text = self._path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return None
        except OSError as error:
            return f"the kill file cannot be read: {error.strerror}", "file"
        with contextlib.suppress(ValueError, AttributeError):
            told = json.loads(text)
            return str(told.get("reason", "kill file"))[:200], str(told.get("actor", "file"))[:80]
        return "kill file", "file"

    def write(self, reason: str, actor: str) -> None:
        """Set the latch."""
        write_private(self._path, json.dumps({"reason": reason, "actor": actor}))

    def clear(self) -> None:
        """Remove the latch: the journal has the kill now."""
        self._path.unlink(missing_ok=True)
