"""A strategy from another distribution, installed into a folder that only this test knows."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[3] / "tests" / "plugins" / "rf-example-strategy"

PROGRAM = """
import json, sys
from decimal import Decimal
from types import SimpleNamespace

from rf_common import Quote, plugins
from rf_common.errors import ConfigError
from rf_strategy import StrategyRegistry, StrategySpec

listed = plugins.available("rf.strategies")
told = {"listed": list(listed), "imported": "rf_example_strategy" in sys.modules}
factories = {name: plugins.load("rf.strategies", name) for name in listed}
spec = StrategySpec(id="mine", factory="always_long", parameters={"confidence": 0.5})
registry = StrategyRegistry(factories, [spec])
(strategy,) = registry.subscribers("binance:BTCUSDT")
quote = Quote("binance:BTCUSDT", 0, 99.0, 1.0, 101.0, 1.0)
context = SimpleNamespace(features=SimpleNamespace(mid_px=100.0, vol=0.2, samples=9), quote=quote)
signals = [strategy.on_event(context, quote) for _ in range(2)]
first = signals[0]
told["signal"] = [first.strategy_id, first.instrument_id, first.direction, first.confidence]
told["second"] = signals[1]
told["explained"] = [c.met for c in strategy.explain("binance:BTCUSDT")]
try:
    plugins.load("rf.strategies", "always_lung")
except ConfigError as error:
    told["unknown"] = [error.code, error.detail]
print(json.dumps(told))
"""


@pytest.fixture
def installed(tmp_path):
    """Return a folder that holds the example as an installer would lay it down."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    shutil.copytree(EXAMPLE / "src", tmp_path, dirs_exist_ok=True)
    folder = f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines = []
    for group, entries in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {target}" for name, target in entries.items())]
    (tmp_path / folder / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return tmp_path


def run(folder):
    path = os.pathsep.join([str(folder), *(p for p in sys.path if p)])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_installed_strategy_is_listed_built_and_heard(installed):
    told = run(installed)
    assert {"always_long", "momentum", "mean_reversion"} <= set(told["listed"])
    assert told["listed"] == sorted(told["listed"])
    assert told["imported"] is False  # listing imports nothing
    assert told["signal"] == ["mine", "binance:BTCUSDT", 1, 0.5]
    assert told["second"] is None
    assert told["explained"] == [True]
    code, detail = told["unknown"]
    assert code == "RF-C-010"
    assert "always_long" in detail


def test_the_example_stays_outside_the_workspace():
    root = EXAMPLE.parents[2]
    members = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]
    assert not [m for pattern in members["members"] for m in root.glob(pattern) if m == EXAMPLE]
    assert "rf-example-strategy" not in (root / "uv.lock").read_text()
