import pytest

from rf_cli.exits import Exit
from rf_cli.settings import ALIASES

CANARY = "sk-canary-0123456789-ZQX"


def row(ran, name):
    """Return the row of one name."""
    return next(found for found in ran.json["data"]["rows"] if found["name"] == name)


def test_nothing_set_is_valid(rf):
    ran = rf("config", "check", "--json")
    assert ran.code == 0
    assert ran.json["data"] == {"rows": [], "errors": 0, "warnings": 0}


@pytest.mark.parametrize(
    ("toml", "name", "verdict", "note"),
    [
        (
            "[engine.limits]\nmax_drawdwn = 0.1",
            "engine.limits.max_drawdwn",
            "UNKNOWN",
            "did you mean engine.limits.max_drawdown ?",
        ),
        (
            "[engine.limits]\nmax_drawdown = 5",
            "engine.limits.max_drawdown",
            "ERROR",
            "write 0.05 for 5 %",
        ),
        ("bus_port = 70000", "bus_port", "ERROR", "expected a port"),
        ("bus_port = 'x'", "bus_port", "ERROR", "int"),
        ("bind = '0.0.0.0'", "bind", "ERROR", "expected a loopback address"),
        ("engine = 5", "engine", "ERROR", "expected a section"),
        ("[engine]\nstarting_equity = 'nan'", "engine.starting_equity", "ERROR", ""),
        ("[mock]\nseed = -1", "mock.seed", "ERROR", "whole number"),
        ("sorce = 'mock'", "sorce", "UNKNOWN", "did you mean source ?"),
    ],
)
def test_each_mistake_in_the_file_is_named_with_its_line(rf, workspace, toml, name, verdict, note):
    (workspace / "rf.toml").write_text(f"# a comment\n{toml}\n")
    ran = rf("config", "check", "--json")
    assert ran.code == Exit.CONFIG
    assert ran.json["ok"] is False
    found = row(ran, name)
    assert found["verdict"] == verdict
    assert note in found["note"]
    assert found["where"] == f"rf.toml:{2 + toml.count(chr(10))}"


@pytest.mark.parametrize(
    ("line", "verdict", "note"),
    [
        ("RF_BUS_PORT=7002", "ok", "7002"),
        ("RF_BUS_PRT=7002", "UNKNOWN", "did you mean RF_BUS_PORT ?"),
        ("RF_BUS_PORT=seven", "ERROR", "int"),
        ("FINNHUB_API_KEY=your_key_here", "PLACEHOLDER", "counts as missing"),
        ("ANTHROPIC_API_KEY=changeme", "PLACEHOLDER", "counts as missing"),
        (f"ALPACA_SECRET_KEY={CANARY}", "ok", "the documented name is ALPACA_API_SECRET"),
        (f"FINHUB_API_KEY={CANARY}", "UNKNOWN", "did you mean FINNHUB_API_KEY ?"),
        ("MAX_DAILY_LOSS=a lot", "ERROR", ""),
        ("MAX_DAILY_LOSS=-5", "ERROR", "a number above 0"),
        ("USE_MOCK=maybe", "ERROR", ""),
        (f"NEWSAPI_KEY={CANARY}", "unused", "nothing in this version reads it"),
        ("EDITOR=vi", "unused", "not a setting of ours"),
        ("FINNHUB_API_KEY=", "unused", "empty"),
    ],
)
def test_each_line_of_dotenv_is_judged(rf, workspace, line, verdict, note):
    env = workspace / ".env"
    env.write_text(f"# first\n\n{line}\n")
    env.chmod(0o600)
    ran = rf("config", "check", "--json")
    found = row(ran, line.partition("=")[0])
    assert (found["where"], found["verdict"]) == (".env:3", verdict)
    assert note in found["note"]
    assert ran.code == (Exit.CONFIG if verdict in {"UNKNOWN", "ERROR"} else 0)


def test_every_mistake_is_shown_at_once(rf, workspace, monkeypatch):
    (workspace / "rf.toml").write_text("bus_port = 70000\nhttp_port = -1\nbnd = 'x'\n")
    monkeypatch.setenv("RF_LOG_LEVEL", "loud")
    ran = rf("config", "check", "--json")
    assert ran.json["data"]["errors"] == 4
    assert row(ran, "RF_LOG_LEVEL")["where"] == "environment"


def test_a_line_that_is_none_is_an_error(rf, workspace):
    (workspace / ".env").write_text("A=1\n'broken\n")
    assert "this line cannot be read" in rf("config", "check").out


