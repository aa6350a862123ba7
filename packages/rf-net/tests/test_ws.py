import asyncio
import socket
from contextlib import aclosing, asynccontextmanager, closing, suppress

import pytest
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from rf_common.enums import FeedState
from rf_common.errors import ConfigError
from rf_net import Connected, Lost, ReconnectPolicy, WsFrames


class Feed:
    """A fake venue: one coroutine per connection, in order; the last one repeats."""

    def __init__(self, *scripts):
        self.scripts = list(scripts)
        self.heard = []
        self.connections = 0

    async def __call__(self, link):
        script = self.scripts[min(self.connections, len(self.scripts) - 1)]
        self.connections += 1
        with suppress(ConnectionClosed):
            await script(link, self)


async def one_frame_then_cut(link, feed):
    await link.send("a")
    link.transport.abort()


async def one_frame_then_quiet(link, feed):
    await link.send("b")
    await link.wait_closed()


async def quiet(link, feed):
    await link.wait_closed()


async def listen(link, feed):
    async for message in link:
        feed.heard.append(message)
        await link.send(message)


class Watch:
    """Records states and delays; its sleep does not take time."""

    def __init__(self):
        self.states = []
        self.delays = []
        self.measured = asyncio.Event()
        self.tried_three_times = asyncio.Event()

    def on_state(self, state, reason, latency_ms):
        self.states.append((state, reason, latency_ms))
        if latency_ms is not None:
            self.measured.set()

    async def sleep(self, seconds):
        self.delays.append(seconds)
        if len(self.delays) == 3:
            self.tried_three_times.set()
        await asyncio.sleep(0)

    def names(self):
        return [str(state) for state, reason, _ in self.states if reason != "round trip"]


@asynccontextmanager
async def client(feed, **options):
    watch = Watch()
    settings = {"silence_s": 5.0, "policy": ReconnectPolicy(lambda: 0.5)} | options
    async with serve(feed, "127.0.0.1", 0, **settings.pop("server", {})) as server:
        port = server.sockets[0].getsockname()[1]
        frames = WsFrames(
            f"ws://127.0.0.1:{port}/ws", on_state=watch.on_state, sleep=watch.sleep, **settings
        )
        async with asyncio.timeout(10), aclosing(frames.session()) as items:
            yield frames, items, watch


async def take(items, count):
    return [await anext(items) for _ in range(count)]


async def three_failures(url):
    """Return what is told while three connects to `url` fail."""
    watch = Watch()
    frames = WsFrames(
        url,
        policy=ReconnectPolicy(lambda: 0.5),
        on_state=watch.on_state,
        silence_s=5,
        sleep=watch.sleep,
    )
    waiting = asyncio.create_task(anext(frames.session()))
    async with asyncio.timeout(5):
        await watch.tried_three_times.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    return watch


async def test_markers_and_frames_come_in_order_over_a_cut():
    async with client(Feed(one_frame_then_cut, one_frame_then_quiet)) as (_, items, watch):
        got = await take(items, 5)

    assert [got[0], got[1], got[3], got[4]] == [Connected(1), b"a", Connected(2), b"b"]
    assert isinstance(got[2], Lost)
    assert got[2].reason != ""
    assert watch.names() == ["CONNECTING", "LIVE", "DOWN", "CONNECTING", "LIVE"]


async def test_silence_is_stale_then_down_then_a_new_connection():
    feed = Feed(quiet, one_frame_then_quiet)
    async with client(feed, silence_s=0.05) as (_, items, watch):
        got = await take(items, 4)

    assert got == [Connected(1), Lost("no frame for 0.05 s"), Connected(2), b"b"]
    assert watch.names() == ["CONNECTING", "STALE", "DOWN", "CONNECTING", "LIVE"]


async def test_a_slow_reader_is_not_taken_for_silence():
    async def two_frames(link, feed):
        await link.send("b")
        await link.send("c")
        await link.wait_closed()

    async with client(Feed(two_frames), silence_s=0.05) as (_, items, watch):
        assert await take(items, 2) == [Connected(1), b"b"]
        await asyncio.sleep(0.1)  # the reader is busy for longer than the silence
        assert await anext(items) == b"c"
    assert "STALE" not in watch.names()


async def test_subscriptions_are_sent_again_after_each_connect():
    async def hear_once(link, feed):
        feed.heard.append(await link.recv())
        await link.send("ok")
        link.transport.abort()

    feed = Feed(hear_once)
    async with client(feed, subscribe=[b'{"id":1}']) as (_, items, _watch):
        got = await take(items, 5)

    assert [got[1], got[4]] == [b"ok", b"ok"]
    assert feed.heard == ['{"id":1}', '{"id":1}']


async def test_all_subscriptions_arrive_in_order():
    feed = Feed(listen)
    async with client(feed, subscribe=["one", b"two"]) as (_, items, _watch):
        assert await take(items, 3) == [Connected(1), b"one", b"two"]


async def test_the_round_trip_is_measured():
    async with client(Feed(one_frame_then_quiet)) as (_, items, watch):
        await take(items, 2)
        await watch.measured.wait()
    state, _, latency_ms = watch.states[-1]
    assert state is FeedState.LIVE
    assert latency_ms >= 0


async def test_a_reader_may_ask_for_a_new_connection():
    feed = Feed(one_frame_then_quiet)
    async with client(feed) as (frames, items, _watch):
        await take(items, 2)
        frames.request_reconnect("gap in the book")
        assert await take(items, 2) == [Lost("gap in the book"), Connected(2)]
    assert feed.connections == 2


async def test_the_request_also_ends_a_wait_for_a_frame():
    async with client(Feed(quiet)) as (frames, items, _watch):
        await take(items, 1)
        waiting = asyncio.create_task(anext(items))
        await asyncio.sleep(0)
        frames.request_reconnect("by hand")
        assert await waiting == Lost("by hand")


