import asyncio
import struct
import threading
from itertools import pairwise

import pytest

from rf_common.errors import ConfigError
from rf_common.events import Quote
from rf_common.secret import Redactor
from rf_event_bus import VERB_ROLES, BusLimits, Connected, Disconnected, Lost, Role, Told, Welcome
from rf_event_bus.messages import Ask, Event, Heartbeat, Ping, Reply, Snapshot, Ticks, Turned
from rf_event_bus.ticks import unpack_ticks
from rf_net import NetError, encode_frame

SLOW = BusLimits(pause_bytes=4_096, buffer_bytes=1 << 16)


def told(frames):
    """Return the numbers and events of frames, ticks unpacked."""
    found = []
    for frame in frames:
        if isinstance(frame, Event):
            found.append((frame.seq, frame.body))
        elif isinstance(frame, Ticks):
            found += enumerate(unpack_ticks(frame.data).events(), frame.seq)
    return found


# --- coming in -----------------------------------------------------------------------------------


async def test_a_reader_gets_welcome_snapshot_and_what_comes_after(bus, raw, hello, some, wire):
    server = await bus()
    server.publish("market", some.quote(1))
    peer = await raw(server, hello("market", "orders"))

    assert await peer.next() == Welcome(1, wire.schema, "S1", "PAPER", Role.READ, 1_000, 1)
    assert await peer.next() == Snapshot(1, wire.encode_snapshot({"seq": 1}))
    server.publish("orders", some.notice(2))
    server.publish("state", some.notice(3))
    server.publish("market", some.quote(4))
    assert await peer.next() == Event(2, 1_000, "orders", some.notice(2))
    assert await peer.next() == Event(4, 1_000, "market", some.quote(4))
    assert (server.clients, server.head, server.refused) == (1, 4, 0)


async def test_a_client_without_topics_gets_no_snapshot(bus, raw, hello):
    server = await bus(snapshot=lambda: 1 / 0)
    peer = await raw(server, hello(role=Role.ADMIN), Ping(1))
    assert isinstance(await peer.next(), Welcome)
    assert await peer.next() == Heartbeat(0, 1_000)


async def test_what_was_published_before_the_start_is_told_to_the_state(bus, some):
    heard = []
    server = await bus(on_event=lambda *event: heard.append(event))
    server.publish_many("state", [some.notice(1), some.notice(2)])
    await asyncio.sleep(0)
    assert heard == [(1, "state", some.notice(1)), (2, "state", some.notice(2))]


@pytest.mark.parametrize(
    ("bytes_sent", "code", "reason"),
    [
        (b"\0\0\0\0", "RF-N-014", "was 0 bytes"),
        (struct.pack("<I", 4097), "RF-N-014", "was 4097 bytes"),
        (b"\xff\xff\xff\xff", "RF-N-014", "was 4294967295 bytes"),
        (b"GET / HTTP/1.1\r\n\r\n", "RF-N-014", "expected a frame"),
        (encode_frame(b"\x09"), "RF-N-014", "variant from 0 to 2"),
        (encode_frame(b"\x00\x02\xff\xff\xff\xff\x7f"), "RF-N-014", "ends before"),
    ],
)
async def test_garbage_is_refused_politely(bus, raw, bytes_sent, code, reason):
    heard = []
    server = await bus(on_refused=lambda *refusal: heard.append(refusal))
    peer = await raw(server)
    peer.writer.write(bytes_sent)

    (turned,) = await peer.rest()

    assert turned.code == code
    assert reason in turned.text
    ((who, why),) = heard
    assert who.startswith("127.0.0.1:")
    assert why == turned.text
    assert (server.refused, server.clients) == (1, 0)


async def test_half_a_frame_and_silence_is_too_late(bus, raw):
    server = await bus(limits=BusLimits(hello_s=0.05))
    peer = await raw(server)
    peer.writer.write(b"\x10\0\0")

    (turned,) = await peer.rest()

    assert (turned.code, turned.text) == ("RF-N-011", "no greeting within 0.05 s")


async def test_a_question_before_the_greeting_is_refused(bus, raw):
    server = await bus()
    peer = await raw(server, Ask(1, "status", ""))
    (turned,) = await peer.rest()
    assert turned.code == "RF-N-010"
    assert server.asked == 0


async def test_a_second_greeting_is_refused(bus, raw, hello):
    server = await bus()
    peer = await raw(server, hello(), hello())
    assert [type(frame) for frame in await peer.rest()] == [Welcome, Turned]


