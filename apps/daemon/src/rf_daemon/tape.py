"""A recording through the same corridor: at full speed, or paced as it was recorded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence

from rf_common.clock import NANOS_PER_SECOND, DeterministicClock, UnixNanos, monotonic_ns
from rf_common.events import Payload
from rf_daemon.asking import Asking
from rf_daemon.corridor import Corridor

_BREATH = 512
"""Frames at full speed between two looks at signals and questions."""


class TapeLoop(Asking):
    """Feeds recorded frames; time is what the recording says.

    Parameters
    ----------
    corridor : Corridor
        Where everything goes; its clock must be `clock`.
    clock : DeterministicClock
        Moved to the time of each frame, timer and answer.
    speed : float
        Multiple of the recorded pace; infinite for as fast as possible.
    """

    def __init__(self, corridor: Corridor, clock: DeterministicClock, *, speed: float) -> None:
        super().__init__(corridor)
        self.frames = 0
        self.latencies_ns: list[int] | None = None
        self._clock = clock
        self._speed = speed
        self._stopped = False

    def stop(self) -> None:
        """End after the present frame."""
        self._stopped = True

    async def run(
        self,
        frames: Iterable[tuple[UnixNanos, Sequence[Payload]]],
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """Feed every frame, in order."""
        self._post = asyncio.get_running_loop().call_soon_threadsafe
        started: tuple[int, UnixNanos] | None = None
        is_paced = self._speed != float("inf")
        for ts, payloads in frames:
            if started is None:
                started = monotonic_ns(), ts
                self._clock.set(ts)
                self.corridor.start()
            if is_paced:
                await self._pace(started, ts)
            elif self.frames % _BREATH == 0:
                await asyncio.sleep(0)
            if self._stopped:
                return
            self.frame(ts, payloads)
            if progress is not None and self.frames % _BREATH == 0:
                progress(self.frames)

    def frame(self, ts: UnixNanos, payloads: Sequence[Payload]) -> None:
        """Feed one frame at its time."""
        corridor, clock = self.corridor, self._clock
        due = corridor.next_due
        if due is not None and due <= ts:
            corridor.advance(ts, clock.set)
        if ts > clock.now():  # frames of several recordings may share a nanosecond, or step back
            clock.set(ts)
        begun = time.perf_counter_ns() if self.latencies_ns is not None else 0
        for payload in payloads:
            corridor.feed(payload)
        corridor.settle()
        if self.latencies_ns is not None:
            self.latencies_ns.append(time.perf_counter_ns() - begun)
        self.frames += 1

    def finish(self, span_ns: int = NANOS_PER_SECOND) -> None:
        """Let answers that are still on their way arrive after the last frame."""
        end = UnixNanos(self._clock.now() + span_ns)
        self.corridor.advance(end, self._clock.set)

    async def _pace(self, started: tuple[int, UnixNanos], ts: UnixNanos) -> None:
        begun, first = started
        ahead = (ts - first) / self._speed - (monotonic_ns() - begun)
        if ahead > 0:
            await asyncio.sleep(ahead / NANOS_PER_SECOND)
