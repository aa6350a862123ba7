"""What is said on the bus: the frames of clients and of the server.

The frames that a client without topics hears stand first in the server's union: such a client,
`rf` for one, reads with the codec of that part and need not know the events of the house.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

from rf_common.clock import UnixNanos

VERSION = 1

MARKET = "market"
"""The topic of market data: a slow reader gets the newest and is told what it missed."""

ORDERS = "orders"
"""The topic of orders and fills: all of it or no link."""

STATE = "state"
"""The topic of the daemon's own state: all of it or no link."""

TOPICS = (MARKET, ORDERS, STATE)

E = TypeVar("E")


class Role(StrEnum):
    """What a client may do; each one may also do what the ones before it may."""

    READ = "read"
    TRADE = "trade"
    ADMIN = "admin"

    def may(self, needed: Role) -> bool:
        """Return whether this role is enough where `needed` is needed."""
        return _RANK[self] >= _RANK[needed]


VERB_ROLES: Mapping[str, Role] = {
    **dict.fromkeys(("status", "positions", "orders", "why", "risk"), Role.READ),
    **dict.fromkeys(("order", "check", "kill", "reduce", "strategy"), Role.TRADE),
}
"""Least role for each verb; all others need `Role.ADMIN`."""

_RANK = {role: rank for rank, role in enumerate(Role)}


class Hello(msgspec.Struct, frozen=True):
    """First frame of a client; the schema may be empty when no topics are asked for."""

    version: int
    schema: str
    token: str
    role: Role
    topics: tuple[str, ...]
    client: str


class Ask(msgspec.Struct, frozen=True):
    """A question or command; `args` is a JSON object, `number` comes back with the reply."""

    number: int
    verb: str
    args: str


class Ping(msgspec.Struct, frozen=True):
    """Shows that the client lives; answered by a heartbeat."""

    number: int


FromClient = Hello | Ask | Ping


class Welcome(msgspec.Struct, frozen=True):
    """The greeting was accepted; `head` is the number of the newest event."""

    version: int
    schema: str
    session: str
    mode: str
    role: Role
    ts: UnixNanos
    head: int


class Turned(msgspec.Struct, frozen=True):
    """The server says why, then closes the link."""

    code: str
    text: str
    fix: str


class Reply(msgspec.Struct, frozen=True):
    """Answer to the ask of that number: JSON data, or the fields of an `RfError`."""

    number: int
    ok: bool
    data: str
    code: str = ""
    message: str = ""
    detail: str = ""
    fix: str = ""
    exit: int = 0


class Heartbeat(msgspec.Struct, frozen=True):
    """The server lives; `seq` is the number of the newest event."""

    seq: int
    ts: UnixNanos


class Snapshot(msgspec.Struct, frozen=True):
    """The app's state, in its own encoding, as it is after event `seq`."""

    seq: int
    state: bytes


class Event(msgspec.Struct, Generic[E], frozen=True):
    """One event; numbers rise by one from event to event of all topics."""

    seq: int
    ts: UnixNanos
    topic: str
    body: E


class Ticks(msgspec.Struct, frozen=True):
    """Quotes and trades with neighbouring numbers from `seq` on, packed in columns."""

    seq: int
    ts: UnixNanos
    data: bytes


class Lost(msgspec.Struct, frozen=True):
    """Of the events `first` to `last`, this reader gets of `topic` only what follows now."""

    first: int
    last: int
    topic: str


ToAsker = Welcome | Turned | Reply | Heartbeat
"""What a client without topics hears."""
