"""The contracts of import-linter name every member; what they say is checked by `lint-imports`."""

from __future__ import annotations

import pytest


@pytest.fixture
def contracts(root_pyproject):
    return {c["id"]: c for c in root_pyproject["tool"]["importlinter"]["contracts"]}


@pytest.fixture
def names(members):
    return {member.module for member in members}


def test_every_member_stands_on_exactly_one_floor(contracts, names):
    floors = [name.strip() for layer in contracts["floors"]["layers"] for name in layer.split("|")]
    assert sorted(floors) == sorted(names)


def test_import_linter_reads_every_member(root_pyproject, names):
    assert sorted(root_pyproject["tool"]["importlinter"]["root_packages"]) == sorted(names)


def test_no_member_is_left_out_of_the_circle_check(contracts, names):
    assert set(contracts["acyclic"]["ancestors"]) == names


def test_nothing_that_is_shipped_may_import_the_testkit(contracts, names):
    assert set(contracts["test-only"]["source_modules"]) == names - {"rf_testkit"}


def test_everything_up_to_the_engine_is_pure_but_for_the_rooms_of_io(contracts, members):
    layers = contracts["floors"]["layers"]
    engine = layers.index("rf_engine")
    below = {name.strip() for layer in layers[engine:] for name in layer.split("|")}
    pure = set(contracts["pure"]["source_modules"])
    by_module = {member.module: member for member in members}
    rooms = {f"rf_execution.{path.stem}" for path in by_module["rf_execution"].source.glob("*.py")}
    expected = below - {"rf_net", "rf_execution"} | rooms - {"rf_execution.__init__"}
    assert expected <= pure


def test_the_root_depends_on_every_member(root_pyproject, members):
    dists = {member.dist for member in members}
    assert set(root_pyproject["project"]["dependencies"]) == dists
    assert set(root_pyproject["tool"]["uv"]["sources"]) == dists
