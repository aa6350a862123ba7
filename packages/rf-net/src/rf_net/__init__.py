"""Transports: bytes come in and go out here, nothing is decoded.

Two shells and their pure parts: `WsFrames` keeps a WebSocket connected, `HttpClient` reads
with deadlines and caps, and tokens are kept in files that only their owner can read. Reconnect
delays, rate limits and framing are objects without I/O.

What needs asyncio, websockets or aiohttp is loaded when it is first named: `rf` needs none of
them and starts without.
"""

import importlib
from typing import TYPE_CHECKING

from rf_net.backoff import BackoffConfig, ReconnectPolicy
from rf_net.endpoints import checked_url
from rf_net.errors import (
    HttpError,
    HttpFailed,
    HttpRejected,
    LocalProtocolError,
    NetError,
    RateLimited,
    RemoteProtocolError,
    ResponseTooLarge,
    TimedOut,
    Unreachable,
)
from rf_net.frames import FrameBuffer, encode_frame
from rf_net.ratelimit import RateLimiter
from rf_net.token import create_token, read_token

if TYPE_CHECKING:
    from rf_net.http import HttpClient
    from rf_net.retry import retry_after_s
    from rf_net.ws import Connected, Lost, WsFrames

__all__ = [
    "WsFrames",
    "Connected",
    "Lost",
    "ReconnectPolicy",
    "BackoffConfig",
    "RateLimiter",
    "HttpClient",
    "retry_after_s",
    "checked_url",
    "create_token",
    "read_token",
    "FrameBuffer",
    "encode_frame",
    "NetError",
    "Unreachable",
    "TimedOut",
    "HttpError",
    "RateLimited",
    "HttpRejected",
    "HttpFailed",
    "ResponseTooLarge",
    "RemoteProtocolError",
    "LocalProtocolError",
]

_HEAVY = {
    "HttpClient": "rf_net.http",
    "retry_after_s": "rf_net.retry",
    "Connected": "rf_net.ws",
    "Lost": "rf_net.ws",
    "WsFrames": "rf_net.ws",
}


def __getattr__(name: str) -> object:
    if name not in _HEAVY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HEAVY[name]), name)
    globals()[name] = value
    return value
