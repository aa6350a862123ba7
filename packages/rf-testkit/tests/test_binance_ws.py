import asyncio
import json

import pytest
from websockets.asyncio.client import connect as ws_connect
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Opcode
from websockets.uri import parse_uri

from rf_testkit import FakeBinance, Settings
from rf_testkit.binance.connection import InboundMeter

EASY = Settings(max_messages_per_s=1_000)
ALL = "btcusdt@depth@100ms/btcusdt@bookTicker/btcusdt@trade"


def connect(fake, path):
    # No bound on what waits to be read: a full queue would hold up the closing handshake.
    return ws_connect(fake.ws_url + path, compression=None, max_queue=None)


async def receive(ws, count):
    async with asyncio.timeout(10):
        return [json.loads(await ws.recv()) for _ in range(count)]


async def request(ws, method, params=None, identity=1):
    body = {"method": method, "id": identity} | ({} if params is None else {"params": params})
    await ws.send(json.dumps(body))
    return (await receive(ws, 1))[0]


async def test_combined_streams_get_every_frame_wrapped_in_order(tape):
    async with FakeBinance(tape) as fake, connect(fake, f"/stream?streams={ALL}") as ws:
        await fake.play(100)
        played = [f for f in tape.frames[:100] if f.stream]

        frames = await receive(ws, len(played))

    assert [frame["stream"] for frame in frames] == [f.stream for f in played]
    assert [frame["data"] for frame in frames] == [json.loads(f.data) for f in played]


async def test_raw_streams_get_the_bare_payload_of_their_stream_only(tape):
    async with FakeBinance(tape) as fake, connect(fake, "/ws/btcusdt@trade") as ws:
        await fake.play(200)
        trades = [f for f in tape.frames[:200] if f.kind == "trade"]

        frames = await receive(ws, len(trades))

    assert frames == [json.loads(f.data) for f in trades]


async def test_subscriptions_are_acknowledged_unwrapped_and_take_effect(tape):
    async with FakeBinance(tape, settings=EASY) as fake, connect(fake, "/stream") as ws:
        await fake.play(10)
        ack = await request(ws, "SUBSCRIBE", ["btcusdt@bookTicker"], 7)
        await fake.play(1_000)
        frames = await receive(ws, sum(f.kind == "bookTicker" for f in tape.frames[10:]))
        gone = await request(ws, "UNSUBSCRIBE", ["btcusdt@bookTicker"], "x1")
        listed = await request(ws, "LIST_SUBSCRIPTIONS", None, None)

    assert ack == {"result": None, "id": 7}
    assert {frame["stream"] for frame in frames} == {"btcusdt@bookTicker"}
    assert gone == {"result": None, "id": "x1"}
    assert listed == {"result": [], "id": None}
    assert fake.stats.subscriptions == 1
    assert fake.stats.control_messages == 3


async def test_the_combined_property_wraps_from_then_on(tape):
    async with FakeBinance(tape, settings=EASY) as fake, connect(fake, f"/ws/{ALL}") as ws:
        await fake.play(1)
        ack = await ws_after_data(ws)
        await request(ws, "SET_PROPERTY", ["combined", True], 2)
        await fake.play(1)

        (wrapped,) = await receive(ws, 1)

    assert "stream" not in ack
    assert wrapped["stream"] == tape.frames[1].stream


async def ws_after_data(ws):
    return (await receive(ws, 1))[0]


async def test_errors_carry_code_and_text(tape):
    async with FakeBinance(tape, settings=EASY) as fake, connect(fake, "/ws") as ws:
        await ws.send("not json")
        (bad_json,) = await receive(ws, 1)
        bad_method = await request(ws, "subscribe", ["a@trade"], 3)

    assert bad_json == {"code": 3, "msg": "Invalid JSON: expected value at line 1 column 1"}
    assert (bad_method["code"], bad_method["id"]) == (2, 3)


