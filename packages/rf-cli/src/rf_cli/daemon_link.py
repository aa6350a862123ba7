"""Where the daemon is, and one question to it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from rf_cli.exits import Exit
from rf_common.errors import DataError, RfError
from rf_event_bus.ask_client import BusAsk
from rf_net.token import read_token

DAEMON_FILE = "daemon.json"
TOKEN_FILE = "admin.token"


class DaemonFile(msgspec.Struct, frozen=True, kw_only=True):
    """What a running daemon writes about itself."""

    pid: int
    host: str
    port: int
    http_port: int = 0
    mode: str = ""
    session: str = ""
    started: str | int = ""

    @property
    def is_alive(self) -> bool:
        """Whether a process of this number runs; after a crash the file stays behind."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except OSError:
            return True
        return True


def find(data_dir: Path) -> DaemonFile:
    """Return what the daemon of `data_dir` wrote about itself.

    Raises
    ------
    RfError
        If there is no such file (exit code 13).
    DataError
        If it cannot be read.
    """
    path = data_dir / DAEMON_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=DaemonFile)
    except FileNotFoundError as error:
        raise RfError(
            f"no daemon in {data_dir}",
            code="RF-N-003",
            detail=f"there is no {path}: no daemon runs, or it has another data folder",
            fix="uv run daemon",
            exit_code=Exit.NO_DAEMON,
        ) from error
    except (OSError, msgspec.DecodeError) as error:
        fix = "restart the daemon"
        raise DataError(f"{path} cannot be read: {error}", code="RF-D-002", fix=fix) from error


def ask(data_dir: Path, verb: str, args: Mapping[str, Any], timeout_s: float) -> Any:
    """Return the daemon's answer to one verb.

    Raises
    ------
    RfError
        If no daemon answers (exit code 13), or it refuses (its own code).
    """
    daemon = find(data_dir)
    token = read_token(data_dir / TOKEN_FILE)
    with BusAsk(daemon.host, daemon.port, token, timeout_s) as bus:
        return bus.ask(verb, args)
