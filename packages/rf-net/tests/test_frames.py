import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_net import FrameBuffer, LocalProtocolError, RemoteProtocolError, encode_frame
from rf_net.frames import MAX_FRAME


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.binary(min_size=1, max_size=300), max_size=10),
    st.lists(st.integers(1, 50), min_size=1),
)
def test_any_chunking_gives_the_same_frames(payloads, sizes):
    stream = b"".join(encode_frame(payload) for payload in payloads)
    buffer, seen, at, turn = FrameBuffer(), [], 0, 0

    while at < len(stream):
        size = sizes[turn % len(sizes)]
        seen += buffer.receive_data(stream[at : at + size])
        at, turn = at + size, turn + 1

    assert seen == payloads


@settings(deadline=None, max_examples=200)
@given(st.lists(st.binary(max_size=64), max_size=20), st.integers(1, 100))
def test_random_bytes_never_crash_and_hold_little(chunks, limit):
    buffer = FrameBuffer(limit)
    for chunk in chunks:
        try:
            payloads = buffer.receive_data(chunk)
        except RemoteProtocolError:
            payloads = []
        assert all(1 <= len(payload) <= limit for payload in payloads)
        assert len(buffer._held) < limit + 4


@pytest.mark.parametrize("length", [0, MAX_FRAME + 1, 2**31, 2**32 - 1])
def test_an_evil_length_is_refused_before_its_payload_comes(length):
    with pytest.raises(RemoteProtocolError, match=f"was {length} bytes"):
        FrameBuffer().receive_data(struct.pack("<I", length))


def test_a_broken_stream_stays_broken():
    buffer = FrameBuffer(10)
    for chunk in (struct.pack("<I", 11) + b"x" * 11, encode_frame(b"fine"), b""):
        with pytest.raises(RemoteProtocolError):
            buffer.receive_data(chunk)


def test_the_limit_may_be_raised_between_frames():
    buffer = FrameBuffer(4)
    assert buffer.receive_data(encode_frame(b"four")) == [b"four"]

    buffer.limit = 9

    assert buffer.receive_data(encode_frame(b"nine nine")) == [b"nine nine"]


@pytest.mark.parametrize("payload", [b"", b"x" * 11])
def test_what_the_peer_would_refuse_is_not_sent(payload):
    with pytest.raises(LocalProtocolError, match="1 to 10 bytes"):
        encode_frame(payload, 10)
