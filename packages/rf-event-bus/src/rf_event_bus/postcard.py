"""Postcard 1.0, the wire format of the bus: compact, without names, the types are the schema.

`codec` makes functions for a type and keeps them: structs field by field in the order of their
definition, unions and enumerations by the index of the variant, integers as zigzag varints of
64 bits, floats as eight bytes, text and collections with a count before them, exact numbers as
their text. NaN, infinity and integers in longer spellings are refused, so that one value has one
encoding; only exact numbers may come as other languages print them.

References
----------
The Postcard Wire Format, version 1: https://postcard.jamesmunns.com/wire-format
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

import msgspec

from rf_common.errors import RfError
from rf_event_bus._shapes import Read, Write, functions, identity, shape_of
from rf_event_bus.errors import Undecodable, Unencodable

T = TypeVar("T")

_REFUSED = (
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    OverflowError,
    RecursionError,
    RfError,
)


class Codec(msgspec.Struct, Generic[T], frozen=True):
    """Writes and reads values of one type."""

    encode: Callable[[T], bytes]
    """Returns the bytes of a value; raises `Unencodable`."""

    decode: Callable[[bytes], T]
    """Returns the value that all of the bytes are; raises `Undecodable`."""


_CODECS: dict[Any, Codec[Any]] = {}


@overload
def codec(kind: type[T]) -> Codec[T]: ...


@overload
def codec(kind: object) -> Codec[Any]: ...


def codec(kind: Any) -> Codec[Any]:
    """Return the codec of a type, made once.

    Parameters
    ----------
    kind : type
        A msgspec struct, a union of structs, an enumeration, bool, int, float, str, bytes,
        Decimal, NewTypes of these, and tuples, lists, dicts and options of all that.

    Raises
    ------
    TypeError
        If the type, or one inside it, has no place in the format.

    Examples
    --------
    >>> codec(tuple[int, str]).encode((-1, "hi")).hex()
    '01026869'
    >>> codec(tuple[int, str]).decode(bytes.fromhex("01026869"))
    (-1, 'hi')
    """
    key = identity(kind)
    if key not in _CODECS:
        _CODECS[key] = _codec(kind)
    return _CODECS[key]


def _codec(kind: Any) -> Codec[Any]:
    name = kind.__name__ if isinstance(kind, type) else str(kind)[:80]
    write, read = functions(shape_of(kind))
    return Codec(_encoder(name, write), _decoder(name, read))


def _encoder(name: str, write: Write) -> Callable[[Any], bytes]:
    def encode(value: Any) -> bytes:
        try:
            return write(value)
        except (*_REFUSED, struct.error) as error:
            raise Unencodable(f"expected a value of {name}: {_said(error)}") from error

    return encode


def _decoder(name: str, read: Read) -> Callable[[bytes], Any]:
    def decode(data: bytes) -> Any:
        end = len(data)
        try:
            value, at = read(data, 0, end)
        except (IndexError, struct.error) as error:
            raise Undecodable(f"expected bytes of {name}: the data ends too early") from error
        except _REFUSED as error:
            raise Undecodable(f"expected bytes of {name}: {_said(error)}") from error
        if at != end:
            raise Undecodable(f"expected bytes of {name}: {end - at} bytes follow it")
        return value

    return decode


def _said(error: Exception) -> str:
    return f"{type(error).__name__} {error}" if isinstance(error, KeyError) else str(error)[:200]
