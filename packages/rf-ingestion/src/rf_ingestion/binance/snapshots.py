"""Fetches depth snapshots beside the stream, with pauses and within the venue's request weight."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from rf_common.clock import NANOS_PER_SECOND, monotonic_ns
from rf_common.ids import InstrumentId, symbol_of
from rf_ingestion.config import BinanceConfig
from rf_net.backoff import ReconnectPolicy
from rf_net.errors import NetError, RateLimited
from rf_net.http import HttpClient
from rf_net.ratelimit import RateLimiter

# Binance allows a weight of 6000 a minute and IP; with the burst, ours stays below.
_WEIGHT_PER_SECOND = 50.0
_BURST = 10
_WEIGHTS = ((100, 5), (500, 25), (1000, 50), (5000, 250))
"""Largest number of levels and what a snapshot of so many weighs."""

_QUIET_S = 60.0

_log = logging.getLogger(__name__)


class SnapshotDesk:
    """At most one request an instrument; a failed or useless one makes the next one wait.

    Parameters
    ----------
    config : BinanceConfig
        REST address and levels of a snapshot.
    deliver : callable
        Takes instrument and answer; True when the book is known now. It may `fetch` again.
    failed : callable
        Hears that no answer will come. It may `fetch` again.
    policy : callable
        Returns new delays between the attempts for one instrument.
    sleep : callable
        Waits, seconds.
    """

    def __init__(
        self,
        config: BinanceConfig,
        *,
        deliver: Callable[[InstrumentId, bytes], bool],
        failed: Callable[[InstrumentId], None],
        policy: Callable[[], ReconnectPolicy],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._url = f"{config.rest_url}/api/v3/depth"
        self._levels = str(config.snapshot_levels)
        self._deliver = deliver
        self._failed = failed
        self._policy = policy
        self._sleep = sleep
        self._turns = RateLimiter(_WEIGHT_PER_SECOND / _weight(config.snapshot_levels), _BURST)
        self._retries: dict[InstrumentId, ReconnectPolicy] = {}
        self._start: Callable[[InstrumentId], asyncio.Task[None]]
        self._tasks: dict[InstrumentId, asyncio.Task[None]] = {}
        self._quiet_until_ns = 0

    def open(self, http: HttpClient, group: asyncio.TaskGroup) -> None:
        """Use these from now on."""
        self._start = lambda instrument_id: group.create_task(self._fetch(instrument_id, http))

    def fetch(self, instrument_id: InstrumentId) -> None:
        """Begin to fetch; the answer goes to `deliver`, a failure to `failed`."""
        self._tasks[instrument_id] = self._start(instrument_id)

    def cancel(self) -> None:
        """Give up what is under way: the connection that needed it is gone."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    async def _fetch(self, instrument_id: InstrumentId, http: HttpClient) -> None:
        await self._take_turn(instrument_id)
        params = {"symbol": symbol_of(instrument_id), "limit": self._levels}
        try:
            raw = await http.get_bytes(self._url, params=params)
        except NetError as error:
            _log.warning("no depth snapshot of %s: %s", instrument_id, error.message)
            if isinstance(error, RateLimited):
                self._be_quiet(error.retry_after_s or _QUIET_S)
            self._failed(instrument_id)
            return
        if self._deliver(instrument_id, raw):
            self._retries.pop(instrument_id, None)
        else:
            _log.info("a depth snapshot of %s was too old or unreadable", instrument_id)

    async def _take_turn(self, instrument_id: InstrumentId) -> None:
        """Wait for the pause after a failure, the quiet the venue asked for, and a turn."""
        if instrument_id in self._retries:
            await self._sleep(self._retries[instrument_id].next_delay_s())
        else:
            self._retries[instrument_id] = self._policy()
        quiet_ns = self._quiet_until_ns - monotonic_ns()
        if quiet_ns > 0:
            await self._sleep(quiet_ns / NANOS_PER_SECOND)
        while (delay_ns := self._turns.take(monotonic_ns())) > 0:
            await self._sleep(delay_ns / NANOS_PER_SECOND)

    def _be_quiet(self, seconds: float) -> None:
        until = monotonic_ns() + round(seconds * NANOS_PER_SECOND)
        self._quiet_until_ns = max(self._quiet_until_ns, until)


def _weight(levels: int) -> int:
    return next(weight for most, weight in _WEIGHTS if levels <= most)
