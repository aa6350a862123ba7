import json
import stat

import pytest

from rf_cli.exits import Exit


def latch(folder):
    return json.loads((folder / "KILL").read_text())


def test_a_kill_reports_what_the_venue_confirmed(rf, daemon):
    ran = rf("kill", "--reason", "fire")
    assert ran.code == 0
    assert ran.out.startswith("KILLED\n")
    assert "confirmed by the venue: 2 orders cancelled" in ran.out
    assert 'rf resume --confirm "resume SIM 1"' in ran.out
    asked = daemon.last("kill")
    assert asked["reason"] == "fire"
    assert asked["actor"].startswith("cli:")
    assert not (daemon.data_dir / "KILL").exists()
    found = rf("kill", "--json").json
    assert found["schema"] == "rf.kill/1"
    assert found["data"]["confirmed"] == ["RF-S-1", "RF-S-2"]
    assert found["data"]["latch"] is None


def test_plain_words_are_the_reason(rf, daemon):
    assert rf("kill", "prices", "look", "wrong").code == 0
    assert daemon.last("kill")["reason"] == "prices look wrong"
    rf("kill")
    assert daemon.last("kill")["reason"] == "by hand"


def test_a_hanging_engine_is_said(rf, daemon):
    daemon.answers["kill"]["engine_answered"] = False
    ran = rf("kill")
    assert ran.code == 0
    assert "the engine did not answer" in ran.err


def test_without_a_daemon_the_latch_is_written_for_the_next_one(rf, workspace):
    ran = rf("kill", "--reason", "fire")
    assert ran.code == Exit.NO_DAEMON
    folder = workspace / "rf-data"
    assert latch(folder)["reason"] == "fire"
    assert latch(folder)["actor"].startswith("cli:")
    assert stat.S_IMODE((folder / "KILL").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["KILL"]
    assert "no daemon runs with this data folder" in ran.out
    assert "no venue has confirmed anything" in ran.err
    found = rf("kill", "again", "--json").json
    assert found["ok"] is False
    assert found["data"]["latch"] == str(folder / "KILL")
    assert latch(folder)["reason"] == "again"


@pytest.mark.parametrize("broken", ["never", "gone", "token", "file", "refuses", "nonsense"])
def test_a_daemon_that_does_not_answer_gets_the_latch(rf, daemon, broken):
    if broken == "gone":
        daemon.tell(port=1)
    elif broken == "token":
        (daemon.data_dir / "admin.token").chmod(0o666)
    elif broken == "file":
        (daemon.data_dir / "daemon.json").write_text("{")
    elif broken == "refuses":
        daemon.answers["kill"] = daemon.answers["kill"] | {"ok": False, "text": "no"}
    elif broken == "nonsense":
        daemon.answers["kill"] = []
    else:
        daemon.answers["kill"] = "never"
    ran = rf("kill")
    assert ran.code == Exit.NO_DAEMON
    assert latch(daemon.data_dir)["reason"] == "by hand"
    assert ran.out.startswith("LATCHED\n")
    assert "the daemon's process runs and watches that file" in ran.out


def test_a_broken_settings_file_does_not_stop_a_kill(rf, workspace):
    (workspace / "rf.toml").write_text("this is = = not toml")
    assert rf("kill").code == Exit.NO_DAEMON
    assert latch(workspace / "rf-data")["reason"] == "by hand"


def test_a_kill_that_could_not_be_done_at_all_says_so(rf, workspace):
    (workspace / "rf-data").write_text("a file where the folder should be")
    ran = rf("kill")
    assert ran.code == Exit.FAILED
    assert "NOT KILLED" in ran.err


def test_resume_hands_the_phrase_over(rf, daemon):
    ran = rf("resume", "--confirm", "resume SIM 1", "--json")
    assert ran.code == 0
    assert ran.json["schema"] == "rf.resume/1"
    assert daemon.last("resume")["phrase"] == "resume SIM 1"


def test_a_wrong_phrase_is_exit_10(rf, daemon):
    answer = {"ok": False, "code": "PHRASE", "text": "that is not the phrase", "fix": "look"}
    daemon.answers["resume"] = answer
    assert rf("resume", "--confirm", "please").code == Exit.KILLED


def test_without_a_terminal_and_a_phrase_resume_names_the_flag(rf, daemon):
    ran = rf("resume")
    assert ran.code == Exit.NOT_CONFIRMED
    assert '--confirm "<phrase>"' in ran.err
    assert daemon.asked == []


def test_a_person_types_the_phrase_that_is_shown(rf, daemon, monkeypatch):
    monkeypatch.setattr("rf_cli.context.Context.is_interactive", True)
    monkeypatch.setattr("sys.stdin.readline", lambda: "resume SIM 0\n")
    ran = rf("resume")
    assert ran.code == 0
    assert "type: resume SIM 0" in ran.err
    assert daemon.last("resume")["phrase"] == "resume SIM 0"
