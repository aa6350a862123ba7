"""What a reader of the bus is given, whether it comes over TCP or from a stream."""

from __future__ import annotations

from typing import Any

import msgspec

from rf_common.clock import UnixNanos
from rf_event_bus.messages import MARKET, Event, Lost, Ticks, Welcome
from rf_event_bus.ticks import TickColumns, unpack_ticks


class Connected(msgspec.Struct, frozen=True):
    """A link is up; all that was known before is replaced by `snapshot`, good for event `seq`.

    Without topics there is no snapshot: it is None.
    """

    welcome: Welcome
    seq: int
    snapshot: Any


class Told(msgspec.Struct, frozen=True):
    """One event."""

    seq: int
    ts: UnixNanos
    topic: str
    event: Any


class ToldTicks(msgspec.Struct, frozen=True):
    """Quotes and trades as columns; the first has number `seq`, each next one more."""

    seq: int
    ts: UnixNanos
    columns: TickColumns


class Disconnected(msgspec.Struct, frozen=True):
    """The link is down; `code` and `fix` are the server's if it said why."""

    reason: str
    code: str = ""
    fix: str = ""


Item = Connected | Told | ToldTicks | Lost | Disconnected
"""Anything that a session gives."""


def items(frame: Event[Any] | Ticks | Lost, *, expand_ticks: bool) -> list[Item]:
    """Return what a frame tells; ticks one by one or as columns.

    Raises
    ------
    Undecodable
        If packed ticks cannot be read.
    """
    if isinstance(frame, Event):
        return [Told(frame.seq, frame.ts, frame.topic, frame.body)]
    if isinstance(frame, Lost):
        return [frame]
    columns = unpack_ticks(frame.data)
    if not expand_ticks:
        return [ToldTicks(frame.seq, frame.ts, columns)]
    ticks = enumerate(columns.events(), frame.seq)
    return [Told(number, frame.ts, MARKET, tick) for number, tick in ticks]