async def test_microseconds_are_asked_for_in_the_url(tape):
    path = "/stream?streams=btcusdt@trade&timeUnit=MICROSECOND"
    async with FakeBinance(tape) as fake, connect(fake, path) as ws:
        await fake.play(100)
        (frame,) = await receive(ws, 1)

    trade = json.loads(next(f.data for f in tape.frames if f.kind == "trade"))
    assert (frame["data"]["E"], frame["data"]["T"]) == (trade["E"] * 1_000, trade["T"] * 1_000)
    assert frame["data"]["t"] == trade["t"]


@pytest.mark.parametrize("path", ["/", "/socket", "/ws/a@trade?timeUnit=DAYS", "/wss/a@trade"])
async def test_unknown_paths_are_refused(tape, path):
    async with FakeBinance(tape) as fake:
        with pytest.raises(InvalidStatus) as refused:
            await connect(fake, path)

    assert refused.value.response.status_code == 400


async def test_more_than_five_messages_a_second_end_the_connection(tape):
    async with FakeBinance(tape) as fake, connect(fake, "/stream") as ws:
        for _ in range(6):
            await ws.send('{"method":"LIST_SUBSCRIPTIONS","id":1}')
        with pytest.raises(ConnectionClosed) as closed:
            await receive(ws, 7)

    assert closed.value.rcvd.code == 1008
    assert fake.stats.flooded == 1


def test_the_limit_is_per_second_and_slides():
    meter = InboundMeter(5)
    over = []
    for now_s in (0.0, 0.25, 0.5, 0.75, 0.875, 1.0, 1.25, 1.375):
        meter.count(now_s)
        over.append(meter.is_over)

    assert over == [False] * 7 + [True]


async def test_pings_of_the_client_count_too(tape):
    async with FakeBinance(tape) as fake, connect(fake, "/stream") as ws:
        for _ in range(6):
            await ws.ping()
        with pytest.raises(ConnectionClosed):
            await receive(ws, 1)

    assert fake.stats.flooded == 1


class RawClient:
    """A client that answers pings only when the test says so."""

    def __init__(self, url):
        self.uri = parse_uri(url)
        self.protocol = ClientProtocol(self.uri)

    async def open(self):
        self.reader, self.writer = await asyncio.open_connection(self.uri.host, self.uri.port)
        self.protocol.send_request(self.protocol.connect())
        self.writer.writelines(self.protocol.data_to_send())
        await self.events()

    async def events(self):
        """Return the next events, throwing away the pongs that the protocol would send."""
        async with asyncio.timeout(10):
            received = await self.reader.read(65_536)
        if not received:
            return []
        self.protocol.receive_data(received)
        self.protocol.data_to_send()
        return self.protocol.events_received()

    def pong(self, payload):
        self.protocol.send_pong(payload)
        self.writer.writelines(self.protocol.data_to_send())

    async def close(self):
        self.writer.close()
        await self.writer.wait_closed()


@pytest.mark.parametrize("reply", [None, b"something else"])
async def test_a_ping_without_its_own_pong_ends_the_connection(tape, reply):
    settings = Settings(ping_interval_s=0.01, pong_timeout_s=0.05, max_messages_per_s=1_000)
    async with FakeBinance(tape, settings=settings) as fake:
        client = RawClient(f"{fake.ws_url}/ws/btcusdt@trade")
        await client.open()
        pings = 0
        try:
            while events := await client.events():
                pings += sum(event.opcode is Opcode.PING for event in events)
                if reply is not None:
                    client.pong(reply)
        except ConnectionResetError:
            pass
        await client.close()

    assert pings > 0
    assert fake.stats.ping_timeouts == 1


async def test_answered_pings_keep_the_connection(tape):
    settings = Settings(ping_interval_s=0.01, pong_timeout_s=0.05, max_messages_per_s=1_000)
    async with FakeBinance(tape, settings=settings) as fake:
        client = RawClient(f"{fake.ws_url}/ws/btcusdt@trade")
        await client.open()
        answered = 0
        while answered < 20:
            for event in await client.events():
                client.pong(bytes(event.data))
                answered += 1
        assert fake.stats.ping_timeouts == 0
        await client.close()


