"""One small market that several files look at."""

from __future__ import annotations

import pytest

from rf_swarm_sim.market import SwarmConfig, SwarmRun, simulate


@pytest.fixture(scope="session")
def market_run() -> SwarmRun:
    """A run of 1,000 agents and 300 rounds with its log."""
    return simulate(SwarmConfig(agents=1_000), px=100.0, rounds=300, seed=3, log=True)
