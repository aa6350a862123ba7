"""The first record of every segment: all that a fresh engine needs to begin where it begins."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from rf_common.canonical import digest
from rf_common.clock import NANOS_PER_SECOND, UnixNanos
from rf_common.enums import Mode
from rf_common.ids import SessionId
from rf_common.instruments import Instrument
from rf_engine import EngineConfig, Ledger

FORMAT = 1
"""Version of the journal's format; a reader refuses a newer one."""

_STAMP = "%Y%m%dT%H%M%SZ"
_SESSION = re.compile(r"(\d{8}T\d{6}Z)-([A-Z2-7]{8})", re.ASCII)


class SegmentHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What was true when a segment began; later segments of a session differ in the last five."""

    format: int = FORMAT
    version: str
    """Version of the house that wrote it."""
    session_id: SessionId
    nonce: str
    """Session nonce of the client order ids."""
    seed: int
    source: str
    """Where market data came from, such as ``mock`` or ``binance``."""
    started: UnixNanos
    config: EngineConfig
    config_hash: str
    instruments: tuple[Instrument, ...]
    segment: int = 1
    first_seq: int = 1
    ledger: Ledger | None = None
    """What the engine began with; None at the very first session."""
    previous: str = ""
    """The segment before this one, ``session/file``; empty at the very first."""
    previous_head: str = ""
    """The last hash of that segment, hexadecimal."""

    @property
    def mode(self) -> Mode:
        """What the numbers and orders are."""
        return self.config.mode


def session_header(
    config: EngineConfig,
    nonce: str,
    instruments: Iterable[Instrument],
    *,
    started: UnixNanos,
    source: str,
    seed: int,
    version: str,
    ledger: Ledger | None = None,
    first_seq: int = 1,
    previous: str = "",
    previous_head: str = "",
) -> SegmentHeader:
    """Return the header of a new session; `previous` and what follows come from `recover`."""
    return SegmentHeader(
        version=version,
        session_id=new_session_id(started, nonce, after=previous.partition("/")[0]),
        nonce=nonce,
        seed=seed,
        source=source,
        started=started,
        config=config,
        config_hash=digest(config),
        instruments=tuple(instruments),
        first_seq=first_seq,
        ledger=ledger,
        previous=previous,
        previous_head=previous_head,
    )


def new_session_id(started: UnixNanos, nonce: str, after: str = "") -> SessionId:
    """Return start and nonce as a name that sorts behind the session `after`.

    Names are the order of sessions; a clock that was set back must not hide the newest one.

    Raises
    ------
    ValueError
        If the nonce is not eight base-32 characters.

    Examples
    --------
    >>> new_session_id(UnixNanos(1_795_572_736_000_000_000), "K7QW3ZPA")
    '20261125T021216Z-K7QW3ZPA'
    """
    begun = datetime.fromtimestamp(started // NANOS_PER_SECOND, UTC)
    before = _SESSION.fullmatch(after)
    if before is not None:
        last = datetime.strptime(before[1], _STAMP).replace(tzinfo=UTC)
        begun = max(begun, last + timedelta(seconds=1))
    name = f"{begun:{_STAMP}}-{nonce}"
    if not is_session_id(name):
        raise ValueError(f"expected a nonce of eight characters A-Z 2-7, was {nonce!r}")
    return SessionId(name)


def is_session_id(name: str) -> bool:
    """Return whether `name` is the name of a session's folder."""
    return _SESSION.fullmatch(name) is not None


def nonce_of(session_id: str) -> str:
    """Return the nonce in a session's name."""
    return session_id.rpartition("-")[2]
