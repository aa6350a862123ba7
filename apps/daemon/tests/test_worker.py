import asyncio
import math
import os
import time

import pytest

from rf_daemon.worker import Worker, WorkerDied

pid = os.getpid  # the work is in the standard library: a worker imports it by name


@pytest.fixture
def worker():
    made = Worker("test")
    yield made
    made.close()


async def test_work_is_done_in_another_process(worker):
    assert worker.state == "READY"
    assert await worker.call(pid) != os.getpid()


async def test_an_error_of_the_work_is_the_callers(worker):
    with pytest.raises(ValueError, match="math domain"):
        await worker.call(math.sqrt, -1.0)
    assert (worker.state, worker.deaths) == ("READY", 0)


async def test_a_death_is_told_and_the_next_call_starts_another_process(worker):
    first = await worker.call(pid)
    with pytest.raises(WorkerDied):
        await worker.call(os._exit, 3)
    assert (worker.state, worker.deaths) == ("DOWN", 1)
    assert await worker.call(pid) != first
    assert worker.state == "READY"


async def test_a_process_killed_from_outside_costs_one_call(worker):
    victim = await worker.call(pid)
    long = asyncio.create_task(worker.call(time.sleep, 60))
    await asyncio.sleep(0.05)
    os.kill(victim, 9)
    with pytest.raises(WorkerDied):
        await long
    assert await worker.call(pid) != victim


async def test_work_that_takes_too_long_is_ended_with_its_process(worker):
    victim = await worker.call(pid)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await worker.call(time.sleep, 60)
    assert "took too long" in worker.reason
    assert await worker.call(pid) != victim


async def test_calls_behind_one_that_is_ended_hear_of_a_death(worker):
    await worker.call(pid)
    long = asyncio.create_task(worker.call(time.sleep, 60))
    await asyncio.sleep(0.05)
    behind = asyncio.create_task(worker.call(pid))
    await asyncio.sleep(0.05)
    long.cancel()
    with pytest.raises(WorkerDied):
        await behind
