import pytest

from rf_cli.settings import ALIASES, Settings, read_settings
from rf_common.config import fields
from rf_common.errors import ConfigError


def test_every_published_name_stands_for_a_setting():
    assert set(ALIASES.values()) <= set(fields(Settings))


def test_the_file_that_was_asked_for_must_exist(workspace):
    assert read_settings({})[0] == Settings()
    with pytest.raises(ConfigError, match=r"missing\.toml"):
        read_settings({}, toml_path=workspace / "missing.toml")


def test_the_environment_wins_over_the_file(workspace):
    (workspace / "rf.toml").write_text("bus_port = 7002\nhttp_port = 3001\n")
    settings, origins = read_settings({"RF_HTTP_PORT": "3002"})
    assert (settings.bus_port, settings.http_port) == (7002, 3002)
    assert origins == {"bus_port": "rf.toml", "http_port": "RF_HTTP_PORT"}


def test_the_redactor_knows_the_keys(workspace):
    settings, _ = read_settings({"FINNHUB_API_KEY": "hunter2hunter2"})
    assert settings.redactor().text("hunter2hunter2!") == "***!"