@pytest.mark.parametrize(
    ("greeting", "code"),
    [
        ({"token": "wrong"}, "RF-N-010"),
        ({"schema": "0" * 64}, "RF-N-032"),
        ({"version": 7}, "RF-N-032"),
        ({"role": Role.ADMIN, "token": "read-token-0123456789-0123456789-0123456789"}, "RF-N-033"),
    ],
)
async def test_a_wrong_greeting_is_refused_and_heard_by_the_audit(bus, raw, hello, greeting, code):
    heard = []
    server = await bus(on_refused=lambda _, reason: heard.append(reason))
    peer = await raw(server, hello("market", **greeting))

    (turned,) = await peer.rest()

    assert turned.code == code
    assert heard == [turned.text]
    assert server.clients == 0


async def test_one_client_too_many_is_refused(bus, raw, hello):
    server = await bus(limits=BusLimits(max_clients=1))
    first = await raw(server, hello())
    await first.next()
    second = await raw(server, hello())

    assert (await second.rest())[0].code == "RF-N-012"
    first.send(Ping(1))
    assert isinstance(await first.next(), Heartbeat)


async def test_of_too_many_strangers_the_oldest_goes(bus, raw, hello, until):
    server = await bus(limits=BusLimits(max_clients=2))
    client = await raw(server, hello())
    await client.next()
    strangers = [await raw(server) for _ in range(3)]

    await until(lambda: server.refused == 1)

    assert await strangers[0].rest() == []
    strangers[2].send(hello())
    assert isinstance(await strangers[2].next(), Welcome)
    assert server.clients == 2


async def test_a_snapshot_that_fails_is_the_readers_loss_only(bus, raw, hello, caplog):
    server = await bus(snapshot=lambda: 1 / 0)
    reader, asker = await raw(server, hello("market")), await raw(server, hello(), Ping(1))

    assert (await reader.rest())[0].text == "internal error"
    assert isinstance(await asker.next(), Welcome)
    assert "ZeroDivisionError" in caplog.text


async def test_refusals_of_one_address_are_one_log_line_a_second(bus, raw, caplog):
    server = await bus()
    for _ in range(5):
        await (await raw(server, Ping(1))).rest()

    assert server.refused == 5
    assert len([line for line in caplog.records if "refused" in line.message]) < 5


async def test_a_port_that_is_taken_is_one_clear_error(bus):
    server = await bus()
    with pytest.raises(NetError, match=f"cannot listen on 127.0.0.1:{server.port}"):
        await bus(port=server.port)


async def test_the_bus_stays_on_this_machine(bus, wire, tokens):
    server = await bus()
    with pytest.raises(ConfigError, match=r"expected 127\.0\.0\.1"):
        await server.start("0.0.0.0")


# --- telling -------------------------------------------------------------------------------------


async def test_snapshot_and_events_have_no_gap_while_a_thread_publishes(bus, client, some, until):
    total = 8_000
    state, ahead = {"seq": 0}, threading.Semaphore(200)

    def apply(number, topic, event):
        state["seq"] = number
        ahead.release()

    server = await bus(snapshot=lambda: state, on_event=apply)

    def publish():
        for number in range(1, total + 1):
            ahead.acquire()
            if number % 10 == 0:
                server.publish("orders", some.notice(number))
            else:
                server.publish("market", some.bar(number))

    async def read():
        session = client(server.port, "market", "orders").session()
        connected = await anext(session)
        assert isinstance(connected, Connected)
        assert connected.snapshot == {"seq": connected.seq}
        numbers = [connected.seq]
        while numbers[-1] < total:
            item = await anext(session)
            assert isinstance(item, Told)
            numbers.append(item.seq)
            assert item.event == (some.bar if item.topic == "market" else some.notice)(item.seq)
        await session.aclose()
        return numbers

    thread = threading.Thread(target=publish)
    thread.start()
    readers = []
    while thread.is_alive() and len(readers) < 6:
        readers.append(asyncio.create_task(read()))
        goal = min(server.head + 500, total)
        await until(lambda goal=goal: server.head >= goal)
    async with asyncio.timeout(20):
        runs = await asyncio.gather(*readers)
    thread.join()

    assert len({numbers[0] for numbers in runs}) > 1
    for numbers in runs:
        assert all(after == before + 1 for before, after in pairwise(numbers))


