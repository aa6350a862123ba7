"""The event bus: what the daemon tells screens and programs, and how they ask it.

Frames in Postcard over loopback TCP: `Wire` binds them to an app's events, `BusServer` tells
and answers, `BusClient` stays connected and begins each time with a snapshot, `BusAsk` asks one
thing and goes. `codec` is the wire format for any of our types; `pack_quotes` and its kin put
ticks into columns.

What needs asyncio or NumPy is loaded when it is first named: `rf` asks through `BusAsk` and
starts without them. Redis Streams are in `rf_event_bus.redis_streams`, the extra ``[redis]``.
"""

import importlib
from typing import TYPE_CHECKING

from rf_event_bus.ask_client import BusAsk
from rf_event_bus.errors import (
    BusRefused,
    BusUnreachable,
    PostcardError,
    Undecodable,
    Unencodable,
)
from rf_event_bus.messages import MARKET, ORDERS, STATE, TOPICS, VERB_ROLES, Lost, Role, Welcome
from rf_event_bus.postcard import Codec, codec

if TYPE_CHECKING:
    from rf_event_bus.client import BusClient
    from rf_event_bus.limits import BusLimits
    from rf_event_bus.schema import schema_hash
    from rf_event_bus.server import BusServer
    from rf_event_bus.ticks import (
        QuoteColumns,
        TickColumns,
        TradeColumns,
        pack_quotes,
        pack_ticks,
        pack_trades,
        unpack_quotes,
        unpack_ticks,
        unpack_trades,
    )
    from rf_event_bus.told import Connected, Disconnected, Told, ToldTicks
    from rf_event_bus.wire import Wire

__all__ = [
    "Wire",
    "BusServer",
    "BusLimits",
    "VERB_ROLES",
    "BusClient",
    "Connected",
    "Told",
    "ToldTicks",
    "Lost",
    "Disconnected",
    "Welcome",
    "BusAsk",
    "Role",
    "TOPICS",
    "MARKET",
    "ORDERS",
    "STATE",
    "Codec",
    "codec",
    "schema_hash",
    "QuoteColumns",
    "TradeColumns",
    "TickColumns",
    "pack_quotes",
    "unpack_quotes",
    "pack_trades",
    "unpack_trades",
    "pack_ticks",
    "unpack_ticks",
    "PostcardError",
    "Undecodable",
    "Unencodable",
    "BusUnreachable",
    "BusRefused",
]

_TICKS = "rf_event_bus.ticks"
_TOLD = "rf_event_bus.told"
_HEAVY = {
    "Wire": "rf_event_bus.wire",
    "schema_hash": "rf_event_bus.schema",
    "BusServer": "rf_event_bus.server",
    "BusLimits": "rf_event_bus.limits",
    "BusClient": "rf_event_bus.client",
    "Connected": _TOLD,
    "Disconnected": _TOLD,
    "Told": _TOLD,
    "ToldTicks": _TOLD,
    "QuoteColumns": _TICKS,
    "TradeColumns": _TICKS,
    "TickColumns": _TICKS,
    "pack_quotes": _TICKS,
    "pack_ticks": _TICKS,
    "pack_trades": _TICKS,
    "unpack_quotes": _TICKS,
    "unpack_ticks": _TICKS,
    "unpack_trades": _TICKS,
}


def __getattr__(name: str) -> object:
    if name not in _HEAVY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HEAVY[name]), name)
    globals()[name] = value
    return value
