import gzip

import pytest

from rf_common.errors import DataError
from rf_testkit import merge, parse_lines, read_tape, synthetic_tape, write_tape


def test_a_written_tape_reads_back_frame_by_frame(tmp_path):
    lines = synthetic_tape(seed=3, n=200)
    write_tape(tmp_path / "a.gz", lines)

    tape = read_tape(tmp_path / "a.gz")

    assert len(tape) == 200
    assert tape.symbols == ("BTCUSDT",)
    assert gzip.decompress((tmp_path / "a.gz").read_bytes()).splitlines() == lines


def test_recordings_are_merged_by_receive_time(two_symbols):
    stamps = [frame.ts_ns for frame in two_symbols.frames]

    assert stamps == sorted(stamps)
    assert set(two_symbols.symbols) == {"BTCUSDT", "ETHUSDT"}
    assert len(two_symbols) == 600


def test_the_payload_is_kept_to_the_byte(tape):
    line = next(line for line in synthetic_tape(seed=1, n=600) if b"@trade" in line)
    frame = next(frame for frame in tape.frames if frame.kind == "trade")

    wrapped = b'{"stream":"%s","data":%s}' % (frame.stream.encode(), frame.data)
    assert line.partition(b" ")[2] == wrapped


@pytest.mark.parametrize(
    "line",
    [b"", b"12", b"x {}", b"12 {", b"12 {}", b'12 {"stream":"btcusdt@trade"}', b"12 []"],
)
def test_a_bad_line_is_refused_by_number(line):
    good = synthetic_tape(seed=1, n=100)[0]

    with pytest.raises(DataError, match="tape:2"):
        parse_lines([good, line])


def test_a_recording_of_two_symbols_is_refused():
    lines = synthetic_tape(seed=1, n=100) + synthetic_tape(seed=1, n=100, symbol="ETHUSDT")

    with pytest.raises(DataError, match="one symbol"):
        parse_lines(lines)


def test_a_tape_without_a_snapshot_is_refused():
    frames = [f for f in parse_lines(synthetic_tape(seed=1, n=100)) if f.kind != "snapshot"]

    with pytest.raises(DataError, match="one depth snapshot"):
        merge(frames)


def test_the_shared_recordings_can_be_read(recordings):
    tape = read_tape(*recordings)

    assert tape.symbols == ("BTCUSDT", "ETHUSDT")
    assert len(tape) == 41_249 + 33_618
