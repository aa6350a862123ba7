import typing

import msgspec
import pytest
from hypothesis import Phase, find, given, settings

from rf_common.commands import Command
from rf_common.events import Envelope, Payload
from rf_common.orders import Output
from rf_testkit import strategies


@pytest.mark.parametrize(
    ("kinds", "strategy"),
    [
        (Payload, strategies.payloads()),
        (Output, strategies.outputs()),
        (Command, strategies.commands()),
    ],
)
def test_every_kind_can_come_up(kinds, strategy):
    quick = settings(phases=[Phase.generate], max_examples=2_000, database=None)
    for kind in typing.get_args(kinds):
        found = find(strategy, lambda value, k=kind: isinstance(value, k), settings=quick)
        assert isinstance(found, kind)


@settings(deadline=None, max_examples=100)
@given(strategies.envelopes())
def test_what_comes_up_survives_the_wire(envelope):
    for codec in (msgspec.json, msgspec.msgpack):
        assert codec.decode(codec.encode(envelope), type=Envelope) == envelope


@settings(deadline=None, max_examples=50)
@given(strategies.outputs())
def test_outputs_survive_the_wire(output):
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(output), type=Output) == output


def test_an_unknown_type_is_refused():
    with pytest.raises(TypeError, match="was <class 'complex'>"):
        strategies.of_type(complex)
