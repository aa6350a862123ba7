"""HTTP reads with deadlines, a size cap and errors that say whose fault it was."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import TracebackType
from urllib.parse import urlsplit

import aiohttp

from rf_common.clock import Clock, RealtimeClock
from rf_common.secret import Redactor
from rf_net.backoff import ReconnectPolicy
from rf_net.endpoints import checked_url
from rf_net.errors import (
    HttpError,
    HttpFailed,
    HttpRejected,
    NetError,
    RateLimited,
    RemoteProtocolError,
    ResponseTooLarge,
    TimedOut,
    Unreachable,
)
from rf_net.retry import retry_after_s
from rf_net.text import plain

MAX_BODY = 16 << 20
"""Largest answer by default, bytes, after decompression."""

_CHUNK = 1 << 16
_EXCERPT = 4096
_BANNED = 418


class HttpClient:
    """Idempotent reads over one pool of connections; use it as an async context manager.

    Redirects are not followed, cookies are not kept, proxies are not used.

    Parameters
    ----------
    connect_s, read_s : float
        Deadlines in seconds for the connection and between two pieces of an answer.
    max_bytes : int
        Largest answer.
    redactor : Redactor, optional
        Masks secrets in errors. Queries and request headers never stand there.
    clock : Clock, optional
        Read only to understand a ``Retry-After`` date.
    """

    def __init__(
        self,
        *,
        connect_s: float = 5.0,
        read_s: float = 10.0,
        max_bytes: int = MAX_BODY,
        redactor: Redactor | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._connect_s = connect_s
        self._read_s = read_s
        self._max_bytes = max_bytes
        self._redactor = redactor or Redactor()
        self._clock = clock or RealtimeClock()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> HttpClient:
        """Open the pool."""
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get_bytes(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 30.0,
    ) -> bytes:
        """Return the body of a successful GET; it is tried once.

        Parameters
        ----------
        url : str
            ``https://`` to anywhere, ``http://`` to this machine.
        params, headers : mapping, optional
            Query and request headers.
        timeout_s : float
            Deadline of the whole call, seconds.

        Raises
        ------
        ConfigError
            If we may not connect to `url`.
        Unreachable, TimedOut, RemoteProtocolError, ResponseTooLarge
            If there is no whole answer.
        RateLimited, HttpRejected, HttpFailed
            If the server answered with a failure.
        """
        checked_url(url, schemes=("http", "https"), field="url")
        if self._session is None:
            raise RuntimeError("use HttpClient as an async context manager")
        deadlines = aiohttp.ClientTimeout(
            total=timeout_s, sock_connect=self._connect_s, sock_read=self._read_s
        )
        try:
            async with self._session.get(
                url, params=params, headers=headers, timeout=deadlines, allow_redirects=False
            ) as response:
                if not 200 <= response.status < 300:
                    raise await self._failure(response)
                return await self._body(response)
        except (OSError, aiohttp.ClientError) as error:
            # Not chained: the library's texts show the query, which may hold keys.
            raise self._classified(url, error) from None

    async def get_with_retries(
        self,
        url: str,
        *,
        policy: ReconnectPolicy,
        sleep: Callable[[float], Awaitable[None]],
        attempts: int = 3,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 30.0,
        max_wait_s: float = 60.0,
    ) -> bytes:
        """Return the body of a GET, trying again what may pass.

        Broken connections, time-outs, 5xx and 429 are tried again, a ban (418) and every other
        4xx are not. A ``Retry-After`` is obeyed; one above `max_wait_s` ends the attempts.

        Parameters
        ----------
        policy : ReconnectPolicy
            Delays when the server names none; it is reset by success.
        sleep : callable
            Waits, seconds.
        attempts : int
            How many requests at most, from 1.

        Raises
        ------
        NetError
            The last failure, as `get_bytes` raises it.
        """
        if attempts < 1:
            raise ValueError(f"expected attempts from 1, was {attempts}")
        ask = partial(self.get_bytes, url, params=params, headers=headers, timeout_s=timeout_s)
        failures = 0
        while True:
            try:
                body = await ask()
            except NetError as error:
                failures += 1
                wait_s = _told_wait_s(error)
                if failures == attempts or not _may_pass(error) or wait_s > max_wait_s:
                    raise
                await sleep(max(wait_s, policy.next_delay_s()))
            else:
                policy.succeeded()
                return body

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            body += chunk
            if len(body) > self._max_bytes:
                raise ResponseTooLarge(
                    f"{self._asked(response.url)} answered with more than {self._max_bytes} bytes"
                )
        return bytes(body)

    async def _failure(self, response: aiohttp.ClientResponse) -> HttpError:
        excerpt = b""
        with contextlib.suppress(OSError, aiohttp.ClientError):  # the status is what counts
            excerpt = await response.content.read(_EXCERPT)
        return _kind(response.status)(
            f"{self._asked(response.url)} answered {response.status}",
            status=response.status,
            detail=self._clean(excerpt.decode("utf-8", "replace")),
            retry_after_s=retry_after_s(response.headers, self._clock.now()),
        )

    def _classified(self, url: str, error: Exception) -> NetError:
        asked = self._asked(url)
        if isinstance(error, TimeoutError):
            return TimedOut(f"{asked}: no answer in time")
        if isinstance(error, aiohttp.ClientResponseError | aiohttp.ClientPayloadError):
            return RemoteProtocolError(f"{asked}: the answer is not HTTP or not whole")
        return Unreachable(f"{asked}: no connection", detail=self._clean(str(error)))

    def _asked(self, url: object) -> str:
        """Return what was asked without its query, which may hold keys."""
        parts = urlsplit(str(url))
        return self._clean(f"GET {parts.scheme}://{parts.netloc}{parts.path}")

    def _clean(self, text: str) -> str:
        return plain(self._redactor.text(text))


def _kind(status: int) -> type[HttpError]:
    if status in {429, _BANNED}:
        return RateLimited
    return HttpFailed if status >= 500 else HttpRejected


def _told_wait_s(error: NetError) -> float:
    return (error.retry_after_s or 0.0) if isinstance(error, HttpError) else 0.0


def _may_pass(error: NetError) -> bool:
    if isinstance(error, RateLimited):
        return error.status != _BANNED
    return isinstance(error, Unreachable | TimedOut | HttpFailed | RemoteProtocolError)
