"""A client that does everything by the book must end with exactly the fake's book."""

import asyncio
from decimal import Decimal

import aiohttp
import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from rf_testkit import (
    FakeBinance,
    Fault,
    Faults,
    Settings,
    merge,
    parse_lines,
    read_tape,
    synthetic_tape,
)
from rf_testkit.binance import GARBAGE, VenueBook

TAPE = merge(parse_lines(synthetic_tape(seed=11, n=700)))
DEPTH = "btcusdt@depth@100ms"
PATH = f"/stream?streams={DEPTH}/btcusdt@trade"


class Update(msgspec.Struct, tag_field="e", tag="depthUpdate"):
    first: int = msgspec.field(name="U")
    last: int = msgspec.field(name="u")
    b: list[tuple[Decimal, Decimal]]
    a: list[tuple[Decimal, Decimal]]


class Wrapped(msgspec.Struct):
    stream: str
    data: msgspec.Raw


class Snapshot(msgspec.Struct, rename={"last_id": "lastUpdateId"}):
    last_id: int
    bids: list[tuple[Decimal, Decimal]]
    asks: list[tuple[Decimal, Decimal]]


class BookClient:
    """Buffers, synchronises, applies, notices gaps: the five steps of the venue's manual."""

    def __init__(self, fake, http):
        self.fake, self.http = fake, http
        self.ws = None
        self.resyncs = 0
        self.reset([])

    def reset(self, buffer):
        self.last_id, self.sides, self.buffer = None, None, buffer

    async def connect(self):
        if self.ws is not None:
            await self.ws.close()
        self.ws = await connect(self.fake.ws_url + PATH, compression=None, max_queue=None)
        self.reset([])

    async def catch_up(self):
        """Read everything that was sent: what comes before the answer to a question."""
        try:
            await self.ws.send('{"method":"LIST_SUBSCRIPTIONS","id":99}')
            async with asyncio.timeout(10):
                while (text := await self.ws.recv(decode=False)) != (
                    b'{"result":["%s","btcusdt@trade"],"id":99}' % DEPTH.encode()
                ):
                    self.receive(text)
        except ConnectionClosed:
            await self.connect()

    def receive(self, text):
        try:
            frame = msgspec.json.decode(text, type=Wrapped)
            if frame.stream != DEPTH:
                return
            update = msgspec.json.decode(bytes(frame.data), type=Update)
            assert all(p.is_finite() and p > 0 for p, _ in update.b + update.a)
        except (ValueError, AssertionError):
            return
        if self.sides is None:
            self.buffer.append(update)
        else:
            self.apply(update)

    def apply(self, update):
        if update.last <= self.last_id:
            return
        if update.first > self.last_id + 1:
            self.resyncs += 1
            self.reset([update])
            return
        for side, rows in zip(self.sides, (update.b, update.a), strict=True):
            for price, quantity in rows:
                side.pop(price, None)
                if quantity:
                    side[price] = quantity
        self.last_id = update.last

    async def synchronise(self):
        url = f"{self.fake.rest_url}/api/v3/depth?symbol=BTCUSDT&limit=5000"
        async with self.http.get(url) as response:
            snapshot = msgspec.json.decode(await response.read(), type=Snapshot)
        await self.catch_up()
        buffer = [event for event in self.buffer if event.last > snapshot.last_id]
        if buffer and buffer[0].first > snapshot.last_id + 1:
            return
        self.reset([])
        self.last_id, self.sides = snapshot.last_id, (dict(snapshot.bids), dict(snapshot.asks))
        for event in buffer:
            if self.sides is None:
                self.buffer.append(event)
            else:
                self.apply(event)

    async def until_synchronised(self):
        for _ in range(20):
            await self.catch_up()
            if self.sides is not None:
                return
            await self.synchronise()
        raise AssertionError("no valid book after twenty snapshots")

    def assert_equal_to(self, book):
        assert self.last_id == book.lastUpdateId
        assert self.sides[0] == {Decimal(p): Decimal(q) for p, q in book.bids}
        assert self.sides[1] == {Decimal(p): Decimal(q) for p, q in book.asks}