@pytest.mark.parametrize("count", [2, 10, 100])
async def test_every_reader_hears_everything_in_order(bus, raw, hello, some, count):
    server = await bus()
    peers = [await raw(server, hello("market", "orders")) for _ in range(count)]
    for peer in peers:
        await peer.next()
        await peer.next()
    events = [some.quote(1), some.notice(2), *[some.quote(n) for n in range(3, 43)], some.bar(43)]
    for event in events:
        server.publish("orders" if event == some.notice(2) else "market", event)

    for peer in peers:
        heard = []
        while len(heard) < len(events):
            heard += told([await peer.next()])
        assert heard == list(enumerate(events, 1))


async def test_many_quotes_travel_in_one_frame(bus, raw, hello, some):
    server = await bus()
    peer = await raw(server, hello("market"))
    await peer.next()
    await peer.next()
    quotes = [some.quote(n) for n in range(1, 10_001)]
    server.publish_many("market", quotes)

    frames = [await peer.next(), await peer.next()]

    assert [type(frame) for frame in frames] == [Ticks, Ticks]
    assert told(frames) == list(enumerate(quotes, 1))


async def test_what_cannot_be_told_is_told_to_be_lost(bus, raw, hello, some, caplog):
    server = await bus()
    peer = await raw(server, hello("market"))
    await peer.next()
    await peer.next()
    nan = some.quote(2).__class__("sim:A", 2, float("nan"), 1.0, 1.0, 1.0)
    quotes = [some.quote(1), nan, *[some.quote(n) for n in range(3, 21)]]
    server.publish_many("market", quotes)

    frames = [await peer.next() for _ in quotes]

    assert frames[1] == Lost(2, 2, "market")
    assert [seq for seq, _ in told(frames)] == [1, *range(3, 21)]
    assert server.untold == 1
    assert "Quote cannot be told" in caplog.text


async def test_market_events_for_which_the_loop_did_not_come_are_told_to_be_lost(
    bus, raw, hello, some
):
    server = await bus(limits=BusLimits(market_events=3))
    peer = await raw(server, hello("market", "orders"))
    await peer.next()
    await peer.next()
    for number in range(1, 6):
        server.publish("market", some.bar(number))
    server.publish("orders", some.notice(6))

    assert await peer.next() == Lost(1, 2, "market")
    assert [(await peer.next()).seq for _ in range(4)] == [3, 4, 5, 6]
    assert server.dropped == 2


async def test_lost_orders_make_every_reader_begin_again(bus, raw, hello, some, caplog):
    server = await bus(limits=BusLimits(other_events=3))
    peer, asker = await raw(server, hello("market", "orders")), await raw(server, hello())
    await peer.next()
    await peer.next()
    await asker.next()
    for number in range(1, 6):
        server.publish("orders", some.notice(number))

    turned = (await peer.rest())[-1]

    assert turned == Turned(
        "RF-N-038", "events were lost", "connect again: you get the present state"
    )
    assert "the bus lost events" in caplog.text
    asker.send(Ping(1))
    assert isinstance(await asker.next(), Heartbeat)


async def test_a_state_that_fails_is_logged_and_readers_go_on(bus, raw, hello, some, caplog):
    def fail(number, topic, event):
        raise ZeroDivisionError

    server = await bus(on_event=fail)
    peer = await raw(server, hello("orders"))
    await peer.next()
    await peer.next()
    for number in range(1, 4):
        server.publish("orders", some.notice(number))

    assert [(await peer.next()).seq for _ in range(3)] == [1, 2, 3]
    assert caplog.text.count("on_event failed at Notice") == 1


async def test_a_sink_that_fails_makes_every_reader_begin_again(bus, raw, hello, some, caplog):
    class Sink:
        def offer(self, first, last, topic, payload):
            if last == 2:
                raise ZeroDivisionError

    server = await bus()
    server.add_sink(Sink())
    peer = await raw(server, hello("orders"))
    await peer.next()
    await peer.next()
    for number in range(1, 4):
        server.publish("orders", some.notice(number))

    assert (await peer.rest())[-1].code == "RF-N-038"
    assert "telling failed" in caplog.text
    again = await raw(server, hello("orders"))
    await again.next()
    assert (await again.next()).seq == 3
    server.publish("orders", some.notice(4))
    assert (await again.next()).seq == 4


# --- slow readers --------------------------------------------------------------------------------


