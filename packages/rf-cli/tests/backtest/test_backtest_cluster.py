"""``--scheduler``: the workers of a Dask cluster give the table that one process gives."""

from __future__ import annotations

import importlib
import importlib.util
import socket
import time

import pytest

from rf_cli.backtest import pool
from rf_cli.exits import Exit
from rf_common.errors import RfError

distributed = pytest.importorskip("distributed", reason="the extra cluster is not installed")

SWEEP = ("backtest", "sweep", "--data", "acme.csv", "--grid", "period=8:20:3")
WALK = ("backtest", "walk", "--data", "acme.csv", "--grid", "period=8:20:6", "--folds", "2")


def cluster(workers):
    """A cluster on this machine; its page has a free port, 8787 may be another one's."""
    return distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
    )


@pytest.fixture(scope="module")
def scheduler():
    """Address of a scheduler with two workers."""
    with cluster(2) as held:
        yield held.scheduler_address


@pytest.fixture
def lonely():
    """Address of a scheduler without workers."""
    with cluster(0) as held:
        yield held.scheduler_address


@pytest.fixture
def closed():
    """Address of a port on which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"tcp://127.0.0.1:{held.getsockname()[1]}"


def test_a_cluster_of_two_workers_gives_the_table_of_one_process(rf, bars, scheduler):
    one = rf("--json", *SWEEP, "momentum", "--jobs", "1").json["data"]
    many = rf("--json", *SWEEP, "momentum", "--scheduler", scheduler)
    assert many.code == Exit.OK, many.err
    assert many.json["data"]["table_hash"] == one["table_hash"]
    assert many.json["data"]["trials"] == 5


def test_both_workers_of_a_cluster_work(scheduler):
    with pool.executor(1, scheduler) as executor, pool.interruptible() as stop:
        assert pool.slots(executor, 7) == 2
        found = list(pool.finished(executor, _worker, range(12), ahead=4, stop=stop))
    assert len(found) == 12
    assert len(set(found)) == 2


def _worker(number):
    time.sleep(0.02)  # long enough that the other one takes the next task
    return distributed.get_worker().address


def test_an_error_on_a_worker_is_told_as_it_is_here(scheduler):
    with pool.executor(1, scheduler) as executor:
        future = executor.submit(_refuses, 3, why="tuples")
        with pytest.raises(RfError, match="3 tuples") as caught:
            future.result(timeout=20)
    assert caught.value.code == "RF-D-001"


def _refuses(number, *, why):
    from rf_common.errors import DataError

    raise DataError(f"{number} {why}")


def test_a_worker_with_other_code_is_refused(scheduler):
    with pool.executor(1, scheduler) as executor:
        pool.same_code(executor, str.upper, "sma", "SMA")
        with pytest.raises(
            RfError, match=r"worker tcp://127\.0\.0\.1:\d+ has other code"
        ) as caught:
            pool.same_code(executor, str.upper, "sma", "sma")
    assert caught.value.code == "RF-B-012"


def test_a_worker_that_does_not_have_the_program_is_told(scheduler):
    with pool.executor(1, scheduler) as executor, pytest.raises(RfError, match="no_such_module"):
        pool.same_code(executor, importlib.import_module, "no_such_module", "")


def test_processes_of_this_machine_are_not_asked_for_their_code():
    with pool.executor(1) as executor:
        pool.same_code(executor, str.upper, "sma", "other")


def test_a_cluster_that_goes_away_is_told():
    with cluster(1) as held, pytest.raises(RfError, match="lost the work") as caught:
        _lose(held)
    assert (caught.value.code, caught.value.detail) == ("RF-B-011", "what was finished is kept")


def _lose(held):
    with pool.executor(1, held.scheduler_address) as executor:
        future = executor.submit(time.sleep, 1)
        held.close()
        future.result(timeout=20)


def test_a_walk_on_a_cluster_gives_the_returns_of_one_process(rf, bars, scheduler):
    one = rf("--json", *WALK, "momentum", "--jobs", "1").json["data"]
    many = rf("--json", *WALK, "momentum", "--scheduler", scheduler).json["data"]
    assert many["returns_hash"] == one["returns_hash"]


def test_optuna_on_a_cluster_gives_the_table_of_one_process(rf, bars, scheduler):
    pytest.importorskip("optuna", reason="the extra sweep is not installed")
    words = (*SWEEP, "momentum", "--optuna", "4")
    one = rf("--json", *words, "--jobs", "1").json["data"]
    many = rf("--json", *words, "--scheduler", scheduler).json["data"]
    assert many["table_hash"] == one["table_hash"]


def test_a_scheduler_that_is_not_there_is_told(rf, bars, closed):
    ran = rf(*SWEEP, "momentum", "--scheduler", closed)
    assert (ran.code, "RF-B-011" in ran.err) == (Exit.UNREACHABLE, True)
    assert "dask scheduler" in ran.err


@pytest.mark.parametrize("address", ["nonsense", "tcp://127.0.0.1", "tcp://127.0.0.1:port"])
def test_an_address_that_is_none_is_told(rf, bars, address):
    ran = rf(*SWEEP, "momentum", "--scheduler", address)
    assert (ran.code, "RF-B-011" in ran.err) == (Exit.UNREACHABLE, True)


def test_a_scheduler_without_workers_is_told(rf, bars, lonely, monkeypatch):
    monkeypatch.setattr(pool, "_ANSWER_S", 1)
    ran = rf(*SWEEP, "momentum", "--scheduler", lonely)
    assert (ran.code, "no worker" in ran.err) == (Exit.UNREACHABLE, True)
    assert f"dask worker {lonely}" in ran.err


def test_a_cluster_without_the_package_names_the_extra(rf, bars, closed, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    ran = rf(*SWEEP, "momentum", "--scheduler", closed)
    assert (ran.code, "rf-cli[cluster]" in ran.err) == (Exit.USAGE, True)
