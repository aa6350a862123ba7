"""Hold our functions against a folder of reference cases and print a table per file."""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from rf_testkit.reference import CaseReport, FileReport, run_folder


def main() -> int:
    """Return 0 when every case is inside its tolerance (with --goal: its goal), else 1."""
    args = _arguments()
    try:
        reports = run_folder(Path(args.folder), args.files)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    bad = [(report, case) for report in reports for case in report.cases if _bad(case, args.goal)]
    if args.json:
        print(json.dumps([_as_json(report) for report in reports], indent=1))
    else:
        _print(reports, bad, goal=args.goal)
    return 1 if bad else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="folder with files of the schema rf-quant-ref/1")
    parser.add_argument("files", nargs="*", help="names of files in it; all when none is given")
    parser.add_argument("--goal", action="store_true", help="fail outside the stricter goal too")
    parser.add_argument("--json", action="store_true", help="print every case as JSON")
    return parser.parse_args()


def _bad(case: CaseReport, goal: bool) -> bool:
    return (case.goal_error if goal else case.error) > 1.0


def _print(reports: list[FileReport], bad: list[tuple[FileReport, CaseReport]], goal: bool) -> None:
    table = Table("file", "cases", "inside", "goal", "not supported", "worst error", "its case")
    for report in reports:
        worst = report.worst
        table.add_row(
            report.file,
            str(len(report.cases)),
            str(report.inside),
            str(report.inside_goal),
            str(len(report.unsupported)),
            "" if worst is None else f"{worst.error:.3g} of allowed",
            "" if worst is None else worst.id,
        )
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(table)
    total = sum(len(report.cases) for report in reports)
    inside = sum(report.inside for report in reports)
    console.print(f"{inside} of {total} cases inside tolerance")
    for report, case in bad:
        print(f"{report.file}: {case.id}: {_why(case, goal)}")


def _why(case: CaseReport, goal: bool) -> str:
    if not case.supported:
        return f"not supported: {case.note}"
    fields = [f for f in case.fields if (f.goal_error if goal else f.error) > 1.0]
    return "; ".join(
        f"{f.name} {f.goal_error if goal else f.error:.3g} of allowed {f.note}".strip()
        for f in fields
    )


def _as_json(report: FileReport) -> dict[str, object]:
    cases = [
        _finite(asdict(case) | {"error": case.error, "goal_error": case.goal_error})
        for case in report.cases
    ]
    return {
        "file": report.file,
        "n_cases": len(report.cases),
        "inside": report.inside,
        "inside_goal": report.inside_goal,
        "not_supported": len(report.unsupported),
        "worst": report.worst.id if report.worst else None,
        "cases": cases,
    }


def _finite(value: object) -> object:
    """Return the value with infinities as strings: JSON has none."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


if __name__ == "__main__":
    sys.exit(main())
