"""The command line's side of the bus: plain blocking sockets, quick to import.

It asks for no topics, so it needs neither the events of the house nor their codecs.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import msgspec

from rf_common.clock import NANOS_PER_SECOND, monotonic_ns
from rf_common.secret import Secret
from rf_event_bus._refusals import refusal
from rf_event_bus.errors import BusRefused, BusUnreachable, PostcardError
from rf_event_bus.messages import (
    VERSION,
    Ask,
    FromClient,
    Heartbeat,
    Hello,
    Reply,
    Role,
    ToAsker,
    Turned,
    Welcome,
)
from rf_event_bus.postcard import codec
from rf_net.endpoints import checked_loopback
from rf_net.errors import RemoteProtocolError
from rf_net.frames import MAX_GREETING, FrameBuffer, encode_frame

__all__ = ["BusAsk", "BusRefused", "BusUnreachable"]

_CHUNK = 1 << 16


class BusAsk:
    """A connection to the daemon for questions; use it as a context manager.

    Parameters
    ----------
    host, port : str, int
        The bus; loopback only, because the token goes over in the clear.
    token : Secret
        From `rf_net.token.read_token`.
    timeout_s : float
        For connecting with the greeting, and for each answer, in seconds.
    role : Role
        What to be allowed; not more than the token is good for.
    client : str
        Name of the program, for the daemon's log.

    Raises
    ------
    ConfigError
        If `host` is not loopback or `port` is none.
    """

    def __init__(
        self,
        host: str,
        port: int,
        token: Secret,
        timeout_s: float = 5.0,
        *,
        role: Role = Role.ADMIN,
        client: str = "rf",
    ) -> None:
        self._address = checked_loopback(host, port)
        self._hello = Hello(VERSION, "", token.reveal(), role, (), client)
        self._timeout_s = timeout_s
        self._socket: socket.socket | None = None
        self._buffer = FrameBuffer()
        self._ready: list[bytes] = []
        self._number = 0

    def __enter__(self) -> BusAsk:
        """Connect and greet.

        Raises
        ------
        BusUnreachable
            If nothing listens or nothing that answers is the daemon.
        BusRefused
            If the daemon does not accept the token or the role.
        """
        deadline_ns = _deadline_ns(self._timeout_s)
        hello = encode_frame(_TO.encode(self._hello), MAX_GREETING)
        try:
            self._socket = socket.create_connection(self._address, self._timeout_s)
            if not isinstance(self._exchange(hello, deadline_ns), Welcome):
                raise _not_the_daemon()
        except OSError as error:
            self.close()
            raise self._unreachable(_reason(error)) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; calling it again does nothing."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def ask(
        self, verb: str, args: Mapping[str, Any] | None = None, timeout_s: float | None = None
    ) -> Any:
        """Return the daemon's answer to one verb.

        Parameters
        ----------
        verb : str
            What to do.
        args : mapping, optional
            Its arguments, JSON-able.
        timeout_s : float, optional
            Deadline of this answer, instead of the client's.

        Raises
        ------
        BusRefused
            If the daemon refused; code, message, detail, fix and exit code are the daemon's.
        BusUnreachable
            If no answer came. The link is closed, and the verb may have been carried out.
        """
        self._number += 1
        asked = Ask(self._number, verb, msgspec.json.encode(args or {}).decode())
        frame = encode_frame(_TO.encode(asked))
        deadline_ns = _deadline_ns(self._timeout_s if timeout_s is None else timeout_s)
        try:
            reply = self._exchange(frame, deadline_ns)
            if not isinstance(reply, Reply) or reply.number != self._number:
                raise _not_the_daemon()
            if reply.ok:
                return _json(reply.data)
        except OSError as error:
            self.close()  # a late answer must never be taken for the next one
            raise self._unreachable(
                _reason(error),
                f"no answer to {verb!r}: the daemon may have carried it out, "
                "ask for the status before you repeat it",
            ) from error
        raise refusal(reply)

    def _exchange(self, frame: bytes, deadline_ns: int) -> Welcome | Reply:
        """Send `frame` and return what answers it, whatever heartbeats come before."""
        self._until(deadline_ns).sendall(frame)
        while isinstance(heard := self._receive(deadline_ns), Heartbeat):
            pass
        if isinstance(heard, Turned):
            self.close()
            raise refusal(heard)
        return heard

    def _receive(self, deadline_ns: int) -> ToAsker:
        try:
            while not self._ready:
                chunk = self._until(deadline_ns).recv(_CHUNK)
                if not chunk:
                    raise ConnectionError("the daemon hung up")
                self._ready = self._buffer.receive_data(chunk)
            heard: ToAsker = _FROM.decode(self._ready.pop(0))
        except (PostcardError, RemoteProtocolError) as error:
            raise _not_the_daemon() from error
        return heard

    def _until(self, deadline_ns: int) -> socket.socket:
        """Return the socket, its time-out set to what is left until the deadline."""
        if self._socket is None:
            raise ConnectionError("the link is closed")
        left_s = (deadline_ns - monotonic_ns()) / NANOS_PER_SECOND
        if left_s <= 0:
            raise TimeoutError
        self._socket.settimeout(left_s)
        return self._socket

    def _unreachable(self, reason: str, detail: str = "") -> BusUnreachable:
        host, port = self._address
        return BusUnreachable(
            f"no daemon at {host}:{port} ({reason})",
            detail=detail or "the daemon is not running, or it runs with another port",
            fix="uv run daemon",
        )


_TO = codec(FromClient)
_FROM = codec(ToAsker)


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _not_the_daemon() from error


def _not_the_daemon() -> ConnectionError:
    return ConnectionError("what answers there is not the daemon")


def _deadline_ns(timeout_s: float) -> int:
    return monotonic_ns() + round(timeout_s * NANOS_PER_SECOND)


def _reason(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return error.strerror or str(error) or type(error).__name__
