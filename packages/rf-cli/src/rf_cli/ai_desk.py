"""The analyst in the command's own process: models, budget and records of the data folder."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rf_cli.context import Context
from rf_cli.output import usage
from rf_common.clock import Clock, DeterministicClock, UnixNanos
from rf_common.errors import ConfigError, DataError

if TYPE_CHECKING:
    from rf_ai import CallStore, Dexter, Inputs
    from rf_ai.budget import Budget
    from rf_ai.config import AiConfig
    from rf_ai.models.metered import MeteredModel
    from rf_ai.models.routing import Tier

T = TypeVar("T")
FOLDER = "ai"
CALLS_FILE = "calls.sqlite"
BUDGET_FILE = "budget.sqlite"


class LocalDesk:
    """What ``rf ai`` needs without a daemon.

    Parameters
    ----------
    rf : Context
        Settings and the data folder.
    only_rules : bool
        Whether no model is asked whatever the settings say.
    """

    def __init__(self, rf: Context, *, only_rules: bool = False) -> None:
        settings, _ = rf.settings()
        self.config: AiConfig = settings.ai
        self.clock: Clock = rf.clock
        self.models: dict[Tier, MeteredModel] = {}
        self.blocked = ""
        self._rf = rf
        self._keys = settings.keys.given()
        self._only_rules = only_rules

    def dexter(self, ts_event: UnixNanos, *, store: CallStore | None = None) -> Dexter:
        """Return an analyst for whom it is `ts_event`: what a file says is never too old."""
        from rf_ai import AnswerLimits, Dexter

        return Dexter(
            self.config,
            self.models,
            clock=DeterministicClock(ts_event),
            store=store,
            limits=AnswerLimits(max_age_s=1e12),
            blocked=self.blocked,
            redactor=self._rf.redactor,
        )

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run `work` with the models open and close them again."""

        async def all_of_it() -> T:
            self._open()
            try:
                return await work()
            finally:
                for metered in self.models.values():
                    await metered.model.aclose()

        return asyncio.run(all_of_it())

    def _open(self) -> None:
        from rf_ai.config import provider_of
        from rf_ai.errors import AiError

        has_key = bool(self._keys.get("anthropic"))
        if self._only_rules or provider_of(self.config, has_anthropic_key=has_key) == "rules":
            return
        from rf_ai.models.build import build_metered

        try:
            self.models = build_metered(
                self.config, self._keys, budget_of(self._rf, self.config), clock=self.clock
            )
        except (AiError, ConfigError) as error:
            self.blocked = error.message


def budget_of(rf: Context, config: AiConfig | None = None) -> Budget:
    """Return the budget of the data folder."""
    from rf_ai.budget import Budget

    return Budget(rf.data_dir / FOLDER / BUDGET_FILE, config or rf.settings()[0].ai)


def calls_of(rf: Context) -> CallStore:
    """Return the records of the data folder.

    Raises
    ------
    DataError
        If none has been made (exit code 7).
    """
    from rf_ai import CallStore

    path = rf.data_dir / FOLDER / CALLS_FILE
    if not path.exists():
        raise DataError(
            f"no call of the analyst is recorded in {rf.data_dir}",
            code="RF-A-030",
            detail=f"there is no {path}",
            fix="rf ai analyse SYMBOL",
        )
    return CallStore(path)


def inputs_from(path: Path) -> Inputs:
    """Return the inputs of a file.

    Raises
    ------
    DataError
        If it cannot be read or holds no context.
    """
    from rf_ai import read_inputs

    try:
        return read_inputs(path.read_bytes())
    except OSError as error:
        raise usage(f"--context {path}: {error.strerror or error}") from error


def named(value: Any) -> Any:
    """Return a struct as plain data by field names, however it is stored."""
    import msgspec

    if isinstance(value, msgspec.Struct):
        return {name: named(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, list | tuple):
        return [named(item) for item in value]
    if isinstance(value, dict):
        return {str(key): named(item) for key, item in value.items()}
    return msgspec.to_builtins(value)
