"""Records as bytes: one letter for the kind, then MessagePack, deflated when that is shorter.

A record of steps is one array of ``[envelope, outputs]``. It is encoded as a whole when it is
committed, which costs a tenth of encoding each step when it is appended.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import msgspec

from rf_common.clock import UnixNanos
from rf_common.events import Envelope
from rf_common.orders import Output
from rf_persistence.header import FORMAT, SegmentHeader

Step = tuple[Envelope, tuple[Output, ...]]
"""What entered the engine and what it gave."""

_LEVEL = 1
_WORTH_DEFLATING = 256
_ENCODER = msgspec.msgpack.Encoder()
_OUTPUTS = msgspec.msgpack.Encoder()
_MAX_RECORD = 1 << 30


class End(msgspec.Struct, frozen=True, array_like=True):
    """The last record of a segment: a stop, or that the session goes on in the next segment."""

    is_stop: bool
    ts: UnixNanos
    steps: int
    """Steps of the session up to here."""
    state_hash: str = ""
    """The engine's state hash at a clean stop."""


Record = SegmentHeader | list[Step] | End


def encode_header(header: SegmentHeader) -> bytes:
    """Return the bytes of a segment's first record."""
    return _pack(b"H", _ENCODER.encode(header))


def encode_steps(steps: Sequence[Step]) -> bytes:
    """Return the bytes of a record of steps.

    Raises
    ------
    TypeError, ValueError
        If a step holds something that has no bytes, such as text with half a surrogate.
    """
    return _pack(b"S", _ENCODER.encode(steps))


def encode_end(end: End) -> bytes:
    """Return the bytes of a segment's last record."""
    return _pack(b"E", _ENCODER.encode(end))


def encode_outputs(outputs: Sequence[Output]) -> bytes:
    """Return the bytes by which recorded and replayed outputs are compared."""
    return _OUTPUTS.encode(outputs)


def decode(record: bytes) -> Record:
    """Return what a record holds.

    Raises
    ------
    ValueError
        If the bytes are no record of this format.
    """
    kind = record[:1]
    decoder = _DECODERS.get(kind.upper())
    if decoder is None:
        raise ValueError(f"expected a record of kind H, S or E, was {kind!r}")
    body = memoryview(record)[1:]
    try:
        value: Record = decoder.decode(_inflate(body) if kind.islower() else body)
    except (msgspec.MsgspecError, zlib.error, ArithmeticError) as error:
        raise ValueError(f"it cannot be decoded: {error}") from error
    if isinstance(value, SegmentHeader) and value.format > FORMAT:
        raise ValueError(f"its format is {value.format}, this version reads up to {FORMAT}")
    return value


_DECODERS: dict[bytes, msgspec.msgpack.Decoder[Record]] = {
    b"H": msgspec.msgpack.Decoder(SegmentHeader),
    b"S": msgspec.msgpack.Decoder(list[Step]),
    b"E": msgspec.msgpack.Decoder(End),
}


def _pack(kind: bytes, body: bytes) -> bytes:
    if len(body) >= _WORTH_DEFLATING:
        deflated = zlib.compress(body, _LEVEL)
        if len(deflated) < len(body):
            return kind.lower() + deflated
    return kind + body


def _inflate(body: memoryview) -> bytes:
    inflater = zlib.decompressobj()
    inflated = inflater.decompress(body, _MAX_RECORD)
    if not inflater.eof:
        raise ValueError("its deflated part is cut short or too large")
    return inflated
