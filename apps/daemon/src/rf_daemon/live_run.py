"""A live session: find the house as it was left, run it, leave it clean."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import structlog

from rf_cli.settings import Settings
from rf_common.clock import (
    NANOS_PER_MILLI,
    NANOS_PER_SECOND,
    Clock,
    RealtimeClock,
    monotonic_ns,
    to_iso,
)
from rf_common.commands import Kill, Shutdown
from rf_common.enums import Mode
from rf_common.events import Envelope, Payload, StorageFailed
from rf_common.orders import Output
from rf_daemon.build import VERSION, House, build, engine_config, mode_folder, new_nonce
from rf_daemon.fits import Refits
from rf_daemon.folder import TOKEN_FILES, KillLatch, forget, held, tell
from rf_daemon.journalist import Journalist
from rf_daemon.live import LiveLoop
from rf_daemon.logs import Screen
from rf_daemon.operator import Latest, Operator
from rf_daemon.publish import Publisher
from rf_daemon.sources import Feed, choose, open_feed
from rf_daemon.status import engine_status, headline
from rf_daemon.summary import summary
from rf_daemon.summary import tell as print_summary
from rf_daemon.thinking import Thinking
from rf_daemon.verbs import Verbs
from rf_daemon.worker import Worker
from rf_engine import EngineConfig
from rf_event_bus.messages import Role
from rf_metrics import HouseMetrics
from rf_net.token import create_token
from rf_persistence import Journal, Recovered, prune, recover, session_header

_PRICES_S = 0.1
_STATUS_S = 0.25
_PATIENCE_S = 5.0


async def live(settings: Settings, screen: Screen, *, seconds: float | None, as_json: bool) -> int:
    """Run until a signal, a shutdown command or `seconds` end it; return the exit code."""
    log = structlog.get_logger("rf")
    source, said = choose(settings)
    for line in said:
        log.info(line)
    folder = Path(settings.data_dir)
    clock = RealtimeClock()
    mode = Mode.SIM if source == "mock" else Mode.PAPER
    ends_ns = None if seconds is None else monotonic_ns() + int(seconds * NANOS_PER_SECOND)
    with held(folder):
        while True:
            recovered = recover(mode_folder(folder, mode))
            for line in recovered.report:
                log.info(line)
            feed = await open_feed(settings, source, clock, recovered.ledger)
            session = _Session(settings, screen, clock, feed, recovered)
            await session.run(ends_ns=ends_ns)
            if session.is_over:
                break
            log.info("the journal of this session is large enough: a new session begins")
    screen.close()
    if as_json:
        print_summary(session.summary())
    return 0


class _Session:
    """One run of the daemon on one data folder."""

    def __init__(
        self,
        settings: Settings,
        screen: Screen,
        clock: Clock,
        feed: Feed,
        recovered: Recovered,
    ) -> None:
        self._settings = settings
        self._folder = Path(settings.data_dir)
        self._feed = feed
        self._recovered = recovered
        self._clock = clock
        self._screen = screen
        self._log = structlog.get_logger("rf")
        self._began_ns = monotonic_ns()
        self._metrics = HouseMetrics()
        self._journalist = Journalist()
        self._latch = KillLatch(self._folder)
        self._latest = Latest()
        self._stop = asyncio.Event()
        self._publisher: Publisher | None = None
        self._counted = 0
        self._events_per_s = 0.0
        self._shutdown = Shutdown(command_id="stop", actor="signal")
        self.is_over = True
        """Whether the daemon ends with this session; else a new one takes its place."""
        config = engine_config(settings, feed.mode)
        nonce = _fresh_nonce(recovered)
        self._journal = self._open_journal(config, nonce)
        self._house = self._build(config, nonce)
        self._loop = LiveLoop(self._house.corridor, clock, flush_ms=settings.journal.flush_ms)
        self._worker = Worker("thinking")
        self._thinking = Thinking(
            self._house.engine,
            clock,
            self._loop.put,
            settings.ai,
            worker=self._worker,
            keys=settings.keys.given(),
            folder=self._folder / "ai",
        )

    def _open_journal(self, config: EngineConfig, nonce: str) -> Journal | None:
        """Return the session's journal; None when the old one is damaged and must be seen to."""
        recovered = self._recovered
        if recovered.damaged:
            return None
        header = session_header(
            config,
            nonce,
            self._feed.instruments,
            started=self._clock.now(),
            source=self._feed.name,
            seed=self._settings.mock.seed,
            version=VERSION,
            ledger=recovered.ledger,
            first_seq=recovered.next_seq,
            previous=recovered.previous,
            previous_head=recovered.previous_head,
        )
        where = mode_folder(self._folder, self._feed.mode)
        return Journal.create(where, header, self._settings.journal)

    def _build(self, config: EngineConfig, nonce: str) -> House:
        return build(
            self._settings,
            config,
            self._feed.instruments,
            self._clock,
            nonce=nonce,
            ledger=self._recovered.ledger,
            first_seq=self._recovered.next_seq,
            journal=self._journal,
            on_step=self._on_step,
            on_market=self._on_market,
            on_commit=self._on_commit,
            resync=self._feed.resync,
        )

    # --- the run ------------------------------------------------------------------------------

    async def run(self, *, ends_ns: int | None) -> None:
        """Open the doors, run until told to stop or until the monotonic `ends_ns`, close them."""
        loop = asyncio.get_running_loop()
        self._latest.put(self._status(0.0))
        operator = self._open_operator(loop)
        self._publisher = Publisher(self._house.engine, operator.publish)
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, self._on_signal)
        deadline: asyncio.TimerHandle | None = None
        if ends_ns is not None:
            left_s = max(ends_ns - monotonic_ns(), 0) / NANOS_PER_SECOND
            deadline = loop.call_later(left_s, self._stop.set)
        try:
            await self._run_until_stopped()
        finally:
            if deadline is not None:
                deadline.cancel()
            operator.close()
            forget(self._folder)
        self._close_journal()

    def summary(self) -> dict[str, Any]:
        """Return what is printed at the end."""
        took = (monotonic_ns() - self._began_ns) / NANOS_PER_SECOND
        events = self._house.corridor.next_seq - self._recovered.next_seq
        return summary(self._house.engine, frames=0, events=events, seconds=took)

    async def _run_until_stopped(self) -> None:
        """Run engine and status side by side; the first failure of either ends both."""
        self._before_first_tick()
        engine = asyncio.create_task(self._loop.run(self._feed.stream()), name="engine")
        watch = asyncio.create_task(self._watch(), name="status")
        refits = Refits(self._house.engine, self._clock, self._loop.put, self._worker)
        beside = [
            asyncio.create_task(self._beside(refits.run(), "fitting"), name="fits"),
            asyncio.create_task(self._beside(self._thinking.run(), "thinking"), name="thinking"),
        ]
        try:
            await asyncio.wait({engine, watch}, return_when=asyncio.FIRST_COMPLETED)
            if not engine.done():
                self._log.info("stopping: no new orders, cancelling what is open")
                await self._loop.stop(self._shutdown, patience_s=_PATIENCE_S)
            await engine
            await watch
        finally:
            self._stop.set()
            for task in (engine, watch, *beside):
                task.cancel()
            await asyncio.gather(engine, watch, *beside, return_exceptions=True)
            self._worker.close()

    async def _beside(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run what the engine does not wait for; when it fails the market goes on."""
        try:
            await work
        except Exception:
            self._log.exception(f"{name} ended with an error and does not run any more")

    def _before_first_tick(self) -> None:
        """Feed what must be known before anything else: a damaged journal, a kill file."""
        corridor = self._house.corridor
        if self._recovered.damaged:
            self._log.error(f"journal damaged: {self._recovered.damaged}; nothing is traded")
            corridor.feed(StorageFailed(self._clock.now(), self._recovered.damaged))
        latched = self._latch.read()
        if latched is not None:
            reason, actor = latched
            corridor.command(Kill(command_id="kill-file", actor=actor, reason=reason))
            self._latch.clear()

    def _on_signal(self) -> None:
        if self._stop.is_set():
            raise KeyboardInterrupt
        self._stop.set()

    def _ask_stop(self, loop: asyncio.AbstractEventLoop) -> Callable[[Shutdown], None]:
        def stop(command: Shutdown) -> None:
            self._shutdown = command
            loop.call_soon_threadsafe(self._stop.set)

        return stop

    def _open_operator(self, loop: asyncio.AbstractEventLoop) -> Operator:
        verbs = Verbs(
            self._loop,
            self._latch,
            self._refresh,
            self._latest.get,
            self._ask_stop(loop),
            thinking=self._thinking,
        )
        operator = Operator(
            verbs,
            self._latch,
            self._latest,
            self._metrics.render,
            tokens={role: create_token(self._folder / TOKEN_FILES[role]) for role in Role},
            session=self._session_id,
            mode=str(self._feed.mode),
            redactor=self._settings.redactor(),
            bind=self._settings.bind,
            bus_port=self._settings.bus_port,
            http_port=self._settings.http_port,
        )
        operator.open()
        place = {
            "pid": os.getpid(),
            "host": self._settings.bind,
            "port": operator.bus_port,
            "http_port": operator.http_port,
            "mode": str(self._feed.mode),
            "session": self._session_id,
            "started": to_iso(self._clock.now()),
        }
        tell(self._folder, place)
        self._log.info(
            f"{place['mode']} session {self._session_id or 'without a journal'}",
            bus=f"{self._settings.bind}:{operator.bus_port}",
            metrics=f"http://{self._settings.bind}:{operator.http_port}/metrics",
        )
        return operator

    def _close_journal(self) -> None:
        journal = self._house.corridor.journal
        if self._journal is None or journal is None:
            return
        self._journal.close(True, self._house.engine.state.state_hash())
        self._log.info("clean stop", records=self._journal.records, head=self._journal.head)
        where = mode_folder(self._folder, self._feed.mode)
        for line in prune(
            where,
            self._settings.journal.keep_mb,
            keep=self._journal.header.session_id,
            now=self._clock.now(),
        ):
            self._log.info(line)

    # --- what is seen -------------------------------------------------------------------------

    def _on_step(self, envelope: Envelope, outputs: tuple[Output, ...]) -> None:
        self._metrics.observe(envelope, outputs)
        self._journalist(envelope, outputs)
        if self._publisher is not None:
            self._publisher.on_step(envelope, outputs)

    def _on_market(self, payload: Payload) -> None:
        if self._publisher is not None:
            self._publisher.on_market(payload)

    def _on_commit(self, steps: int, took_ns: int) -> None:
        self._metrics.db_wrote("journal", steps, took_ns / NANOS_PER_MILLI)

    async def _watch(self) -> None:
        """Tell screens and scrapers what is, ten times a second, until the run ends."""
        pace = _Pace()
        if self._publisher is not None:
            self._publisher.begin(self._clock.now())
        while not self._stop.is_set():
            if self._publisher is not None:
                self._publisher.tell_prices()
            if pace.is_due():
                self._tell(pace.events_per_s(self._house.corridor.next_seq))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PRICES_S):
                    await self._stop.wait()

    def _refresh(self) -> None:
        self._latest.put(self._status(self._events_per_s))

    def _tell(self, events_per_s: float) -> None:
        """Take a new status and give it to everybody."""
        self._events_per_s = events_per_s
        status = self._status(events_per_s)
        self._latest.put(status)
        if self._publisher is not None:
            self._publisher.tell_signals(self._clock.now())
            self._publisher.tell_state(status, self._clock.now())
            self._publisher.tell_thinkers(self._thinking.view())
        quiet = self._house.corridor.quiet
        self._metrics.market_passed(self._venue, quiet - self._counted)
        self._counted = quiet
        self._metrics.snapshot(status)
        self._screen.status(headline(status))
        self._roll_when_large()

    def _roll_when_large(self) -> None:
        limit = self._settings.journal.session_mb * 1_000_000
        if self._journal is not None and self._journal.bytes_written >= limit:
            self.is_over = False
            self._shutdown = Shutdown(command_id="roll", actor="journal")
            self._stop.set()

    def _status(self, events_per_s: float) -> dict[str, Any]:
        now = self._clock.now()
        corridor, journal = self._house.corridor, self._journal
        status = engine_status(self._house.engine, now)
        status |= {
            "session": self._session_id,
            "version": VERSION,
            "pid": os.getpid(),
            "uptime_s": round((monotonic_ns() - self._began_ns) / NANOS_PER_SECOND, 1),
            "feeds": self._feed.status(now),
            "engine": {
                "seq": corridor.next_seq - 1,
                "events_per_s": round(events_per_s, 1),
                "thinking": self._house.engine.thinking,
            },
            "journal": {
                "session": self._session_id,
                "records": journal.records if journal else 0,
                "bytes": journal.bytes_written if journal else 0,
                "bytes_per_day": round(journal.bytes_per_day(now)) if journal else 0,
                "failure": corridor.engine.state.storage_failed,
            },
        }
        if journal is not None:
            self._metrics.db_queue(journal.pending)
        return status

    @property
    def _venue(self) -> str:
        return self._feed.instruments[0].venue if self._feed.instruments else self._feed.name

    @property
    def _session_id(self) -> str:
        return str(self._journal.header.session_id) if self._journal is not None else ""


class _Pace:
    """When a status is due, and how fast events came since the last one."""

    def __init__(self) -> None:
        self._seq: int | None = None
        self._ns = 0

    def is_due(self) -> bool:
        return monotonic_ns() - self._ns >= _STATUS_S * NANOS_PER_SECOND

    def events_per_s(self, seq: int) -> float:
        now_ns = monotonic_ns()
        passed = seq - self._seq if self._seq is not None else 0
        pace = passed / max(now_ns - self._ns, 1) * NANOS_PER_SECOND
        self._seq, self._ns = seq, now_ns
        return pace


def _fresh_nonce(recovered: Recovered) -> str:
    nonce = new_nonce()
    while nonce in recovered.nonces:
        nonce = new_nonce()
    return nonce
