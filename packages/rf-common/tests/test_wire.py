"""Events, commands, orders and outputs on the wire: every kind, out and back."""

import enum
import types
import typing
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common.commands import Command
from rf_common.events import BookSnapshot, Commanded, Envelope, Payload, Quote, Trade
from rf_common.ids import InstrumentId
from rf_common.orders import OrderIntent, OrderRequest, Output

FEW = settings(deadline=None, max_examples=60)
LEAVES: dict[object, st.SearchStrategy[object]] = {
    int: st.integers(-(2**63), 2**64 - 1),
    float: st.floats(allow_nan=False),
    str: st.text(max_size=20),
    bool: st.booleans(),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    type(None): st.none(),
}


def _values(kind: typing.Any) -> st.SearchStrategy[typing.Any]:
    """Return a strategy for whatever may stand in a field of type `kind`."""
    if isinstance(kind, typing.NewType):
        return _values(kind.__supertype__)
    if typing.get_origin(kind) in {types.UnionType, typing.Union}:
        return st.one_of(*map(_values, typing.get_args(kind)))
    if typing.get_origin(kind) is tuple:
        parts = typing.get_args(kind)
        if parts[-1] is Ellipsis:
            return st.lists(_values(parts[0]), max_size=3).map(tuple)
        return st.tuples(*map(_values, parts))
    if kind in LEAVES:
        return LEAVES[kind]
    if issubclass(kind, enum.Enum):
        return st.sampled_from(kind)
    wanted = {field.name: _values(field.type) for field in msgspec.structs.fields(kind)}
    return st.builds(kind, **wanted)


def _kinds(union: typing.Any) -> list[type]:
    return list(typing.get_args(union))


@pytest.mark.parametrize("kind", _kinds(Payload))
@FEW
@given(data=st.data())
def test_every_payload_comes_back_from_its_envelope(kind: type, data: st.DataObject) -> None:
    sent = Envelope(data.draw(LEAVES[int]), 7, data.draw(_values(kind)))  # type: ignore[arg-type]

    wire = msgspec.msgpack.encode(sent)
    back = msgspec.msgpack.decode(wire, type=Envelope)

    assert back == sent
    assert type(back.payload) is kind
    assert msgspec.msgpack.encode(back) == wire


@pytest.mark.parametrize("kind", _kinds(Command))
@FEW
@given(data=st.data())
def test_every_command_comes_back_with_its_kind(kind: type, data: st.DataObject) -> None:
    sent = Commanded(data.draw(_values(kind)))

    back = msgspec.msgpack.decode(msgspec.msgpack.encode(sent), type=Commanded)

    assert back == sent
    assert type(back.command) is kind


@pytest.mark.parametrize("kind", [*_kinds(Output), OrderRequest, OrderIntent])
@FEW
@given(data=st.data())
def test_every_output_comes_back(kind: type, data: st.DataObject) -> None:
    sent = data.draw(_values(kind))
    wanted: typing.Any = Output if kind in _kinds(Output) else kind

    back = msgspec.msgpack.decode(msgspec.msgpack.encode(sent), type=wanted)

    assert back == sent
    assert type(back) is kind


@pytest.mark.parametrize("union", [Payload, Output, Command])
def test_no_two_kinds_share_a_tag(union: typing.Any) -> None:
    tags = [kind.__struct_config__.tag for kind in _kinds(union)]  # type: ignore[attr-defined]

    assert None not in tags
    assert len(set(tags)) == len(tags)


@pytest.mark.parametrize("kind", [*_kinds(Payload), *_kinds(Output), *_kinds(Command)])
def test_facts_cannot_be_changed(kind: type) -> None:
    assert kind.__struct_config__.frozen  # type: ignore[attr-defined]


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=60))
def test_garbage_on_the_wire_is_a_decode_error_and_never_a_crash(junk: bytes) -> None:
    try:
        back = msgspec.msgpack.decode(junk, type=Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    assert isinstance(back, Envelope)


@FEW
@given(_values(BookSnapshot), st.data())
def test_a_cut_message_is_a_decode_error(snapshot: BookSnapshot, data: st.DataObject) -> None:
    wire = msgspec.msgpack.encode(Envelope(1, 2, snapshot))  # type: ignore[arg-type]
    end = data.draw(st.integers(0, len(wire) - 1))

    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        msgspec.msgpack.decode(wire[:end], type=Envelope)


def test_a_wrong_type_in_a_field_is_refused_at_the_door() -> None:
    good = msgspec.msgpack.encode(Envelope(1, 2, Quote(InstrumentId("s:A"), 3, 1, 1, 2, 1)))  # type: ignore[arg-type]
    plain = msgspec.msgpack.decode(good)
    plain[2][3] = "1.0"

    with pytest.raises(msgspec.ValidationError, match="float"):
        msgspec.msgpack.decode(msgspec.msgpack.encode(plain), type=Envelope)


def test_envelopes_are_equal_when_sequence_time_and_payload_are() -> None:
    payload = Trade(InstrumentId("s:A"), 3, 1.0, 2.0, None)  # type: ignore[arg-type]
    one = Envelope(1, 2, payload)  # type: ignore[arg-type]

    assert one == Envelope(1, 2, payload)  # type: ignore[arg-type]
    assert one != Envelope(2, 2, payload)  # type: ignore[arg-type]
    assert one != Envelope(1, 3, payload)  # type: ignore[arg-type]
