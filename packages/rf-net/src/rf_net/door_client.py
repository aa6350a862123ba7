"""The command line's side of the control door: plain blocking sockets, quick to import."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import msgspec

from rf_common.clock import NANOS_PER_SECOND, monotonic_ns
from rf_common.secret import Secret
from rf_net._wire import Hello, Reply, Request
from rf_net.endpoints import checked_door
from rf_net.errors import DoorRefused, DoorUnreachable, RemoteProtocolError
from rf_net.frames import MAX_GREETING, FrameBuffer, encode_frame

__all__ = ["DoorClient", "DoorRefused", "DoorUnreachable"]

_CHUNK = 1 << 16
_REPLY = msgspec.json.Decoder(Reply)


class DoorClient:
    """A connection to the daemon; use it as a context manager.

    Parameters
    ----------
    host, port : str, int
        The door; loopback only, because the token goes over in the clear.
    token : Secret
        From `rf_net.token.read_token`.
    timeout_s : float
        For connecting with the greeting, and for each answer, in seconds.

    Raises
    ------
    ConfigError
        If `host` is not loopback or `port` is none.
    """

    def __init__(self, host: str, port: int, token: Secret, timeout_s: float = 5.0) -> None:
        self._address = checked_door(host, port)
        self._token = token
        self._timeout_s = timeout_s
        self._socket: socket.socket | None = None
        self._buffer = FrameBuffer()
        self._ready: list[bytes] = []
        self._number = 0

    def __enter__(self) -> DoorClient:
        """Connect and greet.

        Raises
        ------
        DoorUnreachable
            If nothing listens or nothing that answers is the daemon.
        DoorRefused
            If the daemon does not accept the token.
        """
        hello = msgspec.json.encode(Hello(hello=1, token=self._token.reveal()))
        deadline_ns = _deadline_ns(self._timeout_s)
        try:
            self._socket = socket.create_connection(self._address, self._timeout_s)
            self._exchange(0, encode_frame(hello, MAX_GREETING), deadline_ns)
        except OSError as error:
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
        DoorRefused
            If the daemon refused; code, message, detail, fix and exit code are the daemon's.
        DoorUnreachable
            If no answer came. The link is closed, and the verb may have been carried out.
        """
        self._number += 1
        request = Request(id=self._number, verb=verb, args=dict(args or {}))
        frame = encode_frame(msgspec.json.encode(request))
        deadline_ns = _deadline_ns(self._timeout_s if timeout_s is None else timeout_s)
        try:
            return self._exchange(self._number, frame, deadline_ns)
        except OSError as error:
            raise self._unreachable(
                _reason(error),
                f"no answer to {verb!r}: the daemon may have carried it out, "
                "ask for the status before you repeat it",
            ) from error

    def _exchange(self, number: int, frame: bytes, deadline_ns: int) -> Any:
        try:
            self._until(deadline_ns).sendall(frame)
            reply = _REPLY.decode(self._receive(deadline_ns))
            if reply.id != number and (reply.ok or reply.id is not None):
                raise ConnectionError(f"an answer to {reply.id}, expected one to {number}")
        except (ValueError, RecursionError, RemoteProtocolError) as error:
            self.close()
            raise ConnectionError("what answers there is not the daemon") from error
        except OSError:
            self.close()  # a late answer must never be taken for the next one
            raise
        if reply.ok:
            return reply.data
        if reply.id is None or number == 0:
            self.close()
        raise _refusal(reply)

    def _receive(self, deadline_ns: int) -> bytes:
        while not self._ready:
            chunk = self._until(deadline_ns).recv(_CHUNK)
            if not chunk:
                raise ConnectionError("the daemon hung up")
            self._ready = self._buffer.receive_data(chunk)
        return self._ready.pop(0)

    def _until(self, deadline_ns: int) -> socket.socket:
        """Return the socket, its time-out set to what is left until the deadline."""
        if self._socket is None:
            raise ConnectionError("the link is closed")
        left_s = (deadline_ns - monotonic_ns()) / NANOS_PER_SECOND
        if left_s <= 0:
            raise TimeoutError
        self._socket.settimeout(left_s)
        return self._socket

    def _unreachable(self, reason: str, detail: str = "") -> DoorUnreachable:
        host, port = self._address
        return DoorUnreachable(
            f"no daemon at {host}:{port} ({reason})",
            detail=detail or "the daemon is not running, or it runs with another port",
            fix="uv run daemon",
        )


def _deadline_ns(timeout_s: float) -> int:
    return monotonic_ns() + round(timeout_s * NANOS_PER_SECOND)


def _refusal(reply: Reply) -> DoorRefused:
    return DoorRefused(
        reply.message,
        code=reply.code,
        detail=reply.detail,
        fix=reply.fix,
        exit_code=reply.exit,
    )


def _reason(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return error.strerror or str(error) or type(error).__name__
