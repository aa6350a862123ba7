import json
import sys

import pytest

from rf_cli import demo
from rf_cli.exits import Exit
from rf_common.errors import RfError

SCRIPT = """
import asyncio, json, os, pathlib, sys
from rf_common import DeterministicClock, Quote
from rf_event_bus.messages import Role
from rf_event_bus.server import BusServer
from rf_event_bus.wire import Wire
from rf_net.token import create_token

status = json.loads(pathlib.Path(sys.argv[1]).read_text())
folder = pathlib.Path(os.environ["RF_DATA_DIR"])

async def run():
    stopped = asyncio.Event()

    async def answer(verb, args, peer, role):
        if verb == "shutdown":
            stopped.set()
            return {"ok": True}
        status["instruments"][0]["bid"] += STEP
        status["account"] = ",".join(sorted(k for k in os.environ if "RF_" in k or "KEY" in k))
        return status

    bus = BusServer(
        Wire(Quote, dict[str, int]),
        tokens={Role.ADMIN: create_token(folder / "admin.token")},
        handler=answer,
        snapshot=dict,
        clock=DeterministicClock(),
    )
    port = await bus.start()
    info = {"pid": os.getpid(), "host": "127.0.0.1", "port": port}
    (folder / "daemon.json").write_text(json.dumps(info))
    await stopped.wait()
    await bus.stop()
    print("stopped by itself")

asyncio.run(run())
"""


@pytest.fixture
def command(workspace, answers):
    """Return the command of a stand-in daemon whose first bid moves by `step`."""

    def make(step=0.01, *, body=SCRIPT):
        script, status = workspace / "stand_in.py", workspace / "status.json"
        script.write_text(body.replace("STEP", str(step)))
        status.write_text(json.dumps(answers["status"]))
        return (sys.executable, str(script), str(status))

    return make


def test_once_prints_one_snapshot_with_moving_prices_and_stops(rf, command, monkeypatch):
    monkeypatch.setattr(demo, "DAEMON", command())
    monkeypatch.setenv("FINNHUB_API_KEY", "abcdefghijklmnop9a2")
    monkeypatch.setenv("RF_LOG_LEVEL", "debug")
    ran = rf("demo", "--once", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["schema"] == "rf.demo/1"
    assert ran.json["data"]["mode"] == "SIM"
    # No setting and no key of ours reaches the demo but these three.
    assert ran.json["data"]["account"] == "RF_BUS_PORT,RF_DATA_DIR,RF_HTTP_PORT"


def test_the_daemon_of_a_snapshot_is_asked_to_stop(workspace, command):
    demo.snapshot(workspace, command())
    assert (workspace / "demo.log").read_text() == "stopped by itself\n"


def test_a_daemon_that_ends_early_is_told_with_its_last_words(rf, command, monkeypatch):
    monkeypatch.setattr(demo, "DAEMON", command(body="import sys; sys.exit('no such market')"))
    ran = rf("demo", "--once")
    assert ran.code == Exit.FAILED
    assert "ended with exit code 1" in ran.err
    assert "no such market" in ran.err


def test_prices_that_do_not_move_are_no_demo(workspace, command, monkeypatch):
    monkeypatch.setattr(demo, "_START_S", 0.8)
    with pytest.raises(RfError, match="no moving prices within"):
        demo.snapshot(workspace, command(step=0))


def test_the_foreground_demo_ends_with_its_daemon(rf, command, monkeypatch):
    monkeypatch.setattr(demo, "DAEMON", command(body="print('hello')"))
    ran = rf("demo")
    assert ran.code == 0
    assert "the demo has ended" in ran.out
    monkeypatch.setattr(demo, "DAEMON", command(body="raise SystemExit(3)"))
    assert rf("demo").code == Exit.FAILED
