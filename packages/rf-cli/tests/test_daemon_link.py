import json
import socket

import pytest

from rf_cli.exits import Exit


def test_without_a_daemon_file_it_is_exit_13(rf):
    ran = rf("status")
    assert ran.code == Exit.NO_DAEMON
    assert "fix: uv run daemon" in ran.err
    found = rf("positions", "--json").json
    assert (found["exit"], found["retry"], found["fix"]) == (13, True, "uv run daemon")


def test_a_daemon_that_is_gone_is_exit_13(rf, daemon):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    daemon.tell(port=port)
    ran = rf("status")
    assert ran.code == Exit.NO_DAEMON
    assert str(port) in ran.err


def test_a_daemon_that_does_not_answer_in_time_is_exit_13(rf, daemon):
    daemon.answers["positions"] = "never"
    ran = rf("positions", "--timeout", "0.1")
    assert ran.code == Exit.NO_DAEMON
    assert "no answer" in ran.err


def test_a_missing_token_is_exit_13(rf, daemon):
    (daemon.data_dir / "admin.token").unlink()
    assert rf("status").code == Exit.NO_DAEMON


def test_a_token_that_others_can_read_is_refused(rf, daemon):
    (daemon.data_dir / "admin.token").chmod(0o644)
    ran = rf("status")
    assert ran.code == Exit.CONFIG
    assert "chmod 600" in ran.err


def test_a_wrong_token_is_exit_4_and_is_not_printed(rf, daemon):
    wrong = "w" * 43
    path = daemon.data_dir / "admin.token"
    path.write_text(wrong)
    ran = rf("status")
    assert ran.code == Exit.KEY
    assert wrong not in ran.err


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1, "host": 2}'])
def test_an_unreadable_daemon_file_is_named(rf, data_dir, text):
    (data_dir / "daemon.json").write_text(text)
    ran = rf("status")
    assert ran.code == Exit.DATA
    assert "daemon.json cannot be read" in ran.err


def test_the_token_never_goes_to_another_machine(rf, daemon):
    daemon.tell(host="192.0.2.1")
    ran = rf("status")
    assert ran.code == Exit.CONFIG
    assert "192.0.2.1" in ran.err


def test_the_folder_comes_from_flag_environment_dotenv_toml_in_this_order(
    rf, daemon, workspace, monkeypatch
):
    good, bad = str(daemon.data_dir), str(workspace / "elsewhere")
    daemon.data_dir.rename(workspace / "moved")
    good = str(workspace / "moved")
    (workspace / "rf.toml").write_text(f"data_dir = {json.dumps(good)}\n")
    assert rf("status").code == 0
    (workspace / ".env").write_text(f"RF_DATA_DIR={bad}\n")
    assert rf("status").code == Exit.NO_DAEMON
    monkeypatch.setenv("RF_DATA_DIR", good)
    assert rf("status").code == 0
    assert rf("status", "--data-dir", bad).code == Exit.NO_DAEMON


def test_a_wrong_setting_does_not_keep_people_from_asking(rf, daemon, monkeypatch):
    monkeypatch.setenv("MAX_DAILY_LOSS", "a lot")
    assert rf("status").code == 0


def test_the_refusal_of_the_daemon_keeps_its_code(rf, daemon):
    from rf_common.errors import RfError

    daemon.answers["why"] = RfError("no such strategy", code="RF-E-010", fix="look", exit_code=2)
    found = rf("why", "x", "--json").json
    assert (found["code"], found["exit"], found["fix"]) == ("RF-E-010", 2, "look")
