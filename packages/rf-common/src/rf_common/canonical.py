"""One way to turn state into bytes and bytes into a digest."""

from __future__ import annotations

import hashlib

import msgspec

_ENCODER = msgspec.msgpack.Encoder(order="deterministic")


def canonical_bytes(state: object) -> bytes:
    """Return MessagePack bytes that depend on the value only: maps and sets are sorted."""
    return _ENCODER.encode(state)


def digest(state: object) -> str:
    """Return the SHA-256 of the canonical bytes, 64 hexadecimal characters."""
    return hashlib.sha256(canonical_bytes(state)).hexdigest()
