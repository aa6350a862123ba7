"""One call of ``rf``: its global options, and what they lead to when a command needs it."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from rf_cli.environment import environment_with_dotenv, read_toml, redactor
from rf_cli.exits import Exit
from rf_common.clock import Clock, RealtimeClock, to_iso
from rf_common.errors import ConfigError, RfError
from rf_common.secret import Redactor

if TYPE_CHECKING:
    from rf_cli.settings import Settings

DEFAULT_DATA_DIR = "rf-data"


class Context:
    """Options that every command has; files are read and the daemon is asked on demand.

    Parameters
    ----------
    as_json : bool
        Whether programs read the answer.
    data_dir : Path, optional
        The daemon's folder; otherwise ``RF_DATA_DIR``, ``data_dir`` in ``rf.toml``, ``rf-data``.
    config : Path, optional
        ``rf.toml``; otherwise the one in the working folder.
    timeout_s : float
        How long to wait for the daemon, seconds.
    """

    def __init__(
        self,
        *,
        as_json: bool = False,
        data_dir: Path | None = None,
        config: Path | None = None,
        timeout_s: float = 5.0,
        clock: Clock | None = None,
    ) -> None:
        self.as_json = as_json
        self.config = config
        self.timeout_s = timeout_s
        self.clock = clock or RealtimeClock()
        self._data_dir = data_dir

    @cached_property
    def environment(self) -> dict[str, str]:
        """The process environment over ``.env`` of the working folder."""
        return environment_with_dotenv(Path())

    @cached_property
    def data_dir(self) -> Path:
        """The daemon's folder.

        It is found without validating any other setting: a mistake in a limit must not keep
        people from the kill switch.
        """
        if self._data_dir is not None:
            return self._data_dir
        named = self.environment.get("RF_DATA_DIR", "").strip()
        return Path(named or str(read_toml(self.config).get("data_dir", DEFAULT_DATA_DIR)))

    @cached_property
    def redactor(self) -> Redactor:
        """The mask for everything that is printed."""
        try:
            toml = read_toml(self.config)
        except ConfigError:
            toml = {}
        return redactor(self.environment, toml)

    @property
    def now(self) -> str:
        """The present time, ISO 8601."""
        return to_iso(self.clock.now())

    @property
    def actor(self) -> str:
        """Who asks, for the audit."""
        import getpass

        try:
            return f"cli:{getpass.getuser()}"
        except (KeyError, OSError):
            return "cli:unknown"

    def settings(self) -> tuple[Settings, dict[str, str]]:
        """Return the validated settings and where each given one came from."""
        from rf_cli.settings import read_settings

        return read_settings(self.environment, toml_path=self.config)

    def ask(
        self, verb: str, args: Mapping[str, Any] | None = None, *, timeout_s: float | None = None
    ) -> Any:
        """Return the daemon's answer; see `rf_cli.daemon_link.ask`."""
        from rf_cli.daemon_link import ask

        return ask(self.data_dir, verb, args or {}, timeout_s or self.timeout_s)

    def new_command(self) -> dict[str, str]:
        """Return the fields that every command to the engine carries."""
        return {"command_id": secrets.token_hex(8), "actor": self.actor}

    @property
    def is_interactive(self) -> bool:
        """Whether a person can be asked."""
        return not self.as_json and sys.stdin.isatty() and sys.stderr.isatty()

    def question(self, text: str, *, flag: str) -> str:
        """Return what a person types.

        Raises
        ------
        RfError
            If nobody can be asked; it names the `flag` that answers (exit code 9).
        """
        if not self.is_interactive:
            raise not_confirmed(f"{text} cannot be asked without a terminal", flag)
        print(text, end=" ", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip()

    def confirm(self, text: str, *, flag: str) -> None:
        """Return when a person says yes, else raise (exit code 9)."""
        if self.question(f"{text} [y/N]", flag=flag).lower() not in {"y", "yes"}:
            raise not_confirmed(f"{text} was answered with no", flag)


def not_confirmed(message: str, flag: str) -> RfError:
    """Return the error of a question that nobody has answered with yes."""
    return RfError(
        message,
        code="RF-U-009",
        detail="nothing was done",
        fix=f"pass {flag}",
        exit_code=Exit.NOT_CONFIRMED,
    )


Rf = Annotated[Context, Parameter(parse=False)]
"""The context, as a parameter that is handed in and not typed."""

Flag = Annotated[bool, Parameter(negative=(), show_default=False)]
"""A switch that is off unless it is named."""
