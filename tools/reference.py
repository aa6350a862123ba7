"""Write what the docs tell of the code: settings, commands, metrics, rules, order states.

A page keeps its own words; between ``<!-- generated: NAME -->`` and ``<!-- end -->`` stands what
this tool makes. `.env.example` is made as a whole. A house test compares both with the code.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from rf_cli.commands import COMMANDS, OPTIONS
from rf_cli.exits import Exit
from rf_cli.settings import ALIASES, Settings
from rf_common import config
from rf_common.enums import SystemState
from rf_common.secret import Secret
from rf_daemon.main import parser
from rf_metrics import HouseMetrics
from rf_oms import TRANSITIONS
from rf_risk import standard_checks

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
TOML_ONLY = "engine.strategies"

EXITS = {
    Exit.OK: "done",
    Exit.FAILED: "failed unexpectedly",
    Exit.USAGE: "the call cannot be understood",
    Exit.CONFIG: "a setting is wrong: `rf config check`",
    Exit.KEY: "a key is missing or refused",
    Exit.UNREACHABLE: "a venue, the network or the engine does not answer: try later",
    Exit.REFUSED: "refused by a rule: do not repeat it unchanged",
    Exit.DATA: "a file is missing or cannot be used",
    Exit.FOUND: "a check found something: look",
    Exit.NOT_CONFIRMED: "nobody confirmed it: pass the flag that is named",
    Exit.KILLED: "the kill switch is on: `rf resume`",
    Exit.BUDGET: "the AI budget is used up: `rf ai cost`, `rf ai budget`",
    Exit.NO_DAEMON: "no daemon answers",
    Exit.INTERRUPTED: "interrupted",
}


class Setting(msgspec.Struct, frozen=True):
    """One setting as people read of it."""

    name: str
    default: str
    sentence: str
    is_secret: bool

    @property
    def variable(self) -> str:
        """Name in the environment."""
        return config.PREFIX + self.name.upper().replace(".", "__")


def settings() -> list[Setting]:
    """Return every setting with its default and its sentence."""
    defaults = config.show(Settings())
    kinds = config.fields(Settings)
    found = []
    for name, sentence in _sentences(Settings):
        is_secret = kinds[name] is Secret
        default = "" if is_secret else defaults[name]
        if name == TOML_ONLY:
            default = ", ".join(spec.id for spec in Settings().engine.strategies)
        found.append(Setting(name, default, sentence, is_secret))
    return found


def _sentences(kind: type, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield dotted names with the text that stands below each field."""
    texts = _texts(kind)
    for field in msgspec.structs.fields(kind):
        name = f"{prefix}{field.name}"
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from _sentences(field.type, f"{name}.")
        else:
            yield name, " ".join(texts[field.name].split())


def _texts(kind: type) -> dict[str, str]:
    """Return the string that stands below each field, from the source."""
    module = ast.parse(inspect.getsource(kind))
    body = next(node.body for node in module.body if isinstance(node, ast.ClassDef))
    texts = {}
    for field, below in itertools.pairwise(body):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                texts[name] = text
    return texts


def env_example() -> str:
    """Return `.env.example`: every setting, commented out, with its default."""
    lines = [
        "# Copy to .env and change what you need; what is commented out keeps its default.",
        "# Nothing here is needed for the simulated market. Keep .env to yourself: chmod 600 .env",
        "# Made by tools/reference.py. `rf config check` tells what is wrong with a .env.",
        "",
        "# --- published names ---",
    ]
    sentences = {setting.name: setting for setting in settings()}
    for name, dotted in ALIASES.items():
        setting = sentences[dotted]
        value = f"your_{name.lower()}" if setting.is_secret else setting.default
        first = next(other for other, same in ALIASES.items() if same == dotted)
        note = f" The same setting as {first}: give one." if first != name else ""
        lines += ["", f"# {setting.sentence}{note}", f"# {name}={value}"]
    lines += ["", "# --- every setting; these names win over the published ones ---"]
    for setting in sentences.values():
        note = " In rf.toml only." if setting.name == TOML_ONLY else ""
        lines += ["", f"# {setting.sentence}{note}", f"# {setting.variable}={setting.default}"]
    return "\n".join(lines) + "\n"


