"""What a killed process leaves: real processes, real signals, the real write-ahead log."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rf_persistence import SessionReader, Status, recover, sessions, verify
from rf_persistence.wal import scan_wal

FRAME = 24 + 4_096
CHILD = """
import sys
from decimal import Decimal
from pathlib import Path
from rf_common.clock import UnixNanos
from rf_common.events import Envelope, Quote
from rf_common.instruments import Instrument
from rf_engine import EngineConfig
from rf_persistence import Journal, JournalConfig, session_header

item = Instrument(instrument_id="sim:AAPL", tick=Decimal("0.01"), lot=Decimal(1))
header = session_header(
    EngineConfig(strategies=()), "K7QW3ZPA", [item],
    started=UnixNanos(1_795_572_736_000_000_000), source="mock", seed=1, version="0",
)
journal = Journal.create(Path(sys.argv[1]), header, JournalConfig())
seq = 0
while True:
    for _ in range(1 + seq % 90):
        seq += 1
        quote = Quote("sim:AAPL", UnixNanos(seq), 100 + seq / 7, 5.0, 101 + seq / 7, 6.0, seq)
        journal.append(Envelope(seq, UnixNanos(seq), quote), ())
    journal.commit()
    print(seq, flush=True)
"""


def kill_after(data_dir: Path, lines: int) -> int:
    """Run the child, kill it when it acknowledged so many commits; return the last number."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(data_dir)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    for _ in range(lines):
        assert child.stdout.readline()
    os.kill(child.pid, signal.SIGKILL)
    rest = child.stdout.read().split("\n")
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL
    whole = [line for line in rest[:-1] if line]
    return int(whole[-1]) if whole else 0


@pytest.mark.parametrize("seed", range(4))
def test_what_was_acknowledged_is_there_after_a_kill(tmp_path: Path, seed: int) -> None:
    lines = int(np.random.default_rng(seed).integers(1, 150))

    acknowledged = kill_after(tmp_path, lines)

    steps = list(SessionReader(sessions(tmp_path)[0]).steps())
    assert len(steps) >= acknowledged
    assert [envelope.seq for envelope, _ in steps] == list(range(1, len(steps) + 1))
    assert all(e.payload.bid_px == 100 + e.seq / 7 for e, _ in steps)  # type: ignore[union-attr]
    found = recover(tmp_path)
    assert found.damaged == ""
    assert found.next_seq == len(steps) + 1
    assert not found.is_clean
    assert verify(sessions(tmp_path)[0]).status is Status.CLEAN


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("crashed")
    kill_after(data_dir, 30)
    return data_dir


@pytest.fixture
def copy(crashed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(crashed, tmp_path / "copy"))


def wal_of(data_dir: Path) -> Path:
    return sessions(data_dir)[0] / "000001.db-wal"


def test_a_copy_without_its_index_reads_the_same(copy: Path) -> None:
    before = verify(sessions(copy)[0])
    (sessions(copy)[0] / "000001.db-shm").unlink()

    after = verify(sessions(copy)[0])

    assert after == before
    assert after.records > 20


def test_reading_leaves_file_and_log_as_they_are(copy: Path) -> None:
    files = [sessions(copy)[0] / "000001.db", wal_of(copy)]
    before = [path.read_bytes() for path in files]

    verify(sessions(copy)[0])
    recover(copy)

    assert [path.read_bytes() for path in files] == before


def test_a_folder_that_cannot_be_written_is_read_through_a_copy(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = verify(sessions(copy)[0])
    reader = sys.modules["rf_persistence.reader"]
    connect = reader._connect

    def read_only(path: Path, options: str) -> Any:
        if options == "mode=ro":
            raise reader.sqlite3.OperationalError("unable to open database file")
        return connect(path, options)

    monkeypatch.setattr(reader, "_connect", read_only)

    assert verify(sessions(copy)[0]) == before
    assert stat.S_ISREG(wal_of(copy).stat().st_mode)


def test_a_log_cut_within_its_last_frame_is_torn(copy: Path) -> None:
    whole = recover(copy)
    log = wal_of(copy).read_bytes()
    wal_of(copy).write_bytes(log[: len(log) - 100])
    (sessions(copy)[0] / "000001.db-shm").unlink()

    found = recover(copy)

    assert "was cut short" in found.torn
    assert found.damaged == ""
    assert 1 < found.next_seq <= whole.next_seq
    report = verify(sessions(copy)[0])
    assert report.problems == ()


def test_a_log_broken_in_the_middle_is_damage(copy: Path) -> None:
    whole = recover(copy)
    log = bytearray(wal_of(copy).read_bytes())
    log[32 + 10 * FRAME + 1_000] ^= 1
    wal_of(copy).write_bytes(log)
    (sessions(copy)[0] / "000001.db-shm").unlink()

    found = recover(copy)

    assert "transactions follow a broken frame" in found.damaged
    assert found.next_seq < whole.next_seq
    report = verify(sessions(copy)[0])
    assert report.status is Status.DAMAGED
    assert "are lost" in report.problems[0]


def test_a_sound_log_has_as_many_transactions_as_records(copy: Path) -> None:
    scan = scan_wal(sessions(copy)[0] / "000001.db")

    assert scan.read == verify(sessions(copy)[0]).records
    assert scan.lost == 0


def test_a_log_of_garbage_is_torn(copy: Path) -> None:
    wal_of(copy).write_bytes(b"garbage " * 1_000)

    assert scan_wal(sessions(copy)[0] / "000001.db").is_torn
