import pytest

from rf_common.events import Bar, Quote, Trade
from rf_event_bus import Lost, Role, Undecodable, Welcome, Wire, codec
from rf_event_bus.messages import (
    Ask,
    Event,
    Heartbeat,
    Hello,
    Ping,
    Reply,
    Snapshot,
    Ticks,
    ToAsker,
    Turned,
)

WIRE = Wire(Quote | Trade, dict[str, int])
QUOTE = Quote("sim:A", 1, 1.0, 1.0, 2.0, 1.0)
SAID = [
    Welcome(1, WIRE.schema, "s", "PAPER", Role.TRADE, 5, 9),
    Turned("RF-N-010", "the token is wrong", ""),
    Reply(7, True, '{"a":1}'),
    Reply(7, False, "", "RF-R-004", "m", "d", "f", 6),
    Heartbeat(3, 4),
    Snapshot(3, b"\0"),
    Event(3, 4, "market", QUOTE),
    Ticks(3, 4, b"\1\2"),
    Lost(3, 4, "market"),
]


@pytest.mark.parametrize("frame", SAID)
def test_what_a_server_says_comes_back(frame):
    assert WIRE.decode_server(WIRE.encode_server(frame)) == frame


@pytest.mark.parametrize(
    "frame",
    [
        Hello(1, WIRE.schema, "token", Role.READ, ("market",), "tui"),
        Ask(1, "status", "{}"),
        Ping(1),
    ],
)
def test_what_a_client_says_comes_back(frame):
    assert WIRE.decode_client(WIRE.encode_client(frame)) == frame


@pytest.mark.parametrize("frame", SAID[:5])
def test_a_client_without_topics_reads_its_part_with_a_smaller_codec(frame):
    assert codec(ToAsker).decode(WIRE.encode_server(frame)) == frame


@pytest.mark.parametrize("frame", SAID[5:])
def test_the_rest_is_unknown_to_it(frame):
    with pytest.raises(Undecodable, match="variant from 0 to 3"):
        codec(ToAsker).decode(WIRE.encode_server(frame))


def test_the_frames_have_their_place_for_good():
    assert [WIRE.encode_server(frame)[0] for frame in SAID] == [0, 1, 2, 2, 3, 4, 5, 6, 7]


def test_an_event_that_is_not_of_the_union_is_unknown():
    wider = Wire(Quote | Trade | Bar, dict[str, int])
    bar = Bar("sim:A", 1, 1, 1.0, 1.0, 1.0, 1.0, 1.0)
    raw = wider.encode_server(Event(1, 1, "market", bar))
    with pytest.raises(Undecodable, match=r"variant from 0 to 1 of Quote\|Trade, was 2"):
        WIRE.decode_server(raw)


def test_another_union_or_snapshot_is_another_schema():
    wires = [
        WIRE,
        Wire(Trade | Quote, dict[str, int]),
        Wire(Quote | Trade | Bar, dict[str, int]),
        Wire(Quote | Trade, dict[str, str]),
    ]
    assert len({wire.schema for wire in wires}) == 4
    assert Wire(Quote | Trade, dict[str, int]).schema == WIRE.schema
