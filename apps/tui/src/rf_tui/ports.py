"""What the application is given: the line to the daemon, and what the command line says."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from rf_dashboard import DashboardState
from rf_tui.dialogs.offline import LineState
from rf_tui.outcome import Outcome


class Daemon(Protocol):
    """The line to the daemon, as the application uses it."""

    @property
    def state(self) -> DashboardState:
        """What the daemon told."""
        ...

    @property
    def line(self) -> LineState:
        """How the line is at this moment."""
        ...

    @property
    def changed(self) -> asyncio.Event:
        """Set when there may be something new to paint."""
        ...

    async def ask(self, verb: str, args: Mapping[str, Any]) -> Outcome:
        """Ask one verb; an answer that does not come is an outcome too."""
        ...

    def retry(self) -> None:
        """Try to connect at once."""
        ...


class Options(NamedTuple):
    """What the command line says.

    Parameters
    ----------
    data_dir : Path
        The daemon's folder: exports and the kill file go there.
    is_local : bool
        Whether the daemon is on this machine.
    ascii_only : bool
        Whether only ASCII is drawn.
    screen : int
        The screen to begin with.
    """

    data_dir: Path
    is_local: bool = True
    ascii_only: bool = False
    screen: int = 1
