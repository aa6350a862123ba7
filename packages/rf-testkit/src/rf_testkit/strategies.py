"""Hypothesis strategies for everything that enters and leaves the engine.

They are drawn from the struct definitions: a new field is covered the day it is added. Values
are what the wire allows, not what a market would do: quotes may be crossed. Prices and sizes
are positive and finite, decimals have up to eight places.
"""

from __future__ import annotations

import types
import typing
from decimal import Decimal
from enum import Enum
from typing import Any, NewType

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from rf_common.clock import UnixNanos
from rf_common.commands import Command
from rf_common.enums import Mode
from rf_common.events import Envelope, MarketEvent, OrderEvent, Payload
from rf_common.ids import ClientOrderId, InstrumentId, client_order_id, instrument_id
from rf_common.orders import Output

_ID_LIMIT = 2**53
_SYMBOLS = ("BTCUSDT", "ETHUSDT", "AAPL", "BTC/USD", "BRK.B")

instrument_ids: SearchStrategy[InstrumentId] = st.builds(
    instrument_id, st.sampled_from(("binance", "alpaca", "sim")), st.sampled_from(_SYMBOLS)
)
"""Ids of a few instruments at a few venues, so that the same one comes up again."""

client_order_ids: SearchStrategy[ClientOrderId] = st.builds(
    client_order_id,
    st.sampled_from(Mode),
    st.just("K7QW3ZPA"),
    st.integers(1, 99_999_999),
)
"""Ids of one session's orders."""

times: SearchStrategy[UnixNanos] = st.integers(0, 2**63 - 1).map(UnixNanos)
"""Nanoseconds that fit a signed 64-bit number."""

amounts: SearchStrategy[Decimal] = st.decimals(
    min_value=0, max_value=10**9, places=8, allow_nan=False, allow_infinity=False
)
"""Prices, quantities and fees: exact, not negative, eight places."""

_LEAVES: dict[Any, SearchStrategy[Any]] = {
    InstrumentId: instrument_ids,
    ClientOrderId: client_order_ids,
    UnixNanos: times,
    Decimal: amounts,
    float: st.floats(1e-8, 1e12),
    int: st.integers(0, _ID_LIMIT),
    bool: st.booleans(),
    str: st.text(max_size=20),
    type(None): st.none(),
}
# Fields whose type allows more than their docstring does.
_FIELDS: dict[tuple[str, Any], SearchStrategy[Any]] = {
    ("direction", int): st.sampled_from((-1, 0, 1)),
    ("confidence", float): st.floats(0.0, 1.0, exclude_min=True),
    ("positions", tuple[tuple[InstrumentId, Decimal], ...]): st.lists(
        st.tuples(instrument_ids, amounts | amounts.map(Decimal.__neg__))
    ).map(tuple),
}


def of_type(kind: Any) -> SearchStrategy[Any]:
    """Return a strategy for a struct, a union, an enum, a tuple or a scalar type.

    Raises
    ------
    TypeError
        If nobody taught it the type.
    """
    if kind in _LEAVES:
        return _LEAVES[kind]
    if isinstance(kind, NewType):
        return of_type(kind.__supertype__)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _of_struct(kind)
    arguments = typing.get_args(kind)
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        return st.one_of([of_type(member) for member in arguments])
    if typing.get_origin(kind) is tuple:
        if arguments[-1] is Ellipsis:
            return st.lists(of_type(arguments[0]), max_size=4).map(tuple)
        return st.tuples(*[of_type(member) for member in arguments])
    raise TypeError(f"expected a type that the engine's structs are made of, was {kind!r}")


def payloads() -> SearchStrategy[Payload]:
    """Return everything that may enter the inbox."""
    return of_type(Payload)


def market_events() -> SearchStrategy[MarketEvent]:
    """Return quotes, trades, snapshots, deltas and bars."""
    return of_type(MarketEvent)


def order_events() -> SearchStrategy[OrderEvent]:
    """Return what gateways say about orders."""
    return of_type(OrderEvent)


def commands() -> SearchStrategy[Command]:
    """Return what people ask of the engine."""
    return of_type(Command)


def outputs() -> SearchStrategy[Output]:
    """Return everything the engine may answer."""
    return of_type(Output)


def envelopes() -> SearchStrategy[Envelope]:
    """Return stamped payloads."""
    return of_type(Envelope)


def _of_struct(kind: type[msgspec.Struct]) -> SearchStrategy[Any]:
    fields = {}
    for field in msgspec.structs.fields(kind):
        special = _FIELDS.get((field.name, field.type))
        fields[field.name] = special if special is not None else of_type(field.type)
    return st.builds(kind, **fields)
