import asyncio

import pytest

from rf_ai.pipeline import Pipeline
from rf_common.clock import DeterministicClock, UnixNanos
from rf_common.errors import RfError
from rf_common.intelligence import AnalystSignal, GraphContext, QuantSnapshot, SwarmSignal
from rf_testkit.builders import START
from rf_testkit.stages import analyst_stage, graph_stage, quant_stage, swarm_stage

LIMITS = {"quant": 0.5, "swarm": 0.5, "graph": 0.5, "analyst": 0.5}
AAA, BBB = "sim:AAA", "sim:BBB"


class Thinkers:
    """Answers at once with stages of the right cycle; `fail` names one that does otherwise."""

    def __init__(self):
        self.fail = {}
        self.asked = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def _do(self, name, make, quant):
        self.asked.append(name)
        await self.gate.wait()
        error = self.fail.get(name)
        if error is not None:
            if error == "hang":
                await asyncio.sleep(60)
            raise error
        cycle = {"cycle_id": quant.cycle_id, "instrument_id": quant.instrument_id}
        return make(**cycle)

    async def quant(self, instrument_id, cycle_id, trigger):
        found = quant_stage(instrument_id=instrument_id, cycle_id=cycle_id, trigger=trigger)
        return await self._do("quant", lambda **_: found, found)

    async def swarm(self, quant):
        return await self._do("swarm", swarm_stage, quant)

    async def graph(self, quant):
        return await self._do("graph", graph_stage, quant)

    async def analyst(self, quant, swarm, graph):
        return await self._do("analyst", analyst_stage, quant)


@pytest.fixture
async def house():
    thinkers, told = Thinkers(), []

    async def put(answers):
        told.extend(answers)

    clock = DeterministicClock(UnixNanos(START))
    pipeline = Pipeline(thinkers, put, clock, deadlines_s=LIMITS)
    task = asyncio.create_task(pipeline.run())
    yield pipeline, thinkers, told
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def finished(cycle):
    await asyncio.wait_for(asyncio.wrap_future(cycle.done), timeout=10)
    return cycle.answers


async def test_a_cycle_tells_its_four_stages_in_order(house):
    pipeline, _, told = house
    answers = await finished(pipeline.ask(AAA, "timer"))
    assert [type(a) for a in answers] == [QuantSnapshot, SwarmSignal, GraphContext, AnalystSignal]
    assert told == answers
    assert len({a.cycle_id for a in answers}) == 1
    assert not any(a.unavailable for a in answers)


async def test_cycles_have_different_ids_and_run_one_at_a_time(house):
    pipeline, thinkers, told = house
    first, second = pipeline.ask(AAA, "timer"), pipeline.ask(BBB, "timer")
    assert pipeline.busy_with == (AAA, BBB)
    await finished(second)
    assert first.cycle_id != second.cycle_id
    assert thinkers.asked == ["quant", "swarm", "graph", "analyst"] * 2
    assert [a.instrument_id for a in told] == [AAA] * 4 + [BBB] * 4


async def test_an_instrument_that_waits_is_not_asked_twice(house):
    pipeline, thinkers, _ = house
    thinkers.gate.clear()
    first = pipeline.ask(AAA, "timer")
    await asyncio.sleep(0)
    assert pipeline.ask(AAA, "asked for") is first
    assert pipeline.ask(AAA, "asked for", only_swarm=True) is not first
    thinkers.gate.set()
    await finished(first)


async def test_only_the_swarm_can_be_asked_for(house):
    pipeline, _, told = house
    await finished(pipeline.ask(AAA, "asked for", only_swarm=True))
    assert [type(a) for a in told] == [QuantSnapshot, SwarmSignal]


@pytest.mark.parametrize("stage", ["quant", "swarm", "graph", "analyst"])
@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RfError("the worker died"), "the worker died"),
        (ValueError("odd"), "ValueError: odd"),
        ("hang", "no answer within 0.5 s"),
    ],
)
async def test_a_stage_that_fails_is_unavailable_with_its_reason(house, stage, error, words):
    pipeline, thinkers, _ = house
    thinkers.fail[stage] = error
    answers = await finished(pipeline.ask(AAA, "timer"))
    failed = answers[["quant", "swarm", "graph", "analyst"].index(stage)]
    assert words in failed.unavailable
    assert len(answers) == 4


async def test_what_follows_an_unavailable_snapshot_is_not_computed(house):
    pipeline, thinkers, _ = house
    thinkers.fail["quant"] = RfError("no price")
    answers = await finished(pipeline.ask(AAA, "timer"))
    assert thinkers.asked == ["quant", "graph"]
    assert answers[1].unavailable == "the stage before it is unavailable: no price"
    assert answers[3].unavailable == "the stage before it is unavailable: no price"


async def test_the_next_cycle_runs_after_one_that_failed(house):
    pipeline, thinkers, _ = house
    thinkers.fail["swarm"] = RfError("died")
    await finished(pipeline.ask(AAA, "timer"))
    thinkers.fail.clear()
    answers = await finished(pipeline.ask(AAA, "timer"))
    assert not any(a.unavailable for a in answers)
    assert (pipeline.begun, pipeline.ended) == (2, 2)
