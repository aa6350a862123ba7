"""The page of a run; made by `rf_cli.backtest_report`, again from its settings when it is gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rf_cli.backtest.outcome import Judged, plain


def write_page(path: Path, judged: Judged, summary: dict[str, Any], **more: Any) -> None:
    """Write the page of a run; `more` are figures that only some runs have."""
    from rf_cli.backtest_report import write_report

    write_report(judged.result, plain(summary), path, benchmark=judged.benchmark, **more)
