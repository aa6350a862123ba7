import stat

import pytest

from rf_common.errors import ConfigError, StorageError
from rf_net import create_token, read_token


def test_what_was_created_is_read(tmp_path):
    path = tmp_path / "run" / "door.token"

    token = create_token(path)

    assert read_token(path) == token
    assert len(token.reveal()) == 43


def test_file_and_folder_belong_to_the_owner_alone(tmp_path):
    path = tmp_path / "run" / "door.token"
    create_token(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_new_token_replaces_the_old_file_whatever_its_mode_was(tmp_path):
    path = tmp_path / "door.token"
    path.write_text("old")
    path.chmod(0o644)

    token = create_token(path)

    assert read_token(path) == token
    assert [entry.name for entry in tmp_path.iterdir()] == ["door.token"]


def test_a_link_in_the_place_of_the_file_is_replaced_not_followed(tmp_path):
    other, path = tmp_path / "other", tmp_path / "door.token"
    other.write_text("precious")
    path.symlink_to(other)

    create_token(path)

    assert other.read_text() == "precious"
    assert not path.is_symlink()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_file_that_others_can_open_is_refused(tmp_path, mode):
    path = tmp_path / "door.token"
    create_token(path)
    path.chmod(mode)

    with pytest.raises(ConfigError, match=f"mode {mode:04o}") as caught:
        read_token(path)
    assert caught.value.fix == f"chmod 600 {path}"


def test_a_missing_file_means_that_no_daemon_runs(tmp_path):
    with pytest.raises(ConfigError, match="is missing") as caught:
        read_token(tmp_path / "door.token")
    assert (caught.value.exit_code, caught.value.fix) == (13, "uv run daemon")


@pytest.mark.parametrize(
    "content", [b"", b"   \n", b"short", b"x" * 2000, b"\xff" * 40, b"a\0" * 20]
)
def test_a_file_without_a_token_is_refused(tmp_path, content):
    path = tmp_path / "door.token"
    path.touch(0o600)
    path.write_bytes(content)

    with pytest.raises(ConfigError, match="holds no token"):
        read_token(path)


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(StorageError, match="cannot be written"):
        create_token(tmp_path / "file" / "door.token")