async def test_a_reader_that_never_reads_costs_nobody_else(bus, raw, hello, some):
    server = await bus(limits=SLOW)
    dead = [await raw(server, hello("market"), narrow=True) for _ in range(3)]
    for peer in dead:
        await peer.next()
        peer.deafen()
    live = await raw(server, hello("market"))
    await live.next()
    await live.next()
    heard, worst = [], 0
    total = 300 * 200
    for turn in range(300):
        first = 200 * turn + 1
        server.publish_many("market", [some.quote(n) for n in range(first, first + 200)])
        while not heard or heard[-1][0] < first + 199:
            heard += told([await live.next()])
        worst = max(worst, server.waiting_bytes)

    assert [seq for seq, _ in heard] == list(range(1, total + 1))
    assert server.clients == len(dead) + 1
    # Of 3 MB for each dead reader next to nothing is kept: the rest of one frame of 200 quotes.
    assert worst < len(dead) * (SLOW.pause_bytes + 12_000)


async def test_a_reader_that_was_behind_is_told_what_it_lost_and_gets_the_newest(
    bus, raw, hello, some
):
    server = await bus(limits=SLOW)
    late = await raw(server, hello("market"), narrow=True)
    await late.next()
    await late.next()
    late.deafen()
    total, names = 40_000, "ABCD"
    for first in range(1, total + 1, 100):
        server.publish_many(
            "market", [some.quote(n, names[n % 4]) for n in range(first, first + 100)]
        )
        server.publish("market", some.bar(0))
        await asyncio.sleep(0)
    last = {f"sim:{names[n % 4]}": n for n in range(total - 3, total + 1)}

    seen, lost, newest = 0, [], {}
    while newest != last:
        frame = await late.next()
        if isinstance(frame, Lost):
            assert frame.first > seen
            lost.append(frame)
        for seq, event in told([frame]):
            assert seq > seen
            seen = seq
            if isinstance(event, Quote):
                newest[event.instrument_id] = event.update_id

    assert lost
    assert all(loss.topic == "market" for loss in lost)
    assert server.lost > 1_000
    assert server.clients == 1


async def test_orders_are_never_conflated(bus, raw, hello, some):
    server = await bus(limits=BusLimits(pause_bytes=4_096))
    late = await raw(server, hello("orders"), narrow=True)
    await late.next()
    await late.next()
    late.deafen()
    total = 10_000
    for first in range(1, total + 1, 1_000):
        server.publish_many("orders", [some.notice(n) for n in range(first, first + 1_000)])
        await asyncio.sleep(0)
    waiting = server.waiting_bytes

    heard = []
    while len(heard) < total:
        heard += told([await late.next()])

    assert waiting > 4_096
    assert heard == [(n, some.notice(n)) for n in range(1, total + 1)]
    assert server.turned == 0


async def test_a_reader_for_whom_too_many_orders_wait_is_disconnected_with_the_reason(
    bus, raw, hello, some, until
):
    server = await bus(limits=SLOW)
    dead = await raw(server, hello("orders"), narrow=True)
    live = await raw(server, hello("orders"))
    for peer in (dead, live):
        await peer.next()
        await peer.next()
    dead.deafen()
    heard, total = [], 0
    while not server.turned:
        total += 500
        server.publish_many("orders", [some.notice(n) for n in range(500)])
        while len(heard) < total:
            heard += told([await live.next()])
        assert server.waiting_bytes < 2 * SLOW.buffer_bytes

    frames = await dead.rest()

    assert frames[-1].code == "RF-N-034"
    assert [seq for seq, _ in told(frames)] == list(range(1, len(told(frames)) + 1))
    await until(lambda: server.clients == 1)
    assert [seq for seq, _ in heard] == list(range(1, total + 1))


async def test_orders_that_wait_too_long_end_the_link(bus, raw, hello, some, until):
    limits = BusLimits(pause_bytes=4_096, slow_s=0.05, heartbeat_s=0.02)
    server = await bus(limits=limits)
    dead = await raw(server, hello("market", "orders"), narrow=True)
    await dead.next()
    await dead.next()
    dead.deafen()
    while server.waiting_bytes <= limits.pause_bytes:
        server.publish_many("orders", [some.notice(n) for n in range(500)])
        await asyncio.sleep(0)

    await until(lambda: server.turned == 1)

    assert (await dead.rest())[-1].code == "RF-N-034"


# --- life of a link ------------------------------------------------------------------------------


async def test_the_heart_beats(bus, raw, hello):
    server = await bus(limits=BusLimits(heartbeat_s=0.01))
    peer = await raw(server, hello())
    await peer.next()
    assert [await peer.next() for _ in range(3)] == [Heartbeat(0, 1_000)] * 3


