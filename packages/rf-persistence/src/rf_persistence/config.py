"""Settings of the journal."""

from __future__ import annotations

import msgspec

from rf_common.config import POSITIVE, check


class JournalConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the journal batches, rotates and is kept."""

    flush_ms: int = 200
    """Longest time that market data waits before it is written, milliseconds."""
    flush_records: int = 2_000
    """Steps that are written together at most."""
    segment_mb: int = 64
    """Size at which a new segment of the session is begun, megabytes."""
    session_mb: int = 1_024
    """Size at which a running daemon begins a new session, megabytes."""
    keep_mb: int = 4_096
    """Size of all finished sessions above which the oldest are removed, megabytes."""

    def __post_init__(self) -> None:
        names = ("flush_ms", "flush_records", "segment_mb", "session_mb", "keep_mb")
        check(self, dict.fromkeys(names, POSITIVE))
