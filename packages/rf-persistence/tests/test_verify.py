from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from rf_common.clock import UnixNanos
from rf_common.events import Envelope, Timer
from rf_persistence import Journal, JournalConfig, Status, sessions, verify


def execute(path: Path, statement: str, *parameters: Any) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(statement, parameters)
    connection.close()


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_whole_session_is_clean(tmp_path: Path, session: Any) -> None:
    journal, desk = session.write_session(tmp_path, rotate_after=(2, 5))

    report = verify(journal.folder)

    assert report.status is Status.CLEAN
    assert report.status.exit_code == 0
    assert (report.segments, report.steps) == (3, desk.seq)
    assert (report.records, report.head) == (journal.records, journal.head)
    assert report.is_clean_stop
    assert (report.torn, report.problems, report.notes) == ("", (), ())


def test_a_session_without_a_stop_is_clean_and_says_so(tmp_path: Path, session: Any) -> None:
    journal, _ = session.write_session(tmp_path, clean=False)

    report = verify(journal.folder)

    assert report.status is Status.CLEAN
    assert not report.is_clean_stop
    assert "no clean stop" in report.notes[0]


def test_verifying_changes_nothing(tmp_path: Path, session: Any) -> None:
    journal, _ = session.write_session(tmp_path, rotate_after=(2,))
    execute(journal.path, "UPDATE record SET hash = zeroblob(32) WHERE number = 20")
    before = snapshot(tmp_path)

    verify(journal.folder)

    assert snapshot(tmp_path) == before


def test_one_changed_byte_in_any_record_is_named(tmp_path: Path, session: Any) -> None:
    journal, _ = session.write_session(tmp_path, rotate_after=(4,), batch=20)
    kept = snapshot(journal.folder)
    with sqlite3.connect(journal.path) as connection:
        found = connection.execute("SELECT number, payload FROM record").fetchall()
    connection.close()
    assert len(found) > 10

    for number, payload in found:
        middle = len(payload) // 2
        changed = bytearray(payload)
        changed[middle] ^= 1
        execute(journal.path, "UPDATE record SET payload = ? WHERE number = ?", changed, number)

        report = verify(journal.folder)

        assert report.status is Status.DAMAGED
        assert report.status.exit_code == 1
        assert f"{journal.name}: record {number}: " in report.problems[0]
        assert report.torn == ""
        journal.path.write_bytes(kept[str(journal.path)])
    assert verify(journal.folder).status is Status.CLEAN


@pytest.mark.parametrize("column", ["first_seq = first_seq + 1", "last_seq = 0", "hash = x'00'"])
def test_what_stands_beside_the_payload_is_covered_too(
    tmp_path: Path, session: Any, column: str
) -> None:
    journal, _ = session.write_session(tmp_path)
    execute(journal.path, f"UPDATE record SET {column} WHERE number = 9")

    report = verify(journal.folder)

    assert report.status is Status.DAMAGED
    assert "record 9: " in report.problems[0]


def test_a_record_that_is_missing_is_named(tmp_path: Path, session: Any) -> None:
    journal, _ = session.write_session(tmp_path)
    execute(journal.path, "DELETE FROM record WHERE number = 7")

    report = verify(journal.folder)

    assert "record 7: it is missing" in report.problems[0]


def test_a_record_put_in_between_is_named(tmp_path: Path, session: Any) -> None:
    journal, _ = session.write_session(tmp_path, clean=False)
    last = journal.records
    execute(journal.path, "INSERT INTO record VALUES (?, 1, 0, x'45', zeroblob(32))", last + 1)
    execute(journal.path, "INSERT INTO record VALUES (?, 1, 0, x'45', zeroblob(32))", last + 2)

    assert f"record {last + 1}: the hash" in verify(journal.folder).problems[0]


def test_a_cut_tail_is_seen_through_the_anchor(tmp_path: Path, session: Any) -> None:
    journal, _ = session.write_session(tmp_path)
    execute(journal.path, "DELETE FROM record WHERE number >= ?", journal.records - 1)

    report = verify(journal.folder)

    assert report.status is Status.DAMAGED
    assert "anchors.log has head" in report.problems[0]


def test_a_session_written_anew_is_seen_through_the_anchor(tmp_path: Path, session: Any) -> None:
    journal, _ = session.write_session(tmp_path / "true")
    forged, _ = session.write_session(tmp_path / "forged", batch=40)
    shutil.copytree(forged.folder, journal.folder, dirs_exist_ok=True)

    report = verify(journal.folder)

    assert report.status is Status.DAMAGED
    assert "anchors.log has" in report.problems[0]


