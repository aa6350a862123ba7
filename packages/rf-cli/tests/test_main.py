import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from rf_ai import Inputs, write_inputs
from rf_cli.commands import COMMANDS, GROUPS, OPTIONS
from rf_cli.exits import Exit
from rf_testkit.stages import graph_stage, quant_stage, swarm_stage

HEAVY = [
    "numba",
    "numpy",
    "polars",
    "anthropic",
    "scipy",
    "sqlalchemy",
    "asyncio",
    "aiohttp",
    "websockets",
    "rf_engine",
    "rf_risk",
    "rf_persistence",
    "rf_ingestion",
    "rf_net",
    "rf_common",
    "msgspec",
    "sqlite3",
    "socket",
    "cyclopts",
    "rich",
]
NEEDS_SESSION = {"replay", "journal verify", "journal size", "journal show"}
NEEDS_PROCESS = {"demo", "daemon stop"}
NEEDS_CALLS = {"ai show", "ai replay", "ai score"}
TAKES_LONG = {"swarm calibrate"}
NEEDS_RUNS = {entry.path for entry in COMMANDS if entry.path.startswith("backtest ")}
"""Their own tests run them, on what earlier ones left."""


def test_help_imports_nothing_of_the_desk():
    code = f"""
import sys
from rf_cli.main import main
assert main(["--help"]) == 0
loaded = [name for name in {HEAVY!r} if name in sys.modules]
print(loaded, file=sys.stderr)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stderr.strip() == "[]"
    assert "positions" in ran.stdout


def test_the_status_imports_no_settings_and_no_numerics(daemon):
    code = f"""
import sys
from rf_cli.main import main
assert main(["status", "--json", "--data-dir", {str(daemon.data_dir)!r}]) == 0
heavy = "numba numpy rf_engine rf_persistence asyncio aiohttp rich.table".split()
print([name for name in heavy if name in sys.modules], file=sys.stderr)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stderr.strip() == "[]"


@pytest.mark.parametrize("path", [entry.path for entry in COMMANDS] + list(GROUPS))
def test_every_command_has_help(rf, path):
    ran = rf(*path.split(), "--help")
    assert ran.code == 0
    assert ran.out.startswith(f"Usage: rf {path}")
    assert "--json" in ran.out
    if path not in GROUPS:
        assert "Examples:\n\n  rf " in ran.out


@pytest.mark.parametrize(
    "example",
    [
        example
        for entry in COMMANDS
        if entry.path not in NEEDS_SESSION | NEEDS_PROCESS | NEEDS_CALLS | TAKES_LONG | NEEDS_RUNS
        for example in entry.examples
    ],
)
def test_every_example_of_the_help_runs_and_is_json_when_asked(rf, daemon, tables, example):
    daemon.answers["status"]["instruments"].pop(1)  # one BTCUSDT only
    words = [word for word in shlex.split(example)[1:] if word != "--json"]
    plain, machine = rf(*words), rf(*words, "--json")
    assert plain.code == machine.code == 0
    assert plain.out
    assert machine.json["ok"] is True
    assert set(machine.json) == {"schema", "ok", "data", "warnings", "asof"}
    assert machine.out.count("\n") == 1
    assert machine.err == ""


@pytest.fixture
def tables(tmp_path, monkeypatch):
    """Files under the names that the examples use, in the folder where they run."""
    import math

    import polars as pl

    monkeypatch.chdir(tmp_path)
    close = [100.0 + 8 * math.sin(0.7 * i) + 5 * math.sin(0.11 * i * i) for i in range(300)]
    bars = pl.DataFrame(
        {
            "date": [f"day {i}" for i in range(300)],
            "open": close,
            "high": [px + 1.0 for px in close],
            "low": [px - 1.0 for px in close],
            "close": close,
            "volume": [1_000.0 + i for i in range(300)],
        }
    )
    bars.write_csv("prices.csv")
    bars.write_csv("bars.csv")
    bars.write_parquet("bars.parquet")
    grid = [(strike, tau) for tau in (0.25, 1.0) for strike in (90.0, 95.0, 100.0, 105.0, 110.0)]
    pl.DataFrame(
        {
            "price": [max(100.0 - strike, 0.0) + 4.0 for strike, _ in grid],
            "spot": [100.0] * len(grid),
            "strike": [strike for strike, _ in grid],
            "tau": [tau for _, tau in grid],
            "vol": [0.2 - 0.001 * (strike - 100.0) for strike, _ in grid],
        }
    ).write_csv("quotes.csv")
    pl.concat([bars] * 3).write_csv("closes.csv")
    cycle = Inputs(quant=quant_stage(), swarm=swarm_stage(), graph=graph_stage())
    Path("cycle.json").write_bytes(write_inputs(cycle))
    Path("edges.csv").write_text("source_id,kind,target_id,weight\nNVIDIA,Owns,ACME,0.6\n")


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_the_front_page_names_every_command_and_option(rf, words):
    ran = rf(*words)
    assert ran.code == 0
    lines = {line.strip().split("  ")[0] for line in ran.out.splitlines()}
    assert {entry.path for entry in COMMANDS} | set(OPTIONS) <= lines
    assert max(map(len, ran.out.splitlines())) <= 100


