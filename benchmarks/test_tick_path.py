"""From a frame of the venue to events, through the engine, and a whole recording."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal

import msgspec
import pytest

from rf_cli.settings import Settings
from rf_common.clock import DeterministicClock, UnixNanos
from rf_common.enums import FeedState, Mode
from rf_common.events import BookDelta, Envelope, FeedStatus, Quote, Trade
from rf_daemon.build import REPLAY_NONCE, build, engine_config, strategy_factories
from rf_daemon.tape import TapeLoop
from rf_engine import Engine
from rf_ingestion.binance.normalize import BinanceFeed
from rf_ingestion.config import BinanceConfig
from rf_ingestion.recording import Recording
from rf_testkit.builders import BTCUSDT, START, instrument

FRAMES = 500
LEVELS = 50
KINDS = {"bookTicker": Quote, "trade": Trade, "depth": BookDelta}


def frame(kind: str, number: int) -> bytes:
    """Return frame `number` of a stream, spelled as Binance's documentation has it."""
    payloads = {
        "bookTicker": lambda: {
            "u": 1_000 + number,
            "s": "BTCUSDT",
            "b": f"{61_837 + number % 7}.63000000",
            "B": "3.78826000",
            "a": f"{61_845 + number % 7}.64000000",
            "A": "1.54698000",
        },
        "trade": lambda: {
            "e": "trade",
            "E": 1_723_161_255_343,
            "s": "BTCUSDT",
            "t": 3_735_683_259 + number,
            "p": "61837.63000000",
            "q": "0.02000000",
            "T": 1_723_161_255_342,
            "m": True,
            "M": True,
        },
        "depth": lambda: {
            "e": "depthUpdate",
            "E": 1_723_161_255_208 + number,
            "s": "BTCUSDT",
            "U": 1_000 + number,
            "u": 1_000 + number,
            "b": [[f"{61_837 - k}.63000000", f"{k + number % 9}.50000000"] for k in range(LEVELS)],
            "a": [[f"{61_838 + k}.64000000", f"{k + number % 9}.50000000"] for k in range(LEVELS)],
        },
    }
    stream = f"btcusdt@{'depth@100ms' if kind == 'depth' else kind}"
    return msgspec.json.encode({"stream": stream, "data": payloads[kind]()})


def synced_feed() -> BinanceFeed:
    """Return a feed whose book is at update 999, so that every frame gives an event."""
    feed = BinanceFeed([instrument()], BinanceConfig())
    levels = {"bids": [["61000.00", "1"]], "asks": [["62000.00", "1"]]}
    first = frame("depth", 0).replace(b'"U":1000,"u":1000', b'"U":900,"u":999')
    feed.on_frame(first, START)
    feed.wants_snapshot()
    feed.on_snapshot(BTCUSDT, msgspec.json.encode({"lastUpdateId": 950, **levels}), START)
    return feed


@pytest.mark.parametrize("kind", KINDS)
def test_bare_decode(benchmark, tell, kind):
    """The baseline: JSON to plain Python objects, nothing checked, nothing made of it."""
    frames = [frame(kind, n) for n in range(FRAMES)]
    decode = msgspec.json.Decoder().decode

    def run():
        for raw in frames:
            decode(raw)

    benchmark(run)
    tell(per_call=FRAMES)


@pytest.mark.parametrize("kind", KINDS)
def test_frame_to_events(benchmark, tell, kind):
    """Bytes in, events out, by the shipped parser; of depth a diff of 100 levels."""
    frames = [frame(kind, n) for n in range(FRAMES)]

    def run(feed):
        return [feed.on_frame(raw, START) for raw in frames]

    made = benchmark.pedantic(run, setup=lambda: ((synced_feed(),), {}), rounds=40)
    assert [type(event) for events in made for event in events] == [KINDS[kind]] * FRAMES
    tell(baseline=f"test_bare_decode[{kind}]", per_call=FRAMES)


