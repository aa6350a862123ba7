"""Arguments: what is understood, what is refused and how it is said."""

from __future__ import annotations

import pytest

from rf_common.errors import ConfigError
from rf_daemon.main import parser, run, speed_of


@pytest.mark.parametrize(("text", "speed"), [("max", float("inf")), ("1", 1.0), ("0.5", 0.5)])
def test_a_speed_is_max_or_a_positive_number(text, speed):
    assert speed_of(text) == speed


@pytest.mark.parametrize("text", ["", "0", "-1", "fast", "nan"])
def test_any_other_speed_is_refused_by_name(text):
    with pytest.raises(ConfigError, match="--speed"):
        speed_of(text)


def test_flags_are_not_abbreviated():
    with pytest.raises(SystemExit):
        parser().parse_args(["--rep", "x"])


def test_help_names_every_flag(capsys):
    with pytest.raises(SystemExit):
        run(["--help"])
    told = capsys.readouterr().out
    for flag in ("--replay", "--speed", "--exit", "--json", "--source", "--ws-url", "--data-dir"):
        assert flag in told