def _settings_table() -> str:
    rows = [(f"`{s.name}`", f"`{s.default}`" if s.default else "", s.sentence) for s in settings()]
    return _table(("setting", "default", "what it is"), rows)


def _aliases_table() -> str:
    return _table(("published name", "setting"), [(f"`{k}`", f"`{v}`") for k, v in ALIASES.items()])


def _commands_table() -> str:
    rows = [
        (f"`rf {e.path}`", e.summary, "<br>".join(f"`{x}`" for x in e.examples)) for e in COMMANDS
    ]
    return _table(("command", "what it does", "examples"), rows)


def _options_table() -> str:
    return _table(("option", "meaning"), [(f"`{k}`", v) for k, v in OPTIONS.items()])


def _daemon_table() -> str:
    # argparse has no public list of its arguments.
    actions = [a for a in parser()._actions if a.dest != "help"]
    rows = [(f"`{' '.join([*a.option_strings, *_placeholder(a)])}`", a.help or "") for a in actions]
    return _table(("flag", "meaning"), rows)


def _placeholder(action: Any) -> tuple[str, ...]:
    if action.nargs == 0:
        return ()
    return (action.metavar or action.dest.upper(),)


def _exits_table() -> str:
    return _table(("code", "name", "meaning"), [(str(int(e)), e.name, EXITS[e]) for e in Exit])


def _metrics_table() -> str:
    text = HouseMetrics().render()[0].decode()
    helps = dict(re.findall(r"^# HELP (\S+) (.*)$", text, re.MULTILINE))
    kinds = re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)
    return _table(("metric", "type", "meaning"), [(f"`{n}`", k, helps[n]) for n, k in kinds])


def _rules_table() -> str:
    rows = [
        (f"`{c.rule}`", inspect.getdoc(getattr(c, "judge", c)) or "") for c in standard_checks()
    ]
    numbered = [(str(n), *row) for n, row in enumerate(rows, 1)]
    return _table(("", "rule", "what it looks at"), numbered)


def _states_table() -> str:
    rows = []
    for status, moves in TRANSITIONS.items():
        by_target: dict[str, list[str]] = {}
        for move, target in moves.items():
            by_target.setdefault(str(target), []).append(f"`{move}`")
        told = "<br>".join(f"{', '.join(names)} → {target}" for target, names in by_target.items())
        rows.append((f"{status}{' (end)' if status.is_terminal else ''}", told))
    return _table(("status", "moves"), rows)


def _system_states() -> str:
    return ", ".join(f"`{state}`" for state in SystemState) + "\n"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


MAKERS = {
    "settings": _settings_table,
    "aliases": _aliases_table,
    "commands": _commands_table,
    "options": _options_table,
    "daemon": _daemon_table,
    "exits": _exits_table,
    "metrics": _metrics_table,
    "rules": _rules_table,
    "order-states": _states_table,
    "system-states": _system_states,
}


def filled(text: str) -> str:
    """Return a page with every generated block as it should be; KeyError for an unknown one."""
    return BLOCK.sub(lambda m: f"{m[1]}\n{MAKERS[m[2]]()}\n{m[3]}", text)


def wanted() -> dict[Path, str]:
    """Return what every file should contain that this tool has a hand in."""
    pages = {page: page.read_text() for page in sorted((ROOT / "docs").rglob("*.md"))}
    files = {page: filled(text) for page, text in pages.items() if BLOCK.search(text)}
    return files | {ROOT / ".env.example": env_example()}


def main() -> None:
    """Rewrite what differs."""
    for path, text in wanted().items():
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
