"""One market between chunks of rounds: its agents, its book, its memory and its tape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rf_swarm_sim.market._kernels.layout import (
    BLOCK,
    COLUMNS,
    F64,
    I64,
    MEMORY,
    P_PX,
    SIGNALS,
    WORLD,
    Agents,
    Book,
    Log,
)
from rf_swarm_sim.market._kernels.paths import make_agents, make_book, make_log, prepare
from rf_swarm_sim.market._kernels.randoms import derive
from rf_swarm_sim.market._kernels.rounds import run, run_together
from rf_swarm_sim.market.run import ActionLog
from rf_swarm_sim.market.setup import Setup
from rf_swarm_sim.market.threads import threads_of

Progress = Callable[[int, int], None]

CHUNK_STEPS = 5_000_000
LOG_ROWS = 4_000_000
MAX_ROUNDS = 10_000_000


def check_rounds(rounds: int) -> int:
    """Return `rounds` if a run can have so many."""
    if isinstance(rounds, bool) or not isinstance(rounds, int) or not 1 <= rounds <= MAX_ROUNDS:
        raise ValueError(f"expected rounds an int in [1, {MAX_ROUNDS}], was {rounds!r}")
    return rounds


@dataclass(frozen=True, eq=False)
class Market:
    """State of one path; `funds`, `inventory` and `wealth` are those of its start."""

    setup: Setup
    key: np.uint64
    agents: Agents
    book: Book
    mids: F64
    world: F64
    signals: F64
    children: I64
    tape: F64
    funds: int
    inventory: int
    wealth: F64

    @classmethod
    def open(cls, setup: Setup, children: I64, *, key: np.uint64 | None = None) -> Market:
        """Return a market whose makers have quoted once.

        `children` are orders from outside, signed lots, one a round; `key` draws everything,
        that of the setup's seed when left out.
        """
        n, starts = setup.config.agents, setup.starts
        agents = make_agents(n, (n + BLOCK - 1) // BLOCK)
        book = make_book(int(starts[3] - starts[2]), setup.levels)
        mids = np.zeros(MEMORY + children.size + 1)
        world, signals = np.zeros(WORLD), np.zeros(SIGNALS)
        key = np.uint64(derive(np.uint64(setup.seed), 0)) if key is None else key
        prepare(key, starts, setup.parameters, setup.history, mids, world, signals, agents, book)
        account = agents.account
        return cls(
            setup=setup,
            key=key,
            agents=agents,
            book=book,
            mids=mids,
            world=world,
            signals=signals,
            children=children,
            tape=np.zeros((children.size, COLUMNS)),
            funds=int(account["funds"].sum()),
            inventory=int(account["inventory"].sum(dtype=np.int64)),
            wealth=account["funds"] + account["inventory"] * setup.parameters[P_PX],
        )

    def run(self, threads: int, log: bool, progress: Progress | None) -> list[ActionLog] | None:
        """Run all rounds in chunks; between two of them a run can be interrupted."""
        n, total = self.setup.config.agents, self.children.size
        chunk = max((LOG_ROWS if log else CHUNK_STEPS) // n, 1)
        logs: list[ActionLog] = []
        order = np.zeros(n, dtype=np.int32)
        with threads_of(threads) as together:
            step = run_together if together else run
            for begin in range(0, total, chunk):
                end = min(begin + chunk, total)
                columns = make_log((end - begin) * n if log else 0)
                step(
                    begin, end, self.key, BLOCK, int(self.setup.starts[2]), self.setup.parameters,
                    self.children, self.mids, self.world, self.signals, self.agents, self.book,
                    order, columns, self.tape,
                )  # fmt: skip
                if log:
                    logs.append(self._cut(columns))
                if progress is not None:
                    progress(end, total)
        return logs if log else None

    def _cut(self, columns: Log) -> ActionLog:
        """Return the rows of a log that were filled."""
        used = int(columns.used[0])
        agent = columns.agent[:used].copy()
        return ActionLog(
            columns.number[:used].copy(),
            agent,
            self.agents.kind[agent],
            columns.action[:used].copy(),
            columns.tick[:used].copy(),
            columns.size[:used].copy(),
        )
