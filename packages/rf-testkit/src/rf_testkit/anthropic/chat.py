"""Ollama's chat endpoint and OpenAI's chat completions on loopback, with the same acts."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import msgspec
from aiohttp import web

from rf_testkit.anthropic.acts import Act, Kind
from rf_testkit.anthropic.analyst import analyst_answer
from rf_testkit.anthropic.asked import Asked
from rf_testkit.anthropic.wire import tokens_of

_HOST = "127.0.0.1"
_STOPS = {"end_turn": "stop", "max_tokens": "length", "refusal": "content_filter"}


class FakeChat:
    """Both endpoints on one port.

    Parameters
    ----------
    port : int
        0 lets the system choose.
    default : Act, optional
        What a call meets when the script is empty; without it the analyst answers.

    Attributes
    ----------
    requests : list of Asked
        What was asked, oldest first.
    """

    def __init__(self, *, port: int = 0, default: Act | None = None) -> None:
        self.requests: list[Asked] = []
        self._port = port
        self._default = default or Act()
        self._script: deque[Act] = deque()
        self._closing = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._completions)
        app.router.add_post("/api/chat", self._chat)
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
    def ollama_url(self) -> str:
        """``http://127.0.0.1:PORT``: the address of Ollama."""
        assert self._runner is not None, "not started"
        return f"http://{_HOST}:{self._runner.addresses[0][1]}"

    @property
    def openai_url(self) -> str:
        """The base URL of chat completions."""
        return f"{self.ollama_url}/v1"

    def then(self, *acts: Act) -> None:
        """Let the next calls meet these acts, one each, before the default is back."""
        self._script.extend(acts)

    async def _completions(self, request: web.Request) -> web.StreamResponse:
        asked, act = await self._next(request)
        chosen = asked.body.get("response_format", {}).get("json_schema", {}).get("schema", {})
        words = _words(asked, act, chosen)
        body = {
            "id": f"chatcmpl-{len(self.requests)}",
            "object": "chat.completion",
            "model": asked.body.get("model"),
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": words},
                    "finish_reason": _STOPS.get(act.stop_reason, "stop"),
                }
            ],
            "usage": {
                "prompt_tokens": tokens_of(asked.raw.decode(errors="replace")),
                "completion_tokens": max(1, tokens_of(words)),
                "prompt_tokens_details": {"cached_tokens": 0},
            },
        }
        return await self._sent(request, asked, act, body)

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        asked, act = await self._next(request)
        words = _words(asked, act, asked.body.get("format") or {})
        body = {
            "model": asked.body.get("model"),
            "message": {"role": "assistant", "content": words},
            "done": True,
            "done_reason": _STOPS.get(act.stop_reason, "stop"),
            "prompt_eval_count": tokens_of(asked.raw.decode(errors="replace")),
            "eval_count": max(1, tokens_of(words)),
        }
        return await self._sent(request, asked, act, body)

    async def _next(self, request: web.Request) -> tuple[Asked, Act]:
        raw = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(request.path, headers, raw, msgspec.json.decode(raw))
        self.requests.append(asked)
        return asked, self._script.popleft() if self._script else self._default

    async def _sent(
        self, request: web.Request, asked: Asked, act: Act, body: Mapping[str, Any]
    ) -> web.StreamResponse:
        if act.kind in {Kind.ERROR, Kind.ECHO}:
            told = asked.headers.get("authorization", "") if act.kind is Kind.ECHO else "refused"
            return _json({"error": {"message": told}}, act.status, dict(act.headers))
        if act.kind is Kind.REDIRECT:
            return web.Response(status=307, headers={"Location": act.text})
        if act.kind is Kind.HANG:
            await self._closing.wait()
        if act.kind in {Kind.CUT, Kind.HANG}:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        raw = act.text.encode("latin-1") if act.kind is Kind.RAW else msgspec.json.encode(body)
        return await self._streamed(request, act, raw)

    async def _streamed(self, request: web.Request, act: Act, raw: bytes) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):  # the client has had enough
            if act.kind is Kind.HUGE:
                await response.write(b" " * act.size)
            if act.kind is Kind.DRIP:
                await self._drip(response, raw, act.pause_s)
            else:
                await response.write(raw)
        return response

    async def _drip(self, response: web.StreamResponse, raw: bytes, pause_s: float) -> None:
        for byte in raw:
            await response.write(bytes((byte,)))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), pause_s)
                return


def _words(asked: Asked, act: Act, schema: Mapping[str, Any]) -> str:
    if act.kind is not Kind.ANALYST:
        return act.text
    return msgspec.json.encode(analyst_answer(asked.user, schema)).decode()


def _json(body: object, status: int, headers: dict[str, str]) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(body),
        status=status,
        content_type="application/json",
        headers=headers,
    )
