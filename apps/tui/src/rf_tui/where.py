"""Where the daemon is and what opens its door, read from its folder anew for every attempt."""

from __future__ import annotations

import contextlib
import ipaddress
from pathlib import Path

import msgspec

from rf_common.secret import Secret
from rf_net.token import read_token

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 7001
DAEMON_FILE = "daemon.json"
TRADE_TOKEN, ADMIN_TOKEN = "trade.token", "admin.token"


class DaemonFile(msgspec.Struct, frozen=True):
    """What a running daemon writes about itself; the rest of it is not needed here."""

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT


class Where:
    """Address and tokens.

    Parameters
    ----------
    data_dir : Path
        The daemon's folder.
    host, port : str or None, int or None
        What the command line says; it wins over the daemon's file.
    """

    def __init__(self, data_dir: Path, host: str | None = None, port: int | None = None) -> None:
        self.data_dir = data_dir
        self._host = host
        self._port = port

    @property
    def address(self) -> tuple[str, int]:
        """Host and port; the usual ones when nobody says."""
        told = DaemonFile()
        # While no daemon has written the file, the attempt to connect says so.
        with contextlib.suppress(OSError, msgspec.DecodeError):
            told = msgspec.json.decode((self.data_dir / DAEMON_FILE).read_bytes(), type=DaemonFile)
        return self._host or told.host, self._port or told.port

    @property
    def is_local(self) -> bool:
        """Whether the daemon's folder is at hand, so that its kill file works."""
        host = self.address[0]
        try:
            return host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    def trade_token(self) -> Secret:
        """Return the token for trading, or the daemon's own when there is none.

        Raises
        ------
        ConfigError
            If neither can be read.
        """
        if (self.data_dir / TRADE_TOKEN).exists():
            return read_token(self.data_dir / TRADE_TOKEN)
        return self.admin_token()

    def admin_token(self) -> Secret:
        """Return the token that also resumes; ConfigError when it cannot be read."""
        return read_token(self.data_dir / ADMIN_TOKEN)
