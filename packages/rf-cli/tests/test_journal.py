import sqlite3

import pytest

from rf_cli.exits import Exit


def spoil(session, sql):
    """Change a record as an attacker or a bad disk would."""
    connection = sqlite3.connect(session / "000001.db")
    connection.execute(sql)
    connection.commit()
    connection.close()


CHANGE = "UPDATE record SET first_seq = first_seq + 1 WHERE number = 2"


def test_sessions_are_listed(rf, session):
    out = rf("journal", "list").out
    assert session.name in out
    found = rf("journal", "list", "--json").json
    assert found["schema"] == "rf.journal/1"
    assert found["data"][0]["source"] == "mock"
    assert found["data"][0]["started"] == "2026-11-25T02:12:16.000Z"


def test_a_session_that_cannot_be_read_is_listed_with_its_error(rf, session):
    (session / "000001.db").write_bytes(b"not a database, and longer than nothing")
    assert rf("journal", "list").code == 0
    assert "000001.db" in rf("journal", "list", "--json").json["data"][0]["error"]


def test_sessions_of_all_modes_are_seen_and_the_latest_is_the_newest_name(rf, session, data_dir):
    newer = data_dir / "paper" / "journal" / "20271125T021216Z-K7QW3ZPB"
    newer.parent.mkdir(parents=True)
    session.rename(newer)
    session.mkdir()
    names = [row["session"] for row in rf("journal", "list", "--json").json["data"]]
    assert names == [session.name, newer.name]
    assert rf("journal", "size", "--json").json["data"]["latest"] == newer.name


@pytest.mark.parametrize("name", [(), ("latest",), ("20261125T021216Z-K7QW3ZPA",)])
def test_a_whole_session_is_clean(rf, session, name):
    ran = rf("journal", "verify", *name)
    assert ran.code == 0
    assert ran.out.startswith("CLEAN")
    found = rf("journal", "verify", *name, "--json").json
    assert (found["schema"], found["ok"]) == ("rf.journal.verify/1", True)
    assert found["data"][0]["steps"] == 102


def test_a_damaged_session_is_exit_1_and_names_the_record(rf, session):
    spoil(session, CHANGE)
    ran = rf("journal", "verify")
    assert ran.code == 1
    assert "record 2" in ran.out
    assert rf("journal", "verify", "--json").json["ok"] is False


def test_an_unreadable_session_is_exit_2(rf, session):
    (session / "000001.db").write_bytes(b"not a database, and longer than nothing")
    ran = rf("journal", "verify", "latest")
    assert ran.code == 2
    assert ran.out.startswith("UNREADABLE")


@pytest.mark.parametrize(
    "words", [["journal", "verify"], ["journal", "size"], ["replay", "latest"]]
)
def test_without_any_session_it_is_exit_7(rf, data_dir, words):
    ran = rf(*words)
    assert ran.code == Exit.DATA
    assert "no session is recorded" in ran.err


@pytest.mark.parametrize("words", [["journal", "verify"], ["replay"]])
def test_an_unknown_session_is_exit_7(rf, session, words):
    ran = rf(*words, "yesterday")
    assert ran.code == Exit.DATA
    assert "fix: rf journal list" in ran.err


def test_the_size_is_that_of_the_files(rf, session):
    found = rf("journal", "size", "--json").json
    assert found["schema"] == "rf.journal.size/1"
    assert found["data"]["bytes"] == sum(path.stat().st_size for path in session.iterdir())
    assert "per day" in rf("journal", "size").out


def test_an_equal_replay_is_exit_0(rf, session):
    ran = rf("replay", "latest")
    assert ran.code == 0
    assert ran.out.startswith("EQUAL")
    found = rf("replay", session.name, "--json").json
    assert (found["schema"], found["ok"], found["data"]["equal"]) == ("rf.replay/1", True, True)
    assert found["data"]["steps"] == 102


def test_a_replay_can_end_early(rf, session):
    found = rf("replay", "latest", "--until", "10", "--json").json
    assert found["data"]["last_seq"] == 10


def test_a_replay_that_differs_is_exit_8_and_names_the_first_difference(rf, session, monkeypatch):
    from rf_engine import supervision

    real = supervision.heartbeat

    def other(core, due):
        if core.state.markets["sim:AAPL"].quote.update_id == 20:
            return
        real(core, due)

    monkeypatch.setattr(supervision, "heartbeat", other)
    ran = rf("replay", "latest")
    assert ran.code == Exit.FOUND
    assert "first difference at number 44 (Timer)" in ran.out
    found = rf("replay", "latest", "--json").json
    assert found["ok"] is False
    assert found["data"]["difference"]["seq"] == 44


def test_a_damaged_session_does_not_replay_as_equal(rf, session):
    spoil(session, CHANGE)
    ran = rf("replay", "latest")
    assert ran.code == Exit.FOUND
    assert "damaged" in ran.out


def test_a_strategy_that_cannot_be_imported_is_a_warning(rf, session, monkeypatch):
    from rf_common import plugins
    from rf_common.errors import ConfigError

    real, names = plugins.load, plugins.available("rf.strategies")

    def load(group, name):
        if name == "broken":
            raise ConfigError("it is broken")
        return real(group, name)

    monkeypatch.setattr(plugins, "available", lambda _: {**names, "broken": None})
    monkeypatch.setattr(plugins, "load", load)
    ran = rf("replay", "latest")
    assert ran.code == 0
    assert "it is broken" in ran.err
