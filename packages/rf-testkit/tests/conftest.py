"""Fixtures: short tapes, an HTTP client, the place of the shared recordings."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from rf_testkit import Tape, merge, parse_lines, synthetic_tape


@pytest.fixture(scope="session")
def tape() -> Tape:
    return merge(parse_lines(synthetic_tape(seed=1, n=600)))


@pytest.fixture(scope="session")
def two_symbols() -> Tape:
    return merge(
        parse_lines(synthetic_tape(seed=1, n=300, symbol="BTCUSDT")),
        parse_lines(synthetic_tape(seed=2, n=300, symbol="ETHUSDT")),
    )


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture(scope="session")
def recordings() -> list[Path]:
    shared = Path(
        os.environ.get("RUSTFORGE_SHARED", Path(__file__).resolve().parents[4] / "shared")
    )
    paths = sorted(shared.glob("data/binance/*.gz"))
    if not paths:
        pytest.skip(f"no recordings in {shared.name}/data/binance")
    return paths