@pytest.mark.parametrize("words", [["version"], ["--version"]])
def test_the_version_names_python_and_platform(rf, words):
    ran = rf(*words)
    assert ran.out.startswith("rf 0.1.0  (python 3.")
    assert rf(*words, "--json").json["schema"] == "rf.version/1"


@pytest.mark.parametrize(
    ("words", "nearest"),
    [
        (["positon"], "rf positions"),
        (["order", "by", "BTC"], "rf order buy"),
        (["strateggy", "list"], "rf strategy list"),
        (["qqqq"], "rf --help"),
    ],
)
def test_a_mistyped_command_shows_the_nearest(rf, words, nearest):
    ran = rf(*words)
    assert ran.code == Exit.USAGE
    assert ran.out == ""
    assert nearest in ran.err.split("fix: ")[1]


@pytest.mark.parametrize(
    "words",
    [
        ["order", "buy", "BTC"],
        ["order", "buy", "BTC", "1", "--limt", "3"],
        ["order", "buy", "BTC", "1", "--limit", "3", "--tif", "SOON"],
        ["positions", "--timeout", "soon"],
        ["positions", "--timeout", "0"],
        ["positions", "--timeout", "nan"],
        ["positions", "extra"],
    ],
)
def test_a_wrong_call_is_exit_2_in_both_forms(rf, words):
    plain, machine = rf(*words), rf(*words, "--json")
    assert plain.code == machine.code == Exit.USAGE
    assert plain.err.startswith("RF-U-001  ")
    assert plain.out == ""
    found = machine.json
    assert set(found) == {"schema", "ok", "code", "exit", "message", "fix", "retry"}
    assert (found["schema"], found["ok"], found["exit"]) == ("rf.error/1", False, 2)
    assert found["retry"] is False


def test_an_unexpected_error_is_exit_1_with_the_trace_on_stderr(rf, daemon):
    daemon.answers["status"] = {}
    ran = rf("status")
    assert ran.code == Exit.FAILED
    assert "KeyError" in ran.err
    assert "RF-X-000  unexpected KeyError" in ran.err
    assert rf("strategy", "list", "--json").json["code"] == "RF-X-000"


def test_an_interrupt_is_exit_130(rf, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("rf_cli.context.Context.ask", interrupted)
    assert rf("status").code == Exit.INTERRUPTED


def test_a_reader_that_leaves_early_is_no_mistake(daemon):
    code = "import sys; from rf_cli.main import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "--data-dir", str(daemon.data_dir), "status", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait() in {0, 1}
    assert b"Traceback" not in err
    assert b"Exception ignored" not in err


def test_colour_needs_a_terminal(rf, daemon, monkeypatch):
    assert "\x1b" not in rf("positions").out
    monkeypatch.setenv("CLICOLOR_FORCE", "1")
    assert "\x1b" in rf("positions").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in rf("positions").out


def test_text_from_outside_cannot_steer_the_terminal(rf, daemon):
    daemon.answers["why"]["instruments"][0]["last_word"] = "[red]x[/red]\x1b[2J\u202egnp\nnext"
    out = rf("why", "momentum").out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "[red]x[/red]" in out
    raw = rf("why", "momentum", "--json")
    assert "\x1b" not in raw.out
    assert raw.json["data"]["instruments"][0]["last_word"].endswith("\nnext")


def test_json_of_an_answer_is_one_plain_ascii_line(rf, daemon):
    daemon.answers["status"]["state_reason"] = "déjà vu"
    out = rf("status", "--json").out
    assert out.isascii()
    assert json.loads(out)["data"]["state_reason"] == "déjà vu"
