"""What one client, or all of them together, may cost the server."""

from __future__ import annotations

import msgspec

from rf_common.config import POSITIVE, check


class BusLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bounds of a `BusServer`."""

    max_clients: int = 256
    """Authenticated clients, and, apart from these, peers that have not greeted yet."""

    hello_s: float = 5.0
    """Time for the greeting, seconds."""

    idle_s: float = 300.0
    """Longest silence of a client, seconds."""

    slow_s: float = 5.0
    """How long orders, state or replies may wait for a reader, seconds."""

    buffer_bytes: int = 1 << 20
    """How much may wait for a reader."""

    pause_bytes: int = 1 << 18
    """From how much on a reader gets the newest market data only; as much lies in the kernel."""

    heartbeat_s: float = 1.0
    """Time between two heartbeats, seconds."""

    asks: int = 16
    """Questions of one client that are at work at a time."""

    frames_per_s: float = 200.0
    """Frames of one client; twice as many at once."""

    market_events: int = 1 << 16
    """Market events that may wait for the server's loop; the oldest go first."""

    other_events: int = 1 << 16
    """Other events that may wait for the server's loop; beyond, readers must begin again."""

    def __post_init__(self) -> None:
        """Refuse bounds that would bound nothing."""
        check(self, dict.fromkeys(self.__struct_fields__, POSITIVE))