plays = st.tuples(st.just("play"), st.integers(1, 30))
steps = st.one_of(
    plays,
    plays,
    st.tuples(st.sampled_from(["reconnect", "synchronise", "catch_up", "cut"]), st.none()),
    st.tuples(st.just("stale"), st.integers(1, 200)),
    st.tuples(
        st.just("arm"),
        st.sampled_from(
            [Fault.GAP, Fault.DUPLICATE, Fault.REORDER]
            + [fault for fault in GARBAGE if fault is not Fault.CROSSED]
        ),
    ),
)


async def follow(script):
    easy = Settings(max_messages_per_s=10_000, weight_limit=10**9)
    async with FakeBinance(TAPE, settings=easy) as fake, aiohttp.ClientSession() as http:
        client = BookClient(fake, http)
        await client.connect()
        for verb, value in script:
            match verb:
                case "play":
                    await fake.play(value)
                case "cut":
                    await fake.cut()
                case "stale":
                    fake.stale_snapshot(value)
                case "arm":
                    fake.arm(value)
                case "reconnect":
                    await client.connect()
                case "synchronise":
                    await client.synchronise()
                case "catch_up":
                    await client.catch_up()
        await client.until_synchronised()
        await fake.play()
        await client.until_synchronised()
        client.assert_equal_to(fake.book("BTCUSDT"))
        await client.ws.close()


@settings(deadline=None, max_examples=50)
@given(st.lists(steps, max_size=12))
def test_a_client_that_reconnects_anywhere_ends_with_the_fakes_book(script):
    asyncio.run(follow(script))


async def test_at_full_pace_through_cuts_gaps_and_garbage_the_book_is_right_at_the_end():
    settings_ = Settings(
        pace="max", lost_after_cut=4, max_messages_per_s=10_000, weight_limit=10**9
    )
    faults = Faults(seed=3, cuts=10, gaps=5, duplicates=5, reorders=5, garbage=30)
    async with (
        FakeBinance(TAPE, settings=settings_, faults=faults) as fake,
        aiohttp.ClientSession() as http,
    ):
        client = BookClient(fake, http)
        await client.connect()
        async with asyncio.timeout(20):
            while not fake.done.is_set():
                await client.until_synchronised()
        await client.until_synchronised()
        client.assert_equal_to(fake.book("BTCUSDT"))
        await client.ws.close()

    assert fake.stats.cuts == 10
    assert fake.stats.gaps == 5


async def test_in_good_weather_one_snapshot_is_enough():
    easy = Settings(max_messages_per_s=10_000)
    async with FakeBinance(TAPE, settings=easy) as fake, aiohttp.ClientSession() as http:
        client = BookClient(fake, http)
        await client.connect()
        await fake.play(5)
        await client.until_synchronised()
        while await fake.play(50):
            await client.catch_up()
            client.assert_equal_to(fake.book("BTCUSDT"))
        await client.ws.close()

    assert client.resyncs == 0
    assert fake.stats.snapshots_served == 1


def test_on_a_recording_the_book_agrees_with_every_best_bid_and_ask(recordings):
    tape = read_tape(recordings[0])
    book = VenueBook(tape.snapshots[tape.symbols[0]])
    tickers, compared = [], 0
    for frame in tape.frames:
        if frame.kind == "bookTicker":
            tickers.append(msgspec.json.decode(frame.data))
        elif frame.kind == "depth":
            before = book.last_id
            book.apply(frame.data)
            if book.last_id == before:
                continue
            newest = next(t for t in reversed(tickers) if t["u"] <= book.last_id)
            best = book.snapshot(1)
            assert best.bids == [(newest["b"], newest["B"])]
            assert best.asks == [(newest["a"], newest["A"])]
            compared += 1

    # One more event than the recording's readme counts: the one around the snapshot.
    assert compared == 3_449
