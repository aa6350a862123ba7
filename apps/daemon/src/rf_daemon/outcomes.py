"""Which orders and refusals a cycle's verdict led to, read from the engine's outputs."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from rf_common.clock import UnixNanos
from rf_common.ids import InstrumentId, StrategyId
from rf_common.intelligence import GateDecided
from rf_common.orders import Output, Refusal, SignalRaised, SubmitOrder
from rf_dashboard.wire import OutcomeView
from rf_engine.minds import HYBRID

REMEMBERED = 200
"""Cycles whose outcome is still added to."""

_CYCLE = re.compile(r"\bin cycle ([\w-]+):")


class Outcomes:
    """Adds orders and refusals to the cycle that their reason names."""

    def __init__(self) -> None:
        self._told: dict[str, OutcomeView] = {}

    def on_outputs(self, outputs: Iterable[Output], now: UnixNanos) -> tuple[OutcomeView, ...]:
        """Return the outcomes that changed with these outputs of one step."""
        changed: dict[str, OutcomeView] = {}
        cycles: dict[tuple[StrategyId, InstrumentId], str] = {}
        for output in outputs:
            if isinstance(output, SignalRaised):
                signal = output.signal
                cycles[signal.strategy_id, signal.instrument_id] = _cycle_of(signal.reason)
            elif isinstance(output, GateDecided):
                cycles[HYBRID, output.instrument_id] = output.cycle_id
            elif isinstance(output, SubmitOrder):
                request = output.request
                view = self._of(
                    _cycle_of(request.reason), request.strategy_id, request.instrument_id
                )
                if view is not None:
                    orders = (*view.orders, request.client_order_id)
                    view = msgspec.structs.replace(view, ts_event=now, orders=orders)
                    changed[view.cycle_id] = self._told[view.cycle_id] = view
            elif isinstance(output, Refusal):
                cycle = cycles.get((output.strategy_id, output.instrument_id), "")
                view = self._of(cycle, output.strategy_id, output.instrument_id)
                if view is not None:
                    refusals = (*view.refusals, f"{output.rule}: {output.reason}")
                    view = msgspec.structs.replace(view, ts_event=now, refusals=refusals)
                    changed[view.cycle_id] = self._told[view.cycle_id] = view
        return tuple(changed.values())

    def _of(
        self, cycle_id: str, strategy_id: StrategyId, instrument_id: InstrumentId
    ) -> OutcomeView | None:
        if not cycle_id:
            return None
        found = self._told.get(cycle_id)
        if found is None:
            found = OutcomeView(cycle_id, instrument_id, UnixNanos(0), strategy_id, (), ())
            self._told[cycle_id] = found
            while len(self._told) > REMEMBERED:
                del self._told[next(iter(self._told))]
        return found


def _cycle_of(reason: str) -> str:
    found = _CYCLE.search(reason)
    return found.group(1) if found else ""
