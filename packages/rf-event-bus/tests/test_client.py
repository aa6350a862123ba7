import asyncio
from contextlib import asynccontextmanager

import pytest

from rf_common.errors import ConfigError
from rf_common.secret import Secret
from rf_event_bus import (
    BusClient,
    BusRefused,
    BusUnreachable,
    Connected,
    Disconnected,
    Lost,
    Role,
    Told,
    ToldTicks,
)
from rf_event_bus.messages import Event, Heartbeat, Snapshot, Turned, Welcome
from rf_net import ReconnectPolicy, encode_frame


@pytest.fixture
async def server_that():
    """Make servers that send fixed bytes to each client and keep the link open."""

    @asynccontextmanager
    async def make(*pieces, hang_up=False):
        links = []

        async def serve(reader, writer):
            links.append((asyncio.current_task(), writer))
            await reader.read(1)
            for piece in pieces:
                writer.write(piece)
            await writer.drain()
            if not hang_up:
                await reader.read()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]
            for task, writer in links:
                writer.transport.abort()
                await asyncio.gather(task, return_exceptions=True)

    return make


@pytest.fixture
def said(wire):
    """Make frames of a server."""

    def make(*frames):
        return b"".join(encode_frame(wire.encode_server(frame)) for frame in frames)

    return make


@pytest.fixture
def greeting(wire, said):
    welcome = Welcome(1, wire.schema, "S", "SIM", Role.READ, 1, 5)
    return said(welcome, Snapshot(5, wire.encode_snapshot({"a": 1})))


async def first(session, count):
    found = []
    async with asyncio.timeout(10):
        async for item in session:
            found.append(item)
            if len(found) == count:
                break
    await session.aclose()
    return found


async def test_a_session_begins_with_the_snapshot_and_goes_on_with_events(bus, client, some):
    server = await bus()
    session = client(server.port, "market", "orders").session()
    connected = await anext(session)
    server.publish("orders", some.notice(1))
    server.publish_many("market", [some.quote(n) for n in range(2, 52)])

    heard = await first(session, 51)

    assert isinstance(connected, Connected)
    assert (connected.seq, connected.snapshot) == (0, {"seq": 0})
    assert heard[0] == Told(1, 1_000, "orders", some.notice(1))
    assert heard[1:] == [Told(n, 1_000, "market", some.quote(n)) for n in range(2, 52)]


async def test_ticks_may_stay_in_columns(bus, client, some):
    server = await bus()
    session = client(server.port, "market", expand_ticks=False).session()
    await anext(session)
    server.publish_many("market", [some.quote(n) for n in range(1, 51)])

    (ticks,) = await first(session, 1)

    assert isinstance(ticks, ToldTicks)
    assert ticks.seq == 1
    assert ticks.columns.quotes.update_id.tolist() == list(range(1, 51))


async def test_what_the_server_lost_is_told(server_that, client, said, greeting):
    async with server_that(greeting, said(Lost(6, 9, "market"))) as port:
        assert (await first(client(port, "market").session(), 2))[1] == Lost(6, 9, "market")


async def test_silence_is_a_lost_link_and_heartbeats_are_none(server_that, client, said, greeting):
    async with server_that(greeting, said(Heartbeat(5, 1))) as port:
        items = await first(client(port, "market", silence_s=0.05).session(), 3)
    assert [type(item) for item in items] == [Connected, Disconnected, Connected]
    assert items[1].reason == "nothing heard for 0.05 s"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"\0\0\0\0", "expected a frame"),
        (b"\xff\xff\xff\xff", "expected a frame"),
        (encode_frame(b"\x63"), "variant from 0 to 7"),
        (encode_frame(b"\x02\x01"), "ends too early"),
        (encode_frame(b"\x06\x02\x02\x00"), "ends too early"),
        (encode_frame(b"\x06\x02\x02\x03abc"), "expected bytes of _Run"),
    ],
)
async def test_garbage_of_a_server_ends_the_link(server_that, client, greeting, raw, reason):
    async with server_that(greeting, raw) as port:
        items = await first(client(port, "market").session(), 2)
    assert isinstance(items[1], Disconnected)
    assert reason in items[1].reason


async def test_frames_out_of_place_end_the_link(server_that, client, said, greeting, some):
    early = said(Event(1, 1, "orders", some.notice(1)))
    for raw, name in ((early, "Event"), (greeting + greeting, "Welcome")):
        async with server_that(raw) as port:
            items = await first(client(port, "orders").session(), 2)
        assert Disconnected(f"out of place: {name}") in items


async def test_a_refusal_is_shown_with_its_code_and_tried_again(bus, client):
    server = await bus()
    items = await first(client(server.port, token=Secret("wrong-token")).session(), 2)
    assert items == [Disconnected("the token is wrong", "RF-N-010", "")] * 2


async def test_another_schema_is_shown(server_that, client, said):
    turned = Turned("RF-N-032", "schema = 1…: expected 2…", "use programs of the daemon's version")
    async with server_that(said(turned), hang_up=True) as port:
        items = await first(client(port, "market").session(), 1)
    assert items == [Disconnected(turned.text, turned.code, turned.fix)]


