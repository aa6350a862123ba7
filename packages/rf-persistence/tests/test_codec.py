from __future__ import annotations

import types
import typing
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common.clock import UnixNanos
from rf_common.commands import Command
from rf_common.events import Commanded, Envelope, Payload, Quote, Timer
from rf_common.orders import Output
from rf_persistence.codec import (
    End,
    decode,
    encode_end,
    encode_header,
    encode_outputs,
    encode_steps,
)

SCALARS = {
    str: st.text(max_size=30),
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False),
    bool: st.booleans(),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    type(None): st.none(),
}


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Values of any type that occurs in payloads and outputs."""
    kind = getattr(kind, "__supertype__", kind)
    if kind in SCALARS:
        return SCALARS[kind]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return st.deferred(lambda: structs(kind))
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in {types.UnionType, typing.Union}:
        return st.one_of([values(each) for each in inner])
    if origin is tuple and inner[-1] is Ellipsis:
        return st.lists(values(inner[0]), max_size=3).map(tuple)
    assert origin is tuple, kind
    return st.tuples(*map(values, inner))


def structs(kind: type) -> st.SearchStrategy[Any]:
    fields = {f.name: values(f.type) for f in msgspec.structs.fields(kind)}
    return st.fixed_dictionaries(fields).map(lambda given_: kind(**given_))


PAYLOADS = typing.get_args(Payload)
OUTPUTS = typing.get_args(Output)
COMMANDS = typing.get_args(Command)


@pytest.mark.parametrize("kind", PAYLOADS, ids=lambda kind: kind.__name__)
@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_every_kind_of_payload_comes_back_as_it_was(kind: type, data: st.DataObject) -> None:
    envelope = Envelope(data.draw(SCALARS[int]), data.draw(SCALARS[int]), data.draw(structs(kind)))

    record = decode(encode_steps([(envelope, ())]))

    assert record == [(envelope, ())]
    assert type(record[0][0].payload) is kind
    assert encode_steps(record) == encode_steps([(envelope, ())])


@pytest.mark.parametrize("kind", OUTPUTS, ids=lambda kind: kind.__name__)
@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_every_kind_of_output_comes_back_as_it_was(kind: type, data: st.DataObject) -> None:
    outputs = tuple(data.draw(st.lists(structs(kind), min_size=1, max_size=3)))
    step = (Envelope(1, UnixNanos(2), Timer("heartbeat", UnixNanos(2))), outputs)

    record = decode(encode_steps([step]))

    assert record == [step]
    assert encode_outputs(record[0][1]) == encode_outputs(outputs)


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: kind.__name__)
@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_every_kind_of_command_comes_back_as_it_was(kind: type, data: st.DataObject) -> None:
    step = (Envelope(1, UnixNanos(2), Commanded(data.draw(structs(kind)))), ())

    assert decode(encode_steps([step])) == [step]


@settings(deadline=None, max_examples=30)
@given(
    envelopes=st.lists(
        st.builds(Envelope, SCALARS[int], SCALARS[int], st.one_of(*map(structs, PAYLOADS))),
        max_size=20,
    )
)
def test_a_batch_of_mixed_steps_comes_back_as_it_was(envelopes: list[Envelope]) -> None:
    steps = [(envelope, ()) for envelope in envelopes]

    assert decode(encode_steps(steps)) == steps


def test_a_decimal_keeps_its_trailing_zeros(session: Any) -> None:
    header = session.make_header()
    tick = Decimal("0.0100")
    instrument = msgspec.structs.replace(header.instruments[0], tick=tick)

    changed = msgspec.structs.replace(header, instruments=(instrument,))

    assert str(decode(encode_header(changed)).instruments[0].tick) == "0.0100"  # type: ignore[union-attr]


def test_header_and_end_come_back_as_they_were(session: Any) -> None:
    ledger = session.make_engine().state.ledger()
    header = session.make_header(ledger=ledger, first_seq=9, previous_head="ab" * 32)
    end = End(True, UnixNanos(5), 17, "hash")

    assert decode(encode_header(header)) == header
    assert decode(encode_end(end)) == end


def test_many_quotes_are_deflated_and_one_is_not() -> None:
    quote = Quote("sim:AAPL", UnixNanos(1), 100.0, 5.0, 100.02, 6.0, 1)
    steps = [(Envelope(n, UnixNanos(n), quote), ()) for n in range(500)]

    assert encode_steps(steps)[:1] == b"s"
    assert encode_steps(steps[:1])[:1] == b"S"
    assert len(encode_steps(steps)) < 15 * 500


@settings(deadline=None, max_examples=200)
@given(garbage=st.binary(max_size=200), kind=st.sampled_from([b"", b"H", b"h", b"S", b"s", b"e"]))
def test_garbage_is_decoded_to_a_value_or_refused(garbage: bytes, kind: bytes) -> None:
    try:
        record = decode(kind + garbage)
    except ValueError:
        return
    assert isinstance(record, list | End)


def test_a_newer_format_is_refused_by_its_number(session: Any) -> None:
    header = msgspec.structs.replace(session.make_header(), format=99)

    with pytest.raises(ValueError, match="its format is 99, this version reads up to 1"):
        decode(encode_header(header))


def test_a_deflated_record_that_is_cut_short_is_refused() -> None:
    quote = Quote("sim:AAPL", UnixNanos(1), 100.0, 5.0, 100.02, 6.0, 1)
    record = encode_steps([(Envelope(n, UnixNanos(n), quote), ()) for n in range(500)])

    with pytest.raises(ValueError, match="cut short"):
        decode(record[:-5])