async def test_connections_end_with_their_life(tape):
    async with FakeBinance(tape, settings=Settings(life_s=0.01)) as fake:
        async with connect(fake, "/stream") as ws:
            with pytest.raises(ConnectionClosed):
                await receive(ws, 1)
        assert fake.stats.expired == 1


async def test_shutdown_is_announced_wrapped_or_bare(tape):
    async with (
        FakeBinance(tape) as fake,
        connect(fake, "/stream?streams=btcusdt@trade") as combined,
        connect(fake, "/ws/btcusdt@trade") as raw,
    ):
        await fake.announce_shutdown()
        (wrapped,) = await receive(combined, 1)
        (bare,) = await receive(raw, 1)

    assert wrapped["stream"] == "!serverShutdown"
    assert wrapped["data"]["e"] == bare["e"] == "serverShutdown"


async def test_a_later_client_gets_only_later_frames(tape):
    async with FakeBinance(tape) as fake:
        await fake.play(50)
        async with connect(fake, f"/stream?streams={ALL}") as ws:
            await fake.play(1)
            (frame,) = await receive(ws, 1)

    assert frame["data"] == json.loads(tape.frames[50].data)


async def test_at_full_pace_one_client_gets_the_whole_tape(two_symbols):
    names = sorted({f.stream for f in two_symbols.frames if f.stream})
    async with FakeBinance(two_symbols, settings=Settings(pace="max")) as fake:
        assert fake.position == 0
        async with connect(fake, f"/stream?streams={'/'.join(names)}") as ws:
            frames = await receive(ws, 598)
            async with asyncio.timeout(10):
                await fake.done.wait()

    assert fake.stats.frames_sent == fake.stats.frames_played == 598
    assert len({f["stream"] for f in frames}) == 6


async def test_a_multiple_of_the_recorded_pace_plays_to_the_end_without_clients(tape):
    async with FakeBinance(tape, settings=Settings(pace=1e6, min_clients=0)) as fake:
        async with asyncio.timeout(10):
            await fake.done.wait()
        with pytest.raises(RuntimeError, match="step"):
            await fake.play(1)


async def test_the_tape_waits_for_as_many_clients_as_asked_for(tape):
    settings = Settings(pace="max", min_clients=2)
    async with (
        FakeBinance(tape, settings=settings) as fake,
        connect(fake, f"/stream?streams={ALL}") as first,
    ):
        await request(first, "LIST_SUBSCRIPTIONS")
        assert fake.position == 0
        async with connect(fake, f"/stream?streams={ALL}") as second:
            assert await receive(first, 50) == await receive(second, 50)


async def test_a_loop_moves_ids_and_times_on(tape):
    async with (
        FakeBinance(tape, settings=Settings(loop=True)) as fake,
        connect(fake, "/ws/btcusdt@depth@100ms") as ws,
    ):
        count = sum(f.kind == "depth" for f in tape.frames)
        await fake.play()
        first = await receive(ws, count)
        before = fake.book("BTCUSDT", 5)
        await fake.play()
        second = await receive(ws, count)
        assert not fake.done.is_set()
        after = fake.book("BTCUSDT", 5)

    assert second[0]["U"] > first[-1]["u"] + 1
    assert second[0]["E"] > first[-1]["E"]
    assert [e["b"] for e in first] == [e["b"] for e in second]
    assert after.lastUpdateId - before.lastUpdateId == second[0]["u"] - first[0]["u"]


async def test_a_client_that_does_not_read_is_dropped_and_the_others_go_on(tape):
    settings = Settings(pace="max", stuck_s=0.05, loop=True)
    url = f"/stream?streams={ALL}"
    async with FakeBinance(tape, settings=settings) as fake, connect(fake, url) as reader:
        sleeper = await ws_connect(fake.ws_url + url, compression=None)
        sleeper.transport.pause_reading()
        async with asyncio.timeout(10):
            async for _ in reader:
                if fake.stats.stuck:
                    break
        sleeper.transport.abort()
        await sleeper.wait_closed()

    assert fake.stats.stuck == 1
