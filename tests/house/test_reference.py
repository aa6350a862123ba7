"""What the docs and `.env.example` tell of the code is what the code says."""

from __future__ import annotations

import importlib.util
import re

import pytest

CODE = re.compile(r"\bRF-[A-Z]-[0-9]{3}\b")


@pytest.fixture(scope="module")
def reference(root):
    return _tool(root, "reference")


def test_generated_pages_are_up_to_date(reference):
    stale = [path.name for path, text in reference.wanted().items() if path.read_text() != text]
    assert stale == [], "run make docs"


def test_every_generator_is_used_by_a_page(reference, root):
    used = {
        name
        for page in (root / "docs").rglob("*.md")
        for _, name, _ in reference.BLOCK.findall(page.read_text())
    }
    assert used == set(reference.MAKERS)


def test_env_example_names_every_setting_and_every_published_name(root):
    from rf_cli.settings import ALIASES, Settings
    from rf_common import config

    text = (root / ".env.example").read_text()
    named = set(re.findall(r"^# ([A-Z_]+)=", text, re.MULTILINE))
    ours = {config.PREFIX + name.upper().replace(".", "__") for name in config.fields(Settings)}
    assert named == ours | set(ALIASES)


def test_env_example_is_accepted_when_it_is_copied_and_every_line_uncommented(root):
    from rf_cli.environment import is_placeholder
    from rf_cli.settings import ALIASES, Settings
    from rf_common import config

    lines = re.findall(r"^# ([A-Z_]+)=(.*)$", (root / ".env.example").read_text(), re.MULTILINE)
    given = {name: value for name, value in lines if not is_placeholder(value)}
    del given["RF_ENGINE__STRATEGIES"]  # in rf.toml only, as its line says
    settings, _ = config.load(Settings, {}, given, aliases=ALIASES)
    assert settings == Settings()


def test_every_error_code_is_documented_and_no_other(root, members):
    used = {
        code
        for member in members
        for path in member.source.rglob("*.py")
        for code in CODE.findall(path.read_text())
    }
    page = (root / "docs" / "reference" / "errors.md").read_text()
    assert set(CODE.findall(page)) == used


def test_a_bump_sets_every_version_and_collects_the_fragments(root, tmp_path):
    (tmp_path / "packages" / "rf-x" / "src").mkdir(parents=True)
    (tmp_path / "changes").mkdir()
    (tmp_path / "pyproject.toml").write_text('version = "0.1.0"\nother = ["typer==0.1.0"]\n')
    member = tmp_path / "packages" / "rf-x" / "pyproject.toml"
    member.write_text('version = "0.1.0"\ndependencies = ["rf-common==0.1.0"]\n')
    (tmp_path / "packages" / "rf-x" / "src" / "a.py").write_text('VERSION = "0.1.0"\n')
    (tmp_path / "changes" / "7.added.md").write_text("rf-x: a thing\n")
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n<!-- newest below -->\n")
    assert _tool(root, "bump").main(["0.2.0"], tmp_path) == 0
    assert member.read_text() == 'version = "0.2.0"\ndependencies = ["rf-common==0.2.0"]\n'
    assert (tmp_path / "pyproject.toml").read_text().endswith('other = ["typer==0.1.0"]\n')
    assert (tmp_path / "packages/rf-x/src/a.py").read_text() == 'VERSION = "0.2.0"\n'
    assert "## 0.2.0\n\n### Added\n\n- rf-x: a thing\n" in (tmp_path / "CHANGELOG.md").read_text()
    assert list((tmp_path / "changes").iterdir()) == []


@pytest.mark.parametrize("given", [[], ["0.2"], ["v0.2.0"], ["0.2.0", "x"]])
def test_a_bump_refuses_what_is_no_version(root, given):
    assert _tool(root, "bump").main(given) == 2


def _tool(root, name):
    spec = importlib.util.spec_from_file_location(name, root / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
