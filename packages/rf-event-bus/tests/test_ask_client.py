import asyncio
import socket
import threading
from contextlib import closing, contextmanager, suppress

import pytest

from rf_common.errors import ConfigError
from rf_event_bus import BusAsk, BusRefused, BusUnreachable, Role
from rf_event_bus.messages import Heartbeat, Reply, ToAsker, Turned, Welcome
from rf_event_bus.postcard import codec
from rf_net import LocalProtocolError, encode_frame

BEAT = Heartbeat(1, 1)


def said(*frames):
    return b"".join(encode_frame(codec(ToAsker).encode(frame)) for frame in frames)


WELCOME = said(Welcome(1, "", "S", "SIM", Role.ADMIN, 1, 0))


@contextmanager
def fake(*answers):
    """A server that sends each answer after it read something, then hangs up."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve():
            peer, _ = listener.accept()
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with closing(peer):
                for answer in answers:
                    peer.recv(65536)
                    if answer is None:
                        peer.recv(65536)  # silent until the client hangs up
                        return
                    with suppress(OSError):  # the client may hang up on wrong answers
                        for piece in (answer[:3], answer[3:5], answer[5:]):
                            peer.sendall(piece)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5)
        assert not thread.is_alive()


@pytest.fixture
def token(tokens):
    return tokens[Role.ADMIN]


@pytest.fixture
def in_thread(tokens):
    async def run(server, use, role=Role.ADMIN, held=Role.ADMIN):
        def work():
            with BusAsk("127.0.0.1", server.port, tokens[held], role=role) as asker:
                return use(asker)

        return await asyncio.to_thread(work)

    return run


async def test_a_verb_is_answered_with_the_handlers_value(bus, in_thread):
    server = await bus()
    answers = await in_thread(
        server, lambda asker: (asker.ask("status", {"deep": [1, None]}), asker.ask("status"))
    )
    assert answers[0]["args"] == {"deep": [1, None]}
    assert (answers[1]["args"], answers[1]["role"]) == ({}, "admin")


async def test_a_refusal_is_the_daemons_and_the_link_goes_on(bus, in_thread):
    def use(asker):
        with pytest.raises(BusRefused) as caught:
            asker.ask("refuse")
        return caught.value, asker.ask("status")["verb"]

    error, verb = await in_thread(await bus(), use)

    assert (error.code, error.message, error.exit_code) == ("RF-R-004", "limit is 5, was 6", 6)
    assert (error.detail, error.fix, verb) == ("per day", "rf risk", "status")


async def test_a_role_that_is_not_enough_is_refused(bus, in_thread):
    server = await bus()
    with pytest.raises(BusRefused, match="expected the role admin") as caught:
        await in_thread(server, lambda asker: asker.ask("resume"), Role.TRADE, Role.TRADE)
    assert (caught.value.code, caught.value.exit_code) == ("RF-N-033", 4)


async def test_a_role_above_the_token_is_refused(bus, in_thread):
    server = await bus()
    with pytest.raises(BusRefused, match="the token is good for read") as caught:
        await in_thread(server, lambda asker: asker.ask("status"), Role.ADMIN, Role.READ)
    assert caught.value.fix == "use the admin token"


async def test_a_wrong_token_is_exit_4(bus, tokens):
    server = await bus(tokens={Role.ADMIN: tokens[Role.READ]})

    def work():
        with BusAsk("127.0.0.1", server.port, tokens[Role.ADMIN]):
            pytest.fail("the greeting was accepted")

    with pytest.raises(BusRefused, match="the token is wrong") as caught:
        await asyncio.to_thread(work)
    assert (caught.value.code, caught.value.exit_code) == ("RF-N-010", 4)


def test_nothing_that_listens_is_exit_13_with_the_way_out(token):
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(BusUnreachable, match=f"no daemon at 127.0.0.1:{port}") as caught:
        BusAsk("127.0.0.1", port, token).__enter__()

    assert (caught.value.code, caught.value.exit_code) == ("RF-N-013", 13)
    assert caught.value.fix == "uv run daemon"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        encode_frame(b"\x09"),
        encode_frame(b"\x00"),
        encode_frame(b"\x00" * 64),
        said(Reply(0, True, "1")),
        b"\0\0\0\0",
        b"\x05\0\0\0{",
        b"",
    ],
)
def test_what_answers_wrongly_is_not_the_daemon(answer, token):
    with (
        fake(answer) as port,
        pytest.raises(BusUnreachable),
        BusAsk("127.0.0.1", port, token),
    ):
        pytest.fail("the greeting was accepted")


def test_a_daemon_that_does_not_answer_the_greeting_times_out(token):
    with (
        fake(None) as port,
        pytest.raises(BusUnreachable, match="no answer in time"),
        BusAsk("127.0.0.1", port, token, timeout_s=0.05),
    ):
        pytest.fail("the greeting was accepted")


def test_heartbeats_before_an_answer_are_passed_over(token):
    answer = said(BEAT, BEAT, Reply(1, True, '{"a":[1,2]}'))
    with fake(WELCOME, answer) as port, BusAsk("127.0.0.1", port, token) as asker:
        assert asker.ask("status") == {"a": [1, 2]}


def test_heartbeats_do_not_prolong_the_deadline(token):
    with (
        fake(WELCOME, said(BEAT), None) as port,
        BusAsk("127.0.0.1", port, token) as asker,
        pytest.raises(BusUnreachable, match="no answer in time") as caught,
    ):
        asker.ask("kill", timeout_s=0.05)
    assert "may have carried it out" in caught.value.detail


@pytest.mark.parametrize(
    "answer",
    [said(Reply(2, True, "1")), said(Reply(1, True, "{")), WELCOME, b"\0\0\0\0", b""],
)
def test_a_wrong_answer_closes_the_link(answer, token):
    with fake(WELCOME, answer) as port, BusAsk("127.0.0.1", port, token) as asker:
        with pytest.raises(BusUnreachable):
            asker.ask("status")
        with pytest.raises(BusUnreachable, match="the link is closed"):
            asker.ask("status")


def test_a_daemon_that_stops_says_so(token):
    turned = said(Turned("RF-N-037", "the daemon is stopping", ""))
    with (
        fake(WELCOME, turned) as port,
        BusAsk("127.0.0.1", port, token) as asker,
        pytest.raises(BusRefused, match="the daemon is stopping"),
    ):
        asker.ask("status")


def test_a_request_too_large_is_not_sent(token):
    with (
        fake(WELCOME) as port,
        BusAsk("127.0.0.1", port, token) as asker,
        pytest.raises(LocalProtocolError),
    ):
        asker.ask("status", {"a": "x" * (1 << 20)})


def test_closing_twice_does_nothing(token):
    with fake(WELCOME) as port, BusAsk("127.0.0.1", port, token) as asker:
        asker.close()
        asker.close()


def test_the_token_is_not_sent_to_another_machine(token):
    with pytest.raises(ConfigError, match=r"expected 127\.0\.0\.1"):
        BusAsk("192.168.1.5", 7001, token)
