import sys
from pathlib import Path

import pytest

from rf_common import ConfigError, plugins

GROUP = "rf.test_parts"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A real distribution on the path, with a good, a broken and a missing entry."""
    info = tmp_path / "rf_parts-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rf-parts\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        f"[{GROUP}]\nzeta = rf_parts_good:make\nbroken = rf_parts_broken:make\n"
        "absent = rf_parts_absent:make\nalpha = rf_parts_good:make\n"
    )
    (tmp_path / "rf_parts_good.py").write_text("def make():\n    return 'made'\n")
    (tmp_path / "rf_parts_broken.py").write_text("raise RuntimeError('half written')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "rf_parts_good", raising=False)
    return tmp_path


@pytest.mark.usefixtures("installed")
def test_names_are_listed_in_order_without_importing() -> None:
    assert list(plugins.available(GROUP)) == ["absent", "alpha", "broken", "zeta"]
    assert "rf_parts_good" not in sys.modules


@pytest.mark.usefixtures("installed")
def test_a_broken_entry_does_not_prevent_another() -> None:
    with pytest.raises(ConfigError, match="RuntimeError: half written") as broken:
        plugins.load(GROUP, "broken")

    assert broken.value.code == "RF-C-011"
    assert "rf_parts_broken:make" in broken.value.detail
    assert plugins.load(GROUP, "alpha")() == "made"


@pytest.mark.usefixtures("installed")
def test_a_missing_module_is_named() -> None:
    with pytest.raises(ConfigError, match="rf_parts_absent"):
        plugins.load(GROUP, "absent")


@pytest.mark.usefixtures("installed")
def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"no rf\.test_parts entry is called 'beta'") as unknown:
        plugins.load(GROUP, "beta")

    assert unknown.value.code == "RF-C-010"
    assert unknown.value.detail == "known: absent, alpha, broken, zeta"


def test_an_empty_group_says_none() -> None:
    with pytest.raises(ConfigError) as unknown:
        plugins.load("rf.nobody_has_this", "x")

    assert unknown.value.detail == "known: none"