async def test_a_silent_client_is_hung_up(bus, raw, hello):
    server = await bus(limits=BusLimits(idle_s=0.05, heartbeat_s=0.02))
    peer = await raw(server, hello("market"))
    assert (await peer.rest())[-1].code == "RF-N-036"


async def test_a_flood_of_frames_is_hung_up(bus, raw, hello):
    server = await bus(limits=BusLimits(frames_per_s=50))
    peer = await raw(server, hello(), *[Ping(n) for n in range(500)])

    frames = await peer.rest()

    assert frames[-1].text == "more than 50 frames a second"
    assert len(frames) < 10


async def test_garbage_of_one_costs_no_other(bus, raw, hello, some):
    server = await bus()
    good, bad = await raw(server, hello("orders")), await raw(server, hello("orders"))
    for peer in (good, bad):
        await peer.next()
        await peer.next()
    bad.writer.write(struct.pack("<I", 1 << 21))
    assert (await bad.rest())[-1].code == "RF-N-014"

    server.publish("orders", some.notice(1))

    assert (await good.next()).body == some.notice(1)


async def test_a_stop_tells_what_was_published_and_says_goodbye(bus, raw, hello, some):
    server = await bus()
    reader, stranger = await raw(server, hello("orders")), await raw(server)
    await reader.next()
    await reader.next()
    server.publish("orders", some.notice(1))

    stopping = asyncio.create_task(server.stop())

    assert (await reader.next()).body == some.notice(1)
    assert (await reader.rest())[0].code == "RF-N-037"
    assert (await stranger.rest())[0].code == "RF-N-037"
    reader.writer.close()
    stranger.writer.close()
    await stopping
    server.publish("orders", some.notice(2))
    assert (server.head, server.clients) == (1, 0)


async def test_a_stop_cuts_off_who_does_not_go(bus, raw, hello):
    server = await bus()
    peer = await raw(server, hello("orders"))
    await peer.next()
    await server.stop(grace_s=0.01)
    assert server.clients == 0


# --- questions -----------------------------------------------------------------------------------


async def test_a_question_is_answered_with_the_handlers_value(bus, raw, hello):
    server = await bus()
    peer = await raw(server, hello(role=Role.TRADE), Ask(7, "status", '{"deep":[1,null]}'))
    await peer.next()

    reply = await peer.next()

    assert (reply.number, reply.ok, reply.exit) == (7, True, 0)
    assert '"args":{"deep":[1,null]}' in reply.data
    assert '"role":"trade"' in reply.data
    assert server.asked == 1


async def test_an_rf_error_is_one_reply_with_all_its_fields(bus, raw, hello):
    server = await bus()
    peer = await raw(server, hello(), Ask(1, "refuse", ""), Ask(2, "status", ""))
    await peer.next()
    assert await peer.next() == Reply(
        1, False, "", "RF-R-004", "limit is 5, was 6", "per day", "rf risk", 6
    )
    assert (await peer.next()).number == 2


@pytest.mark.parametrize("verb", ["bug", "odd"])
async def test_a_bug_in_a_verb_is_an_internal_error_and_shows_no_secret(
    bus, raw, hello, caplog, verb, tokens
):
    server = await bus()
    peer = await raw(server, hello(), Ask(1, verb, ""), Ask(2, "status", ""))
    await peer.next()

    reply = await peer.next()

    assert (reply.message, reply.fix) == ("internal error", "see the daemon's log")
    assert (await peer.next()).ok
    assert f"verb '{verb}' failed" in caplog.text
    assert tokens[Role.ADMIN].reveal() not in caplog.text


async def test_the_redactor_of_the_app_is_used(bus, raw, hello, caplog):
    class Loud(Redactor):
        def text(self, text):
            return "(redacted)"

    server = await bus(redactor=Loud())
    peer = await raw(server, hello(), Ask(1, "bug", ""))
    await peer.next()
    await peer.next()
    assert "(redacted)" in caplog.text
    assert "KeyError" not in caplog.text


async def test_an_answer_too_large_for_a_frame_is_refused(bus, raw, hello):
    server = await bus()
    peer = await raw(server, hello(), Ask(1, "big", ""))
    await peer.next()
    assert (await peer.next()).code == "RF-N-015"