def test_a_last_record_cut_short_is_torn_and_not_damage(tmp_path: Path, session: Any) -> None:
    journal, _ = session.write_session(tmp_path, clean=False)
    execute(
        journal.path,
        "UPDATE record SET payload = CAST(substr(payload, 1, 9) AS BLOB) WHERE number = ?",
        journal.records,
    )

    report = verify(journal.folder)

    assert report.status is Status.DAMAGED
    assert f"record {journal.records}: " in report.torn
    assert report.problems == ()


def test_a_last_record_that_an_anchor_knows_is_not_torn(tmp_path: Path, session: Any) -> None:
    journal, _ = session.write_session(tmp_path)
    last = journal.records
    execute(journal.path, "UPDATE record SET hash = zeroblob(32) WHERE number = ?", last)

    report = verify(journal.folder)

    assert report.torn == ""
    assert f"record {last}: " in report.problems[0]


def test_a_missing_segment_is_named(tmp_path: Path, session: Any) -> None:
    journal, _ = session.write_session(tmp_path, rotate_after=(2, 5))
    (journal.folder / "000002.db").unlink()

    report = verify(journal.folder)

    assert report.status is Status.DAMAGED
    assert "a segment before 000003.db is missing" in report.problems[0]
    assert any("it does not continue 000001.db" in problem for problem in report.problems)


def test_a_segment_of_another_session_is_named(tmp_path: Path, session: Any) -> None:
    journal, _ = session.write_session(tmp_path / "a", rotate_after=(2,))
    other, _ = session.write_session(tmp_path / "b", rotate_after=(3,), nonce="BBBBBBBB")
    shutil.copyfile(other.path, journal.path)

    problems = verify(journal.folder).problems

    assert any("it belongs to 20261125T021216Z-BBBBBBBB" in problem for problem in problems)


def test_the_session_before_is_looked_for(tmp_path: Path, session: Any) -> None:
    first, desk = session.write_session(tmp_path)
    later = {"nonce": "BBBBBBBB", "first_seq": desk.seq + 1, "previous": first.name}
    second, _ = session.write_session(tmp_path, previous_head=first.head, **later)
    assert verify(second.folder).notes == ()

    execute(first.path, "DELETE FROM record WHERE number = ?", first.records)
    assert "no record with the head" in verify(second.folder).problems[0]

    shutil.rmtree(first.folder)
    report = verify(second.folder)
    assert report.status is Status.CLEAN
    assert "is not there any more" in report.notes[0]


def test_a_file_that_is_no_database_is_unreadable(tmp_path: Path, session: Any) -> None:
    journal, _ = session.write_session(tmp_path)
    journal.path.write_bytes(b"x" * 9_000)

    report = verify(journal.folder)

    assert report.status is Status.UNREADABLE
    assert report.status.exit_code == 2
    assert "000001.db: file is not a database" in report.problems[0]


def test_a_session_that_is_not_there_is_unreadable(tmp_path: Path) -> None:
    report = verify(tmp_path / "journal" / "20261125T021216Z-K7QW3ZPA")

    assert report.status is Status.UNREADABLE


def test_a_damaged_session_does_not_hide_the_others(tmp_path: Path, session: Any) -> None:
    first, _ = session.write_session(tmp_path)
    session.write_session(tmp_path, nonce="BBBBBBBB")
    first.path.write_bytes(b"x" * 9_000)

    found = [verify(folder).status for folder in sessions(tmp_path)]

    assert sorted(found) == [Status.CLEAN, Status.UNREADABLE]


def test_a_session_can_be_verified_while_it_is_written(tmp_path: Path, session: Any) -> None:
    journal = Journal.create(tmp_path, session.make_header(), JournalConfig())
    for seq in range(1, 4):
        journal.append(Envelope(seq, UnixNanos(seq), Timer("heartbeat", UnixNanos(seq))), ())
        journal.commit()

        report = verify(journal.folder)

        assert report.status is Status.CLEAN
        assert report.steps == seq


@pytest.mark.parametrize("at", range(0, 4_096 * 5, 509))
def test_no_changed_byte_crashes_or_hides_a_record(
    tmp_path: Path, whole: tuple[bytes, int], at: int
) -> None:
    path = tmp_path / "journal" / "20261125T021216Z-K7QW3ZPA" / "000001.db"
    path.parent.mkdir(parents=True)
    changed = bytearray(whole[0])
    changed[at % len(changed)] ^= 0x40
    path.write_bytes(changed)

    report = verify(path.parent)

    assert report.status is not Status.CLEAN or report.records == whole[1]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, session: Any) -> tuple[bytes, int]:
    journal, _ = session.write_session(tmp_path_factory.mktemp("whole"))
    return journal.path.read_bytes(), journal.records
