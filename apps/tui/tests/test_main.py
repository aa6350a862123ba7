import subprocess
import sys

import pytest

from rf_tui.main import parser, run

LIGHT = """
import sys, rf_tui
loaded = {"urwid", "numba", "polars", "asyncio", "sqlalchemy", "anthropic"} & set(sys.modules)
assert not loaded, loaded
"""
LEAN = """
import sys, rf_tui.main, rf_tui.app, rf_tui.link, rf_tui.terminal
heavy = {"numba", "polars", "sqlalchemy", "anthropic", "rf_engine", "rf_risk", "rf_oms"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""


@pytest.mark.parametrize("code", [LIGHT, LEAN])
def test_the_import_is_light(code):
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_flags_have_the_promised_defaults():
    given = parser().parse_args([])
    assert (given.theme, given.screen, given.ascii, given.no_mouse) == ("dark", 1, False, False)
    given = parser().parse_args(["--theme", "colour-blind", "--colours", "true", "--screen", "2"])
    assert (given.theme, given.colours, given.screen) == ("colour-blind", "true", 2)


@pytest.mark.parametrize(
    "flags",
    [["--theme", "pink"], ["--screen", "9"], ["--port", "x"], ["--port", "0"], ["--port", "65536"]],
)
def test_a_flag_that_makes_no_sense_is_refused(flags, capsys):
    with pytest.raises(SystemExit) as refused:
        parser().parse_args(flags)
    assert refused.value.code == 2
    assert "error" in capsys.readouterr().err


def test_without_a_terminal_it_says_what_to_do_instead(tmp_path):
    from rf_common.errors import RfError

    with pytest.raises(RfError, match="needs a terminal") as refused:
        run(["--data-dir", str(tmp_path / "none")], {})
    assert refused.value.fix == "rf status --json"
    assert not (tmp_path / "none").exists()