@pytest.mark.parametrize("args", ["{", "[]", "1", '{"a":' + "[" * 5_000])
async def test_arguments_that_are_no_object_are_refused(bus, raw, hello, args):
    server = await bus()
    peer = await raw(server, hello())
    await peer.next()
    peer.send(Ask(1, "status", args))
    reply = await peer.next()
    assert (reply.code, reply.exit) == ("RF-N-014", 2)


@pytest.mark.parametrize(
    ("role", "verb", "is_allowed"),
    [
        (Role.READ, "status", True),
        (Role.READ, "order", False),
        (Role.READ, "resume", False),
        (Role.TRADE, "order", True),
        (Role.TRADE, "kill", True),
        (Role.TRADE, "resume", False),
        (Role.TRADE, "shutdown", False),
        (Role.TRADE, "unheard-of", False),
        (Role.ADMIN, "resume", True),
        (Role.ADMIN, "unheard-of", True),
    ],
)
async def test_a_role_may_ask_what_is_its_own(bus, raw, hello, role, verb, is_allowed):
    heard = []
    server = await bus(verbs=VERB_ROLES, on_refused=lambda _, reason: heard.append(reason))
    peer = await raw(server, hello(role=role), Ask(1, verb, ""))
    await peer.next()

    reply = await peer.next()

    assert reply.ok is is_allowed
    assert (reply.code == "RF-N-033") is not is_allowed
    assert len(heard) == (not is_allowed)
    assert server.asked == is_allowed


async def test_a_question_that_takes_long_holds_up_no_other_and_too_many_are_refused(
    bus, raw, hello
):
    go = asyncio.Event()

    async def handler(verb, args, peer, role):
        if verb == "wait":
            await go.wait()
        return verb

    server = await bus(handler=handler, limits=BusLimits(asks=2))
    peer = await raw(server, hello(), Ask(1, "wait", ""), Ask(2, "status", ""))
    await peer.next()
    assert (await peer.next()).number == 2
    peer.send(Ask(3, "wait", ""), Ask(4, "status", ""))
    busy = await peer.next()
    go.set()

    assert (busy.number, busy.code) == (4, "RF-N-035")
    assert {(await peer.next()).number, (await peer.next()).number} == {1, 3}


async def test_what_a_client_asked_is_done_though_it_went_away(bus, raw, hello, until):
    go, done = asyncio.Event(), []

    async def handler(verb, args, peer, role):
        await go.wait()
        done.append(verb)

    server = await bus(handler=handler)
    peer = await raw(server, hello(), Ask(1, "wait", ""))
    await until(lambda: server.asked == 1)
    peer.writer.close()
    await until(lambda: server.clients == 0)
    go.set()
    await until(lambda: done == ["wait"])


async def test_a_stop_from_within_a_verb_is_still_answered(bus, raw, hello, until):
    async def handler(verb, args, peer, role):
        await server.stop(grace_s=0.2)
        return "stopped"

    server = await bus(handler=handler, verbs={"status": Role.READ})
    other = await raw(server, hello())
    await other.next()
    peer = await raw(server, hello(), Ask(1, "status", ""))
    await peer.next()

    assert (await peer.next()).data == '"stopped"'
    assert (await peer.rest())[0].code == "RF-N-037"
    assert (await other.rest())[-1].code == "RF-N-037"
    await until(lambda: server.clients == 0)


async def test_a_verb_that_takes_too_long_does_not_hold_up_the_stop(bus, raw, hello, until):
    async def handler(verb, args, peer, role):
        await asyncio.Event().wait()

    server = await bus(handler=handler)
    peer = await raw(server, hello(), Ask(1, "wait", ""))
    await until(lambda: server.asked == 1)
    peer.writer.write_eof()
    await server.stop(grace_s=0.01)
    assert server.clients == 0


# --- the client, against the real server ---------------------------------------------------------


async def test_a_reader_that_comes_back_gets_a_new_snapshot(bus, client, some):
    server = await bus()
    session = client(server.port, "orders").session()
    first = await anext(session)
    server.publish("orders", some.notice(1))
    assert (await anext(session)).event == some.notice(1)
    stopping = asyncio.create_task(server.stop())
    gone = await anext(session)
    await stopping
    again = await bus(port=server.port, session="S2")
    again.publish("orders", some.notice(1))
    while isinstance(back := await anext(session), Disconnected):
        pass
    await session.aclose()

    assert (first.welcome.session, first.seq) == ("S1", 0)
    assert gone == Disconnected("the daemon is stopping", "RF-N-037", "")
    assert (back.welcome.session, back.seq, back.snapshot) == ("S2", 1, {"seq": 1})
