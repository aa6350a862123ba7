"""The members of the workspace, as their files tell of them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Member(NamedTuple):
    """One package or app."""

    dist: str
    module: str
    folder: Path
    pyproject: dict[str, Any]

    @property
    def source(self) -> Path:
        return self.folder / "src" / self.module

    def modules(self) -> list[str]:
        """Return the dotted name of every module, less those that run when imported."""
        names = []
        for path in sorted(self.source.rglob("*.py")):
            parts = path.relative_to(self.folder / "src").with_suffix("").parts
            if parts[-1] != "__main__":
                names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
        return names


def _members() -> list[Member]:
    found = []
    for file in sorted(
        [*ROOT.glob("packages/*/pyproject.toml"), *ROOT.glob("apps/*/pyproject.toml")]
    ):
        pyproject = tomllib.loads(file.read_text())
        dist = pyproject["project"]["name"]
        found.append(Member(dist, dist.replace("-", "_"), file.parent, pyproject))
    return found


MEMBERS = _members()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "member" in metafunc.fixturenames:
        metafunc.parametrize("member", MEMBERS, ids=[member.dist for member in MEMBERS])


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def members() -> list[Member]:
    return MEMBERS


@pytest.fixture(scope="session")
def root_pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())
