"""Integers of seven bits a byte, least significant first; the last byte has no top bit.

Only the shortest spelling is accepted: Postcard allows others, and two spellings of one value
would make the bytes useless for comparing and hashing. Every event has several of these numbers,
nanoseconds since 1970 among them, so the loops over their bytes are unrolled: writing spreads
eight bytes at a time, reading keeps to numbers of 28 bits, which Python adds fastest.
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
    if value < 0x200000:
        return bytes((value & 0x7F | 0x80, value >> 7 & 0x7F | 0x80, value >> 14))
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


def read_tail(data: bytes, at: int) -> tuple[int, int]:  # noqa: PLR0911  # an unrolled loop
    """Return the unsigned number whose first byte, above 127, ends at `at`, and its end.

    Raises
    ------
    ValueError
        If it does not fit 64 bits or could be spelled shorter.
    IndexError
        If the data ends before the number.
    """
    low = data[at - 1] & 0x7F
    if (one := data[at]) < 0x80:
        return low | (one or _longer()) << 7, at + 1
    if (two := data[at + 1]) < 0x80:
        return low | (one & 0x7F) << 7 | (two or _longer()) << 14, at + 2
    low |= (one & 0x7F) << 7 | (two & 0x7F) << 14
    if (one := data[at + 2]) < 0x80:
        return low | (one or _longer()) << 21, at + 3
    low |= (one & 0x7F) << 21
    if (one := data[at + 3]) < 0x80:
        return low | (one or _longer()) << 28, at + 4
    if (two := data[at + 4]) < 0x80:
        return low | (one & 0x7F | (two or _longer()) << 7) << 28, at + 5
    high = one & 0x7F | (two & 0x7F) << 7
    if (one := data[at + 5]) < 0x80:
        return low | (high | (one or _longer()) << 14) << 28, at + 6
    high |= (one & 0x7F) << 14
    if (one := data[at + 6]) < 0x80:
        return low | (high | (one or _longer()) << 21) << 28, at + 7
    high |= (one & 0x7F) << 21
    if (one := data[at + 7]) < 0x80:
        return low | (high | (one or _longer()) << 28) << 28, at + 8
    if (data[at + 8] or _longer()) > 1:
        raise ValueError("expected a number of at most 64 bits")
    return low | (high | (one & 0x7F | 0x80) << 28) << 28, at + 9


def read_uvarint(data: bytes, at: int) -> tuple[int, int]:
    """Return the unsigned number that begins at `at`, and its end; errors as `read_tail`."""
    value = data[at]
    return (value, at + 1) if value < 0x80 else read_tail(data, at + 1)


def _longer() -> int:
    raise ValueError("expected the shortest spelling of a number")


def _refuse() -> bytes:
    raise ValueError("expected a number of 64 bits")
