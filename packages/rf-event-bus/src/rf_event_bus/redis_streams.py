"""The same frames in a Redis Stream, for readers on other machines: the extra ``[redis]``.

`StreamSink` is given to `BusServer.add_sink`: it only keeps what is told and returns at once; a
task of its own writes. While Redis is down the oldest frames go, counted, and a reader sees the
hole in the numbers. `StreamReader` gives what `BusClient` gives, without snapshots, and goes on
from any entry that is still there.

Encryption, passwords and deadlines of the connection are settings of the Redis client, which
the caller makes; it must not decode responses, and need not retry: that is done here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from rf_common.errors import RfError
from rf_event_bus.errors import BUS_OTHER_SCHEMA, Undecodable
from rf_event_bus.messages import Event, Lost, Ticks
from rf_event_bus.told import Disconnected, Item, items
from rf_event_bus.wire import Wire
from rf_net.backoff import ReconnectPolicy

if TYPE_CHECKING:
    from redis.asyncio import Redis

_BATCH = 256
_SCHEMA_LETTERS = 16


class _Entry(NamedTuple):
    first: int
    last: int
    topic: str
    payload: bytes


class StreamSink:
    """Writes every frame of a `BusServer` to a stream.

    Parameters
    ----------
    wire : Wire
        Whose schema the entries name.
    redis : redis.asyncio.Redis
        The connection.
    stream : str
        Key of the stream.
    session : str
        Session of the daemon: numbers begin again with each.
    policy : ReconnectPolicy
        Delays after a failure.
    max_entries : int
        About how many entries the stream keeps.
    waiting : int
        How many frames may wait for Redis.
    write_s : float
        Deadline for writing a batch, seconds.
    """

    def __init__(
        self,
        wire: Wire,
        redis: Redis,
        stream: str,
        *,
        session: str,
        policy: ReconnectPolicy,
        max_entries: int = 100_000,
        waiting: int = 16_384,
        write_s: float = 5.0,
    ) -> None:
        self.dropped = 0
        """Frames that went because Redis did not take them in time."""
        self.written = 0
        self.failures = 0
        self._redis = redis
        self._stream = stream
        self._marks = {"schema": wire.schema[:_SCHEMA_LETTERS], "session": session}
        self._policy = policy
        self._max_entries = max_entries
        self._waiting: deque[_Entry] = deque()
        self._limit = waiting
        self._write_s = write_s
        self._wake = asyncio.Event()

    def offer(self, first: int, last: int, topic: str, payload: bytes) -> None:
        """Keep one frame for writing; the oldest goes when too many wait."""
        if len(self._waiting) >= self._limit:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(_Entry(first, last, topic, payload))
        self._wake.set()

    async def run(self) -> None:
        """Write until cancelled; while Redis is down, try again."""
        from redis.exceptions import RedisError

        while True:
            await self._wake.wait()
            batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            if not batch:
                self._wake.clear()
                continue
            try:
                await self._write(batch)
            except (RedisError, OSError, TimeoutError):
                self.failures += 1
                self._put_back(batch)
                await asyncio.sleep(self._policy.next_delay_s())
            else:
                self.written += len(batch)
                self._policy.succeeded()

    async def _write(self, batch: list[_Entry]) -> None:
        async with asyncio.timeout(self._write_s), self._redis.pipeline(transaction=False) as pipe:
            for entry in batch:
                numbers = {"first": entry.first, "last": entry.last, "topic": entry.topic}
                fields: Any = {**self._marks, **numbers, "frame": entry.payload}
                pipe.xadd(self._stream, fields, maxlen=self._max_entries, approximate=True)
            await pipe.execute()

    def _put_back(self, batch: list[_Entry]) -> None:
        room = max(self._limit - len(self._waiting), 0)
        kept = batch[len(batch) - min(room, len(batch)) :]
        self.dropped += len(batch) - len(kept)
        self._waiting.extendleft(reversed(kept))


class StreamReader:
    """Reads what a `StreamSink` wrote.

    Parameters
    ----------
    wire : Wire
        Events of the app; entries of another schema are not read.
    redis : redis.asyncio.Redis
        The connection; its deadline for an answer must be longer than `block_s`.
    stream : str
        Key of the stream.
    topics : collection of str
        What to hear.
    policy : ReconnectPolicy
        Delays after a failure, which never end.
    start : str
        Id of the entry after which to begin, such as `last_id` of an earlier reader; ``$`` for
        what is written from now on, ``0`` for all that is kept.
    expand_ticks : bool
        Give packed quotes and trades one by one (`Told`) or as columns (`ToldTicks`).
    block_s : float
        How long one request waits for news, seconds.
    """

    def __init__(
        self,
        wire: Wire,
        redis: Redis,
        stream: str,
        *,
        topics: Collection[str],
        policy: ReconnectPolicy,
        start: str = "$",
        expand_ticks: bool = True,
        block_s: float = 1.0,
    ) -> None:
        self.last_id = start
        """Id of the newest entry that was read."""
        self._wire = wire
        self._redis = redis
        self._stream = stream
        self._topics = frozenset(topic.encode() for topic in topics)
        self._policy = policy
        self._expand_ticks = expand_ticks
        self._block_ms = round(block_s * 1000)
        self._session = b""
        self._head = 0

    async def session(self) -> AsyncGenerator[Item, None]:
        """Yield what is told, for ever.

        A hole in the numbers is a `Lost` of all topics; while Redis is down, each failed
        attempt is a `Disconnected`.
        """
        from redis.exceptions import RedisError

        while True:
            try:
                entries = await self._entries()
            except (RedisError, OSError, TimeoutError) as error:
                yield Disconnected(f"Redis: {error}"[:200])
                await asyncio.sleep(self._policy.next_delay_s())
                continue
            self._policy.succeeded()
            for name, fields in entries:
                for item in self._told(fields):
                    yield item
                self.last_id = name.decode()

    async def _entries(self) -> list[tuple[bytes, Mapping[bytes, bytes]]]:
        if self.last_id == "$":
            newest: Any = await self._redis.xrevrange(self._stream, count=1)
            self.last_id = newest[0][0].decode() if newest else "0"
        found: Any = await self._redis.xread(
            {self._stream: self.last_id}, count=_BATCH, block=self._block_ms
        )
        if isinstance(found, dict):  # protocol 3 of Redis
            return [entry for batches in found.values() for batch in batches for entry in batch]
        return [entry for _, batch in found for entry in batch]

    def _told(self, fields: Mapping[bytes, bytes]) -> list[Item]:
        try:
            schema = fields[b"schema"].decode("ascii", "replace")
            if schema != self._wire.schema[:_SCHEMA_LETTERS]:
                return [Disconnected(f"schema = {schema}…: not ours", BUS_OTHER_SCHEMA)]
            first, last = int(fields[b"first"]), int(fields[b"last"])
            frame = self._wire.decode_server(fields[b"frame"])
            if not isinstance(frame, Event | Ticks | Lost):
                raise Undecodable(f"expected an event, was {type(frame).__name__}")
            told = items(frame, expand_ticks=self._expand_ticks)
            return self._in_order(fields[b"session"], first, last, fields[b"topic"], told)
        except (KeyError, ValueError) as error:
            return [Disconnected(f"expected an entry of the bus: {error!r}"[:200])]
        except RfError as error:
            return [Disconnected(error.message, error.code)]

    def _in_order(
        self, session: bytes, first: int, last: int, topic: bytes, told: list[Item]
    ) -> list[Item]:
        """Return what is told, after a `Lost` if there is a hole, and nothing twice."""
        if session != self._session:
            self._session, self._head = session, first - 1
        if last <= self._head:
            return []  # a batch that was written again because its answer did not come
        hole: list[Item] = []
        if first > self._head + 1:
            hole = [Lost(self._head + 1, first - 1, "")]
        self._head = last
        return hole + told if topic in self._topics else hole
