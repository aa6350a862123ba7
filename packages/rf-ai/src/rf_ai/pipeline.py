"""The hybrid cycle: quant, swarm, graph, analyst, one after the other, each an event.

Nothing here computes: `Thinkers` does, wherever it runs, and a stage that fails or takes too long
is told as unavailable with its reason. What follows from the answers is the engine's business.
Cycles run one at a time; a request for an instrument that already waits is answered with that.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol, TypeVar

from rf_common.clock import Clock, UnixNanos
from rf_common.errors import RfError
from rf_common.ids import InstrumentId
from rf_common.intelligence import (
    AnalystSignal,
    Conviction,
    Direction,
    GraphContext,
    Horizon,
    QuantSnapshot,
    Recommendation,
    StageAnswer,
    SwarmSignal,
)
from rf_knowledge_graph.context import unavailable as no_graph

_LOG = logging.getLogger(__name__)

T = TypeVar("T", bound=StageAnswer)
Put = Callable[[Sequence[StageAnswer]], Awaitable[None]]


class Thinkers(Protocol):
    """Who computes the stages; any of them may raise `RfError` or take too long."""

    async def quant(
        self, instrument_id: InstrumentId, cycle_id: str, trigger: str
    ) -> QuantSnapshot:
        """Measure the instrument now."""
        ...

    async def swarm(self, quant: QuantSnapshot) -> SwarmSignal:
        """Simulate its market."""
        ...

    async def graph(self, quant: QuantSnapshot) -> GraphContext:
        """Look up what is known about it."""
        ...

    async def analyst(
        self, quant: QuantSnapshot, swarm: SwarmSignal, graph: GraphContext
    ) -> AnalystSignal:
        """Ask the analyst."""
        ...


class Cycle:
    """One run, asked for or due; `answers` fills while it goes on, `done` tells its end."""

    def __init__(self, instrument_id: InstrumentId, trigger: str, *, only_swarm: bool) -> None:
        self.instrument_id = instrument_id
        self.trigger = trigger
        self.only_swarm = only_swarm
        self.cycle_id = ""
        self.answers: list[StageAnswer] = []
        self.purpose = (instrument_id, only_swarm)
        self.done: concurrent.futures.Future[None] = concurrent.futures.Future()


class Pipeline:
    """Runs cycles one at a time and brings every answer into the corridor.

    Parameters
    ----------
    thinkers : Thinkers
        Compute the stages.
    put : callable
        Brings answers into the corridor.
    clock : Clock
        Stamps what has no stamp of its own.
    deadlines_s : mapping
        Seconds that ``quant``, ``swarm``, ``graph`` and ``analyst`` may take.
    """

    def __init__(
        self, thinkers: Thinkers, put: Put, clock: Clock, *, deadlines_s: Mapping[str, float]
    ) -> None:
        self._thinkers = thinkers
        self._put = put
        self._clock = clock
        self._deadlines_s = deadlines_s
        self._waiting: deque[Cycle] = deque()
        self._wake = asyncio.Event()
        self._count = 0
        self.running: Cycle | None = None
        self.begun = 0
        self.ended = 0

    def ask(self, instrument_id: InstrumentId, trigger: str, *, only_swarm: bool = False) -> Cycle:
        """Have a cycle run soon; one that waits or runs for the same purpose is returned again."""
        for present in (*self._waiting, self.running):
            if present is not None and present.purpose == (instrument_id, only_swarm):
                return present
        cycle = Cycle(instrument_id, trigger, only_swarm=only_swarm)
        self._waiting.append(cycle)
        self._wake.set()
        return cycle

    @property
    def busy_with(self) -> tuple[InstrumentId, ...]:
        """Instruments with a cycle that runs or waits."""
        cycles = ([self.running] if self.running else []) + list(self._waiting)
        return tuple(dict.fromkeys(cycle.instrument_id for cycle in cycles))

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            while self._waiting:
                self.running = self._waiting.popleft()
                self.begun += 1
                try:
                    await self._cycle(self.running)
                finally:
                    self.running.done.set_result(None)
                    self.running = None
                    self.ended += 1
            self._wake.clear()
            await self._wake.wait()

    async def _cycle(self, cycle: Cycle) -> None:
        self._count += 1
        cycle.cycle_id = f"{self._clock.now() // 1_000_000_000:x}-{self._count}"
        name, cycle_id, thinkers = cycle.instrument_id, cycle.cycle_id, self._thinkers
        now = self._clock.now
        quant = await self._stage(
            "quant",
            lambda: thinkers.quant(name, cycle_id, cycle.trigger),
            lambda why: no_quant(name, cycle_id, cycle.trigger, now(), why),
        )
        await self._tell(cycle, quant)
        swarm = await self._stage(
            "swarm",
            lambda: thinkers.swarm(quant),
            lambda why: no_swarm(name, cycle_id, now(), why),
            after=quant,
        )
        await self._tell(cycle, swarm)
        if cycle.only_swarm:
            return
        graph = await self._stage(
            "graph",
            lambda: thinkers.graph(quant),
            lambda why: no_graph(name, cycle_id, now(), why),
        )
        await self._tell(cycle, graph)
        analyst = await self._stage(
            "analyst",
            lambda: thinkers.analyst(quant, swarm, graph),
            lambda why: no_analyst(name, cycle_id, now(), why),
            after=quant,
        )
        await self._tell(cycle, analyst)

    async def _tell(self, cycle: Cycle, answer: StageAnswer) -> None:
        cycle.answers.append(answer)
        await self._put([answer])

    async def _stage(
        self,
        name: str,
        work: Callable[[], Awaitable[T]],
        otherwise: Callable[[str], T],
        *,
        after: StageAnswer | None = None,
    ) -> T:
        """Return a stage's answer, or the one that says why there is none."""
        if after is not None and after.unavailable:
            return otherwise(f"the stage before it is unavailable: {after.unavailable}")
        limit = self._deadlines_s[name]
        try:
            async with asyncio.timeout(limit):
                return await work()
        except TimeoutError:
            return otherwise(f"no answer within {limit:g} s")
        except RfError as error:
            return otherwise(error.message)
        except Exception as error:  # the top of a stage: the cycle goes on, without its opinion
            _LOG.exception("stage %s failed", name)
            return otherwise(f"{type(error).__name__}: {error}"[:300])


