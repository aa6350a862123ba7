"""Settings of the feeds."""

from __future__ import annotations

import msgspec

from rf_common.config import NOT_NEGATIVE, POSITIVE, check


class BinanceConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where Binance spot is, and how patient we are with it."""

    ws_url: str = "wss://stream.binance.com:9443"
    """Base of the stream; plain ``ws`` is allowed to loopback only."""
    rest_url: str = "https://api.binance.com"
    """Base of the REST interface; plain ``http`` is allowed to loopback only."""
    snapshot_levels: int = 5_000
    """Levels of the REST depth snapshot."""
    silence_ms: int = 5_000
    """Time without any frame after which the connection counts as silent, milliseconds."""
    reconnect_first_ms: int = 500
    """First delay before a new connection, milliseconds; doubles up to the cap."""
    reconnect_cap_ms: int = 60_000
    """Largest delay before a new connection, milliseconds."""
    max_waiting: int = 10_000
    """Depth events kept per instrument while its snapshot is on the way."""

    def __post_init__(self) -> None:
        check(
            self,
            {
                "snapshot_levels": (lambda n: 5 <= n <= 5_000, "levels from 5 to 5000"),
                "silence_ms": POSITIVE,
                "reconnect_first_ms": POSITIVE,
                "reconnect_cap_ms": POSITIVE,
                "max_waiting": POSITIVE,
            },
        )


class MockConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The seeded market that needs no key and no network."""

    seed: int = 7
    """Seed of every path; the same seed gives the same market."""
    step_ms: int = 100
    """Time between two steps of the market, milliseconds."""
    symbols: tuple[str, ...] = ()
    """Symbols of the market; empty means the thirteen of the house."""
    book_levels: int = 10
    """Levels of each side of the simulated book."""
    outage_every_s: float = 600.0
    """Mean time between two short outages of the feed, seconds; 0 for none."""
    outage_s: float = 8.0
    """Length of such an outage, seconds."""

    def __post_init__(self) -> None:
        check(
            self,
            {
                "seed": (lambda n: 0 <= n < 2**63, "a whole number from 0 to 2^63-1"),
                "step_ms": POSITIVE,
                "book_levels": (lambda n: 1 <= n <= 100, "levels from 1 to 100"),
                "outage_every_s": NOT_NEGATIVE,
                "outage_s": NOT_NEGATIVE,
            },
        )
