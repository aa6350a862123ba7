"""Volatility models fitted in the worker process while the market moves on.

The worker is asked on a timer and answers with parameters that enter the corridor as an event,
so that a replay uses the same ones. Nobody waits for it: when it dies, the volatility stays on
its last parameters, that is told, and the next round starts another one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from rf_common.clock import Clock
from rf_common.events import Payload, VolatilityFitted
from rf_common.ids import InstrumentId
from rf_daemon.worker import Worker, WorkerDied
from rf_engine import Engine

_LOG = logging.getLogger(__name__)

Job = tuple[InstrumentId, tuple[float, ...]]
Fitted = tuple[InstrumentId, str, float, float, float, float, float, int]


class Refits:
    """Asks a worker process for new volatility parameters of every instrument.

    Parameters
    ----------
    engine : Engine
        Read only.
    clock : Clock
        Stamps the answers.
    put : callable
        Brings payloads into the corridor.
    worker : Worker
        Fits.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        put: Callable[[Sequence[Payload]], Awaitable[None]],
        worker: Worker,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._put = put
        self._worker = worker

    async def run(self) -> None:
        """Go round until cancelled."""
        every_s = self._engine.core.config.measures.fit_every_s
        while every_s:
            await asyncio.sleep(every_s)
            await self._round()

    async def _round(self) -> None:
        jobs = self._jobs()
        if not jobs:
            return
        try:
            told = await self._worker.call(fit_all, jobs)
        except WorkerDied:
            _LOG.warning("volatilities were not fitted in this round; they keep their parameters")
            return
        now = self._clock.now()
        fitted = [
            VolatilityFitted(name, now, model, omega, alpha, beta, gamma, loglik, samples)
            for name, model, omega, alpha, beta, gamma, loglik, samples in told
        ]
        if fitted:
            await self._put(fitted)
        if len(fitted) < len(jobs):
            _LOG.info(f"volatility: {len(jobs) - len(fitted)} of {len(jobs)} fits did not converge")

    def _jobs(self) -> list[Job]:
        least = self._engine.core.config.measures.fit_min_samples
        return [
            (name, tuple(garch.returns))
            for name, garch in self._engine.core.garch.items()
            if len(garch.returns) >= least
        ]


def fit_all(jobs: Sequence[Job]) -> list[Fitted]:
    """Fit a GARCH(1,1) to each series; those that did not converge are left out."""
    import numpy as np

    from rf_risk.volatility import fit_garch

    fitted: list[Fitted] = []
    for name, returns in jobs:
        try:
            fit = fit_garch(np.asarray(returns), model="garch", mean="zero")
        except ValueError as error:  # a price that did not move has no volatility model
            _LOG.debug("%s: %s", name, error)
            continue
        if fit.converged and fit.persistence < 1.0:
            p = fit.params
            told = (p["omega"], p["alpha"], p["beta"], 0.0, float(fit.loglik), len(returns))
            fitted.append((name, "GARCH(1,1)", *told))
    return fitted
