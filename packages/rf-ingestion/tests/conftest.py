"""Where the shared samples are."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """Return a finder of shared files that skips where a file is not there."""
    root = os.environ.get("RUSTFORGE_SHARED")
    folder = Path(root) if root else Path(__file__).resolve().parents[4] / "shared"

    def find(name: str) -> Path:
        path = folder / name
        if not path.exists():
            pytest.skip(f"the shared file {name} is not on this machine")
        return path

    return find
