"""``rf`` as a cyclopts program: commands from the table, global options before or behind them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Group, Parameter

from rf_cli.commands import COMMANDS, GROUPS, OPTIONS, SUMMARY

if TYPE_CHECKING:
    from rf_cli.context import Context


class Call:
    """The context of the command being run."""

    def __init__(self) -> None:
        self.context: Context | None = None


def build(call: Call) -> App:
    """Return the program: every command of the table, loaded when it is called."""
    app = App(
        name="rf",
        help=SUMMARY,
        help_format="plaintext",
        version_flags=(),
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    app.meta.suppress_keyboard_interrupt = False
    app.meta.group_parameters = Group("Global options", sort_key=99)
    groups = {name: App(name=name, help=text) for name, text in GROUPS.items()}
    for entry in COMMANDS:
        group, _, name = entry.path.rpartition(" ")
        parent = groups[group] if group else app
        if group and group not in app:
            app.command(groups[group])
        epilogue = "Examples:\n\n" + "\n".join(f"  {example}" for example in entry.examples)
        parent.command(entry.target, name=name, help=entry.summary, help_epilogue=epilogue)
    app.meta.default(_launcher(app, call))
    return app.meta


def _launcher(app: App, call: Call) -> Callable[..., Any]:
    def launch(
        *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
        json: Annotated[bool, _option("--json", negative=())] = False,
        data_dir: Annotated[Path | None, _option("--data-dir")] = None,
        config: Annotated[Path | None, _option("--config")] = None,
        timeout: Annotated[float, _option("--timeout")] = 5.0,
        version: Annotated[bool, _option("--version", negative=())] = False,
    ) -> Any:  # cyclopts resolves the annotations, and `Answer` is not imported yet
        words = ("version",) if version else tokens
        command, bound, injected = app.parse_args(words, exit_on_error=False, print_error=False)
        if "rf" in injected:
            call.context = _context(json, data_dir, config, timeout)
            bound.arguments["rf"] = call.context
        return command(*bound.args, **bound.kwargs)

    return launch


def _option(name: str, **more: Any) -> Parameter:
    return Parameter(help=OPTIONS[name], show_default=False, **more)


def _context(json: bool, data_dir: Path | None, config: Path | None, timeout: float) -> Context:
    from rf_cli.context import Context
    from rf_cli.output import usage

    if not 0 < timeout <= 3600:
        raise usage(f"--timeout = {timeout}: expected seconds above 0 and up to 3600")
    return Context(as_json=json, data_dir=data_dir, config=config, timeout_s=timeout)
