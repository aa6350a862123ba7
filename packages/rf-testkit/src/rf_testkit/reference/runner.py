"""Run every case of a file or a folder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rf_testkit.reference.judge import CaseReport, FieldReport, FileReport, judge
from rf_testkit.reference.registry import Case, adapter_of

SCHEMA = "rf-quant-ref/1"


def run_folder(folder: Path, files: Iterable[str] = ()) -> list[FileReport]:
    """Run the files of a folder, all with the schema when none is named.

    Raises
    ------
    ValueError
        If the folder or a named file is missing, or a file is not of the schema.
    """
    if not folder.is_dir():
        raise ValueError(f"expected a folder of reference files, was {folder}")
    wanted = [name if name.endswith(".json") else f"{name}.json" for name in files]
    paths = [folder / name for name in wanted] or sorted(folder.glob("*.json"))
    return [run_file(path) for path in paths]


def run_file(path: Path) -> FileReport:
    """Run one file; its data files are found relative to its folder."""
    if not path.is_file():
        raise ValueError(f"expected a reference file, was {path}")
    try:
        raw = json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise ValueError(f"{path.name} is not JSON: {error}") from None
    if not isinstance(raw, dict) or raw.get("schema") != SCHEMA:
        raise ValueError(f"{path.name}: expected schema {SCHEMA!r}")
    return FileReport(path.name, tuple(run_case(case, path.parent) for case in raw["cases"]))


def run_case(raw: Mapping[str, Any], folder: Path) -> CaseReport:
    """Run one case."""
    kind = raw.get("kind")
    inputs = {name: _special(value) for name, value in raw["inputs"].items()}
    case = Case(kind, inputs, frozenset(raw["expected"]), folder)
    adapter = adapter_of(case)
    if adapter is None:
        names = ", ".join(sorted(inputs))
        return CaseReport(raw["id"], kind, supported=False, note=f"kind {kind!r} of {names}")
    must_raise = kind == "error" or raw["expected"].get("error") is True
    try:
        got = adapter.run(case)
    except ValueError as error:
        fields = (_outcome("error", must_raise, f"ValueError: {error}"),)
        return CaseReport(raw["id"], kind, supported=True, fields=fields)
    except Exception as error:  # whatever it is, it is this case that failed
        fields = (_outcome("error", False, f"{type(error).__name__}: {error}"),)
        return CaseReport(raw["id"], kind, supported=True, fields=fields)
    if must_raise:
        fields = (_outcome("error", False, f"returned {dict(got)!r:.80}, expected an error"),)
        return CaseReport(raw["id"], kind, supported=True, fields=fields)
    return CaseReport(raw["id"], kind, supported=True, fields=judge(raw, got))


def _outcome(name: str, good: bool, note: str) -> FieldReport:
    error = 0.0 if good else float("inf")
    return FieldReport(name, error, error, "" if good else note)


def _special(value: Any) -> Any:
    """Return "inf" and "-inf" as floats and null inside lists as NaN, all the way down."""
    if value in ("inf", "-inf"):
        return float(value)
    if isinstance(value, list):
        return [float("nan") if item is None else _special(item) for item in value]
    if isinstance(value, dict):
        return {key: _special(item) for key, item in value.items()}
    return value
