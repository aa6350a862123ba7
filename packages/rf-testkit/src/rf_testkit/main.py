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
from rf_testkit.anthropic import ACTS, Act, FakeAnthropic, FakeChat
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


@app.command
def anthropic(*, port: int = 0, behaviour: str = "analyst", key: str = "") -> None:
    """Answer as Anthropic's Messages API would, until interrupted.

    Prints one JSON line with its URL, and one for each call.

    Parameters
    ----------
    port
        0 lets the system choose.
    behaviour
        What every call meets, such as analyst, overloaded, dripping or hostile.
    key
        The only key that is accepted; without it every key is.
    """
    asyncio.run(_serve_model(port, _act(behaviour), key))


@app.command
def chat(*, port: int = 0, behaviour: str = "analyst") -> None:
    """Answer as Ollama and as an endpoint of OpenAI's shape would, until interrupted.

    Prints one JSON line with its URLs.

    Parameters
    ----------
    port
        0 lets the system choose.
    behaviour
        What every call meets, such as analyst, malformed or dripping.
    """
    asyncio.run(_serve_chat(port, _act(behaviour)))


def main() -> None:
    """Run the command line; an error of ours is shown as people read it."""
    try:
        app()
    except RfError as error:
        print(error.render(), file=sys.stderr)
        sys.exit(error.exit_code)


async def _serve(tape: Tape, settings: Settings, faults: Faults) -> None:
    stop = _stop_signal()
    async with FakeBinance(tape, settings=settings, faults=faults) as fake:
        _print({"ws_url": fake.ws_url, "rest_url": fake.rest_url})
        report = asyncio.create_task(_report_end(fake))
        await stop.wait()
        report.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await report


async def _serve_model(port: int, act: Act, key: str) -> None:
    stop = _stop_signal()
    async with FakeAnthropic(port=port, default=act, keys=[key] if key else []) as fake:
        _print({"url": fake.url})
        told = asyncio.create_task(_report_calls(fake))
        await stop.wait()
        told.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await told


async def _serve_chat(port: int, act: Act) -> None:
    stop = _stop_signal()
    async with FakeChat(port=port, default=act) as fake:
        _print({"ollama_url": fake.ollama_url, "openai_url": fake.openai_url})
        await stop.wait()


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def _report_calls(fake: FakeAnthropic) -> None:
    """Print each call once; the key is not told and old requests are not kept."""
    number = 0
    while True:
        await fake.came.wait()
        fake.came.clear()
        for asked in fake.requests:
            number += 1
            line = {"call": number, "path": asked.path, "model": asked.body.get("model")}
            _print({**line, "bytes": len(asked.raw)})
        fake.requests.clear()


async def _report_end(fake: FakeBinance) -> None:
    await fake.done.wait()
    _print({"event": "end_of_tape", "stats": fake.stats})


def _act(name: str) -> Act:
    if name not in ACTS:
        known = ", ".join(ACTS)
        raise ConfigError(f"expected one of {known} for --behaviour, was {name!r}")
    return ACTS[name]


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
