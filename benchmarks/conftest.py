"""Tapes to measure with: the recordings beside the repository, else a made-up one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rf_testkit import synthetic_tape

RECORDINGS = ("btcusdt_spot_20240808.gz", "ethusdt_spot_20240808.gz")


def shared() -> Path:
    beside = Path(__file__).resolve().parents[2] / "shared"
    return Path(os.environ.get("RUSTFORGE_SHARED", beside)) / "data" / "binance"


@pytest.fixture(scope="session")
def recordings() -> list[Path]:
    """The two real recordings."""
    paths = [shared() / name for name in RECORDINGS]
    if not all(path.exists() for path in paths):
        pytest.skip(
            "the recordings are not here; RUSTFORGE_SHARED names the folder that holds them"
        )
    return paths


@pytest.fixture(scope="session")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first real recording, or a made-up one of 20,000 frames."""
    real = shared() / RECORDINGS[0]
    if real.exists():
        return real
    path = tmp_path_factory.mktemp("tape") / "synthetic.gz"
    synthetic_tape(7, 20_000, path=path)
    return path


@pytest.fixture
def tell(benchmark: Any) -> Callable[..., None]:
    """Add to the result what stands beside its mean: percentiles of the rounds, a baseline."""

    def add(*, baseline: str = "", per_call: int = 1, tail: bool = False, **more: Any) -> None:
        if baseline:
            benchmark.extra_info["baseline"] = baseline
        if per_call != 1:
            benchmark.extra_info["per_call"] = per_call
        if tail and benchmark.stats is not None:
            ordered = sorted(benchmark.stats.stats.data)
            for name, share in (("p50_us", 0.5), ("p99_us", 0.99), ("p99_9_us", 0.999)):
                at = min(int(len(ordered) * share), len(ordered) - 1)
                benchmark.extra_info[name] = round(ordered[at] * 1e6, 1)
        benchmark.extra_info.update(more)

    return add
