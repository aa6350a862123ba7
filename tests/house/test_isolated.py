"""Each member imports with nothing installed but what it declares.

The shared environment hides a forgotten dependency. Here every module of a member is imported
by a fresh interpreter that finds only the standard library and the closure of the member's
declared requirements.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import distribution, packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROGRAM = """
import importlib, sys

allowed, modules = set(sys.argv[1].split()), sys.argv[2].split()


class OnlyDeclared:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top in allowed or top in sys.stdlib_module_names or top.startswith("_sysconfigdata"):
            return self.finder.find_spec(name, path, target)

    def __getattr__(self, name):  # a library may read its own metadata
        return getattr(self.finder, name)


sys.meta_path[:] = map(OnlyDeclared, sys.meta_path)
for module in modules:
    importlib.import_module(module)
"""


@pytest.fixture(scope="module")
def declared(members):
    """Requirements of our own members, as their files state them now."""
    return {member.dist: member.pyproject["project"]["dependencies"] for member in members}


def test_member_imports_with_only_its_declared_requirements(member, declared):
    allowed = {member.module}
    for dist in _closure(declared[member.dist], declared):
        allowed |= {dist.replace("-", "_")} if dist in declared else _tops().get(dist, set())
    result = _run(allowed, member.modules())
    assert result.returncode == 0, result.stderr.splitlines()[-1]


def test_an_undeclared_requirement_is_found():
    result = _run({"rf_common"}, ["rf_common"])
    assert result.returncode == 1
    assert "No module named 'msgspec'" in result.stderr


@pytest.mark.parametrize("dist", ["rf-common", "msgspec"])
def test_the_closure_holds_what_requirements_require(dist, declared):
    assert dist in _closure(["rf-oms==0.1.0"], declared)


def _run(allowed: Iterable[str], modules: Iterable[str]) -> subprocess.CompletedProcess[str]:
    words = (" ".join(sorted(allowed)), " ".join(modules))
    command = [sys.executable, "-I", "-c", PROGRAM, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _closure(lines: Iterable[str], declared: Mapping[str, Iterable[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [Requirement(line) for line in lines]
    while waiting:
        requirement = waiting.pop()
        dist = canonicalize_name(requirement.name)
        if dist in found:
            continue
        found.add(dist)
        extras = requirement.extras or {""}
        for line in declared.get(dist) or distribution(dist).requires or ():
            child = Requirement(line)
            if child.marker is None or any(child.marker.evaluate({"extra": e}) for e in extras):
                waiting.append(child)
    return found


@cache
def _tops() -> dict[str, set[str]]:
    """Return the importable top-level names of every installed distribution."""
    tops: dict[str, set[str]] = {}
    for top, dists in packages_distributions().items():
        for dist in dists:
            tops.setdefault(canonicalize_name(dist), set()).add(top)
    return tops
