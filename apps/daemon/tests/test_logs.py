"""Logs: JSON for machines, one status line for people, no secret for anybody."""

from __future__ import annotations

import io
import json
import logging
from types import SimpleNamespace

import pytest
import structlog

from rf_common.secret import Redactor, Secret
from rf_daemon import logs

CANARY = "canary-Zx81-must-never-be-seen"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def stderr(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(logs, "sys", SimpleNamespace(stderr=stream))
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


def test_lines_are_json_when_stderr_is_no_terminal(stderr):
    logs.configure("info", Redactor())
    structlog.get_logger("rf").info("filled", order="RF-1")
    told = json.loads(stderr.getvalue())
    assert told["event"] == "filled"
    assert told["order"] == "RF-1"
    assert told["level"] == "info"


def test_what_a_library_adds_to_its_line_is_shown(stderr):
    logs.configure("info", Redactor())
    logging.getLogger("some.library").warning("refused", extra={"peer": "127.0.0.1:5"})
    assert json.loads(stderr.getvalue())["peer"] == "127.0.0.1:5"


def test_secrets_are_masked_in_messages_fields_and_tracebacks(stderr):
    logs.configure("debug", Redactor([Secret(CANARY)]))
    structlog.get_logger("rf").info(f"login {CANARY}", key=CANARY)
    logging.getLogger("some.library").debug("url https://x.io/?token=abcdef %s", CANARY)
    try:
        raise RuntimeError(CANARY)
    except RuntimeError:
        logging.getLogger("some.library").exception("failed")
    assert CANARY not in stderr.getvalue()
    assert "abcdef" not in stderr.getvalue()
    assert "RuntimeError" in stderr.getvalue()


def test_levels_below_the_wanted_one_are_not_printed(stderr):
    logs.configure("warning", Redactor())
    structlog.get_logger("rf").info("quiet")
    assert stderr.getvalue() == ""


def test_the_status_line_stays_below_what_is_logged():
    stream = Terminal()
    screen = logs.Screen(stream)
    screen.setFormatter(logging.Formatter("%(message)s"))
    screen.status("SIM | ACTIVE")
    screen.emit(logging.LogRecord("x", logging.INFO, "", 0, "filled", None, None))
    screen.close()
    assert stream.getvalue() == "\r\x1b[KSIM | ACTIVE\r\x1b[Kfilled\n\r\x1b[KSIM | ACTIVE\n"


def test_no_status_line_when_nobody_looks():
    stream = io.StringIO()
    logs.Screen(stream).status("SIM | ACTIVE")
    assert stream.getvalue() == ""
