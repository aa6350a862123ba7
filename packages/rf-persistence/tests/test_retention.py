from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rf_common.clock import UnixNanos
from rf_common.errors import StorageError
from rf_persistence import prune, recover, session_bytes, sessions, verify
from rf_persistence.anchors import read_anchors

NOW = UnixNanos(1_795_600_000_000_000_000)
NONCES = ["AAAAAAAA", "BBBBBBBB", "CCCCCCCC"]


@pytest.fixture
def data_dir(tmp_path: Path, session: Any) -> Path:
    for number, nonce in enumerate(NONCES):
        journal, _ = session.write_session(
            tmp_path, nonce=nonce, started=session.BEGUN + number * 10**12, batch=40
        )
        with (journal.folder / "000001.db").open("ab") as file:
            file.truncate(1_500_000)
    return tmp_path


def names(data_dir: Path) -> list[str]:
    return [path.name.partition("-")[2] for path in sessions(data_dir)]


def test_the_oldest_session_is_removed_first(data_dir: Path) -> None:
    newest = sessions(data_dir)[-1]

    removed = prune(data_dir, 2, keep=newest.name, now=NOW)

    assert names(data_dir) == ["BBBBBBBB", "CCCCCCCC"]
    assert removed == ("session 20261125T021216Z-AAAAAAAA removed, 1.5 MB",)


def test_the_newest_session_is_never_removed(data_dir: Path) -> None:
    prune(data_dir, 1, keep="other", now=NOW)

    assert names(data_dir) == ["CCCCCCCC"]


def test_the_session_to_keep_is_never_removed(data_dir: Path) -> None:
    prune(data_dir, 1, keep=sessions(data_dir)[0].name, now=NOW)

    assert names(data_dir) == ["AAAAAAAA", "CCCCCCCC"]


def test_nothing_is_removed_while_all_fits(data_dir: Path) -> None:
    assert prune(data_dir, 4, keep="other", now=NOW) == ()
    assert names(data_dir) == NONCES
    assert session_bytes(sessions(data_dir)[0]) == 1_500_000


def test_a_removal_is_told_in_the_anchors_and_is_no_loss(data_dir: Path) -> None:
    prune(data_dir, 1, keep="other", now=NOW)

    events = [(a.session_id[-8:], a.event) for a in read_anchors(data_dir)[0][-2:]]
    assert events == [("AAAAAAAA", "removed"), ("BBBBBBBB", "removed")]
    assert recover(data_dir).damaged == ""
    assert verify(sessions(data_dir)[0]).problems == ()


def test_a_file_that_is_not_ours_is_left_and_told(data_dir: Path) -> None:
    foreign = sessions(data_dir)[0] / "notes.txt"
    foreign.write_text("keep me")

    with pytest.raises(StorageError, match="cannot be removed"):
        prune(data_dir, 1, keep="other", now=NOW)

    assert foreign.read_text() == "keep me"
