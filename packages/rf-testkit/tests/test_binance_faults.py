import asyncio
import json

import pytest
from websockets.asyncio.client import connect as ws_connect
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus

from rf_testkit import FakeBinance, Fault, Faults, Settings
from rf_testkit.binance import GARBAGE
from rf_testkit.binance.faults import FaultDeck, Message, garbage_of

STREAMS = "/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker/btcusdt@trade"
DEPTH = "/ws/btcusdt@depth@100ms"


def connect(fake, path):
    return ws_connect(fake.ws_url + path, compression=None, max_queue=None)


async def receive(ws, count):
    async with asyncio.timeout(10):
        return [await ws.recv() for _ in range(count)]


def depth_of(tape):
    return [f.data.decode() for f in tape.frames if f.kind == "depth"]


async def test_a_cut_has_no_close_frame(tape):
    async with FakeBinance(tape) as fake, connect(fake, DEPTH) as ws:
        await fake.cut()
        with pytest.raises(ConnectionClosedError) as closed:
            await receive(ws, 1)

    assert closed.value.rcvd is None
    assert fake.stats.cuts == 1


async def test_a_cut_with_another_code_is_a_proper_close(tape):
    async with FakeBinance(tape) as fake, connect(fake, DEPTH) as ws:
        closing = asyncio.create_task(fake.cut(1001))
        with pytest.raises(ConnectionClosedOK) as closed:
            await receive(ws, 1)
        await closing

    assert closed.value.rcvd.code == 1001


async def test_cut_after_lets_so_many_frames_through(tape):
    async with FakeBinance(tape) as fake, connect(fake, STREAMS) as ws:
        fake.cut_after(5)
        await fake.play(20)

        frames = await receive(ws, 5)
        with pytest.raises(ConnectionClosedError):
            await receive(ws, 1)

    assert len(frames) == 5
    assert fake.stats.frames_sent == 5


async def test_planned_cuts_all_happen_and_the_tape_waits_for_the_client(tape):
    settings = Settings(pace="max", lost_after_cut=3)
    async with FakeBinance(tape, settings=settings, faults=Faults(seed=3, cuts=8)) as fake:
        got = 0
        async for ws in ws_connect(fake.ws_url + STREAMS, compression=None, max_queue=None):
            try:
                while got < 599:
                    await receive(ws, 1)
                    got += 1
                    if fake.done.is_set() and got == fake.stats.frames_sent:
                        break
            except ConnectionClosedError:
                continue
            break

    assert fake.stats.cuts == 8
    assert fake.stats.connections == 9
    assert fake.stats.frames_sent == 599 - 8 * 3


async def test_a_lost_depth_frame_is_a_gap_in_the_ids(tape):
    async with FakeBinance(tape) as fake, connect(fake, DEPTH) as ws:
        fake.arm(Fault.GAP)
        await fake.play()
        frames = await receive(ws, len(depth_of(tape)) - 1)

    assert frames == depth_of(tape)[1:]
    assert fake.stats.gaps == 1


async def test_a_duplicate_is_sent_twice(tape):
    async with FakeBinance(tape) as fake, connect(fake, DEPTH) as ws:
        await fake.play(1)
        index = next(i for i, f in enumerate(tape.frames) if f.kind == "depth")
        fake.arm(Fault.DUPLICATE, after=index - 1)
        await fake.play()
        frames = await receive(ws, len(depth_of(tape)) + 1)

    assert frames == depth_of(tape)[:1] + depth_of(tape)
    assert fake.stats.duplicates == 1


async def test_reordering_swaps_neighbours_of_a_stream(tape):
    index = next(i for i, f in enumerate(tape.frames) if f.kind == "depth")
    async with FakeBinance(tape) as fake, connect(fake, DEPTH) as ws:
        fake.arm(Fault.REORDER, after=index)
        await fake.play()
        first, second, *rest = await receive(ws, len(depth_of(tape)))

    assert [second, first, *rest] == depth_of(tape)
    assert fake.stats.reorders == 1


async def test_a_frame_held_back_at_the_end_still_arrives(tape):
    async with FakeBinance(tape) as fake, connect(fake, DEPTH) as ws:
        await fake.play(len(tape) - 1)
        fake.arm(Fault.REORDER)
        await fake.play()
        frames = await receive(ws, len(depth_of(tape)))

    assert frames == depth_of(tape)


@pytest.mark.parametrize("fault", GARBAGE)
async def test_garbage_arrives_before_the_frame_it_was_made_of(tape, fault):
    kind = "bookTicker" if fault is Fault.CROSSED else "depth"
    path = "/ws/btcusdt@bookTicker" if fault is Fault.CROSSED else DEPTH
    index = next(i for i, f in enumerate(tape.frames) if f.kind == kind)
    async with FakeBinance(tape) as fake, connect(fake, path) as ws:
        await fake.play(index)
        fake.arm(fault)
        await fake.play(1)
        spoilt, right = (await receive(ws, 2))[-2:]

    assert right == tape.frames[index].data.decode()
    assert spoilt != right
    assert fake.stats.garbage == 1


