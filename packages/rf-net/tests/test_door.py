import asyncio
import json
import logging
import socket
import struct
from contextlib import asynccontextmanager

import pytest

import rf_net.door
from rf_common.errors import ConfigError, RfError
from rf_common.secret import Secret
from rf_net import DoorClient, DoorRefused, DoorServer, NetError, encode_frame

TOKEN = Secret("test-token-0123456789-0123456789")
HELLO = b'{"hello":1,"token":"' + TOKEN.reveal().encode() + b'"}'


async def echo(verb, args, peer):
    if verb == "refuse":
        raise RfError(
            "limit is 5, was 6", code="RF-R-004", detail="per day", fix="rf risk", exit_code=6
        )
    if verb == "bug":
        raise KeyError(TOKEN.reveal())
    if verb == "big":
        return "x" * (1 << 20)
    if verb == "bulk":
        return "x" * (1_000_000)
    if verb == "odd":
        return object()
    return {"verb": verb, "args": dict(args), "peer": peer}


@asynccontextmanager
async def door(handler=echo, token=TOKEN, **options):
    server = DoorServer(handler, token, **options)
    server.port = await server.start()
    try:
        yield server
    finally:
        await server.stop()


class Raw:
    """A peer that speaks bytes."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def frame(self):
        (length,) = struct.unpack("<I", await self.reader.readexactly(4))
        return json.loads(await self.reader.readexactly(length))

    async def at_end(self):
        return await self.reader.read() == b""


@asynccontextmanager
async def raw(server, *payloads):
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for payload in payloads:
        writer.write(encode_frame(payload))
    try:
        async with asyncio.timeout(5):
            yield Raw(reader, writer)
    finally:
        writer.close()


async def in_thread(server, use, token=TOKEN):
    def run():
        with DoorClient("127.0.0.1", server.port, token) as client:
            return use(client)

    return await asyncio.to_thread(run)


async def test_a_verb_is_answered_with_the_handlers_value():
    async with door() as server:
        answer = await in_thread(server, lambda client: client.ask("status", {"deep": [1, None]}))

    assert answer["verb"] == "status"
    assert answer["args"] == {"deep": [1, None]}
    assert answer["peer"].startswith("127.0.0.1:")
    assert (server.requests, server.refused, server.clients) == (1, 0, 0)


async def test_the_bytes_on_the_wire_are_as_documented():
    request = b'{"id":7,"verb":"status","args":{"a":1}}'
    async with door() as server, raw(server, HELLO, request) as peer:
        assert await peer.frame() == {"id": 0, "ok": True, "data": {"hello": 1}}
        assert server.clients == 1
        reply = await peer.frame()
    assert (reply["id"], reply["ok"], reply["data"]["args"]) == (7, True, {"a": 1})


async def test_an_rf_error_is_one_error_reply_with_all_its_fields():
    async with door() as server, raw(server, HELLO, b'{"id":1,"verb":"refuse"}') as peer:
        await peer.frame()
        assert await peer.frame() == {
            "id": 1,
            "ok": False,
            "code": "RF-R-004",
            "message": "limit is 5, was 6",
            "detail": "per day",
            "fix": "rf risk",
            "exit": 6,
        }
        peer.writer.write(encode_frame(b'{"id":2,"verb":"status"}'))
        assert (await peer.frame())["id"] == 2


async def test_the_client_raises_the_daemons_refusal_and_goes_on():
    def use(client):
        with pytest.raises(DoorRefused) as caught:
            client.ask("refuse")
        return caught.value, client.ask("status")["verb"]

    async with door() as server:
        error, verb = await in_thread(server, use)

    assert (error.code, error.message, error.detail) == ("RF-R-004", "limit is 5, was 6", "per day")
    assert (error.fix, error.exit_code, verb) == ("rf risk", 6, "status")


@pytest.mark.parametrize("verb", ["bug", "odd"])
async def test_a_bug_in_the_handler_is_an_internal_error_and_no_secret_is_logged(verb, caplog):
    def use(client):
        with pytest.raises(DoorRefused, match="internal error") as caught:
            client.ask(verb)
        return caught.value.code, client.ask("status")["verb"]

    async with door() as server:
        assert await in_thread(server, use) == ("RF-X-000", "status")

    assert f"verb '{verb}' failed" in caplog.text
    assert TOKEN.reveal() not in caplog.text


async def test_an_answer_too_large_is_told():
    def use(client):
        with pytest.raises(DoorRefused, match="the door carries") as caught:
            client.ask("big")
        return caught.value.code

    async with door() as server:
        assert await in_thread(server, use) == "RF-N-015"


@pytest.mark.parametrize(
    "greeting",
    [
        b'{"hello":1,"token":"wrong"}',
        b'{"hello":1,"token":""}',
        b'{"hello":1}',
        b'{"hello":2,"token":"%s"}' % TOKEN.reveal().encode(),
        b'{"hello":true,"token":"%s"}' % TOKEN.reveal().encode(),
        b'{"hello":1,"token":"%s","x":1}' % TOKEN.reveal().encode(),
        b'{"hello":1,"token":null}',
        b'{"id":1,"verb":"status","args":{}}',
        b"[" * 4000,
        b"\xff\xfe",
        b'{"hello":1,"token":"\xff"}',
        b'{"hello":NaN,"token":""}',
        b"null",
    ],
)
async def test_without_the_right_greeting_there_is_a_polite_no_and_the_end(greeting):
    refusals = []
    async with (
        door(on_refused=lambda peer, reason: refusals.append((peer, reason))) as server,
        raw(server, greeting, b'{"id":1,"verb":"status"}') as peer,
    ):
        reply = await peer.frame()
        assert (reply["ok"], reply["code"], reply["exit"]) == (False, "RF-N-010", 4)
        assert await peer.at_end()
    assert (server.requests, server.refused, len(refusals)) == (0, 1, 1)
    assert refusals[0][0].startswith("127.0.0.1:")


async def test_a_silent_peer_is_told_that_it_is_late():
    async with door(hello_s=0.02) as server, raw(server) as peer:
        assert (await peer.frame())["code"] == "RF-N-011"
        assert await peer.at_end()
    assert server.refused == 1


async def test_a_dripping_greeting_does_not_stretch_the_deadline():
    async with door(hello_s=0.02) as server, raw(server) as peer:
        peer.writer.write(encode_frame(HELLO)[:10])
        assert (await peer.frame())["code"] == "RF-N-011"


async def test_before_the_greeting_four_kilobytes_are_the_limit():
    async with door() as server, raw(server) as peer:
        peer.writer.write(struct.pack("<I", 4097))
        reply = await peer.frame()
        assert (reply["code"], await peer.at_end()) == ("RF-N-014", True)
        assert "4096" in reply["message"]


async def test_after_the_greeting_a_large_request_passes():
    request = json.dumps({"id": 1, "verb": "status", "args": {"a": "x" * 500_000}}).encode()
    async with door() as server, raw(server, HELLO) as peer:
        await peer.frame()
        peer.writer.write(encode_frame(request))
        assert (await peer.frame())["ok"]


@pytest.mark.parametrize(
    "garbage",
    [
        struct.pack("<I", 0),
        struct.pack("<I", 2**32 - 1),
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        encode_frame(b"\x00\x01\x02"),
        encode_frame(b'{"id":1,"verb":"status","args":{"a":NaN}}'),
        encode_frame(b'{"id":1,"verb":"status","extra":1}'),
        encode_frame(b'{"id":0,"verb":"status"}'),
        encode_frame(b'{"id":true,"verb":"status"}'),
        encode_frame(b'{"id":1,"verb":""}'),
        encode_frame(b'{"id":1,"verb":"status","args":[]}'),
        encode_frame(b'{"id":1,"verb":"status"} trailing'),
        encode_frame(b'{"id":1,"verb":"status","args":{"a":' + b"[" * 100_000),
    ],
)
async def test_garbage_ends_its_own_peer_and_no_other(garbage):
    async with (
        door() as server,
        raw(server, HELLO) as honest,
        raw(server, HELLO) as evil,
    ):
        await honest.frame()
        await evil.frame()
        evil.writer.write(garbage)
        reply = await evil.frame()
        assert (reply["ok"], reply["code"], await evil.at_end()) == (False, "RF-N-014", True)

        honest.writer.write(encode_frame(b'{"id":5,"verb":"status"}'))
        assert (await honest.frame())["id"] == 5
    assert (server.refused, server.requests) == (1, 1)


async def test_text_of_a_peer_reaches_log_and_audit_without_control_characters(caplog):
    reasons = []
    evil = b'{"id":1,"verb":"status","\\u001b[2Jfake\\nline":1}'
    async with (
        door(on_refused=lambda peer, reason: reasons.append(reason)) as server,
        raw(server, HELLO, evil) as peer,
    ):
        await peer.frame()
        await peer.frame()
    assert reasons[0].isprintable()
    assert all(record.getMessage().isprintable() for record in caplog.records)


async def test_one_peer_address_gets_one_log_line_a_second(caplog, monkeypatch):
    monkeypatch.setattr(rf_net.door, "monotonic_ns", lambda: 0)
    async with door() as server:
        for _ in range(5):
            async with raw(server, b"junk") as peer:
                await peer.frame()

    assert server.refused == 5
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


async def test_a_peer_that_does_not_read_is_dropped():
    async with door(write_s=0.05) as server:
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", server.port))
        deaf.sendall(encode_frame(HELLO))
        deaf.sendall(b"".join(encode_frame(b'{"id":%d,"verb":"bulk"}' % n) for n in range(1, 50)))
        async with raw(server, HELLO, b'{"id":1,"verb":"status"}') as honest:
            await honest.frame()
            assert (await honest.frame())["ok"]
            assert server.clients == 2
            await asyncio.wait(server._tasks, return_when=asyncio.FIRST_COMPLETED)
            assert server.clients == 1
            honest.writer.write(encode_frame(b'{"id":2,"verb":"status"}'))
            assert (await honest.frame())["ok"]
        deaf.close()
    assert server.requests < 50


async def test_an_idle_peer_is_hung_up():
    async with door(idle_s=0.02) as server, raw(server, HELLO) as peer:
        await peer.frame()
        assert await peer.at_end()


async def test_one_client_more_than_allowed_is_refused_politely():
    async with door(max_clients=1) as server, raw(server, HELLO) as first:
        await first.frame()
        async with raw(server, HELLO) as second:
            assert (await second.frame())["code"] == "RF-N-012"
        first.writer.write(encode_frame(b'{"id":1,"verb":"status"}'))
        assert (await first.frame())["ok"]


async def test_strangers_cannot_lock_the_owner_out():
    async with door(max_clients=2) as server:
        strangers = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(10)]
        try:
            assert (await in_thread(server, lambda client: client.ask("kill")))["verb"] == "kill"
            strangers[0].settimeout(5)
            assert await asyncio.to_thread(strangers[0].recv, 1) == b""
        finally:
            for stranger in strangers:
                stranger.close()
    assert server.refused >= 8


async def test_a_callback_that_fails_does_not_end_the_door(caplog):
    def fail(peer, reason):
        raise RuntimeError(TOKEN.reveal())

    async with door(on_refused=fail) as server:
        async with raw(server, b"junk") as peer:
            assert await peer.at_end()
        assert (await in_thread(server, lambda client: client.ask("status")))["verb"] == "status"
    assert "was dropped" in caplog.text
    assert TOKEN.reveal() not in caplog.text


async def test_a_verb_at_work_is_answered_before_the_door_closes():
    at_work = asyncio.Event()

    async def slow(verb, args, peer):
        at_work.set()
        await asyncio.sleep(0.02)
        return "done"

    async with door(slow) as server, raw(server, HELLO, b'{"id":1,"verb":"x"}') as peer:
        await at_work.wait()
        await server.stop()
        await peer.frame()
        assert (await peer.frame())["data"] == "done"
        assert await peer.at_end()


async def test_a_verb_that_hangs_is_given_up_after_the_grace():
    at_work = asyncio.Event()

    async def hang(verb, args, peer):
        at_work.set()
        await asyncio.Event().wait()

    async with door(hang) as server, raw(server, HELLO, b'{"id":1,"verb":"x"}'):
        await at_work.wait()
        await server.stop(grace_s=0.01)
        assert server.clients == 0


async def test_a_verb_may_close_the_door_and_is_still_answered():
    async def close(verb, args, peer):
        await server.stop()
        return "bye"

    async with door(close) as server, raw(server, HELLO, b'{"id":1,"verb":"stop"}') as peer:
        await peer.frame()
        assert (await peer.frame())["data"] == "bye"
        assert await peer.at_end()


async def test_a_taken_port_is_told():
    async with door() as server:
        with pytest.raises(NetError, match=f"cannot listen on 127.0.0.1:{server.port}"):
            await DoorServer(echo, TOKEN, port=server.port).start()


@pytest.mark.parametrize(
    ("token", "host", "port"),
    [(Secret(""), "127.0.0.1", 0), (TOKEN, "0.0.0.0", 0), (TOKEN, "127.0.0.1", 70000)],
)
def test_a_door_that_would_not_be_safe_is_not_built(token, host, port):
    with pytest.raises(ConfigError, match="expected"):
        DoorServer(echo, token, host=host, port=port)


async def test_the_client_is_told_of_a_wrong_token():
    async with door() as server:
        with pytest.raises(DoorRefused, match="token is wrong") as caught:
            await in_thread(server, lambda client: client.ask("status"), Secret("wrong"))
    assert (caught.value.code, caught.value.exit_code) == ("RF-N-010", 4)
