"""Integers of seven bits a byte, least significant first; the last byte has no top bit.

Only the shortest spelling is accepted: Postcard allows others, and two spellings of one value
would make the bytes useless for comparing and hashing. Long numbers, such as nanoseconds since
1970, are spread and gathered eight bytes at a time: half the time of a loop over the bytes.
"""

from __future__ import annotations

from struct import Struct

BYTE = tuple(bytes((value,)) for value in range(256))

_TOP = 0x8080808080808080
_CONTINUED = tuple(_TOP >> (8 * (9 - count)) if count else 0 for count in range(9))
"""By the number of bytes: the top bit of all but the last."""

_NINE = Struct("<QB")


def uvarint(value: int) -> bytes:
    """Return an unsigned 64-bit number as bytes.

    Raises
    ------
    ValueError
        If `value` is negative or does not fit 64 bits.
    """
    if value < 0x80:
        return BYTE[value] if value >= 0 else _refuse()
    if value < 0x4000:
        return BYTE[value & 0x7F | 0x80] + BYTE[value >> 7]
    low = value & 0xFFFFFFFFFFFFFF
    low = (low & 0x00FFFFFFF0000000) << 4 | low & 0x000000000FFFFFFF
    low = (low & 0x0FFFC0000FFFC000) << 2 | low & 0x00003FFF00003FFF
    low = (low & 0x3F803F803F803F80) << 1 | low & 0x007F007F007F007F
    high = value >> 56
    if not high:
        count = (low.bit_length() + 7) >> 3
        return (low | _CONTINUED[count]).to_bytes(count, "little")
    if high < 0x80:
        return _NINE.pack(low | _TOP, high)
    return _NINE.pack(low | _TOP, high & 0x7F | 0x80) + b"\1" if high < 0x100 else _refuse()


def zigzag(value: int) -> int:
    """Return a number that is small when `value` is near zero, to either side.

    A value beyond 64 bits gives one beyond 64 bits, which `uvarint` refuses.

    Examples
    --------
    >>> [zigzag(n) for n in (0, -1, 1, -64, 64)]
    [0, 1, 2, 127, 128]
    """
    return value << 1 ^ value >> 63


def read_tail(data: bytes, at: int) -> tuple[int, int]:
    """Return the unsigned number whose first byte, above 127, ends at `at`, and its end.

    Raises
    ------
    ValueError
        If it does not fit 64 bits or could be spelled shorter.
    IndexError
        If the data ends before the number.
    """
    byte = data[at]
    if 0 < byte < 0x80:
        return data[at - 1] & 0x7F | byte << 7, at + 1
    if at + 8 <= len(data):
        low, high = _NINE.unpack_from(data, at - 1)
        if low & _TOP == _TOP and 0 < high < 0x80:
            low &= 0x7F7F7F7F7F7F7F7F
            low = (low & 0x7F007F007F007F00) >> 1 | low & 0x007F007F007F007F
            low = (low & 0x3FFF00003FFF0000) >> 2 | low & 0x00003FFF00003FFF
            return high << 56 | (low & 0x0FFFFFFF00000000) >> 4 | low & 0x0FFFFFFF, at + 8
    return _read_slowly(data, at)


def read_uvarint(data: bytes, at: int) -> tuple[int, int]:
    """Return the unsigned number that begins at `at`, and its end; errors as `read_tail`."""
    value = data[at]
    return (value, at + 1) if value < 0x80 else read_tail(data, at + 1)


def _read_slowly(data: bytes, at: int) -> tuple[int, int]:
    value, shift = data[at - 1] & 0x7F, 7
    while (byte := data[at]) > 0x7F:
        value |= (byte & 0x7F) << shift
        shift += 7
        at += 1
        if shift > 63:
            raise ValueError("expected a number of at most 64 bits")
    if not byte:
        raise ValueError("expected the shortest spelling of a number")
    value |= byte << shift
    if value >> 64:
        raise ValueError("expected a number of at most 64 bits")
    return value, at + 1


def _refuse() -> bytes:
    raise ValueError("expected a number of 64 bits")
