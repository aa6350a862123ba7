"""``rf version``."""

from __future__ import annotations

import platform
from importlib.metadata import version as installed
from typing import Any

from rf_cli.context import Rf
from rf_cli.output import Answer


def version(*, rf: Rf) -> Answer:
    """Show the version."""
    data = {
        "version": installed("rf-cli"),
        "python": platform.python_version(),
        "platform": f"{platform.system().lower()} {platform.machine()}",
    }
    return Answer("version", data, _text)


def _text(data: Any) -> str:
    return f"rf {data['version']}  (python {data['python']}, {data['platform']})"
