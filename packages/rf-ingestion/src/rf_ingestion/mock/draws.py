"""Seeded draws, made in blocks: one scalar draw from numpy costs as much as a quote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import TypeVar

import numpy as np

T = TypeVar("T")
_BLOCK = 1_024


def hash_of(name: str) -> int:
    """Return 128 bits that depend on `name` only, the same on every machine."""
    return int.from_bytes(sha256(name.encode()).digest()[:16], "big")


def generators(seed: int, name: str, count: int) -> list[np.random.Generator]:
    """Return `count` independent generators for `name`; other names do not change them."""
    roots = np.random.SeedSequence([seed, hash_of(name)]).spawn(count)
    return [np.random.Generator(np.random.PCG64(root)) for root in roots]


def ahead(draw: Callable[[int], list[T]]) -> Iterator[T]:
    """Yield draws for ever; `draw` makes a block of the size it is given."""
    while True:
        yield from draw(_BLOCK)


def sizes(rng: np.random.Generator, median: float, sigma: float) -> Iterator[int]:
    """Yield log-normal whole numbers around `median`, from 1 to twenty times the median."""

    def draw(count: int) -> list[int]:
        lots = median * np.exp(sigma * rng.standard_normal(count))
        whole: list[int] = np.clip(lots, 1.0, max(1.0, 20.0 * median)).astype(np.int64).tolist()
        return whole

    return ahead(draw)


class Spells:
    """Spells that come and go at random, counted in steps.

    The pause before a spell is half of its mean plus an exponential of the same mean, so that
    two spells never touch and the first does not fall on the start.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where pauses and lengths come from.
    mean_pause : float
        Mean steps between two spells; 0 for no spell ever.
    shortest, longest : float
        Bounds of a spell's length, steps, drawn evenly.
    """

    def __init__(
        self, rng: np.random.Generator, mean_pause: float, shortest: float, longest: float
    ) -> None:
        self._rng = rng
        self._mean_pause = mean_pause
        self._bounds = shortest, longest
        self._enabled = mean_pause > 0 and longest > 0
        self._left = self._pause() if self._enabled else 0
        self.active = False

    def step(self) -> bool:
        """Go on by one step; return whether a spell begins with it."""
        if not self._enabled:
            return False
        self._left -= 1
        if self._left >= 0:
            return False
        self.active = not self.active
        steps = self._rng.uniform(*self._bounds) if self.active else self._pause()
        self._left = max(0, round(steps) - 1)
        return self.active

    def _pause(self) -> int:
        half = self._mean_pause / 2
        return round(half + half * self._rng.standard_exponential())
