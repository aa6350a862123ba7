"""What leaves the program: JSON or text for people; never a secret, never control codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from rf_cli.exits import Exit
from rf_common.errors import RfError
from rf_common.secret import Redactor

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_RETRY = {Exit.UNREACHABLE, Exit.NO_DAEMON}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command found: data for programs, and how people read that data."""

    schema: str
    """Name of the form of `data`, without ``rf.`` and version."""
    data: Any
    human: Callable[[Any], RenderableType]
    """Makes the text from `data`."""
    warnings: tuple[str, ...] = ()
    exit_code: int = Exit.OK
    asof: str = ""
    """When it was true, ISO 8601; empty means now."""


class UnknownOutcome(RfError):
    """No answer came to something that must not be repeated blindly."""

    default_code = "RF-N-017"
    default_exit = Exit.NO_DAEMON


def usage(message: str, *, fix: str = "", detail: str = "") -> RfError:
    """Return the error of a call that cannot be understood."""
    return RfError(message, code="RF-U-001", detail=detail, fix=fix, exit_code=Exit.USAGE)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str) -> RenderableType:
    """Return rows under their columns, or `empty` when there is none; ``>`` aligns to the right."""
    if not rows:
        return empty
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    made = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        right = column.startswith(">")
        made.add_column(column.removeprefix(">"), justify="right" if right else "left")
    for row in rows:
        made.add_row(*row)
    return made


def money(text: str | None) -> str:
    """Return an amount with digit groups and two decimals, ``n/a`` when it is not known."""
    from decimal import Decimal

    return "n/a" if text is None else f"{Decimal(text):,.2f}"


def shown(value: object) -> str:
    """Return `value` as text, ``n/a`` when there is none."""
    return "n/a" if value is None else str(value)


def print_answer(answer: Answer, redactor: Redactor, *, as_json: bool, now: str) -> None:
    """Print `answer` on stdout; what people must know besides goes to stderr."""
    data = clean(answer.data, redactor.text)
    warnings = [redactor.text(warning) for warning in answer.warnings]
    if as_json:
        found = {
            "schema": f"rf.{answer.schema}/1",
            "ok": answer.exit_code == Exit.OK,
            "data": data,
            "warnings": warnings,
            "asof": answer.asof or now,
        }
        _print_json(found)
        return
    _console(sys.stdout).print(answer.human(clean(data, printable)))
    for warning in warnings:
        _console(sys.stderr).print(f"warning: {printable(warning)}")


def print_error(error: RfError, redactor: Redactor, *, as_json: bool) -> None:
    """Print `error`: what happened, what it means, what to do."""
    if as_json:
        found = {
            "schema": "rf.error/1",
            "ok": False,
            "code": error.code,
            "exit": int(error.exit_code),
            "message": redactor.text(error.message),
            "fix": redactor.text(error.fix),
            "retry": error.exit_code in _RETRY and not isinstance(error, UnknownOutcome),
        }
        _print_json(found)
        return
    lines = redactor.text(error.render()).splitlines()
    print("\n".join(map(printable, lines)), file=sys.stderr)


def clean(data: Any, mask: Callable[[str], str]) -> Any:
    """Return `data` with `mask` applied to every text in it."""
    if isinstance(data, str):
        return mask(data)
    if isinstance(data, dict):
        return {mask(str(key)): clean(value, mask) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [clean(value, mask) for value in data]
    return data


def printable(text: str) -> str:
    """Return `text` without what could steer a terminal or reorder letters.

    Examples
    --------
    >>> printable("A" + chr(27) + "[2JB") == "A" + chr(0xFFFD) + "[2JB"
    True
    """
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def _print_json(found: dict[str, Any]) -> None:
    import json

    print(json.dumps(found), file=sys.stdout)


def _console(file: TextIO) -> Console:
    from rich.console import Console

    terminal = file.isatty()
    wanted = terminal or os.environ.get("CLICOLOR_FORCE", "") not in {"", "0"}
    colour = wanted and not os.environ.get("NO_COLOR")
    return Console(
        file=file,
        force_terminal=bool(colour),
        color_system="auto" if colour else None,
        no_color=not colour,
        # A file or a pipe has no width: rows must not be cut or folded there.
        width=None if terminal else 1_000,
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=not terminal,
    )
