"""The commands of ``rf backtest`` in the table, files of bars, and small strategies."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from rf_cli import program
from rf_cli.commands import Entry
from rf_testkit.synthetic import synthetic_tape

TARGETS = {
    "run": "run:run",
    "list": "looks:list_runs",
    "show": "looks:show",
    "trades": "looks:trades",
    "report": "looks:report",
    "compare": "compare:compare",
    "bias": "bias:bias",
    "walk": "walk:walk",
    "sweep": "sweep:sweep",
    "mc": "mc:mc",
    "audit": "audit:audit",
}

SIGNALLING = '''
"""A strategy that asks for an end once, in the middle of its work."""
import pathlib, signal
from rf_strategy import momentum

def build(strategy_id, parameters):
    flag = pathlib.Path("stop")
    if parameters.get("period") == 14 and flag.exists():
        flag.unlink()
        signal.raise_signal(signal.SIGINT)
    return momentum.build(strategy_id, parameters)
'''


@pytest.fixture(autouse=True)
def listed(monkeypatch):
    """Put the commands into the table where it does not have them."""
    known = {entry.path for entry in program.COMMANDS}
    new = [
        Entry(f"backtest {name}", f"rf_cli.backtest.{target}", "A command.", ())
        for name, target in TARGETS.items()
        if f"backtest {name}" not in known
    ]
    monkeypatch.setattr(program, "COMMANDS", (*program.COMMANDS, *new))
    if "backtest" not in program.GROUPS:
        monkeypatch.setattr(program, "GROUPS", program.GROUPS | {"backtest": "Backtests."})


def bar_rows(count, seed, *, px=100.0, vol=0.012):
    """Return weekdays of bars that drift up and down in spells."""
    rng = np.random.default_rng(seed)
    day, rows, drift = datetime.date(2022, 1, 3), [], 0.0
    while len(rows) < count:
        if day.weekday() < 5:
            if len(rows) % 40 == 0:
                drift = float(rng.choice([-1.0, 1.0])) * 0.003
            start = px * (1 + 0.002 * rng.standard_normal())
            px = start * (1 + drift + vol * rng.standard_normal())
            high, low = max(start, px) * 1.004, min(start, px) * 0.996
            volume = int(rng.integers(1_000_000, 2_000_000))
            rows.append((str(day), start, high, low, px, volume))
        day += datetime.timedelta(days=1)
    return rows


def write_bars(path, rows):
    lines = ["date,open,high,low,close,volume"]
    lines += [f"{d},{o:.4f},{h:.4f},{lo:.4f},{c:.4f},{v}" for d, o, h, lo, c, v in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def bars(workspace):
    """A file of 240 daily bars, from 2022-01-03 on."""
    return write_bars(workspace / "acme.csv", bar_rows(240, 1))


@pytest.fixture
def signalling(workspace):
    """The file of a strategy that asks for an end while the file ``stop`` exists."""
    path = workspace / "signalling.py"
    path.write_text(SIGNALLING)
    return path


@pytest.fixture
def momentum(bars):
    """The words of a run of momentum."""
    return ("momentum", "--data", "acme.csv", "--param", "period=10", "--param", "threshold=0.01")


@pytest.fixture
def tape(workspace):
    """A made-up recording of BTCUSDT."""
    path = workspace / "tape.gz"
    synthetic_tape(7, 4_000, path=path)
    return path
