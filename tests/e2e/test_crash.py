"""Kill -9, kill switch and hanging strategies: what survives, and what must not happen."""

from __future__ import annotations

import json
import shutil
import signal
import time
import tomllib
from pathlib import Path

import pytest

from rf_common.orders import SubmitOrder
from rf_persistence import SessionReader, recover, sessions

pytestmark = pytest.mark.e2e

_ROUNDS = 5


def submitted_ids(data: Path) -> list[str]:
    found: list[str] = []
    for session in sessions(data / "sim"):
        for _, outputs in SessionReader(session).steps():
            found += [o.request.client_order_id for o in outputs if isinstance(o, SubmitOrder)]
    return found


def test_a_daemon_killed_at_any_moment_comes_back_as_its_journal_says(start):
    for number in range(_ROUNDS):
        daemon = start().ready()
        daemon.until(lambda d=daemon, n=number: d.status().get("fills", 0) > 2 * n, "fills")
        time.sleep(0.13 * number)
        daemon.send(signal.SIGKILL)
        daemon.wait(10.0)

        told = recover(daemon.data / "sim")
        assert not told.damaged
        ledger = told.ledger
        assert ledger is not None

        again = start("--for", "0.0", "--json")
        assert again.wait(20.0) == 0
        summary = json.loads(again.out[-1])
        first = sessions(daemon.data / "sim")[-1]
        begun = SessionReader(first).header.ledger
        assert begun is not None
        assert begun.account == ledger.account
        assert begun.next_order == ledger.next_order
        assert begun.kill == ledger.kill
        assert begun.risk == ledger.risk
        assert summary["fills"] >= ledger.fills
    ids = submitted_ids(daemon.data)
    assert len(ids) == len(set(ids))
    assert len(ids) >= _ROUNDS
    for session in sessions(daemon.data / "sim"):
        assert again.rf("replay", session.name)[0] == 0


def test_a_kill_is_latched_over_kill_dash_nine_until_its_phrase(start):
    daemon = start().ready()
    daemon.until(lambda: daemon.status().get("fills", 0) > 2, "fills")
    told = daemon.ask("kill", "--reason", "drill")
    assert told["engine_answered"] is True
    orders = daemon.status()["orders_today"]
    daemon.until(lambda: daemon.status()["open_orders"] == 0, "no open order")
    daemon.send(signal.SIGKILL)
    daemon.wait(10.0)

    again = start().ready()
    halted = again.until(
        lambda: again.status().get("state") == "HALTED" and again.status(), "the latched kill"
    )
    assert halted["kill"]["engaged"] is True
    assert again.rf("resume", "--confirm", "please")[0] == 10
    time.sleep(1.0)
    assert again.status()["orders_today"] == orders

    again.ask("resume", "--confirm", halted["kill"]["phrase"])
    again.until(lambda: again.status()["state"] == "ACTIVE", "trading again")
    again.until(lambda: again.status()["orders_today"] > orders, "new orders")


def test_a_kill_without_a_daemon_is_obeyed_at_the_next_start(start):
    daemon = start().ready()
    assert daemon.stop() == 0
    assert daemon.rf("kill", "--reason", "away")[0] == 13
    assert (daemon.data / "KILL").exists()

    again = start().ready()
    again.until(lambda: again.status().get("state") == "HALTED", "the kill file")
    assert "away" in again.status()["state_reason"]
    assert not (again.data / "KILL").exists()


def test_a_kill_file_is_obeyed_while_the_daemon_runs(start):
    daemon = start().ready()
    (daemon.data / "KILL").write_text("anything at all")
    daemon.until(lambda: daemon.status().get("state") == "HALTED", "the kill")


def install_plugin(folder: Path, body: str) -> Path:
    """Write a distribution that brings the strategy ``test_plugin`` and return its folder."""
    place = folder / "plugin"
    info = place / "rf_test_plugin-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rf-test-plugin\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[rf.strategies]\ntest_plugin = rf_test_plugin:build\n")
    (place / "rf_test_plugin.py").write_text(body)
    return place


