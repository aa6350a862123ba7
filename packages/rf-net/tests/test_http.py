import asyncio
import gzip
import socket
import traceback
from contextlib import asynccontextmanager, closing

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from rf_common.errors import ConfigError
from rf_common.secret import Redactor, Secret
from rf_net import (
    HttpClient,
    HttpFailed,
    HttpRejected,
    RateLimited,
    ReconnectPolicy,
    RemoteProtocolError,
    ResponseTooLarge,
    TimedOut,
    Unreachable,
)

KEY = "k3y-of-a-customer"


@asynccontextmanager
async def venue(answer, **options):
    """A server that answers every GET with `answer(request)`, and a client for it."""
    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app, host="127.0.0.1") as server, HttpClient(**options) as http:
        http.url = str(server.make_url("/api/x"))
        yield http


@asynccontextmanager
async def bytes_server(answer):
    """A server that reads a little, says `answer` and hangs up."""

    async def speak(reader, writer):
        await reader.read(100)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server, HttpClient() as http:
        http.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
        yield http


def always(status, body=b"", **headers):
    async def answer(request):
        answer.count += 1
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, body=body, headers=named)

    answer.count = 0
    return answer


def in_turn(*statuses):
    left = list(statuses)

    async def answer(request):
        return web.Response(status=left.pop(0), body=b"fine")

    return answer


class Sleep:
    def __init__(self):
        self.delays = []

    async def __call__(self, seconds):
        self.delays.append(seconds)


def policy():
    return ReconnectPolicy(lambda: 0.5)


async def test_the_body_of_a_good_answer_is_returned():
    async def show(request):
        return web.json_response([dict(request.query), request.headers["X-A"]])

    async with venue(show) as http:
        body = await http.get_bytes(http.url, params={"symbol": "BTCUSDT"}, headers={"X-A": "b"})

    assert body == b'[{"symbol": "BTCUSDT"}, "b"]'


async def test_an_answer_of_exactly_the_limit_passes_and_one_byte_more_does_not():
    async with venue(always(200, b"x" * 100_000), max_bytes=100_000) as http:
        assert len(await http.get_bytes(http.url)) == 100_000
    async with venue(always(200, b"x" * 100_001), max_bytes=100_000) as http:
        with pytest.raises(ResponseTooLarge, match="more than 100000 bytes"):
            await http.get_bytes(http.url)


async def test_the_limit_counts_after_decompression():
    bomb = gzip.compress(b"\0" * 10_000_000)
    async with venue(always(200, bomb, Content_Encoding="gzip"), max_bytes=1_000_000) as http:
        with pytest.raises(ResponseTooLarge):
            await http.get_bytes(http.url)


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (301, HttpRejected, "RF-N-006"),
        (400, HttpRejected, "RF-N-006"),
        (404, HttpRejected, "RF-N-006"),
        (418, RateLimited, "RF-N-005"),
        (429, RateLimited, "RF-N-005"),
        (500, HttpFailed, "RF-N-007"),
        (503, HttpFailed, "RF-N-007"),
    ],
)
async def test_failures_are_told_apart(status, kind, code):
    body = b'{"code":-1121,"msg":"Invalid \x1b[31msymbol."}' + b"x" * 500
    async with venue(always(status, body, Retry_After="7", Location="/other")) as http:
        with pytest.raises(kind) as caught:
            await http.get_bytes(http.url)

    error = caught.value
    assert (error.code, error.status, error.retry_after_s, error.exit_code) == (code, status, 7, 5)
    assert f"answered {status}" in error.message
    assert error.detail.startswith('{"code":-1121,"msg":"Invalid [31msymbol."}')
    assert error.detail.isprintable()
    assert len(error.detail) == 200


async def test_nothing_that_listens_is_unreachable():
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    async with HttpClient() as http:
        with pytest.raises(Unreachable, match="no connection"):
            await http.get_bytes(f"http://127.0.0.1:{port}/")


async def test_a_slow_answer_times_out():
    gone = asyncio.Event()

    async def slow(request):
        await gone.wait()
        return web.Response()

    async with venue(slow) as http:
        with pytest.raises(TimedOut, match="no answer in time"):
            await http.get_bytes(http.url, timeout_s=0.05)
        gone.set()


