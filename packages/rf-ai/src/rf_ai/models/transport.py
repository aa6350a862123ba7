"""The HTTP client under every model: counted bytes, no redirects, nothing compressed.

The count happens on raw bytes below any parser, so that neither one endless line nor a small
compressed body that unpacks to gigabytes gets past it. Redirects are not followed: the header
with the key would travel along.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlsplit

import httpx2
import msgspec

from rf_ai.errors import ModelAnswerTooLarge, ModelError, ModelTimeout, ModelUnavailable
from rf_ai.models.failure import Refusal, refused
from rf_common.clock import UnixNanos
from rf_common.secret import Secret
from rf_net.endpoints import is_loopback

HEADERS = {"Accept-Encoding": "identity"}
ResponseHook = Callable[[httpx2.Response], Awaitable[None]]


class _CountedStream(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, max_bytes: int) -> None:
        self._stream = stream
        self._max_bytes = max_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for chunk in self._stream:
            seen += len(chunk)
            if seen > self._max_bytes:
                raise ModelAnswerTooLarge(
                    f"the answer has more than {self._max_bytes:,} bytes", cost_usd=None
                )
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


def client_for(url: str, max_bytes: int) -> httpx2.AsyncClient:
    """Return a client for one address; a server on this machine is reached without any proxy.

    The client has no timeout of its own: whoever uses it bounds the whole call.
    """
    return httpx2.AsyncClient(
        headers=HEADERS,
        follow_redirects=False,
        timeout=None,
        trust_env=not is_loopback(urlsplit(url).hostname or ""),
        event_hooks={"response": [counting_hook(max_bytes)]},
    )


def counting_hook(max_bytes: int) -> ResponseHook:
    """Return a response hook that puts the count around every body."""

    async def count(response: httpx2.Response) -> None:
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise ModelUnavailable("the answer is compressed although we asked for it plain")
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _CountedStream(response.stream, max_bytes)

    return count


class JsonClient:
    """Posts JSON to one provider and returns the bytes of a good answer.

    Parameters
    ----------
    provider : str
        For messages.
    model : str
        For messages.
    key : Secret
        Sent as a bearer token unless empty.
    max_bytes : int
        Most that is read of an answer.
    """

    def __init__(self, provider: str, model: str, *, key: Secret, max_bytes: int) -> None:
        self._provider = provider
        self._model = model
        self._key = key
        self._max_bytes = max_bytes
        self._client: httpx2.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def post(self, url: str, body: object, *, now: UnixNanos) -> bytes:
        """Return the body of a good answer.

        Raises
        ------
        ModelError
            Nothing came, or an error; with what it cost and whether to repeat.
        """
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key.reveal()}"
        try:
            response = await self._here(url).post(
                url, content=msgspec.json.encode(body), headers=headers
            )
            if response.is_success:
                return response.content
            failure = self._refused(response, now)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
            failure = ModelUnavailable(f"{self._provider} cannot be reached", repeatable=True)
        except httpx2.TimeoutException:
            failure = ModelTimeout(f"{self._model} fell silent", cost_usd=None)
        except (httpx2.HTTPError, httpx2.StreamError):
            failure = ModelUnavailable(f"the connection to {self._provider} broke", cost_usd=None)
        raise failure  # outside the handler: the client's error holds the request and its key

    async def aclose(self) -> None:
        """Close connections."""
        client, self._client = self._client, None
        if client is not None and self._loop is asyncio.get_running_loop():
            await client.aclose()

    def _refused(self, response: httpx2.Response, now: UnixNanos) -> ModelError:
        refusal = Refusal(
            status=response.status_code,
            kind="",
            message=_error_text(response.content),
            headers=response.headers,
        )
        return refused(self._provider, self._model, refusal, key=self._key, now=now)

    def _here(self, url: str) -> httpx2.AsyncClient:
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            self._loop = loop
            self._client = client_for(url, self._max_bytes)
        return self._client


def _error_text(body: bytes) -> str:
    """Return the message of an error body of either shape, empty if it holds none."""
    try:
        held = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    error = held.get("error") if isinstance(held, dict) else None
    text = error.get("message") if isinstance(error, dict) else error
    return text if isinstance(text, str) else ""
