"""Fixtures: a fake provider and a prompt with rows."""

from __future__ import annotations

import pytest
import pytest_asyncio

from rf_ai.models import Prompt
from rf_testkit.anthropic import FakeAnthropic, FakeChat

ROWS = """\
Instrument: sim:AAPL

## Quantitative snapshot
F1 | px = 228.10 | quant | 2026-11-25T14:30:00.000Z
F2 | rsi14 = 71.2, overbought | quant | 2026-11-25T14:30:00.000Z
F12 | momentum = 0.67 | quant | 2026-11-25T14:30:00.000Z

## News
FENCE 0123456789abcdef BEGIN
N1 | Supplier raises guidance by 4 % | wire | 2026-11-25T14:00:00.000Z
FENCE 0123456789abcdef END
"""


@pytest.fixture
def prompt():
    return Prompt(system="Answer with one object. " * 100, context=ROWS, question="Your opinion?")


@pytest.fixture
def schema():
    return {
        "type": "object",
        "properties": {
            "symbol": {"type": "string"},
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
            "entry_price": {"type": "number"},
            "catalyst": {"type": ["string", "null"]},
        },
        "required": ["symbol", "confidence", "entry_price", "catalyst"],
        "additionalProperties": False,
    }


@pytest_asyncio.fixture
async def fake():
    async with FakeAnthropic() as server:
        yield server


@pytest_asyncio.fixture
async def chat():
    async with FakeChat() as server:
        yield server