async def test_a_dripping_answer_does_not_stretch_the_deadline():
    async def drip(request):
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1000):
            await response.write(b"x")
            await asyncio.sleep(0.01)
        return response

    async with venue(drip) as http:
        with pytest.raises(TimedOut):
            await http.get_bytes(http.url, timeout_s=0.1)


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"\x00\xff" * 50,
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
)
async def test_what_is_not_http_or_not_whole_breaks_the_protocol(answer):
    async with bytes_server(answer) as http:
        with pytest.raises(RemoteProtocolError, match="not HTTP or not whole"):
            await http.get_bytes(http.url)


async def test_a_server_that_hangs_up_is_unreachable():
    async with bytes_server(b"") as http:
        with pytest.raises(Unreachable):
            await http.get_bytes(http.url)


async def test_the_status_counts_even_if_its_body_is_cut():
    answer = b"HTTP/1.1 429 No\r\nRetry-After: 9\r\nContent-Length: 100\r\n\r\n"
    async with bytes_server(answer) as http:
        with pytest.raises(RateLimited) as caught:
            await http.get_bytes(http.url)
    assert caught.value.retry_after_s == 9


@pytest.mark.parametrize("answer", [always(401, KEY.encode()), always(200, b"x" * 99)])
async def test_no_secret_stands_in_an_error(answer):
    async with venue(answer, redactor=Redactor([Secret(KEY)]), max_bytes=10) as http:
        with pytest.raises((HttpRejected, ResponseTooLarge)) as caught:
            await http.get_bytes(f"{http.url}/{KEY}", params={"sig": KEY}, headers={"X-KEY": KEY})
    assert KEY not in "".join(traceback.format_exception(caught.value)) + caught.value.render()


async def test_no_query_stands_in_a_refusal():
    async with venue(always(401, b"no")) as http:
        with pytest.raises(HttpRejected) as caught:
            await http.get_bytes(http.url, params={"sig": KEY})
    assert KEY not in "".join(traceback.format_exception(caught.value)) + caught.value.render()


async def test_no_query_stands_in_a_protocol_error():
    async with bytes_server(b"junk\r\n\r\n") as http:
        with pytest.raises(RemoteProtocolError) as caught:
            await http.get_bytes(http.url, params={"sig": KEY})
    assert KEY not in "".join(traceback.format_exception(caught.value)) + caught.value.render()


async def test_an_address_in_the_clear_to_elsewhere_is_refused():
    async with HttpClient() as http:
        with pytest.raises(ConfigError, match="url = "):
            await http.get_bytes("http://api.binance.com/")


async def test_a_client_that_was_not_opened_is_a_bug():
    with pytest.raises(RuntimeError, match="context manager"):
        await HttpClient().get_bytes("http://127.0.0.1/")


async def test_what_may_pass_is_tried_again_with_growing_delays():
    sleep = Sleep()
    async with venue(in_turn(500, 503, 200)) as http:
        body = await http.get_with_retries(http.url, policy=policy(), sleep=sleep)
    assert (body, sleep.delays) == (b"fine", [0.5, 1.0])


async def test_retry_after_is_obeyed():
    sleep = Sleep()
    async with venue(always(429, Retry_After="7")) as http:
        with pytest.raises(RateLimited):
            await http.get_with_retries(http.url, policy=policy(), sleep=sleep, attempts=2)
    assert sleep.delays == [7.0]


@pytest.mark.parametrize(
    ("status", "headers"), [(418, {}), (400, {}), (404, {}), (429, {"Retry_After": "61"})]
)
async def test_a_ban_a_wrong_request_and_a_long_wait_end_the_attempts(status, headers):
    sleep, answer = Sleep(), always(status, **headers)
    async with venue(answer) as http:
        with pytest.raises((HttpRejected, RateLimited)):
            await http.get_with_retries(http.url, policy=policy(), sleep=sleep)
    assert (answer.count, sleep.delays) == (1, [])


async def test_the_last_failure_is_raised():
    sleep, answer = Sleep(), always(500)
    async with venue(answer) as http:
        with pytest.raises(HttpFailed):
            await http.get_with_retries(http.url, policy=policy(), sleep=sleep, attempts=3)
    assert (answer.count, sleep.delays) == (3, [0.5, 1.0])


async def test_success_resets_the_policy():
    shared = policy()
    async with venue(in_turn(500, 200)) as http:
        await http.get_with_retries(http.url, policy=shared, sleep=Sleep())
    assert shared.attempts == 0


async def test_no_attempt_at_all_is_a_bug():
    async with HttpClient() as http:
        with pytest.raises(ValueError, match="attempts from 1"):
            await http.get_with_retries(
                "http://127.0.0.1/", policy=policy(), sleep=Sleep(), attempts=0
            )