def test_a_dotenv_that_others_can_read_is_a_warning(rf, workspace):
    env = workspace / ".env"
    env.write_text("RF_BUS_PORT=7002\n")
    env.chmod(0o644)
    ran = rf("config", "check", "--json")
    assert ran.code == 0
    found = row(ran, "mode 0644")
    assert (found["verdict"], found["fix"]) == ("WARN", "chmod 600 .env")
    env.chmod(0o600)
    assert rf("config", "check", "--json").json["data"]["warnings"] == 0


def test_a_key_in_the_settings_file_is_a_warning_and_is_masked(rf, workspace):
    (workspace / "rf.toml").write_text(f'[keys]\nfinnhub = "{CANARY}"\n')
    ran = rf("config", "check")
    assert ran.code == 0
    assert "move it to .env" in ran.out
    assert CANARY not in ran.out


def test_a_file_that_is_no_toml_is_one_error(rf, workspace):
    (workspace / "rf.toml").write_text("= 5")
    ran = rf("config", "check", "--json")
    assert ran.code == Exit.CONFIG
    assert ran.json["data"]["rows"][0]["verdict"] == "ERROR"
    assert rf("config", "check", "--config", "missing.toml").code == Exit.CONFIG


def test_show_tells_where_each_value_comes_from(rf, workspace, monkeypatch):
    (workspace / "rf.toml").write_text("bus_port = 7002\nhttp_port = 3001\n")
    (workspace / ".env").write_text(f"RF_HTTP_PORT=3002\nFINNHUB_API_KEY={CANARY}\n")
    monkeypatch.setenv("USE_MOCK", "yes")
    ran = rf("config", "show", "--origin", "--json")
    assert ran.json["schema"] == "rf.config/1"
    rows = {found["name"]: (found["value"], found["origin"]) for found in ran.json["data"]}
    assert rows["bus_port"] == ("7002", "rf.toml")
    assert rows["http_port"] == ("3002", "RF_HTTP_PORT")
    assert rows["use_mock"] == ("True", "USE_MOCK")
    assert rows["data_dir"] == ("rf-data", "default")
    assert rows["keys.anthropic"] == ("not set", "default")
    assert rows["keys.finnhub"] == ("…ZQX, 24 characters", "FINNHUB_API_KEY")
    assert "origin" not in rf("config", "show", "--json").json["data"][0]


def test_show_of_wrong_settings_is_exit_3(rf, monkeypatch):
    monkeypatch.setenv("RF_BUS_PORT", "seven")
    ran = rf("config", "show")
    assert ran.code == Exit.CONFIG
    assert "fix: rf config check" in ran.err


def test_a_placeholder_counts_as_missing_wherever_it_is(rf, workspace, monkeypatch):
    (workspace / ".env").write_text("FINNHUB_API_KEY=xxx\n")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "your_anthropic_key")
    rows = {r["name"]: r["value"] for r in rf("config", "show", "--json").json["data"]}
    assert rows["keys.finnhub"] == rows["keys.anthropic"] == "not set"


KEYS = [name for name, dotted in ALIASES.items() if dotted.startswith("keys.")]


@pytest.mark.parametrize("place", ["environment", "dotenv", "toml"])
@pytest.mark.parametrize("json", [(), ("--json",)])
def test_a_secret_never_appears_in_any_output(rf, daemon, workspace, monkeypatch, place, json):
    if place == "environment":
        for name in [*KEYS, "NEWSAPI_KEY", "TELEGRAM_BOT_TOKEN"]:
            monkeypatch.setenv(name, CANARY)
    elif place == "dotenv":
        (workspace / ".env").write_text("".join(f"{name}={CANARY}\n" for name in KEYS))
    else:
        (workspace / "rf.toml").write_text(f'[keys]\nfinnhub = "{CANARY}"\n')
    daemon.answers["status"]["state_reason"] = f"venue said {CANARY}"
    daemon.answers["kill"]["text"] = f"key {CANARY}"
    daemon.answers["order"] = {"ok": False, "code": "x", "text": f"bad {CANARY}", "fix": CANARY}
    daemon.answers["risk"] = {}
    monkeypatch.setenv("RF_LOG_LEVEL", CANARY)
    calls = (
        ["status"],
        ["kill"],
        ["doctor"],
        ["config", "check"],
        ["config", "show"],
        ["order", "buy", "AAPL", "1", "--limit", "1"],
        ["order", "buy", CANARY, "1", "--limit", "1"],
        ["risk", "limits"],
        [CANARY],
    )
    for words in calls:
        ran = rf(*words, *json)
        assert CANARY not in ran.out + ran.err, words
        assert "canary" not in ran.out + ran.err, words