async def test_frames_of_the_old_connection_are_not_delivered_after_the_request():
    async def many(link, feed):
        for number in range(20):
            await link.send(str(number))
        await link.wait_closed()

    async with client(Feed(many)) as (frames, items, _watch):
        await take(items, 3)
        frames.request_reconnect("resync")
        assert await anext(items) == Lost("resync")


async def test_a_request_without_a_connection_does_nothing():
    frames = WsFrames(
        "ws://127.0.0.1:1/",
        policy=ReconnectPolicy(lambda: 0.5),
        on_state=lambda *_: None,
        silence_s=1,
    )
    frames.request_reconnect("x")
    assert frames._reason == ""


@pytest.mark.parametrize("status", [401, 429, 503, 301])
async def test_a_refused_upgrade_backs_off_and_tries_again(status):
    answers = []

    def refuse(link, request):
        answers.append(status)
        return link.respond(status, "no\n") if len(answers) < 4 else None

    options = {"server": {"process_request": refuse}}
    async with client(Feed(one_frame_then_quiet), **options) as (_, items, watch):
        assert await take(items, 2) == [Connected(1), b"b"]

    assert watch.delays == [0.5, 1.0, 2.0]
    assert f"HTTP {status}" in watch.states[1][1]
    assert watch.names()[:3] == ["CONNECTING", "DOWN", "CONNECTING"]


async def test_a_retry_after_is_obeyed():
    refused = []

    def refuse(link, request):
        if refused:
            return None
        refused.append(1)
        response = link.respond(429, "slow down\n")
        response.headers["Retry-After"] = "77"
        return response

    options = {"server": {"process_request": refuse}}
    async with client(Feed(one_frame_then_quiet), **options) as (_, items, watch):
        await take(items, 2)
    assert watch.delays == [77.0]


async def test_a_redirect_is_not_followed():
    def redirect(link, request):
        response = link.respond(302, "")
        response.headers["Location"] = "ws://127.0.0.1:1/elsewhere"
        return response

    async with serve(Feed(quiet), "127.0.0.1", 0, process_request=redirect) as server:
        port = server.sockets[0].getsockname()[1]
        watch = await three_failures(f"ws://127.0.0.1:{port}/")
    assert "HTTP 302" in watch.states[1][1]


async def test_a_server_that_hangs_up_at_once_is_not_hammered():
    async with client(Feed(one_frame_then_cut)) as (_, items, watch):
        await take(items, 10)
    assert watch.delays == [0.5, 1.0, 2.0]


async def test_a_connection_without_a_frame_does_not_reset_the_delays():
    async def cut(link, feed):
        link.transport.abort()

    async with client(Feed(cut), settle_s=0.0) as (_, items, watch):
        await take(items, 7)
    assert watch.delays == [0.5, 1.0, 2.0]


async def test_a_connection_that_lived_resets_the_delays():
    async with client(Feed(one_frame_then_cut), settle_s=0.0) as (_, items, watch):
        await take(items, 10)
    assert watch.delays == [0.5, 0.5, 0.5]


async def test_a_message_above_the_limit_ends_the_connection():
    async def huge(link, feed):
        await link.send("x" * 2000)
        await link.wait_closed()

    async with client(Feed(huge), max_size=1000) as (_, items, _watch):
        got = await take(items, 3)
    assert [got[0], got[2]] == [Connected(1), Connected(2)]
    assert isinstance(got[1], Lost)


@pytest.mark.parametrize(
    "answer", [b"", b"\x00\xff\x00", b"HTTP/1.1 200 OK\r\n\r\n", b"SSH-2.0\r\n"]
)
async def test_what_is_not_a_websocket_server_is_down_and_tried_again(answer):
    async def speak(reader, writer):
        await reader.read(100)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        watch = await three_failures(f"ws://127.0.0.1:{port}/")
    assert watch.names()[:4] == ["CONNECTING", "DOWN", "CONNECTING", "DOWN"]


async def test_a_port_without_a_listener_is_down_and_tried_again():
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]

    watch = await three_failures(f"ws://127.0.0.1:{port}/")

    assert watch.delays[:3] == [0.5, 1.0, 2.0]
    assert watch.states[1][0] is FeedState.DOWN
    assert watch.states[1][1] != ""


async def test_the_close_reason_of_the_server_is_cleaned():
    async def rude(link, feed):
        await link.close(1008, "bad\x1b[31m\nthing")

    async with client(Feed(rude)) as (_, items, _watch):
        got = await take(items, 2)
    assert got[1].reason.isprintable()
    assert "1008" in got[1].reason


async def test_closing_the_session_leaves_no_task_and_no_connection():
    feed = Feed(one_frame_then_quiet)
    async with client(feed) as (frames, items, _watch):
        await take(items, 2)
        await items.aclose()
        assert frames._link is None
    assert {task for task in asyncio.all_tasks() if "_greet" in repr(task)} == set()


def test_an_address_in_the_clear_to_elsewhere_is_refused():
    with pytest.raises(ConfigError, match="url = "):
        WsFrames(
            "ws://stream.binance.com/",
            policy=ReconnectPolicy(lambda: 0.5),
            on_state=lambda *_: None,
            silence_s=1,
        )


@pytest.mark.parametrize("silence_s", [0.0, -1.0, float("nan"), float("inf")])
def test_a_silence_that_never_or_always_holds_is_refused(silence_s):
    with pytest.raises(ValueError, match="silence_s above 0"):
        WsFrames(
            "ws://127.0.0.1/",
            policy=ReconnectPolicy(lambda: 0.5),
            on_state=lambda *_: None,
            silence_s=silence_s,
        )
