"""The command `rf-testkit`: fake venues for people and end-to-end tests."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from pathlib import Path

import cyclopts
import msgspec

from rf_common.errors import ConfigError, RfError
from rf_testkit.binance import FakeBinance, Faults, Pace, Settings
from rf_testkit.synthetic import synthetic_tape
from rf_testkit.tape import Tape, merge, parse_lines, read_tape

app = cyclopts.App(name="rf-testkit", help="Fake venues on loopback, for tests.")


@app.command
def binance(
    *,
    recording: list[Path] | None = None,
    ws_port: int = 0,
    rest_port: int = 0,
    speed: str = "max",
    cuts: int = 0,
    seed: int = 0,
    gaps: int = 0,
    garbage: int = 0,
    duplicates: int = 0,
    reorders: int = 0,
    lost_after_cut: int = 0,
    loop: bool = False,
) -> None:
    """Play recordings as Binance spot would, until interrupted.

    Prints one JSON line with the two URLs when listening and one at the end of the tape.

    Parameters
    ----------
    recording
        A recording; give it again for another symbol. Without any a synthetic tape is played.
    ws_port
        Port of the streams; 0 lets the system choose.
    rest_port
        Port of the REST half; 0 lets the system choose.
    speed
        "max", or how many times the recorded pace.
    cuts
        Connections are broken at so many places.
    seed
        Of the places, and of the synthetic tape.
    gaps
        So many depth events are lost.
    garbage
        So many spoilt frames are sent.
    duplicates
        So many frames are sent twice.
    reorders
        So many frames change places with the next of their stream.
    lost_after_cut
        Frames that pass after each cut while nobody listens, at "max".
    loop
        Start again at the end, for ever.
    """
    settings = Settings(
        ws_port=ws_port,
        rest_port=rest_port,
        pace=_pace(speed),
        lost_after_cut=lost_after_cut,
        loop=loop,
    )
    faults = Faults(
        seed=seed,
        cuts=cuts,
        gaps=gaps,
        garbage=garbage,
        duplicates=duplicates,
        reorders=reorders,
    )
    tape = read_tape(*recording) if recording else merge(parse_lines(synthetic_tape(seed)))
    asyncio.run(_serve(tape, settings, faults))


def main() -> None:
    """Run the command line; an error of ours is shown as people read it."""
    try:
        app()
    except RfError as error:
        print(error.render(), file=sys.stderr)
        sys.exit(error.exit_code)


async def _serve(tape: Tape, settings: Settings, faults: Faults) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with FakeBinance(tape, settings=settings, faults=faults) as fake:
        _print({"ws_url": fake.ws_url, "rest_url": fake.rest_url})
        report = asyncio.create_task(_report_end(fake))
        await stop.wait()
        report.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await report


async def _report_end(fake: FakeBinance) -> None:
    await fake.done.wait()
    _print({"event": "end_of_tape", "stats": fake.stats})


def _pace(text: str) -> Pace:
    if text == "max":
        return "max"
    try:
        pace = float(text)
    except ValueError:
        pace = 0.0
    if not 0.0 < pace < float("inf"):
        raise ConfigError(f'expected "max" or a number above 0 for --speed, was {text!r}')
    return pace


def _print(line: object) -> None:
    print(msgspec.json.encode(line).decode(), flush=True)
