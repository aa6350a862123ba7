"""Create the furniture of a new member: pyproject, py.typed, empty folders."""

from __future__ import annotations

import sys
from pathlib import Path

TEMPLATE = """\
[build-system]
requires = ["hatchling>=1.33"]
build-backend = "hatchling.build"

[project]
name = "{dist}"
version = "{version}"
description = "{description}"
readme = "README.md"
license = "MIT"
requires-python = ">=3.11"
dependencies = [{dependencies}]

[tool.hatch.build.targets.wheel]
packages = ["src/{module}"]
"""


def main(dist: str, description: str, *dependencies: str) -> None:
    """Write `packages/<dist>` unless it is there."""
    module = dist.replace("-", "_")
    root = Path(__file__).resolve().parent.parent
    version = _version(root)
    folder = root / "packages" / dist
    source = folder / "src" / module
    source.mkdir(parents=True, exist_ok=False)
    (folder / "tests").mkdir()
    (source / "py.typed").touch()
    listed = ", ".join(f'"{name}"' for name in dependencies)
    text = TEMPLATE.format(
        dist=dist, module=module, description=description, dependencies=listed, version=version
    )
    (folder / "pyproject.toml").write_text(text)


def _version(root: Path) -> str:
    lines = (root / "pyproject.toml").read_text().splitlines()
    return next(line.split('"')[1] for line in lines if line.startswith("version = "))


if __name__ == "__main__":
    main(*sys.argv[1:])
