"""The frames of the bus, bound to the events and the snapshot of one app."""

from __future__ import annotations

from collections.abc import Callable
from types import GenericAlias
from typing import Any

from rf_common.events import Quote
from rf_event_bus.messages import (
    Event,
    FromClient,
    Heartbeat,
    Lost,
    Reply,
    Snapshot,
    Ticks,
    Turned,
    Welcome,
)
from rf_event_bus.postcard import codec
from rf_event_bus.schema import schema_hash

Frame = Welcome | Turned | Reply | Heartbeat | Snapshot | Event[Any] | Ticks | Lost
"""Anything that a server says."""


class Wire:
    """Codecs of everything that travels, and the digest by which both sides know they agree.

    Parameters
    ----------
    events : type
        Union of the structs that are told.
    snapshot : type
        What a new reader is given first.
    latest : tuple of type
        Events of which the newest of each instrument is enough for a slow reader; they have
        an ``instrument_id``.

    Attributes
    ----------
    schema : str
        SHA-256 of all types.
    encode_server, decode_server : callable
        For what the server says.
    encode_client, decode_client : callable
        For what a client says.
    encode_snapshot, decode_snapshot : callable
        For the state inside `Snapshot`.

    Examples
    --------
    >>> from rf_common import Quote, Trade
    >>> wire = Wire(Quote | Trade, dict[str, int])
    >>> wire.decode_server(wire.encode_server(Heartbeat(7, 1_000)))
    Heartbeat(seq=7, ts=1000)
    """

    def __init__(
        self, events: Any, snapshot: Any, *, latest: tuple[type[Any], ...] = (Quote,)
    ) -> None:
        # typing keeps what it made of equal arguments, and A | B equals B | A: not asked here.
        told = GenericAlias(Event, (events,))
        # The first four are those of `messages.ToAsker`, in its order.
        server = Welcome | Turned | Reply | Heartbeat | Snapshot | told | Ticks | Lost
        self.latest = frozenset(latest)
        self.schema = schema_hash(FromClient, server, snapshot)
        self.encode_server: Callable[[Frame], bytes] = codec(server).encode
        self.decode_server: Callable[[bytes], Frame] = codec(server).decode
        self.encode_client: Callable[[FromClient], bytes] = codec(FromClient).encode
        self.decode_client: Callable[[bytes], FromClient] = codec(FromClient).decode
        self.encode_snapshot: Callable[[Any], bytes] = codec(snapshot).encode
        self.decode_snapshot: Callable[[bytes], Any] = codec(snapshot).decode
