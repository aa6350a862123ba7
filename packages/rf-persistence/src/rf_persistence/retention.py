"""Old sessions removed when the journal is larger than it may be; whole ones, oldest first."""

from __future__ import annotations

from pathlib import Path

from rf_common.clock import UnixNanos
from rf_common.errors import StorageError
from rf_common.ids import SessionId
from rf_persistence.anchors import Anchor, add_anchor, read_anchors
from rf_persistence.reader import sessions

_MEGABYTE = 1_000_000


def prune(data_dir: Path, keep_mb: int, *, keep: SessionId, now: UnixNanos) -> tuple[str, ...]:
    """Remove the oldest sessions until the others fit, and return a line for each removed.

    The newest session and `keep` stay however large they are. Each removal is told in the
    anchors first, so that it cannot be mistaken for a loss.

    Parameters
    ----------
    keep_mb : int
        Largest size of all sessions but the newest and `keep`, megabytes.

    Raises
    ------
    StorageError
        If a file cannot be removed.
    """
    finished = [path for path in sessions(data_dir)[:-1] if path.name != keep]
    sizes = {path: session_bytes(path) for path in finished}
    total = sum(sizes.values())
    removed: list[str] = []
    for path in finished:
        if total <= keep_mb * _MEGABYTE:
            break
        try:
            add_anchor(data_dir, _removal(data_dir, path, now))
            _remove(path)
        except OSError as error:
            raise StorageError(f"session {path.name} cannot be removed: {error}") from error
        total -= sizes[path]
        removed.append(f"session {path.name} removed, {sizes[path] / _MEGABYTE:,.1f} MB")
    return tuple(removed)


def session_bytes(session_dir: Path) -> int:
    """Return the size of a session's files, bytes."""
    return sum(path.stat().st_size for path in session_dir.iterdir() if path.is_file())


def _removal(data_dir: Path, session_dir: Path, now: UnixNanos) -> Anchor:
    session_id = SessionId(session_dir.name)
    ours = [anchor for anchor in read_anchors(data_dir)[0] if anchor.session_id == session_id]
    records, head = (ours[-1].records, ours[-1].head) if ours else (0, "-")
    return Anchor(now, session_id, "removed", records, head)


def _remove(session_dir: Path) -> None:
    for pattern in ("*.db-wal", "*.db-shm", "*.db"):
        for path in sorted(session_dir.glob(pattern)):
            path.unlink()
    session_dir.rmdir()
