"""Length-framed messages, without I/O: four bytes little-endian length, then the payload."""

from __future__ import annotations

import struct

from rf_net.errors import LocalProtocolError, RemoteProtocolError

MAX_FRAME = 1 << 20
"""Largest payload, bytes."""

MAX_GREETING = 4096
"""Largest payload before authentication, bytes."""

_LENGTH = struct.Struct("<I")


def encode_frame(payload: bytes, limit: int = MAX_FRAME) -> bytes:
    """Return `payload` as one frame.

    Raises
    ------
    LocalProtocolError
        If the payload is empty or longer than `limit` bytes.

    Examples
    --------
    >>> encode_frame(b"{}").hex()
    '020000007b7d'
    """
    if not 1 <= len(payload) <= limit:
        raise LocalProtocolError(
            f"expected a payload of 1 to {limit} bytes, was {len(payload)} bytes"
        )
    return _LENGTH.pack(len(payload)) + payload


class FrameBuffer:
    """Collects bytes in any chunking and returns whole payloads.

    A length is checked as soon as its four bytes are there, before anything is kept for it, so
    never more than one frame and one chunk is held. After an error it stays broken.

    Parameters
    ----------
    limit : int
        Largest payload, bytes; it may be raised between two frames.

    Examples
    --------
    >>> buffer = FrameBuffer()
    >>> buffer.receive_data(bytes.fromhex("020000007b"))
    []
    >>> buffer.receive_data(bytes.fromhex("7d"))
    [b'{}']
    """

    def __init__(self, limit: int = MAX_FRAME) -> None:
        self.limit = limit
        self._held = bytearray()

    def receive_data(self, chunk: bytes) -> list[bytes]:
        """Return the payloads that `chunk` completes.

        Raises
        ------
        RemoteProtocolError
            If a length is zero or above the limit.
        """
        held = self._held
        held += chunk
        payloads: list[bytes] = []
        start = 0
        while len(held) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(held, start)
            if not 1 <= length <= self.limit:
                self._held = held[start : start + _LENGTH.size]
                raise RemoteProtocolError(
                    f"expected a frame of 1 to {self.limit} bytes, was {length} bytes"
                )
            end = start + _LENGTH.size + length
            if len(held) < end:
                break
            payloads.append(bytes(held[start + _LENGTH.size : end]))
            start = end
        del held[:start]
        return payloads