async def test_a_token_is_read_again_for_each_greeting(bus, client, tokens):
    server = await bus()
    shown = iter([Secret("old-token"), tokens[Role.READ]])
    items = await first(client(server.port, token=lambda: next(shown)).session(), 2)
    assert [type(item) for item in items] == [Disconnected, Connected]


async def test_a_token_that_is_not_there_is_shown_with_its_remedy(bus, client):
    def missing():
        raise ConfigError("token file is missing", fix="uv run daemon")

    server = await bus()
    items = await first(client(server.port, token=missing).session(), 1)
    assert items == [Disconnected("token file is missing", "RF-C-001", "uv run daemon")]


async def test_nothing_that_listens_is_tried_again(bus, client):
    server = await bus()
    await server.stop()
    items = await first(client(server.port).session(), 3)
    assert [type(item) for item in items] == [Disconnected] * 3


async def test_a_server_that_does_not_answer_the_greeting_is_given_up(server_that, client):
    async with server_that() as port:
        items = await first(client(port, connect_s=0.05).session(), 1)
    assert isinstance(items[0], Disconnected)


async def test_the_delays_grow_until_a_link_is_up(bus, client, wire, tokens):
    server = await bus()
    policy = ReconnectPolicy(lambda: 0.5)
    policy.next_delay_s()
    reader = BusClient(
        wire,
        "127.0.0.1",
        server.port,
        tokens[Role.READ],
        role=Role.READ,
        topics=(),
        client_name="t",
        policy=policy,
    )
    await first(reader.session(), 1)
    assert policy.attempts == 0


async def test_a_consumer_that_is_slow_makes_the_server_wait_and_loses_no_orders(
    bus, client, some, until
):
    server = await bus()
    session = client(server.port, "orders").session()
    await anext(session)
    total = 30_000
    for number in range(1, total + 1):
        server.publish("orders", some.notice(number))
        if number % 1_000 == 0:
            await asyncio.sleep(0)
    await until(lambda: server.head == total)

    heard = await first(session, total)

    assert [item.seq for item in heard] == list(range(1, total + 1))


# --- asking --------------------------------------------------------------------------------------


@asynccontextmanager
async def connected(client):
    """Keep a client connected in the background, as an app does."""
    up = asyncio.Event()

    async def listen():
        async for item in client.session():
            if isinstance(item, Connected):
                up.set()

    task = asyncio.create_task(listen())
    await up.wait()
    try:
        yield client
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_question_is_answered_while_the_session_is_not_read(bus, client):
    server = await bus()
    reader = client(server.port, "orders")
    session = reader.session()
    await anext(session)
    assert (await reader.ask("status", {"a": 1}))["args"] == {"a": 1}
    await session.aclose()
    assert not reader.is_connected


async def test_answers_find_their_questions(bus, client):
    turns = {n: asyncio.Event() for n in range(5)}

    async def handler(verb, args, peer, role):
        await turns[args["n"]].wait()
        return args["n"]

    server = await bus(handler=handler)
    async with connected(client(server.port)) as reader:
        asked = [asyncio.create_task(reader.ask("wait", {"n": n})) for n in turns]
        for n in reversed(turns):
            turns[n].set()
            assert await asked[n] == n


async def test_a_refusal_is_the_daemons_error(bus, client):
    server = await bus()
    async with connected(client(server.port)) as reader:
        with pytest.raises(BusRefused, match="limit is 5, was 6") as caught:
            await reader.ask("refuse")
    error = caught.value
    assert (error.code, error.detail, error.fix) == ("RF-R-004", "per day", "rf risk")
    assert error.exit_code == 6


async def test_asking_without_a_link_is_unreachable(client):
    with pytest.raises(BusUnreachable, match="not connected") as caught:
        await client(1).ask("status")
    assert (caught.value.code, caught.value.exit_code) == ("RF-N-013", 13)


async def test_an_answer_that_does_not_come_says_what_may_have_happened(bus, client):
    async def handler(verb, args, peer, role):
        if verb == "wait":
            await asyncio.Event().wait()
        return verb

    server = await bus(handler=handler)
    async with connected(client(server.port)) as reader:
        with pytest.raises(BusUnreachable, match="no answer in time") as caught:
            await reader.ask("wait", timeout_s=0.05)
        assert "may have carried it out" in caught.value.detail
        assert await reader.ask("status") == "status"


async def test_a_link_that_breaks_ends_the_questions_at_work(bus, client, until):
    async def handler(verb, args, peer, role):
        await asyncio.Event().wait()

    server = await bus(handler=handler)
    async with connected(client(server.port)) as reader:
        asked = asyncio.create_task(reader.ask("wait", timeout_s=30))
        await until(lambda: server.asked == 1)
        await server.stop(grace_s=0.01)
        with pytest.raises(BusUnreachable, match="the daemon is stopping"):
            await asked


async def test_the_token_is_not_sent_to_another_machine(wire, tokens):
    with pytest.raises(ConfigError, match=r"expected 127\.0\.0\.1"):
        BusClient(
            wire,
            "192.168.1.5",
            7001,
            tokens[Role.READ],
            role=Role.READ,
            topics=(),
            client_name="t",
            policy=ReconnectPolicy(lambda: 0.5),
        )
