"""``rf config``: every setting judged by itself, and the settings as they will be."""

from __future__ import annotations

import difflib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rf_cli.context import Context, Flag, Rf
from rf_cli.environment import is_placeholder, is_secret_name, leaves, read_toml
from rf_cli.exits import Exit
from rf_cli.output import Answer, table
from rf_cli.settings import ALIASES, Settings
from rf_common import config
from rf_common.errors import ConfigError
from rf_common.secret import Secret

if TYPE_CHECKING:
    from rich.console import RenderableType

OK, WARN, UNUSED = "ok", "WARN", "unused"
PLACEHOLDER, UNKNOWN, ERROR = "PLACEHOLDER", "UNKNOWN", "ERROR"
_ERRORS = {UNKNOWN, ERROR}
_WARNINGS = {WARN, PLACEHOLDER}

DOCUMENTED = {"ALPACA_SECRET_KEY": "ALPACA_API_SECRET"}
"""Accepted names that have a documented one."""

LATER = frozenset(
    {
        "ALPACA_BASE_URL",
        "ALPACA_DATA_URL",
        "ALPACA_LIVE_TRADING",
        "LLM_PROVIDER",
        "OLLAMA_MODEL",
        "OLLAMA_HOST",
        "GROQ_API_KEY",
        "GROQ_MODEL",
        "NEWSAPI_KEY",
        "POLYGON_API_KEY",
        "POLYMARKET_PRIVATE_KEY",
        "POLYMARKET_FUNDER_ADDRESS",
        "TELEGRAM_BOT_TOKEN",
        "TELEGRAM_CHAT_ID",
        "DISCORD_WEBHOOK_URL",
        "BINANCE_TESTNET",
        "EXECUTION_MODE",
        "EVENT_BUS_ALLOW_CONTROL",
        "SYMBOLS_EQUITY",
        "SYMBOLS_CRYPTO",
        "SYMBOLS_POLYMARKET",
        "ALLOW_EXECUTOR_FALLBACK_TO_MOCK",
        "POSTGRES_USER",
        "POSTGRES_PASSWORD",
        "POSTGRES_DB",
        "POSTGRES_HOST",
        "POSTGRES_PORT",
        "REDIS_URL",
        "DATABASE_URL",
        "OTLP_ENDPOINT",
        "SWARM_SYMBOLS",
        "SWARM_CUSTOM",
        "SWARM_ROUNDS",
        "DRY_RUN",
    }
)
"""Published names of parts that this version does not have."""

Row = dict[str, str]


def check(*, rf: Rf) -> Answer:
    """Check every setting; nothing is started."""
    rows = findings(rf)
    errors = sum(row["verdict"] in _ERRORS for row in rows)
    warnings = sum(row["verdict"] in _WARNINGS for row in rows)
    data = {"rows": rows, "errors": errors, "warnings": warnings}
    code = Exit.CONFIG if errors else Exit.OK
    return Answer("config.check", data, _check_text, exit_code=code)


def show(*, origin: Flag = False, rf: Rf) -> Answer:
    """Show every setting; secrets are masked.

    Parameters
    ----------
    origin
        Also where each value comes from.
    """
    settings, origins = rf.settings()
    secret = {name for name, kind in config.fields(Settings).items() if kind is Secret}
    rows = []
    for name, value in config.show(settings).items():
        text = "not set" if name in secret and name not in origins else value
        row = {"name": name, "value": text}
        rows.append(row | {"origin": origins.get(name, "default")} if origin else row)
    return Answer("config", rows, _show_text)


def findings(rf: Context) -> list[Row]:
    """Return one row for each given setting, and one for each thing that is wrong besides."""
    rows = [*_dotenv_rows(Path(".env")), *_environment_rows(), *_toml_rows(rf.config)]
    if not any(row["verdict"] in _ERRORS for row in rows):
        try:
            rf.settings()
        except ConfigError as error:
            rows.append(_row("settings", "", ERROR, error.message, error.fix))
    return rows


# --- .env and environment -------------------------------------------------------------------------


def _dotenv_rows(path: Path) -> Iterator[Row]:
    if not path.exists():
        return
    from dotenv.parser import parse_stream

    with path.open(encoding="utf-8", errors="replace") as file:
        bindings = list(parse_stream(file))
    for binding in bindings:
        # The parser counts the blank lines before a binding as its own.
        blank = len(binding.original.string) - len(binding.original.string.lstrip("\n"))
        where = f".env:{binding.original.line + blank}"
        if binding.error:
            yield _row(where, "", ERROR, "this line cannot be read; expected NAME=value")
        elif binding.key is not None:
            yield _variable(where, binding.key, binding.value or "", strict=True)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        note = "others on this machine can read it"
        yield _row(".env", f"mode {mode:04o}", WARN, note, "chmod 600 .env")


