"""The hybrid cycle without the model's call: context, gate, and all stages one after the other."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from rf_ai import build_context, rules_signal, work
from rf_ai.config import AiConfig
from rf_common.instruments import Instrument
from rf_common.intelligence import VolatilityTold
from rf_risk import AnalystGateConfig, Cycle, Portfolio, judge
from rf_testkit.builders import START
from rf_testkit.stages import analyst_stage, graph_stage, quant_stage, swarm_stage

NAME = "sim:NVDA"
STEPS_PER_YEAR = 252 * 6.5 * 3_600 * 2
NONCE = "0123456789abcdef"


def history() -> tuple[float, ...]:
    """Return 600 sampled prices."""
    moves = np.random.default_rng(7).normal(0.0, 5e-5, 600)
    return tuple((180.0 * np.exp(np.cumsum(moves))).tolist())


def test_context(benchmark) -> None:
    quant, swarm, graph = quant_stage(), swarm_stage(), graph_stage()
    benchmark(build_context, quant, swarm, graph, nonce=NONCE)


def test_gate(benchmark) -> None:
    cycle = Cycle(quant_stage(), swarm_stage(), graph_stage(), analyst_stage())
    lot = Instrument(instrument_id="sim:AAA", tick=Decimal("0.01"), lot=Decimal(1))
    held = Portfolio(START, lot, Decimal(100_000), 0.01, Decimal(0), Decimal(100))
    judged = benchmark(judge, cycle, held, AnalystGateConfig())
    assert judged.quantity > 0


@pytest.mark.parametrize("agents", [5_000, 100_000])
def test_cycle_without_the_model(benchmark, tmp_path: Path, agents: int) -> None:
    config = AiConfig(swarm_agents=agents, swarm_paths=4)
    prices = history()
    numbers = count(1)
    told = VolatilityTold(0.08, 0.90, 2.5e-9, 2.5e-9, STEPS_PER_YEAR)

    def cycle() -> str:
        quant = quant_stage(cycle_id=f"c{next(numbers)}", instrument_id=NAME, px=prices[-1])
        quant = work.with_option_values(quant, told, 30.0)
        swarm = work.swarm(
            quant, prices, config, sample_s=0.5, steps_per_year=STEPS_PER_YEAR, folder=tmp_path
        )
        graph = work.graph(quant, tmp_path)
        context = build_context(quant, swarm, graph, nonce=NONCE)
        return rules_signal(quant, swarm, graph, context=context).thesis

    assert benchmark.pedantic(cycle, rounds=2, warmup_rounds=1)
