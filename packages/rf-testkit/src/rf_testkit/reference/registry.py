"""The table of adapters: which function answers which kind of case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from rf_testkit.reference.series import Series

MODULES = (
    "vanilla",
    "heston",
    "rates",
    "monte_carlo",
    "volatility",
    "portfolio",
    "signals",
    "desk",
    "backtest",
    "execution",
)
"""Modules of this folder that hold adapters; each names its cases with `answers`."""

VALUE: tuple[str | None, ...] = (None, "limit", "error")
"""Kinds of a case that asks for plain values: no kind at all, a limit, an invalid input."""


@dataclass(frozen=True)
class Case:
    """One case as an adapter sees it."""

    kind: str | None
    inputs: Mapping[str, Any]
    wanted: frozenset[str]
    """Names of the expected fields."""
    folder: Path

    def series(self) -> Series:
        """Return the table that `inputs["data"]` names."""
        return Series.read(self.folder / self.inputs["data"])


Answer = Mapping[str, Any]
Run = Callable[[Case], Answer]


@dataclass(frozen=True)
class Adapter:
    """What one function answers: kinds of case, inputs that must be there."""

    kinds: tuple[str | None, ...]
    needs: frozenset[str]
    wants: frozenset[str]
    run: Run

    def fits(self, case: Case) -> bool:
        """Tell whether the case is of this adapter's kinds and brings what it needs."""
        known = case.kind in self.kinds and self.needs <= case.inputs.keys()
        return known and (case.kind == "error" or self.wants <= case.wanted)


_adapters: list[Adapter] = []


def answers(*kinds: str | None, needs: str = "", wants: str = "") -> Callable[[Run], Run]:
    """Register a function for cases of these kinds.

    `needs` names inputs, `wants` expected fields that tell it from others of the same kind;
    both are words separated by spaces. Of several that fit, the one that needs most answers.
    """

    def register(run: Run) -> Run:
        _adapters.append(Adapter(kinds, frozenset(needs.split()), frozenset(wants.split()), run))
        return run

    return register


def adapter_of(case: Case) -> Adapter | None:
    """Return the most particular adapter that fits, None if none does."""
    for name in MODULES:
        import_module(f"rf_testkit.reference.{name}")
    fitting = [adapter for adapter in _adapters if adapter.fits(case)]
    return max(fitting, key=lambda found: len(found.needs | found.wants), default=None)
