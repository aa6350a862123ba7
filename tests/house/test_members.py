"""Every member is made alike."""

from __future__ import annotations

import ast
import doctest
import importlib
import re

import pytest

IN_HOUSE = re.compile(r"(rf-[a-z-]+)==(.+)")


def test_member_has_the_version_of_the_house(member, root_pyproject):
    assert member.pyproject["project"]["version"] == root_pyproject["project"]["version"]


def test_member_pins_its_in_house_requirements(member, root_pyproject):
    ours = [r for r in member.pyproject["project"]["dependencies"] if r.startswith("rf-")]
    version = root_pyproject["project"]["version"]
    assert [r for r in ours if not (m := IN_HOUSE.fullmatch(r)) or m[2] != version] == []


def test_version_constants_agree(members, root_pyproject):
    found = {
        (path.name, version)
        for member in members
        for path in member.source.rglob("*.py")
        for version in re.findall(r'^VERSION = "([^"]+)"', path.read_text(), re.MULTILINE)
    }
    assert {version for _, version in found} <= {root_pyproject["project"]["version"]}


def test_member_is_typed_and_licensed_and_built_by_hatchling(member):
    project = member.pyproject["project"]
    assert (member.source / "py.typed").exists()
    assert project["license"] == "MIT"
    assert project["requires-python"] == ">=3.11"
    assert project["description"]
    assert member.pyproject["build-system"]["build-backend"] == "hatchling.build"
    wheel = member.pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["packages"] == [f"src/{member.module}"]


def test_folder_and_distribution_have_one_name(member):
    expected = (
        member.dist.removeprefix("rf-") if member.folder.parent.name == "apps" else member.dist
    )
    assert member.folder.name == expected


def test_readme_names_floor_and_modules_and_its_example_runs(member):
    readme = member.folder / "README.md"
    text = readme.read_text()
    assert text.startswith(f"# {member.dist}\n")
    assert re.search(r"^Floor [0-9]", text, re.MULTILINE), "the README does not say its floor"
    assert "| module | what it holds |" in text
    result = doctest.testfile(str(readme), module_relative=False)
    assert result.attempted, "the README has no >>> example"
    assert not result.failed


def test_doctests_of_modules_run(member):
    for name in member.modules():
        result = doctest.testmod(importlib.import_module(name))
        assert not result.failed, name


def test_all_is_true(member):
    for name in member.modules():
        module = importlib.import_module(name)
        listed = getattr(module, "__all__", [])
        assert [n for n in listed if not hasattr(module, n)] == [], name
        assert len(listed) == len(set(listed)), name


def test_what_a_package_imports_for_others_is_in_its_all(member):
    for path in sorted(member.source.rglob("__init__.py")):
        tree = ast.parse(path.read_text())
        name = ".".join(path.parent.relative_to(member.folder / "src").parts)
        listed = set(getattr(importlib.import_module(name), "__all__", ()))
        assert _public_imports(tree) <= listed, name
        assert ast.get_docstring(tree), f"{name} has no docstring"


def _public_imports(tree: ast.Module) -> set[str]:
    """Return the names that module-level imports from our own packages bind."""
    return {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rf_")
        for alias in node.names
        if not (alias.asname or alias.name).startswith("_")
    }


@pytest.mark.parametrize("line", ["rf-common>=0.1.0", "rf-common"])
def test_the_pattern_of_pins_sees_a_loose_requirement(line):
    assert not IN_HOUSE.fullmatch(line)
