"""The environment and ``.env``, read without loading any setting; and what must stay secret."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rf_common.errors import ConfigError
from rf_common.secret import Redactor, Secret

_SECRET_NAME = re.compile(
    r"(KEY|SECRET|TOKEN|PASSWORD|PASSPHRASE|WEBHOOK_URL|DATABASE_URL|REDIS_URL)$|^RF_KEYS__"
)


def environment_with_dotenv(folder: Path) -> dict[str, str]:
    """Return the process environment over the ``.env`` of `folder`; placeholders are left out."""
    from dotenv import dotenv_values

    given = {name: value for name, value in dotenv_values(folder / ".env").items() if value}
    return {k: v for k, v in (given | os.environ).items() if not is_placeholder(v)}


def is_placeholder(value: str) -> bool:
    """Return whether `value` is still the text of ``.env.example``."""
    text = value.strip().lower()
    return text.startswith("your_") or text in {"changeme", "xxx"}


def is_secret_name(name: str) -> bool:
    """Return whether an environment variable of this name holds something to hide."""
    return _SECRET_NAME.search(name) is not None


def read_toml(path: Path | None) -> dict[str, Any]:
    """Return the parsed `path`, or ``rf.toml`` of the working folder when there is one.

    Raises
    ------
    ConfigError
        If the file was asked for and is missing, or cannot be read.
    """
    given = path or Path("rf.toml")
    if path is None and not given.exists():
        return {}
    try:
        return tomllib.loads(given.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{given}: {error}", fix=f"repair or remove {given}") from error


def leaves(table: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value of a TOML table with its dotted name."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{at}{key}.")
        else:
            yield f"{at}{key}", value


def redactor(environment: Mapping[str, str], toml: Mapping[str, Any]) -> Redactor:
    """Return the mask for everything that looks like a key, used by us or not."""
    values = [value for name, value in environment.items() if is_secret_name(name)]
    values += [str(value) for name, value in leaves(toml) if name.startswith("keys.")]
    return Redactor(map(Secret, values))
