"""The fake itself: two endpoints, a script of acts, and what was asked."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

import msgspec
from aiohttp import web

from rf_testkit.anthropic import wire
from rf_testkit.anthropic.acts import Act, Kind
from rf_testkit.anthropic.analyst import analyst_answer
from rf_testkit.anthropic.asked import (
    MAX_REQUEST_BYTES,
    Asked,
    Complaint,
    complaint,
    output_complaint,
)
from rf_testkit.anthropic.cache import MIN_TOKENS, PromptCache, count

_HOST = "127.0.0.1"
_MESSAGES = "/v1/messages"
_COUNT = "/v1/messages/count_tokens"
_BLOCK = 65_536


class FakeAnthropic:
    """The Messages API on loopback.

    Parameters
    ----------
    port : int
        0 lets the system choose.
    default : Act, optional
        What a call meets when the script is empty; without it the analyst answers.
    keys : iterable of str
        Accepted keys; without any every key is.
    models : iterable of str
        Known models; without any every name that begins with ``claude-`` is.
    min_cache_tokens : int
        Prefixes below it are not cached.

    Attributes
    ----------
    requests : list of Asked
        What was asked, refused requests included, oldest first.
    came : asyncio.Event
        Set with each request; whoever waits for it clears it.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        default: Act | None = None,
        keys: Iterable[str] = (),
        models: Iterable[str] = (),
        min_cache_tokens: int = MIN_TOKENS,
    ) -> None:
        self.requests: list[Asked] = []
        self.came = asyncio.Event()
        self._port = port
        self._default = default or Act()
        self._keys = frozenset(keys)
        self._models = frozenset(models)
        self._cache = PromptCache(min_cache_tokens)
        self._script: deque[Act] = deque()
        self._count_script: deque[Act] = deque()
        self._closing = asyncio.Event()
        self._number = 0
        self._asked = 0
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=MAX_REQUEST_BYTES + _BLOCK)
        app.router.add_post(_MESSAGES, self._messages)
        app.router.add_post(_COUNT, self._counts)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, _HOST, self._port).start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End hanging calls and stop listening."""
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``: the base URL to give to a client."""
        assert self._runner is not None, "not started"
        return f"http://{_HOST}:{self._runner.addresses[0][1]}"

    def then(self, *acts: Act) -> None:
        """Let the next calls meet these acts, one each, before the default is back."""
        self._script.extend(acts)

    def then_count(self, *acts: Act) -> None:
        """Script token counting; errors, cuts, hangs and raw bodies have a meaning there."""
        self._count_script.extend(acts)

    def asked(self, path: str = _MESSAGES) -> list[Asked]:
        """Return what was asked of one endpoint."""
        return [request for request in self.requests if request.path == path]

    async def arrived(self, path: str = _MESSAGES) -> Asked:
        """Return the newest request of one endpoint, as soon as there is one."""
        while not self.asked(path):
            self.came.clear()
            await self.came.wait()
        return self.asked(path)[-1]

    async def _counts(self, request: web.Request) -> web.StreamResponse:
        asked, wrong = await self._admitted(request)
        if wrong is not None:
            return self._refused(wrong)
        act = self._count_script.popleft() if self._count_script else Act()
        if act.kind is Kind.ERROR:
            return self._error(act)
        if act.kind is Kind.RAW:
            return _raw(act)
        if act.kind is Kind.HANG:
            await self._closing.wait()
        if act.kind is Kind.CUT:
            return self._cut(request)
        return _json({"input_tokens": count(asked.body)}, self._request_id())

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        asked, wrong = await self._admitted(request)
        wrong = wrong or output_complaint(asked.body)
        if wrong is not None:
            return self._refused(wrong)
        act = self._script.popleft() if self._script else self._default
        early = await self._early(request, asked, act)
        if early is not None:
            return early
        reply = self._reply(asked, act)
        if not asked.body.get("stream"):
            return _json(wire.message(reply), self._request_id())
        return await self._stream(request, reply, act)

    async def _admitted(self, request: web.Request) -> tuple[Asked, Complaint | None]:
        raw = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        wrong = complaint(headers, raw, keys=self._keys, models=self._models)
        body = msgspec.json.decode(raw) if wrong is None else {}
        asked = Asked(request.path, headers, raw, body)
        self.requests.append(asked)
        self._asked += 1
        self.came.set()
        return asked, wrong

    async def _early(
        self, request: web.Request, asked: Asked, act: Act
    ) -> web.StreamResponse | None:
        """Return what happens before any message, None if one is sent."""
        if act.kind is Kind.ERROR:
            return self._error(act)
        if act.kind is Kind.RAW:
            return _raw(act)
        if act.kind is Kind.ECHO:
            words = f"unexpected key: {asked.key}"
            return self._refused(Complaint(400, "invalid_request_error", words))
        if act.kind is Kind.REDIRECT:
            return web.Response(status=307, headers={"Location": act.text})
        if act.kind is Kind.CUT and not act.late:
            return self._cut(request)
        if act.kind is Kind.HANG and not act.late:
            await self._closing.wait()
            return self._cut(request)
        return None

    def _reply(self, asked: Asked, act: Act) -> wire.Reply:
        words = act.text
        if act.kind is Kind.ANALYST:
            held = analyst_answer(asked.user, asked.schema)
            words = msgspec.json.encode(held).decode()
        block: dict[str, Any] = {"type": "text", "text": words}
        if act.kind is Kind.TOOL_USE:
            block = {
                "type": "tool_use",
                "id": "toolu_1",
                "name": "place_order",
                "input": msgspec.json.decode(act.text),
            }
        now_s = asyncio.get_running_loop().time()
        self._number += 1
        return wire.Reply(
            message_id=f"msg_{self._number:06d}",
            model=asked.body["model"],
            block=block,
            stop_reason=act.stop_reason,
            tokens=self._cache.tokens(asked.body, words, now_s),
        )

    async def _stream(
        self, request: web.Request, reply: wire.Reply, act: Act
    ) -> web.StreamResponse:
        headers = {"Content-Type": "text/event-stream", "request-id": self._request_id()}
        if act.kind is Kind.COMPRESSED:
            headers["Content-Encoding"] = "gzip"
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):  # the client has had enough
            await self._play(request, response, reply, act)
        return response

    async def _play(
        self, request: web.Request, response: web.StreamResponse, reply: wire.Reply, act: Act
    ) -> None:
        is_accident = act.kind in _ACCIDENTS
        if act.late or not is_accident or act.kind in {Kind.DRIP, Kind.END_EARLY}:
            await response.write(wire.opening(reply))
        if is_accident:
            await self._accident(request, response, reply, act)
            return
        await response.write(b"".join((*wire.middle(reply), *wire.closing(reply))))

    async def _accident(
        self, request: web.Request, response: web.StreamResponse, reply: wire.Reply, act: Act
    ) -> None:
        if act.kind is Kind.STREAM_ERROR:
            body = wire.error_body(act.error_type, "Overloaded", self._request_id())
            await response.write(wire.raw_event("error", msgspec.json.encode(body)))
        elif act.kind is Kind.BROKEN_EVENT:
            await response.write(wire.raw_event("content_block_delta", act.text.encode()))
        elif act.kind is Kind.DRIP:
            await self._drip(response, reply, act.pause_s)
        elif act.kind is Kind.HANG:
            await self._closing.wait()
        elif act.kind is Kind.HUGE:
            await self._flood(response, act.size)
        elif act.kind is Kind.CUT:
            self._cut(request)

    async def _drip(self, response: web.StreamResponse, reply: wire.Reply, pause_s: float) -> None:
        for byte in b"".join((*wire.middle(reply), *wire.closing(reply))):
            await response.write(bytes((byte,)))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), pause_s)
                return

    async def _flood(self, response: web.StreamResponse, size: int) -> None:
        await response.write(b"event: content_block_delta\ndata: ")
        for _ in range(0, size, _BLOCK):
            await response.write(b"a" * _BLOCK)

    def _cut(self, request: web.Request) -> web.StreamResponse:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)

    def _error(self, act: Act) -> web.Response:
        body = wire.error_body(act.error_type, _WORDS.get(act.error_type, "Error"), "req_error")
        return _json(body, self._request_id(), status=act.status, headers=dict(act.headers))

    def _refused(self, wrong: Complaint) -> web.Response:
        request_id = self._request_id()
        body = wire.error_body(wrong.error_type, wrong.message, request_id)
        return _json(body, request_id, status=wrong.status)

    def _request_id(self) -> str:
        return f"req_{self._asked:06d}"


def _json(
    body: object, request_id: str, *, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(body),
        status=status,
        content_type="application/json",
        headers={"request-id": request_id, **(headers or {})},
    )


def _raw(act: Act) -> web.Response:
    body = act.text.encode("latin-1")
    return web.Response(body=body, content_type="application/json")


_ACCIDENTS = {
    Kind.STREAM_ERROR,
    Kind.BROKEN_EVENT,
    Kind.DRIP,
    Kind.HANG,
    Kind.HUGE,
    Kind.CUT,
    Kind.END_EARLY,
}
_WORDS = {
    "overloaded_error": "Overloaded",
    "rate_limit_error": "This request would exceed your organization's rate limit",
    "authentication_error": "invalid API key",
    "api_error": "Internal server error",
}
