"""A refusal on the wire, as the error that both clients raise."""

from __future__ import annotations

from rf_event_bus.errors import BUS_NOT_AUTHENTICATED, BusRefused
from rf_event_bus.messages import Reply, Turned

_NOT_ALLOWED = 4
"""Exit code of whoever is not let in."""


def refusal(frame: Reply | Turned) -> BusRefused:
    """Return the error that the server sent."""
    if isinstance(frame, Turned):
        exit_code = _NOT_ALLOWED if frame.code == BUS_NOT_AUTHENTICATED else None
        return BusRefused(frame.text, code=frame.code, fix=frame.fix, exit_code=exit_code)
    return BusRefused(
        frame.message,
        code=frame.code,
        detail=frame.detail,
        fix=frame.fix,
        exit_code=frame.exit,
    )
