"""How long people wait: for help, and for the first price."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from rf_cli.daemon_link import ask
from rf_common.errors import RfError

RF = "import sys; from rf_cli.main import main; sys.exit(main(sys.argv[1:]))"


def run(*words: str) -> None:
    subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, check=True)


def test_bare_python(benchmark):
    """The baseline: an interpreter that does nothing."""
    benchmark.pedantic(run, args=("-c", "pass"), rounds=10, warmup_rounds=1)


def test_rf_help(benchmark, tell):
    """`rf --help` as a process of its own."""
    benchmark.pedantic(run, args=("-c", RF, "--help"), rounds=10, warmup_rounds=1)
    tell(baseline="test_bare_python")


def test_daemon_to_first_tick(benchmark, tell, tmp_path):
    """From the start of a daemon's process, simulated market, to the first price it tells."""
    folders = iter(range(1_000))
    started: list[subprocess.Popen[bytes]] = []

    def stop_all():
        while started:
            process = started.pop()
            process.terminate()
            process.wait(20)

    def next_folder():
        stop_all()
        return (tmp_path / str(next(folders)),), {}

    def first_tick(folder):
        ours = {"USE_MOCK": "1", "RF_DATA_DIR": str(folder), "RF_LOG_LEVEL": "error"}
        ports = {"RF_BUS_PORT": "0", "RF_HTTP_PORT": "0"}
        command = [sys.executable, "-m", "rf_daemon"]
        process = subprocess.Popen(command, cwd=tmp_path, env=os.environ | ours | ports)
        started.append(process)
        while not has_price(folder):
            if process.poll() is not None:
                pytest.fail(f"the daemon ended with {process.returncode}")
            time.sleep(0.005)

    try:
        benchmark.pedantic(first_tick, setup=next_folder, rounds=3, warmup_rounds=1)
    finally:
        stop_all()
    tell(baseline="test_bare_python")


def has_price(folder) -> bool:
    try:
        status = ask(folder, "status", {}, 5.0)
    except RfError:
        return False
    return any(row["bid"] for row in status["instruments"])
