import socket

import pytest

from rf_cli.exits import Exit


@pytest.fixture
def free_ports(workspace, monkeypatch):
    """Port 0 cannot be taken; tests that look at ports set their own."""
    monkeypatch.setenv("RF_BUS_PORT", "0")
    monkeypatch.setenv("RF_HTTP_PORT", "0")


def rows(rf):
    return {row["check"]: row for row in rf("doctor", "--json").json["data"]["rows"]}


@pytest.mark.usefixtures("free_ports")
def test_a_healthy_machine_is_exit_0(rf, session):
    ran = rf("doctor")
    assert ran.code == 0
    assert "0 wrong, 0 warnings" in ran.out
    found = rows(rf)
    assert found["journal"]["verdict"] == "ok"
    assert found["keys"]["verdict"] == "skip"
    assert rf("doctor", "--json").json["schema"] == "rf.doctor/1"


@pytest.mark.usefixtures("free_ports")
def test_a_damaged_last_session_is_exit_8(rf, session):
    (session / "000001.db").write_bytes(b"not a database, and longer than nothing")
    ran = rf("doctor")
    assert ran.code == Exit.FOUND
    assert "fix: rf journal verify latest" in ran.out
    assert rf("doctor", "--json").json["ok"] is False


def test_a_wrong_setting_is_exit_8_and_nothing_else_is_guessed(rf, monkeypatch):
    monkeypatch.setenv("MAX_DAILY_LOSS", "-1")
    assert rf("doctor").code == Exit.FOUND
    found = rows(rf)
    assert found["config"]["fix"] == "rf config check"
    assert "port" not in found


def test_a_port_that_another_program_has_is_exit_8(rf, workspace, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setenv("RF_BUS_PORT", str(port))
        monkeypatch.setenv("RF_HTTP_PORT", "0")
        assert rf("doctor").code == Exit.FOUND
        assert rows(rf)["port"]["note"] == f"{port} is taken by another program"
    assert rows(rf)["port"]["note"] == f"{port} is free"


def test_our_own_daemon_may_have_the_port(rf, daemon, monkeypatch):
    monkeypatch.setenv("RF_BUS_PORT", str(daemon.port))
    assert rows(rf)["port"]["note"] == f"{daemon.port} is our daemon"


@pytest.mark.usefixtures("free_ports")
def test_a_folder_that_others_can_see_and_a_thrown_latch_are_warnings(rf, data_dir):
    data_dir.chmod(0o755)
    (data_dir / "KILL").write_text("{}")
    ran = rf("doctor")
    assert ran.code == 0
    found = rows(rf)
    assert found["data folder"]["fix"].startswith("chmod 700")
    assert found["kill latch"]["verdict"] == "warn"


@pytest.mark.usefixtures("free_ports")
def test_a_file_where_the_folder_should_be_is_exit_8(rf, workspace):
    (workspace / "rf-data").write_text("")
    assert rf("doctor").code == Exit.FOUND


@pytest.mark.usefixtures("free_ports")
def test_a_full_disk_is_exit_8(rf, data_dir, monkeypatch):
    import shutil

    usage = shutil.disk_usage(data_dir)._replace(free=10_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert rf("doctor").code == Exit.FOUND
    assert rows(rf)["disk"]["note"] == "10.0 MB free"


@pytest.mark.usefixtures("free_ports")
def test_a_clock_in_the_past_is_exit_8(rf, data_dir, monkeypatch):
    monkeypatch.setattr("rf_common.clock.time.time_ns", lambda: 1_000_000_000)
    assert rf("doctor").code == Exit.FOUND
    assert rows(rf)["clock"]["verdict"] == "FAIL"


@pytest.mark.usefixtures("free_ports")
def test_a_key_is_named_and_masked(rf, data_dir, monkeypatch):
    monkeypatch.setenv("FINNHUB_API_KEY", "abcdefghijklmnop9a2")
    note = rows(rf)["keys"]["note"]
    assert note == "finnhub …9a2, 19 characters, not tried"
