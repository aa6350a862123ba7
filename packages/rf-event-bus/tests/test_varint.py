"""Vectors are those of the published specification: postcard.jamesmunns.com/wire-format."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_event_bus._varint import read_tail, read_uvarint, uvarint, zigzag

UNSIGNED = [
    (0, "00"),
    (127, "7f"),
    (128, "8001"),
    (16383, "ff7f"),
    (16384, "808001"),
    (16385, "818001"),
    (65535, "ffff03"),
    (2**32 - 1, "ffffffff0f"),
    (2**64 - 1, "ffffffffffffffffff01"),
]
SIGNED = [
    (0, "00"),
    (-1, "01"),
    (1, "02"),
    (63, "7e"),
    (-64, "7f"),
    (64, "8001"),
    (-65, "8101"),
    (32767, "feff03"),
    (-32768, "ffff03"),
]


def plainly(value):
    """Return the bytes as the specification tells it, seven bits at a time."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


@pytest.mark.parametrize(("value", "spelled"), UNSIGNED)
def test_unsigned_numbers_are_spelled_as_specified(value, spelled):
    assert uvarint(value).hex() == spelled
    assert read_uvarint(bytes.fromhex(spelled), 0) == (value, len(spelled) // 2)


@pytest.mark.parametrize(("value", "spelled"), SIGNED)
def test_signed_numbers_are_spelled_as_specified(value, spelled):
    assert uvarint(zigzag(value)).hex() == spelled


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 64).flatmap(lambda bits: st.integers(0, 2**bits - 1)), st.binary(max_size=12))
def test_every_number_is_what_a_plain_loop_writes_and_comes_back(value, behind):
    spelled = uvarint(value)

    assert spelled == plainly(value)
    assert read_uvarint(b"\xff" + spelled + behind, 1) == (value, 1 + len(spelled))


@pytest.mark.parametrize("bits", range(65))
def test_the_ends_of_every_width_come_back(bits):
    for value in {2**bits - 1, min(2**bits, 2**64 - 1)}:
        assert uvarint(value) == plainly(value)
        for behind in (b"", bytes(9), b"\xff" * 9):
            assert read_uvarint(uvarint(value) + behind, 0) == (value, len(plainly(value)))


@pytest.mark.parametrize("value", [-1, 2**64, 2**70, -(2**70)])
def test_a_number_beyond_64_bits_is_refused(value):
    with pytest.raises(ValueError, match="64 bits"):
        uvarint(value)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 2**80, -(2**80)])
def test_a_signed_number_beyond_64_bits_is_refused(value):
    with pytest.raises(ValueError, match="64 bits"):
        uvarint(zigzag(value))


@pytest.mark.parametrize(
    "spelled", ["8000", "808000", "ff00", "ffffffffffffffff8000", "808080808080808000"]
)
def test_a_longer_spelling_than_needed_is_refused(spelled):
    with pytest.raises(ValueError, match="shortest"):
        read_tail(bytes.fromhex(spelled), 1)


@pytest.mark.parametrize(
    "spelled",
    ["ffffffffffffffffff02", "ffffffffffffffffff7f", "ffffffffffffffffffff01", "ff" * 30],
)
def test_more_than_64_bits_are_refused(spelled):
    with pytest.raises(ValueError, match="at most 64 bits"):
        read_tail(bytes.fromhex(spelled), 1)


@pytest.mark.parametrize("length", range(10))
def test_a_number_cut_short_is_refused(length):
    with pytest.raises(IndexError):
        read_uvarint(uvarint(2**64 - 1)[:length], 0)
