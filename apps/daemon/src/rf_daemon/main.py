"""`daemon`: arguments in, one exit code out."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rf_common.errors import ConfigError, RfError

_FLAGS = {
    "source": "RF_SOURCE",
    "symbols": "RF_SYMBOLS",
    "ws_url": "RF_BINANCE__WS_URL",
    "rest_url": "RF_BINANCE__REST_URL",
    "seed": "RF_MOCK__SEED",
    "data_dir": "RF_DATA_DIR",
    "bus_port": "RF_BUS_PORT",
    "http_port": "RF_HTTP_PORT",
    "log_level": "RF_LOG_LEVEL",
}
"""Flags that are settings, and the name under which they win over everything else."""


def parser() -> argparse.ArgumentParser:
    """Return the arguments of the daemon."""
    made = argparse.ArgumentParser(
        prog="daemon",
        description="Run the engine: market data in, one decision loop, orders on paper, journal.",
        epilog="examples:  daemon   |   daemon --replay tape.gz --speed max --exit --json",
        allow_abbrev=False,
    )
    made.add_argument("--source", metavar="NAME", help="mock or binance; by default the keys say")
    made.add_argument("--symbols", metavar="A,B", help="symbols to trade")
    made.add_argument("--ws-url", metavar="URL", help="base of Binance's stream")
    made.add_argument("--rest-url", metavar="URL", help="base of Binance's REST interface")
    made.add_argument("--seed", metavar="N", help="seed of the mock market")
    made.add_argument("--replay", metavar="FILE", nargs="+", help="run a raw recording instead")
    made.add_argument("--speed", default="max", help="pace of the recording: max, 1, or N times")
    made.add_argument("--exit", action="store_true", help="stop at the end of the recording")
    made.add_argument("--journal", action="store_true", help="write a journal of the recording")
    made.add_argument("--for", dest="seconds", type=float, metavar="S", help="stop after S seconds")
    made.add_argument("--json", action="store_true", help="print one JSON object at the end")
    made.add_argument("--data-dir", metavar="DIR", help="folder of journal, lock and token")
    made.add_argument("--config", type=Path, metavar="FILE", help="settings; default rf.toml")
    made.add_argument("--bus-port", metavar="PORT", help="port of the event bus")
    made.add_argument("--http-port", metavar="PORT", help="port of metrics and health")
    made.add_argument("--log-level", metavar="LEVEL", help="debug, info, warning or error")
    made.add_argument("--log-json", action="store_true", help="JSON log lines on a terminal too")
    return made


def speed_of(text: str) -> float:
    """Return the pace of a recording; ConfigError unless it is ``max`` or a positive number."""
    try:
        speed = float("inf") if text == "max" else float(text)
    except ValueError:
        speed = 0.0
    if not speed > 0:
        raise ConfigError(f"--speed = {text}: expected max or a number above 0", exit_code=2)
    return speed


def run(arguments: Sequence[str]) -> int:
    """Run the daemon and return its exit code."""
    given = parser().parse_args(arguments)
    from rf_cli.settings import environment_with_dotenv, read_settings
    from rf_daemon import logs

    flags = {name: str(getattr(given, key)) for key, name in _FLAGS.items() if getattr(given, key)}
    environment = environment_with_dotenv(Path()) | flags
    settings, _ = read_settings(environment, toml_path=given.config)
    as_json = True if given.log_json else None
    screen = logs.configure(settings.log_level, settings.redactor(), as_json=as_json)
    try:
        return _run_loop(_session(given, settings, screen))
    except RfError as error:
        screen.close()
        print(settings.redactor().text(error.render()), file=sys.stderr)
        return error.exit_code
    except Exception:
        logging.getLogger("rf").exception("RF-X-000 internal error: the daemon stops")
        screen.close()
        return 1


def _session(given: argparse.Namespace, settings: Any, screen: Any) -> Any:
    if given.replay:
        from rf_daemon.replay_run import replay

        return replay(
            settings,
            screen,
            [Path(name) for name in given.replay],
            speed=speed_of(given.speed),
            leave=given.exit,
            as_json=given.json,
            with_journal=given.journal,
        )
    from rf_daemon.live_run import live

    return live(settings, screen, seconds=given.seconds, as_json=given.json)


def _run_loop(session: Any) -> int:
    try:
        import uvloop
    except ImportError:  # uvloop has no build for Windows
        return int(asyncio.run(session))
    return int(uvloop.run(session))


def main() -> None:
    """Entry point of the command ``daemon``."""
    try:
        code = run(sys.argv[1:])
    except RfError as error:
        print(error.render(), file=sys.stderr)
        code = error.exit_code
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:  # whoever read our output has gone
        code = 141
    sys.exit(code)