def spoil(fault, kind, payload):
    return garbage_of(fault, Message("s", json.dumps(payload).encode()), kind)


QUOTE = {"u": 5, "s": "BTCUSDT", "b": "10.00", "B": "1", "a": "10.01", "A": "2"}
TRADE = {"e": "trade", "E": 1, "s": "BTCUSDT", "t": 1, "p": "10.00", "q": "1", "T": 1, "m": True}
UPDATE = {"e": "depthUpdate", "E": 1, "s": "BTCUSDT", "U": 5, "u": 6, "b": [["9", "1"]], "a": []}


@pytest.mark.parametrize("fault", [Fault.NOT_JSON, Fault.TRUNCATED, Fault.BINARY])
@pytest.mark.parametrize("payload", [QUOTE, TRADE, UPDATE])
def test_broken_text_is_no_json_bare_or_wrapped(fault, payload):
    spoilt = spoil(fault, "trade", payload)

    for text in (spoilt.data, b'{"stream":"s","data":%s}' % spoilt.data):
        with pytest.raises(ValueError, match=r".+"):
            json.loads(text)
    assert spoilt.is_text is (fault is not Fault.BINARY)


@pytest.mark.parametrize(
    ("fault", "value"),
    [(Fault.NAN, "NaN"), (Fault.NEGATIVE, "-1.00000000"), (Fault.WRONG_TYPE, {"no": []})],
)
def test_spoilt_prices_stand_where_the_price_stands(fault, value):
    assert json.loads(spoil(fault, "bookTicker", QUOTE).data) == QUOTE | {"b": value}
    assert json.loads(spoil(fault, "trade", TRADE).data) == TRADE | {"p": value}
    assert json.loads(spoil(fault, "depth", UPDATE).data) == UPDATE | {"b": [[value, "1.00000000"]]}


def test_a_crossed_quote_and_an_unknown_kind():
    crossed = json.loads(spoil(Fault.CROSSED, "bookTicker", QUOTE).data)
    unknown = json.loads(spoil(Fault.UNKNOWN_KIND, "trade", TRADE).data)

    assert float(crossed["b"]) > float(crossed["a"])
    assert unknown["e"] not in {"trade", "depthUpdate"}


async def test_planned_faults_are_the_same_for_the_same_seed(tape):
    async def played(seed):
        faults = Faults(seed=seed, gaps=3, duplicates=4, reorders=2, garbage=9)
        async with FakeBinance(tape, faults=faults) as fake, connect(fake, STREAMS) as ws:
            await fake.play()
            frames = await receive(ws, 599 - 3 + 4 + 9)
        stats = fake.stats
        assert (stats.gaps, stats.duplicates, stats.garbage) == (3, 4, 9)
        assert stats.reorders == 2
        return frames

    assert await played(1) == await played(1)
    assert await played(1) != await played(2)


def test_more_faults_than_frames_are_refused(tape):
    with pytest.raises(ValueError, match="at most"):
        FaultDeck(tape, Faults(gaps=10_000))


async def test_upgrades_are_refused_as_often_as_asked_for(tape):
    async with FakeBinance(tape) as fake:
        fake.refuse_upgrades(503)
        fake.refuse_upgrades(429, times=2, retry_after_s=7)
        refusals = []
        for _ in range(3):
            with pytest.raises(InvalidStatus) as refused:
                await connect(fake, DEPTH)
            refusals.append(refused.value.response)
        async with connect(fake, DEPTH):
            pass

    assert [response.status_code for response in refusals] == [503, 429, 429]
    assert refusals[-1].headers["Retry-After"] == "7"
    assert fake.stats.refused_upgrades == 3


async def test_silence_keeps_the_socket_open_and_others_served(tape):
    async with FakeBinance(tape) as fake, connect(fake, STREAMS) as muted:
        fake.silence(3_600)
        async with connect(fake, STREAMS) as other:
            await fake.play(10)
            assert len(await receive(other, 10)) == 10
        await muted.ping()
        assert fake.stats.frames_sent == 10


async def test_after_silence_the_tape_goes_on_at_full_pace(tape):
    async with FakeBinance(tape, settings=Settings(pace="max")) as fake:
        fake.silence(0.0)
        async with connect(fake, STREAMS) as ws:
            await receive(ws, 1)
            fake.silence(0.02)
            async with asyncio.timeout(10):
                await fake.done.wait()
            await receive(ws, fake.stats.frames_sent - 1)

    assert fake.stats.frames_sent == 599
