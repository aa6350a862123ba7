"""Print a Markdown table of a pytest-benchmark JSON file, ready for the docs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


def main(path: str) -> None:
    """Print machine, version and one row a benchmark."""
    told = json.loads(Path(path).read_text())
    machine = told["machine_info"]
    cpu = machine["cpu"]
    print(
        f"{cpu.get('brand_raw', machine['machine'])}, {cpu.get('count', '?')} cores, "
        f"Python {machine['python_version']}, {machine['system']}, {told['datetime'][:10]}, "
        f"commit {told['commit_info']['id'][:10]}\n"
    )
    print("| benchmark | median | mean | p50 / p99 / p99.9 | to its baseline | more |")
    print("| --- | --- | --- | --- | --- | --- |")
    medians = {b["name"]: b["stats"]["median"] for b in told["benchmarks"]}
    for benchmark in told["benchmarks"]:
        print("| " + " | ".join(_row(benchmark, medians)) + " |")


def _row(benchmark: dict[str, Any], medians: dict[str, float]) -> list[str]:
    more = dict(benchmark["extra_info"])
    per = more.pop("per_call", 1)
    tail = [more.pop(key, None) for key in ("p50_us", "p99_us", "p99_9_us")]
    baseline = medians.get(more.pop("baseline", ""))
    median = benchmark["stats"]["median"]
    return [
        benchmark["name"].removeprefix("test_").replace("_", " "),
        _time(median / per),
        _time(benchmark["stats"]["mean"] / per),
        " / ".join(f"{us:g} µs" for us in tail) if None not in tail else "",
        f"{median / baseline:.1f} times" if baseline else "",
        ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in more.items()),
    ]


def _time(seconds: float) -> str:
    factor, unit = next((u for u in UNITS if seconds >= u[0]), UNITS[-1])
    return f"{seconds / factor:.3g} {unit}"


if __name__ == "__main__":
    main(*sys.argv[1:])
