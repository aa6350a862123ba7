"""The one JSON object that a run prints at its end."""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

from rf_common import money
from rf_daemon.status import positions
from rf_engine import Engine

_KILOBYTES = 1 if sys.platform == "darwin" else 1_024


def summary(engine: Engine, *, frames: int, events: int, seconds: float) -> dict[str, Any]:
    """Return counts, account and hashes of a finished run.

    Parameters
    ----------
    frames, events : int
        Frames read and payloads they gave; 0 where there were no frames.
    seconds : float
        How long it took, real time.
    """
    state = engine.state
    equity = state.account.equity(state.current_marks())
    held = [row for row in positions(engine) if row["quantity"] != "0"]
    return {
        "schema": "rf.run/1",
        "frames": frames,
        "events": events,
        "seconds": round(seconds, 4),
        "frames_per_second": round(frames / seconds) if seconds > 0 else None,
        "book_checks": sum(m.book_checks for m in state.markets.values()),
        "book_mismatches": sum(m.book_mismatches for m in state.markets.values()),
        "gaps": state.gaps,
        "signals": state.signals,
        "orders": state.next_order - 1,
        "fills": state.fills,
        "refusals": dict(sorted(state.risk.refusals.items())),
        "equity": money.to_text(equity),
        "cash": money.to_text(state.account.cash),
        "positions": held,
        "state": str(state.system_state),
        "market_hash": state.market_hash(),
        "state_hash": state.state_hash(),
        "peak_rss_mb": round(
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KILOBYTES / 1e6, 1
        ),
    }


def tell(told: dict[str, Any]) -> None:
    """Print it on stdout."""
    print(json.dumps(told, allow_nan=False), flush=True)
