"""Stages of one cycle of the hybrid pipeline that agree with each other, for tests.

Each builder returns a whole, available stage; a test changes what it is about.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from rf_common.clock import UnixNanos
from rf_common.ids import InstrumentId
from rf_common.intelligence import (
    AnalystSignal,
    ContextRow,
    Conviction,
    Direction,
    GraphContext,
    GraphImpact,
    Horizon,
    QuantSnapshot,
    Recommendation,
    RowKind,
    SwarmSignal,
)
from rf_testkit.builders import START

CYCLE = "c1"
NAME = InstrumentId("sim:AAA")


def quant_stage(**changes: Any) -> QuantSnapshot:
    """Return a snapshot of an instrument at 100 that rises calmly."""
    made = QuantSnapshot(
        CYCLE, NAME, UnixNanos(START), "", "timer", 500, 100.0, 58.0, 0.02, 0.20, 0.18, 0.19,
        2.3, 99.8, 0.35, 0.004, 0.012, 1.0,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def swarm_stage(**changes: Any) -> SwarmSignal:
    """Return a swarm that is long with high conviction and no herd."""
    made = SwarmSignal(
        CYCLE, NAME, UnixNanos(START), "", Direction.LONG, Conviction.HIGH, 0.70, 0.55, 0.15, 0.30,
        0.02, 0.62, 1_200.0, "Trending", 100.0, 0.2, 0.41, 0.37, 0.22, 0.014, 0.38, 0.41, 0.21,
        None, 0, 5_000, 64, 60, 42, True,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def graph_stage(**changes: Any) -> GraphContext:
    """Return what a graph knows: one fact, one impact."""
    row = ContextRow("G1", RowKind.GRAPH, "AAA supplies BBB", "seed", UnixNanos(START))
    made = GraphContext(
        CYCLE, NAME, UnixNanos(START), "", "AAA", "Triple A", 4, (row,),
        (GraphImpact("BBB", "Triple B", 0.04, 0.9, "AAA -> BBB"),), "AAA supplies BBB.",
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def analyst_stage(**changes: Any) -> AnalystSignal:
    """Return an analyst that is long with a stop 2 % below and a target 4 % above."""
    rows = (ContextRow("F1", RowKind.FEATURE, "rsi14 = 58.0", "engine", UnixNanos(START)),)
    made = AnalystSignal(
        CYCLE, NAME, UnixNanos(START), "", "rules", "rules-1", Direction.LONG, 0.72, 100.0, 98.0,
        104.0, 0.05, Horizon.INTRADAY, "RSI is 58.0 [F1].", ("a reversal",), "",
        Recommendation.BUY, rows, ("F1",), (), 1, 0, 0, 0, Decimal(0), "k1",
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def stages(**changes: Any) -> tuple[QuantSnapshot, SwarmSignal, GraphContext, AnalystSignal]:
    """Return the four stages of one cycle; `changes` go to all of them."""
    return (
        quant_stage(**changes),
        swarm_stage(**changes),
        graph_stage(**changes),
        analyst_stage(**changes),
    )
