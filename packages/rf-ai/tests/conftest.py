"""A model that says what it is told to, behind the same door as a real one."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from types import SimpleNamespace

import pytest

from rf_ai import AiConfig, CallStore, Dexter
from rf_ai.models.port import Completion
from rf_ai.models.routing import Tier
from rf_common.clock import DeterministicClock
from rf_testkit.builders import START
from rf_testkit.stages import graph_stage, quant_stage, swarm_stage

ANSWER = {
    "symbol": "sim:AAA",
    "direction": "LONG",
    "confidence": 0.72,
    "entry_price": 100.0,
    "stop_loss": 99.6,
    "take_profit": 100.7,
    "position_size_pct": 0.03,
    "time_horizon": "INTRADAY",
    "thesis": "Momentum is 1.00 [F12] and RSI(14) 58.0 [F2].",
    "key_risks": ["volatility 20.00 % [F4] above its average 18.00 % [F5]"],
    "catalyst": None,
    "valuation": None,
    "recommendation": "BUY",
}


class ScriptedModel:
    """Answers with an object, bytes, or an error; keeps the prompts it was shown."""

    def __init__(self, answer=None, *, name="claude-test", provider="anthropic"):
        self.answer = dict(ANSWER) if answer is None else answer
        self.model = SimpleNamespace(provider=provider, name=name)
        self.prompts = []
        self.hold = None
        self.asked = asyncio.Event()

    async def estimate_usd(self, prompt, *, schema):
        self.prompts.append(prompt)
        return 1_912, Decimal("0.0108")

    async def ask(self, prompt, *, schema, call_id, symbol):
        self.prompts.append(prompt)
        self.asked.set()
        if self.hold is not None:
            await self.hold.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        made = self.answer(prompt) if callable(self.answer) else self.answer
        content = made if isinstance(made, bytes) else json.dumps(made).encode()
        return Completion(
            answer=content,
            model=self.model.name,
            input_tokens=1_912,
            output_tokens=340,
            cached_tokens=800,
            cost_usd=Decimal("0.0108"),
            took_ms=1_900,
            stop_reason="end_turn",
            request_id="req",
        )


@pytest.fixture
def clock():
    return DeterministicClock(START)


@pytest.fixture
def store(tmp_path):
    return CallStore(tmp_path / "calls.sqlite")


@pytest.fixture
def scripted():
    return ScriptedModel()


@pytest.fixture
def stages():
    return quant_stage(), swarm_stage(), graph_stage()


@pytest.fixture
def dexter_of(clock, store):
    """Make an analyst around one model, or none."""

    def make(model=None, **options):
        models = {} if model is None else {Tier.CHEAP: model, Tier.STRONG: model}
        return Dexter(AiConfig(horizon_s=3_600.0), models, clock=clock, store=store, **options)

    return make