HANGING = """
from pathlib import Path

class Hangs:
    def __init__(self, strategy_id):
        self.strategy_id = strategy_id
        self.instruments = frozenset()

    def on_event(self, context, event):
        while Path("hang").exists():
            pass
        return None

    def on_fill(self, context, fill):
        pass

    def explain(self, instrument_id):
        return ()

def build(strategy_id, parameters):
    return Hangs(strategy_id)
"""

RAISING = HANGING.replace(
    'while Path("hang").exists():\n            pass', 'raise RuntimeError("a bug in a plug-in")'
)

CONFIG = """
[engine]
strategies = [
  { id = "momentum", factory = "momentum" },
  { id = "plugged", factory = "test_plugin" },
]
"""


def test_the_kill_works_while_a_strategy_hangs(start, tmp_path):
    place = install_plugin(tmp_path, HANGING)
    (tmp_path / "rf.toml").write_text(CONFIG)
    daemon = start(env={"PYTHONPATH": str(place)}).ready()
    bid = daemon.status()["instruments"][0]["bid"]
    daemon.ask("order", "buy", "AAPL", "5", "--limit", f"{bid * 0.97:.2f}")
    daemon.until(lambda: daemon.status()["open_orders"] >= 1, "an open order")
    (tmp_path / "hang").touch()
    daemon.until(lambda: not daemon.status()["engine"]["answering"], "the engine hangs")

    told = daemon.ask("kill", "--reason", "it hangs")

    assert told["engine_answered"] is False
    assert "plugged" in told["text"]
    assert len(told["confirmed"]) >= 1
    daemon.send(signal.SIGKILL)
    daemon.wait(10.0)
    (tmp_path / "hang").unlink()
    again = start(env={"PYTHONPATH": str(place)}).ready()
    again.until(lambda: again.status().get("state") == "HALTED", "the latched kill")


def test_a_plug_in_that_raises_is_switched_off_alone(start, tmp_path):
    place = install_plugin(tmp_path, RAISING)
    (tmp_path / "rf.toml").write_text(CONFIG)
    daemon = start(env={"PYTHONPATH": str(place)}).ready()
    rows = {row["strategy_id"]: row for row in daemon.status()["strategies"]}
    assert "a bug in a plug-in" in rows["plugged"]["reason"]
    assert rows["momentum"]["enabled"] is True
    daemon.until(lambda: daemon.status().get("fills", 0) > 0, "the others go on")


def test_the_example_distribution_trades_in_the_daemon(start, tmp_path):
    source = Path(__file__).resolve().parents[1] / "plugins" / "rf-example-strategy"
    project = tomllib.loads((source / "pyproject.toml").read_text())["project"]
    place = tmp_path / "site"
    shutil.copytree(source / "src", place)
    info = place / "rf_example_strategy-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    points = project["entry-points"]["rf.strategies"]
    name = next(iter(points))
    (info / "entry_points.txt").write_text(f"[rf.strategies]\n{name} = {points[name]}\n")
    (tmp_path / "rf.toml").write_text(
        f'[engine]\nstrategies = [{{ id = "example", factory = "{name}" }}]\n'
    )
    daemon = start(env={"PYTHONPATH": str(place)}).ready()
    daemon.until(lambda: daemon.status().get("fills", 0) > 0, "a fill of the plug-in")
    assert any(row["strategy_id"] == "example" for row in daemon.ask("order", "list", "--all"))


def test_a_damaged_journal_is_named_and_nothing_is_traded(start):
    daemon = start().ready()
    daemon.until(lambda: daemon.status().get("fills", 0) > 2, "fills")
    assert daemon.stop() == 0
    session = sessions(daemon.data / "sim")[-1]
    file = session / "000001.db"
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(64)
    file.write_bytes(content)
    assert daemon.rf("journal", "verify")[0] in {1, 2}

    again = start().ready()
    again.until(lambda: again.status().get("state") == "HALTED", "halted")
    assert any("journal damaged" in line for line in again.err)
    code, _, err = again.rf("order", "buy", "AAPL", "1", "--limit", "220")
    assert code != 0
    assert "HALTED" in err
    assert len(sessions(again.data / "sim")) == 1
