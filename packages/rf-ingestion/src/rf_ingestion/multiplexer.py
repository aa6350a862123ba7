"""Several feeds, one stream."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence

import msgspec

from rf_common.clock import Clock
from rf_common.enums import FeedState
from rf_common.errors import VenueError
from rf_common.events import FeedStatus, Payload
from rf_common.ports import MarketDataSource
from rf_ingestion.gaps import TradeGaps

_log = logging.getLogger(__name__)
_MAX_BATCHES = 1_024


class _Ended(msgspec.Struct, frozen=True):
    """A source is gone."""

    source: str
    reason: str


class Multiplexer:
    """Merge the batches of several sources.

    The batches of one source keep their order; between sources they come as they arrive. All
    wait in one bounded queue, and a full queue blocks the sources: nothing is dropped here.

    Parameters
    ----------
    sources : sequence of MarketDataSource
        Feeds with different names.
    clock : Clock
        Time of the facts told here.
    max_batches : int, optional
        Bound of the queue.

    Attributes
    ----------
    trade_gaps : TradeGaps
        Prints that were lost on the way.
    """

    def __init__(
        self,
        sources: Sequence[MarketDataSource],
        clock: Clock,
        *,
        max_batches: int = _MAX_BATCHES,
    ) -> None:
        names = [source.name for source in sources]
        if len(set(names)) != len(names):
            raise ValueError(f"sources {names}: expected each name once")
        if max_batches < 1:
            raise ValueError(f"max_batches = {max_batches}: expected a number above 0")
        self.trade_gaps = TradeGaps()
        self._sources = tuple(sources)
        self._clock = clock
        self._max_batches = max_batches
        self._ended: dict[str, str] = {}

    async def stream(self) -> AsyncGenerator[Sequence[Payload], None]:
        """Yield batches until cancelled; close it (`contextlib.aclosing`) to stop the sources.

        A source that fails or ends is told as a `FeedStatus` DOWN with the reason, after its
        last batch; the others go on.

        Raises
        ------
        VenueError
            When no source is left, or there was none: silence is never the answer.
        """
        queue: asyncio.Queue[Sequence[Payload] | _Ended] = asyncio.Queue(self._max_batches)
        # Not a TaskGroup: a generator may be closed from another task than the one that began it.
        pumps = [asyncio.create_task(_pump(source, queue)) for source in self._sources]
        self._ended.clear()
        try:
            while len(self._ended) < len(pumps):
                batch = await queue.get()
                yield self._told(batch) if isinstance(batch, _Ended) else self._watched(batch)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        reasons = "; ".join(f"{name}: {reason}" for name, reason in self._ended.items())
        raise VenueError(f"no market data source is left ({reasons or 'none was given'})")

    def health(self) -> list[tuple[str, bool]]:
        """Return for each source whether it is live."""
        return [
            (
                source.name,
                source.name not in self._ended and source.status().state is FeedState.LIVE,
            )
            for source in self._sources
        ]

    def _told(self, ended: _Ended) -> Sequence[Payload]:
        self._ended[ended.source] = ended.reason
        return (FeedStatus(ended.source, self._clock.now(), FeedState.DOWN, ended.reason),)

    def _watched(self, batch: Sequence[Payload]) -> Sequence[Payload]:
        for alert in self.trade_gaps.observe(batch):
            _log.warning(
                "%s: trades %d to %d never arrived",
                alert.instrument_id,
                alert.first_missing,
                alert.last_missing,
            )
        return batch


async def _pump(source: MarketDataSource, queue: asyncio.Queue[Sequence[Payload] | _Ended]) -> None:
    """Carry the batches of `source` to the queue, and at last that it ended."""
    reason = "the stream ended"
    try:
        await _carry(source, queue)
        _log.warning("source %s: %s", source.name, reason)
    except Exception as error:  # the task's top: it becomes a fact downstream
        reason = f"{type(error).__name__}: {error}"
        _log.exception("source %s failed", source.name)
    await queue.put(_Ended(source.name, reason))


async def _carry(
    source: MarketDataSource, queue: asyncio.Queue[Sequence[Payload] | _Ended]
) -> None:
    stream = source.stream()
    try:
        async for batch in stream:
            await queue.put(batch)
    finally:
        close = getattr(stream, "aclose", None)  # a port may be any iterator, most are generators
        if close is not None:
            await close()
