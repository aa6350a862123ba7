"""Budget, breaker and rate in front of a real client, against the fake provider."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
import pytest_asyncio

from rf_ai.budget import Budget
from rf_ai.config import AiConfig
from rf_ai.errors import (
    BudgetExhausted,
    CallRefused,
    ModelAnswerInvalid,
    ModelError,
    ModelOverloaded,
    ModelTimeout,
)
from rf_ai.models import Tier
from rf_ai.models.build import build_metered
from rf_common.clock import DeterministicClock, UnixNanos, from_iso
from rf_common.secret import Secret
from rf_testkit.anthropic import ACTS
from rf_testkit.anthropic.acts import answer, error

NOON = from_iso("2026-11-25T12:00:00-05:00")
KEYS = {"anthropic": Secret("sk-ant-canary-7f3a9b2c4d5e6f70")}


class Desk:
    """A metered model, its budget and its clock."""

    def __init__(self, fake, path, **changes):
        self.config = AiConfig(
            base_url=fake.url, **{"max_attempts": 1, "bucket_capacity": 50.0} | changes
        )
        self.clock = DeterministicClock(NOON)
        self.budget = Budget(path, self.config)
        self.models = build_metered(self.config, KEYS, self.budget, clock=self.clock)
        self.number = 0

    async def ask(self, prompt, schema, symbol="AAPL", tier=Tier.CHEAP):
        self.number += 1
        return await self.models[tier].ask(
            prompt, schema=schema, call_id=f"call-{self.number}", symbol=symbol
        )

    @property
    def report(self):
        return self.budget.report(self.clock.now())

    async def aclose(self):
        for metered in self.models.values():
            await metered.model.aclose()


@pytest_asyncio.fixture
async def desks(fake, tmp_path):
    made = []

    def make(**changes):
        made.append(Desk(fake, tmp_path / "budget.db", **changes))
        return made[-1]

    yield make
    for desk in made:
        await desk.aclose()


@pytest.mark.asyncio
async def test_a_call_is_counted_reserved_and_settled_at_its_cost(desks, fake, prompt, schema):
    desk = desks()

    got = await desk.ask(prompt, schema)

    assert [asked.path for asked in fake.requests] == [
        "/v1/messages/count_tokens",
        "/v1/messages",
    ]
    assert desk.report.day_usd == got.cost_usd > 0
    assert (desk.report.calls_day, desk.report.open_usd) == (1, 0)
    share = desk.report.by_model[0]
    assert (share.name, share.input_tokens) == ("claude-haiku-5-5", got.input_tokens)


@pytest.mark.asyncio
async def test_the_strong_model_is_another_one_with_its_own_price(desks, fake, prompt, schema):
    desk = desks()

    cheap = await desk.ask(prompt, schema, "AAPL")
    strong = await desk.ask(prompt, schema, "TSLA", Tier.STRONG)

    assert (cheap.model, strong.model) == ("claude-haiku-5-5", "claude-sonnet-5-5")
    assert strong.cost_usd > cheap.cost_usd


@pytest.mark.asyncio
async def test_the_cache_share_is_reported(desks, prompt, schema):
    desk = desks()
    await desk.ask(prompt, schema)
    assert desk.report.cache_hit == 0.0

    second = await desk.ask(prompt, schema)

    expected = second.cached_tokens / (2 * second.input_tokens)
    assert desk.report.cache_hit == pytest.approx(expected)


@pytest.mark.asyncio
async def test_when_the_worst_case_does_not_fit_nothing_is_asked(desks, fake, prompt, schema):
    desk = desks(cap_day_usd=Decimal("0.002"))

    with pytest.raises(BudgetExhausted) as caught:
        await desk.ask(prompt, schema)

    assert caught.value.exit_code == 12
    assert fake.asked() == []
    assert desk.report.calls_day == 0


@pytest.mark.asyncio
async def test_when_nothing_is_left_not_even_tokens_are_counted(desks, fake, prompt, schema):
    desk = desks(cap_day_usd=Decimal(0))

    with pytest.raises(BudgetExhausted):
        await desk.ask(prompt, schema)

    assert fake.requests == []


@pytest.mark.asyncio
async def test_the_cap_holds_under_eight_parallel_callers_and_over_a_restart(desks, prompt, schema):
    cap = Decimal("0.02")
    desk = desks(cap_day_usd=cap)
    worst = []

    async def call(number):
        try:
            got = await desk.ask(prompt, schema, f"S{number}")
        except BudgetExhausted:
            return Decimal(0)
        worst.append(desk.report.day_usd)
        return got.cost_usd

    spent = Decimal(0)
    for start in range(0, 48, 8):
        spent += sum(await asyncio.gather(*(call(start + n) for n in range(8))))

    assert max(worst) <= cap
    assert desk.report.day_usd == spent
    again = desks(cap_day_usd=cap)
    assert again.report.day_usd == spent


@pytest.mark.asyncio
async def test_calls_per_hour_are_limited_per_symbol(desks, fake, prompt, schema):
    desk = desks(calls_per_hour_per_symbol=2)
    await desk.ask(prompt, schema)
    await desk.ask(prompt, schema)

    with pytest.raises(BudgetExhausted) as caught:
        await desk.ask(prompt, schema)

    assert caught.value.cap == "hour"
    await desk.ask(prompt, schema, "TSLA")
    assert len(fake.asked()) == 3


@pytest.mark.asyncio
async def test_a_refusal_before_any_work_costs_nothing_and_is_no_call(desks, fake, prompt, schema):
    desk = desks()
    fake.then(ACTS["overloaded"])

    with pytest.raises(ModelOverloaded):
        await desk.ask(prompt, schema)

    assert (desk.report.day_usd, desk.report.calls_day) == (0, 0)


@pytest.mark.asyncio
async def test_repeated_attempts_are_one_call(desks, fake, prompt, schema):
    desk = desks(max_attempts=3)
    fake.then(error(529, "overloaded_error", retry_after_ms="5"), answer({"a": 1}))

    got = await desk.ask(prompt, schema)

    assert got.attempts == 2
    assert desk.report.calls_day == 1
    assert desk.report.day_usd == got.cost_usd


@pytest.mark.asyncio
async def test_an_invalid_answer_costs_what_it_cost(desks, fake, prompt, schema):
    desk = desks()
    fake.then(ACTS["malformed"])

    with pytest.raises(ModelAnswerInvalid) as caught:
        await desk.ask(prompt, schema)

    assert desk.report.day_usd == caught.value.cost_usd > 0


@pytest.mark.asyncio
async def test_a_call_that_broke_in_the_middle_costs_its_worst_case(desks, fake, prompt, schema):
    desk = desks()
    tokens, worst = await desk.models[Tier.CHEAP].estimate_usd(prompt, schema=schema)
    fake.then(ACTS["cut_midway"])

    with pytest.raises(ModelError):
        await desk.ask(prompt, schema)

    assert tokens > 100
    assert desk.report.day_usd == worst


@pytest.mark.asyncio
async def test_a_cancelled_call_costs_its_worst_case_and_frees_the_symbol(
    desks, fake, prompt, schema
):
    desk = desks()
    _, worst = await desk.models[Tier.CHEAP].estimate_usd(prompt, schema=schema)
    fake.then(ACTS["hanging_midway"])
    call = asyncio.create_task(desk.ask(prompt, schema))
    await fake.arrived()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    assert desk.report.day_usd == worst
    await desk.ask(prompt, schema)


@pytest.mark.asyncio
async def test_one_call_is_in_flight_per_symbol(desks, fake, prompt, schema):
    desk = desks()
    fake.then(ACTS["hanging"])
    call = asyncio.create_task(desk.ask(prompt, schema))
    await fake.arrived()

    with pytest.raises(CallRefused, match="already in flight"):
        await desk.ask(prompt, schema, tier=Tier.STRONG)
    await desk.ask(prompt, schema, "TSLA")

    call.cancel()
    await asyncio.gather(call, return_exceptions=True)


@pytest.mark.asyncio
async def test_counting_and_answering_share_one_deadline(desks, fake, prompt, schema):
    desk = desks(deadline_s=0.4)
    fake.then_count(ACTS["hanging"])

    with pytest.raises(ModelTimeout):
        await asyncio.wait_for(desk.ask(prompt, schema), 3.0)

    assert fake.asked() == []
    assert desk.report.calls_day == 0


@pytest.mark.asyncio
async def test_five_failures_stop_the_calls_for_thirty_seconds(desks, fake, prompt, schema):
    desk = desks()
    fake.then(*[ACTS["server_error"]] * 5)
    for number in range(5):
        with pytest.raises(ModelError):
            await desk.ask(prompt, schema, f"S{number}")

    with pytest.raises(CallRefused, match="no call for another 30 s"):
        await desk.ask(prompt, schema)
    assert len(fake.asked()) == 5

    desk.clock.set(UnixNanos(NOON + 30 * 10**9))
    await desk.ask(prompt, schema)
    await desk.ask(prompt, schema)
    assert len(fake.asked()) == 7


@pytest.mark.asyncio
async def test_a_model_that_declines_is_no_failure_of_the_provider(desks, fake, prompt, schema):
    desk = desks()
    fake.then(*[ACTS["refusal"]] * 6)
    for number in range(6):
        with pytest.raises(ModelError):
            await desk.ask(prompt, schema, f"S{number}")

    await desk.ask(prompt, schema)


@pytest.mark.asyncio
async def test_calls_come_no_faster_than_the_bucket(desks, fake, prompt, schema):
    desk = desks(bucket_capacity=2.0, bucket_per_s=0.5)
    await desk.ask(prompt, schema, "A")
    await desk.ask(prompt, schema, "B")

    with pytest.raises(CallRefused, match="may be made in 2 s"):
        await desk.ask(prompt, schema, "C")

    desk.clock.set(UnixNanos(NOON + 2 * 10**9))
    await desk.ask(prompt, schema, "C")


@pytest.mark.asyncio
async def test_the_estimate_is_never_below_the_cost(desks, prompt, schema):
    desk = desks()

    _, worst = await desk.models[Tier.STRONG].estimate_usd(prompt, schema=schema)
    got = await desk.ask(prompt, schema, tier=Tier.STRONG)

    assert got.cost_usd <= worst
