import subprocess
import sys

from rf_cli.exits import Exit


def ended_process():
    """Return the number of a process that is gone."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_daemons_place_and_state(rf, daemon):
    ran = rf("daemon", "status")
    assert ran.out.startswith("SIM  daemon runs   pid ")
    found = rf("daemon", "status", "--json").json
    assert found["schema"] == "rf.daemon/1"
    assert found["data"]["port"] == daemon.port
    assert found["data"]["state"] == "ACTIVE"


def test_without_a_daemon_both_are_exit_13(rf, data_dir):
    assert rf("daemon", "status").code == Exit.NO_DAEMON
    assert rf("daemon", "stop").code == Exit.NO_DAEMON


def test_stop_waits_until_the_process_is_gone(rf, daemon):
    daemon.tell(pid=ended_process())
    ran = rf("daemon", "stop")
    assert ran.code == 0
    assert "is gone" in ran.out
    assert daemon.last("shutdown")["cancel_orders"] is True
    found = rf("daemon", "stop", "--keep-orders", "--json").json
    assert found["schema"] == "rf.daemon.stop/1"
    assert daemon.last("shutdown")["cancel_orders"] is False


def test_stop_says_when_the_process_still_runs(rf, daemon):
    ran = rf("daemon", "stop", "--timeout", "0.3")
    assert ran.code == Exit.FOUND
    assert "still runs" in ran.out
