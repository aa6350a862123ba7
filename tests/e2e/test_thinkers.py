"""The hybrid cycle in a real daemon: all stages, worker deaths, replay, a model on loopback."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from rf_common.intelligence import (
    AnalystSignal,
    GateDecided,
    GraphContext,
    QuantSnapshot,
    SwarmSignal,
)
from rf_common.orders import SubmitOrder
from rf_persistence import SessionReader, sessions
from rf_testkit.anthropic import FakeAnthropic

pytestmark = pytest.mark.e2e

KEY = "sk-ant-canary-0123456789-secret"
THINKING = {
    "RF_AI__ENABLED": "true",
    "RF_AI__SYMBOLS": "NVDA,AAPL",
    "RF_AI__EVERY_S": "3",
    "RF_AI__HORIZON_S": "1",
    "RF_AI__SWARM_AGENTS": "500",
    "RF_AI__SWARM_PATHS": "8",
}
STAGES = [QuantSnapshot, SwarmSignal, GraphContext, AnalystSignal]


def rows(data: Path, *kinds: type) -> list:
    """Return the recorded facts of some kinds of the newest session, in their order."""
    found = []
    for envelope, outputs in SessionReader(sessions(data / "sim")[-1]).steps():
        found += [fact for fact in (envelope.payload, *outputs) if isinstance(fact, kinds)]
    return found


def children(pid: int) -> list[int]:
    """Return the worker processes of a daemon."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
                words = (folder / "cmdline").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if parent == pid and "spawn_main" in words:
                found.append(int(folder.name))
    return found


def opinion(daemon, analyst: str = "rules") -> AnalystSignal | None:
    """Return the newest opinion that counts."""
    told = [
        row
        for row in rows(daemon.data, AnalystSignal)
        if row.analyst == analyst and not row.unavailable
    ]
    return told[-1] if told else None


def finished(daemon):
    daemon.send(signal.SIGINT)
    assert daemon.wait(30.0) == 0


def test_without_a_key_all_six_stages_run_and_a_replay_decides_the_same(start):
    daemon = start(env=THINKING | {"RF_ENGINE__GATE__MAY_TRADE": "auto"}).ready()
    told = daemon.until(lambda: opinion(daemon), "a whole cycle", 120.0)
    assert told.analyst == "rules"
    decided = daemon.until(
        lambda: daemon.ask("why", "ai_momentum", "NVDA")["instruments"][0]["decisions"], "a verdict"
    )
    assert [line.split(":")[0] for line in decided[0]["chain"]] == [
        "quant", "swarm", "graph", "analyst",
    ]  # fmt: skip
    finished(daemon)

    kinds = [type(row) for row in rows(daemon.data, *STAGES, GateDecided)]
    cycle = [*STAGES, GateDecided]
    assert any(kinds[i : i + 5] == cycle for i in range(len(kinds)))
    for row in rows(daemon.data, AnalystSignal):
        cited = {context_row.row_id for context_row in row.rows}
        assert set(row.cited) <= cited
        assert row.unsupported == ()
    code, out, _ = daemon.rf("replay", "latest")
    assert (code, out.split()[0]) == (0, "EQUAL")


def test_a_killed_worker_costs_an_unavailable_stage_and_never_a_stall(start):
    daemon = start(env=THINKING).ready()
    daemon.until(lambda: opinion(daemon), "a whole cycle", 120.0)
    before = daemon.status()["engine"]["seq"]
    for pid in children(daemon.info["pid"]):
        os.kill(pid, signal.SIGKILL)
    daemon.until(lambda: daemon.status()["engine"]["seq"] > before + 50, "prices", 10.0)
    first = opinion(daemon).cycle_id
    daemon.until(lambda: opinion(daemon).cycle_id != first, "a cycle after the deaths", 60.0)
    finished(daemon)
    assert daemon.rf("replay", "latest")[0] == 0


async def test_with_a_model_dexter_answers_and_the_key_is_nowhere(start):
    async with FakeAnthropic() as server:
        model = {"ANTHROPIC_API_KEY": KEY, "RF_AI__BASE_URL": server.url}
        daemon = start(env=THINKING | model).ready()
        told = await asyncio.to_thread(
            daemon.until, lambda: opinion(daemon, "anthropic"), "a whole cycle", 120.0
        )
        await asyncio.to_thread(finished, daemon)
    assert told.analyst == "anthropic"
    assert told.model.startswith("claude-")
    assert told.figures_checked > 0
    assert server.requests
    opinions = rows(daemon.data, AnalystSignal)
    assert any(row.input_tokens > 0 and row.cost_usd > 0 for row in opinions)
    assert (await asyncio.to_thread(daemon.rf, "replay", "latest"))[0] == 0
    written = [p for p in daemon.folder.rglob("*") if p.is_file() and p.name != ".env"]
    assert not any(KEY.encode() in path.read_bytes() for path in written)
    assert not any(KEY in line for line in (*daemon.out, *daemon.err))


def test_orders_of_a_verdict_carry_their_cycle(start):
    gates = {
        "RF_ENGINE__GATE__MAY_TRADE": "auto",
        "RF_ENGINE__GATE__MIN_ANALYST": "0.01",
        "RF_ENGINE__GATE__MIN_SWARM": "0.01",
    }
    daemon = start(env=THINKING | gates).ready()

    def sent() -> bool:
        return any(
            o.request.strategy_id in {"hybrid", "ai_momentum"}
            for o in rows(daemon.data, SubmitOrder)
        )

    daemon.until(sent, "an order of a verdict", 240.0)
    finished(daemon)
    decided = {row.cycle_id for row in rows(daemon.data, GateDecided)}
    for order in rows(daemon.data, SubmitOrder):
        if order.request.strategy_id == "hybrid":
            assert any(f"in cycle {cycle}:" in order.request.reason for cycle in decided)
