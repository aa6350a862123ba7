from __future__ import annotations

import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest

from rf_common.clock import NANOS_PER_MILLI, UnixNanos
from rf_common.commands import CancelAllOrders
from rf_common.enums import Severity, SystemState
from rf_common.errors import StorageError
from rf_common.events import Commanded, Envelope, OrderAccepted, OrderRejected, Quote, Timer
from rf_common.orders import CancelOrder, Notice, SetTimer, StateChanged
from rf_common.ports import Journal as JournalPort
from rf_persistence import Journal, JournalConfig, SessionReader, recover, sessions, verify
from rf_persistence.anchors import read_anchors

QUOTE = Quote("sim:AAPL", UnixNanos(1), 100.0, 5.0, 100.02, 6.0, 1)


def step(seq: int, ts: int = 0) -> Envelope:
    return Envelope(seq, UnixNanos(ts or seq), QUOTE)


@pytest.fixture
def journal(tmp_path: Path, session: Any) -> Journal:
    return Journal.create(tmp_path, session.make_header(), JournalConfig())


class FullDisk(sqlite3.Connection):
    """A disk that refuses the statement that begins with `refused`."""

    refused = ""

    def execute(self, statement: str, *parameters: Any) -> sqlite3.Cursor:
        if self.refused and statement.startswith(self.refused):
            raise sqlite3.OperationalError("database or disk is full")
        if statement == "PRAGMA synchronous = FULL":
            statement = "PRAGMA synchronous = OFF"  # nothing here loses power
        return super().execute(statement, *parameters)


@pytest.fixture
def disk() -> type[FullDisk]:
    class Disk(FullDisk):
        pass

    return Disk


def on(disk: type[FullDisk]) -> Any:
    return lambda path: sqlite3.connect(path, isolation_level=None, factory=disk)


def test_it_is_the_journal_of_the_ports(journal: Journal) -> None:
    port: JournalPort = journal

    port.append(step(1), ())
    port.commit()

    assert journal.records == 2


def test_what_was_committed_is_read_back_in_order(journal: Journal, tmp_path: Path) -> None:
    timer = SetTimer("heartbeat", UnixNanos(9))
    journal.append(step(1), ())
    journal.append(step(2), (timer,))
    journal.commit()
    journal.append(step(3), [timer])
    journal.commit()

    reader = SessionReader(sessions(tmp_path)[0])

    assert [(number, len(steps)) for number, steps in reader] == [(2, 2), (3, 1)]
    assert list(reader.steps()) == [(step(1), ()), (step(2), (timer,)), (step(3), (timer,))]
    assert reader.header == journal.header
    assert reader.end is None


def test_what_was_not_committed_is_not_there(journal: Journal, tmp_path: Path) -> None:
    journal.append(step(1), ())
    journal.commit()
    journal.append(step(2), ())
    journal.close(clean=False)

    assert len(list(SessionReader(sessions(tmp_path)[0]).steps())) == 1


def test_a_commit_with_nothing_to_write_writes_nothing(journal: Journal) -> None:
    before = journal.records, journal.head
    journal.commit()

    assert (journal.records, journal.head) == before


def test_files_are_private(journal: Journal, tmp_path: Path) -> None:
    journal.append(step(1), ())
    journal.commit()

    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in [journal.folder, journal.folder.parent, *journal.folder.iterdir()]
    }
    assert modes.pop("journal") == modes.pop(journal.folder.name) == 0o700
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE((tmp_path / "anchors.log").stat().st_mode) == 0o600


