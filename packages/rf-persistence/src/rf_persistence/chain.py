"""The hash chain over records, which makes changes evident."""

from __future__ import annotations

import hashlib
import struct

START_HEAD = bytes(32)
"""What the very first record is chained to."""

_FRAME = struct.Struct(">QQQQ")


def link(head: bytes, number: int, first_seq: int, last_seq: int, record: bytes) -> bytes:
    """Return the hash of a record: SHA-256 of the head before it, its frame and its bytes.

    The frame holds number, first and last sequence number and length, so that no two chains of
    records are the same bytes.
    """
    hashed = hashlib.sha256(head)
    hashed.update(_FRAME.pack(number, first_seq, last_seq, len(record)))
    hashed.update(record)
    return hashed.digest()


def head_of(text: str) -> bytes:
    """Return the head that a header names in hexadecimal, the start when it names none.

    Raises
    ------
    ValueError
        If it is not the text of 32 bytes.
    """
    head = bytes.fromhex(text) if text else START_HEAD
    if len(head) != len(START_HEAD):
        raise ValueError(f"expected 32 bytes in hexadecimal, was {text!r}")
    return head
