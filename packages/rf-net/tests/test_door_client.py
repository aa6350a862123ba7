import socket
import threading
from contextlib import closing, contextmanager, suppress

import pytest

from rf_common.errors import ConfigError
from rf_common.secret import Secret
from rf_net import DoorClient, DoorUnreachable, LocalProtocolError, encode_frame

TOKEN = Secret("test-token-0123456789-0123456789")
WELCOME = encode_frame(b'{"id":0,"ok":true,"data":{"hello":1}}')


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


def test_nothing_that_listens_is_exit_13_with_the_way_out():
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(DoorUnreachable, match=f"no daemon at 127.0.0.1:{port}") as caught:
        DoorClient("127.0.0.1", port, TOKEN).__enter__()

    assert (caught.value.code, caught.value.exit_code) == ("RF-N-013", 13)
    assert caught.value.fix == "uv run daemon"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        encode_frame(b"not json"),
        encode_frame(b'{"id":0}'),
        encode_frame(b'{"id":3,"ok":true,"data":null}'),
        encode_frame(b'{"ok":true}'),
        encode_frame(b'{"id":0,"ok":true,"data":' + b"[" * 100_000),
        b"\0\0\0\0",
        b"\x05\0\0\0{",
        b"",
    ],
)
def test_what_answers_wrongly_is_not_the_daemon(answer):
    with (
        fake(answer) as port,
        pytest.raises(DoorUnreachable),
        DoorClient("127.0.0.1", port, TOKEN),
    ):
        pytest.fail("the greeting was accepted")


def test_a_daemon_that_does_not_answer_the_greeting_times_out():
    with (
        fake(None) as port,
        pytest.raises(DoorUnreachable, match="no answer in time"),
        DoorClient("127.0.0.1", port, TOKEN, timeout_s=0.05),
    ):
        pytest.fail("the greeting was accepted")


def test_an_answer_that_does_not_come_says_that_the_verb_may_have_been_carried_out():
    with fake(WELCOME, None) as port, DoorClient("127.0.0.1", port, TOKEN) as client:
        with pytest.raises(DoorUnreachable, match="no answer in time") as caught:
            client.ask("buy", timeout_s=0.05)
        assert "may have carried it out" in caught.value.detail

        with pytest.raises(DoorUnreachable, match="link is closed"):
            client.ask("status")


def test_the_answer_to_another_question_is_never_taken():
    stale = encode_frame(b'{"id":7,"ok":true,"data":"old"}')
    with (
        fake(WELCOME, stale) as port,
        DoorClient("127.0.0.1", port, TOKEN) as client,
        pytest.raises(DoorUnreachable, match="an answer to 7, expected one to 1"),
    ):
        client.ask("status")


def test_an_answer_in_pieces_is_put_together():
    answer = encode_frame(b'{"id":1,"ok":true,"data":[1,2]}')
    with fake(WELCOME, answer) as port, DoorClient("127.0.0.1", port, TOKEN) as client:
        assert client.ask("status") == [1, 2]


def test_a_request_too_large_is_not_sent():
    with (
        fake(WELCOME) as port,
        DoorClient("127.0.0.1", port, TOKEN) as client,
        pytest.raises(LocalProtocolError),
    ):
        client.ask("status", {"a": "x" * (1 << 20)})


def test_the_token_is_not_sent_to_another_machine():
    with pytest.raises(ConfigError, match=r"expected 127\.0\.0\.1"):
        DoorClient("192.168.1.5", 7001, TOKEN)
