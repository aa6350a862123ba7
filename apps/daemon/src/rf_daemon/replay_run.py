"""A recording through the house: a fresh paper account, recorded time, the same corridor."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from pathlib import Path

import msgspec

from rf_cli.settings import Settings
from rf_common.clock import NANOS_PER_SECOND, DeterministicClock, UnixNanos, monotonic_ns
from rf_common.enums import Mode
from rf_common.events import Envelope
from rf_common.orders import Output
from rf_daemon.build import REPLAY_NONCE, VERSION, build, engine_config, new_nonce
from rf_daemon.folder import held
from rf_daemon.journalist import Journalist
from rf_daemon.logs import Screen
from rf_daemon.status import engine_status, headline
from rf_daemon.summary import summary, tell
from rf_daemon.tape import TapeLoop
from rf_engine import EngineConfig
from rf_ingestion.recording import Recording
from rf_persistence import Journal, session_header

REPLAY_FOLDER = "replay"
_LONGEST_FLUSH_MS = 60_000


async def replay(
    settings: Settings,
    screen: Screen,
    paths: list[Path],
    *,
    speed: float,
    leave: bool,
    as_json: bool,
    with_journal: bool,
) -> int:
    """Run the recordings and return the exit code.

    Parameters
    ----------
    paths : list of Path
        Raw recordings; several are merged by their local time.
    speed : float
        Multiple of the recorded pace; infinite for as fast as possible.
    leave : bool
        Whether to end with the recording; else its end state can be looked at until a signal.
    as_json : bool
        Whether to print one JSON object at the end.
    with_journal : bool
        Whether to write a journal, below ``replay`` in the data folder.
    """
    folder = Path(settings.data_dir) / REPLAY_FOLDER
    with held(folder) if with_journal else contextlib.nullcontext():
        run = _Run(settings, screen, Recording(paths), speed, folder if with_journal else None)
        await run.play()
        if not leave:
            await run.stay()
        run.close()
        if as_json:
            tell(run.summary())
    return 0


class _Run:
    """One pass over a recording."""

    def __init__(
        self,
        settings: Settings,
        screen: Screen,
        recording: Recording,
        speed: float,
        journal_folder: Path | None,
    ) -> None:
        self._screen = screen
        self._recording = recording
        self._journalist = Journalist()
        self._stopped = asyncio.Event()
        self._seconds = 0.0
        config = engine_config(settings, Mode.PAPER)
        instruments = recording.instruments()
        self._total = recording.total_frames()
        self._first = next(iter(recording.events()))[0] if self._total else UnixNanos(0)
        clock = DeterministicClock()
        self._journal: Journal | None = None
        nonce = REPLAY_NONCE
        if journal_folder is not None:
            self._journal = self._open_journal(journal_folder, settings, config, speed)
            nonce = self._journal.header.nonce
        house = build(
            settings,
            config,
            instruments,
            clock,
            nonce=nonce,
            journal=self._journal,
            on_step=self._on_step,
        )
        self._engine = house.engine
        self._loop = TapeLoop(house.corridor, clock, speed=speed)

    def _open_journal(
        self, folder: Path, settings: Settings, config: EngineConfig, speed: float
    ) -> Journal:
        header = session_header(
            config,
            new_nonce(),
            self._recording.instruments(),
            started=self._first,
            source="recording",
            seed=settings.mock.seed,
            version=VERSION,
        )
        # Batches are a matter of real time, and recorded time passes `speed` times faster.
        flush_ms = int(min(settings.journal.flush_ms * max(speed, 1.0), _LONGEST_FLUSH_MS))
        journal_config = msgspec.structs.replace(settings.journal, flush_ms=flush_ms)
        return Journal.create(folder, header, journal_config)

    def _on_step(self, envelope: Envelope, outputs: tuple[Output, ...]) -> None:
        self._journalist(envelope, outputs)

    async def play(self) -> None:
        """Run to the end of the recording, or to a signal."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, self._on_signal)
        # What is there now stays: the collector need not look at it again with every tick.
        gc.collect()
        gc.freeze()
        begun = monotonic_ns()
        await self._loop.run(self._recording.events(), self._progress)
        self._loop.finish()
        self._seconds = (monotonic_ns() - begun) / NANOS_PER_SECOND

    async def stay(self) -> None:
        """Keep the end state until a signal."""
        await self._stopped.wait()

    def close(self) -> None:
        """Finish the journal."""
        if self._journal is not None and self._loop.corridor.journal is not None:
            self._journal.close(True, self._engine.state.state_hash())
        self._screen.close()

    def summary(self) -> dict[str, object]:
        """Return what is printed at the end."""
        return summary(
            self._engine,
            frames=self._recording.frame_count,
            events=self._loop.corridor.next_seq - 1,
            seconds=self._seconds,
        )

    def _on_signal(self) -> None:
        self._loop.stop()
        self._stopped.set()

    def _progress(self, frames: int) -> None:
        if self._screen.is_terminal:
            status = engine_status(self._engine, self._loop.corridor.clock.now())
            share = self._recording.frame_count / max(self._total, 1)
            self._screen.status(f"{share:4.0%} | {headline(status)}")
