"""The operator's thread: event bus, web page and kill file, alive while the engine hangs."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from rf_common.clock import NANOS_PER_SECOND, RealtimeClock, monotonic_ns
from rf_common.errors import ConfigError
from rf_common.events import Quote
from rf_common.secret import Redactor, Secret
from rf_daemon.folder import KillLatch
from rf_daemon.verbs import ROLES, Verbs
from rf_daemon.web import application
from rf_dashboard import BookView, BusEvent, DashboardSnapshot, DashboardState, SignalsView
from rf_event_bus.messages import Role
from rf_event_bus.server import BusServer
from rf_event_bus.wire import Wire
from rf_net.errors import NetError

_LOG = logging.getLogger(__name__)
_LOOK_S = 0.2
"""How often the kill file is looked for, seconds."""


class Latest:
    """The newest status, handed from the engine's thread to the operator's."""

    def __init__(self) -> None:
        self._status: dict[str, Any] = {}
        self._ns = monotonic_ns()

    def put(self, status: dict[str, Any]) -> None:
        """Replace the status."""
        self._status, self._ns = status, monotonic_ns()

    def get(self) -> dict[str, Any]:
        """Return the status with its age and whether the engine still answers."""
        status = dict(self._status)
        engine = dict(status.get("engine", {}))
        engine["status_age_s"] = round(self.age_s(), 3)
        engine["answering"] = self.age_s() < 2.0
        return status | {"engine": engine}

    def age_s(self) -> float:
        """Return how old the status is, seconds."""
        return (monotonic_ns() - self._ns) / NANOS_PER_SECOND


class Operator(threading.Thread):
    """Runs its own event loop until `close`.

    Parameters
    ----------
    verbs : Verbs
        Handler of what is asked over the bus.
    latch : KillLatch
        Looked for all the time.
    latest : Latest
        What health and readiness are judged by.
    render : callable
        Returns metrics text and content type.
    tokens : mapping of Role to Secret
        What a client of the bus must present.
    session, mode : str
        Told to every client.
    bind, bus_port, http_port : str, int, int
        Where to listen; port 0 takes any free one.
    """

    def __init__(
        self,
        verbs: Verbs,
        latch: KillLatch,
        latest: Latest,
        render: Callable[[], tuple[bytes, str]],
        *,
        tokens: Mapping[Role, Secret],
        session: str,
        mode: str,
        redactor: Redactor,
        bind: str,
        bus_port: int,
        http_port: int,
    ) -> None:
        super().__init__(name="operator", daemon=True)
        self.bus_port = bus_port
        self.http_port = http_port
        self._verbs = verbs
        self._latch = latch
        self._latest = latest
        self._render = render
        self._clock = RealtimeClock()
        self._screen = DashboardState()
        self._bus = BusServer(
            wire(),
            tokens=tokens,
            handler=verbs,
            snapshot=self._screen.snapshot,
            clock=self._clock,
            session=session,
            mode=mode,
            verbs=ROLES,
            on_event=self._on_event,
            on_refused=_refused,
            redactor=redactor,
        )
        self._bind = bind
        self._listening = threading.Event()
        self._failure: Exception | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing: asyncio.Event | None = None

    def publish(self, topic: str, event: BusEvent) -> None:
        """Tell the screens; may be called from any thread and never waits."""
        self._bus.publish(topic, event)

    def _on_event(self, number: int, _: str, event: BusEvent) -> None:
        self._screen.apply(event, self._clock.now(), number)

    def open(self) -> None:
        """Start the thread and return when both ports listen.

        Raises
        ------
        ConfigError
            If a port is in use.
        """
        self.start()
        self._listening.wait()
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Stop listening and end the thread."""
        if self._loop is not None and self._closing is not None:
            self._loop.call_soon_threadsafe(self._closing.set)
            self.join(timeout=5.0)

    def run(self) -> None:
        """Thread body."""
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._closing = asyncio.Event()
        app = application(
            self._latest.get, self._latest.age_s, self._render, lambda: self.http_port
        )
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
        try:
            await self._listen(runner)
        except Exception as error:
            self._failure = error
            self._listening.set()
            await runner.cleanup()
            return
        self._listening.set()
        watch = asyncio.create_task(self._watch_latch(), name="kill file")
        await self._closing.wait()
        watch.cancel()
        await self._bus.stop()
        await runner.cleanup()

    async def _listen(self, runner: web.AppRunner) -> None:
        try:
            self.bus_port = await self._bus.start(self._bind, self.bus_port)
        except NetError as error:
            raise _in_use("bus_port", self.bus_port, error) from error
        await runner.setup()
        site = web.TCPSite(runner, self._bind, self.http_port)
        try:
            await site.start()
        except OSError as error:
            await self._bus.stop()
            raise _in_use("http_port", self.http_port, error) from error
        if self.http_port == 0:
            self.http_port = int(runner.addresses[0][1])

    async def _watch_latch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            told = self._latch.read()
            killed = bool(self._latest.get().get("kill", {}).get("engaged"))
            if told is not None and not (killed or self._verbs.is_killing):
                _LOG.warning("kill file found: %s (%s)", *told)
                await self._verbs.kill(*told)


def wire() -> Wire:
    """Return what travels between this daemon and its screens."""
    return Wire(BusEvent, DashboardSnapshot, latest=(Quote, BookView, SignalsView))


def _refused(peer: str, reason: str) -> None:
    _LOG.warning("refused a client of the bus", extra={"peer": peer, "reason": reason})


def _in_use(name: str, port: int, error: Exception) -> ConfigError:
    return ConfigError(
        f"{name} = {port}: expected a free port, {error}",
        code="RF-C-020",
        detail="another daemon or program listens there",
        fix=f"stop it, or choose another one with RF_{name.upper()}=…",
    )
