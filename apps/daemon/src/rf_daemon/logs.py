"""Logs of the daemon: JSON lines, or plain lines with one status line below them.

Everything goes to stderr, through one mask for secrets, in one form for the house's own events
and for whatever a library logs.
"""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog

from rf_common.secret import Redactor

_CLEAR = "\r\x1b[K"


class Screen(logging.StreamHandler[TextIO]):
    """A log handler that keeps one status line below what it prints."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._line = ""
        self.is_terminal = stream.isatty()

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record above the status line."""
        if self._line:
            self.stream.write(_CLEAR)
        super().emit(record)
        self._draw()

    def status(self, line: str) -> None:
        """Show `line` as the status line; nothing happens when this is no terminal."""
        if self.is_terminal:
            self.acquire()
            try:
                self._line = line
                self._draw()
            finally:
                self.release()

    def _draw(self) -> None:
        if self._line:
            self.stream.write(_CLEAR + self._line)
            self.flush()

    def close(self) -> None:
        """Leave the cursor on a line of its own."""
        if self._line:
            self._line = ""
            self.stream.write("\n")
        super().close()


class _Masked(logging.Formatter):
    """Masks secrets in the finished text, tracebacks included."""

    def __init__(self, inner: logging.Formatter, redactor: Redactor) -> None:
        super().__init__()
        self._inner = inner
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        return self._redactor.text(self._inner.format(record))


def configure(level: str, redactor: Redactor, *, as_json: bool | None = None) -> Screen:
    """Send all logs to stderr and return the screen that prints them.

    Parameters
    ----------
    level : str
        Lowest level: debug, info, warning, error.
    redactor : Redactor
        Masks every line.
    as_json : bool, optional
        Whether lines are JSON; by default they are when stderr is no terminal.
    """
    screen = Screen(sys.stderr)
    plain = screen.is_terminal if as_json is None else not as_json
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if plain else "iso", utc=True),
    ]
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer()
    if plain:
        renderer = structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            renderer,
        ],
    )
    screen.setFormatter(_Masked(formatter, redactor))
    root = logging.getLogger()
    root.handlers[:] = [screen]
    root.setLevel(level.upper())
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    return screen
