"""`tui`: arguments in, a screen, one exit code out."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path

from rf_common.errors import RfError

LOG_FILE = "tui.log"
_LOG_BYTES = 1_000_000


def parser() -> argparse.ArgumentParser:
    """Return the arguments of the terminal."""
    from rf_tui.palette import COLOURS, THEMES

    made = argparse.ArgumentParser(
        prog="tui",
        description="Look at the running daemon, and trade through it.",
        epilog="examples:  tui   |   tui --ascii --theme mono   |   tui --data-dir other",
        allow_abbrev=False,
    )
    made.add_argument("--host", help="where the daemon is; default what its folder says")
    made.add_argument("--port", type=_port, help="port of its bus; default what its folder says")
    made.add_argument("--data-dir", type=Path, default=None, metavar="DIR",
                      help="the daemon's folder; default RF_DATA_DIR, then rf-data")  # fmt: skip
    made.add_argument("--ascii", action="store_true", help="draw nothing but ASCII")
    made.add_argument("--theme", choices=list(THEMES), default="dark")
    made.add_argument("--no-mouse", action="store_true", help="leave the mouse to the terminal")
    made.add_argument("--colours", choices=list(COLOURS), help="default what the terminal says")
    made.add_argument("--screen", type=int, choices=range(1, 7), default=1, metavar="N",
                      help="screen to begin with, 1 to 6")  # fmt: skip
    return made


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65_536):
        raise argparse.ArgumentTypeError(f"expected 1 to 65535, was {text!r}")
    return int(text)


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the terminal and return its exit code."""
    given = parser().parse_args(arguments)
    folder = given.data_dir or Path(environment.get("RF_DATA_DIR") or "rf-data")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise RfError("the screen needs a terminal on stdin and stdout", code="RF-U-001",
                      fix="rf status --json", exit_code=2)  # fmt: skip
    _log_to(folder)
    asyncio.run(_show(given, folder, environment))
    return 0


async def _show(given: argparse.Namespace, folder: Path, environment: Mapping[str, str]) -> None:
    import urwid

    from rf_common.clock import RealtimeClock, monotonic_ns
    from rf_tui import palette, terminal
    from rf_tui.app import App
    from rf_tui.link import Link, make_wire
    from rf_tui.ports import Options
    from rf_tui.where import Where

    urwid.set_encoding("utf-8")
    where = Where(folder, given.host, given.port)
    clock, leaving = RealtimeClock(), asyncio.Event()
    link = Link(where, make_wire(), clock, monotonic_ns)
    options = Options(folder, where.is_local, given.ascii, given.screen)
    screen = urwid.display.raw.Screen()
    depth = palette.depth(given.colours, given.theme, environment)
    if depth is not None:
        screen.set_terminal_properties(colors=depth)  # type: ignore[arg-type]  # one of them
    await terminal.run(
        App(link, options, clock, leaving.set), link, screen, palette.entries(given.theme),
        leaving=leaving, mouse=not given.no_mouse, durations=monotonic_ns,
    )  # fmt: skip


def _log_to(folder: Path) -> None:
    """Send every log line to a file of bounded size; the screen gets none."""
    root = logging.getLogger()
    logging.captureWarnings(True)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handler: logging.Handler = RotatingFileHandler(
            folder / LOG_FILE, maxBytes=_LOG_BYTES, backupCount=2, encoding="utf-8"
        )
    except OSError as error:
        raise RfError(
            f"{folder / LOG_FILE} cannot be written: {error.strerror}",
            fix="choose another folder with --data-dir",
            exit_code=3,
        ) from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)


def main() -> None:
    """Entry point of the command ``tui``."""
    try:
        code = run(sys.argv[1:], os.environ)
    except RfError as error:
        print(error.render(), file=sys.stderr)
        code = error.exit_code
    except KeyboardInterrupt:
        code = 130
    except Exception:
        logging.getLogger("rf").exception("RF-X-000 internal error: the screen stops")
        print(f"RF-X-000  the screen failed, see {LOG_FILE} in the data folder", file=sys.stderr)
        code = 1
    sys.exit(code)