@pytest.fixture(scope="module")
def instruments(tape):
    return Recording([tape]).instruments()


@pytest.fixture(scope="module")
def frames(tape):
    return list(Recording([tape]).events())


def new_house(instruments):
    """Return corridor and clock of a house with the default settings."""
    clock = DeterministicClock()
    settings = Settings()
    config = engine_config(settings, Mode.PAPER)
    house = build(settings, config, instruments, clock, nonce=REPLAY_NONCE)
    return house, clock


class Inputs:
    """A journal that only remembers what entered."""

    pending = 0
    rotation_due = False

    def __init__(self):
        self.seen = []

    def append(self, envelope, outputs):
        self.seen.append(envelope)

    def needs_commit(self, outputs):
        return False

    def is_due(self, now):
        return False

    def commit(self):
        pass

    def rotate(self, ledger):
        pass


@pytest.fixture(scope="module")
def envelopes(instruments, frames):
    """Everything that enters the engine in a run over the tape, timers and answers included."""
    tape_of_inputs = Inputs()
    house, clock = new_house(instruments)
    house.corridor.journal = tape_of_inputs
    loop = TapeLoop(house.corridor, clock, speed=float("inf"))
    clock.set(frames[0][0])
    house.corridor.start()
    for ts, payloads in frames:
        loop.frame(ts, payloads)
    return tape_of_inputs.seen


def new_engine(instruments) -> Engine:
    config = engine_config(Settings(), Mode.PAPER)
    return Engine(config, REPLAY_NONCE, instruments, strategy_factories())


def test_no_op_engine_call(benchmark, instruments):
    """The baseline: an envelope that nothing follows from."""
    engine = new_engine(instruments)
    status = FeedStatus("binance", UnixNanos(1), FeedState.LIVE)
    outputs = benchmark(engine.process, Envelope(1, UnixNanos(1), status))
    assert outputs == ()


def test_engine_per_quote(benchmark, tell, instruments, envelopes):
    """`Engine.process` of every quote of the tape: features, two strategies, the whole chain."""
    engine = new_engine(instruments)
    rest = iter(envelopes)

    def next_quote():
        for envelope in rest:
            if type(envelope.payload) is Quote:
                return (envelope,), {}
            engine.process(envelope)
        raise StopIteration

    count = sum(type(envelope.payload) is Quote for envelope in envelopes)
    benchmark.pedantic(engine.process, setup=next_quote, rounds=count)
    tell(
        baseline="test_no_op_engine_call",
        tail=True,
        quotes=count,
        orders=engine.state.next_order - 1,
    )


def test_frame_to_outputs(benchmark, tell, instruments, frames):
    """One frame's events through the daemon's tape loop: stamp, engine, gate, paper venue."""
    house, clock = new_house(instruments)
    loop = TapeLoop(house.corridor, clock, speed=float("inf"))
    clock.set(frames[0][0])
    house.corridor.start()
    rest = iter(frames)
    benchmark.pedantic(loop.frame, setup=lambda: (next(rest), {}), rounds=len(frames))
    tell(baseline="test_no_op_engine_call", tail=True, frames=len(frames))


@pytest.mark.parametrize("journal", [(), ("--journal",)], ids=["journal_off", "journal_on"])
def test_recordings_at_full_speed(benchmark, tell, recordings, tmp_path, journal):
    """Both recordings through a daemon of its own; the time is that of the whole process."""
    command = [sys.executable, "-m", "rf_daemon", "--replay", *map(str, recordings)]
    command += ["--speed", "max", "--exit", "--json", "--log-level", "error", *journal]

    def run():
        return subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout

    told = json.loads(benchmark.pedantic(run, rounds=3).splitlines()[-1])
    assert told["book_mismatches"] == 0
    assert Decimal(told["equity"]) > 0
    names = ("frames", "seconds", "frames_per_second", "peak_rss_mb")
    tell(**{name: told[name] for name in names})