def no_quant(
    instrument_id: InstrumentId, cycle_id: str, trigger: str, now: int, why: str
) -> QuantSnapshot:
    """Return a snapshot without measures."""
    nothing = (None,) * 12
    return QuantSnapshot(cycle_id, instrument_id, UnixNanos(now), why, trigger, 0, *nothing)


def no_swarm(instrument_id: InstrumentId, cycle_id: str, now: int, why: str) -> SwarmSignal:
    """Return a swarm without an opinion."""
    about = (cycle_id, instrument_id, UnixNanos(now), why)
    sides = (Direction.NEUTRAL, Conviction.LOW)
    return SwarmSignal(
        *about, *sides, *(0.0,) * 7, "", *(0.0,) * 9, None, 0, 0, 0, 0, 0, synthetic=True
    )


def no_analyst(instrument_id: InstrumentId, cycle_id: str, now: int, why: str) -> AnalystSignal:
    """Return an analyst without an opinion."""
    return AnalystSignal(
        cycle_id=cycle_id,
        instrument_id=instrument_id,
        ts_event=UnixNanos(now),
        unavailable=why,
        analyst="",
        model="",
        direction=Direction.NEUTRAL,
        confidence=0.0,
        entry_px=0.0,
        stop_px=0.0,
        take_profit_px=0.0,
        position_size_pct=0.0,
        time_horizon=Horizon.INTRADAY,
        thesis="",
        key_risks=(),
        catalyst="",
        recommendation=Recommendation.HOLD,
        rows=(),
        cited=(),
        unsupported=(),
        figures_checked=0,
        input_tokens=0,
        output_tokens=0,
        cached_tokens=0,
        cost_usd=Decimal(0),
        call_id="",
    )
