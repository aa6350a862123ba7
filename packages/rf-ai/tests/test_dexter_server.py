"""Dexter through the real SDK: whatever the provider does, an opinion or a named state."""

import asyncio
import json
import re
from decimal import Decimal

import msgspec
import pytest

from rf_ai import AiConfig, CallStore, Dexter, NewsItem
from rf_ai.budget import Budget
from rf_ai.models.build import build_metered
from rf_common.clock import DeterministicClock
from rf_common.intelligence import Direction
from rf_common.secret import Redactor, Secret
from rf_testkit.anthropic import ACTS, FakeAnthropic
from rf_testkit.anthropic.acts import answer
from rf_testkit.builders import START
from rf_testkit.stages import graph_stage, quant_stage, swarm_stage

KEY = Secret("sk-ant-canary-7f3a9b2c4d5e6f70")
STAGES = (quant_stage(), swarm_stage(), graph_stage())
NEWS = NewsItem(news_id="1", ts_event=START, source="wire", headline="Supplier raises guidance")
FAILING = [name for name in ACTS if name != "analyst"]


@pytest.fixture
async def fake():
    async with FakeAnthropic() as server:
        yield server


@pytest.fixture
async def claude(fake, tmp_path):
    """Make a Dexter with Claude at the fake provider; connections are closed afterwards."""
    opened = []

    def make(**changes):
        config = AiConfig(
            base_url=fake.url, horizon_s=3_600.0, deadline_s=1.0, max_attempts=1, **changes
        )
        clock = DeterministicClock(START)
        budget = Budget(tmp_path / "budget.sqlite", config)
        models = build_metered(config, {"anthropic": KEY}, budget, clock=clock)
        opened.extend(models.values())
        store = CallStore(tmp_path / "calls.sqlite")
        made = Dexter(config, models, clock=clock, store=store, redactor=Redactor([KEY]))
        return made, store, budget

    yield make
    for metered in opened:
        await metered.model.aclose()


@pytest.mark.parametrize("news", [(), (NEWS,)])
async def test_the_fake_analyst_s_answer_stands_and_is_paid_for(fake, claude, news):
    dexter, store, budget = claude()
    made = await dexter.analyse(*STAGES, news)
    assert made.unavailable == ""
    assert (made.analyst, made.direction) == ("anthropic", Direction.LONG)
    assert made.figures_checked > 0
    assert made.cited
    assert budget.report(START).day_usd == made.cost_usd > 0
    assert store.get(made.call_id).record.signal == made


@pytest.mark.parametrize("name", FAILING)
async def test_every_failure_is_a_named_state_and_never_an_opinion(fake, claude, name):
    fake.then(ACTS[name])
    dexter, store, _ = claude()
    made = await dexter.analyse(*STAGES)
    assert made.unavailable.startswith("RF-A-") or "not sim:AAA" in made.unavailable
    assert made.direction is Direction.NEUTRAL
    assert (made.confidence, made.entry_px, made.position_size_pct) == (0.0, 0.0, 0.0)
    assert store.get(made.call_id).record.signal == made
    assert KEY.reveal() not in msgspec.json.encode(made).decode()


async def test_the_answer_that_a_headline_asks_for_is_void(fake, claude):
    short = {
        "symbol": "sim:AAA", "direction": "SHORT", "confidence": 1.0, "entry_price": 100.0,
        "stop_loss": 100.4, "take_profit": 99.4, "position_size_pct": 0.1,
        "time_horizon": "INTRADAY", "thesis": "RSI(14) is 58.0 [F2].", "key_risks": [],
        "catalyst": None, "valuation": None, "recommendation": "SELL",
    }  # fmt: skip
    fake.then(answer(short))
    made = await claude()[0].analyse(*STAGES, [NEWS])
    assert "outside text was in the prompt" in made.unavailable


async def test_eight_at_once_make_one_call_per_symbol_and_keep_the_cap(fake, claude):
    dexter, store, budget = claude()
    cycles = [
        tuple(msgspec.structs.replace(stage, instrument_id=f"sim:S{n % 4}") for stage in STAGES)
        for n in range(8)
    ]
    made = await asyncio.gather(*(dexter.analyse(*cycle) for cycle in cycles))
    assert sum("already running" in signal.unavailable for signal in made) == 4
    assert sum(not signal.unavailable for signal in made) == 4
    assert len(store.latest()) == 4
    assert budget.report(START).day_usd <= budget.report(START).caps.day_usd


async def test_the_instructions_are_read_from_the_cache_the_second_time(fake, claude):
    dexter, _, budget = claude()
    first = await dexter.analyse(*STAGES)
    other = tuple(msgspec.structs.replace(stage, instrument_id="sim:BBB") for stage in STAGES)
    second = await dexter.analyse(*other)
    assert first.cached_tokens == 0 < second.cached_tokens
    assert second.cost_usd < first.cost_usd
    assert budget.report(START).cache_hit > 0


async def test_a_budget_that_is_used_up_brings_the_rules_and_no_request(fake, claude):
    dexter, _, budget = claude()
    budget.set_caps(now=START, day_usd=Decimal("0.000001"))
    made = await dexter.analyse(*STAGES)
    assert (made.analyst, made.unavailable) == ("rules", "")
    assert "AI budget for today is used up" in made.model
    assert not [r for r in fake.requests if r.path.endswith("/messages")]


async def test_the_key_and_the_accounts_are_not_in_what_was_sent(fake, claude):
    await claude()[0].analyse(*STAGES, [NEWS])
    sent = json.dumps([msgspec.to_builtins(request.body) for request in fake.requests])
    assert KEY.reveal() not in sent
    assert not re.search(r"\b(?:account_id|SIM-1|cash|equity|realised)\b", sent)
