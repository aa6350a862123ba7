import asyncio
import json

import pytest

from rf_tui import desk
from rf_tui.outcome import Outcome

PHRASE = "resume SIM 1"
KILLED = {"ok": True, "code": "KILLED", "text": "killed", "confirmed": ["RF-1", "RF-2"],
          "engine_answered": True}  # fmt: skip


@pytest.fixture
def killed(person, daemon, builders):
    daemon.answers["kill"] = Outcome(ok=True, data=KILLED, code="KILLED", text="killed")

    async def kill(key="K"):
        person.press(key)
        daemon.state.apply(
            builders.system(killed=True, kill_number=1, kill_reason="K", state="HALTED",
                            resume_phrase=PHRASE), daemon.state.ts,
        )  # fmt: skip
        await person.settle()

    return kill


@pytest.mark.parametrize("key", ["K", "f12"])
async def test_one_key_kills_without_a_question(person, daemon, killed, key):
    person.press(key)
    assert "KILL sent, waiting for the daemon" in person.text()
    await person.settle()
    assert daemon.asked[0] == ("kill", {"reason": "K in the terminal", "actor": "tui"})
    assert "confirmed by the venue: 2 orders cancelled" in person.text()


async def test_the_overlay_tells_confirmed_orders_and_what_is_left(person, killed):
    await killed()
    text = person.text()
    for part in ("RF-1", "RF-2", "SIM  HALTED", "ENGAGED, number 1", "2 open orders",
                 "2 positions", PHRASE):  # fmt: skip
        assert part in text
    assert person.look()[0].startswith(" SIM   KILLED ")


async def test_esc_and_enter_do_not_resume(person, daemon, killed):
    await killed()
    person.press("enter", "enter", "esc")
    await person.settle()
    assert person.app.dialog is None
    assert daemon.verbs() == ["kill"]
    person.press("esc", "enter")
    assert "resume" not in daemon.verbs()


async def test_only_the_whole_phrase_resumes(person, daemon, killed):
    await killed()
    person.type("resume sim 1")
    person.press("enter")
    assert "not the phrase" in person.text()
    for _ in range(12):
        person.press("backspace")
    person.type(PHRASE)
    person.press("enter")
    await person.settle()
    assert daemon.asked[-1] == ("resume", {"phrase": PHRASE, "actor": "tui"})
    assert person.app.dialog is None


async def test_a_refused_resume_is_told_and_the_overlay_stays(person, daemon, killed):
    daemon.answers["resume"] = Outcome(ok=False, code="RF-N-033", text="role", fix="rf resume")
    await killed()
    person.type(PHRASE)
    person.press("enter")
    await person.settle()
    assert "not resumed: RF-N-033" in person.text()
    assert "rf resume" in person.text()


async def test_the_overlay_comes_back_through_the_palette(person, killed):
    await killed()
    person.press("esc", ":")
    person.type("resume")
    person.press("enter")
    assert PHRASE in person.text()


def test_a_kill_by_somebody_else_is_shown(person, daemon, builders):
    daemon.state.apply(builders.system(killed=True, kill_reason="rf kill", resume_phrase=PHRASE),
                       daemon.state.ts)  # fmt: skip
    person.look()
    assert "KILL SWITCH" in person.text()
    assert "rf kill" in person.text()


async def test_an_engine_that_hangs_is_told(person, daemon):
    told = KILLED | {"engine_answered": False, "text": "the gate is shut; the engine hangs"}
    daemon.answers["kill"] = Outcome(ok=True, data=told, code="KILLED", text=told["text"])
    person.press("K")
    await person.settle()
    assert "the engine hangs" in person.text()


async def test_offline_the_kill_is_written_to_the_file_that_the_daemon_watches(
    person, daemon, tmp_path
):
    daemon.go_offline()
    daemon.answers["kill"] = Outcome(ok=False, code="OFFLINE", text="not connected")
    person.look()
    person.press("K")
    await person.settle()
    latch = tmp_path / "KILL"
    assert json.loads(latch.read_text()) == {"reason": "K in the terminal", "actor": "tui"}
    assert latch.stat().st_mode & 0o777 == 0o600
    assert "LATCHED" in person.text()
    assert "No venue has confirmed anything" in person.text()


async def test_a_kill_that_nobody_answers_in_time_is_latched_too(person, daemon, monkeypatch):
    monkeypatch.setattr(desk, "KILL_PATIENCE_S", 0.01)

    async def silent(verb, args):
        await asyncio.Event().wait()

    person.app.desk._ask = silent
    person.press("K")
    await person.settle()
    assert "did not answer in time" in person.text()
    assert "LATCHED" in person.text()


async def test_a_kill_that_cannot_be_done_says_so_in_capitals(make_person, daemon, tmp_path):
    daemon.answers["kill"] = Outcome(ok=False, code="OFFLINE", text="not connected")
    person = make_person(daemon)
    (tmp_path / "KILL").mkdir()
    (tmp_path / "KILL" / "file").write_text("in the way")
    person.press("K")
    await person.settle()
    assert "NOT KILLED" in person.text()


async def test_a_file_here_does_not_kill_a_daemon_elsewhere(make_person, daemon, tmp_path):
    daemon.answers["kill"] = Outcome(ok=False, code="OFFLINE", text="not connected")
    person = make_person(daemon, is_local=False)
    person.press("K")
    await person.settle()
    assert "NOT KILLED" in person.text()
    assert not (tmp_path / "KILL").exists()


async def test_the_overlay_stays_when_the_daemon_comes_back(person, daemon):
    live = daemon.line
    daemon.go_offline()
    person.look()
    person.press("K")
    await person.settle()
    daemon.line = live
    person.look()
    assert "KILL SWITCH" in person.text()
    assert "Not connected" not in person.text()
