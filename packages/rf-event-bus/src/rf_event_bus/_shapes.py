"""How each kind of value lies on the wire, as code that reads and writes it.

A shape knows its description (what `schema_hash` digests), the fewest bytes it takes (so that a
count is refused before anything is allocated for it), and adds to a `Source` the lines that
write or read one value. Structs, unions and collections become functions of their own; what
is in them is inlined, and neighbouring floats are packed in one go.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Sequence
from decimal import Decimal
from enum import Enum
from functools import partial
from itertools import chain
from math import isfinite
from struct import pack, unpack_from
from typing import Any, NewType

import msgspec

from rf_event_bus._source import Source
from rf_event_bus._varint import BYTE, read_uvarint, uvarint

Write = Callable[[Any], bytes]
Read = Callable[[bytes, int, int], tuple[Any, int]]
"""Takes data, position and end; returns the value and the position behind it."""

MAX_VARIANTS = 128
"""Variants of a union or an enumeration whose index fits one byte."""

_SHAPES: dict[Any, Shape] = {}
_BEING_MADE: set[Any] = set()
"""Structs whose fields are being looked at, to notice one that contains itself."""

_SHORT = "the data ends before the value"


class Shape(msgspec.Struct, frozen=True):
    """One kind of value on the wire."""

    text: str
    """Canonical description."""

    least: int
    """Fewest bytes."""

    write: Callable[[Source, str], list[str]]
    """Adds lines that prepare the value that a name stands for; returns expressions of bytes."""

    read: Callable[[Source, str], None]
    """Adds lines that set a name to the value at `p` and move `p` behind it."""

    floats: int = 0
    """How many floats it is, if it is nothing but floats."""

    made: tuple[Write, Read] | None = None
    """Its functions, if it has some of its own."""


def shape_of(kind: Any) -> Shape:
    """Return the shape of a type, made once.

    Raises
    ------
    TypeError
        If the type has no place in the format.
    """
    key = identity(kind)
    if key not in _SHAPES:
        _SHAPES[key] = _shape(kind)
    return _SHAPES[key]


def identity(kind: Any) -> Any:
    """Return what tells types apart: ``A | B`` equals ``B | A``, on the wire they differ."""
    origin = typing.get_origin(kind)
    if origin is None:
        return kind
    name = typing.Union if origin is types.UnionType else origin
    return (name, *map(identity, typing.get_args(kind)))


def _shape(kind: Any) -> Shape:
    if kind in _SCALARS:
        return _SCALARS[kind]
    if isinstance(kind, NewType):
        return shape_of(kind.__supertype__)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in {typing.Union, types.UnionType}:
        return _union(arguments)
    if origin is dict:
        return _mapping(*map(shape_of, arguments))
    if origin is tuple and arguments[-1:] != (...,):
        return _fixed([shape_of(item) for item in arguments])
    if origin in {tuple, list}:
        return _sequence(origin, shape_of(arguments[0]))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enumeration(kind)
    if _is_struct(origin or kind):
        return _struct(kind)
    raise TypeError(f"expected a type that Postcard can carry, was {kind!r}")


def functions(shape: Shape) -> tuple[Write, Read]:
    """Return functions that write and read one value of `shape`."""
    if shape.made is not None:
        return shape.made
    source = Source()
    parts = shape.write(source, "x")
    source.line(f"return {_joined(parts)}")
    write = source.function("write(x)")
    source = Source()
    shape.read(source, "x")
    source.line("return x, p")
    return write, source.function("read(data, p, end)")


# --- scalars ------------------------------------------------------------------------------------


def _read_bool(source: Source, target: str) -> None:
    source.line(f"{target} = data[p]; p += 1")
    with source.block(f"if {target} > 1:"):
        source.line(f'raise unknown("bool", {target}, 2)')
    source.line(f"{target} = {target} == 1")


def _read_count(source: Source, target: str) -> None:
    source.line(f"{target} = data[p]; p += 1")
    with source.block(f"if {target} > 127:"):
        source.line(f"{target}, p = read_tail(data, p)")


def _write_int(source: Source, name: str) -> list[str]:
    zigzag = source.local()
    source.line(f"{zigzag} = {name} << 1 ^ {name} >> 63")
    return [f"BYTE[{zigzag}] if {zigzag} < 128 else uvarint({zigzag})"]


def _read_int(source: Source, target: str) -> None:
    _read_count(source, target)
    source.line(f"{target} = {target} >> 1 ^ -({target} & 1)")


def _write_float(source: Source, name: str) -> list[str]:
    source.refuse_nan([name])
    return [f"{source.floats(1)}.pack({name})"]


def _read_float(source: Source, target: str) -> None:
    _read_floats(source, [target])


def _write_bytes(source: Source, name: str, convert: str = "{}") -> list[str]:
    raw, count = source.local(), source.local()
    source.line(f"{raw} = {convert.format(name)}; {count} = len({raw})")
    return [f"BYTE[{count}] if {count} < 128 else uvarint({count})", raw]


def _read_bytes(source: Source, target: str, convert: str = "{}") -> None:
    count = source.local()
    _read_count(source, count)
    source.line(f"{count} += p")
    with source.block(f"if {count} > end:"):
        source.line(f'raise ValueError("{_SHORT}")')
    source.line(f"{target} = {convert.format(f'data[p:{count}]')}; p = {count}")


_SCALARS: dict[Any, Shape] = {
    bool: Shape("bool", 1, lambda _, name: [f"BOOL[{name}]"], _read_bool),
    int: Shape("i64", 1, _write_int, _read_int),
    float: Shape("f64", 8, _write_float, _read_float, floats=1),
    bytes: Shape("bytes", 1, _write_bytes, _read_bytes),
    str: Shape(
        "string",
        1,
        partial(_write_bytes, convert="{}.encode()"),
        partial(_read_bytes, convert="{}.decode()"),
    ),
    # The least is two bytes: no number is empty text.
    Decimal: Shape(
        "decimal",
        2,
        partial(_write_bytes, convert="number_text({})"),
        partial(_read_bytes, convert="parse({}.decode())"),
    ),
}


# --- what is made of others ---------------------------------------------------------------------


def _enumeration(kind: type[Enum]) -> Shape:
    members = tuple(kind)
    _check_count(kind.__name__, len(members))
    written = {member: BYTE[index] for index, member in enumerate(members)}

    def read(source: Source, target: str) -> None:
        source.line(f"{target} = data[p]; p += 1")
        with source.block(f"if {target} >= {len(members)}:"):
            source.line(f'raise unknown("{kind.__name__}", {target}, {len(members)})')
        source.line(f"{target} = {source.known(members)}[{target}]")

    values = "|".join(f"{member.name}={member.value}" for member in members)
    text = f"enum {kind.__name__}({values})"
    return Shape(text, 1, lambda source, name: [f"{source.known(written)}[{name}]"], read)


def _option(inner: Shape) -> Shape:
    def write(source: Source, name: str) -> list[str]:
        made = source.local()
        with source.block(f"if {name} is None:"):
            source.line(f'{made} = b"\\0"')
        with source.block("else:"):
            parts = ['b"\\1"', *inner.write(source, name)]
            source.line(f"{made} = {_joined(parts)}")
        return [made]

    def read(source: Source, target: str) -> None:
        source.line(f"{target} = data[p]; p += 1")
        with source.block(f"if {target} > 1:"):
            source.line(f'raise unknown("option", {target}, 2)')
        with source.block(f"if {target}:"):
            inner.read(source, target)
        with source.block("else:"):
            source.line(f"{target} = None")

    return Shape(f"option<{inner.text}>", 1, write, read)


def _fixed(items: Sequence[Shape]) -> Shape:
    def write(source: Source, name: str) -> list[str]:
        names = [source.local() for _ in items]
        source.line(f"{', '.join(names)}, = {name}" if names else f"() = {name}")
        return _write_all(source, items, names)

    def read(source: Source, target: str) -> None:
        names = _read_all(source, items)
        source.line(f"{target} = ({''.join(f'{name}, ' for name in names)})")

    return Shape(
        f"({','.join(item.text for item in items)})",
        sum(item.least for item in items),
        write,
        read,
        floats=len(items) if items and all(item.floats == 1 for item in items) else 0,
    )


def _struct(kind: Any) -> Shape:
    made = typing.get_origin(kind) or kind
    fields = msgspec.structs.fields(kind)
    if kind in _BEING_MADE:
        raise TypeError(f"expected a struct of finite depth: {made.__name__} contains itself")
    _BEING_MADE.add(kind)
    try:
        shapes = [shape_of(field.type) for field in fields]
    finally:
        _BEING_MADE.discard(kind)
    by_place = len(made.__match_args__)

    def write() -> Write:
        source = Source()
        with source.block(f"if type(x) is not {source.known(made)}:"):
            source.line(f'raise TypeError(f"expected {made.__name__}, was {{type(x).__name__}}")')
        names = [source.local() for _ in fields]
        for name, field in zip(names, fields, strict=True):
            source.line(f"{name} = x.{field.name}")
        source.line(f"return {_joined(_write_all(source, shapes, names))}")
        return source.function("write(x)")

    def read() -> Read:
        source = Source()
        names = _read_all(source, shapes)
        words = [f"{f.name}={n}" for f, n in zip(fields, names, strict=True)][by_place:]
        arguments = ", ".join(names[:by_place] + words)
        source.line(f"return {source.known(made)}({arguments}), p")
        return source.function("read(data, p, end)")

    inside = ",".join(f"{f.name}:{s.text}" for f, s in zip(fields, shapes, strict=True))
    least = sum(shape.least for shape in shapes)
    return _called(f"struct {made.__name__}{{{inside}}}", least, write(), read())


def _union(kinds: Sequence[Any]) -> Shape:
    inner = [kind for kind in kinds if kind is not type(None)]
    if len(inner) < len(kinds):
        return _option(shape_of(inner[0]) if len(inner) == 1 else _union(inner))
    made = [typing.get_origin(kind) or kind for kind in inner]
    if not all(map(_is_struct, made)):
        raise TypeError(f"expected a union of structs, was {' | '.join(map(str, kinds))}")
    _check_count("a union", len(inner))
    shapes = [shape_of(kind) for kind in inner]
    pairs = [functions(shape) for shape in shapes]
    writers = {kind: (BYTE[n], pairs[n][0]) for n, kind in enumerate(made)}
    readers, count = tuple(pair[1] for pair in pairs), len(pairs)
    names = "|".join(kind.__name__ for kind in made)

    def write(value: Any) -> bytes:
        try:
            index, write_variant = writers[type(value)]
        except KeyError:
            raise TypeError(f"expected one of {names}, was {type(value).__name__}") from None
        return index + write_variant(value)

    def read(data: bytes, at: int, end: int) -> tuple[Any, int]:
        index = data[at]
        if index >= count:
            raise ValueError(f"expected a variant from 0 to {count - 1} of {names}, was {index}")
        return readers[index](data, at + 1, end)

    text = f"union({'|'.join(shape.text for shape in shapes)})"
    return _called(text, 1 + min(shape.least for shape in shapes), write, read)


def _sequence(container: Any, item: Shape) -> Shape:
    text = f"seq<{item.text}>"
    if item.floats:
        return _called(text, 1, *_float_sequence(container, item.floats))
    _check_least(item)
    write_item, read_item = functions(item)

    def write(values: Any) -> bytes:
        return b"".join((uvarint(len(values)), *map(write_item, values)))

    def read(data: bytes, at: int, end: int) -> tuple[Any, int]:
        count, at = read_uvarint(data, at)
        if count * item.least > end - at:
            raise ValueError(f"expected at most {end - at} bytes of items, was a count of {count}")
        values = []
        for _ in range(count):
            value, at = read_item(data, at, end)
            values.append(value)
        return container(values), at

    return _called(text, 1, write, read)


def _float_sequence(container: Any, width: int) -> tuple[Write, Read]:
    """Return functions for floats, or for tuples of `width` floats, packed in one go."""

    def write(values: Any) -> bytes:
        if width > 1 and not all(len(value) == width for value in values):
            raise ValueError(f"expected tuples of {width} numbers")
        flat = values if width == 1 else [*chain.from_iterable(values)]
        if not all(map(isfinite, flat)):
            raise ValueError("expected finite numbers, was NaN or infinite")
        return uvarint(len(values)) + pack(f"<{len(flat)}d", *flat)

    def read(data: bytes, at: int, end: int) -> tuple[Any, int]:
        count, at = read_uvarint(data, at)
        if count * width * 8 > end - at:
            raise ValueError(f"expected at most {end - at} bytes of items, was a count of {count}")
        flat = unpack_from(f"<{count * width}d", data, at)
        if not all(map(isfinite, flat)):
            raise ValueError("expected finite numbers, was NaN or infinite")
        values = flat if width == 1 else zip(*[iter(flat)] * width, strict=True)
        return container(values), at + count * width * 8

    return write, read


def _mapping(key: Shape, value: Shape) -> Shape:
    pairs = _sequence(list, _fixed([key, value]))
    write_pairs, read_pairs = functions(pairs)

    def write(values: Any) -> bytes:
        return write_pairs(values.items())

    def read(data: bytes, at: int, end: int) -> tuple[Any, int]:
        found, at = read_pairs(data, at, end)
        values = dict(found)
        if len(values) != len(found):
            raise ValueError("expected every key of a map once")
        return values, at

    return _called(f"map<{key.text},{value.text}>", 1, write, read)


# --- furniture ----------------------------------------------------------------------------------


def _called(text: str, least: int, write: Write, read: Read) -> Shape:
    """Return a shape whose values are written and read by functions of their own."""

    def emit_read(source: Source, target: str) -> None:
        source.line(f"{target}, p = {source.known(read)}(data, p, end)")

    def emit_write(source: Source, name: str) -> list[str]:
        return [f"{source.known(write)}({name})"]

    return Shape(text, least, emit_write, emit_read, made=(write, read))


def _write_all(source: Source, shapes: Sequence[Shape], names: Sequence[str]) -> list[str]:
    parts: list[str] = []
    run: list[str] = []
    for shape, name in zip((*shapes, None), (*names, ""), strict=True):
        if shape is _SCALARS[float]:
            run.append(name)
            continue
        if run:
            source.refuse_nan(run)
            parts.append(f"{source.floats(len(run))}.pack({', '.join(run)})")
            run = []
        if shape is not None:
            parts += shape.write(source, name)
    return parts


def _read_all(source: Source, shapes: Sequence[Shape]) -> list[str]:
    names: list[str] = []
    run: list[str] = []
    for shape in (*shapes, None):
        name = source.local()
        if shape is _SCALARS[float]:
            run.append(name)
        else:
            if run:
                _read_floats(source, run)
                run = []
            if shape is not None:
                shape.read(source, name)
        names.append(name)
    return names[:-1]


def _read_floats(source: Source, targets: list[str]) -> None:
    count = len(targets)
    unpacked = f"{source.floats(count)}.unpack_from(data, p)"
    source.line(f"{', '.join(targets)}, = {unpacked}; p += {8 * count}")
    source.refuse_nan(targets)


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f'b"".join(({", ".join(parts)}))'


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _check_count(what: str, count: int) -> None:
    if not 1 <= count <= MAX_VARIANTS:
        raise TypeError(f"expected 1 to {MAX_VARIANTS} variants of {what}, was {count}")


def _check_least(item: Shape) -> None:
    if not item.least:
        raise TypeError(f"expected items of at least one byte in a sequence, was {item.text}")