def test_the_file_is_written_through_a_log_and_fully_synced(tmp_path: Path, session: Any) -> None:
    opened: list[sqlite3.Connection] = []

    def connect(path: Path) -> sqlite3.Connection:
        opened.append(sqlite3.connect(path, isolation_level=None))
        return opened[-1]

    Journal.create(tmp_path, session.make_header(), JournalConfig(), connect)

    assert opened[0].execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert opened[0].execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_session_is_not_begun_twice(journal: Journal, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written: FileExistsError"):
        Journal.create(tmp_path, journal.header, JournalConfig())


def test_a_gap_in_the_sequence_is_refused(journal: Journal) -> None:
    journal.append(step(1), ())

    with pytest.raises(ValueError, match="expected sequence number 2, was 3"):
        journal.append(step(3), ())


def test_orders_and_changes_of_state_must_be_durable_first(journal: Journal) -> None:
    cancel = CancelOrder("RF-1", "sim:AAPL", "test")
    change = StateChanged(SystemState.ACTIVE, SystemState.HALTED, "test", "ann")
    notice = Notice(Severity.INFO, "X", "text")

    assert journal.needs_commit((notice, cancel))
    assert journal.needs_commit((change,))
    assert not journal.needs_commit((notice, SetTimer("heartbeat", UnixNanos(1))))
    assert not journal.needs_commit(())


def test_market_data_waits_for_its_time_or_its_number(tmp_path: Path, session: Any) -> None:
    config = JournalConfig(flush_ms=200, flush_records=3)
    journal = Journal.create(tmp_path, session.make_header(), config)
    assert not journal.is_due(UnixNanos(10**18))

    journal.append(step(1, ts=1_000), ())
    assert not journal.is_due(UnixNanos(1_000 + 199 * NANOS_PER_MILLI))
    assert journal.is_due(UnixNanos(1_000 + 200 * NANOS_PER_MILLI))
    journal.append(step(2), ())
    assert not journal.is_due(UnixNanos(1_000))
    journal.append(step(3), ())
    assert journal.is_due(UnixNanos(1_000))
    journal.commit()
    assert not journal.is_due(UnixNanos(10**18))


@pytest.mark.parametrize(
    "payload",
    [
        OrderAccepted("RF-1", "sim:AAPL", UnixNanos(1), "V-1"),
        Commanded(CancelAllOrders(command_id="c1", actor="ann")),
    ],
    ids=["answer", "command"],
)
def test_answers_and_commands_do_not_wait(journal: Journal, payload: Any) -> None:
    journal.append(Envelope(1, UnixNanos(1), payload), ())
    assert journal.is_due(UnixNanos(1))

    journal.commit()
    journal.append(step(2), ())
    assert not journal.is_due(UnixNanos(2))


def test_a_full_disk_is_told_once_and_for_ever(
    tmp_path: Path, session: Any, disk: type[FullDisk]
) -> None:
    journal = Journal.create(tmp_path, session.make_header(), JournalConfig(), on(disk))
    journal.append(step(1), ())
    journal.commit()
    disk.refused = "INSERT"
    journal.append(step(2), ())

    with pytest.raises(StorageError, match="disk is full") as failed:
        journal.commit()
    disk.refused = ""  # there is room again; what is on disk is not known any more
    for again in (journal.commit, lambda: journal.append(step(3), ())):
        with pytest.raises(StorageError) as repeated:
            again()
        assert repeated.value.message == failed.value.message
    with pytest.raises(StorageError):
        journal.rotate(session.make_engine().state.ledger())
    journal.close(clean=True)

    folder = sessions(tmp_path)[0]
    assert len(list(SessionReader(folder).steps())) == 1
    assert SessionReader(folder).end is None
    assert verify(folder).status == "clean"


def test_a_checkpoint_that_fails_is_not_swallowed(
    tmp_path: Path, session: Any, disk: type[FullDisk]
) -> None:
    journal = Journal.create(tmp_path, session.make_header(), JournalConfig(), on(disk))
    disk.refused = "PRAGMA wal_checkpoint"

    def write_much() -> None:
        for seq in range(1, 2_000):
            journal.append(step(seq), ())
            journal.commit()

    with pytest.raises(StorageError, match="disk is full"):
        write_much()


def test_a_disk_that_refuses_the_header_begins_no_session(
    tmp_path: Path, session: Any, disk: type[FullDisk]
) -> None:
    disk.refused = "INSERT"
    with pytest.raises(StorageError, match="disk is full"):
        Journal.create(tmp_path, session.make_header(), JournalConfig(), on(disk))

    found = recover(tmp_path)
    assert found.ledger is None
    assert found.damaged == ""
    assert "nothing was written" in found.report[0]


def test_a_disk_that_refuses_the_last_record_is_told(
    tmp_path: Path, session: Any, disk: type[FullDisk]
) -> None:
    journal = Journal.create(tmp_path, session.make_header(), JournalConfig(), on(disk))
    disk.refused = "INSERT"

    with pytest.raises(StorageError, match="disk is full"):
        journal.close(clean=True)


def test_a_step_that_has_no_bytes_stops_the_journal(journal: Journal) -> None:
    half_a_surrogate = OrderRejected("RF-1", "sim:AAPL", UnixNanos(1), "\ud800")
    journal.append(Envelope(1, UnixNanos(1), half_a_surrogate), ())

    with pytest.raises(StorageError, match="cannot be written"):
        journal.commit()


def test_a_clean_stop_is_the_last_record_and_names_the_state(tmp_path: Path, session: Any) -> None:
    journal, desk = session.write_session(tmp_path)

    end = SessionReader(sessions(tmp_path)[0]).end

    assert end is not None
    assert end.state_hash == desk.engine.state.state_hash()
    assert end.steps == journal.steps == desk.seq
    assert [path.name for path in sessions(tmp_path)[0].iterdir()] == ["000001.db"]


def test_closing_writes_what_is_pending(journal: Journal, tmp_path: Path) -> None:
    journal.append(step(1), ())
    journal.close(clean=True)
    journal.close(clean=True)

    assert len(list(SessionReader(sessions(tmp_path)[0]).steps())) == 1


def test_a_closed_journal_writes_no_more(journal: Journal) -> None:
    journal.close(clean=True)
    journal.append(step(1), ())

    with pytest.raises(StorageError, match="it is closed"):
        journal.commit()


def test_the_head_is_anchored_at_begin_rotation_and_stop(tmp_path: Path, session: Any) -> None:
    journal, _ = session.write_session(tmp_path, rotate_after=(3,))

    anchors, problems = read_anchors(tmp_path)

    assert [anchor.event for anchor in anchors] == ["began", "rotated", "stopped"]
    assert problems == ()
    assert anchors[-1].head == journal.head
    assert anchors[-1].records == journal.records


def test_a_segment_that_is_large_asks_for_the_next(tmp_path: Path, session: Any) -> None:
    journal = Journal.create(tmp_path, session.make_header(), JournalConfig(segment_mb=1))
    ledger = session.make_engine().state.ledger()
    seq = 0
    while not journal.rotation_due:
        for _ in range(2_000):
            seq += 1
            quote = Quote("sim:AAPL", UnixNanos(seq), seq / 7, seq / 11, seq / 13, seq / 17, seq)
            journal.append(Envelope(seq, UnixNanos(seq), quote), ())
        journal.commit()
    first_head = journal.head
    size = journal.bytes_written
    journal.append(Envelope(seq + 1, UnixNanos(seq), Timer("x", UnixNanos(1))), ())

    journal.rotate(ledger)

    assert size > 1_000_000
    assert abs(size - (journal.folder / "000001.db").stat().st_size) < 0.05 * size
    assert not journal.rotation_due
    assert journal.head != first_head
    assert journal.header.segment == 2
    assert journal.header.first_seq == seq + 2
    assert journal.header.previous == f"{journal.folder.name}/000001.db"
    assert journal.header.ledger == ledger
    assert len(list(SessionReader(journal.folder).steps())) == seq + 1


def test_a_days_size_is_told_from_the_rate_so_far(journal: Journal) -> None:
    began, written = journal.header.started, journal.bytes_written

    assert journal.bytes_per_day(began) == 0.0
    assert journal.bytes_per_day(UnixNanos(began + 43_200 * 10**9)) == pytest.approx(2 * written)
