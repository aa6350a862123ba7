"""The line to the daemon: events into the state, questions out, and again after every loss."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any

from rf_common.clock import NANOS_PER_SECOND, Clock
from rf_common.errors import RfError
from rf_common.events import Quote
from rf_dashboard import (
    BookView,
    BusEvent,
    DashboardSnapshot,
    DashboardState,
    Live,
    Offline,
    SignalsView,
)
from rf_event_bus import (
    TOPICS,
    BusClient,
    BusUnreachable,
    Connected,
    Disconnected,
    Role,
    Told,
    Wire,
)
from rf_net.backoff import BackoffConfig, ReconnectPolicy
from rf_tui.dialogs.offline import LineState
from rf_tui.outcome import Outcome, judged
from rf_tui.where import Where

_LOG = logging.getLogger(__name__)
_DELAYS = BackoffConfig(initial_ms=250, factor=2.0, max_ms=2_000, jitter=0.0)
_BREATH = 256
"""After how many events the screen gets its turn."""
_ADMIN_VERBS = frozenset({"resume"})
"""Verbs for which the daemon's own token is needed; it is used for nothing else."""
PATIENCE_S = {"ask": 125.0}
"""How long an answer may take, seconds, of the verbs that a model answers."""
_PATIENCE_S = 5.0


def make_wire() -> Wire:
    """Return the codecs of everything that the daemon tells a screen."""
    return Wire(BusEvent, DashboardSnapshot, latest=(Quote, BookView, SignalsView))


class Link:
    """Keeps a session with the daemon, for ever.

    Parameters
    ----------
    where : Where
        Address and tokens.
    wire : Wire
        Codecs; the daemon's must be the same.
    clock : Clock
        When the line was lost, for the views.
    durations : callable
        A clock for durations, ns.
    """

    def __init__(
        self, where: Where, wire: Wire, clock: Clock, durations: Callable[[], int]
    ) -> None:
        self.state = DashboardState()
        self.changed = asyncio.Event()
        self._where = where
        self._wire = wire
        self._clock = clock
        self._durations = durations
        self._client: BusClient | None = None
        self._reason, self._fix = "", ""
        self._attempt = 0
        self._down_ns = durations()
        self._due_ns = 0
        self._now = asyncio.Event()
        self._policy = ReconnectPolicy(lambda: 0.5, _DELAYS)

    @property
    def is_live(self) -> bool:
        """Whether events come."""
        return self._client is not None and self._client.is_connected

    @property
    def line(self) -> LineState:
        """How the line is at this moment."""
        host, port = self._where.address
        now = self._durations()
        if self.is_live:
            return LineState(f"{host}:{port}", live=True, reason="")
        return LineState(
            address=f"{host}:{port}",
            live=False,
            reason=self._reason,
            down_s=(now - self._down_ns) // NANOS_PER_SECOND,
            attempt=self._attempt,
            next_s=-(-max(0, self._due_ns - now) // NANOS_PER_SECOND),
            fix=self._fix,
        )

    def retry(self) -> None:
        """Try to connect at once."""
        self._now.set()

    # --- listening ------------------------------------------------------------------------

    async def run(self) -> None:
        """Connect, listen, and begin again, until cancelled."""
        while True:
            self._attempt += 1
            self._due_ns = 0
            try:
                await self._session()
            except RfError as error:
                self._lost(error.message, error.fix)
            except Exception as error:
                _LOG.exception("the session with the daemon failed")
                self._lost(f"{type(error).__name__}, see tui.log", "")
            await self._wait()

    async def _session(self) -> None:
        client = self._made(Role.TRADE, TOPICS)
        heard = 0
        try:
            async with aclosing(client.session()) as session:
                async for item in session:
                    heard += 1
                    if isinstance(item, Told):
                        self.state.apply(item.event, item.ts, item.seq)
                        self.changed.set()
                    elif isinstance(item, Connected):
                        self._connected(client, item)
                    elif isinstance(item, Disconnected):
                        self._lost(_plain(item), item.fix)
                        return
                    if heard % _BREATH == 0:
                        await asyncio.sleep(0)
        finally:
            self._client = None

    def _made(self, role: Role, topics: tuple[str, ...]) -> BusClient:
        host, port = self._where.address
        admin = role is Role.ADMIN
        token = self._where.admin_token() if admin else self._where.trade_token()
        return BusClient(
            self._wire, host, port, token,
            role=role, topics=topics, client_name="tui", policy=self._policy,
        )  # fmt: skip

    def _connected(self, client: BusClient, item: Connected) -> None:
        self.state = DashboardState.from_snapshot(item.snapshot)
        self.state.connection(Live(since=self._clock.now()))
        self._client = client
        self._attempt = 0
        self._policy = ReconnectPolicy(lambda: 0.5, _DELAYS)
        self.changed.set()
        _LOG.info("connected, session %s", item.welcome.session)

    def _lost(self, reason: str, fix: str) -> None:
        if not isinstance(self.state.link, Offline):
            self._down_ns = self._durations()
        self._reason, self._fix = reason, fix
        self.state.connection(Offline(since=self._since(), reason=reason))
        self.changed.set()
        _LOG.warning("no line to the daemon: %s", reason)

    def _since(self) -> Any:
        link = self.state.link
        return link.since if isinstance(link, Offline) else self._clock.now()

    async def _wait(self) -> None:
        delay_s = self._policy.next_delay_s()
        self._due_ns = self._durations() + round(delay_s * NANOS_PER_SECOND)
        self._now.clear()
        try:
            async with asyncio.timeout(delay_s):
                await self._now.wait()
        except TimeoutError:
            pass  # nobody pressed r

    # --- asking ---------------------------------------------------------------------------

    async def ask(self, verb: str, args: Mapping[str, Any]) -> Outcome:
        """Ask one verb; whatever becomes of it is an outcome, never an exception."""
        client = self._client
        if client is None or not client.is_connected:
            text = f"not connected to the daemon ({self._reason or 'connecting'}): nothing was sent"
            return Outcome(ok=False, code="OFFLINE", text=text, fix="uv run daemon")
        try:
            if verb in _ADMIN_VERBS:
                return judged(await self._as_admin(verb, args))
            return judged(await client.ask(verb, args, PATIENCE_S.get(verb, _PATIENCE_S)))
        except BusUnreachable as error:
            return Outcome(False, None, error.code, error.message, error.detail, error.fix, False)
        except RfError as error:
            return Outcome(False, None, error.code, error.message, error.detail, error.fix)

    async def _as_admin(self, verb: str, args: Mapping[str, Any]) -> Any:
        client = self._made(Role.ADMIN, ())
        async with aclosing(client.session()) as session:
            async for item in session:
                if isinstance(item, Disconnected):
                    raise RfError(item.reason, code=item.code or "RF-N-013", fix=item.fix)
                if isinstance(item, Connected):
                    return await client.ask(verb, args)
        raise RfError("the daemon hung up", code="RF-N-013")


def _plain(item: Disconnected) -> str:
    """Return why the line is down, for people; asyncio's own words name the address again."""
    if item.reason.startswith("Connect call failed"):
        return "connection refused"
    return f"{item.code} {item.reason}".strip()
