"""The kill switch without the daemon's help: the file that it watches and obeys when it starts."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

LATCH_FILE = "KILL"


def throw(folder: Path, reason: str, actor: str) -> Path:
    """Write the kill file into `folder`, whole or not at all, and return its path.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    path = folder / LATCH_FILE
    fresh = folder / f".{LATCH_FILE}.{secrets.token_hex(8)}"
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(json.dumps({"reason": reason, "actor": actor}))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    return path
