"""What a screen knows of its line to the daemon."""

from __future__ import annotations

import msgspec

from rf_common.clock import UnixNanos


class Connecting(msgspec.Struct, frozen=True, gc=False, tag="connecting"):
    """No answer yet; `since` is when the first try began."""

    since: UnixNanos = UnixNanos(0)
    reason: str = ""


class Live(msgspec.Struct, frozen=True, gc=False, tag="live"):
    """A snapshot was taken and events follow."""

    since: UnixNanos
    reason: str = ""


class Offline(msgspec.Struct, frozen=True, gc=False, tag="offline"):
    """The line is lost or refused; what is on the screen is old."""

    since: UnixNanos
    reason: str


Connection = Connecting | Live | Offline
