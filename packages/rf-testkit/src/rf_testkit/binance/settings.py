"""How the fake behaves when nobody asks it to misbehave, and what it counted."""

from __future__ import annotations

from typing import Literal

import msgspec

Pace = Literal["step", "max"] | float
"""Under test control, as fast as clients read, or a multiple of the recorded pace."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Ports, pace and the venue's limits; the defaults are the real venue's.

    Parameters
    ----------
    ws_port, rest_port : int
        0 lets the system choose.
    pace : "step", "max" or float
        "step" moves only when `FakeBinance.play` is called.
    min_clients : int
        The tape starts when so many connections have subscribed; at pace "max" it also stands
        still whenever there are fewer, so that nothing is played to an empty hall.
    lost_after_cut : int
        Frames that pass after each cut before the tape may stand still at pace "max": what a
        client misses while it is away.
    loop : bool
        Start again at the end, with ids and times moved on; clients see a gap.
    ping_interval_s, pong_timeout_s, life_s : float
        A ping this often, answered within that time, and the end of every connection.
    stuck_s : float
        A client that takes nothing for so long is dropped.
    max_streams, max_messages_per_s, weight_limit : int
        Streams a connection, messages a second from a client, request weight a minute. Pongs
        are messages too: a short `ping_interval_s` needs a higher limit.
    """

    ws_port: int = 0
    rest_port: int = 0
    pace: Pace = "step"
    min_clients: int = 1
    lost_after_cut: int = 0
    loop: bool = False
    ping_interval_s: float = 20.0
    pong_timeout_s: float = 60.0
    life_s: float = 86_400.0
    stuck_s: float = 5.0
    max_streams: int = 1024
    max_messages_per_s: int = 5
    weight_limit: int = 6_000


class Stats(msgspec.Struct):
    """Counters since the start."""

    connections: int = 0
    subscriptions: int = 0
    control_messages: int = 0
    frames_played: int = 0
    frames_sent: int = 0
    snapshots_served: int = 0
    stale_snapshots: int = 0
    rest_requests: int = 0
    rest_faults: int = 0
    cuts: int = 0
    gaps: int = 0
    duplicates: int = 0
    reorders: int = 0
    garbage: int = 0
    refused_upgrades: int = 0
    flooded: int = 0
    ping_timeouts: int = 0
    stuck: int = 0
    expired: int = 0
