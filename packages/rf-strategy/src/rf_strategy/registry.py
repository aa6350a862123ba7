"""Strategies that run: looked up by instrument, switched and swapped while the engine runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from rf_common.ids import InstrumentId, StrategyId
from rf_common.ports import Strategy

Factory = Callable[[StrategyId, Mapping[str, Any]], Strategy]

OFF_IN_SETTINGS = "switched off in the settings"
"""Why a strategy is off that nobody has switched off."""


class StrategySpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One configured strategy: its name, the factory's name and the factory's parameters."""

    id: StrategyId
    factory: str
    enabled: bool = True
    parameters: dict[str, Any] = {}  # msgspec copies the default


class StrategyRegistry:
    """Strategies by id and by the instruments they want to hear of.

    Parameters
    ----------
    factories : mapping
        Factories by name, for swaps.
    specs : iterable of StrategySpec
        What to build at the start, in order.
    """

    def __init__(self, factories: Mapping[str, Factory], specs: Iterable[StrategySpec]) -> None:
        self._factories = dict(factories)
        self._strategies: dict[StrategyId, Strategy] = {}
        self._disabled: dict[StrategyId, str] = {}
        self._by_instrument: dict[InstrumentId, tuple[Strategy, ...]] = {}
        for spec in specs:
            if spec.id in self._strategies:
                raise ValueError(f"strategy id {spec.id!r} is given twice; ids must be unique")
            self.put(spec.id, spec.factory, spec.parameters)
            if not spec.enabled:
                self.set_enabled(spec.id, enabled=False, reason=OFF_IN_SETTINGS)

    def put(self, strategy_id: StrategyId, factory: str, parameters: Mapping[str, Any]) -> None:
        """Add a strategy, or replace the one of that id; ValueError when it cannot be built."""
        build = self._factories.get(factory)
        if build is None:
            known = ", ".join(sorted(self._factories)) or "none"
            raise ValueError(f"no strategy factory is called {factory!r}; known: {known}")
        self._strategies[strategy_id] = build(strategy_id, parameters)
        self._by_instrument.clear()

    def set_enabled(self, strategy_id: StrategyId, *, enabled: bool, reason: str) -> None:
        """Switch a strategy on or off; KeyError when it is not known."""
        if strategy_id not in self._strategies:
            raise KeyError(strategy_id)
        if enabled:
            self._disabled.pop(strategy_id, None)
        else:
            self._disabled[strategy_id] = reason
        self._by_instrument.clear()

    def subscribers(self, instrument_id: InstrumentId) -> tuple[Strategy, ...]:
        """Return the enabled strategies that want this instrument, in order of registration."""
        found = self._by_instrument.get(instrument_id)
        if found is None:
            found = self._by_instrument[instrument_id] = tuple(
                strategy
                for key, strategy in self._strategies.items()
                if key not in self._disabled
                and (not strategy.instruments or instrument_id in strategy.instruments)
            )
        return found

    def get(self, strategy_id: StrategyId) -> Strategy | None:
        """Return a strategy, or None when it is not known."""
        return self._strategies.get(strategy_id)

    def why_disabled(self, strategy_id: StrategyId) -> str | None:
        """Return why a strategy is off, None when it is on."""
        return self._disabled.get(strategy_id)

    @property
    def disabled(self) -> dict[StrategyId, str]:
        """Strategies that are off, and why."""
        return dict(self._disabled)

    def __iter__(self) -> Iterator[StrategyId]:
        return iter(self._strategies)
