"""The data folder: held by one, found by others, with a latch that cannot be misread."""

from __future__ import annotations

import json
import stat

import pytest

from rf_common.errors import StorageError
from rf_daemon.folder import INFO_FILE, KILL_FILE, KillLatch, forget, held, tell


def test_a_folder_is_held_by_one_at_a_time_and_free_again_after(tmp_path):
    folder = tmp_path / "data"
    with held(folder):
        tell(folder, {"pid": 4711})
        with (
            pytest.raises(StorageError, match=r"another daemon uses it \(pid 4711\)"),
            held(folder),
        ):
            pass
    with held(folder):
        pass


def test_the_folder_is_made_private(tmp_path):
    with held(tmp_path / "data"):
        mode = stat.S_IMODE((tmp_path / "data").stat().st_mode)
    assert mode == 0o700


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    wrong = held(tmp_path / "file" / "data")
    with pytest.raises(StorageError, match="expected a folder that can be written"), wrong:
        pass


def test_the_address_is_private_and_can_be_taken_back(tmp_path):
    tell(tmp_path, {"port": 1})
    assert json.loads((tmp_path / INFO_FILE).read_text()) == {"port": 1}
    assert stat.S_IMODE((tmp_path / INFO_FILE).stat().st_mode) == 0o600
    forget(tmp_path)
    forget(tmp_path)
    assert not (tmp_path / INFO_FILE).exists()


def test_the_latch_says_who_and_why_until_it_is_cleared(tmp_path):
    latch = KillLatch(tmp_path)
    assert latch.read() is None
    latch.write("drill", "cli:me")
    assert latch.read() == ("drill", "cli:me")
    latch.clear()
    latch.clear()
    assert latch.read() is None


@pytest.mark.parametrize("content", [b"", b"stop!", b"[1, 2]", b"\xff\xfe", b'"text"', b"{}"])
def test_a_kill_file_kills_whatever_is_in_it(tmp_path, content):
    (tmp_path / KILL_FILE).write_bytes(content)
    assert KillLatch(tmp_path).read() is not None


def test_a_kill_file_that_cannot_be_read_kills(tmp_path):
    (tmp_path / KILL_FILE).mkdir()
    told = KillLatch(tmp_path).read()
    assert told is not None
    assert "cannot be read" in told[0]
