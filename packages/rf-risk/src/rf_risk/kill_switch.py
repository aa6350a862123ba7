"""The kill switch as the engine sees it: latched, counted, undone only with its phrase."""

from __future__ import annotations

import msgspec

from rf_common.clock import UnixNanos
from rf_common.enums import Mode


class KillState(msgspec.Struct, frozen=True, array_like=True):
    """Whether the switch is thrown, by whom and why; `number` counts kills for ever."""

    engaged: bool = False
    number: int = 0
    reason: str = ""
    actor: str = ""
    ts: UnixNanos = UnixNanos(0)

    def engage(self, reason: str, actor: str, ts: UnixNanos) -> KillState:
        """Return the thrown switch; throwing it twice changes nothing."""
        if self.engaged:
            return self
        return KillState(True, self.number + 1, reason, actor, ts)

    def release(self) -> KillState:
        """Return the switch armed again, its number kept."""
        return KillState(False, self.number)

    def phrase(self, mode: Mode) -> str:
        """Return what a person must type to resume.

        Examples
        --------
        >>> KillState().engage("test", "me", 1).phrase(Mode.PAPER)
        'resume PAPER 1'
        """
        return f"resume {mode} {self.number}"
