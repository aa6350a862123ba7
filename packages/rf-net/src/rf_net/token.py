"""The file through which daemon and command line share the door's token."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from rf_common.errors import ConfigError, StorageError
from rf_common.secret import Secret

_MIN_LENGTH = 32
_MAX_LENGTH = 1024


def create_token(path: Path) -> Secret:
    """Draw a new token and put it at `path`, readable by its owner only.

    The file has mode 0600 from its first byte and replaces an older one in one step; a missing
    folder is made with mode 0700.

    Raises
    ------
    StorageError
        If the folder or file cannot be written.
    """
    import secrets  # only the daemon draws tokens; `rf` starts faster without

    token = secrets.token_urlsafe(32)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _write(fresh, token.encode("ascii"))
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(
            f"token file {path} cannot be written: {error.strerror}",
            fix="give the daemon a data folder it may write to",
        ) from error
    return Secret(token)


def read_token(path: Path) -> Secret:
    """Return the token at `path`.

    Raises
    ------
    ConfigError
        If the file is missing (exit code 13: no daemon made one), can be read by others, or
        holds no token.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(_MAX_LENGTH + 1)
    except FileNotFoundError as error:
        raise ConfigError(
            f"token file {path} is missing: the daemon makes it when it starts",
            fix="uv run daemon",
            exit_code=13,
        ) from error
    except OSError as error:
        raise ConfigError(f"token file {path} cannot be read: {error.strerror}") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(
            f"token file {path} has mode {stat.S_IMODE(mode):04o}: expected 0600, "
            "others can read or change it",
            fix=f"chmod 600 {path}",
        )
    return Secret(_parse(path, text))


def _parse(path: Path, text: bytes) -> str:
    token = text.strip().decode("ascii", "replace")
    if not (_MIN_LENGTH <= len(token) <= _MAX_LENGTH and token.isascii() and token.isprintable()):
        raise ConfigError(
            f"token file {path} holds no token: expected {_MIN_LENGTH} to {_MAX_LENGTH} "
            "printable ASCII characters",
            fix="uv run daemon",
        )
    return token


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