def _environment_rows() -> Iterator[Row]:
    for name, value in sorted(os.environ.items()):
        if value.strip() and (name in ALIASES or name in LATER or name.startswith(config.PREFIX)):
            yield _variable("environment", name, value, strict=False)


def _variable(where: str, name: str, value: str, *, strict: bool) -> Row:
    """Judge one variable; a name that is not ours is looked at in `strict` places only."""
    if not value.strip():
        return _row(where, name, UNUSED, "empty")
    if is_placeholder(value):
        return _row(where, name, PLACEHOLDER, "still the text from .env.example; counts as missing")
    if name in ALIASES or name.startswith(config.PREFIX):
        return _judge_variable(where, name, value)
    if name in LATER:
        return _row(where, name, UNUSED, "nothing in this version reads it")
    close = difflib.get_close_matches(name, [*ALIASES, *LATER], n=1, cutoff=0.8)
    if strict and close:
        return _row(where, name, UNKNOWN, f"did you mean {close[0]} ?")
    return _row(where, name, UNUSED, "not a setting of ours")


def _judge_variable(where: str, name: str, value: str) -> Row:
    try:
        config.load(Settings, {}, {name: value}, aliases=ALIASES)
    except ConfigError as error:
        return _wrong(where, name, error, name)
    shown = str(Secret(value)) if is_secret_name(name) else value
    if name in DOCUMENTED:
        shown += f"   accepted; the documented name is {DOCUMENTED[name]}"
    return _row(where, name, OK, shown)


# --- rf.toml --------------------------------------------------------------------------------------


def _toml_rows(given: Path | None) -> Iterator[Row]:
    path = given or Path("rf.toml")
    try:
        toml = read_toml(given)
    except ConfigError as error:
        yield _row(path.name, "", ERROR, error.message, error.fix)
        return
    lines = _lines(path) if toml else {}
    for name, value in leaves(toml):
        line = lines.get(name) or lines.get(name.rpartition(".")[0])
        yield _judge_leaf(f"{path.name}:{line}" if line else path.name, name, value)


def _judge_leaf(where: str, name: str, value: Any) -> Row:
    nested = value
    for part in reversed(name.split(".")):
        nested = {part: nested}
    try:
        config.load(Settings, nested, {})
    except ConfigError as error:
        return _wrong(where, name, error, "rf.toml")
    if name.startswith("keys."):
        fix = "move it to .env, chmod 600 .env"
        return _row(where, name, WARN, f"a key in a settings file: {Secret(str(value))}", fix)
    return _row(where, name, OK, str(value))


def _lines(path: Path) -> dict[str, int]:
    """Return the line of each dotted name; inline tables count by their own name."""
    section = ""
    found: dict[str, int] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        header = re.match(r"\s*\[\[?\s*([\w.-]+)\s*\]", line)
        entry = re.match(r"\s*([\w.-]+)\s*=", line)
        if header:
            section = f"{header[1]}."
        elif entry:
            found.setdefault(f"{section}{entry[1]}", number)
    return found


# --- rows -----------------------------------------------------------------------------------------


def _wrong(where: str, name: str, error: ConfigError, origin: str) -> Row:
    note = error.message.removeprefix(f"{origin}: ").removeprefix(f"{name}: ")
    verdict = UNKNOWN if note.startswith("unknown setting") else ERROR
    return _row(where, name, verdict, note)


def _row(where: str, name: str, verdict: str, note: str, fix: str = "") -> Row:
    return {"where": where, "name": name, "verdict": verdict, "note": note, "fix": fix}


def _check_text(data: Any) -> RenderableType:
    from rich.console import Group

    cells = [
        (row["where"], row["name"], row["verdict"], _with_fix(row["note"], row["fix"]))
        for row in data["rows"]
    ]
    counts = f"{data['errors']} errors, {data['warnings']} warnings"
    found = table(("where", "name", "verdict", ""), cells, empty="nothing is set; defaults apply")
    return Group(found, counts)


def _with_fix(note: str, fix: str) -> str:
    return f"{note}     fix: {fix}" if fix else note


def _show_text(rows: Any) -> RenderableType:
    columns = ("setting", "value", "origin")[: len(rows[0])]
    return table(columns, [tuple(row.values()) for row in rows], empty="no settings")
